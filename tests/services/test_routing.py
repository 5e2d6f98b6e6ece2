"""Onto whose desk a report goes: land, line and table together, on both databases."""

import json
import warnings
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.factories import LONG_AGO, SIDE_DEGREES, SOUTH_WEST, make_commune, somewhere
from webapp import clock
from webapp.domain.coordination import Partner
from webapp.domain.geo import METRES_A_DEGREE, Position
from webapp.extensions import db
from webapp.models import (
    Boundary,
    Corridor,
    ResponsibilityPartner,
    ResponsibilityRule,
    ResponsibilityVersion,
    Unit,
    UnitSuccession,
)
from webapp.services import routing, territory
from webapp.services.routing import Route
from webapp.services.territory_import import ImportOrder, import_boundaries
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

REAL = Path(__file__).parents[3] / "shared" / "data" / "boundaries"
TODAY = date(2026, 11, 22)
HERE = somewhere()
BORDER = Position(HERE.latitude, SOUTH_WEST[1] + SIDE_DEGREES - 0.00001, 10.0)


def go(position: Position | None, category: str | None = "road_damage", **more: Any) -> Route:
    accuracy_m = position.accuracy_m if position else None
    return routing.route(position, accuracy_m, category, TODAY, **more)


@pytest.fixture
def communes() -> tuple[Unit, Unit]:
    """Two communes side by side, the western one first."""
    return make_commune(column=0, code="W"), make_commune(column=1, code="E")


def make_authority(code: str = "DS", valid_to: date | None = None) -> Unit:
    unit = Unit(
        code=code,
        tier="authority",
        kind="công ty",
        name="Đường sắt",
        valid_from=LONG_AGO,
        valid_to=valid_to,
    )
    with transaction() as work:
        work.session.add(unit)
    return unit


def lay_railway(authority: Unit | None, begins: date = LONG_AGO) -> Corridor:
    """Lay a line from west to east through the middle of both communes."""
    line = Corridor(
        code="DSTN",
        name="Đường sắt Thống Nhất",
        kind="railway",
        half_width_m=15,
        authority_id=authority.id if authority else None,
        geometry={
            "type": "LineString",
            "coordinates": [[109.0, HERE.latitude], [109.1, HERE.latitude]],
        },
        valid_from=begins,
    )
    with transaction() as work:
        work.session.add(line)
    return line


def write_table(*rules: ResponsibilityRule) -> None:
    """Write a table that takes the place of the one that ships."""
    with transaction() as work:
        version = ResponsibilityVersion(
            number=2, valid_from=date(2024, 1, 1), created_at=clock.now()
        )
        version.rules = list(rules)
        for order, rule in enumerate(rules):
            rule.sort_order = order
        work.session.add(version)


def rule(ground: str, lead: str, *partners: tuple[str, str | None]) -> ResponsibilityRule:
    return ResponsibilityRule(
        category_codes=[],
        ground=ground,
        lead_party=lead,
        partners=[
            ResponsibilityPartner(sort_order=order, party=party, task=task)
            for order, (party, task) in enumerate(partners)
        ],
    )


def test_before_any_table_the_lands_commune_leads_alone(communes: tuple[Unit, Unit]) -> None:
    route = routing.route(HERE, 10.0, "road_damage", date(2021, 1, 1))
    assert (route.lead_unit_id, route.commune_id) == (communes[0].id, communes[0].id)
    assert (route.routing, route.is_border_open, route.partners) == ("clear", False, ())
    assert (route.corridor, route.rule_id, route.problem) == (None, None, None)


def test_at_a_border_the_larger_share_leads_and_the_neighbour_is_only_informed(
    communes: tuple[Unit, Unit],
) -> None:
    route = go(BORDER)
    assert (route.lead_unit_id, route.routing) == (communes[0].id, "straddling")
    assert route.is_border_open
    assert route.partners == (Partner(communes[1].id, None, "border"),)


def test_a_clear_spot_whose_disc_touches_the_neighbour_bothers_nobody(
    communes: tuple[Unit, Unit],
) -> None:
    route = go(Position(BORDER.latitude, BORDER.longitude - 0.00006, 10.0))
    assert (route.routing, route.partners) == ("clear", ())
    assert route.ground.touched_ids == (communes[0].id, communes[1].id)


