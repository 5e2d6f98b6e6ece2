"""Who does what on a day: the version in force, the units of that day, nobody skipped."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests import factories
from webapp import clock
from webapp.domain.coordination import Partner
from webapp.domain.responsibilities import (
    COMMUNE,
    CORRIDOR_AUTHORITY,
    SUPERVISING,
    Party,
    Rule,
    Task,
)
from webapp.extensions import db
from webapp.models import Corridor, ResponsibilityVersion, Unit
from webapp.services import responsibilities
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

TODAY = date(2026, 6, 18)


def make_authority(**values: Any) -> Unit:
    with transaction() as work:
        unit = Unit(
            **{
                "code": "ql-duong-bo",
                "tier": "authority",
                "kind": "khu",
                "name": "Quản lý đường bộ",
                "valid_from": factories.LONG_AGO,
                **values,
            }
        )
        work.session.add(unit)
    return unit


def make_corridor(kind: str, authority: Unit | None, code: str = "QL1A") -> Corridor:
    west, south = factories.SOUTH_WEST[1], factories.SOUTH_WEST[0]
    line = [[west, south], [west + 0.1, south + 0.02]]
    with transaction() as work:
        corridor = Corridor(
            code=code,
            name=f"Tuyến {code}",
            kind=kind,
            authority_id=authority.id if authority else None,
            half_width_m=20,
            geometry={"type": "LineString", "coordinates": line},
            valid_from=factories.LONG_AGO,
        )
        work.session.add(corridor)
    return corridor


def write(number: int, valid_from: date, *rules: Rule) -> ResponsibilityVersion:
    with transaction() as work:
        return responsibilities.write_version(work.session, number, valid_from, rules)


def leads(party: Party, *partners: Party) -> Rule:
    tasks = tuple(Task(partner, "việc") for partner in partners)
    return Rule(0, frozenset(), "anywhere", party, partners=tasks)


def test_the_version_that_began_last_is_in_force() -> None:
    write(2, TODAY, leads(COMMUNE))
    write(3, TODAY, leads(SUPERVISING))
    write(4, TODAY + timedelta(days=5), leads(COMMUNE))
    numbers = [
        version.number
        for day in (-1, 0, 4, 5)
        if (version := responsibilities.version_on(TODAY + timedelta(days=day)))
    ]
    assert numbers == [1, 3, 3, 4]


def test_a_withdrawn_version_never_holds() -> None:
    version = write(2, TODAY, leads(SUPERVISING))
    with transaction():
        version = db.session.get_one(ResponsibilityVersion, version.id)
        version.withdrawn_at = clock.now()
    table = responsibilities.table_on(TODAY)
    assert table is not None
    assert table.number == 1
    assert [version.number for version in responsibilities.versions()] == [1]
    everything = responsibilities.versions(with_withdrawn=True)
    assert [version.number for version in everything] == [2, 1]


def test_before_every_version_the_commune_leads() -> None:
    commune = factories.make_commune()
    outcome = responsibilities.assign_at("road_damage", None, commune, date(2021, 1, 1))
    assert (outcome.lead_unit_id, outcome.rule_id, outcome.problem) == (commune.id, None, None)
    assert responsibilities.rules_on(date(2021, 1, 1)) == ()


def test_rules_are_read_back_as_they_were_written() -> None:
    rule = Rule(
        0,
        frozenset({"other", "congestion"}),
        "any_road",
        Party("unit", "x"),
        commune_code="22846",
        partners=(Task(COMMUNE, "xem"), Task(SUPERVISING)),
        legal_basis="Quy chế",
    )
    version = write(2, TODAY, rule, leads(COMMUNE))
    table = responsibilities.table_on(TODAY)
    assert table is not None
    read = table.rules[0]
    assert read == Rule(read.id, *[getattr(rule, name) for name in rule.__match_args__[1:]])
    assert [row.id for row in version.rules] == [rule.id for rule in table.rules]


def test_the_authority_of_a_line_leads_and_the_commune_stays() -> None:
    commune, authority = factories.make_commune(), make_authority()
    corridor = make_corridor("provincial_road", authority)
    outcome = responsibilities.assign_at("road_damage", corridor, commune, TODAY)
    assert outcome.lead_unit_id == authority.id
    assert [partner.unit_id for partner in outcome.partners] == [commune.id]
    assert outcome.rule_id in {rule.id for rule in responsibilities.rules_on(TODAY)}


@pytest.mark.parametrize("is_ended", [True, False])
def test_a_line_without_a_standing_authority_leaves_nobody_to_lead(is_ended: bool) -> None:
    commune = factories.make_commune()
    authority = make_authority(valid_to=TODAY - timedelta(days=1)) if is_ended else None
    corridor = make_corridor("national_road", authority)
    outcome = responsibilities.assign_at("road_damage", corridor, commune, TODAY)
    assert (outcome.lead_unit_id, outcome.problem) == (None, "lead_missing")
    assert outcome.missing == (CORRIDOR_AUTHORITY,)
    encroached = responsibilities.assign_at("corridor_encroachment", corridor, commune, TODAY)
    assert (encroached.lead_unit_id, encroached.problem) == (commune.id, None)


def test_a_code_means_the_unit_that_bore_it_when_the_version_began() -> None:
    commune = factories.make_commune()
    police = Party("unit", "congan")
    old = make_authority(code="congan", valid_to=TODAY - timedelta(days=1))
    new = make_authority(code="congan", valid_from=TODAY)
    write(2, date(2025, 1, 1), leads(COMMUNE, police))
    before = responsibilities.assign_at("other", None, commune, TODAY - timedelta(days=1))
    assert before.partners == (Partner(old.id, "việc", "rule"),)
    # The code passed to another unit, and the task did not.
    after = responsibilities.assign_at("other", None, commune, TODAY)
    assert (after.partners, after.missing) == ((), (police,))
    write(3, TODAY, leads(COMMUNE, police))
    again = responsibilities.assign_at("other", None, commune, TODAY)
    assert again.partners == (Partner(new.id, "việc", "rule"),)


def test_a_rule_for_land_is_silent_once_its_code_is_another_communes() -> None:
    day_before = TODAY - timedelta(days=1)
    old = factories.make_commune(code="22846", valid_to=day_before)
    new = factories.make_commune(code="22846", valid_from=TODAY)
    road = make_authority()
    for_land = Rule(0, frozenset(), "anywhere", Party("unit", "ql-duong-bo"), commune_code="22846")
    write(2, date(2025, 1, 1), for_land, leads(COMMUNE))
    led = responsibilities.assign_at("other", None, old, day_before)
    assert led.lead_unit_id == road.id
    assert responsibilities.assign_at("other", None, new, TODAY).lead_unit_id == new.id


def test_a_supervising_unit_coordinates_and_never_leads() -> None:
    district = factories.make_supervising_unit()
    commune = factories.make_commune(parent=district)
    write(2, TODAY, leads(COMMUNE, SUPERVISING))
    asked = responsibilities.assign_at("other", None, commune, TODAY)
    assert asked.partners == (Partner(district.id, "việc", "rule"),)
    for number, lead in ((3, SUPERVISING), (4, Party("unit", district.code))):
        write(number, TODAY, leads(lead))
        led = responsibilities.assign_at("other", None, commune, TODAY)
        assert (led.lead_unit_id, led.problem, led.missing) == (None, "lead_missing", (lead,))
        assert led.partners == (Partner(commune.id, None, "land"),)


def test_a_hole_in_the_table_leaves_nobody_to_lead() -> None:
    commune = factories.make_commune()
    write(2, TODAY, Rule(0, frozenset({"congestion"}), "anywhere", COMMUNE))
    outcome = responsibilities.assign_at("other", None, commune, TODAY)
    assert (outcome.problem, outcome.rule_id) == ("no_rule", None)
    assert outcome.partners == (Partner(commune.id, None, "land"),)
