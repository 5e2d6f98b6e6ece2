"""What the territory page says of the table: errors by rule, numbers, never a case."""

from datetime import date, timedelta

import pytest

from tests import factories
from tests.services.test_responsibilities import make_authority, make_corridor, write
from webapp import clock
from webapp.demo import district
from webapp.domain.responsibilities import (
    COMMUNE,
    CORRIDOR_AUTHORITY,
    SUPERVISING,
    Ground,
    Party,
    Rule,
    Task,
)
from webapp.extensions import db
from webapp.models import Category, Corridor, ReportTriage
from webapp.services import responsibilities_check, responsibilities_overview
from webapp.services.responsibilities import HOLD_CODE
from webapp.services.responsibilities_check import Problem
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

TODAY = date(2026, 6, 18)


def rule(
    lead: Party = COMMUNE,
    *partners: Party,
    ground: Ground = "anywhere",
    categories: frozenset[str] = frozenset(),
    land: str | None = None,
) -> Rule:
    tasks = tuple(Task(partner) for partner in partners)
    return Rule(0, categories, ground, lead, commune_code=land, partners=tasks)


def problems(*rules: Rule) -> list[Problem]:
    write(2, TODAY, *rules)
    return responsibilities_check.problems(TODAY)


def test_a_bare_district_has_no_error() -> None:
    factories.make_commune()
    assert responsibilities_check.problems(TODAY) == []


def test_before_the_first_table_there_is_nothing_to_be_wrong() -> None:
    assert responsibilities_check.problems(date(2021, 1, 1)) == []


def test_lines_without_authority_are_the_demonstrations_only_errors() -> None:
    district.ensure_land()
    with transaction() as work:
        for corridor in work.session.query(Corridor):
            corridor.authority_id = None
    found = responsibilities_check.problems(TODAY)
    assert {problem.code for problem in found} == {"duty_line_without_authority"}
    blocking = [problem.rule_number for problem in found if problem.is_blocking]
    assert blocking == [5, 6]
    assert found[4].details == {"lines": "Quốc lộ 1A"}


def test_a_category_without_a_rule_is_told_with_its_grounds() -> None:
    factories.make_commune()
    everything = frozenset(category.service_code for category in db.session.query(Category))
    found = problems(
        rule(categories=everything - {"poor_visibility"}),
        rule(categories=frozenset({"poor_visibility"}), ground="any_road"),
    )
    assert found == [
        Problem(
            "duty_hole",
            is_blocking=True,
            details={"category_code": "poor_visibility", "corridor_kinds": (None, "railway")},
        )
    ]


def test_a_category_that_is_no_longer_offered_needs_no_rule() -> None:
    with transaction() as work:
        for category in work.session.query(Category):
            category.is_active = category.service_code == "other"
    assert problems(rule(categories=frozenset({"other"}))) == []


def test_a_table_for_one_commune_alone_has_a_hole() -> None:
    factories.make_commune(code="22846")
    found = problems(rule(land="22846"))
    assert {problem.code for problem in found} == {"duty_hole"}


@pytest.mark.parametrize(
    ("party", "code", "details"),
    [
        (Party("unit", "x"), "duty_unit_unknown", {"code": "x"}),
        (
            Party("unit", "doi"),
            "duty_unit_ended",
            {"unit": "Đội quản lý đường sắt", "day": date(2025, 3, 31)},
        ),
        (
            Party("unit", "moi"),
            "duty_unit_not_yet",
            {"unit": "Đơn vị mới", "day": date(2027, 1, 1)},
        ),
        (CORRIDOR_AUTHORITY, "duty_no_line_here", {}),
    ],
)
@pytest.mark.parametrize("is_lead", [True, False])
def test_whom_nobody_fills_is_told_and_a_lead_holds_reports(
    party: Party, code: str, details: dict[str, object], is_lead: bool
) -> None:
    factories.make_commune(code="22846", name="Vĩnh Hải")
    make_authority(code="doi", name="Đội quản lý đường sắt", valid_to=date(2025, 3, 31))
    make_authority(code="moi", name="Đơn vị mới", valid_from=date(2027, 1, 1))
    found = problems(rule(party, COMMUNE) if is_lead else rule(COMMUNE, party))
    part = "lead" if is_lead else "partner"
    assert found == [Problem(code, 1, part, is_lead, details)]


def test_a_supervising_unit_can_be_missing_beside_a_lead_and_is_none_itself() -> None:
    factories.make_commune(code="22846", name="Vĩnh Hải")
    orphans = {"communes": "xã Vĩnh Hải"}
    beside = Problem("duty_no_supervising", 1, "partner", False, orphans)
    assert problems(rule(COMMUNE, SUPERVISING)) == [beside]
    district = factories.make_supervising_unit()
    around = responsibilities_check.surroundings(TODAY, TODAY)
    for lead in (SUPERVISING, Party("unit", district.code)):
        told = responsibilities_check.problems_of([rule(lead, COMMUNE)], around)
        assert told == [Problem("duty_lead_cannot", 1, "lead", True)]


