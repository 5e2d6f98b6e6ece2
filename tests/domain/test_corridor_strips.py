"""On which road or railway a position lies, and whose matter it is where several lie."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from webapp.domain.areas import distance_to_line_m
from webapp.domain.corridor_strips import LARGEST_DISC_M, Hit, Strip, StripIndex
from webapp.domain.geo import Position
from webapp.domain.linear_reference import METRES_A_DEGREE

SOUTH, WEST = 11.6, 109.0
SCALE_X = METRES_A_DEGREE * math.cos(math.radians(SOUTH))


def place(north_m: float, east_m: float = 0.0) -> Position:
    return Position(SOUTH + north_m / METRES_A_DEGREE, WEST + east_m / SCALE_X)


def strip(number: int, kind: str, half_width_m: float, *corners: tuple[float, float]) -> Strip:
    spots = [place(*corner) for corner in corners]
    return Strip(number, kind, half_width_m, [(spot.longitude, spot.latitude) for spot in spots])


# A road going north, and a railway that crosses it at 2,000 m and then runs 40 m beside it.
ROAD = strip(1, "national_road", 20, (0, 0), (10_000, 0))
RAIL = strip(2, "railway", 15, (2_000, -3_000), (2_000, 40), (10_000, 40))
LANE = strip(3, "local_road", 5, (6_000, -500), (6_000, 500))
INDEX = StripIndex([ROAD, RAIL, LANE])


def ids(hits: list[Hit]) -> list[int]:
    return [hit.strip.corridor_id for hit in hits]


def at(
    position: Position, accuracy_m: float | None = 0.0, category: str | None = None
) -> list[int]:
    return ids(INDEX.at(position, accuracy_m, category))


def test_on_its_half_width_a_position_lies_on_the_road_and_past_it_not() -> None:
    assert at(place(500, 19.9)) == [1]
    assert at(place(500, -20.1)) == []
    assert at(place(500, -20.1), None) == []


def test_a_disc_that_touches_the_strip_lies_on_it() -> None:
    assert at(place(500, -29), 10) == [1]
    assert at(place(500, -31), 10) == []


def test_a_coarse_fix_does_not_put_half_the_district_on_the_road() -> None:
    beside = 20 + LARGEST_DISC_M
    assert at(place(500, -beside + 1), 3_000) == [1]
    assert at(place(500, -beside - 1), 3_000) == []


def test_where_rail_and_road_meet_a_self_opened_crossing_is_the_railways() -> None:
    assert at(place(2_000, 1), 10, "self_opened_crossing") == [2, 1]


@pytest.mark.parametrize("category", ["road_damage", "congestion", "illegal_parking"])
def test_where_rail_and_road_meet_the_carriageway_is_the_roads(category: str) -> None:
    assert at(place(2_000, 18), 10, category) == [1, 2]


def test_a_misfit_still_counts_where_there_is_nothing_else() -> None:
    assert at(place(2_000, -800), 10, "road_damage") == [2]
    assert at(place(500), 10, "self_opened_crossing") == [1]


@pytest.mark.parametrize("category", ["corridor_encroachment", "poor_visibility", "other", None])
def test_between_rail_and_road_the_line_nearer_in_half_widths_wins(category: str | None) -> None:
    # 22 m from the road's middle (1.1 half-widths), 18 m from the railway's (1.2).
    assert at(place(5_000, 22), 10, category) == [1, 2]
    assert at(place(5_000, 24), 10, category) == [2, 1]


def test_ten_metres_off_weigh_more_beside_a_lane_than_beside_a_national_road() -> None:
    assert at(place(6_004, 10), 0) == [1, 3]
    assert at(place(6_001, 10), 0) == [3, 1]


def test_at_the_very_same_distance_the_weightier_class_wins() -> None:
    twin = [
        strip(n, kind, 10, (0, 0), (100, 0))
        for n, kind in enumerate(("local_road", "provincial_road", "railway", "national_road"))
    ]
    assert ids(StripIndex(twin).at(place(50), 5)) == [2, 3, 1, 0]


def test_without_a_line_or_a_usable_position_nothing_is_found() -> None:
    assert StripIndex([]).at(place(0), 10) == []
    assert at(Position(0, 0), 10) == []


@given(
    north_m=st.floats(-200, 10_200),
    east_m=st.floats(-200, 200),
    accuracy_m=st.floats(0, 100),
)
def test_the_index_finds_what_asking_every_line_finds(
    north_m: float, east_m: float, accuracy_m: float
) -> None:
    position = place(north_m, east_m)
    found = {hit.strip.corridor_id: hit.distance_m for hit in INDEX.at(position, accuracy_m)}
    for one in (ROAD, RAIL, LANE):
        exact_m = distance_to_line_m(
            position.longitude, position.latitude, LineString(one.line.points)
        )
        reach_m = one.half_width_m + min(accuracy_m, LARGEST_DISC_M)
        if abs(exact_m - reach_m) > 1e-6:
            assert (one.corridor_id in found) == (exact_m < reach_m)
        if one.corridor_id in found:
            assert found[one.corridor_id] == pytest.approx(exact_m, abs=1e-6)


@given(north_m=st.floats(0, 10_000), category=st.sampled_from(["other", "road_damage", None]))
def test_the_order_in_which_lines_were_entered_changes_nothing(
    north_m: float, category: str | None
) -> None:
    turned = StripIndex([LANE, RAIL, ROAD])
    position = place(north_m, 15)
    assert ids(turned.at(position, 20, category)) == at(position, 20, category)
