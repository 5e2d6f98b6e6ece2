"""Kilometres along a line: between posts, beyond them, falling, in words and back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.errors import InvalidInput
from webapp.domain.geo import Position
from webapp.domain.linear_reference import (
    METRES_A_DEGREE,
    UNKNOWN_POST_ACCURACY_M,
    MeasuredLine,
    Post,
    PostedLine,
    parse_chainage,
    say_chainage,
    say_chainage_in_words,
)

SOUTH, WEST = 11.6, 109.0
SCALE_X = METRES_A_DEGREE * math.cos(math.radians(SOUTH))

# Metres along a line of 10 km, and beside it.
ways = st.floats(0, 10_000)
accuracies = st.floats(0, 200)


def place(north_m: float, east_m: float = 0.0) -> Position:
    """A place so many metres north and east of the line's beginning."""
    return Position(SOUTH + north_m / METRES_A_DEGREE, WEST + east_m / SCALE_X)


def line(*corners: tuple[float, float]) -> MeasuredLine:
    """A line by its corners in metres north and east."""
    spots = [place(*corner) for corner in corners]
    return MeasuredLine([(spot.longitude, spot.latitude) for spot in spots])


def post(chainage_m: float, north_m: float, accuracy_m: float | None = 0.0) -> Post:
    spot = place(north_m)
    return Post(chainage_m, spot.latitude, spot.longitude, accuracy_m)


NORTHWARD = line((0, 0), (4_000, 0), (10_000, 0))
RISING = PostedLine(NORTHWARD, [post(1_530_000, 0), post(1_536_000, 6_000), post(1_540_000, 1e4)])
FALLING = PostedLine(NORTHWARD, [post(1_540_000, 0), post(1_530_000, 10_000)])


def value(posted: PostedLine, position: Position, accuracy_m: float = 0.0) -> float:
    found = posted.chainage_at(position, accuracy_m)
    assert found is not None
    return found.value_m


def doubt(posted: PostedLine, position: Position, accuracy_m: float = 0.0) -> float:
    found = posted.chainage_at(position, accuracy_m)
    assert found is not None
    return found.accuracy_m


def test_the_nearest_point_is_named_by_metres_along_and_beside_the_line() -> None:
    spot = NORTHWARD.nearest(place(5_200, 30))
    assert spot.measure_m == pytest.approx(5_200, abs=0.1)
    assert spot.distance_m == pytest.approx(30, abs=0.05)


def test_before_its_beginning_and_past_its_end_the_ends_of_a_line_are_nearest() -> None:
    assert NORTHWARD.nearest(place(-500)).measure_m == 0
    assert NORTHWARD.nearest(place(10_400)).measure_m == pytest.approx(NORTHWARD.length_m)
    assert NORTHWARD.nearest(place(10_400)).distance_m == pytest.approx(400, rel=1e-3)


def test_a_line_needs_two_vertices() -> None:
    with pytest.raises(ValueError, match="two vertices"):
        MeasuredLine([(109.0, 11.6)])


def test_between_posts_the_chainage_is_interpolated() -> None:
    assert value(RISING, place(5_200, 12)) == pytest.approx(1_535_200, abs=1)


@given(way=ways)
def test_descending_kilometres_mirror_ascending_ones(way: float) -> None:
    falling, rising = value(FALLING, place(way)), value(RISING, place(way))
    assert falling - 1_530_000 == pytest.approx(1_540_000 - rising, abs=2)


@given(one=ways, other=ways)
def test_who_is_farther_along_the_line_has_the_larger_chainage(one: float, other: float) -> None:
    near, far = sorted((one, other))
    assert value(RISING, place(near)) <= value(RISING, place(far)) + 1e-6


@given(at=st.sampled_from([0.0, 6_000.0, 10_000.0]), side=st.floats(-40, 40))
def test_abreast_of_a_post_its_own_chainage_is_answered(at: float, side: float) -> None:
    assert value(RISING, place(at, side)) == pytest.approx(1_530_000 + at, abs=1)


@given(way=ways, less=accuracies, more=accuracies)
def test_a_worse_position_is_never_a_surer_chainage(way: float, less: float, more: float) -> None:
    less, more = sorted((less, more))
    assert doubt(RISING, place(way), less) <= doubt(RISING, place(way), more) + 0.05 * more + 1e-6


@given(way=ways, accuracy_m=accuracies)
def test_the_doubt_is_never_below_the_posts_own(way: float, accuracy_m: float) -> None:
    known = PostedLine(NORTHWARD, [post(0, 0, 30.0), post(10_000, 10_000, 80.0)])
    assert doubt(known, place(way), accuracy_m) >= 30.0 + 50.0 * way / 10_000 - 1


def test_on_a_straight_stretch_the_position_errs_by_its_own_radius() -> None:
    assert doubt(RISING, place(5_000, 20), 50.0) == pytest.approx(50, rel=0.01)


def test_inside_a_bend_a_small_error_across_becomes_a_large_one_along() -> None:
    bend = line((0, 0), (1_000, 0), (1_000, 1_000))
    posted = PostedLine(bend, [post(0, 0), Post(2_000, *_spot(1_000, 1_000), 0.0)])
    # As far from one arm as from the other, 300 m inside the corner.
    assert doubt(posted, place(700, 300), 30.0) > 300


def _spot(north_m: float, east_m: float) -> tuple[float, float]:
    spot = place(north_m, east_m)
    return spot.latitude, spot.longitude


