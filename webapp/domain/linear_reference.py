"""Kilometres along a line: where a position lies between kilometre posts, and how surely.

A road or a railway is drawn as a line in degrees. Along it we measure metres as drawn; kilometre
posts tie that measure to the chainage, the official distance from kilometre 0. Between two posts
it is interpolated, beyond the last one it is continued with growing doubt.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from webapp.domain.errors import InvalidInput
from webapp.domain.geo import (
    ANTIMERIDIAN_DEGREES,
    EARTH_RADIUS_M,
    POLE_DEGREES,
    Position,
    distance_m,
)

Numbers: TypeAlias = NDArray[np.float64]

METRES_A_DEGREE = math.radians(1) * EARTH_RADIUS_M

# Two posts are the least that say which way the kilometres count.
LEAST_POSTS = 2

# Between kilometre posts stand stakes every 100 m (cọc H): whoever noted a post without saying
# how well is taken to have known it to the nearest stake.
UNKNOWN_POST_ACCURACY_M = 100.0

# A position without a stated accuracy: a pin set on a map by hand, some pixels of 2 m.
UNKNOWN_POSITION_ACCURACY_M = 10.0

# Beyond the posts nothing ties the drawn line to the real one. A line drawn with a vertex at
# every bend of 100 m is about this much shorter than the road itself.
LEAST_DRAWING_DOUBT = 0.02

# The rim of a position's disc is tried at so many points: the worst one is missed by at most
# 1 - cos(180° / 16), 2% of the radius.
RIM_POINTS = 16

KILOMETRE_M = 1_000

# What is said of a chainage follows its doubt: (doubt below this, step said), all in metres.
STEPS_SAID_M = ((20.0, 1), (200.0, 10), (math.inf, 100))

# An address is read by people on the road: single metres help nobody there.
LEAST_STEP_IN_WORDS_M = 10

# Keeps a division by the cosine of a pole's latitude finite.
LEAST_COSINE = 1e-9

# "Km" or "+" must be there: a bare number may as well be metres. No line of the country needs
# more than four digits (QL1A has 2,301 km).
_CHAINAGE = re.compile(
    r"(?=.*(?:km|\+))(?:km)?\s*(?P<km>\d{1,4})(?:\s*\+\s*(?P<metres>\d{1,3}(?:[.,]\d+)?))?"
    r"\s*m?\s*(?:±.*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Post:
    """A known spot and its distance from kilometre 0; ``accuracy_m`` is None when unknown."""

    chainage_m: float
    latitude: float
    longitude: float
    accuracy_m: float | None = None

    @property
    def position(self) -> Position:
        """Return where the post stands."""
        return Position(self.latitude, self.longitude)

    @property
    def doubt_m(self) -> float:
        """Return by how many metres the post's chainage may be wrong."""
        return UNKNOWN_POST_ACCURACY_M if self.accuracy_m is None else self.accuracy_m


@dataclass(frozen=True)
class Spot:
    """The point of a line nearest to a position: metres along the line, metres from it."""

    measure_m: float
    distance_m: float


@dataclass(frozen=True)
class Chainage:
    """A distance from kilometre 0 and by how much it may be wrong, both in metres."""

    value_m: float
    accuracy_m: float


