"""Where things are: positions, distances, H3 cells, and whose land a point or a disc lies on."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import h3
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from webapp.domain.areas import distance_to_line_m

# Mean Earth radius R1 of the IUGG; a haversine on it errs by at most 0.5 %,
# which is 25 cm on the 50 m that any rule of ours asks about.
EARTH_RADIUS_M = 6_371_008.8
METRES_A_DEGREE = EARTH_RADIUS_M * math.pi / 180

# H3 resolution 10: edges of about 76 m, so that a disc of 50 m touches a handful of cells.
CELL_RESOLUTION = 10

# No corner of a cell is farther from its middle. Edges are 76 m on average, and the widest of
# 20 000 cells from all over the globe reaches 84 m; the rest is to be sure.
WIDEST_REACH_M = 150.0

POLE_DEGREES = 90
ANTIMERIDIAN_DEGREES = 180

# Phones and browsers that hide a position often leave zeros; 0,0 lies in the Atlantic.
# Closer than this (0.1 m) to 0,0 is the same hole with a rounding error on it.
ZERO_TOLERANCE_DEGREES = 1e-6

# GeoJSON files carry about seven decimals, so two polygons that share a border may leave
# a slit of that width (1 cm) between them. A point in the slit belongs to a neighbour.
SLIT_DEGREES = 1e-7

# Within half a degree of a pole, where no commune is, meridians run together: a disc there would
# reach around the globe and touch every land there is.
LEAST_NARROWING = 0.01


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
    return _distance_m(a.latitude, a.longitude, b.latitude, b.longitude)


def _distance_m(
    latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float
) -> float:
    latitude_a, latitude_b = math.radians(latitude_a), math.radians(latitude_b)
    half_rise = (latitude_b - latitude_a) / 2
    half_turn = math.radians(longitude_b - longitude_a) / 2
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
    latitude, longitude = h3.cell_to_latlng(cell)
    beyond_m = _distance_m(centre.latitude, centre.longitude, latitude, longitude) - radius_m
    # Most cells lie well inside the disc or well outside it: their corners need not be asked.
    if beyond_m <= 0 or beyond_m > WIDEST_REACH_M:
        return beyond_m <= 0
    corners = h3.cell_to_boundary(cell)
    return any(beyond_m <= _distance_m(latitude, longitude, *corner) for corner in corners)


@dataclass(frozen=True)
class Land:
    """What one unit holds: a Polygon or MultiPolygon in longitude, latitude (WGS 84)."""

    unit_id: int
    geometry: BaseGeometry


class LandIndex:
    """Answers whose land a point or a disc lies on, for one set of boundaries of one day.

    A disc is taken in the equirectangular plane that touches the sphere at its centre. That plane
    is the degrees themselves, drawn out by a constant along each axis, so a disc is an ellipse in
    degrees and the *ratio* of two areas is the same in both: no land is ever projected. Over the
    few hundred metres of a disc the plane is off by less than a centimetre in a hundred metres
    (at 11.6° N the length of a degree of longitude changes by 0.004 % over a kilometre).

    Nothing is prepared beforehand: the index is ready at once and takes no more memory than its
    coordinates, and at 500 corners a land the plain predicates are as quick as prepared ones.
    """

    def __init__(self, lands: Iterable[Land]) -> None:
        """Index the lands; many thousand questions are cheap after that."""
        # In order of unit id, so that the first hit is the one that wins on a shared border.
        ordered = sorted(lands, key=lambda land: land.unit_id)
        self._unit_ids: list[int] = [land.unit_id for land in ordered]
        self._geometries = [land.geometry for land in ordered]
        self._tree = shapely.STRtree(self._geometries)

    def unit_at(self, latitude: float, longitude: float) -> int | None:
        """Return the unit that holds the point, or None when nobody does.

        A point on a shared border, or where two lands overlap, goes to the smallest unit id:
        any fixed choice will do, as long as the same point always goes the same way.
        """
        if not is_usable(latitude, longitude):
            return None
        point = shapely.Point(longitude, latitude)
        near = self._within_degrees(point, SLIT_DEGREES)
        holding = (index for index in near if shapely.intersects(self._geometries[index], point))
        first = next(holding, near[0] if near else None)
        return None if first is None else self._unit_ids[first]

    def shares_of(self, centre: Position, radius_m: float) -> list[tuple[int, float]]:
        """Return whose land a disc touches, with the share of each, the largest first.

        The shares are those of the part of the disc that lies on any land, and add up to 1.
        Ground that two units claim counts for both before they are made to add up, so that a
        quarrel never makes either look surer. Equal shares stand in the order of the unit ids.

        Args:
            centre: a usable position; its accuracy is not looked at.
            radius_m: above zero.
        """
        point = shapely.Point(centre.longitude, centre.latitude)
        touched = self._within_degrees(point, _widest_degrees(centre, radius_m))
        if len(touched) <= 1:
            # Whatever part of it is on land is this unit's: there is nothing to measure.
            return [(self._unit_ids[index], 1.0) for index in touched]
        disc = _disc(centre, radius_m)
        areas = [(self._unit_ids[index], self._area_within(disc, index)) for index in touched]
        # The circle that was looked in is a little wider than the disc: it may reach none of them.
        reached = [(unit_id, area) for unit_id, area in areas if area > 0]
        whole = sum(area for _unit_id, area in reached)
        shares = [(unit_id, area / whole) for unit_id, area in reached]
        return sorted(shares, key=lambda each: (-each[1], each[0]))

    def units_at(self, centre: Position) -> list[int]:
        """Return, in order, all units that claim a point, or a slit beside which it lies."""
        point = shapely.Point(centre.longitude, centre.latitude)
        return [self._unit_ids[index] for index in self._within_degrees(point, SLIT_DEGREES)]

    def nearest_to(self, centre: Position, *, within_m: float) -> tuple[int, float] | None:
        """Return the unit whose land is nearest, and how far it is in metres; None beyond.

        Of two that are equally near, the smaller unit id.
        """
        point = shapely.Point(centre.longitude, centre.latitude)
        near = self._within_degrees(point, _widest_degrees(centre, within_m))
        away = [(self._metres_to(centre, index), self._unit_ids[index]) for index in near]
        distance, unit_id = min(away, default=(math.inf, 0))
        return (unit_id, distance) if distance <= within_m else None

    def _within_degrees(self, point: shapely.Point, degrees: float) -> list[int]:
        near: list[int] = self._tree.query(point, predicate="dwithin", distance=degrees).tolist()
        return sorted(near)

    def _area_within(self, disc: BaseGeometry, index: int) -> float:
        return float(shapely.area(shapely.intersection(self._geometries[index], disc)))

    def _metres_to(self, centre: Position, index: int) -> float:
        return distance_to_line_m(centre.longitude, centre.latitude, self._geometries[index])


def _widest_degrees(centre: Position, radius_m: float) -> float:
    """Return the longer half-axis of a disc in degrees; a circle of it holds the whole disc."""
    narrowing = max(LEAST_NARROWING, math.cos(math.radians(centre.latitude)))
    return radius_m / (METRES_A_DEGREE * narrowing)


def _disc(centre: Position, radius_m: float) -> BaseGeometry:
    """Return a disc as a polygon in degrees."""
    across = [_widest_degrees(centre, radius_m), radius_m / METRES_A_DEGREE]
    return shapely.Polygon(_ROUND * across + [centre.longitude, centre.latitude])


def _rounded(corners: int) -> Any:
    """Return the corners of a regular polygon around 0,0 that has the area of the unit disc."""
    turns = np.arange(corners) * (2 * math.pi / corners)
    radius = math.sqrt(2 * math.pi / (corners * math.sin(2 * math.pi / corners)))
    return radius * np.column_stack([np.cos(turns), np.sin(turns)])


# With 64 corners no share is off by more than 0.0005.
_ROUND = _rounded(64)
