"""Which road or railway a position lies on, by day, and at which kilometre."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.servers.counting import SqlCounter
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Corridor, KilometrePost
from webapp.services import corridors
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

TODAY = date(2026, 11, 22)
# One thousandth of a degree of latitude is 111 m.
ON_THE_ROAD = Position(11.65, 109.0, 10.0)
MEETING = Position(11.64, 109.0, 10.0)


def make_line(
    code: str = "QL1A",
    name: str = "Quốc lộ 1A",
    points: tuple[tuple[float, float], ...] = ((109.0, 11.6), (109.0, 11.7)),
    posts: tuple[tuple[float, float, float], ...] = (),
    post_accuracy_m: float = 30.0,
    **values: Any,
) -> Corridor:
    """Write a line and its posts (kilometre, longitude, latitude)."""
    with transaction() as work:
        line = Corridor(
            **{
                "code": code,
                "name": name,
                "kind": "national_road",
                "half_width_m": 20,
                "geometry": {"type": "LineString", "coordinates": [list(at) for at in points]},
                "valid_from": date(2024, 1, 1),
                **values,
            }
        )
        work.session.add(line)
        work.session.flush()
        for km, longitude, latitude in posts:
            work.session.add(
                KilometrePost(
                    corridor_id=line.id,
                    chainage_m=km * 1000,
                    longitude=longitude,
                    latitude=latitude,
                    accuracy_m=post_accuracy_m,
                )
            )
    return line


def make_posted_road(accuracy_m: float = 30.0) -> Corridor:
    posts = ((1530, 109.0, 11.6), (1541.119, 109.0, 11.7))
    return make_line(posts=posts, post_accuracy_m=accuracy_m)


def make_railway() -> Corridor:
    return make_line(
        "DSTN",
        "Đường sắt Thống Nhất",
        ((108.98, 11.64), (109.02, 11.64)),
        kind="railway",
        half_width_m=15,
    )


def test_a_position_on_the_strip_is_told_by_line_and_kilometre() -> None:
    road = make_posted_road()
    located = corridors.locate(ON_THE_ROAD, 10.0, TODAY)
    assert located is not None
    assert located.corridor == road
    assert located.distance_m == pytest.approx(0, abs=0.1)
    assert located.chainage_m == pytest.approx(1_535_560, abs=2)
    assert located.chainage_accuracy_m == pytest.approx(31.6, abs=0.5)
    assert located.label == "QL1A Km1535+560 ±40"


def test_a_line_without_posts_has_no_kilometre() -> None:
    make_line()
    located = corridors.locate(ON_THE_ROAD, 10.0, TODAY)
    assert located is not None
    assert (located.chainage_m, located.chainage_accuracy_m) == (None, None)
    assert located.label == "QL1A"


def test_beside_the_strip_and_its_disc_nothing_is_located() -> None:
    make_line()
    assert corridors.locate(Position(11.65, 109.001), 10.0, TODAY) is None


def test_a_line_counts_only_on_its_days() -> None:
    make_line(valid_from=date(2024, 1, 1), valid_to=date(2025, 6, 30))
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2025, 6, 30), date(2025, 7, 1)]
    found = [corridors.locate(ON_THE_ROAD, 10.0, day) is not None for day in days]
    assert found == [False, True, True, False]


def test_where_rail_and_road_lie_at_one_spot_the_other_is_told_too() -> None:
    road, railway = make_posted_road(), make_railway()
    crossing = corridors.locate(MEETING, 10.0, TODAY, category_code="self_opened_crossing")
    pothole = corridors.locate(MEETING, 10.0, TODAY, category_code="road_damage")
    assert crossing is not None
    assert pothole is not None
    assert (crossing.corridor, [one.corridor for one in crossing.others]) == (railway, [road])
    assert (pothole.corridor, [one.corridor for one in pothole.others]) == (road, [railway])
    assert crossing.others[0].label.startswith("QL1A Km1534+")


def test_a_line_entered_later_is_found_at_once() -> None:
    assert corridors.locate(ON_THE_ROAD, 10.0, TODAY) is None
    road = make_line()
    located = corridors.locate(ON_THE_ROAD, 10.0, TODAY)
    assert located is not None
    assert located.label == "QL1A"
    _add_posts(road)
    located = corridors.locate(ON_THE_ROAD, 10.0, TODAY)
    assert located is not None
    assert located.label == "QL1A Km5+560 ±15"


def test_a_question_costs_two_statements(sql_counter: Callable[[], SqlCounter]) -> None:
    make_posted_road()
    corridors.locate(ON_THE_ROAD, 10.0, TODAY)
    db.session.expire_all()
    with sql_counter() as statements:
        corridors.locate(ON_THE_ROAD, 10.0, TODAY)
    assert len(statements) <= 2


def test_a_landmark_names_the_line_with_its_kilometre_or_its_distance() -> None:
    make_posted_road()
    said = [
        corridors.landmark(Position(11.65, 109.0 + east, 10.0), TODAY)
        for east in (0.0001, 0.0011, 0.02)
    ]
    assert said == [
        "trên Quốc lộ 1A, Km1535+560",
        "cách Quốc lộ 1A khoảng 120 m",
        None,
    ]


@pytest.mark.parametrize(
    ("accuracy_m", "words"),
    [
        (30.0, "trên Quốc lộ 1A, Km1535+560"),
        (150.0, "trên Quốc lộ 1A, khoảng Km1535+560"),
        (500.0, "trên Quốc lộ 1A, khoảng Km1535+600"),
        (2_000.0, "trên Quốc lộ 1A, khoảng Km1536"),
    ],
)
def test_an_address_is_no_surer_than_the_posts(accuracy_m: float, words: str) -> None:
    make_posted_road(accuracy_m)
    assert corridors.landmark(ON_THE_ROAD, TODAY) == words


def _add_posts(road: Corridor) -> None:
    with transaction() as work:
        for chainage_m, latitude in ((0.0, 11.6), (11_119.0, 11.7)):
            work.session.add(
                KilometrePost(
                    corridor_id=road.id,
                    chainage_m=chainage_m,
                    longitude=109.0,
                    latitude=latitude,
                    accuracy_m=10.0,
                )
            )
