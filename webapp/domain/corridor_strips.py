"""On which road or railway a position lies: strips of land along lines, found fast.

A strip is a line with its half-width on both sides. A position lies on it when its disc touches
it. Where strips of several lines hold one position, ``rank`` says whose matter it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from webapp.domain.geo import Position, is_usable
from webapp.domain.linear_reference import (
    Chainage,
    MeasuredLine,
    Post,
    PostedLine,
    Spot,
    box_around,
)

RAILWAY = "railway"

# Classes by the weight of the line, where nothing else decides.
KINDS = (RAILWAY, "national_road", "provincial_road", "local_road")

# A phone in the open is right to 5-20 m, beside a wall to 50 m. A coarser fix (Wi-Fi, a mast)
# says too little to put anything on a strip that is 30 m wide.
LARGEST_DISC_M = 50.0

# What exists only where there are rails, and what exists only where vehicles drive. Anything
# else (a wall on the strip, hidden view) may belong to either.
RAIL_CATEGORIES = frozenset({"self_opened_crossing"})
ROAD_CATEGORIES = frozenset(
    {
        "pavement_encroachment",
        "road_damage",
        "illegal_parking",
        "congestion",
        "overloaded_vehicle",
    }
)


class Strip:
    """One corridor as geometry: its class, half-width and line with kilometre posts."""

    def __init__(
        self,
        corridor_id: int,
        kind: str,
        half_width_m: float,
        points: Sequence[Sequence[float]],
        posts: Sequence[Post] = (),
    ) -> None:
        """Measure the line and tie the posts to it.

        Raises:
            ValueError: the line has one vertex, or the posts are out of order along it.
        """
        self.corridor_id = corridor_id
        self.kind = kind
        self.half_width_m = half_width_m
        self.line = MeasuredLine(points)
        self.posted = PostedLine(self.line, posts)


@dataclass(frozen=True)
class Hit:
    """A strip near a position, and the point of its middle line that is nearest."""

    strip: Strip
    spot: Spot

    @property
    def distance_m(self) -> float:
        """Return how far the middle line is, in metres."""
        return self.spot.distance_m

    def chainage_at(self, position: Position, accuracy_m: float | None) -> Chainage | None:
        """Return the chainage of the position that was asked for; None on a line without posts."""
        return self.strip.posted.chainage_at(position, accuracy_m, self.spot)

    @property
    def relative_distance(self) -> float:
        """Return the distance in half-widths: up to 1 on the strip itself."""
        return self.distance_m / self.strip.half_width_m


class StripIndex:
    """Answers which strips lie at a position, for the corridors that hold on one day."""

    def __init__(self, strips: Iterable[Strip]) -> None:
        """Index the strips piece by piece, for a line's own box may cover a whole district."""
        self._strips = list(strips)
        pieces = [
            (number, shapely.LineString([start, end]))
            for number, strip in enumerate(self._strips)
            for start, end in pairwise(strip.line.points.tolist())
        ]
        self._owners = np.asarray([number for number, _piece in pieces], dtype=np.intp)
        self._tree = shapely.STRtree([piece for _number, piece in pieces])
        self._widest_m = max((strip.half_width_m for strip in self._strips), default=0.0)

    def at(
        self, position: Position, accuracy_m: float | None, category_code: str | None = None
    ) -> list[Hit]:
        """Return the strips that the disc of a position touches, the one that counts first.

        Of the accuracy at most ``LARGEST_DISC_M`` counts. For the order see ``rank``.
        """
        disc_m = min(accuracy_m or 0.0, LARGEST_DISC_M)
        near = self.within(position, self._widest_m + disc_m)
        hits = [hit for hit in near if hit.distance_m <= hit.strip.half_width_m + disc_m]
        return rank(hits, category_code)

    def within(self, position: Position, reach_m: float) -> list[Hit]:
        """Return the strips whose middle line is no farther than so many metres, nearest first."""
        if not is_usable(position.latitude, position.longitude):
            return []
        touched = self._tree.query(box_around(position, reach_m))
        strips = [self._strips[number] for number in np.unique(self._owners[touched]).tolist()]
        near = [(strip, strip.line.nearest_within(position, reach_m)) for strip in strips]
        hits = [Hit(strip, spot) for strip, spot in near if spot is not None]
        return sorted(hits, key=lambda hit: (hit.distance_m, hit.strip.corridor_id))


def rank(hits: Iterable[Hit], category_code: str | None = None) -> list[Hit]:
    """Order strips that hold one position: the first one is whose matter it is.

    1. What only rails can have goes to the railway, what only a carriageway can have to a road
       (``RAIL_CATEGORIES``, ``ROAD_CATEGORIES``), where there is one at all.
    2. Else the line whose middle is nearest, counted in half-widths: ten metres are the verge of
       a national road and already the neighbour's field beside a lane.
    3. At the very same distance the weightier class (``KINDS``), then the older entry.
    """
    return sorted(hits, key=lambda hit: (_is_misfit(hit, category_code), *_nearness(hit)))


def _is_misfit(hit: Hit, category_code: str | None) -> bool:
    is_rail = hit.strip.kind == RAILWAY
    if category_code in RAIL_CATEGORIES:
        return not is_rail
    return category_code in ROAD_CATEGORIES and is_rail


def _nearness(hit: Hit) -> tuple[float, int, int]:
    return hit.relative_distance, KINDS.index(hit.strip.kind), hit.strip.corridor_id
