"""Positions, distances, cells and land."""

import math
from typing import Any

import h3
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.geo import (
    EARTH_RADIUS_M,
    METRES_A_DEGREE,
    WIDEST_REACH_M,
    Land,
    LandIndex,
    Position,
    cell_of,
    cells_within,
    distance_m,
    is_usable,
)

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
positions = st.builds(Position, latitudes, longitudes)
# The district and its sea: where cells are asked for.
near_latitudes = st.floats(11.4, 11.9)
near_longitudes = st.floats(108.8, 109.3)


def test_zeros_are_not_a_position() -> None:
    assert not is_usable(0.0, 0.0)
    assert not is_usable(-0.0, 1e-9)


def test_one_zero_alone_may_be_a_position() -> None:
    assert is_usable(0.0, 109.0)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (None, 109.0),
        (11.6, None),
        (math.nan, 109.0),
        (11.6, math.inf),
        (90.001, 109.0),
        (11.6, -180.001),
    ],
)
def test_missing_endless_and_far_out_numbers_are_not_a_position(
    latitude: float | None, longitude: float | None
) -> None:
    assert not is_usable(latitude, longitude)


def test_a_degree_of_latitude_is_a_360th_of_the_meridian() -> None:
    degree_m = distance_m(Position(11, 109), Position(12, 109))
    assert degree_m == pytest.approx(math.pi * EARTH_RADIUS_M / 180, rel=1e-12)


def test_hanoi_to_saigon_is_what_other_tools_say() -> None:
    # 1137.9 km on the mean sphere by an independent formula, the law of cosines.
    hanoi, saigon = Position(21.0278, 105.8342), Position(10.7769, 106.7009)
    lat_a, lat_b = math.radians(hanoi.latitude), math.radians(saigon.latitude)
    turn = math.radians(saigon.longitude - hanoi.longitude)
    cosine = math.sin(lat_a) * math.sin(lat_b) + math.cos(lat_a) * math.cos(lat_b) * math.cos(turn)
    assert distance_m(hanoi, saigon) == pytest.approx(EARTH_RADIUS_M * math.acos(cosine), rel=1e-9)
    assert distance_m(hanoi, saigon) == pytest.approx(1_143_600, rel=0.006)


def test_fifty_metres_are_fifty_metres() -> None:
    # On the ellipsoid 0.00045 degrees of latitude at 11.6° N are 49.77 m.
    assert distance_m(Position(11.6, 109), Position(11.60045, 109)) == pytest.approx(49.9, abs=0.3)


@given(positions, positions)
def test_distance_is_the_same_both_ways_and_at_most_half_the_globe(
    a: Position, b: Position
) -> None:
    there, back = distance_m(a, b), distance_m(b, a)
    assert there == pytest.approx(back, rel=1e-9, abs=1e-6)
    assert 0 <= there <= math.pi * EARTH_RADIUS_M * (1 + 1e-12)


@given(positions)
def test_a_point_is_no_distance_from_itself(a: Position) -> None:
    assert distance_m(a, a) == 0


def test_a_cell_is_an_h3_cell_of_resolution_10() -> None:
    assert h3.get_resolution(cell_of(11.6, 109.0)) == 10


@given(
    near_latitudes,
    near_longitudes,
    st.floats(0, 400),
    st.floats(0, 2 * math.pi),
    st.floats(0, 1),
)
def test_every_point_of_a_disc_lies_in_one_of_its_cells(
    latitude: float, longitude: float, radius_m: float, bearing: float, share: float
) -> None:
    away = math.degrees(radius_m * share * 0.999 / EARTH_RADIUS_M)
    there_latitude = latitude + away * math.cos(bearing)
    there_longitude = longitude + away * math.sin(bearing) / math.cos(math.radians(latitude))
    there = Position(there_latitude, there_longitude)
    if distance_m(Position(latitude, longitude), there) <= radius_m:
        assert cell_of(there_latitude, there_longitude) in cells_within(
            latitude, longitude, radius_m
        )


@given(positions)
def test_no_corner_of_a_cell_is_farther_from_its_middle_than_is_taken_for_sure(a: Position) -> None:
    cell = cell_of(a.latitude, a.longitude)
    middle = Position(*h3.cell_to_latlng(cell))
    corners = [Position(*corner) for corner in h3.cell_to_boundary(cell)]
    assert max(distance_m(middle, corner) for corner in corners) < WIDEST_REACH_M * 2 / 3


