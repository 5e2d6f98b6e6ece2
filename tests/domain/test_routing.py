"""How surely a position lies on whose land: discs, borders, shores, and lands that overlap."""

import math
from dataclasses import replace

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.geo import METRES_A_DEGREE, Land, LandIndex, Position
from webapp.domain.routing import (
    LEAST_CLEAR_SHARE,
    MOST_RADIUS_M,
    NEAR_OUTSIDE_M,
    OUTSIDE,
    UNPLACED,
    Ground,
    LandShare,
    ground_of,
    set_by_person,
)

# Two communes side by side, 0.1 degree wide and high; the border runs along this meridian.
SOUTH, NORTH, BORDER = 11.6, 11.7, 109.1
MIDDLE = 11.65
WEST_LAND = Land(1, shapely.box(109.0, SOUTH, BORDER, NORTH))
EAST_LAND = Land(2, shapely.box(BORDER, SOUTH, 109.2, NORTH))
INDEX = LandIndex([WEST_LAND, EAST_LAND])

METRES_A_DEGREE_EAST = METRES_A_DEGREE * math.cos(math.radians(MIDDLE))


def east_of_border(metres: float, accuracy_m: float | None = 10.0) -> Position:
    return Position(MIDDLE, BORDER + metres / METRES_A_DEGREE_EAST, accuracy_m)


def south_of_land(metres: float, accuracy_m: float | None = 10.0) -> Position:
    return Position(SOUTH - metres / METRES_A_DEGREE, 109.05, accuracy_m)


def share_beyond(distance: float, radius: float) -> float:
    """The part of a disc beyond a straight line: a circular segment, by the school's formula."""
    angle = 2 * math.acos(distance / radius)
    return (angle - math.sin(angle)) / (2 * math.pi)


def test_a_disc_within_one_commune_is_clear() -> None:
    assert ground_of(INDEX, east_of_border(500)) == Ground("clear", (LandShare(2, 1.0),), 0.0, 2)


@pytest.mark.parametrize("metres", [-19, -12, -3, 3, 12, 19])
def test_a_disc_across_a_border_is_shared_as_geometry_says(metres: float) -> None:
    ground = ground_of(INDEX, east_of_border(metres, 20.0))
    smaller = share_beyond(abs(metres), 20.0)
    assert [each.share for each in ground.shares] == pytest.approx(
        [1 - smaller, smaller], abs=0.001
    )
    assert ground.commune_id == (2 if metres > 0 else 1)
    assert ground.neighbour_ids == ((1,) if metres > 0 else (2,))


def test_a_largest_share_under_four_fifths_is_straddling() -> None:
    # A segment of a fifth of the disc begins 0.4919 of the radius from the centre.
    assert share_beyond(0.4919, 1.0) == pytest.approx(1 - LEAST_CLEAR_SHARE, abs=0.0001)
    assert ground_of(INDEX, east_of_border(100 * 0.485, 100)).certainty == "straddling"
    assert ground_of(INDEX, east_of_border(100 * 0.499, 100)).certainty == "clear"


def test_a_clear_disc_names_the_neighbour_that_it_touches_all_the_same() -> None:
    ground = ground_of(INDEX, east_of_border(8))
    assert (ground.certainty, ground.is_border) == ("clear", False)
    assert ground.touched_ids == (2, 1)


def test_the_sea_takes_no_share_away() -> None:
    ground = ground_of(INDEX, south_of_land(-5, 20))
    assert (ground.certainty, ground.shares) == ("clear", (LandShare(1, 1.0),))


@pytest.mark.parametrize("metres", [0.5, 50, NEAR_OUTSIDE_M - 1])
def test_up_to_200_metres_outside_the_nearest_commune_gets_it_flagged(metres: float) -> None:
    ground = ground_of(INDEX, south_of_land(metres))
    assert (ground.certainty, ground.commune_id) == ("near_outside", 1)
    assert ground.is_border
    assert ground.distance_m == pytest.approx(metres, rel=0.001)


def test_beyond_200_metres_it_is_nobodys() -> None:
    assert ground_of(INDEX, south_of_land(NEAR_OUTSIDE_M + 1)) == OUTSIDE
    # Not even when the phone errs by so much that the disc reaches the land.
    assert ground_of(INDEX, south_of_land(NEAR_OUTSIDE_M + 1, 900)) == OUTSIDE


def test_off_the_shore_the_nearest_commune_counts_not_the_larger_share() -> None:
    cape = Land(1, shapely.box(109.0999, SOUTH, BORDER, NORTH))
    coast = Land(2, shapely.box(BORDER, SOUTH + 0.0002, 109.2, NORTH))
    ground = ground_of(LandIndex([cape, coast]), Position(SOUTH - 0.0001, BORDER - 1e-6, 80))
    assert (ground.certainty, ground.commune_id) == ("near_outside", 1)
    assert ground.shares[0].unit_id == 2
    assert ground.neighbour_ids == (2,)


def test_off_the_shore_at_a_border_the_smaller_id_counts() -> None:
    ground = ground_of(INDEX, Position(SOUTH - 0.0005, BORDER, 5))
    assert (ground.certainty, ground.commune_id) == ("near_outside", 1)


@pytest.mark.parametrize(
    "position", [Position(0, 0), Position(math.nan, 109), Position(91, 109), Position(11, -181)]
)
def test_what_is_no_position_is_unplaced(position: Position) -> None:
    assert ground_of(INDEX, position) == UNPLACED


