"""Roads and railways as the administrator sees them: class, authority, width, kilometres."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from webapp.domain.linear_reference import LEAST_POSTS, MeasuredLine, Post, say_chainage
from webapp.extensions import db
from webapp.models import Corridor, Unit
from webapp.services.corridors import corridors_on, posts_of

METRES_A_KILOMETRE = 1_000


@dataclass(frozen=True)
class CorridorLine:
    """One line of the table; ``kilometres`` is None where posts are too few to count by.

    ``worst_post_m`` is by how many metres the least sure of its posts may be wrong.
    """

    corridor: Corridor
    authority: Unit | None
    length_km: float
    post_count: int
    kilometres: str | None
    worst_post_m: float | None


def corridors_overview(on: date) -> tuple[CorridorLine, ...]:
    """Return the corridors that hold on a day, with who manages each and its posts."""
    lines, posts = corridors_on(on), posts_of(on)
    ids = {line.authority_id for line in lines}
    units = {unit.id: unit for unit in db.session.scalars(select(Unit).where(Unit.id.in_(ids)))}
    return tuple(
        _line(line, units.get(line.authority_id or 0), posts.get(line.id, [])) for line in lines
    )


def _line(corridor: Corridor, authority: Unit | None, posts: list[Post]) -> CorridorLine:
    length_m = MeasuredLine(corridor.geometry["coordinates"]).length_m
    return CorridorLine(
        corridor=corridor,
        authority=authority,
        length_km=length_m / METRES_A_KILOMETRE,
        post_count=len(posts),
        kilometres=_range(posts),
        worst_post_m=max((post.doubt_m for post in posts), default=None),
    )


def _range(posts: list[Post]) -> str | None:
    """Return "Km1538+000 – Km1550+000", from the smallest to the largest post."""
    if len(posts) < LEAST_POSTS:
        return None
    return f"{say_chainage(posts[0].chainage_m)} – {say_chainage(posts[-1].chainage_m)}"