def test_beyond_the_last_post_kilometres_go_on_with_growing_doubt() -> None:
    posted = PostedLine(NORTHWARD, [post(1_530_000, 2_000, 10.0), post(1_532_000, 4_000, 10.0)])
    assert value(posted, place(9_000)) == pytest.approx(1_537_000, abs=2)
    assert value(posted, place(500)) == pytest.approx(1_528_500, abs=2)
    doubts = [doubt(posted, place(way)) for way in (4_000, 5_000, 9_000)]
    assert doubts == pytest.approx([10, 30, 110], abs=1)


def test_a_line_drawn_too_short_is_surest_at_its_posts() -> None:
    posted = PostedLine(NORTHWARD, [post(0, 0), post(10_800, 10_000)])
    assert doubt(posted, place(5_000)) == pytest.approx(400, abs=2)
    assert doubt(posted, place(10_000)) == pytest.approx(0, abs=2)


def test_before_kilometre_zero_there_is_no_less_than_zero() -> None:
    posted = PostedLine(NORTHWARD, [post(0, 3_000), post(5_000, 8_000)])
    assert value(posted, place(0)) == 0
    assert doubt(posted, place(0)) >= 60


@pytest.mark.parametrize("posts", [[], [post(1_530_000, 0)]])
def test_a_line_without_two_posts_has_no_chainage(posts: list[Post]) -> None:
    posted = PostedLine(NORTHWARD, posts)
    assert not posted.has_chainage
    assert posted.chainage_at(place(100), 10) is None
    with pytest.raises(ValueError, match="no kilometre posts"):
        posted.chainage_of_measure(100)


@pytest.mark.parametrize(
    "posts",
    [
        [post(0, 0), post(2_000, 1_000), post(1_000, 2_000)],
        [post(0, 500), post(1_000, 500)],
        [post(1_000, 0), post(1_000, 1_000)],
    ],
)
def test_posts_out_of_order_are_an_error(posts: list[Post]) -> None:
    with pytest.raises(ValueError, match="out of order"):
        PostedLine(NORTHWARD, posts)


def test_a_post_of_unknown_accuracy_is_known_to_the_nearest_stake() -> None:
    posted = PostedLine(NORTHWARD, [post(0, 0, None), post(10_000, 10_000, None)])
    assert doubt(posted, place(5_000)) == pytest.approx(UNKNOWN_POST_ACCURACY_M, rel=0.01)


@pytest.mark.parametrize(
    ("chainage_m", "accuracy_m", "said"),
    [
        (1_535_200, 50, "Km1535+200 ±50"),
        (1_535_204, 50, "Km1535+200 ±50"),
        (1_535_204, 12, "Km1535+204 ±12"),
        (1_397_250, None, "Km1397+250"),
        (0, None, "Km0+000"),
        (999.6, None, "Km1+000"),
        (1_535_248, 431, "Km1535+200 ±440"),
        (1_535_248, 1_310, "Km1535+200 ±1,4 km"),
        (12_007, 3.2, "Km12+007 ±4"),
    ],
)
def test_a_chainage_is_said_as_precisely_as_it_is_known(
    chainage_m: float, accuracy_m: float | None, said: str
) -> None:
    assert say_chainage(chainage_m, accuracy_m) == said


@pytest.mark.parametrize(
    ("accuracy_m", "said"),
    [
        (5, "Km1535+250"),
        (60, "Km1535+250"),
        (400, "Km1535+200"),
        (1_000, "Km1535"),
        (9e5, "Km1535"),
    ],
)
def test_an_address_says_fewer_digits_and_no_doubt(accuracy_m: float, said: str) -> None:
    assert say_chainage_in_words(1_535_246, accuracy_m) == said


@pytest.mark.parametrize("chainage_m", [-1, math.nan, math.inf])
def test_what_is_no_chainage_is_not_said(chainage_m: float) -> None:
    with pytest.raises(ValueError, match="below zero"):
        say_chainage(chainage_m)


@pytest.mark.parametrize(
    ("text", "chainage_m"),
    [
        ("Km1397+250", 1_397_250),
        (" km 1397 + 250 ", 1_397_250),
        ("1397+250", 1_397_250),
        ("Km1397", 1_397_000),
        ("KM1397+25,5m", 1_397_025.5),
        ("Km1535+200 ±50", 1_535_200),
    ],
)
def test_a_chainage_is_read_as_people_write_it(text: str, chainage_m: float) -> None:
    assert parse_chainage(text) == chainage_m


@pytest.mark.parametrize(
    "text", ["", "Km", "1397250", "Km1397+2500", "Km-3", "QL1A", "Km1,5", "+2"]
)
def test_what_may_mean_something_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_chainage(text)
    assert refused.value.code == "chainage_unreadable"


@given(chainage_m=st.floats(0, 9_000_000), accuracy_m=st.none() | st.floats(0, 5_000))
def test_what_was_said_reads_back_within_what_it_promised(
    chainage_m: float, accuracy_m: float | None
) -> None:
    read_m = parse_chainage(say_chainage(chainage_m, accuracy_m))
    assert abs(read_m - chainage_m) <= max(0.5, (accuracy_m or 0.0) / 2)


@given(metre=st.integers(0, 9_999_999))
def test_every_whole_metre_survives_being_said_and_read(metre: int) -> None:
    assert parse_chainage(say_chainage(metre)) == metre