def test_without_any_land_every_position_is_outside() -> None:
    assert ground_of(LandIndex([]), east_of_border(0)) == OUTSIDE


@pytest.mark.parametrize("accuracy_m", [None, 0.0, -5.0, math.nan, 30.0])
def test_an_accuracy_that_nobody_knows_counts_as_that_of_a_camera(
    accuracy_m: float | None,
) -> None:
    ground = ground_of(INDEX, east_of_border(10, accuracy_m))
    assert ground == ground_of(INDEX, east_of_border(10, 30.0))


def test_an_accuracy_finer_than_the_boundaries_counts_as_a_metre() -> None:
    assert ground_of(INDEX, east_of_border(0.5, 1e-9)) == ground_of(INDEX, east_of_border(0.5, 1))


@pytest.mark.parametrize("accuracy_m", [MOST_RADIUS_M + 1, 25_000, 1e9, math.inf])
def test_a_monstrous_accuracy_is_cut_and_always_confirmed_by_a_person(accuracy_m: float) -> None:
    inside = ground_of(INDEX, east_of_border(3_000, accuracy_m))
    assert (inside.certainty, inside.shares) == ("straddling", (LandShare(2, 1.0),))
    near = ground_of(INDEX, east_of_border(500, accuracy_m))
    assert near.shares == ground_of(INDEX, east_of_border(500, MOST_RADIUS_M)).shares


def test_where_two_communes_claim_the_same_ground_it_is_straddling_and_the_smaller_id_counts() -> (
    None
):
    index = LandIndex([replace(EAST_LAND, unit_id=9), replace(EAST_LAND, unit_id=3)])
    ground = ground_of(index, east_of_border(2_000))
    assert ground == Ground("straddling", (LandShare(3, 0.5), LandShare(9, 0.5)), 0.0, 3)


def test_a_spot_on_claimed_ground_is_straddling_however_small_that_ground_is() -> None:
    # The second commune claims a strip of 2 m around the very spot: a fiftieth of the disc.
    strip = shapely.box(BORDER + 0.01 - 1e-5, SOUTH, BORDER + 0.01 + 1e-5, NORTH)
    index = LandIndex([EAST_LAND, Land(7, strip)])
    ground = ground_of(index, Position(MIDDLE, BORDER + 0.01, 70))
    assert ground.shares[0].share > LEAST_CLEAR_SHARE
    assert (ground.certainty, ground.commune_id) == ("straddling", 2)


def test_a_slit_that_rounding_left_between_two_lands_is_no_outside() -> None:
    apart = LandIndex([WEST_LAND, Land(2, shapely.box(BORDER + 1e-7, SOUTH, 109.2, NORTH))])
    ground = ground_of(apart, Position(MIDDLE, BORDER + 5e-8, 10))
    assert (ground.certainty, ground.commune_id) == ("straddling", 1)


def test_what_a_person_set_goes_before_any_map() -> None:
    ground = set_by_person(3)
    assert (ground.certainty, ground.commune_id, ground.touched_ids) == ("set_by_person", 3, (3,))
    assert not ground.is_border


accuracies = st.none() | st.floats(-1, 3_000)
positions = st.builds(
    Position, st.floats(SOUTH - 0.005, NORTH + 0.005), st.floats(108.995, 109.205), accuracies
)
# Slanting lands that leave no gap: four triangles around a point.
apexes = st.tuples(st.floats(109.01, 109.19), st.floats(SOUTH + 0.01, NORTH - 0.01))


def around(apex: tuple[float, float]) -> list[Land]:
    corners = [(109.0, SOUTH), (109.2, SOUTH), (109.2, NORTH), (109.0, NORTH)]
    return [
        Land(number + 1, shapely.Polygon([corners[number], corners[(number + 1) % 4], apex]))
        for number in range(4)
    ]


@given(positions, apexes)
def test_every_ground_is_of_one_piece(position: Position, apex: tuple[float, float]) -> None:
    ground = ground_of(LandIndex(around(apex)), position)
    shares = [each.share for each in ground.shares]
    assert shares == sorted(shares, reverse=True)
    assert not shares or sum(shares) == pytest.approx(1)
    assert all(0 < share <= 1 for share in shares)
    assert len(set(ground.touched_ids)) == len(ground.touched_ids)
    assert (ground.commune_id is None) == (ground.certainty == "outside")
    assert (ground.distance_m is None) == (ground.certainty == "outside")
    if ground.certainty == "clear":
        assert shares[0] >= LEAST_CLEAR_SHARE
        assert ground.shares[0].unit_id == ground.commune_id
    if ground.certainty == "near_outside":
        assert 0 < ground.distance_m <= NEAR_OUTSIDE_M


@given(positions, apexes, st.permutations(range(4)))
def test_the_order_in_which_lands_come_changes_nothing(
    position: Position, apex: tuple[float, float], order: list[int]
) -> None:
    lands = around(apex)
    shuffled = [lands[number] for number in order]
    assert ground_of(LandIndex(lands), position) == ground_of(LandIndex(shuffled), position)


@given(positions, apexes)
def test_a_better_fix_never_touches_more_land(
    position: Position, apex: tuple[float, float]
) -> None:
    index = LandIndex(around(apex))
    coarse = ground_of(index, replace(position, accuracy_m=400.0))
    fine = ground_of(index, replace(position, accuracy_m=4.0))
    assert set(fine.touched_ids) <= set(coarse.touched_ids) | {fine.commune_id}
    assert fine.distance_m == coarse.distance_m
