"""Boundary files: what is read, what is mended, what is refused by name, what is warned of."""

import json
from datetime import date
from typing import Any

import pytest
import shapely

from webapp.domain.areas import area_m2, distance_to_line_m
from webapp.domain.boundaries import BoundarySet, Problem, read_boundaries
from webapp.domain.errors import InvalidInput

Ring = list[list[float]]


def square(west: float, south: float, size: float = 0.1) -> Ring:
    """A closed, counter-clockwise ring."""
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(*rings: Ring, name: str = "Vĩnh Hải", code: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name, "kind": "xã", **more},
        "geometry": {"type": "Polygon", "coordinates": list(rings)},
    }


def read(*features: dict[str, Any]) -> BoundarySet:
    return read_boundaries(json.dumps({"type": "FeatureCollection", "features": features}))


def problems_of(*features: dict[str, Any]) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as refused:
        read(*features)
    assert refused.value.code == "boundaries_refused"
    found = refused.value.details["problems"]
    assert isinstance(found, tuple)
    return found


def test_a_clean_file_is_read_without_a_word() -> None:
    found = read(feature(square(109, 11)), feature(square(109.1, 11), name="Tri Hải", code="2"))
    assert [unit.title for unit in found.units] == ["xã Vĩnh Hải", "xã Tri Hải"]
    assert (found.repairs, found.seams) == ((), ())


def test_a_code_written_as_a_number_is_taken_as_text() -> None:
    assert read(feature(square(109, 11), code=22846)).units[0].code == "22846"  # type: ignore[arg-type]


def test_what_a_file_says_of_dates_and_parents_is_read() -> None:
    unit = read(
        feature(square(109, 11), valid_to="2025-06-30", parent_code="586", parent="Huyện Ninh Hải")
    ).units[0]
    assert unit.valid_to == date(2025, 6, 30)
    assert (unit.parent_code, unit.parent_name) == ("586", "Huyện Ninh Hải")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "boundaries_not_json"),
        ("{", "boundaries_not_json"),
        ("[" * 100_000, "boundaries_not_json"),
        ("[]", "boundaries_not_collection"),
        ('{"type": "Feature"}', "boundaries_not_collection"),
        ('{"type": "FeatureCollection", "features": []}', "boundaries_empty"),
        ('{"type": "FeatureCollection"}', "boundaries_empty"),
    ],
)
def test_a_file_that_is_no_collection_of_units_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_boundaries(text)
    assert refused.value.code == code


def test_a_byte_order_mark_does_no_harm() -> None:
    text = json.dumps({"type": "FeatureCollection", "features": [feature(square(109, 11))]})
    assert read_boundaries("\ufeff" + text).units


def test_missing_properties_are_named() -> None:
    bare = {"type": "Feature", "properties": {"name": "Tri Hải"}, "geometry": None}
    found = problems_of(bare)
    assert [(p.code, p.unit, p.detail) for p in found] == [
        ("property_missing", "Tri Hải", "code"),
        ("property_missing", "Tri Hải", "kind"),
        ("geometry_not_polygon", "Tri Hải", "None"),
    ]


def test_metres_of_a_projected_system_are_refused_by_name() -> None:
    vn2000 = [[580000.0, 1280000.0], [581000.0, 1280000.0], [581000.0, 1281000.0]]
    (problem,) = problems_of(feature(vn2000))
    assert (problem.code, problem.unit, problem.ring) == ("projected_metres", "xã Vĩnh Hải", 1)


def test_swapped_axes_and_places_off_the_earth_are_told_apart() -> None:
    swapped = [[y, x] for x, y in square(109, 11)]
    assert problems_of(feature(swapped))[0].code == "axes_swapped"
    assert problems_of(feature(square(200, 95)))[0].code == "out_of_range"


@pytest.mark.parametrize("bad", [None, "109", [], [109], [109, None], [109, True], ["a", "b"]])
def test_a_coordinate_that_is_no_pair_of_numbers_is_refused(bad: Any) -> None:
    ring: Any = square(109, 11)
    ring[2] = bad
    (problem,) = problems_of(feature(ring))
    assert (problem.code, problem.ring) == ("coordinate_unreadable", 1)


def test_infinity_and_nan_are_no_coordinates() -> None:
    text = json.dumps({"type": "FeatureCollection", "features": [feature(square(109, 11))]})
    with pytest.raises(InvalidInput) as refused:
        read_boundaries(text.replace("[109, 11]", "[NaN, 11]", 1))
    assert refused.value.details["problems"][0].code == "coordinate_unreadable"  # type: ignore[index]


def test_an_open_ring_is_closed_and_repeated_points_are_dropped() -> None:
    ring = square(109, 11)[:-1]
    ring.insert(1, ring[1])
    found = read(feature(ring))
    assert [(r.code, r.ring, r.count) for r in found.repairs] == [
        ("closed", 1, 1),
        ("points_dropped", 1, 1),
    ]
    assert found.units[0].geometry.equals(shapely.box(109, 11, 109.1, 11.1))