class MeasuredLine:
    """A line in degrees that knows the metres along itself."""

    def __init__(self, points: Sequence[Sequence[float]]) -> None:
        """Measure a line.

        Args:
            points: longitude and latitude of each vertex, WGS 84; two different ones at least.

        Raises:
            ValueError: fewer than two vertices.
        """
        if len(points) < 2:  # noqa: PLR2004 - a line has two ends
            raise ValueError("a line needs two vertices")
        self.points: Numbers = np.asarray([point[:2] for point in points], dtype=np.float64)
        corners = [Position(latitude, longitude) for longitude, latitude in self.points.tolist()]
        self.lengths_m: Numbers = np.asarray([distance_m(a, b) for a, b in pairwise(corners)])
        self.starts_m: Numbers = np.concatenate([[0.0], np.cumsum(self.lengths_m)[:-1]])
        ends = np.stack([self.points[:-1], self.points[1:]], axis=1)
        self._tree = shapely.STRtree(shapely.linestrings(ends))

    @property
    def length_m(self) -> float:
        """Return the length as drawn, in metres."""
        return float(self.lengths_m.sum())

    def nearest(self, position: Position) -> Spot:
        """Return the point of the line nearest to a position, however far."""
        return self._spot(position, np.arange(len(self.lengths_m)))

    def nearest_within(self, position: Position, reach_m: float) -> Spot | None:
        """Return the nearest point where it is no farther than so many metres, else None.

        On a long line that is much faster than asking how far it is.
        """
        pieces = self._pieces(position, reach_m)
        spot = self._spot(position, pieces) if len(pieces) else None
        return spot if spot and spot.distance_m <= reach_m else None

    def spread_m(self, position: Position, radius_m: float, spot: Spot | None = None) -> float:
        """Return how far along the line the nearest point moves within a disc, in metres.

        On a straight stretch that is the radius. Inside a bend, or between two arms of a line,
        it is more: there a small error across the line becomes a large one along it.

        Args:
            position: the middle of the disc.
            radius_m: its radius, zero or more.
            spot: ``nearest(position)``, for whoever has it already.
        """
        if radius_m <= 0:
            return 0.0
        spot = spot or self.nearest(position)
        # From the rim the line is no farther than the radius more, seen from the middle two.
        pieces = self._pieces(position, spot.distance_m + 2 * radius_m)
        measures, _distances = self._nearest(_rim(position, radius_m), pieces)
        return float(np.max(np.abs(measures - spot.measure_m)))

    def _spot(self, position: Position, pieces: NDArray[np.intp]) -> Spot:
        here = np.asarray([[position.longitude, position.latitude]])
        measures, distances = self._nearest(here, pieces)
        return Spot(float(measures[0]), float(distances[0]))

    def _pieces(self, position: Position, reach_m: float) -> NDArray[np.intp]:
        return np.sort(self._tree.query(box_around(position, reach_m)))

    def _nearest(self, places: Numbers, pieces: NDArray[np.intp]) -> tuple[Numbers, Numbers]:
        """Return measures and distances, shape (places,), for places of shape (places, 2)."""
        # A plane tangent at the first place: distances near it are right to 0.6%, and places
        # that belong together lie near each other.
        scale = np.asarray(
            [METRES_A_DEGREE * math.cos(math.radians(places[0, 1])), METRES_A_DEGREE]
        )
        starts = (self.points[pieces] - places[0]) * scale
        ways = (self.points[pieces + 1] - places[0]) * scale - starts
        squares = np.maximum(np.einsum("ij,ij->i", ways, ways), np.finfo(np.float64).tiny)
        offsets = ((places - places[0]) * scale)[:, None, :] - starts[None, :, :]
        shares = np.clip(np.einsum("psi,si->ps", offsets, ways) / squares, 0.0, 1.0)
        gaps = np.linalg.norm(offsets - shares[:, :, None] * ways, axis=2)
        best, rows = np.argmin(gaps, axis=1), np.arange(len(places))
        measures = self.starts_m[pieces[best]] + shares[rows, best] * self.lengths_m[pieces[best]]
        return measures, gaps[rows, best]