def test_the_beach_goes_to_the_nearest_commune_and_is_flagged(
    communes: tuple[Unit, Unit],
) -> None:
    beach = Position(SOUTH_WEST[0] - 150 / METRES_A_DEGREE, HERE.longitude, 8.0)
    route = go(beach)
    assert (route.lead_unit_id, route.routing) == (communes[0].id, "near_outside")
    assert route.is_border_open


def test_outside_and_unplaced_nobody_leads(communes: tuple[Unit, Unit]) -> None:
    at_sea = go(Position(SOUTH_WEST[0] - 250 / METRES_A_DEGREE, HERE.longitude, 8.0))
    assert (at_sea.routing, at_sea.lead_unit_id, at_sea.problem) == ("outside", None, None)
    assert (go(None).routing, go(None).lead_unit_id) == ("unplaced", None)


def test_on_a_line_the_table_names_the_lead_and_the_commune_stays(
    communes: tuple[Unit, Unit],
) -> None:
    authority = make_authority()
    line = lay_railway(authority)
    write_table(rule("railway", "corridor_authority", ("commune", "Giữ gìn trật tự tại chỗ")))
    route = go(HERE)
    assert route.corridor is not None
    assert route.corridor.corridor.id == line.id
    assert (route.lead_unit_id, route.commune_id) == (authority.id, communes[0].id)
    assert route.partners == (Partner(communes[0].id, "Giữ gìn trật tự tại chỗ", "rule"),)
    assert route.rule_id is not None


def test_a_rule_that_forgets_the_commune_keeps_it_all_the_same(
    communes: tuple[Unit, Unit],
) -> None:
    lay_railway(make_authority())
    write_table(rule("railway", "corridor_authority"))
    assert go(HERE).partners == (Partner(communes[0].id, None, "land"),)


def test_at_a_border_on_a_line_everybody_is_named_once(communes: tuple[Unit, Unit]) -> None:
    authority = make_authority()
    lay_railway(authority)
    write_table(rule("railway", "corridor_authority", ("commune", "Giữ gìn trật tự")))
    route = go(BORDER)
    assert [(p.unit_id, p.source) for p in route.partners] == [
        (communes[0].id, "rule"),
        (communes[1].id, "border"),
    ]


def test_where_no_rule_fits_nobody_leads_and_the_reason_is_told(
    communes: tuple[Unit, Unit],
) -> None:
    write_table(rule("railway", "corridor_authority"))
    route = go(HERE)
    assert (route.lead_unit_id, route.problem) == (None, "no_rule")
    assert route.commune_id == communes[0].id


def test_where_the_rule_names_somebody_who_is_not_there_the_reason_is_told(
    communes: tuple[Unit, Unit],
) -> None:
    lay_railway(make_authority(valid_to=date(2025, 6, 30)))
    write_table(rule("railway", "corridor_authority"))
    assert (go(HERE).lead_unit_id, go(HERE).problem) == (None, "lead_missing")


ENDED_ON, LATER = date(2026, 3, 31), date(2026, 4, 2)


@pytest.mark.parametrize("way", ["succession", "line of the day", "nobody"])
def test_in_the_place_of_an_authority_that_ended_meanwhile_acts_who_stands_for_it(
    communes: tuple[Unit, Unit], way: str
) -> None:
    old = make_authority(valid_to=ENDED_ON)
    new = make_authority("DSVN")
    line = lay_railway(old)
    write_table(rule("railway", "corridor_authority", ("commune", None)))
    with transaction() as work:
        if way == "succession":
            row = UnitSuccession(predecessor_id=old.id, successor_id=new.id, on_date=LATER)
            work.session.add(row)
        if way == "line of the day":
            work.session.get_one(Corridor, line.id).valid_to = ENDED_ON
    if way == "line of the day":
        lay_railway(new, begins=LATER)
    came = routing.route(HERE, 10.0, "road_damage", ENDED_ON, acting_on=LATER)
    assert came.commune_id == communes[0].id
    if way == "nobody":
        assert (came.lead_unit_id, came.problem) == (None, "lead_missing")
    else:
        assert (came.lead_unit_id, came.problem) == (new.id, None)


