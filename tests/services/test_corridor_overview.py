"""The table of roads and railways that the administrator sees."""

from datetime import date
from typing import Any

import pytest

from webapp.demo import district, places
from webapp.models import Corridor, KilometrePost, Unit
from webapp.services import corridors
from webapp.services.corridor_overview import corridors_overview
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

TODAY = date(2026, 11, 22)
FIRST_DAY = date(2024, 1, 1)


def make_line(code: str, chainages: tuple[float, ...] = (), **values: Any) -> Corridor:
    """Write a line of 11.1 km with posts 5.5 km apart."""
    drawn = {"type": "LineString", "coordinates": [[109.0, 11.6], [109.0, 11.7]]}
    known = {"kind": "railway", "half_width_m": 15, "geometry": drawn, "valid_from": FIRST_DAY}
    with transaction() as work:
        line = Corridor(**(known | {"code": code, "name": code} | values))
        work.session.add(line)
        work.session.flush()
        for number, chainage_m in enumerate(chainages):
            work.session.add(
                KilometrePost(
                    corridor_id=line.id,
                    chainage_m=chainage_m,
                    longitude=109.0,
                    latitude=11.6 + number * 0.05,
                    accuracy_m=None if number else 30.0,
                )
            )
    return line


def make_authority() -> Unit:
    with transaction() as work:
        unit = Unit(
            code="QLDS", tier="authority", kind="đơn vị", name="Đường sắt", valid_from=FIRST_DAY
        )
        work.session.add(unit)
    return unit


def test_a_line_is_told_with_its_authority_length_and_kilometres() -> None:
    authority = make_authority()
    make_line("DSTN", (1_397_000.0, 1_391_500.0), authority_id=authority.id)
    (line,) = corridors_overview(TODAY)
    assert line.authority == authority
    assert line.length_km == pytest.approx(11.12, abs=0.01)
    assert (line.post_count, line.kilometres) == (2, "Km1391+500 – Km1397+000")
    assert line.worst_post_m == 100


@pytest.mark.parametrize("chainages", [(), (5_000.0,)])
def test_a_line_of_few_posts_and_no_authority_says_so(chainages: tuple[float, ...]) -> None:
    make_line("DT704", chainages)
    (line,) = corridors_overview(TODAY)
    assert (line.authority, line.kilometres, line.post_count) == (None, None, len(chainages))


def test_only_lines_of_the_day_are_told() -> None:
    make_line("QL1A", valid_to=date(2025, 6, 30))
    make_line("QL1A", valid_from=date(2025, 7, 1))
    assert [line.corridor.valid_from for line in corridors_overview(TODAY)] == [date(2025, 7, 1)]
    assert corridors_overview(date(2023, 1, 1)) == ()


def test_the_demonstration_has_lines_with_kilometres_and_says_that_they_are_sketched() -> None:
    district.ensure_land()
    district.ensure_land()
    lines = corridors_overview(TODAY)
    assert [line.corridor.code for line in lines] == ["QL1A", "DT704", "DT702", "DSTN"]
    assert all(line.authority and line.kilometres for line in lines)
    assert all(line.corridor.is_schematic for line in lines)
    assert all((line.worst_post_m or 0) >= 500 for line in lines)


@pytest.mark.parametrize(
    ("spot", "line"),
    [
        ("ho_hai_highway", "QL1A"),
        ("xuan_hai_highway", "QL1A"),
        ("vinh_hai_road", "DT702"),
        ("ho_hai_rail", "DSTN"),
        ("xuan_hai_rail", "DSTN"),
    ],
)
def test_the_stories_of_roads_and_rails_happen_on_them(spot: str, line: str) -> None:
    district.ensure_land()
    located = corridors.locate(places.SPOTS[spot].position(), 9.0, TODAY)
    assert located is not None
    assert located.label.startswith(f"{line} Km")
