"""Corridor files: what is read, and every way in which one is refused by name."""

import json
from typing import Any

import pytest

from webapp.domain.corridor_files import DrawnCorridor, read_corridors
from webapp.domain.errors import InvalidInput
from webapp.domain.linear_reference import Post

COORDINATES = [[109.0, 11.6], [109.0, 11.65], [109.0, 11.7]]
POSTS = [
    {"km": 1530, "lon": 109.0, "lat": 11.6, "accuracy_m": 30},
    {"km": "Km1541+100", "lon": 109.0002, "lat": 11.7},
]


def line(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    """A road of 11 km; properties that are None are left out."""
    known = {"code": "QL1A", "name": "Quốc lộ 1A", "kind": "national_road", "half_width_m": 20}
    kept = {key: value for key, value in (known | properties).items() if value is not None}
    drawn = geometry or {"type": "LineString", "coordinates": COORDINATES}
    return {"type": "Feature", "properties": kept, "geometry": drawn}


def point(longitude: Any, latitude: Any, **properties: Any) -> dict[str, Any]:
    at = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "Feature", "properties": properties, "geometry": at}


def collection(*features: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def read(*features: Any) -> tuple[DrawnCorridor, ...]:
    return read_corridors(collection(*features))


def refusals(*features: Any) -> list[tuple[str, str, str]]:
    """What is wrong with a file: code, line and detail of each problem."""
    with pytest.raises(InvalidInput) as refused:
        read(*features)
    assert refused.value.code == "corridors_refused"
    problems: Any = refused.value.details["problems"]
    return [(problem.code, problem.line, problem.detail) for problem in problems]


def test_a_line_is_read_with_its_class_authority_and_posts() -> None:
    (found,) = read(line(authority="KQLDB3", posts=POSTS, valid_to="2030-12-31"))
    assert (found.code, found.kind, found.half_width_m) == ("QL1A", "national_road", 20)
    assert found.points == ((109.0, 11.6), (109.0, 11.65), (109.0, 11.7))
    assert found.posts == (
        Post(1_530_000, 11.6, 109.0, 30.0),
        Post(1_541_100, 11.7, 109.0002, None),
    )
    assert found.authority == "KQLDB3"
    assert str(found.valid_to) == "2030-12-31"


def test_posts_may_be_points_of_their_own_in_any_order() -> None:
    north = point(109.0, 11.7, corridor="QL1A", km=1541.1)
    south = point(109.0, 11.6, corridor="QL1A", km=1530, accuracy_m=30)
    (found,) = read(north, line(), south)
    assert [post.chainage_m for post in found.posts] == [1_530_000, 1_541_100]


def test_kilometres_may_fall_along_the_line() -> None:
    posts = [{**POSTS[0], "km": 1541.1}, {**POSTS[1], "km": 1530}]
    (found,) = read(line(posts=posts))
    assert [post.chainage_m for post in found.posts] == [1_541_100, 1_530_000]


@pytest.mark.parametrize(
    ("properties", "is_schematic"),
    [
        ({}, None),
        ({"is_schematic": False}, False),
        ({"confidence": "low"}, True),
        ({"confidence": "surveyed"}, False),
        ({"confidence": "surveyed", "is_schematic": True}, True),
    ],
)
def test_a_file_says_how_surely_a_line_is_known(
    properties: dict[str, Any], is_schematic: bool | None
) -> None:
    (found,) = read(line(**properties))
    assert found.is_schematic is is_schematic


def test_parts_that_meet_end_to_end_are_one_line() -> None:
    parts = [COORDINATES[1:], COORDINATES[:2]]
    (found,) = read(line({"type": "MultiLineString", "coordinates": parts}))
    assert found.points in (
        ((109.0, 11.6), (109.0, 11.65), (109.0, 11.7)),
        ((109.0, 11.7), (109.0, 11.65), (109.0, 11.6)),
    )


def test_parts_that_do_not_meet_are_refused() -> None:
    parts = [COORDINATES[:2], [[109.0, 11.66], [109.0, 11.7]]]
    broken = line({"type": "MultiLineString", "coordinates": parts})
    assert refusals(broken) == [("line_broken", "Quốc lộ 1A", "2")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "corridors_empty"),
        (" \n", "corridors_empty"),
        (collection(), "corridors_empty"),
        ("{tuyến}", "corridors_not_json"),
        ("[" * 200_000, "corridors_not_json"),
        ("[]", "corridors_not_collection"),
        (json.dumps(line()), "corridors_not_collection"),
        (collection(point(109.0, 11.6, corridor="QL1A", km=1)), "corridors_no_line"),
    ],
)
def test_a_file_that_is_no_corridor_file_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_corridors(text)
    assert refused.value.code == code


def _with_line(coordinates: Any) -> dict[str, Any]:
    return line({"type": "LineString", "coordinates": coordinates})


