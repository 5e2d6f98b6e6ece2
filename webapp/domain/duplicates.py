"""Which open case a report may belong to: so far by kind, unit and distance alone."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from webapp.domain.casework import is_open
from webapp.domain.geo import Position, distance_m

# Two phones with a perfect fix still stand some 25 m apart when they photograph the same
# market stall from either side of the road.
LEAST_LIMIT_M = 25.0
# Further apart than this lie different shop fronts, however bad the fix.
GREATEST_LIMIT_M = 50.0
# Beyond this a fix comes from a cell tower and names a quarter, not a spot.
WORST_ACCURACY_M = 200.0


@dataclass(frozen=True)
class Candidate:
    """A case near enough to be looked at; ``position`` is its place's."""

    case_id: int
    place_id: int
    category_code: str
    position: Position
    opened_at: datetime
    status: str
    unit_id: int


@dataclass(frozen=True)
class Nearest:
    """The nearest candidate that qualifies, and how far it is."""

    candidate: Candidate
    distance_m: float


def attach_limit_m(accuracy_m: float | None) -> float | None:
    """Return how far a case may be to take a report: min(50, max(25, accuracy)) metres.

    None means that the report attaches to no case, for its accuracy is unknown or above 200 m.
    """
    if accuracy_m is None or not math.isfinite(accuracy_m) or accuracy_m < 0:
        return None
    if accuracy_m > WORST_ACCURACY_M:
        return None
    return min(GREATEST_LIMIT_M, max(LEAST_LIMIT_M, accuracy_m))


def nearest_candidate(
    position: Position, category_code: str, unit_id: int, candidates: Iterable[Candidate]
) -> Nearest | None:
    """Return the nearest open case of the same category and unit; the older one on a tie.

    Two communes cannot share one case, so what lies across a border is never a candidate.
    """
    qualified = [
        Nearest(candidate, distance_m(position, candidate.position))
        for candidate in candidates
        if is_open(candidate.status)
        and candidate.category_code == category_code
        and candidate.unit_id == unit_id
    ]
    return min(
        qualified,
        key=lambda nearest: (nearest.distance_m, nearest.candidate.case_id),
        default=None,
    )
