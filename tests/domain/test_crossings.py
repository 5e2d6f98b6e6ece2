"""The register's rules: which crossing a position is at, and what an entry may say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import somewhere
from webapp.domain import crossings as rules
from webapp.domain.crossings import Entry, Spot
from webapp.domain.geo import Position, distance_m

GOOD = Entry(code="LD-0001", latitude=11.61, longitude=109.03, chainage_m=1_397_250.0, width_m=3.0)


def test_the_nearest_within_reach_is_meant() -> None:
    spots = [Spot(1, somewhere(east_m=40)), Spot(2, somewhere(east_m=-25))]
    found = rules.nearest(somewhere(accuracy_m=5), spots)
    assert found is not None
    assert found.id == 2
    assert found.distance_m == pytest.approx(25, abs=0.5)


def test_of_two_at_the_same_spot_the_first_registered_is_meant() -> None:
    spots = [Spot(9, somewhere(east_m=10)), Spot(4, somewhere(east_m=10))]
    found = rules.nearest(somewhere(), spots)
    assert found is not None
    assert found.id == 4


def test_no_position_is_at_no_crossing() -> None:
    assert rules.nearest(Position(0.0, 0.0, 5), [Spot(1, Position(0.0, 0.0))]) is None


positions = st.builds(
    somewhere,
    east_m=st.floats(-400, 400),
    north_m=st.floats(-400, 400),
    accuracy_m=st.none() | st.floats(0, 5_000),
)


@given(positions, st.lists(positions, max_size=6))
def test_what_is_found_is_never_beyond_the_reach_and_nothing_nearer_is_left(
    here: Position, others: list[Position]
) -> None:
    spots = [Spot(number, other) for number, other in enumerate(others)]
    found = rules.nearest(here, spots)
    distances = [distance_m(here, other) for other in others]
    reached = [away_m for away_m in distances if away_m <= rules.reach_m(here)]
    assert (found is None) == (not reached)
    if found:
        assert found.distance_m == min(reached)
        assert found.distance_m <= rules.REACH_M + rules.MOST_DOUBT_M


def test_a_crossing_is_looked_up_by_its_category_or_on_a_railway() -> None:
    assert rules.is_looked_up("self_opened_crossing", is_on_railway=False)
    assert rules.is_looked_up("road_damage", is_on_railway=True)
    assert not rules.is_looked_up("road_damage", is_on_railway=False)


@pytest.mark.parametrize(
    ("category", "is_linked", "is_near_one", "is_asked"),
    [
        ("self_opened_crossing", False, False, True),
        ("self_opened_crossing", True, False, False),
        ("self_opened_crossing", False, True, False),
        ("corridor_encroachment", False, False, False),
    ],
)
def test_registration_is_asked_only_of_a_crossing_far_from_all(
    category: str, is_linked: bool, is_near_one: bool, is_asked: bool
) -> None:
    asked = rules.is_registration_asked(category, is_linked=is_linked, is_near_one=is_near_one)
    assert asked is is_asked


@pytest.mark.parametrize(
    ("latitude", "longitude", "code"),
    [
        (11.61, 109.03, None),
        (1_283_000.0, 588_000.0, "crossing_position_in_metres"),
        (109.03, 11.61, "crossing_axes_swapped"),
        (0.0, 0.0, "crossing_position_unusable"),
        (11.61, 139.0, "crossing_position_unusable"),
        (float("nan"), 109.0, "crossing_position_unusable"),
    ],
)
def test_a_position_that_is_none_says_why(
    latitude: float, longitude: float, code: str | None
) -> None:
    assert rules.position_problem(latitude, longitude) == code


@given(st.floats(*rules.LATITUDES), st.floats(*rules.LONGITUDES))
def test_swapped_axes_are_always_found_out(latitude: float, longitude: float) -> None:
    assert rules.position_problem(latitude, longitude) is None
    assert rules.position_problem(longitude, latitude) == "crossing_axes_swapped"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": ""}, "crossing_code_missing"),
        ({"code": "x" * 41}, "crossing_text_too_long"),
        ({"width_m": 0.0}, "crossing_width_not_positive"),
        ({"width_m": -2.5}, "crossing_width_not_positive"),
        ({"width_m": 300.0}, "crossing_width_too_large"),
        ({"chainage_m": -1.0}, "crossing_km_unreadable"),
        ({"surface": "mud"}, "crossing_surface_unknown"),
        ({"measures": ("guarded", "fence")}, "crossing_measures_unknown"),
        ({"state": "gone"}, "crossing_state_unknown"),
        ({"note": "x" * 2_001}, "crossing_text_too_long"),
    ],
)
def test_a_value_that_cannot_be_is_named(changes: dict[str, object], code: str) -> None:
    assert rules.problems_of(GOOD) == []
    found = rules.problems_of(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert [problem.code for problem in found] == [code]
