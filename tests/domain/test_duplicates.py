"""How far a report may be from the case that takes it, and which case is nearest."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.duplicates import Candidate, attach_limit_m, nearest_candidate
from webapp.domain.geo import Position

HERE = Position(11.6500, 109.1000, 10.0)
OPENED = datetime(2026, 6, 18, tzinfo=UTC)


def candidate(
    case_id: int,
    *,
    north_m: float = 10.0,
    category: str = "road_damage",
    unit_id: int = 1,
    status: str = "new",
) -> Candidate:
    position = Position(HERE.latitude + north_m / 111_195, HERE.longitude)
    return Candidate(case_id, case_id + 100, category, position, OPENED, status, unit_id)


@pytest.mark.parametrize(
    ("accuracy_m", "limit_m"),
    [(0.0, 25.0), (8.0, 25.0), (25.0, 25.0), (37.5, 37.5), (50.0, 50.0), (200.0, 50.0)],
)
def test_the_limit_follows_the_accuracy_between_25_and_50_m(
    accuracy_m: float, limit_m: float
) -> None:
    assert attach_limit_m(accuracy_m) == limit_m


@pytest.mark.parametrize("accuracy_m", [None, 200.1, 5000.0, math.nan, math.inf, -1.0])
def test_an_unknown_or_coarse_accuracy_attaches_to_nothing(accuracy_m: float | None) -> None:
    assert attach_limit_m(accuracy_m) is None


@given(st.floats() | st.none())
def test_the_limit_never_leaves_25_to_50_m(accuracy_m: float | None) -> None:
    limit_m = attach_limit_m(accuracy_m)
    assert limit_m is None or 25 <= limit_m <= 50


def test_the_nearest_case_is_chosen() -> None:
    nearest = nearest_candidate(
        HERE, "road_damage", 1, [candidate(1, north_m=20), candidate(2, north_m=5)]
    )
    assert nearest is not None
    assert nearest.candidate.case_id == 2
    assert nearest.distance_m == pytest.approx(5, abs=0.01)


def test_of_two_cases_equally_near_the_older_one_is_chosen() -> None:
    nearest = nearest_candidate(HERE, "road_damage", 1, [candidate(7), candidate(3)])
    assert nearest is not None
    assert nearest.candidate.case_id == 3


@pytest.mark.parametrize(
    "other",
    [
        candidate(1, category="poor_visibility"),
        candidate(1, unit_id=2),
        candidate(1, status="resolved"),
        candidate(1, status="closed"),
        candidate(1, status="refused"),
    ],
)
def test_another_category_another_unit_or_a_case_that_is_over_does_not_count(
    other: Candidate,
) -> None:
    assert nearest_candidate(HERE, "road_damage", 1, [other]) is None


def test_a_case_that_waits_for_an_authority_is_still_open() -> None:
    waiting = candidate(1, status="awaiting_authority")
    assert nearest_candidate(HERE, "road_damage", 1, [waiting]) is not None
