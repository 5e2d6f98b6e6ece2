"""Splitting by hand: a wrong report becomes an open case, and goes back while nothing happened."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.servers.casework_history import (
    check_counts,
    check_history,
    events_of,
    happen,
    holder_of,
    labels,
    last_report,
    numbered,
    reread,
    seen,
)
from tests.servers.casework_scene import (
    LIKELY_TERMS,
    District,
    attach,
    make_case,
    make_officer,
    moments_ago,
)
from webapp import clock
from webapp.domain.errors import Conflict, NotAllowed, NotFound
from webapp.extensions import db
from webapp.models import (
    Case,
    LabelledPair,
    MergeSuggestion,
    Officer,
    Place,
    Report,
    ReportTriage,
)
from webapp.services import casework_acts
from webapp.services.casework_acts import Seen
from webapp.services.casework_merging import merge, unmerge
from webapp.services.casework_splitting import split_off, undo_split
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def case(district: District) -> Case:
    """An open case of severity 2 with three reports of three phones."""
    case = make_case(district.commune_id, severity=2, now=moments_ago(hours=3))
    for key in "abc":
        attach(case.number, install_key_hash=key * 64, captured_at=moments_ago(hours=3))
    return case


def change(report_id: int, **values: object) -> None:
    """Change what triage settled about a report."""
    with transaction() as work:
        standing = work.session.get_one(ReportTriage, report_id)
        for name, value in values.items():
            setattr(standing, name, value)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(NotAllowed) as refused:
        act()
    return str(refused.value.details.get("reason", refused.value.code))


def test_a_report_that_was_split_off_is_a_case_with_its_own_history(
    case: Case, officer: Officer
) -> None:
    report_id = last_report(case)
    new = numbered(split_off(officer, seen(case), report_id, "sạp bên kia đường"))
    assert [each.report_id for each in holder_of(new)] == [report_id]
    assert (new.status, new.is_open, new.lead_unit_id) == ("new", True, case.lead_unit_id)
    assert (new.report_count, new.witness_count) == (1, 1)
    assert new.place_id != case.place_id
    assert new.latitude == db.session.get_one(ReportTriage, report_id).latitude
    assert new.last_captured_at == db.session.get_one(ReportTriage, report_id).captured_at
    old = reread(case)
    assert (old.report_count, old.witness_count) == (2, 2)
    check_history(case, new)
    check_counts()


def test_both_histories_tell_of_the_split(case: Case, officer: Officer) -> None:
    report_id = last_report(case)
    new = numbered(split_off(officer, seen(case), report_id, "sạp bên kia đường"))
    opened, viewed = events_of(new)
    assert (opened.kind, opened.data["split_from_number"]) == ("opened", case.number)
    assert viewed.kind == "first_viewed"
    told = events_of(case)[-1]
    assert (told.kind, told.data["to_number"]) == ("report_split_off", new.number)
    assert (told.data["report_id"], told.words) == (report_id, "sạp bên kia đường")


def test_the_new_case_is_as_grave_as_the_old_one_and_due_no_later(
    case: Case, officer: Officer
) -> None:
    new = numbered(split_off(officer, seen(case), last_report(case)))
    old = reread(case)
    assert new.severity == 2
    assert new.acknowledge_due_at <= old.acknowledge_due_at
    assert new.resolve_due_at <= old.resolve_due_at


def test_the_floor_of_the_reports_own_category_holds(case: Case, officer: Officer) -> None:
    report_id = last_report(case)
    change(report_id, set_category_code="self_opened_crossing")
    new = numbered(split_off(officer, seen(case), report_id))
    assert (new.category_code, new.severity) == ("self_opened_crossing", 3)
    assert db.session.get_one(Place, new.place_id).category_code == "self_opened_crossing"


def test_a_category_that_needs_a_person_gives_way_to_the_old_cases(
    case: Case, officer: Officer
) -> None:
    report_id = last_report(case)
    change(report_id, set_category_code="other")
    assert numbered(split_off(officer, seen(case), report_id)).category_code == case.category_code


def test_a_report_without_a_position_lies_where_its_case_did(case: Case, officer: Officer) -> None:
    report_id = last_report(case)
    change(report_id, latitude=None, longitude=None)
    new = numbered(split_off(officer, seen(case), report_id))
    assert (new.latitude, new.longitude) == (case.latitude, case.longitude)


def test_what_was_acknowledged_gets_a_first_deadline_of_its_own(
    case: Case, officer: Officer
) -> None:
    casework_acts.acknowledge(officer, seen(case))
    first_due = reread(case).acknowledge_due_at
    with clock.at(clock.now() + timedelta(days=4)):
        new = numbered(split_off(officer, seen(case), last_report(case)))
        assert new.acknowledge_due_at > max(first_due, clock.now())
    assert new.resolve_due_at <= reread(case).resolve_due_at


def test_a_wrong_report_on_an_ended_case_becomes_an_open_one(case: Case, officer: Officer) -> None:
    happen(case, officer, "acknowledged", "resolved")
    new = numbered(split_off(officer, seen(case), last_report(case)))
    assert new.is_open
    assert reread(case).status == "resolved"
    check_history(case, new)


def test_the_only_report_is_not_split_off(case: Case, officer: Officer) -> None:
    for _ in range(2):
        split_off(officer, seen(case), last_report(case))
    assert refusal(lambda: split_off(officer, seen(case), last_report(case))) == "split_last_report"


def test_only_a_report_of_the_case_is_split_off(
    case: Case, district: District, officer: Officer
) -> None:
    other = make_case(district.commune_id)
    foreign: Report = attach(other.number)
    with pytest.raises(NotFound, match="split_report_not_found"):
        split_off(officer, seen(case), foreign.id)
    report_id = last_report(case)
    split_off(officer, seen(case), report_id)
    with pytest.raises(NotFound, match="split_report_not_found"):
        split_off(officer, seen(case), report_id)


def test_only_the_lead_unit_splits(case: Case, district: District) -> None:
    supervisor = make_officer(district.district_id, "supervisor")
    assert refusal(lambda: split_off(supervisor, seen(case), last_report(case))) == "not_your_role"
    with pytest.raises(NotFound, match="case_not_found"):
        split_off(make_officer(district.other_commune_id), seen(case), last_report(case))


def test_a_stale_page_splits_nothing(case: Case, officer: Officer) -> None:
    before = seen(case)
    casework_acts.add_note(officer, before, "gọi trưởng thôn")
    with pytest.raises(Conflict):
        split_off(officer, before, last_report(case))
    assert len(holder_of(case)) == 3


def test_an_undone_split_gives_the_report_back(case: Case, officer: Officer) -> None:
    report_id = last_report(case)
    new = numbered(split_off(officer, seen(case), report_id))
    assert undo_split(officer, seen(new), "nhầm") == case.number
    assert len(holder_of(case)) == 3
    assert reread(case).report_count == 3
    empty = reread(new)
    assert (empty.merged_into_id, empty.is_open, empty.report_count) == (case.id, False, 0)
    assert events_of(new)[-1].data["undoes"] == "split"
    assert events_of(case)[-1].kind == "report_returned"
    assert refusal(lambda: unmerge(officer, seen(new))) == "unmerge_nothing_left"
    check_history(case, new)
    check_counts()


def test_a_view_alone_does_not_stand_in_the_way_of_the_undo(
    case: Case, district: District, officer: Officer
) -> None:
    new = numbered(split_off(officer, seen(case), last_report(case)))
    before = seen(new)
    casework_acts.record_view(make_officer(district.commune_id), new.number)
    assert undo_split(officer, before) == case.number


def test_what_was_worked_on_does_not_go_back(case: Case, officer: Officer) -> None:
    new = numbered(split_off(officer, seen(case), last_report(case)))
    casework_acts.add_note(officer, seen(new), "đã gọi")
    assert refusal(lambda: undo_split(officer, seen(new))) == "unsplit_changed"
    assert refusal(lambda: undo_split(officer, seen(case))) == "unsplit_changed"


def test_nothing_goes_back_into_a_case_that_ended_since(case: Case, officer: Officer) -> None:
    new = numbered(split_off(officer, seen(case), last_report(case)))
    happen(case, officer, "acknowledged", "resolved")
    assert refusal(lambda: undo_split(officer, seen(new))) == "unsplit_old_changed"
    assert reread(new).is_open


def test_what_was_split_off_an_ended_case_goes_back_to_it(case: Case, officer: Officer) -> None:
    happen(case, officer, "acknowledged", "resolved")
    burden = (reread(case).severity, case.acknowledge_due_at, case.resolve_due_at)
    report_id = last_report(case)
    change(report_id, set_category_code="self_opened_crossing")
    new = numbered(split_off(officer, seen(case), report_id))
    undo_split(officer, seen(new))
    old = reread(case)
    assert (old.severity, old.acknowledge_due_at, old.resolve_due_at) == burden
    check_history(case, new)
    check_counts()


def test_an_open_case_owes_what_the_returned_report_did(case: Case, officer: Officer) -> None:
    report_id = last_report(case)
    change(report_id, set_category_code="self_opened_crossing")
    new = numbered(split_off(officer, seen(case), report_id))
    resolve_due_at = new.resolve_due_at
    undo_split(officer, seen(new))
    assert reread(case).severity == 3
    assert reread(case).resolve_due_at <= resolve_due_at


def test_a_report_that_is_returned_still_knows_how_it_came(
    case: Case, district: District, officer: Officer
) -> None:
    other = make_case(district.commune_id, now=moments_ago(hours=1))
    mine = attach(other.number).id, attach(other.number).id
    merge(officer, seen(case), seen(other))
    new = numbered(split_off(officer, seen(case), mine[1]))
    undo_split(officer, seen(new))
    unmerge(officer, seen(other))
    assert [each.report_id for each in holder_of(other)] == list(mine)
    check_history(case, other, new)
    check_counts()


def test_what_was_split_off_by_hand_does_not_follow_an_undone_merge(
    case: Case, district: District, officer: Officer
) -> None:
    other = make_case(district.commune_id, now=moments_ago(hours=1))
    mine = attach(other.number).id, attach(other.number).id
    merge(officer, seen(case), seen(other))
    new = numbered(split_off(officer, seen(case), mine[1]))
    unmerge(officer, seen(other))
    assert [each.report_id for each in holder_of(other)] == [mine[0]]
    undo_split(officer, seen(new))
    assert mine[1] in [each.report_id for each in holder_of(case)]
    check_history(case, other, new)
    check_counts()


def test_an_undo_that_would_leave_an_empty_case_is_refused(
    case: Case, district: District, officer: Officer
) -> None:
    other = make_case(district.commune_id, now=moments_ago(hours=1))
    attach(other.number)
    own = [each.report_id for each in holder_of(case)]
    merge(officer, seen(case), seen(other))
    for report_id in own:
        split_off(officer, seen(case), report_id)
    assert refusal(lambda: unmerge(officer, seen(other))) == "unmerge_nothing_left"


def terms_of_labels() -> list[dict[str, Any]]:
    db.session.rollback()
    return [
        pair.terms for pair in db.session.scalars(select(LabelledPair).order_by(LabelledPair.id))
    ]


def test_what_the_machine_saw_is_told_of_one_pair(case: Case, officer: Officer) -> None:
    wrong = attach(case.number, terms=LIKELY_TERMS)
    attach(case.number)
    split_off(officer, seen(case), wrong.id)
    told = terms_of_labels()
    # The newest report came after the machine had judged; the next one was there.
    assert [bool(terms) for terms in told] == [False, True, False, False]
    assert told[1]["log_odds"] == LIKELY_TERMS["log_odds"]


@pytest.mark.parametrize("decision", ["open", "relapse"])
def test_what_was_judged_against_another_case_teaches_nothing(
    case: Case, officer: Officer, decision: str
) -> None:
    wrong = attach(case.number, terms=LIKELY_TERMS | {"decision": decision})
    split_off(officer, seen(case), wrong.id)
    assert terms_of_labels() == [{}, {}, {}]


def test_what_was_judged_before_a_merge_is_not_about_the_survivor(
    case: Case, district: District, officer: Officer
) -> None:
    other = make_case(district.commune_id, now=moments_ago(hours=1))
    wrong = attach(other.number, terms=LIKELY_TERMS)
    merge(officer, seen(case), seen(other))
    split_off(officer, seen(case), wrong.id)
    assert [terms for terms in terms_of_labels() if terms] == []


def test_the_choice_is_kept_as_pairs(case: Case, officer: Officer) -> None:
    new = numbered(split_off(officer, seen(case), last_report(case)))
    assert labels() == [("split", False)] * 2
    undo_split(officer, Seen(new.number, new.version))
    assert labels()[2:] == [("unsplit", True)] * 2


def test_nobody_is_asked_about_the_two_that_a_person_has_just_told_apart(
    case: Case, officer: Officer
) -> None:
    new = numbered(split_off(officer, seen(case), last_report(case)))
    (answered,) = db.session.scalars(select(MergeSuggestion)).all()
    assert {answered.case_id, answered.other_case_id} == {new.id, case.id}
    assert answered.answer == "separate"
