"""Which unit took whose land: predecessors and successors, measured on the land itself."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

import shapely

from webapp.domain.areas import area_m2, polygons_of
from webapp.domain.geo import Land

# Two drawings of one border differ by tens of metres: 30 m along the 15 km around a commune of
# 10 km² are 4.5 % of it. Less than this of the smaller of both lands is such a strip, not a
# village that changed hands. No case depends on it: a case follows its own spot.
LEAST_SHARE = 0.05


@dataclass(frozen=True)
class Inheritance:
    """A part of one unit's land that another unit took.

    ``share`` (0 to 1) is the part of the predecessor's land; ``of_successor`` the same ground as
    a part of the successor's.
    """

    predecessor_id: int
    successor_id: int
    share: float
    of_successor: float


def inheritances(old: Sequence[Land], new: Sequence[Land]) -> tuple[Inheritance, ...]:
    """Return who took whose land, in the order of ``old``, the largest part of each first.

    Strips along a border that was drawn anew are left out (``LEAST_SHARE``).
    """
    tree = shapely.STRtree([land.geometry for land in new])
    areas = [area_m2(land.geometry) for land in new]
    found: list[Inheritance] = []
    for land in old:
        near = sorted(int(index) for index in tree.query(land.geometry, predicate="intersects"))
        parts = [_inheritance(land, new[index], areas[index]) for index in near]
        found += sorted(
            (part for part in parts if max(part.share, part.of_successor) >= LEAST_SHARE),
            key=lambda part: (-part.share, part.successor_id),
        )
    return tuple(found)


def _inheritance(old: Land, new: Land, new_area_m2: float) -> Inheritance:
    shared = shapely.unary_union(polygons_of(shapely.intersection(old.geometry, new.geometry)))
    shared_m2, old_m2 = area_m2(shared), area_m2(old.geometry)
    return Inheritance(
        predecessor_id=old.unit_id,
        successor_id=new.unit_id,
        share=shared_m2 / old_m2 if old_m2 else 0.0,
        of_successor=shared_m2 / new_area_m2 if new_area_m2 else 0.0,
    )


def share_taken(land: Land, by: Iterable[Land]) -> float:
    """Return how much of a unit's land others hold together, 0 to 1."""
    others = shapely.unary_union([other.geometry for other in by])
    shared = shapely.unary_union(polygons_of(shapely.intersection(land.geometry, others)))
    whole = area_m2(land.geometry)
    return area_m2(shared) / whole if whole else 0.0


def heirs_standing(
    written: Mapping[int, Sequence[int]], unit_id: int, ended: Container[int]
) -> tuple[int, ...]:
    """Return who stands for a unit that ended, by the successions that were written down.

    A unit that still exists is the end of its chain, even where it gave a part of its land on:
    what it took stays its own. Circles end; one that holds nobody who exists leads nowhere.

    Args:
        written: the successors of each unit, in the order in which they were written down.
        unit_id: whose heirs are asked for.
        ended: the units that do not exist any more.
    """
    found: list[int] = []
    seen, waiting = {unit_id}, list(written.get(unit_id, ()))
    while waiting:
        successor = waiting.pop(0)
        if successor in seen:
            continue
        seen.add(successor)
        if successor in ended:
            waiting += written.get(successor, ())
        else:
            found.append(successor)
    return tuple(found)
