"""Whose land it is on which day: imports, reused codes, dates, parents, addresses, maps."""

import json
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.servers.counting import SqlCounter
from webapp.domain.errors import InvalidInput
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Boundary, Corridor, Unit, UnitParent
from webapp.services import territory
from webapp.services.territory_import import (
    ImportOrder,
    ImportReport,
    ensure_supervising_unit,
    import_boundaries,
    preview_boundaries,
)
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

REAL = Path(__file__).parents[3] / "shared" / "data" / "boundaries"
IN_2024, IN_2025 = date(2024, 5, 5), date(2025, 8, 1)


def square(west: float, south: float, size: float = 0.1) -> list[list[float]]:
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def collection(**lands: tuple[str, list[list[float]]]) -> str:
    """A file of communes: name = (code, ring)."""
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"code": code, "name": name, "kind": "xã"},
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }
                for name, (code, ring) in lands.items()
            ],
        }
    )


TWO = collection(West=("1", square(109.0, 11.0)), East=("2", square(109.1, 11.0)))


def at(latitude: float, longitude: float, on: date) -> str | None:
    commune = territory.commune_at(Position(latitude, longitude), on)
    return commune.name if commune else None


def order(valid_from: str = "2024-01-01", **more: Any) -> ImportOrder:
    return ImportOrder(valid_from=date.fromisoformat(valid_from), **more)


def test_a_point_belongs_to_the_commune_around_it() -> None:
    import_boundaries(TWO, order())
    assert at(11.05, 109.05, IN_2024) == "West"
    assert at(11.05, 109.15, IN_2024) == "East"
    assert at(11.05, 109.25, IN_2024) is None


def test_a_point_on_a_border_always_goes_the_same_way() -> None:
    import_boundaries(TWO, order())
    assert at(11.05, 109.1, IN_2024) == "West"


def test_land_holds_from_its_first_day_to_its_last_both_included() -> None:
    import_boundaries(TWO, order(valid_to=date(2025, 6, 30)))
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2025, 6, 30), date(2025, 7, 1)]
    assert [at(11.05, 109.05, day) for day in days] == [None, "West", "West", None]


def test_importing_again_changes_nothing() -> None:
    first = import_boundaries(TWO, order(parent_code="586", parent_name="Huyện Ninh Hải"))
    again = import_boundaries(TWO, order(parent_code="586"))
    assert (len(first.added), first.is_parent_new) == (2, True)
    assert (again.added, again.changed, len(again.unchanged)) == ([], [], 2)
    assert not again.is_parent_new
    assert _count(Unit) == 3
    assert (_count(Boundary), _count(UnitParent)) == (2, 2)


def test_changed_land_under_the_same_dates_counts_at_once() -> None:
    import_boundaries(TWO, order())
    assert at(11.05, 109.19, IN_2024) == "East"
    smaller = collection(East=("2", square(109.1, 11.0, 0.05)))
    assert import_boundaries(smaller, order()).changed == ["xã East"]
    assert at(11.05, 109.19, IN_2024) is None


def test_a_last_day_may_be_given_later() -> None:
    import_boundaries(TWO, order())
    assert len(import_boundaries(TWO, order(valid_to=date(2025, 6, 30))).changed) == 2
    assert at(11.05, 109.05, IN_2025) is None


def test_a_code_reused_for_other_land_is_another_unit() -> None:
    import_boundaries(TWO, order(valid_to=date(2025, 6, 30)))
    merged = collection(Both=("1", square(109.0, 11.0, 0.2)))
    import_boundaries(merged, order("2025-07-01"))
    assert at(11.05, 109.05, IN_2024) == "West"
    assert at(11.05, 109.05, IN_2025) == "Both"
    assert at(11.15, 109.15, IN_2024) is None
    bearers = [territory.unit_with_code("1", day) for day in (IN_2024, IN_2025)]
    assert [unit.name for unit in bearers if unit] == ["West", "Both"]