def test_what_a_person_set_leads_and_whom_the_table_names_coordinates(
    communes: tuple[Unit, Unit],
) -> None:
    authority = make_authority()
    lay_railway(authority)
    write_table(rule("railway", "corridor_authority"))
    route = go(HERE, set_unit_id=communes[1].id)
    assert (route.lead_unit_id, route.commune_id) == (communes[1].id, communes[1].id)
    assert (route.routing, route.problem) == ("set_by_person", None)
    assert [(p.unit_id, p.source) for p in route.partners] == [(authority.id, "rule")]


def test_what_a_person_set_mends_a_table_that_names_nobody(
    communes: tuple[Unit, Unit],
) -> None:
    write_table(rule("railway", "corridor_authority"))
    route = go(HERE, set_unit_id=communes[0].id)
    assert (route.lead_unit_id, route.problem) == (communes[0].id, None)


def test_without_a_category_only_the_land_is_asked(communes: tuple[Unit, Unit]) -> None:
    write_table(rule("railway", "corridor_authority"))
    assert go(HERE, None).lead_unit_id == communes[0].id


def test_the_land_of_the_day_counts(communes: tuple[Unit, Unit]) -> None:
    merged = make_commune(column=2, code="N", valid_from=date(2025, 7, 1))
    west = communes[0]
    with transaction() as work:
        work.session.get_one(Unit, west.id).valid_to = date(2025, 6, 30)
        # From July on the land of the west is the new commune's.
        old, new = (
            work.session.query(Boundary).filter_by(unit_id=unit.id).one() for unit in (west, merged)
        )
        new.geometry = old.geometry
    routes = [
        routing.route(HERE, 10.0, "road_damage", day)
        for day in (date(2025, 6, 30), date(2025, 7, 1))
    ]
    assert [route.commune_id for route in routes] == [west.id, merged.id]


def test_overlapping_communes_are_flagged_and_the_same_one_always_leads(
    communes: tuple[Unit, Unit],
) -> None:
    twin = make_commune(column=0, code="T")
    routes = {go(HERE) for _ in range(3)}
    assert len(routes) == 1
    (route,) = routes
    assert (route.routing, route.lead_unit_id) == ("straddling", communes[0].id)
    assert route.partners == (Partner(twin.id, None, "border"),)


def test_a_change_that_is_taken_back_leaves_the_land_as_it_was(
    communes: tuple[Unit, Unit],
) -> None:
    def undone() -> None:
        with transaction() as work:
            work.session.query(Boundary).filter_by(unit_id=communes[0].id).delete()
            assert go(HERE).lead_unit_id is None
            raise RuntimeError

    assert go(HERE).lead_unit_id == communes[0].id
    with pytest.raises(RuntimeError):
        undone()
    assert go(HERE).lead_unit_id == communes[0].id


def test_the_real_spot_over_the_old_border_goes_by_the_day_it_was_reported() -> None:
    if not REAL.exists():
        warnings.warn("../shared/data/boundaries is not here: own drawings only", stacklevel=2)
        return
    for name, day in (("2024", "2024-01-01"), ("2025", "2025-07-01")):
        for part in ("ninh-hai", "neighbours"):
            text = (REAL / f"{part}-{name}.geojson").read_text(encoding="utf-8")
            order = ImportOrder(valid_from=date.fromisoformat(day))
            import_boundaries(_ending(text, name), order)
    spot = Position(11.59, 109.03, 10.0)
    routes = [
        routing.route(spot, 10.0, "road_damage", day)
        for day in (date(2025, 6, 30), date(2025, 7, 1))
    ]
    names = [db.session.get_one(Unit, route.lead_unit_id).name for route in routes]
    assert names == ["Văn Hải", "Ninh Chử"]
    assert {route.routing for route in routes} == {"clear"}


def _ending(text: str, year: str) -> str:
    """Give every unit of 2024 its last day, where its file leaves that out."""
    document = json.loads(text)
    for feature in document["features"]:
        if year == "2024":
            feature["properties"]["valid_to"] = "2025-06-30"
    return json.dumps(document)


def test_whose_land_a_spot_is_costs_one_statement_at_most(
    communes: tuple[Unit, Unit], sql_counter: Any
) -> None:
    territory.ground_at(HERE, TODAY)
    with sql_counter() as statements:
        for _ in range(5):
            territory.ground_at(BORDER, TODAY)
    assert len(statements) <= 1