def test_rings_are_turned_as_the_standard_wants() -> None:
    found = read(feature(square(109, 11)[::-1], square(109.02, 11.02, 0.02)))
    assert [(r.code, r.ring) for r in found.repairs] == [("turned", 1), ("turned", 2)]
    outline = found.units[0].geometry
    assert isinstance(outline, shapely.Polygon)
    assert outline.exterior.is_ccw
    assert not outline.interiors[0].is_ccw


def test_a_small_loop_is_mended_and_said() -> None:
    ring = square(109, 11)
    ring[2:3] = [[109.1, 11.101], [109.101, 11.1005], [109.099, 11.1]]
    found = read(feature(ring))
    assert "loop_mended" in [r.code for r in found.repairs]
    assert found.units[0].geometry.is_valid


def test_a_ring_that_crosses_itself_into_two_lands_is_refused_with_the_place() -> None:
    bow = [[109.0, 11.0], [109.1, 11.1], [109.1, 11.0], [109.0, 11.1], [109.0, 11.0]]
    (problem,) = problems_of(feature(square(110, 11), bow))
    assert (problem.code, problem.ring, problem.detail) == (
        "ring_crosses_itself",
        2,
        "109.05000, 11.05000",
    )


def test_rings_without_land_are_refused() -> None:
    line = [[109.0, 11.0], [109.1, 11.0], [109.0, 11.0]]
    assert problems_of(feature(line))[0].code == "ring_too_short"
    flat = [[109.0, 11.0], [109.1, 11.0], [109.2, 11.0], [109.0, 11.0]]
    assert problems_of(feature(flat))[0].code == "ring_without_area"


def test_a_hole_outside_its_outline_is_refused() -> None:
    assert problems_of(feature(square(109, 11), square(110, 11)))[0].code == "hole_outside"


def test_a_code_that_comes_twice_is_refused_for_both() -> None:
    found = problems_of(feature(square(109, 11)), feature(square(109.1, 11), name="Tri Hải"))
    assert [(p.code, p.unit) for p in found] == [
        ("code_repeated", "xã Vĩnh Hải"),
        ("code_repeated", "xã Tri Hải"),
    ]


def test_every_problem_of_a_file_is_told_at_once() -> None:
    found = problems_of(
        feature([[109.0, 11.0]], name="Tri Hải"), feature(square(200, 11), name="Tân Hải", code="2")
    )
    assert [(p.unit, p.code) for p in found] == [
        ("xã Tri Hải", "ring_too_short"),
        ("xã Tân Hải", "out_of_range"),
    ]


def test_heights_are_dropped_and_many_parts_are_kept() -> None:
    many = feature()
    many["geometry"] = {
        "type": "MultiPolygon",
        "coordinates": [[[[x, y, 5.0] for x, y in square(w, 11)]] for w in (109, 110)],
    }
    geometry = read(many).units[0].geometry
    assert isinstance(geometry, shapely.MultiPolygon)
    assert not geometry.has_z


def test_an_overlap_is_warned_of_with_its_area() -> None:
    found = read(feature(square(109, 11)), feature(square(109.09, 11), name="Tri Hải", code="2"))
    (seam,) = found.seams
    assert (seam.kind, seam.units) == ("overlap", ("xã Vĩnh Hải", "xã Tri Hải"))
    # 0.01 by 0.1 degrees at 11° N: 1.092 km by 11.06 km on the ellipsoid.
    assert seam.area_m2 == pytest.approx(12.08e6, rel=0.003)


def test_enclosed_land_that_nobody_holds_is_a_gap() -> None:
    found = read(feature(square(109, 11), square(109.04, 11.04, 0.01)[::-1]))
    (seam,) = found.seams
    assert (seam.kind, seam.units) == ("gap", ("xã Vĩnh Hải",))
    assert 109.04 < seam.longitude < 109.05


def test_rounding_is_no_seam() -> None:
    neighbour = [[x - 1e-8, y] for x, y in square(109.1, 11)]
    found = read(feature(square(109, 11)), feature(neighbour, name="Tri Hải", code="2"))
    assert found.seams == ()


def test_an_area_agrees_with_the_ellipsoid() -> None:
    # One degree by one degree at the equator: 12 308.8 km² (Karney 2013, planimeter).
    assert area_m2(shapely.box(0, 0, 1, 1)) == pytest.approx(12_308.8e6, rel=1e-4)


def test_a_distance_to_a_line_is_the_shortest_way() -> None:
    line = shapely.LineString([(109.0, 11.6), (109.2, 11.6)])
    assert distance_to_line_m(109.1, 11.601, line) == pytest.approx(111.2, abs=0.2)