@given(near_latitudes, near_longitudes, st.floats(0, 600))
def test_the_cells_are_those_whose_circle_meets_the_disc(
    latitude: float, longitude: float, radius_m: float
) -> None:
    here, own_cell = Position(latitude, longitude), cell_of(latitude, longitude)

    def meets(cell: str) -> bool:
        middle = Position(*h3.cell_to_latlng(cell))
        corners = [Position(*corner) for corner in h3.cell_to_boundary(cell)]
        reach_m = max(distance_m(middle, corner) for corner in corners)
        return distance_m(here, middle) <= radius_m + reach_m

    meeting = {cell for cell in h3.grid_disk(own_cell, 8) if meets(cell)}
    assert set(cells_within(latitude, longitude, radius_m)) == meeting | {own_cell}


@given(near_latitudes, near_longitudes)
def test_the_cells_of_fifty_metres_are_few_and_sorted(latitude: float, longitude: float) -> None:
    cells = cells_within(latitude, longitude, 50)
    assert cells == sorted(set(cells))
    assert 1 <= len(cells) <= 7


def _row_of_squares(count: int) -> list[Land]:
    return [
        Land(unit_id, shapely.box(109 + unit_id / 10, 11.5, 109.1 + unit_id / 10, 11.7))
        for unit_id in range(1, count + 1)
    ]


SQUARES = _row_of_squares(4)
SQUARE_INDEX = LandIndex(SQUARES)


def test_a_point_inside_a_land_belongs_to_its_unit() -> None:
    assert SQUARE_INDEX.unit_at(11.6, 109.25) == 2


def test_a_point_outside_every_land_belongs_to_nobody() -> None:
    assert SQUARE_INDEX.unit_at(11.6, 108.9) is None
    assert SQUARE_INDEX.unit_at(0.0, 0.0) is None


def test_without_any_land_a_point_belongs_to_nobody() -> None:
    assert LandIndex([]).unit_at(11.6, 109.25) is None


def test_a_hole_in_a_land_belongs_to_whoever_fills_it() -> None:
    hole = shapely.box(109.04, 11.54, 109.06, 11.56)
    around = shapely.box(109, 11.5, 109.1, 11.6).difference(hole)
    index = LandIndex([Land(1, around), Land(2, hole)])
    assert index.unit_at(11.55, 109.05) == 2
    assert index.unit_at(11.51, 109.05) == 1


def test_where_lands_overlap_the_smallest_unit_id_wins_in_any_order() -> None:
    lands = [Land(9, shapely.box(109, 11, 110, 12)), Land(3, shapely.box(109, 11, 110, 12))]
    assert LandIndex(lands).unit_at(11.5, 109.5) == 3
    assert LandIndex(reversed(lands)).unit_at(11.5, 109.5) == 3


@given(st.integers(1, 3), st.floats(11.5, 11.7))
def test_a_point_on_a_shared_border_belongs_to_exactly_one_neighbour(
    left: int, latitude: float
) -> None:
    longitude = SQUARES[left - 1].geometry.bounds[2]
    assert SQUARE_INDEX.unit_at(latitude, longitude) == left


triangles = st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9))


@given(triangles, st.floats(0, 1), st.integers(0, 3))
def test_a_point_on_a_slanting_border_belongs_to_one_of_the_two(
    middle: tuple[float, float], share: float, side: int
) -> None:
    corners = [(109.0, 11.0), (110.0, 11.0), (110.0, 12.0), (109.0, 12.0)]
    apex = (109.0 + middle[0], 11.0 + middle[1])
    index = LandIndex(
        Land(number, shapely.Polygon([corners[number], corners[(number + 1) % 4], apex]))
        for number in range(4)
    )
    foot = corners[side]
    longitude = foot[0] + share * (apex[0] - foot[0])
    latitude = foot[1] + share * (apex[1] - foot[1])
    assert index.unit_at(latitude, longitude) in range(4)


def test_a_slit_that_rounding_left_between_two_lands_belongs_to_one_of_them() -> None:
    left = shapely.box(109, 11, 109.5, 12)
    right = shapely.box(109.5 + 1e-7, 11, 110, 12)
    assert LandIndex([Land(1, left), Land(2, right)]).unit_at(11.5, 109.5 + 5e-8) == 1