def test_a_code_that_is_another_units_by_now_is_told_with_its_day() -> None:
    began, switched = date(2024, 1, 1), date(2025, 7, 1)
    for name, span in (
        ("Cũ", {"valid_to": switched - timedelta(days=1)}),
        ("Mới", {"valid_from": switched}),
    ):
        factories.make_commune(code="22846", name=name, **span)
        make_authority(code="congan", name=f"Công an {name}", **span)
    for_land = Rule(1, frozenset(), "anywhere", COMMUNE, commune_code="22846")
    named = Rule(2, frozenset(), "anywhere", Party("unit", "congan"))
    around = responsibilities_check.surroundings(TODAY, began)
    told = responsibilities_check.problems_of([for_land, named], around)
    assert [(each.code, each.rule_number, each.part, each.is_blocking) for each in told] == [
        ("duty_code_reused", 1, "fit", True),
        ("duty_code_reused", 2, "lead", True),
    ]
    details = {"code": "22846", "day": switched, "unit": "xã Mới"}
    assert told[0].details == details
    rewritten = responsibilities_check.surroundings(TODAY, switched)
    assert not [
        each
        for each in responsibilities_check.problems_of([for_land, named], rewritten)
        if each.is_blocking
    ]


def test_an_authority_that_ended_is_told_with_its_line() -> None:
    factories.make_commune()
    ended = make_authority(name="Khu cũ", valid_to=date(2026, 1, 31))
    make_corridor("national_road", ended)
    found = problems(rule(CORRIDOR_AUTHORITY, ground="national_road"), rule())
    assert found == [
        Problem(
            "duty_authority_ended",
            1,
            "lead",
            is_blocking=True,
            details={"line": "Tuyến QL1A", "unit": "Khu cũ", "day": date(2026, 1, 31)},
        )
    ]


def test_codes_that_nobody_bears_and_rules_in_vain_are_told() -> None:
    factories.make_commune(code="22855", name="Tân Hải", valid_to=date(2025, 6, 30))
    found = problems(
        rule(categories=frozenset({"gone"})), rule(land="22855"), rule(land="1"), rule(), rule()
    )
    assert [(problem.code, problem.rule_number, dict(problem.details)) for problem in found] == [
        ("duty_category_gone", 1, {"code": "gone"}),
        ("duty_land_gone", 2, {"land": "xã Tân Hải"}),
        ("duty_land_gone", 3, {"land": "1"}),
        ("duty_never_reached", 5, {}),
    ]


def test_the_overview_counts_what_each_rule_fitted_lately() -> None:
    commune = factories.make_commune()
    for days in (1, 29, 31):
        opened_at = clock.now() - timedelta(days=days)
        factories.make_case(commune, category_code="overloaded_vehicle", opened_at=opened_at)
    factories.make_case(commune, category_code="congestion")
    duties = responsibilities_overview.read(clock.today())
    matches = {line.number: line.matches for line in duties.lines if line.matches}
    assert matches == {7: 2, 8: 1}
    assert duties.is_provisional
    assert duties.next_number == 2
    assert duties.ahead == ()


def test_the_overview_names_who_fills_a_role() -> None:
    factories.make_commune()
    make_corridor("railway", make_authority(name="Công ty đường sắt"), code="DSTN")
    make_corridor("national_road", None)
    duties = responsibilities_overview.read(clock.today())
    crossing = duties.lines[0]
    assert crossing.categories == ("Lối đi tự mở qua đường sắt",)
    assert crossing.partners[0].names == ("Công ty đường sắt",)
    damaged = duties.lines[4]
    assert damaged.lead.names == ()
    assert [problem.code for problem in damaged.problems_in("lead")] == [
        "duty_line_without_authority"
    ]
    assert damaged.problems_in("fit") == []


def test_the_overview_counts_reports_that_wait_for_somebody_to_be_responsible() -> None:
    reports = [factories.make_report() for _each in range(3)]
    with transaction() as work:
        for report, code in zip(reports, (HOLD_CODE, HOLD_CODE, "no_position"), strict=True):
            standing = work.session.get_one(ReportTriage, report.id)
            standing.status, standing.hold_code = "held", code
        standing = work.session.get_one(ReportTriage, reports[0].id)
        standing.status = "triaged"
    assert responsibilities_overview.held() == 1


def test_without_a_table_the_overview_says_so() -> None:
    duties = responsibilities_overview.read(date(2021, 1, 1))
    assert duties.table is None
    assert duties.lines == ()
    assert not duties.is_provisional
