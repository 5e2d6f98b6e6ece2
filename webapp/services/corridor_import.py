"""Takes corridor files into the register of roads and railways, as often as one likes."""

import hashlib
import itertools
import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.corridor_files import DrawnCorridor, LineProblem, read_corridors
from webapp.domain.errors import InvalidInput
from webapp.domain.linear_reference import Post
from webapp.extensions import db
from webapp.models import Corridor, KilometrePost, Unit
from webapp.services.dated import holds_on
from webapp.services.territory_import import BEFORE_ANY_RECORD
from webapp.services.transaction import transaction

LONGEST_SOURCE = 400

# An authority signs with its full name, which begins with its kind ("Khu Quản lý đường bộ III").
AUTHORITY_KIND = "đơn vị quản lý tuyến"

LONGEST_CODE = 32


@dataclass(frozen=True)
class CorridorOrder:
    """What the administrator says beside the file.

    ``valid_from`` is the first day of the lines; when left out, a line that holds today is
    corrected where it stands, and a new one begins today. ``is_schematic`` counts for lines
    that do not say so themselves. With ``makes_authorities`` an authority that no unit is
    becomes a unit, without it the file is refused.
    """

    valid_from: date | None = None
    source: str = ""
    is_schematic: bool = False
    makes_authorities: bool = False


@dataclass
class CorridorReport:
    """What an import did, or would do: names of lines in the order of the file.

    ``ended`` are older lines of the same code, which now end the day before; ``without_posts``
    and ``without_authority`` name lines that can be used, but not told by kilometre or given to
    anybody.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    authorities_made: list[str] = field(default_factory=list)
    without_posts: list[str] = field(default_factory=list)
    without_authority: list[str] = field(default_factory=list)


def import_corridors(text: str, order: CorridorOrder) -> CorridorReport:
    """Read a corridor file and write its lines, posts and authorities, all or nothing.

    A line is known by its code and first day: the same file again changes nothing, the same code
    from a later day is its successor, and ends it the day before.

    Raises:
        InvalidInput: the file cannot be used (``domain.corridor_files.read_corridors``), or
            ``corridors_refused`` names lines whose authority is no unit, or which end before
            they begin.
    """
    drawn = read_corridors(text)
    with transaction() as work:
        return _take(work.session, drawn, order, is_preview=False)


def preview_corridors(text: str, order: CorridorOrder) -> CorridorReport:
    """Read a corridor file and say what an import would do, without writing anything.

    Raises:
        InvalidInput: as ``import_corridors``.
    """
    return _take(db.session(), read_corridors(text), order, is_preview=True)


def _take(
    session: Session, drawn: Sequence[DrawnCorridor], order: CorridorOrder, *, is_preview: bool
) -> CorridorReport:
    plans = [_Plan(session, line, order) for line in drawn]
    problems = [problem for plan in plans for problem in plan.problems]
    if problems:
        raise InvalidInput("corridors_refused", problems=tuple(problems))
    report = _report(plans)
    if not is_preview:
        authorities: dict[str, Unit] = {}
        for plan in plans:
            plan.apply(authorities)
    return report


class _Plan:
    """What one line of a file changes in the register."""

    def __init__(self, session: Session, drawn: DrawnCorridor, order: CorridorOrder) -> None:
        self.session, self.drawn = session, drawn
        self.valid_from = order.valid_from or _standing_since(session, drawn.code)
        self.row = _row(session, drawn.code, self.valid_from)
        self.authority = _authority(session, drawn, self.valid_from)
        self.is_authority_made = (
            bool(drawn.authority) and self.authority is None and order.makes_authorities
        )
        self.predecessor = _predecessor(session, drawn.code, self.valid_from)
        self.wanted = self._wanted(order)
        self.problems = self._problems()

    @property
    def is_changed(self) -> bool:
        """Tell whether a line that stands becomes another."""
        return self.is_authority_made or any(
            getattr(self.row, name) != value for name, value in self.wanted.items()
        )

    @property
    def authority_title(self) -> str:
        """Return what an authority that has to be made is called."""
        return self.drawn.authority_name or self.drawn.authority or ""

    def apply(self, authorities: dict[str, Unit]) -> None:
        """Write the line; ``authorities`` are those made for earlier lines, by title."""
        if self.is_authority_made:
            title = self.authority_title
            if title not in authorities:
                authorities[title] = _make_authority(self.session, self.drawn, title)
            self.wanted["authority_id"] = authorities[title].id
        if self.predecessor is not None:
            self.predecessor.valid_to = self.valid_from - timedelta(days=1)
        if self.row is None:
            self.row = Corridor(valid_from=self.valid_from, code=self.drawn.code, **self.wanted)
            self.session.add(self.row)
            self.session.flush()
            self._write_posts(self.row)
        elif self.is_changed:
            self._change(self.row)

    def _change(self, row: Corridor) -> None:
        is_redrawn = not (row.source or "").endswith(_seal(self.drawn))
        for name, value in self.wanted.items():
            setattr(row, name, value)
        if is_redrawn:
            self.session.execute(delete(KilometrePost).where(KilometrePost.corridor_id == row.id))
            self._write_posts(row)

    def _write_posts(self, row: Corridor) -> None:
        self.session.add_all(_post_row(row, post) for post in self.drawn.posts)

    def _wanted(self, order: CorridorOrder) -> dict[str, Any]:
        drawn = self.drawn
        is_schematic = order.is_schematic if drawn.is_schematic is None else drawn.is_schematic
        return {
            "name": drawn.name,
            "kind": drawn.kind,
            "half_width_m": drawn.half_width_m,
            "authority_id": self.authority.id if self.authority else None,
            "geometry": drawn.as_geojson(),
            "valid_to": _last_day(self.session, drawn, self.valid_from),
            "is_schematic": is_schematic,
            "source": _source(drawn, order),
        }

    def _problems(self) -> list[LineProblem]:
        found = []
        last_day = self.wanted["valid_to"]
        if last_day is not None and last_day < self.valid_from:
            found.append(LineProblem("ends_before_start", self.drawn.name, last_day.isoformat()))
        if self.drawn.authority and self.authority is None and not self.is_authority_made:
            found.append(LineProblem("authority_unknown", self.drawn.name, self.drawn.authority))
        return found


def _report(plans: Sequence[_Plan]) -> CorridorReport:
    report = CorridorReport()
    for plan in plans:
        name = plan.drawn.name
        is_new = plan.row is None
        kinds = report.added if is_new else report.changed if plan.is_changed else report.unchanged
        kinds.append(name)
        if plan.predecessor is not None:
            report.ended.append(f"{plan.predecessor.name} ({plan.predecessor.valid_from})")
        if plan.is_authority_made and plan.authority_title not in report.authorities_made:
            report.authorities_made.append(plan.authority_title)
        if not plan.drawn.posts:
            report.without_posts.append(name)
        if not plan.drawn.authority:
            report.without_authority.append(name)
    return report


def _standing_since(session: Session, code: str) -> date:
    today = clock.today()
    standing = select(func.max(Corridor.valid_from)).where(
        Corridor.code == code, *holds_on(Corridor, today)
    )
    return session.scalar(standing) or today


def _row(session: Session, code: str, valid_from: date) -> Corridor | None:
    known = select(Corridor).where(Corridor.code == code, Corridor.valid_from == valid_from)
    return session.scalars(known).first()


def _predecessor(session: Session, code: str, valid_from: date) -> Corridor | None:
    """Return the line of this code that began earlier and would hold beside the new one."""
    earlier = (
        select(Corridor)
        .where(Corridor.code == code, Corridor.valid_from < valid_from)
        .where(*holds_on(Corridor, valid_from))
        .order_by(Corridor.valid_from.desc())
    )
    return session.scalars(earlier).first()


def _last_day(session: Session, drawn: DrawnCorridor, valid_from: date) -> date | None:
    """Return a line's last day: its own, or the one before its successor's first."""
    later = select(func.min(Corridor.valid_from)).where(
        Corridor.code == drawn.code, Corridor.valid_from > valid_from
    )
    successor_from = session.scalar(later)
    days = [drawn.valid_to, successor_from and successor_from - timedelta(days=1)]
    return min((day for day in days if day is not None), default=None)


def _authority(session: Session, drawn: DrawnCorridor, on: date) -> Unit | None:
    """Find the unit that a file means by its code, or by its name with or without its kind."""
    if not drawn.authority:
        return None
    standing = session.scalars(select(Unit).where(*holds_on(Unit, on)).order_by(Unit.id)).all()
    by_code = [unit for unit in standing if unit.code == drawn.authority]
    wanted = drawn.authority.casefold()
    by_name = [unit for unit in standing if wanted in _titles(unit)]
    return next(iter([*by_code, *by_name]), None)


def _titles(unit: Unit) -> tuple[str, str]:
    return unit.name.casefold(), f"{unit.kind} {unit.name}".casefold()


def _make_authority(session: Session, drawn: DrawnCorridor, title: str) -> Unit:
    """Make the unit that manages a line; since when it exists nobody said."""
    unit = Unit(
        code=_authority_code(session, drawn, title),
        tier="authority",
        kind=AUTHORITY_KIND,
        name=title,
        valid_from=BEFORE_ANY_RECORD,
    )
    session.add(unit)
    session.flush()
    return unit


def _authority_code(session: Session, drawn: DrawnCorridor, title: str) -> str:
    """Return the code that the file gives beside a name; else the name's initials."""
    if drawn.authority_name and drawn.authority and len(drawn.authority) <= LONGEST_CODE:
        return drawn.authority
    taken = set(session.scalars(select(Unit.code)))
    stem = _initials(title)
    return next(code for code in _numbered(stem) if code not in taken)


