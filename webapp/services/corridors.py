"""Roads and railways: on which one's own strip a position lies, and at which kilometre.

Lines are read once and kept ready in memory; a question then costs one small statement that
asks whether any of them changed.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from webapp import clock
from webapp.domain.corridor_strips import Hit, Strip, StripIndex, rank
from webapp.domain.geo import Position
from webapp.domain.linear_reference import Post, say_chainage, say_chainage_in_words
from webapp.extensions import db
from webapp.kept import LastUsed
from webapp.models import Corridor, KilometrePost
from webapp.services.dated import holds_on

# Sets of corridors that stay ready: today's, and those of days that are looked back upon.
INDEXES_KEPT = 4

# Beyond this a road no longer helps anybody to find the place.
FARTHEST_LANDMARK_M = 1_000.0

# Distances in an address are rounded, for the fix itself is hardly better.
ADDRESS_STEP_M = 10

# Kilometres that may be wrong by a stake (100 m) or more are said with "khoảng".
DOUBTFUL_M = 100.0

_indexes: LastUsed[tuple[Any, ...], StripIndex] = LastUsed(INDEXES_KEPT)


@dataclass(frozen=True)
class Located:
    """A position on a corridor's own strip of land.

    ``distance_m`` is how far the middle line is; the chainage and its accuracy are None on a
    line without kilometre posts; ``others`` are further corridors whose strips lie there too.
    """

    corridor: Corridor
    distance_m: float
    chainage_m: float | None = None
    chainage_accuracy_m: float | None = None
    others: tuple["Located", ...] = ()

    @property
    def label(self) -> str:
        """Return the linear reference, "QL1A Km1535+200 ±50"; the bare code without posts."""
        return label(self.corridor, self.chainage_m, self.chainage_accuracy_m)


def label(
    corridor: Corridor, chainage_m: float | None, chainage_accuracy_m: float | None = None
) -> str:
    """Say where on a corridor something is: "QL1A Km1535+200 ±50", or "QL1A" without posts."""
    if chainage_m is None:
        return corridor.code
    return f"{corridor.code} {say_chainage(chainage_m, chainage_accuracy_m)}"


def locate(
    position: Position,
    accuracy_m: float | None,
    on: date,
    *,
    category_code: str | None = None,
) -> Located | None:
    """Return the corridor on whose own strip a position lies on that day, or None.

    The strip is the line with its half-width on both sides; a position lies on it when its disc
    (of the accuracy at most ``corridor_strips.LARGEST_DISC_M``) touches it. Where rail and road
    lie at one spot, the category decides where it can: a self-opened crossing is the railway's,
    a pothole or a parked car the road's. Otherwise the line wins whose middle is nearest in
    half-widths, and at the same distance the weightier class (``corridor_strips.rank``). The
    other lines are in ``others``, in that order.

    Args:
        position: where the report lies.
        accuracy_m: radius of its 68% circle; None when unknown.
        on: the day whose corridors count.
        category_code: what the report is about; None when that is not settled.
    """
    hits = _index(on).at(position, accuracy_m, category_code)
    if not hits:
        return None
    first, *rest = hits
    others = tuple(_located(hit, position, accuracy_m) for hit in rest)
    return _located(first, position, accuracy_m, others)


def corridors_on(on: date) -> list[Corridor]:
    """Return the corridors that hold on that day, in the order in which they were entered."""
    standing = select(Corridor).where(*holds_on(Corridor, on)).order_by(Corridor.id)
    return list(db.session.scalars(standing))


def landmark(position: Position, on: date | None = None) -> str | None:
    """Say which line a place lies on or near, "trên Quốc lộ 1A, Km1535+200"; None far from all.

    On its own strip the line is named with the kilometre, beside it with the distance.

    Args:
        position: the settled position of a report.
        on: the day whose corridors count; today when left out.
    """
    near = _index(on or clock.today()).within(position, FARTHEST_LANDMARK_M)
    if not near:
        return None
    hit = next(iter(rank(hit for hit in near if hit.relative_distance <= 1)), near[0])
    line = db.session.get_one(Corridor, hit.strip.corridor_id)
    if hit.relative_distance <= 1:
        return f"trên {line.name}{_kilometre(hit, position)}"
    rounded_m = max(ADDRESS_STEP_M, round(hit.distance_m / ADDRESS_STEP_M) * ADDRESS_STEP_M)
    return f"cách {line.name} khoảng {rounded_m} m"


def _kilometre(hit: Hit, position: Position) -> str:
    """Return ", Km1535+200" for a line with posts, ", khoảng Km1535" when in doubt, or nothing."""
    chainage = hit.chainage_at(position, position.accuracy_m)
    if chainage is None:
        return ""
    said = say_chainage_in_words(chainage.value_m, chainage.accuracy_m)
    return f", {said}" if chainage.accuracy_m < DOUBTFUL_M else f", khoảng {said}"


def _located(
    hit: Hit, position: Position, accuracy_m: float | None, others: tuple[Located, ...] = ()
) -> Located:
    corridor = db.session.get_one(Corridor, hit.strip.corridor_id)
    chainage = hit.chainage_at(position, accuracy_m)
    if chainage is None:
        return Located(corridor, hit.distance_m, others=others)
    return Located(corridor, hit.distance_m, chainage.value_m, chainage.accuracy_m, others)


def _index(on: date) -> StripIndex:
    """Return the index of a day's corridors; rebuilt only when one of them changed."""
    return _indexes.find(_version_on(on), lambda: _built(on))


def _built(on: date) -> StripIndex:
    posts = posts_of(on)
    return StripIndex(
        Strip(
            line.id,
            line.kind,
            line.half_width_m,
            line.geometry["coordinates"],
            posts.get(line.id, ()),
        )
        for line in corridors_on(on)
    )


def posts_of(on: date) -> dict[int, list[Post]]:
    """Return the kilometre posts of the corridors of a day, by corridor id, rising."""
    standing = (
        select(KilometrePost)
        .join(Corridor, Corridor.id == KilometrePost.corridor_id)
        .where(*holds_on(Corridor, on))
        .order_by(KilometrePost.chainage_m)
    )
    found: defaultdict[int, list[Post]] = defaultdict(list)
    for post in db.session.scalars(standing):
        found[post.corridor_id].append(
            Post(post.chainage_m, post.latitude, post.longitude, post.accuracy_m)
        )
    return dict(found)


def _version_on(on: date) -> tuple[Any, ...]:
    """Name a day's corridors: which database, which rows, with which lines and posts.

    ``source`` ends in the SHA-256 of line and posts (``services.corridor_import``), so a line
    that was drawn anew has another name.
    """
    columns = (Corridor.id, Corridor.kind, Corridor.half_width_m, Corridor.source)
    rows = db.session.execute(
        select(*columns, func.count(KilometrePost.id), func.sum(KilometrePost.chainage_m))
        .outerjoin(KilometrePost, KilometrePost.corridor_id == Corridor.id)
        .where(*holds_on(Corridor, on))
        .group_by(*columns)
        .order_by(Corridor.id)
    )
    return (str(db.engine.url), *(tuple(row) for row in rows))
