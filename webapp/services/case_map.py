"""A small drawn map around one case or two, from our own boundaries and corridors, in SVG units."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from shapely.geometry import LineString, Point, box, shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select

from webapp.domain.geo import Position, distance_m
from webapp.extensions import db
from webapp.models import Boundary, Corridor, Unit
from webapp.services.corridors import corridors_on
from webapp.services.dated import holds_on

# The drawing's own size; the page scales it.
WIDTH, HEIGHT = 360, 190
# Half the width of what is drawn: at most a few minutes on foot around the case, at least so
# much that the road and the next corner are seen. Two cases side by side need less around them,
# and as much between them as there is.
MOST_REACH_M = 350.0
LEAST_REACH_M = 150.0
LEAST_PAIR_REACH_M = 60.0
# What is shown lies within this share of the half height, so that pins and names have room.
USED_SHARE = 0.75
# A wider circle than this says "somewhere in the quarter" and would cover the whole drawing.
WIDEST_HALO_M = 100.0
# One degree of latitude on the mean Earth radius.
METRES_PER_DEGREE = 111_195.0
# The scale bar shows this much of the ground, the widest that takes less than a third of it.
SCALES_M = (20_000, 5_000, 1_000, 500, 100, 50, 20)


@dataclass(frozen=True)
class Line:
    """A corridor or a border as an SVG path; ``name`` stands where it is longest."""

    path: str
    kind: str
    name: str = ""
    name_x: float = 0.0
    name_y: float = 0.0
    turn: float = 0.0


@dataclass(frozen=True)
class Dot:
    """Where a report says it is; ``halo`` is its accuracy, 0 when that is unknown or too wide."""

    x: float
    y: float
    halo: float
    side: int


@dataclass(frozen=True)
class Pin:
    """Where a case lies. ``side`` 0 is the case itself, 1 the one beside it, 2 one near by."""

    x: float
    y: float
    label: str
    side: int
    is_left: bool


@dataclass(frozen=True)
class CaseMap:
    """What the template draws; the case itself, or the middle of two, stands in the middle."""

    lands: tuple[str, ...]
    borders: tuple[Line, ...]
    lines: tuple[Line, ...]
    reports: tuple[Dot, ...]
    pins: tuple[Pin, ...]
    scale: float
    scale_m: int
    unit_names: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """A case on the drawing: where it lies, and where its reports say they are."""

    position: Position
    label: str = ""
    reports: tuple[Position, ...] = ()


class _Paper:
    """Puts WGS 84 degrees on the drawing: an equirectangular view, exact enough for a commune."""

    def __init__(self, centre: Position, reach_m: float) -> None:
        self.per_metre = WIDTH / (2 * reach_m)
        self._centre = centre
        self._shrink = math.cos(math.radians(centre.latitude))
        half_height = HEIGHT / 2 / self.per_metre / METRES_PER_DEGREE
        half_width = reach_m / METRES_PER_DEGREE / self._shrink
        self.frame = box(
            centre.longitude - half_width,
            centre.latitude - half_height,
            centre.longitude + half_width,
            centre.latitude + half_height,
        )

    def holds(self, position: Position) -> bool:
        return bool(self.frame.contains(Point(position.longitude, position.latitude)))

    def point(self, longitude: float, latitude: float) -> tuple[float, float]:
        east_m = (longitude - self._centre.longitude) * METRES_PER_DEGREE * self._shrink
        north_m = (latitude - self._centre.latitude) * METRES_PER_DEGREE
        x, y = WIDTH / 2 + east_m * self.per_metre, HEIGHT / 2 - north_m * self.per_metre
        return round(x, 1), round(y, 1)

    def path(self, points: Iterable[Sequence[float]], *, is_closed: bool = False) -> str:
        placed = (self.point(point[0], point[1]) for point in points)
        return "M" + "L".join(f"{x} {y}" for x, y in placed) + ("Z" if is_closed else "")


def draw_case(case: Shown, near: Sequence[Shown], on: date) -> CaseMap:
    """Draw the surroundings of a case.

    Args:
        case: the case, in the middle.
        near: other cases that are pointed out, with their numbers.
        on: the day whose land and corridors count.
    """
    around = [*case.reports, *(other.position for other in near)]
    reach_m = min(MOST_REACH_M, _reach_m(case.position, around, LEAST_REACH_M))
    paper = _Paper(case.position, reach_m)
    return _draw(paper, [(case, 0), *((other, 2) for other in near)], on)


def draw_pair(left: Shown, right: Shown, on: date) -> CaseMap:
    """Draw two cases on one map, with the middle between them in its middle."""
    one, other = left.position, right.position
    middle = Position((one.latitude + other.latitude) / 2, (one.longitude + other.longitude) / 2)
    # Reports that lie far off must not make their cases so small that nobody tells them apart.
    paper = _Paper(middle, _reach_m(middle, (one, other), LEAST_PAIR_REACH_M))
    return _draw(paper, [(left, 0), (right, 1)], on)


def _reach_m(centre: Position, around: Iterable[Position], least_m: float) -> float:
    """Return half of the ground's width that shows what lies around."""
    farthest_m = max((distance_m(centre, position) for position in around), default=0.0)
    needed_m = farthest_m * WIDTH / HEIGHT / USED_SHARE
    return max(least_m, needed_m)


