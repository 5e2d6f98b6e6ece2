"""Which unit must act: from the land under a position, or from what a person set."""

from dataclasses import dataclass
from typing import Literal

from webapp.domain.geo import Position

# How the lead was found. A later issue adds "border" and "corridor" to these.
Certainty = Literal["set_by_person", "clear", "outside", "unplaced"]


@dataclass(frozen=True)
class Route:
    """Who leads and who coordinates; nobody leads what lies outside or has no position."""

    lead_unit_id: int | None
    certainty: Certainty
    coordinating_unit_ids: tuple[int, ...] = ()


def choose_unit(
    position: Position | None, commune_id: int | None, *, set_unit_id: int | None = None
) -> Route:
    """Choose the lead unit.

    Args:
        position: where the trouble is, if known.
        commune_id: the commune whose boundary, valid on that day, contains the position.
        set_unit_id: the unit that a person at the desk chose; it goes before any map.
    """
    if set_unit_id is not None:
        return Route(set_unit_id, "set_by_person")
    if position is None:
        return Route(None, "unplaced")
    if commune_id is None:
        return Route(None, "outside")
    return Route(commune_id, "clear")
