"""Merging by hand: every reporter follows, nothing falls or is postponed, an undo gives back."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from tests.servers.casework_history import (
    check_counts,
    check_history,
    events_of,
    happen,
    holder_of,
    labels,
    reread,
    seen,
    suggest,
)
from tests.servers.casework_scene import (
    SPOT,
    District,
    attach,
    make_case,
    make_officer,
    moments_ago,
)
from tests.servers.crossings_scene import make_crossing
from webapp import clock
from webapp.domain.errors import AnLoError, Conflict, InvalidInput, NotAllowed, NotFound
from webapp.extensions import db
from webapp.models import (
    Case,
    CaseView,
    Coordination,
    LabelledPair,
    MergeSuggestion,
    Officer,
    OutboxEntry,
    Place,
)
from webapp.services import casefile, casework_acts, crossings_cases
from webapp.services import casework_coordination as coordination
from webapp.services.case_families import lock_survivor, survivor_of
from webapp.services.casework import open_case
from webapp.services.casework_acts import Seen
from webapp.services.casework_merging import keep_apart, merge, unmerge
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def pair(district: District) -> tuple[Case, Case]:
    """Two open cases of one commune: the older with two witnesses, the newer with one."""
    older = make_case(district.commune_id, now=moments_ago(hours=3))
    newer = make_case(district.commune_id, now=moments_ago(hours=1))
    for key in "ab":
        attach(older.number, install_key_hash=key * 64, captured_at=moments_ago(hours=3))
    attach(newer.number, install_key_hash="c" * 64, captured_at=moments_ago(hours=1))
    return older, newer


def reports_of(case: Case) -> list[int]:
    return [each.report_id for each in holder_of(case)]


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(NotAllowed) as refused:
        act()
    details = refused.value.details
    return str(details.get("reason", refused.value.code))


def test_every_reporter_follows_the_case_that_goes_on(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    number = merge(officer, seen(newer), seen(older), "cùng một sạp hàng")
    assert number == older.number
    assert len(reports_of(older)) == 3
    assert reports_of(newer) == []
    survivor, merged = reread(older), reread(newer)
    assert (survivor.report_count, survivor.witness_count) == (3, 3)
    assert (merged.report_count, merged.is_open, merged.status) == (0, False, "new")
    assert merged.merged_into_id == survivor.id
    captured = [events_of(case)[1].data["captured_at"] for case in pair]
    assert survivor.last_captured_at == datetime.fromisoformat(max(captured))
    check_history(older, newer)
    check_counts()


def test_both_histories_tell_of_the_merge(pair: tuple[Case, Case], officer: Officer) -> None:
    older, newer = pair
    merge(officer, seen(older), seen(newer), "cùng một sạp hàng")
    told, other = events_of(older)[-1], events_of(newer)[-1]
    assert (told.kind, told.data["other_number"], told.words) == (
        "merged",
        newer.number,
        "cùng một sạp hàng",
    )
    assert told.data["brought_reports"] == 1
    assert (other.kind, other.data["into_number"]) == ("merged_into", older.number)
    assert [event.kind for event in events_of(newer)[:-1]] == [
        "opened",
        "report_attached",
        "first_viewed",
    ]


def test_a_moved_report_keeps_what_the_machine_saw(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    (before,) = holder_of(newer)
    merge(officer, seen(older), seen(newer))
    after = next(each for each in holder_of(older) if each.report_id == before.report_id)
    assert after.supersedes_id == before.id
    assert after.actor_id == officer.id
    assert after.terms["decision"] == "merged"
    assert after.terms["from_number"] == newer.number
    assert after.terms["before"] == before.terms


def test_the_case_that_is_further_along_goes_on(pair: tuple[Case, Case], officer: Officer) -> None:
    older, newer = pair
    casework_acts.acknowledge(officer, seen(newer))
    assert merge(officer, seen(older), seen(newer)) == newer.number
    assert reread(newer).status == "acknowledged"
    assert reread(older).merged_into_id == newer.id


def test_the_case_that_goes_on_is_at_the_crossing_of_the_other(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    crossing = make_crossing(SPOT)
    crossings_cases.link(officer, seen(newer), crossing.id)
    merge(officer, seen(newer), seen(older))
    assert reread(older).crossing_id == crossing.id
    assert events_of(older)[-1].kind == "crossing_linked"
    check_history(older, newer)


def test_the_highest_severity_and_the_earliest_deadlines_win(
    district: District, officer: Officer
) -> None:
    older = make_case(district.commune_id, severity=1, now=moments_ago(days=12))
    newer = make_case(district.commune_id, severity=3, now=moments_ago(hours=1))
    for case in (older, newer):
        attach(case.number)
    acknowledge_due_at = min(older.acknowledge_due_at, newer.acknowledge_due_at)
    resolve_due_at = min(older.resolve_due_at, newer.resolve_due_at)
    merge(officer, seen(newer), seen(older))
    survivor = reread(older)
    assert survivor.severity == 3
    assert survivor.acknowledge_due_at <= acknowledge_due_at
    # Five working days from the first opening of both.
    assert survivor.resolve_due_at < resolve_due_at


def test_the_floor_of_either_category_holds_and_the_survivors_category_stays(
    district: District, officer: Officer
) -> None:
    older = make_case(district.commune_id, now=moments_ago(hours=2))
    newer = make_case(district.commune_id, category="self_opened_crossing")
    for case in (older, newer):
        attach(case.number)
    merge(officer, seen(older), seen(newer))
    survivor = reread(older)
    assert (survivor.category_code, survivor.severity) == ("pavement_encroachment", 3)


def test_whoever_merges_has_viewed_both(pair: tuple[Case, Case], officer: Officer) -> None:
    older, newer = pair
    merge(officer, seen(older), seen(newer))
    assert reread(older).first_viewed_at is not None
    assert reread(newer).first_viewed_at is not None
    assert len(db.session.scalars(select(CaseView)).all()) == 2


def test_a_case_that_was_merged_away_allows_nothing_but_the_undo(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    merge(officer, seen(older), seen(newer))
    assert refusal(lambda: casework_acts.acknowledge(officer, seen(newer))) == "merged_away"
    assert refusal(lambda: casework_acts.add_note(officer, seen(newer), "x")) == "merged_away"
    assert refusal(lambda: merge(officer, seen(newer), seen(older))) == "merge_merged_away"
    with pytest.raises(NotAllowed, match="event_not_possible"):
        attach(newer.number)
    casework_acts.record_view(make_officer(newer.lead_unit_id), newer.number)
    assert events_of(newer)[-1].kind == "merged_into"


def parts_in(case: Case) -> list[Coordination]:
    db.session.rollback()
    rows = select(Coordination).where(Coordination.case_id == case.id)
    return list(db.session.scalars(rows.order_by(Coordination.id)))


def test_a_merge_and_its_undo_lose_no_task(
    district: District, pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    helper = make_officer(district.other_commune_id)
    with transaction() as work:
        known = work.session.get_one(Case, older.id)
        coordination.inform(work, known, helper.unit_id, source="border", now=clock.now())
    coordination.coordinate(officer, seen(newer), helper.unit_id, "Dọn phía bên kia", 1)
    (asked,) = parts_in(newer)
    owed = (asked.due_at, asked.asked_at, asked.asked_by_id)
    merge(officer, seen(older), seen(newer))
    (taken,) = parts_in(older)
    assert (taken.state, taken.task) == ("asked", "Dọn phía bên kia")
    assert (taken.due_at, taken.asked_at, taken.asked_by_id) == owed
    assert [part.state for part in parts_in(newer)] == ["ended"]
    unmerge(officer, seen(newer))
    (back,) = parts_in(newer)
    assert (back.state, back.task, back.due_at) == ("asked", "Dọn phía bên kia", owed[0])
    coordination.reply(helper, seen(newer), "Đã dọn.")
    check_history(older, newer)


def test_a_neighbour_that_was_asked_by_hand_stays_asked_in_the_case_that_goes_on(
    district: District, pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    helper = make_officer(district.other_commune_id)
    with transaction() as work:
        known = work.session.get_one(Case, newer.id)
        coordination.inform(work, known, helper.unit_id, source="border", now=clock.now())
    coordination.coordinate(officer, seen(newer), helper.unit_id, "Dọn phía bên kia", 1)
    due_at = parts_in(newer)[0].due_at
    merge(officer, seen(older), seen(newer))
    (part,) = parts_in(older)
    assert (part.source, part.state, part.due_at) == ("border", "asked", due_at)
    coordination.reply(helper, seen(older), "Đã dọn.")
    unmerge(officer, seen(newer))
    # What was answered in the meantime is answered here as well.
    assert [(each.state, each.reply) for each in parts_in(newer)] == [("replied", "Đã dọn.")]


def test_of_two_tasks_both_stand_with_the_earlier_deadline(
    district: District, pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    helper_id = district.other_commune_id
    coordination.coordinate(officer, seen(older), helper_id, "Đo đất", 5)
    coordination.coordinate(officer, seen(newer), helper_id, "Dọn sạp", 1)
    due_at = min(parts_in(case)[0].due_at for case in pair)
    merge(officer, seen(older), seen(newer))
    (part,) = parts_in(older)
    assert (part.task, part.due_at) == ("Đo đất\nDọn sạp", due_at)


def test_a_late_report_finds_the_case_that_took_its_own(
    pair: tuple[Case, Case], district: District, officer: Officer
) -> None:
    older, newer = pair
    oldest = make_case(district.commune_id, now=moments_ago(hours=9))
    merge(officer, seen(older), seen(newer))
    merge(officer, seen(oldest), seen(older))
    with transaction() as work:
        assert survivor_of(work.session, reread(newer)).number == oldest.number
        assert lock_survivor(work.session, newer.id).number == oldest.number
        assert lock_survivor(work.session, oldest.id).number == oldest.number


def test_what_cannot_be_one_is_refused(
    pair: tuple[Case, Case], district: District, officer: Officer
) -> None:
    older, newer = pair
    foreign = make_case(district.other_commune_id)
    assert refusal(lambda: merge(officer, seen(older), seen(older))) == "merge_with_itself"
    with pytest.raises(NotFound, match="merge_other_not_found"):
        merge(officer, seen(older), seen(foreign))
    with pytest.raises(NotFound, match="case_not_found"):
        merge(officer, seen(foreign), seen(older))
    with pytest.raises(InvalidInput, match="words_too_long"):
        merge(officer, seen(older), seen(newer), "a" * 2001)
    happen(newer, officer, "acknowledged", "resolved")
    assert refusal(lambda: merge(officer, seen(older), seen(newer))) == "merge_not_open"
    assert refusal(lambda: merge(officer, seen(newer), seen(older))) == "merge_not_open"


def test_those_above_merge_nothing(pair: tuple[Case, Case], district: District) -> None:
    older, newer = pair
    for role in ("supervisor", "overseer"):
        above = make_officer(district.district_id, role)
        assert refusal(lambda who=above: merge(who, seen(older), seen(newer))) == "not_your_role"
    foreign = make_case(district.other_commune_id)
    supervisor = make_officer(district.district_id, "supervisor")
    assert refusal(lambda: merge(supervisor, seen(older), seen(foreign))) == "merge_other_unit"


@pytest.mark.parametrize("stale_side", [0, 1])
def test_a_stale_page_of_either_case_merges_nothing(
    pair: tuple[Case, Case], officer: Officer, stale_side: int
) -> None:
    before = seen(pair[0]), seen(pair[1])
    casework_acts.add_note(officer, seen(pair[stale_side]), "gọi trưởng thôn")
    with pytest.raises(Conflict) as refused:
        merge(officer, *before)
    assert refused.value.details["number"] == pair[stale_side].number
    assert len(reports_of(pair[0])) == 2


def test_an_undone_merge_gives_back_what_came_and_keeps_what_came_later(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    mine = reports_of(newer)
    merge(officer, seen(older), seen(newer))
    late = attach(older.number, install_key_hash="d" * 64)
    assert unmerge(officer, seen(newer), "hai sạp khác nhau") == newer.number
    assert reports_of(newer) == mine
    assert late.id in reports_of(older)
    again, survivor = reread(newer), reread(older)
    assert (again.is_open, again.merged_into_id, again.report_count) == (True, None, 1)
    assert (survivor.report_count, survivor.witness_count) == (3, 3)
    assert [events_of(case)[-1].kind for case in (older, newer)] == ["merge_undone", "separated"]
    check_history(older, newer)
    check_counts()


def test_an_undo_lowers_and_postpones_nothing(district: District, officer: Officer) -> None:
    older = make_case(district.commune_id, severity=1, now=moments_ago(days=3))
    newer = make_case(district.commune_id, severity=4)
    for case in (older, newer):
        attach(case.number)
    merge(officer, seen(older), seen(newer))
    joined = reread(older)
    burden = (joined.severity, joined.acknowledge_due_at, joined.resolve_due_at)
    unmerge(officer, seen(newer))
    alone = reread(older)
    assert (alone.severity, alone.acknowledge_due_at, alone.resolve_due_at) == burden
    assert reread(newer).severity == 4


def test_what_is_given_back_is_owed_no_less_and_no_later(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    merge(officer, seen(older), seen(newer))
    casework_acts.raise_severity(officer, seen(older), 4)
    owed = reread(older)
    burden = (owed.severity, owed.acknowledge_due_at, owed.resolve_due_at)
    unmerge(officer, seen(newer))
    back = reread(newer)
    assert (back.severity, back.acknowledge_due_at, back.resolve_due_at) == burden
    told = events_of(newer)[-1].data
    assert (told["from_severity"], told["severity"]) == (1, 4)
    check_history(older, newer)


def test_trouble_that_came_back_stays_so_whichever_case_goes_on(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    before = make_case(older.lead_unit_id, now=moments_ago(hours=2))
    happen(before, officer, "acknowledged", "resolved")
    with transaction() as work:
        relapse = open_case(
            work,
            place=work.session.get_one(Place, before.place_id),
            category_code=before.category_code,
            unit_id=before.lead_unit_id,
            position=SPOT,
            severity=2,
            now=clock.now(),
            previous_case_id=before.id,
            is_relapse=True,
        )
    attach(relapse.number)
    merge(officer, seen(older), seen(relapse))
    survivor = reread(older)
    assert (survivor.is_relapse, survivor.previous_case_id) == (True, before.id)
    past = casefile._past(officer, survivor)
    assert past.previous is not None
    assert (past.previous.number, past.relapses) == (before.number, 1)
    unmerge(officer, seen(relapse))
    for case in (older, relapse):
        alone = reread(case)
        assert (alone.is_relapse, alone.previous_case_id) == (True, before.id)
    merge(officer, seen(newer), seen(older))
    check_history(older, newer, relapse)


def test_what_was_kept_apart_by_number_is_not_asked_about(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    for _again in range(2):
        keep_apart(officer, seen(older), newer.number)
    db.session.rollback()
    (kept,) = db.session.scalars(select(MergeSuggestion)).all()
    assert (kept.case_id, kept.other_case_id) == (older.id, newer.id)
    assert (kept.answer, kept.answered_by_id) == ("separate", officer.id)
    assert (kept.probability, kept.terms) == (0.0, {})


def test_a_merge_by_number_that_was_undone_is_not_asked_about(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    merge(officer, seen(older), seen(newer))
    unmerge(officer, seen(newer))
    db.session.rollback()
    assert [each.answer for each in db.session.scalars(select(MergeSuggestion))] == ["separate"]


def test_only_what_could_be_merged_is_kept_apart(
    pair: tuple[Case, Case], district: District, officer: Officer
) -> None:
    older, newer = pair
    ended = make_case(district.commune_id)
    happen(ended, officer, "acknowledged", "resolved")
    merge(officer, seen(older), seen(newer))
    refused = [
        refusal(lambda other=other: keep_apart(officer, seen(older), other.number))
        for other in (newer, ended)
    ]
    assert refused == ["merge_merged_away", "merge_not_open"]


def test_what_the_machine_saw_of_two_is_told_of_these_two_alone(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    (mine,), theirs = reports_of(newer), reports_of(older)
    suggest(newer, older, mine, {"log_odds": 1.5})
    attach(older.number)
    merge(officer, seen(older), seen(newer))
    db.session.rollback()
    told = {
        (pair.report_id, pair.other_report_id): pair.terms
        for pair in db.session.scalars(select(LabelledPair))
    }
    assert len(told) == 3
    judged = {key: terms for key, terms in told.items() if terms}
    assert judged == {tuple(sorted((mine, max(theirs)))): {"log_odds": 1.5}}


def test_a_merge_is_undone_also_after_the_survivor_ended(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    merge(officer, seen(older), seen(newer))
    happen(older, officer, "acknowledged", "resolved")
    unmerge(officer, seen(newer))
    assert reread(newer).is_open
    assert reread(older).status == "resolved"
    check_history(older, newer)


def test_in_a_chain_each_case_gets_its_own_reports_back(
    pair: tuple[Case, Case], district: District, officer: Officer
) -> None:
    second, first = pair
    third = make_case(district.commune_id, now=moments_ago(hours=9))
    attach(third.number)
    own = {case.number: reports_of(case) for case in (first, second, third)}
    merge(officer, seen(second), seen(first))
    merge(officer, seen(third), seen(second))
    assert len(reports_of(third)) == 4
    unmerge(officer, seen(first))
    assert reports_of(first) == own[first.number]
    assert sorted(reports_of(third)) == sorted(own[second.number] + own[third.number])
    unmerge(officer, seen(second))
    assert [reports_of(case) for case in (second, third)] == [
        own[second.number],
        own[third.number],
    ]
    check_history(first, second, third)
    check_counts()


def test_a_case_in_the_middle_gets_back_what_it_had_taken_in(
    pair: tuple[Case, Case], district: District, officer: Officer
) -> None:
    second, first = pair
    third = make_case(district.commune_id, now=moments_ago(hours=9))
    attach(third.number)
    own = reports_of(first)
    merge(officer, seen(second), seen(first))
    merge(officer, seen(third), seen(second))
    unmerge(officer, seen(second))
    assert (len(reports_of(second)), len(reports_of(third))) == (3, 1)
    assert reread(first).merged_into_id == second.id
    unmerge(officer, seen(first))
    assert reports_of(first) == own
    check_history(first, second, third)
    check_counts()


def test_what_was_not_merged_is_not_undone(pair: tuple[Case, Case], officer: Officer) -> None:
    older, _newer = pair
    assert refusal(lambda: unmerge(officer, seen(older))) == "unmerge_not_merged"


def test_a_stranger_undoes_nothing(
    pair: tuple[Case, Case], district: District, officer: Officer
) -> None:
    older, newer = pair
    merge(officer, seen(older), seen(newer))
    with pytest.raises(NotFound):
        unmerge(make_officer(district.other_commune_id), seen(newer))
    supervisor = make_officer(district.district_id, "supervisor")
    assert refusal(lambda: unmerge(supervisor, seen(newer))) == "not_your_role"


def test_a_later_raise_reckons_from_the_first_opening_of_all(
    district: District, officer: Officer
) -> None:
    older = make_case(district.commune_id, now=moments_ago(days=20))
    newer = make_case(district.commune_id)
    for case in (older, newer):
        attach(case.number)
    casework_acts.acknowledge(officer, seen(newer))
    assert merge(officer, seen(older), seen(newer)) == newer.number
    casework_acts.raise_severity(officer, seen(newer), 3)
    # Five working days from twenty days ago are over.
    assert reread(newer).resolve_due_at < clock.now()


def test_the_choice_is_kept_as_pairs_and_answers_the_suggestion(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair
    suggestion_id = suggest(newer, older, reports_of(newer)[0], {"rule": "likeliest_case_1"})
    merge(officer, seen(older), seen(newer))
    assert labels() == [("merge", True), ("merge", True)]
    answered = db.session.get_one(MergeSuggestion, suggestion_id)
    assert (answered.answer, answered.answered_by_id) == ("merged", officer.id)
    unmerge(officer, seen(newer))
    assert labels()[2:] == [("unmerge", False), ("unmerge", False)]
    undone = db.session.get_one(MergeSuggestion, suggestion_id, populate_existing=True)
    assert (undone.answer, undone.answered_by_id) == ("separate", officer.id)
    assert len(db.session.scalars(select(MergeSuggestion)).all()) == 1


def test_one_choice_labels_eight_pairs_at_most(district: District, officer: Officer) -> None:
    cases = [make_case(district.commune_id) for _ in range(2)]
    for case in cases:
        for _ in range(5):
            attach(case.number)
    merge(officer, seen(cases[0]), seen(cases[1]))
    assert labels() == [("merge", True)] * 8


def test_two_that_are_two_are_kept_apart(pair: tuple[Case, Case], officer: Officer) -> None:
    older, newer = pair
    suggestion_id = suggest(newer, older, reports_of(newer)[0], {"rule": "likeliest_case_1"})
    keep_apart(officer, seen(older), newer.number, "cách nhau một con đường")
    assert labels() == [("separate", False), ("separate", False)]
    assert db.session.get_one(MergeSuggestion, suggestion_id).answer == "separate"
    told = events_of(older)[-1]
    assert (told.kind, told.data["other_number"]) == ("kept_apart", newer.number)
    assert told.words == "cách nhau một con đường"
    assert reread(newer).is_open
    assert refusal(lambda: keep_apart(officer, seen(older), older.number)) == "merge_with_itself"
    with pytest.raises(NotFound, match="merge_other_not_found"):
        keep_apart(officer, seen(older), "NH-2026-99999")
    check_history(older, newer)


def test_the_days_of_a_merged_case_are_counted_anew(
    pair: tuple[Case, Case], officer: Officer
) -> None:
    older, newer = pair

    def epochs() -> dict[str, int]:
        db.session.rollback()
        asked = select(OutboxEntry).where(OutboxEntry.kind == "rebuild_tallies")
        return {entry.subject: entry.epoch for entry in db.session.scalars(asked)}

    day = newer.opened_at.astimezone(clock.LOCAL_ZONE).date().isoformat()
    before = epochs()[day]
    merge(officer, seen(older), seen(newer))
    merged = epochs()[day]
    unmerge(officer, seen(newer))
    assert before < merged < epochs()[day]


def test_of_two_who_merge_the_same_two_at_once_one_wins(
    app: Flask, pair: tuple[Case, Case], district: District
) -> None:
    ids = [make_officer(district.commune_id).id for _ in range(2)]
    for officer_id in ids:
        # Their first views are written before, so that nothing but the merge is contended.
        casework_acts.record_view(db.session.get_one(Officer, officer_id), pair[0].number)
        casework_acts.record_view(db.session.get_one(Officer, officer_id), pair[1].number)
    versions = seen(pair[0]), seen(pair[1])
    start, outcomes = threading.Barrier(2), list[str]()

    def act(officer_id: int, sides: tuple[Seen, Seen]) -> None:
        with app.app_context():
            start.wait(timeout=30)
            try:
                merge(db.session.get_one(Officer, officer_id), *sides)
                outcomes.append("won")
            except AnLoError as error:
                outcomes.append(error.code if isinstance(error, Conflict) else repr(error))
            finally:
                db.session.remove()

    orders = (versions, versions[::-1])
    threads = [threading.Thread(target=act, args=each) for each in zip(ids, orders, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["case_changed", "won"]
    check_history(*pair)
    check_counts()
