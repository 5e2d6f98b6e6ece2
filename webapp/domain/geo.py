"""Where things are: positions, distances, H3 cells, and which unit's land holds a point."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import h3
import shapely
from shapely.geometry.base import BaseGeometry

# Mean Earth radius R1 of the IUGG; a haversine on it errs by at most 0.5 %,
# which is 25 cm on the 50 m that any rule of ours asks about.
EARTH_RADIUS_M = 6_371_008.8

# H3 resolution 10: edges of about 76 m, so that a disc of 50 m touches a handful of cells.
CELL_RESOLUTION = 10

POLE_DEGREES = 90
ANTIMERIDIAN_DEGREES = 180

# Phones and browsers that hide a position often leave zeros; 0,0 lies in the Atlantic.
# Closer than this (0.1 m) to 0,0 is the same hole with a rounding error on it.
ZERO_TOLERANCE_DEGREES = 1e-6

# GeoJSON files carry about seven decimals, so two polygons that share a border may leave
# a slit of that width (1 cm) between them. A point in the slit belongs to a neighbour.
SLIT_DEGREES = 1e-7


@dataclass(frozen=True)
class Position:
    """A point in WGS 84 degrees; ``accuracy_m`` is the radius of its 68 % circle, if known."""

    latitude: float
    longitude: float
    accuracy_m: float | None = None


def is_usable(latitude: float | None, longitude: float | None) -> bool:
    """Tell whether two numbers are a position at all: present, finite, in range and not 0,0."""
    if latitude is None or longitude is None:
        return False
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return False
    if abs(latitude) > POLE_DEGREES or abs(longitude) > ANTIMERIDIAN_DEGREES:
        return False
    return max(abs(latitude), abs(longitude)) > ZERO_TOLERANCE_DEGREES


def distance_m(a: Position, b: Position) -> float:
    """Return the great-circle distance in metres (haversine on the mean Earth radius)."""
    latitude_a, latitude_b = math.radians(a.latitude), math.radians(b.latitude)
    half_rise = (latitude_b - latitude_a) / 2
    half_turn = math.radians(b.longitude - a.longitude) / 2
    chord = (
        math.sin(half_rise) ** 2
        + math.cos(latitude_a) * math.cos(latitude_b) * math.sin(half_turn) ** 2
    )
    # Rounding may push the chord of two antipodes a hair above 1.
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))


def cell_of(latitude: float, longitude: float) -> str:
    """Return the H3 cell (resolution 10) that holds a point."""
    cell: str = h3.latlng_to_cell(latitude, longitude, CELL_RESOLUTION)
    return cell


def cells_within(latitude: float, longitude: float, radius_m: float) -> list[str]:
    """Return, sorted, cells that together cover the disc of ``radius_m`` around a point.

    A few of them may lie just outside; no point of the disc lies outside them all. Meant for
    neighbourhoods: the number of cells grows with the square of the radius (1 km: about 250).
    """
    centre = Position(latitude, longitude)
    own_cell = cell_of(latitude, longitude)
    cells, ring = {own_cell}, 1
    while touching := _touching(h3.grid_ring(own_cell, ring), centre, radius_m):
        cells |= touching
        ring += 1
    return sorted(cells)


def _touching(cells: Iterable[str], centre: Position, radius_m: float) -> set[str]:
    return {cell for cell in cells if _may_touch(cell, centre, radius_m)}


def _may_touch(cell: str, centre: Position, radius_m: float) -> bool:
    middle = Position(*h3.cell_to_latlng(cell))
    reach_m = max(distance_m(middle, Position(*corner)) for corner in h3.cell_to_boundary(cell))
    return distance_m(centre, middle) <= radius_m + reach_m


@dataclass(frozen=True)
class Land:
    """What one unit holds: a Polygon or MultiPolygon in longitude, latitude (WGS 84)."""

    unit_id: int
    geometry: BaseGeometry


class LandIndex:
    """Answers which unit holds a point, for one set of boundaries that hold on one day."""

    def __init__(self, lands: Iterable[Land]) -> None:
        """Index the lands; many thousand questions are cheap after that."""
        # In order of unit id, so that the first hit is the one that wins on a shared border.
        ordered = sorted(lands, key=lambda land: land.unit_id)
        self._unit_ids: list[int] = [land.unit_id for land in ordered]
        self._geometries = [land.geometry for land in ordered]
        shapely.prepare(self._geometries)
        self._tree = shapely.STRtree(self._geometries)

    def unit_at(self, latitude: float, longitude: float) -> int | None:
        """Return the unit that holds the point, or None when nobody does.

        A point on a shared border, or where two lands overlap, goes to the smallest unit id:
        any fixed choice will do, as long as the same point always goes the same way.
        """
        if not is_usable(latitude, longitude):
            return None
        point = shapely.Point(longitude, latitude)
        near: list[int] = sorted(self._tree.query(_around(point)).tolist())
        for index in near:
            if shapely.intersects(self._geometries[index], point):
                return self._unit_ids[index]
        for index in near:
            if shapely.distance(self._geometries[index], point) <= SLIT_DEGREES:
                return self._unit_ids[index]
        return None


def _around(point: shapely.Point) -> BaseGeometry:
    return shapely.box(
        point.x - SLIT_DEGREES,
        point.y - SLIT_DEGREES,
        point.x + SLIT_DEGREES,
        point.y + SLIT_DEGREES,
    )
