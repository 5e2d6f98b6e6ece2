"""A small drawn map around one case, from our own boundaries and corridors, in SVG units."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from shapely.geometry import LineString, Point, box, shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select

from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Boundary, Corridor, Unit
from webapp.services.territory import corridors_on, holds_on

# The drawing's own size; the page scales it.
WIDTH, HEIGHT = 360, 190
# Half the width of what is drawn: a few minutes on foot around the case.
REACH_M = 350.0
# One degree of latitude on the mean Earth radius.
METRES_PER_DEGREE = 111_195.0
# The scale bar shows this much of the ground.
SCALE_M = 100


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
class CaseMap:
    """What the template draws; the case itself stands in the middle."""

    lands: tuple[str, ...]
    borders: tuple[Line, ...]
    lines: tuple[Line, ...]
    reports: tuple[tuple[float, float], ...]
    circle: float
    scale: float
    scale_m: int
    unit_names: tuple[str, ...]


class _Paper:
    """Puts WGS 84 degrees on the drawing: an equirectangular view, exact enough for 700 m."""

    def __init__(self, centre: Position) -> None:
        self.per_metre = WIDTH / (2 * REACH_M)
        self._centre = centre
        self._shrink = math.cos(math.radians(centre.latitude))
        half_height = HEIGHT / 2 / self.per_metre / METRES_PER_DEGREE
        half_width = REACH_M / METRES_PER_DEGREE / self._shrink
        self.frame = box(
            centre.longitude - half_width,
            centre.latitude - half_height,
            centre.longitude + half_width,
            centre.latitude + half_height,
        )

    def point(self, longitude: float, latitude: float) -> tuple[float, float]:
        east_m = (longitude - self._centre.longitude) * METRES_PER_DEGREE * self._shrink
        north_m = (latitude - self._centre.latitude) * METRES_PER_DEGREE
        x, y = WIDTH / 2 + east_m * self.per_metre, HEIGHT / 2 - north_m * self.per_metre
        return round(x, 1), round(y, 1)

    def path(self, points: Iterable[Sequence[float]], *, is_closed: bool = False) -> str:
        placed = (self.point(point[0], point[1]) for point in points)
        return "M" + "L".join(f"{x} {y}" for x, y in placed) + ("Z" if is_closed else "")


def draw_case(centre: Position, reports: Iterable[Position], radius_m: float, on: date) -> CaseMap:
    """Draw the surroundings of a case.

    Args:
        centre: where the case lies.
        reports: where its reports say they are.
        radius_m: how far from the case a report could be and still join it.
        on: the day whose land and corridors count.
    """
    paper = _Paper(centre)
    pieces = [
        (shape(geometry).intersection(paper.frame), name) for geometry, name in _lands(paper, on)
    ]
    return CaseMap(
        lands=tuple(path for piece, _name in pieces for path in _areas(paper, piece)),
        borders=tuple(line for piece, _name in pieces for line in _borders(paper, piece)),
        lines=tuple(line for corridor in corridors_on(on) for line in _corridor(paper, corridor)),
        reports=tuple(
            paper.point(position.longitude, position.latitude)
            for position in reports
            if paper.frame.contains(Point(position.longitude, position.latitude))
        ),
        circle=round(radius_m * paper.per_metre, 1),
        scale=round(SCALE_M * paper.per_metre, 1),
        scale_m=SCALE_M,
        unit_names=tuple(sorted({name for piece, name in pieces if not piece.is_empty})),
    )


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