def test_the_newest_bearer_of_a_code_wins_where_the_older_was_never_ended() -> None:
    import_boundaries(TWO, order())
    merged = collection(Both=("1", square(109.0, 11.0, 0.2)))
    report = import_boundaries(merged, order("2025-07-01"))
    assert at(11.05, 109.05, IN_2025) == "Both"
    assert [unit.name for unit in territory.units_on(IN_2025)] == ["Both", "East"]
    # East holds on: its land is claimed twice, and the import says so.
    (seam,) = report.foreign_overlaps
    assert seam.units == ("xã Both", "xã East 2024-01-01")


def test_a_last_day_before_the_first_is_refused_and_nothing_is_written() -> None:
    with pytest.raises(InvalidInput) as refused:
        import_boundaries(TWO, order(valid_to=date(2023, 1, 1)))
    assert refused.value.code == "boundaries_end_before_start"
    assert _count(Unit) == 0


def test_a_bad_file_leaves_everything_as_it_was() -> None:
    import_boundaries(TWO, order())
    with pytest.raises(InvalidInput):
        import_boundaries(TWO.replace("109.1,", "580000,"), order("2025-07-01"))
    assert _count(Unit) == 2


def test_a_preview_writes_nothing() -> None:
    report = preview_boundaries(TWO, order(parent_code="586"))
    assert (report.seams, report.added) == ((), ["xã West", "xã East"])
    assert (report.parent, report.is_parent_new) == ("huyện 586", True)
    assert (_count(Unit), _count(Boundary)) == (0, 0)


def test_communes_stand_under_the_unit_that_was_named() -> None:
    import_boundaries(TWO, order(parent_code="586", parent_name="Huyện Ninh Hải"))
    commune = territory.units_on(IN_2024)[0]
    supervising = territory.supervising_unit_of(commune.id, IN_2024)
    assert supervising is not None
    assert (supervising.kind, supervising.name) == ("huyện", "Ninh Hải")
    assert territory.supervising_unit(IN_2024) == supervising
    assert territory.supervising_unit_of(commune.id, date(2023, 1, 1)) is None


def test_without_a_name_communes_stand_under_the_unit_at_the_root() -> None:
    district = ensure_supervising_unit("Ninh Hải")
    assert ensure_supervising_unit("Another") == district
    assert import_boundaries(TWO, order()).parent == "huyện Ninh Hải"
    assert _count(Unit) == 3


def test_names_are_sorted_as_vietnamese_readers_expect() -> None:
    names = ["Vĩnh Hải", "Đông Hải", "Ân Hải", "Dư Khánh", "Thanh Hải", "Tân Hải"]
    lands = {name: (str(i), square(109 + i, 11)) for i, name in enumerate(names)}
    import_boundaries(collection(**lands), order())
    assert [unit.name for unit in territory.units_on(IN_2024)] == [
        "Ân Hải",
        "Đông Hải",
        "Dư Khánh",
        "Tân Hải",
        "Thanh Hải",
        "Vĩnh Hải",
    ]


def test_an_address_names_the_commune_and_the_nearest_road() -> None:
    import_boundaries(TWO, order())
    _add_road()
    assert territory.place_words(Position(11.0511, 109.05), IN_2024) == (
        "xã West, cách Quốc lộ 1A khoảng 120 m"
    )
    assert territory.place_words(Position(11.0501, 109.05), IN_2024) == "xã West, trên Quốc lộ 1A"
    assert territory.place_words(Position(11.09, 109.05), IN_2024) == "xã West"
    assert territory.place_words(Position(12.0, 109.05), IN_2024) == ""


def test_land_for_maps_holds_communes_and_corridors() -> None:
    import_boundaries(TWO, order(is_schematic=True))
    _add_road()
    features = territory.land_for_maps(IN_2024)["features"]
    layers = [(f["properties"]["layer"], f["properties"]["name"]) for f in features]
    assert layers == [("commune", "West"), ("commune", "East"), ("corridor", "Quốc lộ 1A")]
    assert features[0]["properties"]["is_schematic"]
    assert features[2]["properties"]["half_width_m"] == 20
    assert json.dumps(features)
    assert territory.land_for_maps(date(2020, 1, 1))["features"] == []