POLYGON = line({"type": "Polygon", "coordinates": [[[109, 11], [110, 11], [110, 12], [109, 11]]]})
FAR_POST = {**POSTS[1], "lon": 109.003}


@pytest.mark.parametrize(
    ("feature", "code", "detail"),
    [
        (line(code=None), "property_missing", "code"),
        (line(name=" "), "property_missing", "name"),
        (line(name="đ" * 121), "property_too_long", "name"),
        (line(kind="highway"), "kind_unknown", "highway"),
        (line(kind=None), "kind_unknown", "–"),
        (line(half_width_m=0), "half_width_out_of_range", "0"),
        (line(half_width_m=-12.5), "half_width_out_of_range", "-12.5"),
        (line(half_width_m="20"), "half_width_out_of_range", "20"),
        (line(half_width_m=True), "half_width_out_of_range", "True"),
        (line(half_width_m=20_000), "half_width_out_of_range", "20000"),
        (line(valid_to="30/6/2025"), "date_unreadable", "30/6/2025"),
        (line(confidence="sure"), "confidence_unknown", "sure"),
        (POLYGON, "geometry_not_line", "Polygon"),
        ({"type": "Feature", "properties": line()["properties"]}, "geometry_not_line", "None"),
        (_with_line([[109.0, 11.6]]), "line_too_short", ""),
        (_with_line([[109.0, 11.6], [109.0, 11.6]]), "line_too_short", ""),
        (_with_line([]), "line_too_short", ""),
        (_with_line([[109.0, 11.6], ["109", "11.7"]]), "coordinate_unreadable", ""),
        (
            _with_line([[580_000.0, 1_283_000.0], [580_500.0, 1_284_000.0]]),
            "projected_metres",
            "580000, 1283000",
        ),
        (_with_line([[11.6, 109.0], [11.7, 109.0]]), "axes_swapped", "11.6, 109"),
        (_with_line([[400.0, 11.6], [109.0, 11.7]]), "out_of_range", "400, 11.6"),
        (line(posts={}), "posts_not_list", ""),
        (line(posts=[{"lon": 109.0, "lat": 11.6}, POSTS[1]]), "post_unreadable", "None"),
        (line(posts=[{**POSTS[0], "km": -1}, POSTS[1]]), "post_unreadable", "-1"),
        (line(posts=[{**POSTS[0], "km": "hai"}, POSTS[1]]), "post_unreadable", "hai"),
        (line(posts=[{**POSTS[0], "accuracy_m": -5}, POSTS[1]]), "post_unreadable", "1530"),
        (line(posts=[{**POSTS[0], "lon": 11.6, "lat": 109.0}]), "axes_swapped", "11.6, 109"),
        (line(posts=POSTS[:1]), "post_alone", ""),
        (line(posts=[POSTS[0], FAR_POST]), "post_off_line", "Km1541+100 (327 m)"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused_by_name(
    feature: dict[str, Any], code: str, detail: str
) -> None:
    ((found, named, said),) = refusals(feature)
    assert (found, said) == (code, detail)
    assert named == (feature["properties"].get("name") or "").strip() or named == "QL1A"


def test_a_post_may_stand_as_far_off_as_it_says_itself() -> None:
    (found,) = read(line(posts=[POSTS[0], {**FAR_POST, "accuracy_m": 400}]))
    assert found.posts[1].accuracy_m == 400


def test_posts_that_turn_back_are_refused_in_the_order_of_the_line() -> None:
    middle = {"km": 1550, "lon": 109.0, "lat": 11.65}
    assert refusals(line(posts=[*POSTS, middle])) == [
        ("posts_not_rising", "Quốc lộ 1A", "Km1530+000, Km1550+000, Km1541+100")
    ]


def test_two_lines_of_one_code_are_both_named() -> None:
    found = refusals(line(), line(name="Quốc lộ 1"), line(code="DT704"))
    assert found == [
        ("code_repeated", "Quốc lộ 1A", "QL1A"),
        ("code_repeated", "Quốc lộ 1", "QL1A"),
    ]


def test_a_post_of_no_line_is_refused() -> None:
    stray = point(109.0, 11.6, corridor="QL27", km=3, name="Cọc 3")
    assert refusals(line(), stray) == [("post_without_line", "Cọc 3", "QL27")]


def test_every_problem_of_a_file_is_told_at_once() -> None:
    found = refusals(line(kind="lane", half_width_m=0), _with_line([[109.0, 11.6]]), None)
    assert [code for code, _line, _detail in found] == [
        "kind_unknown",
        "half_width_out_of_range",
        "line_too_short",
        "property_missing",
        "property_missing",
        "kind_unknown",
        "half_width_out_of_range",
        "geometry_not_line",
    ]