def test_a_real_gap_between_two_lands_belongs_to_nobody() -> None:
    left = shapely.box(109, 11, 109.5, 12)
    right = shapely.box(109.501, 11, 110, 12)
    assert LandIndex([Land(1, left), Land(2, right)]).unit_at(11.5, 109.5005) is None


# ── Discs ────────────────────────────────────────────────────────────────────────────────────


@given(
    triangles,
    st.floats(11.001, 11.999),
    st.floats(109.001, 109.999),
    st.floats(10, 20_000),
    st.integers(0, 2**32 - 1),
)
def test_shares_of_a_disc_are_what_throwing_darts_at_it_says(
    middle: tuple[float, float], latitude: float, longitude: float, radius_m: float, seed: int
) -> None:
    corners = [(109.0, 11.0), (110.0, 11.0), (110.0, 12.0), (109.0, 12.0)]
    apex = (109.0 + middle[0], 11.0 + middle[1])
    lands = [
        Land(number, shapely.Polygon([corners[number], corners[(number + 1) % 4], apex]))
        for number in range(4)
    ]
    centre = Position(latitude, longitude)
    shares = dict(LandIndex(lands).shares_of(centre, radius_m))
    darts = _darts(centre, radius_m, np.random.default_rng(seed))
    hits = np.array([shapely.contains_xy(land.geometry, darts).sum() for land in lands])
    for number, hit in enumerate(hits):
        expected = shares.get(number, 0.0)
        # Five standard errors, and the corners that a disc of 64 has.
        slack = 5 * math.sqrt(max(expected * (1 - expected), 0.001) / hits.sum()) + 0.001
        assert hit / hits.sum() == pytest.approx(expected, abs=slack)


def _darts(centre: Position, radius_m: float, chance: np.random.Generator) -> Any:
    """Return 2,000 points in longitude and latitude, spread evenly over a disc."""
    turn, away = chance.uniform(0, 2 * math.pi, 2_000), np.sqrt(chance.uniform(0, 1, 2_000))
    degrees = radius_m / METRES_A_DEGREE
    east = degrees * away * np.cos(turn) / math.cos(math.radians(centre.latitude))
    return np.column_stack(
        [centre.longitude + east, centre.latitude + degrees * away * np.sin(turn)]
    )


def test_a_disc_has_the_size_that_the_sphere_gives_it() -> None:
    # A land whose edge lies exactly as far away as the disc reaches, to each side.
    for north_m, east_m in ((100, 0), (-100, 0), (0, 100), (0, -100)):
        north = 11.6 + north_m / METRES_A_DEGREE
        east = 109.05 + east_m / (METRES_A_DEGREE * math.cos(math.radians(11.6)))
        edge = distance_m(Position(11.6, 109.05), Position(north, east))
        assert edge == pytest.approx(100, rel=1e-4)
        far = shapely.box(east - 0.0001, north - 0.0001, east + 0.0001, north + 0.0001)
        index = LandIndex([Land(1, shapely.box(109, 11, 110, 12)), Land(2, far)])
        touched = [unit_id for unit_id, _share in index.shares_of(Position(11.6, 109.05), 100)]
        assert touched == [1, 2]
        out_of_reach = index.shares_of(Position(11.6, 109.05), 100 - 11.5)
        assert [unit_id for unit_id, _share in out_of_reach] == [1]


def test_a_disc_that_ends_a_hands_breadth_before_two_lands_touches_neither() -> None:
    south_edge = 11.5
    centre = Position(south_edge - 100.5 / METRES_A_DEGREE, 109.2)
    assert SQUARE_INDEX.shares_of(centre, 100) == []
    assert len(SQUARE_INDEX.shares_of(centre, 101)) == 2


def test_the_nearest_land_is_told_with_its_metres() -> None:
    centre = Position(11.6, 108.999)
    unit_id, away_m = SQUARE_INDEX.nearest_to(centre, within_m=20_000) or (0, 0.0)
    assert unit_id == 1
    assert away_m == pytest.approx(distance_m(centre, Position(11.6, 109.1)), rel=1e-4)
    assert SQUARE_INDEX.nearest_to(centre, within_m=away_m - 1) is None


def test_a_disc_at_the_pole_touches_nothing_of_ours() -> None:
    assert SQUARE_INDEX.shares_of(Position(90, 109), 1_000) == []
    assert SQUARE_INDEX.nearest_to(Position(-90, 109), within_m=200) is None