def test_a_lookup_costs_two_statements(sql_counter: Callable[[], SqlCounter]) -> None:
    import_boundaries(TWO, order())
    at(11.05, 109.05, IN_2024)
    db.session.expire_all()
    with sql_counter() as statements:
        at(11.05, 109.15, IN_2024)
    assert len(statements) <= 2


def has_real_boundaries() -> bool:
    """Tell whether the real boundaries lie beside the project; say so when they do not."""
    if not REAL.exists():
        warnings.warn("../shared/data/boundaries is not here: own drawings only", stacklevel=2)
    return REAL.exists()


def test_the_real_boundaries_of_both_years_answer_every_check_point() -> None:
    if not has_real_boundaries():
        return
    then = _import_real("ninh-hai-2024", "2024-01-01", "586")
    now = _import_real("ninh-hai-2025", "2025-07-01", "56")
    assert (len(then.added), len(now.added)) == (9, 4)
    assert (then.seams, now.seams, now.foreign_overlaps) == ((), (), ())
    assert (then.parent, now.parent) == ("huyện Ninh Hải", "tỉnh Khánh Hòa")
    points = {
        "Vĩnh Hy": (11.7228, 109.1955, "Vĩnh Hải", "Vĩnh Hải"),
        "Phương Hải": (11.6303, 109.0394, "Phương Hải", "Ninh Hải"),
        "Khánh Hải": (11.5945, 109.0335, "Khánh Hải", "Ninh Chử"),
        # Some 165 m over the border of 22834 of then, inside 22834 of now.
        "over the border": (11.59, 109.03, None, "Ninh Chử"),
        "open sea": (11.55, 109.20, None, None),
    }
    for place, (latitude, longitude, in_2024, in_2025) in points.items():
        assert at(latitude, longitude, IN_2024) == in_2024, place
        assert at(latitude, longitude, IN_2025) == in_2025, place


def test_the_real_lagoon_is_somebodys_land() -> None:
    if not has_real_boundaries():
        return
    _import_real("ninh-hai-2024", "2024-01-01", "586")
    assert at(11.6155, 109.0465, IN_2024) in ("Phương Hải", "Tri Hải", "Khánh Hải", "Hộ Hải")


def test_the_real_neighbours_fit_without_a_seam() -> None:
    if not has_real_boundaries():
        return
    _import_real("ninh-hai-2024", "2024-01-01", "586")
    report = _import_real("neighbours-2024", "2024-01-01", None)
    assert report.foreign_overlaps == ()
    assert at(11.59, 109.03, IN_2024) == "Văn Hải"
    bearers = [territory.unit_with_code(code, IN_2024) for code in ("22853", "22849")]
    assert [unit.name for unit in bearers if unit] == ["Bắc Sơn", "Lợi Hải"]


def test_real_files_imported_again_change_nothing() -> None:
    if not has_real_boundaries():
        return
    _import_real("ninh-hai-2024", "2024-01-01", "586")
    again = _import_real("ninh-hai-2024", "2024-01-01", "586")
    assert (again.added, again.changed, len(again.unchanged)) == ([], [], 9)


def _import_real(name: str, valid_from: str, parent_code: str | None) -> ImportReport:
    text = (REAL / f"{name}.geojson").read_text(encoding="utf-8")
    return import_boundaries(text, order(valid_from, parent_code=parent_code, source=name))


def _add_road() -> None:
    with transaction() as work:
        work.session.add(
            Corridor(
                code="QL1A",
                name="Quốc lộ 1A",
                kind="national_road",
                half_width_m=20,
                geometry={"type": "LineString", "coordinates": [[109.0, 11.05], [109.2, 11.05]]},
                valid_from=date(2024, 1, 1),
            )
        )


def _count(table: type[Any]) -> int:
    return db.session.query(table).count()
