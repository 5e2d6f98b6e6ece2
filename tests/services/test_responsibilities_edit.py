"""The next table: a copy is changed, held against the open cases in numbers, saved, withdrawn."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests import factories
from tests.services.test_responsibilities import make_authority, make_corridor
from webapp import clock
from webapp.domain.errors import Conflict, NotFound
from webapp.domain.responsibilities_draft import Draft, DraftRule, DraftTask
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Corridor, Officer, Unit
from webapp.services import (
    casework,
    responsibilities,
    responsibilities_choices,
    responsibilities_edit,
    responsibilities_overview,
)
from webapp.services.responsibilities_edit import DraftRefused, Effect
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

EVERYTHING = DraftRule(is_every_category=True)


@pytest.fixture
def officer() -> Officer:
    """An administrator of the district."""
    return factories.make_officer(factories.make_supervising_unit(), role="administrator")


def day(days: int) -> str:
    return (clock.today() + timedelta(days=days)).isoformat()


def draft(*rules: DraftRule, days: int = 1) -> Draft:
    return replace(responsibilities_edit.begin(), valid_from=day(days), rules=rules)


def codes(refused: pytest.ExceptionInfo[DraftRefused]) -> list[tuple[str, int | None]]:
    return [(fault.code, fault.rule_number) for fault in refused.value.faults]


def test_the_copy_of_a_version_saves_as_the_same_rules(officer: Officer) -> None:
    begun = responsibilities_edit.begin()
    assert (begun.based_on, begun.valid_from) == (1, day(1))
    assert responsibilities_edit.save(officer, begun) == 2
    old = responsibilities.rules_on(clock.today())
    new = responsibilities.rules_on(clock.today() + timedelta(days=1))
    assert [replace(rule, id=0) for rule in new] == [replace(rule, id=0) for rule in old]


def test_a_saved_version_says_who_wrote_it_and_holds_from_its_day(officer: Officer) -> None:
    responsibilities_edit.save(officer, replace(draft(EVERYTHING), note=" gọn lại "))
    newest = responsibilities_overview.editions(clock.today())[0]
    assert (newest.number, newest.state, newest.saved_by) == (2, "ahead", officer.name)
    assert newest.note == "gọn lại"
    table = responsibilities.table_on(clock.today())
    assert table is not None
    assert table.number == 1
    states = [e.state for e in responsibilities_overview.editions(clock.today() + timedelta(1))]
    assert states == ["present", "past"]


def test_a_stale_draft_is_told_and_nothing_is_written(officer: Officer) -> None:
    stale = draft(EVERYTHING)
    responsibilities_edit.save(officer, draft(EVERYTHING))
    with pytest.raises(Conflict, match="duties_changed"):
        responsibilities_edit.save(officer, stale)
    assert len(responsibilities.versions()) == 2
    again = responsibilities_edit.rebased(stale)
    assert again.rules == stale.rules
    assert responsibilities_edit.save(officer, again) == 3


def test_a_draft_that_was_copied_from_a_withdrawn_version_is_stale(officer: Officer) -> None:
    responsibilities_edit.save(officer, draft(EVERYTHING))
    copied = responsibilities_edit.begin()
    responsibilities_edit.withdraw(officer, 2)
    with pytest.raises(Conflict, match="duties_changed"):
        responsibilities_edit.save(officer, copied)


def test_a_version_may_be_withdrawn_until_its_day(officer: Officer) -> None:
    responsibilities_edit.save(officer, draft(EVERYTHING, days=2))
    tomorrow = clock.now() + timedelta(days=2)
    with clock.at(tomorrow), pytest.raises(Conflict, match="duties_begun"):
        responsibilities_edit.withdraw(officer, 2)
    responsibilities_edit.withdraw(officer, 2)
    with clock.at(tomorrow):
        table = responsibilities.table_on(clock.today())
    assert table is not None
    assert table.number == 1
    newest = responsibilities_overview.editions(clock.today())[0]
    assert (newest.state, newest.withdrawn_by) == ("withdrawn", officer.name)
    assert responsibilities_edit.next_number() == 3


@pytest.mark.parametrize("number", [2, 2**31, 2**70])
def test_what_does_not_stand_cannot_be_withdrawn(officer: Officer, number: int) -> None:
    with pytest.raises(NotFound):
        responsibilities_edit.withdraw(officer, number)


def test_the_table_that_ships_has_begun(officer: Officer) -> None:
    with pytest.raises(Conflict, match="duties_begun"):
        responsibilities_edit.withdraw(officer, 1)


@pytest.mark.parametrize(
    ("valid_from", "code"),
    [
        ("hôm qua", "duty_day_unreadable"),
        ("", "duty_day_unreadable"),
        (day(-1), "duty_day_past"),
        (day(4), "duty_day_before_last"),
    ],
)
def test_a_version_begins_today_or_later_and_after_the_last(
    officer: Officer, valid_from: str, code: str
) -> None:
    responsibilities_edit.save(officer, draft(EVERYTHING, days=5))
    with pytest.raises(DraftRefused) as refused:
        responsibilities_edit.save(officer, replace(draft(EVERYTHING), valid_from=valid_from))
    assert codes(refused) == [(code, None)]


def test_a_version_may_begin_today(officer: Officer) -> None:
    responsibilities_edit.save(officer, draft(EVERYTHING, days=0))
    table = responsibilities.table_on(clock.today())
    assert table is not None
    assert table.number == 2


def test_every_fault_is_told_with_its_line(officer: Officer) -> None:
    wrong = draft(
        EVERYTHING,
        DraftRule(lead=""),
        DraftRule(category_codes=("nothing",), ground="moon", commune_code="0", lead="unit:0"),
        DraftRule(
            is_every_category=True,
            partners=(DraftTask("commune", "x" * 201), DraftTask("", "việc"), DraftTask()),
            legal_basis="x" * 401,
        ),
    )
    with pytest.raises(DraftRefused) as refused:
        responsibilities_edit.preview(replace(wrong, note="x" * 401))
    assert codes(refused) == [
        ("duty_note_too_long", None),
        ("duty_category_missing", 2),
        ("duty_lead_missing", 2),
        ("duty_category_not_known", 3),
        ("duty_ground_not_known", 3),
        ("duty_land_not_known", 3),
        ("duty_party_not_known", 3),
        ("duty_task_of_nobody", 4),
        ("duty_party_twice", 4),
        ("duty_task_too_long", 4),
        ("duty_basis_too_long", 4),
    ]
    assert len(responsibilities.versions()) == 1


@pytest.mark.parametrize(
    ("rules", "code"), [((), "duty_no_rules"), ((EVERYTHING,) * 81, "duty_too_many_rules")]
)
def test_a_table_has_some_rules_and_not_too_many(
    officer: Officer, rules: tuple[DraftRule, ...], code: str
) -> None:
    with pytest.raises(DraftRefused) as refused:
        responsibilities_edit.save(officer, draft(*rules))
    assert codes(refused) == [(code, None)]


def test_the_preview_counts_open_cases_by_rule_and_changes_none_of_them(officer: Officer) -> None:
    district = db.session.get_one(type(officer.unit), officer.unit_id)
    commune = factories.make_commune(parent=district)
    police = make_authority(code="congan", name="Công an")
    make_authority(code="giao-thong", name="Đội giao thông")
    for _each in range(3):
        factories.make_case(commune, category_code="overloaded_vehicle")
    factories.make_case(commune, category_code="congestion")
    factories.make_case(commune, category_code="other")
    events = db.session.query(CaseEvent).count()
    found = responsibilities_edit.preview(
        draft(
            DraftRule(
                category_codes=("overloaded_vehicle",), partners=(DraftTask("unit:congan", "xử"),)
            ),
            DraftRule(category_codes=("congestion",), lead="unit:giao-thong"),
            EVERYTHING,
        )
    )
    assert found.effects == (
        Effect(1, cases=3, lead_changes=0, partner_changes=3, held=0),
        Effect(2, cases=1, lead_changes=1, partner_changes=1, held=0),
        Effect(3, cases=1, lead_changes=0, partner_changes=0, held=0),
    )
    assert (found.number, found.cases, found.lead_changes, found.partner_changes) == (2, 5, 1, 4)
    assert [effect.rule_number for effect in found.changed] == [1, 2]
    assert found.problems == ()
    assert db.session.query(CaseEvent).count() == events
    leads = {case.lead_unit_id for case in db.session.query(Case)}
    assert leads == {commune.id}
    assert police.id not in leads


@pytest.mark.parametrize("lead", ["supervising", "unit:ninh-hai"])
def test_a_lead_that_works_on_no_case_is_refused_and_not_offered(
    officer: Officer, lead: str
) -> None:
    written = draft(DraftRule(is_every_category=True, lead=lead))
    with pytest.raises(DraftRefused) as refused:
        responsibilities_edit.save(officer, written)
    assert codes(refused) == [("duty_lead_cannot", 1)]
    offered = responsibilities_choices.choices(draft(EVERYTHING))
    assert "ninh-hai" in {choice.code for choice in offered.units}
    assert "ninh-hai" not in {choice.code for choice in offered.leads}


def test_the_preview_shows_holes_and_whom_nobody_would_lead(officer: Officer) -> None:
    commune = factories.make_commune()
    factories.make_case(commune, category_code="other")
    factories.make_case(commune, category_code="congestion")
    found = responsibilities_edit.preview(
        draft(DraftRule(category_codes=("congestion",), lead="corridor_authority"))
    )
    assert [(effect.rule_number, effect.held) for effect in found.effects] == [(1, 1), (None, 1)]
    assert found.held == 2
    told = {problem.code for problem in found.problems}
    assert told == {"duty_hole", "duty_no_line_here"}


def test_the_preview_reads_the_line_that_a_case_lies_on(officer: Officer) -> None:
    commune, authority = factories.make_commune(), make_authority()
    corridor = make_corridor("national_road", authority)
    open_case_on(corridor, commune)
    found = responsibilities_edit.preview(draft(EVERYTHING))
    # Version 1 lets the road's authority lead and the commune coordinate.
    assert found.effects == (Effect(1, 1, lead_changes=1, partner_changes=1, held=0),)
    duties = responsibilities_overview.read(clock.today())
    assert {line.number: line.matches for line in duties.lines if line.matches} == {5: 1}


def open_case_on(corridor: Corridor, commune: Unit) -> None:
    now = clock.now()
    with transaction() as work:
        place = factories._make_place(factories.somewhere(), "road_damage", now)
        work.session.add(place)
        casework.open_case(
            work,
            place=place,
            category_code="road_damage",
            unit_id=corridor.authority_id or 0,
            position=factories.somewhere(),
            severity=1,
            now=now,
            facts={"commune_id": commune.id, "corridor_id": corridor.id},
        )


def test_the_lists_keep_what_a_draft_names_though_it_is_gone(officer: Officer) -> None:
    factories.make_commune(code="22846", name="Vĩnh Hải")
    factories.make_commune(code="22855", name="Tân Hải", column=1, valid_to=date(2025, 6, 30))
    make_authority(code="doi", name="Đội đường sắt", valid_to=date(2025, 3, 31))
    begun = draft(DraftRule(commune_code="22855", lead="unit:doi", category_codes=("gone",)))
    offered = responsibilities_choices.choices(begun)
    assert [(c.name, c.is_gone) for c in offered.communes] == [
        ("xã Vĩnh Hải", False),
        ("xã Tân Hải", True),
    ]
    assert [(c.name, c.is_gone) for c in offered.units][-1] == ("Đội đường sắt", True)
    assert offered.categories[-1].is_gone
    before = replace(begun, valid_from="2025-01-01")
    assert not any(c.is_gone for c in responsibilities_choices.choices(before).communes)
    assert responsibilities_choices.choices(replace(begun, valid_from="?")).units
