"""Boundary files: read a GeoJSON of units, mend its rings or refuse them by name, warn of seams."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, TypeAlias

from shapely import make_valid, unary_union
from shapely.geometry import MultiPolygon, Polygon, mapping
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from webapp.domain.areas import area_m2, polygons_of
from webapp.domain.errors import InvalidInput
from webapp.domain.geojson import plain_text, range_problem, read_point
from webapp.domain.seams import Seam, gaps, overlaps

Ring: TypeAlias = list[tuple[float, float]]

REQUIRED_PROPERTIES = ("code", "name", "kind")
LONGEST_PROPERTY = {"code": 32, "name": 120, "kind": 40}

# A ring that crosses itself is mended only when all but this share of its land lies in one piece:
# a small loop is a slip of the pen, two large lobes are two meanings, and which one is not ours
# to guess.
LARGEST_LOOP_SHARE = 0.01

LEAST_CORNERS = 3


@dataclass(frozen=True)
class Problem:
    """Why a unit's feature cannot be taken: ``code`` says what, ``unit`` names whose it is.

    ``ring`` counts the rings of the feature from 1, in the order of the file.
    """

    code: str
    unit: str
    ring: int | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Repair:
    """What was mended in one ring: ``closed``, ``points_dropped``, ``turned``, ``loop_mended``."""

    code: str
    unit: str
    ring: int
    count: int = 1


@dataclass(frozen=True)
class NamedUnit:
    """A unit of another day that a file names: which land a unit was made of, or went to."""

    code: str
    title: str


@dataclass(frozen=True)
class UnitLand:
    """One unit of a boundary file, with valid geometry in WGS 84 degrees.

    ``valid_from`` is what the file says of it; the day that counts is the administrator's.
    """

    code: str
    name: str
    kind: str
    geometry: Polygon | MultiPolygon
    valid_to: date | None
    parent_code: str | None
    parent_name: str | None
    valid_from: date | None = None
    formed_from: tuple[NamedUnit, ...] = ()
    successor: NamedUnit | None = None

    @property
    def title(self) -> str:
        """Return kind and name, as in "xã Vĩnh Hải"."""
        return f"{self.kind} {self.name}"

    @property
    def area_m2(self) -> float:
        """Return the area in square metres."""
        return area_m2(self.geometry)

    def as_geojson(self) -> dict[str, Any]:
        """Return the geometry as GeoJSON, made of plain lists."""
        plain: dict[str, Any] = json.loads(json.dumps(mapping(self.geometry)))
        return plain


@dataclass(frozen=True)
class BoundarySet:
    """A boundary file that can be used, with what was mended and what to look at."""

    units: tuple[UnitLand, ...]
    repairs: tuple[Repair, ...]
    seams: tuple[Seam, ...]


def read_boundaries(text: str) -> BoundarySet:
    """Read a FeatureCollection of units (properties code, name, kind; WGS 84 polygons).

    Optional properties: ``valid_from`` and ``valid_to`` (ISO dates, first and last day),
    ``parent_code`` and ``parent``; ``formed_from`` (objects with ``code`` and ``full_name``) and
    ``successor_code`` with ``successor``, which name units of another day.
    Rings are closed, freed of repeated points, turned the way RFC 7946 wants them, and small
    loops are mended; every repair is named. Overlaps and gaps are found, not mended.

    Raises:
        InvalidInput: ``boundaries_not_json``, ``boundaries_not_collection``,
            ``boundaries_empty``; or ``boundaries_refused`` with ``details['problems']``,
            a tuple of every ``Problem`` in the file.
    """
    units: list[UnitLand] = []
    repairs: list[Repair] = []
    problems: list[Problem] = []
    for position, feature in enumerate(_features(text), start=1):
        reader = _FeatureReader(feature, position)
        unit = reader.read()
        repairs += reader.repairs
        problems += reader.problems
        if unit is not None and not reader.problems:
            units.append(unit)
    problems += _repeated_codes(units)
    if problems:
        raise InvalidInput("boundaries_refused", problems=tuple(problems))
    lands = [(unit.title, unit.geometry) for unit in units]
    return BoundarySet(tuple(units), tuple(repairs), (*overlaps(lands), *gaps(lands)))


def _features(text: str) -> list[Any]:
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise InvalidInput("boundaries_not_json") from None
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise InvalidInput("boundaries_not_collection")
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise InvalidInput("boundaries_empty")
    return features


def _repeated_codes(units: Iterable[UnitLand]) -> list[Problem]:
    counts = Counter(unit.code for unit in units)
    return [
        Problem("code_repeated", unit.title, detail=unit.code)
        for unit in units
        if counts[unit.code] > 1
    ]


class _FeatureReader:
    """Reads one feature and gathers what it mended and what it could not take."""

    def __init__(self, feature: Any, position: int) -> None:
        self.feature: Mapping[str, Any] = feature if isinstance(feature, dict) else {}
        properties = self.feature.get("properties")
        self.properties: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
        self.title = self._title(position)
        self.ring_number = 0
        self.repairs: list[Repair] = []
        self.problems: list[Problem] = []

    def read(self) -> UnitLand | None:
        """Return the unit; ``problems`` says why there is none."""
        texts = {name: self._required(name) for name in REQUIRED_PROPERTIES}
        valid_from, valid_to = self._day("valid_from"), self._day("valid_to")
        geometry = self._geometry()
        if geometry is None or self.problems:
            return None
        return UnitLand(
            **texts,
            geometry=geometry,
            valid_to=valid_to,
            parent_code=plain_text(self.properties.get("parent_code")),
            parent_name=plain_text(self.properties.get("parent")),
            valid_from=valid_from,
            formed_from=_named_units(self.properties.get("formed_from")),
            successor=_named_unit(self.properties, "successor_code", "successor"),
        )

    def _title(self, position: int) -> str:
        words = [plain_text(self.properties.get(name)) for name in ("kind", "name")]
        named = " ".join(word for word in words if word)
        return named or plain_text(self.properties.get("code")) or f"#{position}"

    def _problem(self, code: str, detail: str | None = None, *, ring: bool = False) -> None:
        self.problems.append(Problem(code, self.title, self.ring_number if ring else None, detail))

    def _repair(self, code: str, count: int = 1) -> None:
        self.repairs.append(Repair(code, self.title, self.ring_number, count))

    def _required(self, name: str) -> str:
        value = plain_text(self.properties.get(name))
        if value is None:
            self._problem("property_missing", name)
        elif len(value) > LONGEST_PROPERTY[name]:
            self._problem("property_too_long", name)
        return value or ""

    def _day(self, name: str) -> date | None:
        raw = plain_text(self.properties.get(name))
        if raw is None:
            return None
        try:
            return date.fromisoformat(raw)
        except ValueError:
            self._problem("date_unreadable", raw)
            return None

    def _geometry(self) -> Polygon | MultiPolygon | None:
        geometry = self.feature.get("geometry")
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        if not isinstance(geometry, dict) or kind not in ("Polygon", "MultiPolygon"):
            self._problem("geometry_not_polygon", str(kind))
            return None
        raw = geometry.get("coordinates")
        raw_parts = [raw] if kind == "Polygon" else raw
        if not isinstance(raw_parts, list) or not raw_parts:
            self._problem("geometry_empty")
            return None
        parts = [self._part(rings) for rings in raw_parts]
        if self.problems:
            return None
        land = _as_land(unary_union([part for part in parts if part is not None]))
        if land.is_empty:
            self._problem("geometry_empty")
        return land

    def _part(self, rings: Any) -> BaseGeometry | None:
        if not isinstance(rings, list) or not rings:
            self._problem("geometry_empty")
            return None
        land = self._ring(rings[0], is_hole=False)
        for ring in rings[1:]:
            hole = self._ring(ring, is_hole=True)
            if land is None or hole is None:
                continue
            if hole.difference(land).area > LARGEST_LOOP_SHARE * hole.area:
                self._problem("hole_outside", ring=True)
            land = land.difference(hole)
        return land

    def _ring(self, raw: Any, *, is_hole: bool) -> BaseGeometry | None:
        self.ring_number += 1
        points = self._points(raw)
        if points is None:
            return None
        points = self._tidy(points)
        if len(set(points)) < LEAST_CORNERS:
            self._problem("ring_too_short", str(len(set(points))), ring=True)
            return None
        if (_signed_area(points) < 0) != is_hole:
            self._repair("turned")
        return self._mended(Polygon(points))

    def _points(self, raw: Any) -> Ring | None:
        if not isinstance(raw, list) or not raw:
            self._problem("ring_empty", ring=True)
            return None
        points = [read_point(pair) for pair in raw]
        if any(point is None for point in points):
            self._problem("coordinate_unreadable", ring=True)
            return None
        settled = [point for point in points if point is not None]
        outside = next((point for point in settled if range_problem(point)), None)
        if outside is not None:
            said = f"{outside[0]:.10g}, {outside[1]:.10g}"
            self._problem(range_problem(outside) or "", said, ring=True)
            return None
        return settled

    def _tidy(self, points: Ring) -> Ring:
        if points[0] != points[-1]:
            points = [*points, points[0]]
            self._repair("closed")
        kept = [points[0], *(after for before, after in pairwise(points) if after != before)]
        if len(kept) < len(points):
            self._repair("points_dropped", len(points) - len(kept))
        return kept

    def _mended(self, ring: Polygon) -> BaseGeometry | None:
        if ring.is_valid:
            return ring
        pieces = sorted(polygons_of(make_valid(ring)), key=lambda piece: piece.area, reverse=True)
        total = sum(piece.area for piece in pieces)
        if total <= 0:
            self._problem("ring_without_area", ring=True)
            return None
        if sum(piece.area for piece in pieces[1:]) > LARGEST_LOOP_SHARE * total:
            self._problem("ring_crosses_itself", _crossing(ring), ring=True)
            return None
        self._repair("loop_mended")
        return unary_union(pieces)


def _named_units(value: Any) -> tuple[NamedUnit, ...]:
    """Return the units that a list of objects names; what names none is left out."""
    entries = value if isinstance(value, list) else []
    named = [_named_unit(each, "code", "full_name") for each in entries if isinstance(each, dict)]
    return tuple(unit for unit in named if unit is not None)


def _named_unit(entry: Mapping[str, Any], code: str, title: str) -> NamedUnit | None:
    bearer = plain_text(entry.get(code))
    return NamedUnit(bearer, plain_text(entry.get(title)) or bearer) if bearer else None


def _signed_area(points: Sequence[tuple[float, float]]) -> float:
    """Return the shoelace area in square degrees: above zero when counter-clockwise."""
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(points)) / 2


def _crossing(ring: Polygon) -> str:
    """Return where a ring crosses itself, as "longitude, latitude"."""
    # Where a closed line is cut into pieces, four or more piece ends meet at each crossing.
    pieces = unary_union(ring.exterior)
    ends = Counter(
        point
        for line in getattr(pieces, "geoms", [pieces])
        for point in (line.coords[0], line.coords[-1])
    )
    (longitude, latitude), _count = ends.most_common(1)[0]
    return f"{longitude:.5f}, {latitude:.5f}"


def _as_land(geometry: BaseGeometry) -> Polygon | MultiPolygon:
    """Return polygons only, outlines counter-clockwise as RFC 7946 (section 3.1.6) wants."""
    pieces = [orient(piece) for piece in polygons_of(geometry)]
    return pieces[0] if len(pieces) == 1 else MultiPolygon(pieces)