class PostedLine:
    """A line with kilometre posts: answers the chainage of a position near it."""

    def __init__(self, line: MeasuredLine, posts: Sequence[Post]) -> None:
        """Tie posts to a line; with fewer than two of them it has no chainage.

        Raises:
            ValueError: the chainage neither rises nor falls all along the line.
        """
        self.line = line
        placed = placed_along(line, posts)
        if not is_monotone(placed):
            raise ValueError("kilometre posts out of order along the line")
        self._measures = [measure for measure, _post in placed]
        self._posts = [post for _measure, post in placed]

    @property
    def has_chainage(self) -> bool:
        """Tell whether there are posts enough to count kilometres by."""
        return len(self._posts) >= LEAST_POSTS

    def chainage_at(
        self, position: Position, accuracy_m: float | None = None, spot: Spot | None = None
    ) -> Chainage | None:
        """Return the chainage of a position and its doubt; None on a line without posts.

        The doubt is the root of the summed squares of what errs independently: how far the
        position may slide along the line (``MeasuredLine.spread_m``), how well the posts are
        known, and how badly the drawn line fits between them or goes on beyond them.

        Args:
            position: a place on or near the line.
            accuracy_m: radius of its 68% circle; the position's own when left out.
            spot: ``line.nearest(position)``, for whoever has it already.
        """
        if not self.has_chainage:
            return None
        radius_m = position.accuracy_m if accuracy_m is None else accuracy_m
        radius_m = UNKNOWN_POSITION_ACCURACY_M if radius_m is None else radius_m
        spot = spot or self.line.nearest(position)
        known = self.chainage_of_measure(spot.measure_m)
        slide_m = self.line.spread_m(position, radius_m, spot)
        return Chainage(known.value_m, math.hypot(known.accuracy_m, slide_m))

    def chainage_of_measure(self, measure_m: float) -> Chainage:
        """Return the chainage at so many metres along the line as drawn.

        Raises:
            ValueError: the line has fewer than two posts.
        """
        if not self.has_chainage:
            raise ValueError("no kilometre posts")
        after = int(np.clip(np.searchsorted(self._measures, measure_m), 1, len(self._posts) - 1))
        stretch = _Stretch(
            self._measures[after - 1],
            self._measures[after],
            self._posts[after - 1],
            self._posts[after],
        )
        return stretch.chainage_at(measure_m)


@dataclass(frozen=True)
class _Stretch:
    """The line between two neighbouring posts, and beyond them where there are no others."""

    start_m: float
    end_m: float
    first: Post
    last: Post

    @property
    def _span_m(self) -> float:
        return self.last.chainage_m - self.first.chainage_m

    @property
    def _mismatch_m(self) -> float:
        """Return by how much the drawn length differs from what the posts say."""
        return abs(abs(self._span_m) - (self.end_m - self.start_m))

    def chainage_at(self, measure_m: float) -> Chainage:
        if measure_m < self.start_m:
            return self._beyond(self.first, measure_m - self.start_m)
        if measure_m > self.end_m:
            return self._beyond(self.last, measure_m - self.end_m)
        share = (measure_m - self.start_m) / (self.end_m - self.start_m)
        posts_m = (1 - share) * self.first.doubt_m + share * self.last.doubt_m
        # At a post the mismatch is nothing, and half of it is the worst in the middle.
        drawing_m = self._mismatch_m * min(share, 1 - share)
        value_m = self.first.chainage_m + share * self._span_m
        return Chainage(value_m, math.hypot(posts_m, drawing_m))

    def _beyond(self, post: Post, way_m: float) -> Chainage:
        """Continue metre by metre past an end post; before kilometre 0 there is nothing."""
        value_m = post.chainage_m + math.copysign(1, self._span_m) * way_m
        doubt = max(LEAST_DRAWING_DOUBT, self._mismatch_m / (self.end_m - self.start_m))
        accuracy_m = post.doubt_m + doubt * abs(way_m)
        return Chainage(max(0.0, value_m), accuracy_m)


def placed_along(line: MeasuredLine, posts: Sequence[Post]) -> list[tuple[float, Post]]:
    """Return metres along the line and the post, in the order of the line."""
    placed = [(line.nearest(post.position).measure_m, post) for post in posts]
    return sorted(placed, key=lambda pair: (pair[0], pair[1].chainage_m))


def is_monotone(placed: Sequence[tuple[float, Post]]) -> bool:
    """Tell whether posts in the order of the line strictly rise, or strictly fall, all along.

    Args:
        placed: metres along the line and the post, sorted by the metres.
    """
    pairs = list(pairwise(placed))
    if any(after[0] <= before[0] for before, after in pairs):
        return False
    rises = [after[1].chainage_m - before[1].chainage_m for before, after in pairs]
    return all(rise > 0 for rise in rises) or all(rise < 0 for rise in rises)


