"""Seams between lands: what two units both claim, and what lies between them and nobody claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from shapely import STRtree, unary_union
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from webapp.domain.areas import area_m2, polygons_of

NamedLand: TypeAlias = tuple[str, BaseGeometry]

# Two files rounded to six decimals (0.1 m) differ along a kilometre of border by up to 100 m²;
# below that a seam is rounding, not land.
SMALLEST_SEAM_M2 = 100.0


@dataclass(frozen=True)
class Seam:
    """Land that two units claim (``overlap``), or enclosed land that none claims (``gap``)."""

    kind: str
    units: tuple[str, ...]
    area_m2: float
    longitude: float
    latitude: float


def overlaps(lands: Sequence[NamedLand]) -> list[Seam]:
    """Return the land that two units both claim, largest first; rounding is left out."""
    tree = STRtree([land for _name, land in lands])
    found = []
    for first, (name, land) in enumerate(lands):
        for second in sorted(int(index) for index in tree.query(land)):
            if second > first:
                other_name, other = lands[second]
                shared = unary_union(polygons_of(land.intersection(other)))
                found += _seam("overlap", (name, other_name), shared)
    return sorted(found, key=lambda seam: -seam.area_m2)


def gaps(lands: Sequence[NamedLand]) -> list[Seam]:
    """Return the land enclosed by the units that belongs to none of them, largest first."""
    whole = unary_union([land for _name, land in lands])
    holes = [Polygon(ring) for piece in polygons_of(whole) for ring in piece.interiors]
    found = []
    for hole in holes:
        around = tuple(name for name, land in lands if land.intersects(hole))
        found += _seam("gap", around, hole)
    return sorted(found, key=lambda seam: -seam.area_m2)


def _seam(kind: str, units: tuple[str, ...], land: BaseGeometry) -> list[Seam]:
    size_m2 = area_m2(land)
    if size_m2 < SMALLEST_SEAM_M2:
        return []
    middle = land.representative_point()
    return [Seam(kind, units, size_m2, middle.x, middle.y)]
