"""Corridor files: read a GeoJSON of roads and railways, or refuse it and say all that is wrong."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any, TypeAlias

from shapely import MultiLineString, line_merge

from webapp.domain.corridor_strips import KINDS
from webapp.domain.errors import InvalidInput
from webapp.domain.geojson import is_number, plain_text, range_problem, read_point
from webapp.domain.linear_reference import (
    KILOMETRE_M,
    LEAST_POSTS,
    MeasuredLine,
    Post,
    is_monotone,
    parse_chainage,
    placed_along,
    say_chainage,
)

Points: TypeAlias = tuple[tuple[float, float], ...]

LONGEST_PROPERTY = {"code": 32, "name": 120, "authority": 120, "authority_name": 120}

# No road has land that wide; who writes 20000 meant millimetres, or the whole width in feet.
LARGEST_HALF_WIDTH_M = 500.0

# A post stands on the verge, some 20 m from the middle, and a hand-held receiver errs by as much
# again. Farther off it belongs to another line, unless the file itself says it is less sure.
LARGEST_POST_OFFSET_M = 100.0

# How well a line's course is known, and whether that makes it a sketch.
CONFIDENCES = {"surveyed": False, "high": False, "medium": True, "low": True}

LEAST_POINTS = 2


@dataclass(frozen=True)
class LineProblem:
    """Why a corridor cannot be taken: ``code`` says what, ``line`` names whose it is."""

    code: str
    line: str
    detail: str = ""


@dataclass(frozen=True)
class DrawnCorridor:
    """One corridor of a file: WGS 84 degrees, posts in the order of the line.

    ``authority`` is a unit's code or name, ``authority_name`` what to call it when it has to be
    made; ``is_schematic`` is None when the file does not say.
    """

    code: str
    name: str
    kind: str
    half_width_m: float
    points: Points
    posts: tuple[Post, ...] = ()
    authority: str | None = None
    authority_name: str | None = None
    valid_to: date | None = None
    is_schematic: bool | None = None

    def as_geojson(self) -> dict[str, Any]:
        """Return the geometry as GeoJSON, made of plain lists."""
        return {"type": "LineString", "coordinates": [list(point) for point in self.points]}


def read_corridors(text: str) -> tuple[DrawnCorridor, ...]:
    """Read a FeatureCollection of lines (WGS 84), with kilometre posts.

    A line has the properties code, name, kind (one of ``KINDS``) and half_width_m, and may have
    authority, authority_name, valid_to, is_schematic, confidence (one of ``CONFIDENCES``) and
    posts: ``[{"km": 1535.2, "lon": …, "lat": …, "accuracy_m": 30}]``. A post may as well be a
    Point feature with the properties corridor (the line's code), km and accuracy_m. A kilometre
    is a number, or words such as "Km1535+200". A MultiLineString whose parts meet end to end is
    taken as the one line that they make.

    Raises:
        InvalidInput: ``corridors_not_json``, ``corridors_not_collection``, ``corridors_empty``,
            ``corridors_no_line``; or ``corridors_refused`` with ``details['problems']``, a tuple
            of every ``LineProblem`` in the file.
    """
    features = [_Feature(raw, number) for number, raw in enumerate(_features(text), start=1)]
    points = [feature for feature in features if feature.geometry_type == "Point"]
    lines = [feature for feature in features if feature.geometry_type != "Point"]
    if not lines:
        raise InvalidInput("corridors_no_line")
    drawn = [line for line in (feature.read_line() for feature in lines) if line is not None]
    loose, problems = _loose_posts(points, {line.code for line in lines})
    drawn = [replace(line, posts=(*line.posts, *loose[line.code])) for line in drawn]
    problems += [problem for feature in features for problem in feature.problems]
    problems += _repeated_codes(drawn)
    problems += [problem for line in drawn for problem in post_problems(line)]
    if problems:
        raise InvalidInput("corridors_refused", problems=tuple(problems))
    return tuple(_in_order(line) for line in drawn)


def post_problems(line: DrawnCorridor) -> list[LineProblem]:
    """Say what is wrong with a line's posts: alone, too far off, or out of order."""
    if not line.posts:
        return []
    if len(line.posts) < LEAST_POSTS:
        return [LineProblem("post_alone", line.name)]
    measured = MeasuredLine(line.points)
    offsets = [(measured.nearest(post.position).distance_m, post) for post in line.posts]
    off = [
        LineProblem("post_off_line", line.name, f"{_said(post)} ({offset_m:.0f} m)")
        for offset_m, post in offsets
        if offset_m > max(LARGEST_POST_OFFSET_M, post.accuracy_m or 0.0)
    ]
    if off:
        return off
    placed = placed_along(measured, line.posts)
    said = ", ".join(_said(post) for _measure, post in placed)
    return [] if is_monotone(placed) else [LineProblem("posts_not_rising", line.name, said)]


def _said(post: Post) -> str:
    return say_chainage(post.chainage_m)


def _in_order(line: DrawnCorridor) -> DrawnCorridor:
    if not line.posts:
        return line
    placed = placed_along(MeasuredLine(line.points), line.posts)
    return replace(line, posts=tuple(post for _measure, post in placed))


def _features(text: str) -> list[Any]:
    if not text.strip("\ufeff \t\r\n"):
        raise InvalidInput("corridors_empty")
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise InvalidInput("corridors_not_json") from None
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise InvalidInput("corridors_not_collection")
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise InvalidInput("corridors_empty")
    return features


def _loose_posts(
    points: Sequence["_Feature"], codes: set[str | None]
) -> tuple[defaultdict[str, list[Post]], list[LineProblem]]:
    """Gather the posts that are features of their own, by the code of their line."""
    found: defaultdict[str, list[Post]] = defaultdict(list)
    strangers: list[LineProblem] = []
    for feature in points:
        code, post = feature.read_post()
        if code is None or code not in codes:
            strangers.append(LineProblem("post_without_line", feature.title, code or ""))
        elif post is not None:
            found[code].append(post)
    return found, strangers


def _repeated_codes(lines: Iterable[DrawnCorridor]) -> list[LineProblem]:
    lines = list(lines)
    counts = Counter(line.code for line in lines)
    return [
        LineProblem("code_repeated", line.name, line.code)
        for line in lines
        if counts[line.code] > 1
    ]


class _Feature:
    """Reads one feature and gathers why it could not be taken."""

    def __init__(self, raw: Any, number: int) -> None:
        feature: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
        self.properties = _mapping(feature.get("properties"))
        self.geometry = _mapping(feature.get("geometry"))
        self.geometry_type = self.geometry.get("type")
        self.code = plain_text(self.properties.get("code"))
        self.title = plain_text(self.properties.get("name")) or self.code or f"#{number}"
        self.problems: list[LineProblem] = []

    def read_line(self) -> DrawnCorridor | None:
        """Return the corridor; ``problems`` says why there is none."""
        texts = {name: self._text_of(name) for name in LONGEST_PROPERTY}
        for name in ("code", "name"):
            if not texts[name]:
                self._problem("property_missing", name)
        kind, half_width_m = self._kind(), self._half_width()
        valid_to, is_schematic = self._valid_to(), self._is_schematic()
        points, posts = self._points(), self._posts()
        if self.problems:
            return None
        return DrawnCorridor(
            code=texts["code"] or "",
            name=texts["name"] or "",
            kind=kind,
            half_width_m=half_width_m,
            points=points,
            posts=posts,
            authority=texts["authority"],
            authority_name=texts["authority_name"],
            valid_to=valid_to,
            is_schematic=is_schematic,
        )

    def read_post(self) -> tuple[str | None, Post | None]:
        """Return the code of the line that a Point feature stands on, and the post."""
        pair = self.geometry.get("coordinates")
        corners = pair[:2] if isinstance(pair, list) else []
        longitude, latitude = corners if len(corners) == LEAST_POINTS else (None, None)
        return self._text_of("corridor"), self._post(
            {**self.properties, "lon": longitude, "lat": latitude}
        )

    def _problem(self, code: str, detail: str = "") -> None:
        self.problems.append(LineProblem(code, self.title, detail))

    def _text_of(self, name: str) -> str | None:
        value = plain_text(self.properties.get(name))
        if value is not None and len(value) > LONGEST_PROPERTY.get(name, len(value)):
            self._problem("property_too_long", name)
        return value

    def _kind(self) -> str:
        kind = self._text_of("kind") or ""
        if kind not in KINDS:
            self._problem("kind_unknown", kind or "–")
        return kind

    def _half_width(self) -> float:
        raw = self.properties.get("half_width_m")
        if not is_number(raw) or not 0 < float(raw or 0) <= LARGEST_HALF_WIDTH_M:
            self._problem("half_width_out_of_range", str(raw))
            return 0.0
        return float(raw or 0)

    def _valid_to(self) -> date | None:
        raw = self._text_of("valid_to")
        try:
            return date.fromisoformat(raw) if raw else None
        except ValueError:
            self._problem("date_unreadable", raw or "")
            return None

    def _is_schematic(self) -> bool | None:
        stated = self.properties.get("is_schematic")
        if isinstance(stated, bool):
            return stated
        confidence = self._text_of("confidence")
        if confidence is not None and confidence not in CONFIDENCES:
            self._problem("confidence_unknown", confidence)
        return CONFIDENCES.get(confidence or "")

    def _points(self) -> Points:
        raw, kind = self.geometry.get("coordinates"), self.geometry_type
        if kind not in ("LineString", "MultiLineString"):
            self._problem("geometry_not_line", str(kind))
            return ()
        raw_parts = raw if kind == "MultiLineString" else [raw]
        if not isinstance(raw_parts, list) or not raw_parts:
            self._problem("line_too_short")
            return ()
        parts = [self._part(part) for part in raw_parts]
        return () if self.problems else self._joined(parts)

    def _part(self, raw: Any) -> Points:
        points = [read_point(pair) for pair in raw] if isinstance(raw, list) else []
        settled = [point for point in points if point is not None]
        if len(settled) < len(points):
            self._problem("coordinate_unreadable")
            return ()
        outside = next((point for point in settled if range_problem(point)), None)
        if outside is not None:
            said = f"{outside[0]:.10g}, {outside[1]:.10g}"
            self._problem(range_problem(outside) or "", said)
            return ()
        line = (*settled[:1], *(after for before, after in pairwise(settled) if after != before))
        if len(line) < LEAST_POINTS:
            self._problem("line_too_short")
        return line

    def _joined(self, parts: list[Points]) -> Points:
        if len(parts) == 1:
            return parts[0]
        merged = line_merge(MultiLineString(parts))
        if merged.geom_type != "LineString":
            self._problem("line_broken", str(len(merged.geoms)))
            return ()
        return tuple((float(x), float(y)) for x, y in merged.coords)

    def _posts(self) -> tuple[Post, ...]:
        raw = self.properties.get("posts", [])
        if not isinstance(raw, list):
            self._problem("posts_not_list")
            return ()
        posts = [self._post(_mapping(one)) for one in raw]
        return tuple(post for post in posts if post is not None)

    def _post(self, raw: Mapping[str, Any]) -> Post | None:
        chainage_m, point = _chainage(raw.get("km")), read_point([raw.get("lon"), raw.get("lat")])
        accuracy_m = raw.get("accuracy_m")
        is_accuracy = accuracy_m is None or (is_number(accuracy_m) and accuracy_m >= 0)
        if chainage_m is None or point is None or not is_accuracy:
            self._problem("post_unreadable", str(raw.get("km")))
            return None
        problem = range_problem(point)
        if problem:
            self._problem(problem, f"{point[0]:.10g}, {point[1]:.10g}")
            return None
        accuracy = None if accuracy_m is None else float(accuracy_m)
        return Post(chainage_m, point[1], point[0], accuracy)


def _chainage(raw: Any) -> float | None:
    """Return metres from kilometre 0, given a number of kilometres or words."""
    if is_number(raw):
        return round(float(raw) * KILOMETRE_M, 3) if raw >= 0 else None
    try:
        return parse_chainage(raw) if isinstance(raw, str) else None
    except InvalidInput:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
