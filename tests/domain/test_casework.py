"""What a case adds up to, who may make which move, and what each move needs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.strategies import case_data, moments_between
from webapp.domain.casework import (
    DESK_ACTS,
    KINDS,
    OPEN_STATUSES,
    ROLES,
    STATUSES,
    TRANSITIONS,
    CaseState,
    Happening,
    Part,
    apply,
    check,
    check_needs,
    check_proof,
    check_raised,
    due_at,
    is_open,
    possible_acts,
    possible_desk_acts,
)
from webapp.domain.errors import InvalidInput, NotAllowed
from webapp.domain.geo import Position

NOON = datetime(2026, 6, 18, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPENED = Happening(
    "opened",
    NOON,
    {
        "severity": 2,
        "lead_unit_id": 7,
        "category_code": "road_damage",
        "latitude": 11,
        "longitude": 109.1,
        "place_id": 3,
        "acknowledge_due_at": (NOON + 8 * HOUR).isoformat(),
        "resolve_due_at": (NOON + 240 * HOUR).isoformat(),
        "address": "xã Vĩnh Hải",
    },
)
NEW = apply(None, OPENED)


def happens(kind: str, hours: float = 1, **data: Any) -> Happening:
    return Happening(kind, NOON + hours * HOUR, data)


def fold(*happenings: Happening) -> CaseState:
    return reduce(apply, happenings, NEW)


LEAD: frozenset[Part] = frozenset({"lead"})
NOBODY: frozenset[Part] = frozenset()


def refusal(
    act: str, state: CaseState, role: str = "officer", parts: frozenset[Part] = LEAD
) -> Any:
    with pytest.raises(NotAllowed) as caught:
        check(act, state, role=role, parts=parts)
    assert caught.value.code == "act_not_possible"
    return caught.value.details["reason"]


def test_a_case_begins_as_new_with_what_its_first_event_says() -> None:
    assert (NEW.status, NEW.severity, NEW.lead_unit_id) == ("new", 2, 7)
    assert isinstance(NEW.latitude, float)
    assert NEW.acknowledge_due_at == NOON + 8 * HOUR
    assert (NEW.report_count, NEW.witness_count, NEW.address) == (0, 0, "xã Vĩnh Hải")


def test_a_case_goes_from_new_to_resolved() -> None:
    state = fold(
        happens("acknowledged", 1),
        happens("started", 2),
        happens("resolved", 3, public_sentence="Đã vá mặt đường."),
    )
    assert state.status == "resolved"
    assert state.acknowledged_at == NOON + HOUR
    assert state.resolved_at == NOON + 3 * HOUR
    assert state.public_sentence == "Đã vá mặt đường."


def test_a_report_counts_and_its_capture_moves_the_last_one_forward_only() -> None:
    state = fold(
        happens("report_attached", witness_count=1, captured_at=(NOON + HOUR).isoformat()),
        happens("report_attached", witness_count=2, captured_at=NOON.isoformat()),
        happens("report_attached", witness_count=2, captured_at=None),
    )
    assert (state.report_count, state.witness_count) == (3, 2)
    assert state.last_captured_at == NOON + HOUR


def test_a_report_that_comes_late_attaches_to_a_resolved_case_and_does_not_reopen_it() -> None:
    state = fold(happens("acknowledged"), happens("resolved", public_sentence="Xong."))
    assert apply(state, happens("report_attached", witness_count=1)).status == "resolved"


def test_only_the_first_view_counts() -> None:
    state = fold(happens("first_viewed", 1), happens("first_viewed", 2))
    assert state.first_viewed_at == NOON + HOUR


def test_raising_the_severity_never_gives_more_time() -> None:
    later = (NOON + 999 * HOUR).isoformat()
    sooner = (NOON + 5 * HOUR).isoformat()
    state = fold(
        happens("severity_raised", severity=3, acknowledge_due_at=sooner, resolve_due_at=later)
    )
    assert state.severity == 3
    assert state.acknowledge_due_at == NOON + 5 * HOUR
    assert state.resolve_due_at == NEW.resolve_due_at


@pytest.mark.parametrize("severity", [1, 2, 5, 0])
def test_a_severity_is_never_raised_to_the_same_or_a_lower_one(severity: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        apply(NEW, happens("severity_raised", severity=severity))
    assert caught.value.code == "severity_not_higher"
    with pytest.raises(InvalidInput):
        check_raised(NEW, severity)


def test_what_only_concerns_the_desk_changes_nothing_in_the_case() -> None:
    for kind in ("photo_reviewed", "words_reviewed", "note_added", "kept_apart"):
        assert apply(NEW, happens(kind, photo_id=1)) == NEW


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (None, "acknowledged"),
        (NEW, "opened"),
        (NEW, "resolved"),
        (NEW, "started"),
        (NEW, "spoiled"),
    ],
)
def test_an_event_that_cannot_follow_is_refused(state: CaseState | None, kind: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        apply(state, replace(OPENED, kind=kind))
    assert caught.value.code == "event_not_possible"


data_of_kinds = case_data(NOON)
happenings = st.sampled_from(sorted(data_of_kinds)).flatmap(
    lambda kind: st.builds(
        Happening,
        kind=st.just(kind),
        at=moments_between(date(2026, 6, 18), date(2026, 12, 31)),
        data=data_of_kinds[kind],
    )
)


def _fold_what_is_allowed(history: list[Happening]) -> list[CaseState]:
    states = [NEW]
    for happening in history:
        try:
            states.append(apply(states[-1], happening))
        except (NotAllowed, InvalidInput):
            continue
    return states


@given(st.lists(happenings, max_size=12))
def test_no_history_lowers_a_severity_or_postpones_a_deadline(history: list[Happening]) -> None:
    states = _fold_what_is_allowed(history)
    for before, after in pairwise(states):
        assert after.severity >= before.severity
        assert after.resolve_due_at <= before.resolve_due_at
        assert after.acknowledge_due_at <= before.acknowledge_due_at
        assert (after.opened_at, after.place_id) == (before.opened_at, before.place_id)


@given(st.lists(happenings, max_size=12))
def test_every_status_on_the_way_was_reached_by_a_row_of_the_table(
    history: list[Happening],
) -> None:
    states = _fold_what_is_allowed(history)
    for before, after in pairwise(states):
        if after.status != before.status:
            assert any(
                before.status in row.from_statuses and row.to_status == after.status
                for row in TRANSITIONS
            )


@given(st.lists(happenings, max_size=12))
def test_reports_are_counted_one_by_one(history: list[Happening]) -> None:
    by_hand = {"merged", "merged_into", "merge_undone", "report_split_off", "separated"}
    by_machine = [each for each in history if each.kind not in by_hand | {"report_returned"}]
    attached = sum(happening.kind == "report_attached" for happening in by_machine)
    assert _fold_what_is_allowed(by_machine)[-1].report_count == attached


@given(st.lists(happenings, max_size=12))
def test_to_a_case_that_was_merged_away_nothing_happens_but_its_separation(
    history: list[Happening],
) -> None:
    for before, after in pairwise(_fold_what_is_allowed(history)):
        if before.merged_into_id is not None:
            assert after.merged_into_id is None
        if after.merged_into_id is not None:
            assert (after.report_count, after.witness_count) == (0, 0)
            assert after.status == before.status


def test_a_merged_case_allows_only_the_undo() -> None:
    away = replace(NEW, merged_into_id=9)
    assert possible_acts(away, role="officer", parts=LEAD) == ()
    desk = possible_desk_acts(away, role="officer", parts=LEAD)
    assert [row.act for row in desk] == ["unmerge"]
    assert refusal("acknowledge", away) == "merged_away"
    assert refusal("add_note", away, role="supervisor", parts=NOBODY) == "merged_away"
    assert refusal("unmerge", NEW) == "not_merged"


def test_only_the_lead_units_own_people_merge_and_split() -> None:
    for act in ("merge", "keep_apart", "split", "unsplit"):
        assert refusal(act, NEW, role="supervisor") == "not_your_role"
        assert refusal(act, NEW, parts=NOBODY) == "not_lead_unit"
        check(act, NEW, role="head", parts=LEAD)


def test_an_ended_case_is_split_and_not_merged() -> None:
    ended = replace(NEW, status="resolved")
    check("split", ended, role="officer", parts=LEAD)
    assert refusal("merge", ended) == "wrong_status"
    with pytest.raises(NotAllowed):
        apply(ended, happens("merged_into", into_case_id=9))


def test_every_row_of_the_table_does_what_its_event_does() -> None:
    for row in TRANSITIONS:
        for status in row.from_statuses:
            happening = happens(row.kind, public_sentence="Xong.", severity=3)
            after = apply(replace(NEW, status=status), happening)
            assert after.status == (row.to_status or status)


def test_every_row_of_the_table_uses_known_words_and_says_why() -> None:
    for row in TRANSITIONS + DESK_ACTS:
        assert {*row.from_statuses, row.to_status or "new"} <= set(STATUSES)
        assert set(row.roles) <= set(ROLES)
        assert row.kind in KINDS
        assert row.why


def test_overseers_and_administrators_change_nothing() -> None:
    for status in STATUSES:
        for role in ("overseer", "administrator"):
            state = replace(NEW, status=status)
            assert possible_acts(state, role=role, parts=LEAD) == ()


def test_an_officer_of_the_lead_unit_can_acknowledge_or_raise_a_new_case() -> None:
    acts = [row.act for row in possible_acts(NEW, role="officer", parts=LEAD)]
    assert acts == ["acknowledge", "raise_severity"]


def test_a_supervisor_can_raise_a_case_and_never_does_a_communes_work() -> None:
    acts = [row.act for row in possible_acts(NEW, role="supervisor", parts=NOBODY)]
    assert acts == ["raise_severity"]


def test_a_refused_act_names_the_reason() -> None:
    assert refusal("resolve", NEW) == "wrong_status"
    assert refusal("acknowledge", NEW, role="overseer") == "not_your_role"
    assert refusal("acknowledge", NEW, parts=NOBODY) == "not_lead_unit"
    assert refusal("lower_severity", NEW) == "unknown_act"
    assert refusal("raise_severity", replace(NEW, severity=4)) == "already_most_severe"


def test_photos_and_words_are_reviewed_by_the_lead_unit_in_any_status() -> None:
    for status in STATUSES:
        row = check("review_photo", replace(NEW, status=status), role="head", parts=LEAD)
        assert row.to_status is None
    assert refusal("review_words", NEW, role="supervisor") == "not_your_role"


@given(
    st.sampled_from(STATUSES),
    st.sampled_from(ROLES),
    st.frozensets(st.sampled_from(get_args(Part))),
    st.integers(1, 4),
    st.fixed_dictionaries(
        {
            "transfer_to_id": st.none() | st.just(8),
            "is_ruling_asked": st.booleans(),
            "is_border_open": st.booleans(),
        }
    ),
)
def test_the_page_offers_exactly_what_the_check_allows(
    status: str, role: str, parts: frozenset[Part], severity: int, more: dict[str, Any]
) -> None:
    state = replace(NEW, status=status, severity=severity, **more)
    moves = possible_acts(state, role=role, parts=parts)
    desk = possible_desk_acts(state, role=role, parts=parts)
    offered = {row.act for row in (*moves, *desk)}
    for row in TRANSITIONS + DESK_ACTS:
        if row.act in offered:
            assert check(row.act, state, role=role, parts=parts) is row
        else:
            refusal(row.act, state, role, parts)


def test_resolving_needs_a_photo_and_a_sentence() -> None:
    row = check("resolve", replace(NEW, status="in_progress"), role="head", parts=LEAD)
    check_needs(row, {"after_photo", "public_sentence"})
    with pytest.raises(InvalidInput) as caught:
        check_needs(row, {"public_sentence"})
    assert (caught.value.code, caught.value.field) == ("after_photo_needed", "after_photo")
    with pytest.raises(InvalidInput) as caught:
        check_needs(row, {"after_photo"})
    assert caught.value.code == "public_sentence_needed"


SEEN = replace(NEW, last_captured_at=NOON)
AT_PLACE = Position(NEW.latitude, NEW.longitude)
A_KILOMETRE_OFF = Position(NEW.latitude + 0.009, NEW.longitude, 20.0)


def refused_proof(captured_at: datetime | None, position: Position | None) -> str | None:
    """The code that a proof is refused with; None when it is taken."""
    try:
        check_proof(SEEN, captured_at=captured_at, position=position)
    except InvalidInput as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("later_by", "code"),
    [
        (timedelta(seconds=1), None),
        (timedelta(0), "after_photo_too_early"),
        (-timedelta(minutes=4), "after_photo_too_early"),
        (-HOUR, "after_photo_too_early"),
    ],
)
def test_a_proof_is_taken_only_when_it_is_newer_than_the_last_report(
    later_by: timedelta, code: str | None
) -> None:
    assert refused_proof(NOON + later_by, AT_PLACE) == code


@pytest.mark.parametrize(
    ("captured_at", "position", "code"),
    [
        (None, None, None),
        (None, A_KILOMETRE_OFF, "after_photo_too_far"),
        (NOON - HOUR, None, "after_photo_too_early"),
    ],
)
def test_what_a_proof_does_not_say_is_not_held_against_it(
    captured_at: datetime | None, position: Position | None, code: str | None
) -> None:
    assert refused_proof(captured_at, position) == code


def test_a_proof_from_elsewhere_is_refused_and_says_how_far() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_proof(SEEN, captured_at=None, position=A_KILOMETRE_OFF)
    assert caught.value.code == "after_photo_too_far"
    assert caught.value.details == {"distance_m": 1001}


def test_the_clock_that_runs_is_to_acknowledge_first_and_to_resolve_then() -> None:
    assert due_at(NEW) == NEW.acknowledge_due_at
    assert due_at(fold(happens("acknowledged"))) == NEW.resolve_due_at


def test_open_are_the_statuses_in_which_somebody_must_act() -> None:
    assert [status for status in STATUSES if is_open(status)] == list(OPEN_STATUSES)