def _draw(paper: _Paper, shown: Sequence[tuple[Shown, int]], on: date) -> CaseMap:
    pieces = [
        (shape(geometry).intersection(paper.frame), name) for geometry, name in _lands(paper, on)
    ]
    scale_m = next(each for each in SCALES_M if each * paper.per_metre < WIDTH / 3)
    return CaseMap(
        lands=tuple(path for piece, _name in pieces for path in _areas(paper, piece)),
        borders=tuple(line for piece, _name in pieces for line in _borders(paper, piece)),
        lines=tuple(line for corridor in corridors_on(on) for line in _corridor(paper, corridor)),
        reports=tuple(
            _dot(paper, position, side)
            for each, side in shown
            for position in each.reports
            if paper.holds(position)
        ),
        pins=tuple(_pin(paper, each, side) for each, side in shown if paper.holds(each.position)),
        scale=round(scale_m * paper.per_metre, 1),
        scale_m=scale_m,
        unit_names=tuple(sorted({name for piece, name in pieces if not piece.is_empty})),
    )


def _dot(paper: _Paper, position: Position, side: int) -> Dot:
    x, y = paper.point(position.longitude, position.latitude)
    accuracy_m = position.accuracy_m or 0.0
    halo = accuracy_m * paper.per_metre if 0 < accuracy_m <= WIDEST_HALO_M else 0.0
    return Dot(x, y, round(halo, 1), side)


def _pin(paper: _Paper, shown: Shown, side: int) -> Pin:
    x, y = paper.point(shown.position.longitude, shown.position.latitude)
    # A name stands on the outer side of its pin, away from the other one.
    return Pin(x, y, shown.label, side, is_left=x < WIDTH / 2)


def _lands(paper: _Paper, on: date) -> list[tuple[dict[str, object], str]]:
    west, south, east, north = paper.frame.bounds
    rows = db.session.execute(
        select(Boundary.geometry, Unit.name)
        .join(Unit, Boundary.unit_id == Unit.id)
        .where(
            Unit.tier == "commune",
            *holds_on(Boundary, on),
            Boundary.min_longitude <= east,
            Boundary.max_longitude >= west,
            Boundary.min_latitude <= north,
            Boundary.max_latitude >= south,
        )
        .order_by(Boundary.id)
    )
    return [(geometry, name) for geometry, name in rows]


def _areas(paper: _Paper, piece: BaseGeometry) -> list[str]:
    return [
        paper.path(part.exterior.coords, is_closed=True)
        for part in getattr(piece, "geoms", [piece])
        if part.geom_type == "Polygon" and not part.is_empty
    ]


def _borders(paper: _Paper, piece: BaseGeometry) -> list[Line]:
    """Return the edges of a clipped area that are not the edge of the paper."""
    if piece.is_empty:
        return []
    # A hair is taken off, for clipping leaves edges that only nearly lie on the frame.
    inner = piece.boundary.intersection(paper.frame.buffer(-1e-7))
    return [Line(paper.path(part.coords), "border") for part in _strings(inner)]


def _corridor(paper: _Paper, corridor: Corridor) -> list[Line]:
    parts = _strings(shape(corridor.geometry).intersection(paper.frame))
    if not parts:
        return []
    longest = max(parts, key=lambda part: part.length)
    return [
        Line(paper.path(part.coords), corridor.kind, *_label(paper, part, corridor.name))
        if part is longest
        else Line(paper.path(part.coords), corridor.kind)
        for part in parts
    ]


def _label(paper: _Paper, part: LineString, name: str) -> tuple[str, float, float, float]:
    """Place a name a quarter along a line, turned with it and never upside down."""
    before, at, after = (part.interpolate(share, normalized=True) for share in (0.15, 0.22, 0.3))
    (x1, y1), (x2, y2) = (paper.point(p.x, p.y) for p in (before, after))
    turn = math.degrees(math.atan2(y2 - y1, x2 - x1))
    upright = (turn + 90) % 180 - 90
    x, y = paper.point(at.x, at.y)
    return name, x, y, round(upright, 1)


def _strings(geometry: BaseGeometry) -> list[LineString]:
    parts = getattr(geometry, "geoms", [geometry])
    return [part for part in parts if part.geom_type == "LineString" and not part.is_empty]