def _initials(title: str) -> str:
    """Return "KQLDBIII" for "Khu Quản lý đường bộ III"."""
    bare = unicodedata.normalize("NFD", title.replace("đ", "d").replace("Đ", "D"))
    words = "".join(sign for sign in bare if sign.isalnum() or sign.isspace()).split()
    letters = "".join(word if word.isupper() else word[0].upper() for word in words)
    return letters[: LONGEST_CODE - len("-99")] or "QL"


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    yield from (f"{stem}-{number}" for number in itertools.count(2))


def _post_row(row: Corridor, post: Post) -> KilometrePost:
    return KilometrePost(
        corridor_id=row.id,
        chainage_m=post.chainage_m,
        latitude=post.latitude,
        longitude=post.longitude,
        accuracy_m=post.accuracy_m,
    )


def _source(drawn: DrawnCorridor, order: CorridorOrder) -> str:
    seal = _seal(drawn)
    return f"{order.source[: LONGEST_SOURCE - len(seal) - 1]} {seal}".strip()


def _seal(drawn: DrawnCorridor) -> str:
    """Seal line and posts: when they change, ``services.corridors`` measures them anew."""
    posts = [
        (post.chainage_m, post.longitude, post.latitude, post.accuracy_m) for post in drawn.posts
    ]
    canonical = json.dumps([drawn.as_geojson(), posts], sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
