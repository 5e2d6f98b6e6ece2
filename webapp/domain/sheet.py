"""A small map drawn as SVG paths: outlines, lines and names on a sheet of fixed width."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from webapp.domain.areas import polygons_of

# The sheet is as wide as the drawn one in the design; texts of 8 units stay readable on it.
SHEET_WIDTH = 300.0
MARGIN = 12.0
# A tenth of a unit is finer than any screen shows; half a unit of detail is enough.
DECIMALS = 1
TOLERANCE = 0.4
# Letters of 8 units are about this wide, and lines of them this far apart.
LETTER_WIDTH = 4.6
LINE_HEIGHT = 9.0


@dataclass(frozen=True)
class Outline:
    """A unit's land as an SVG path, and where its name stands, in one or two lines."""

    name: str
    path: str
    label: tuple[str, ...]
    label_x: float
    label_y: float


@dataclass(frozen=True)
class Line:
    """A road or railway as an SVG path."""

    kind: str
    path: str


@dataclass(frozen=True)
class Sheet:
    """Everything drawn, and the size of the sheet; a sheet without land has no height."""

    width: float
    height: float
    outlines: tuple[Outline, ...]
    lines: tuple[Line, ...]


def draw_sheet(
    lands: Sequence[tuple[str, BaseGeometry]], lines: Iterable[tuple[str, BaseGeometry]]
) -> Sheet:
    """Draw lands and the parts of lines near them (all in degrees) on one sheet.

    The scale is the same both ways at the middle latitude; at the size of a district that is
    as good as any projection.
    """
    if not lands:
        return Sheet(SHEET_WIDTH, 0.0, (), ())
    west, south, east, north = shapely.total_bounds([land for _name, land in lands])
    shrink = math.cos(math.radians((south + north) / 2))
    scale = (SHEET_WIDTH - 2 * MARGIN) / ((east - west) * shrink)

    def place(shape: BaseGeometry) -> BaseGeometry:
        return shapely.transform(
            shape,
            lambda at: (at - [west, north]) * [scale * shrink, -scale] + [MARGIN, MARGIN],
        )

    height = (north - south) * scale + 2 * MARGIN
    frame = shapely.box(0, 0, SHEET_WIDTH, height)
    drawn = shapely.coverage_simplify([place(land) for _name, land in lands], TOLERANCE)
    return Sheet(
        SHEET_WIDTH,
        round(height, DECIMALS),
        tuple(_outline(name, land) for (name, _), land in zip(lands, drawn, strict=True)),
        tuple(Line(kind, _path(place(line).intersection(frame))) for kind, line in lines),
    )


def _outline(name: str, land: BaseGeometry) -> Outline:
    largest = max(polygons_of(land), key=lambda piece: piece.area)
    # A name is looked for in the middle; in land bent like a bow, that may be somebody else's.
    middle = largest.centroid if largest.contains(largest.centroid) else _roomiest(largest)
    is_narrow = len(name) * LETTER_WIDTH > 2 * largest.boundary.distance(middle)
    label = tuple(name.rsplit(" ", 1)) if is_narrow else (name,)
    x, y = middle.x, middle.y
    # Text stands on its line, so the block of lines is lowered to have its middle at the centre.
    y += LINE_HEIGHT / 3 - (len(label) - 1) * LINE_HEIGHT / 2
    return Outline(name, _path(land), label, round(x, DECIMALS), round(y, DECIMALS))


def _roomiest(piece: BaseGeometry) -> shapely.Point:
    """Return the centre of the largest circle inside."""
    return shapely.Point(shapely.maximum_inscribed_circle(piece, 1.0).coords[0])


def _path(shape: BaseGeometry) -> str:
    rings = [
        ring for piece in polygons_of(shape) for ring in (piece.exterior, *piece.interiors)
    ] or list(getattr(shape, "geoms", [shape]))
    return "".join(_draw(ring.coords) for ring in rings if not ring.is_empty)


def _draw(points: Iterable[Sequence[float]]) -> str:
    return "M" + "L".join(f"{x:.{DECIMALS}f} {y:.{DECIMALS}f}" for x, y, *_ in points)