def say_chainage(chainage_m: float, accuracy_m: float | None = None) -> str:
    """Say a distance from kilometre 0 as signs along the road do: "Km1535+200 ±50".

    No digit is said that the accuracy does not carry: from ±20 m on tens of metres are said,
    from ±200 m on hundreds. From a kilometre on the accuracy is said in kilometres. Without an
    accuracy the metre is said, as in a register.

    Raises:
        ValueError: below zero or not finite.
    """
    if not (math.isfinite(chainage_m) and chainage_m >= 0):
        raise ValueError("a chainage is not below zero")
    step_m = _step_said_m(accuracy_m)
    metres = round(chainage_m / step_m) * step_m
    said = f"Km{metres // KILOMETRE_M}+{metres % KILOMETRE_M:03d}"
    return said if accuracy_m is None else f"{said} ±{_say_doubt(accuracy_m)}"


def say_chainage_in_words(chainage_m: float, accuracy_m: float) -> str:
    """Say a distance from kilometre 0 for an address: "Km1535+200", "Km1535" when in great doubt.

    An address names no accuracy; instead it says tens of metres up to a doubt of 200 m, hundreds
    up to a kilometre, and then kilometres alone.
    """
    step_m = max(LEAST_STEP_IN_WORDS_M, _step_said_m(accuracy_m))
    if accuracy_m >= KILOMETRE_M:
        return f"Km{round(chainage_m / KILOMETRE_M)}"
    return say_chainage(round(chainage_m / step_m) * step_m)


def parse_chainage(text: str) -> float:
    """Read "Km1397+250", "km 1397 + 250", "1397+250" or "Km1397" into metres from kilometre 0.

    What stands behind a "±" is left out.

    Raises:
        InvalidInput: ``chainage_unreadable``, with the text.
    """
    found = _CHAINAGE.fullmatch(text.strip())
    if found is None:
        raise InvalidInput("chainage_unreadable", text=text.strip()[:40])
    metres = float((found["metres"] or "0").replace(",", "."))
    return int(found["km"]) * float(KILOMETRE_M) + metres


def _step_said_m(accuracy_m: float | None) -> int:
    return next(step for below, step in STEPS_SAID_M if (accuracy_m or 0.0) < below)


def _say_doubt(accuracy_m: float) -> str:
    """Say an accuracy, rounded up so that no more is promised than is known."""
    if accuracy_m >= KILOMETRE_M:
        return f"{math.ceil(accuracy_m / 100) / 10:.1f} km".replace(".", ",")
    step_m = 1 if _step_said_m(accuracy_m) == 1 else 10
    return str(math.ceil(accuracy_m / step_m) * step_m)


def box_around(position: Position, reach_m: float) -> shapely.Polygon:
    """Return a box in degrees that holds the disc around a position, with some to spare."""
    # 1% over the tangent plane's error; near a pole every longitude is within reach.
    north = 1.01 * reach_m / METRES_A_DEGREE
    narrowest = math.cos(math.radians(min(POLE_DEGREES, abs(position.latitude) + north)))
    east = min(2.0 * ANTIMERIDIAN_DEGREES, north / max(narrowest, LEAST_COSINE))
    return shapely.box(
        position.longitude - east,
        position.latitude - north,
        position.longitude + east,
        position.latitude + north,
    )


def _rim(position: Position, radius_m: float) -> Numbers:
    """Return points on the circle around a position, the position itself first."""
    angles = np.linspace(0.0, 2 * math.pi, RIM_POINTS, endpoint=False)
    scale_x = METRES_A_DEGREE * math.cos(math.radians(position.latitude))
    east, north = np.cos(angles) * radius_m / scale_x, np.sin(angles) * radius_m / METRES_A_DEGREE
    here: Any = [position.longitude, position.latitude]
    return np.vstack([here, np.column_stack([east, north]) + here])
