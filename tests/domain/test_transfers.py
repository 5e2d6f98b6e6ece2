"""The lead goes to another unit: at most twice, with an answer due, and nothing begins anew."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.domain.strategies import case_data, moments_between
from webapp.domain import coordination, transfers
from webapp.domain.casework import (
    CaseState,
    Happening,
    Part,
    apply,
    check,
    possible_desk_acts,
)
from webapp.domain.deadlines import WorkingCalendar
from webapp.domain.errors import InvalidInput, NotAllowed
from webapp.domain.transfers import MOST_TRANSFERS, Offer

# A Thursday, noon in Vietnam.
NOON = datetime(2026, 6, 18, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEAD, ASKED, OTHER = 7, 8, 9
NEW = apply(
    None,
    Happening(
        "opened",
        NOON,
        {
            "severity": 2,
            "lead_unit_id": LEAD,
            "category_code": "road_damage",
            "latitude": 11,
            "longitude": 109.1,
            "place_id": 3,
            "acknowledge_due_at": (NOON + 8 * HOUR).isoformat(),
            "resolve_due_at": (NOON + 240 * HOUR).isoformat(),
            "is_border_open": True,
        },
    ),
)
OFFERED = replace(NEW, transfer_to_id=ASKED)
CONTESTED = replace(NEW, is_ruling_asked=True)
CALENDAR = WorkingCalendar(holidays=frozenset({date(2026, 6, 19)}))


def happens(kind: str, **data: int | None) -> Happening:
    return Happening(kind, NOON + HOUR, data)


def acts_of(state: CaseState, *parts: Part, role: str = "officer") -> set[str]:
    """What a part allows beyond what everybody may do who sees the case."""
    rows = possible_desk_acts(state, role=role, parts=frozenset(parts))
    return {row.act for row in rows if row.who}


def why_not(act: str, state: CaseState, *parts: Part, role: str = "officer") -> object:
    with pytest.raises(NotAllowed) as caught:
        check(act, state, role=role, parts=frozenset(parts))
    return caught.value.details["reason"]


def test_the_lead_goes_to_the_unit_that_was_asked_when_that_takes_it() -> None:
    offered = apply(NEW, happens("transfer_offered", to_unit_id=ASKED))
    assert (offered.lead_unit_id, offered.transfer_to_id) == (LEAD, ASKED)
    taken = apply(offered, happens("transfer_accepted", lead_unit_id=ASKED))
    assert (taken.lead_unit_id, taken.transfer_to_id, taken.transfer_count) == (ASKED, None, 1)
    assert taken.commune_id == LEAD
    assert not taken.is_border_open


def test_nobody_takes_what_was_offered_to_another_unit() -> None:
    with pytest.raises(NotAllowed):
        apply(OFFERED, happens("transfer_accepted", lead_unit_id=OTHER))
    with pytest.raises(NotAllowed):
        apply(NEW, happens("transfer_accepted", lead_unit_id=ASKED))


def test_a_refusal_and_a_withdrawal_leave_the_case_where_it_is() -> None:
    for kind in ("transfer_refused", "transfer_withdrawn"):
        assert apply(OFFERED, happens(kind)) == NEW


def test_there_is_no_third_transfer() -> None:
    twice = replace(NEW, transfer_count=MOST_TRANSFERS)
    assert transfers.objection_to_offer(twice, ASKED) == "transfer_limit"
    with pytest.raises(NotAllowed, match="transfer_limit"):
        apply(twice, happens("transfer_offered", to_unit_id=ASKED))
    assert apply(twice, happens("transfer_offered", to_unit_id=None)).is_ruling_asked


def test_the_lead_is_not_offered_to_itself() -> None:
    assert transfers.objection_to_offer(NEW, LEAD) == "transfer_to_itself"


def test_a_ruling_names_the_lead_and_counts_as_no_transfer() -> None:
    ruled = apply(CONTESTED, happens("transfer_ruled", lead_unit_id=OTHER))
    assert (ruled.lead_unit_id, ruled.transfer_count, ruled.is_ruling_asked) == (OTHER, 0, False)


def test_the_district_is_asked_after_a_refusal_or_after_the_last_transfer() -> None:
    def offer(state: transfers.TransferState) -> Offer:
        return Offer(ASKED, state, NOON)

    def objection(state: CaseState, last: Offer | None, now: datetime = NOON) -> str | None:
        return transfers.objection_to_contest(state, last, now)

    assert objection(NEW, None) == "contest_too_early"
    assert objection(NEW, offer("withdrawn")) == "contest_too_early"
    assert objection(NEW, offer("refused")) is None
    twice = replace(NEW, transfer_count=MOST_TRANSFERS)
    assert objection(twice, offer("accepted")) is None
    assert objection(OFFERED, offer("open")) == "contest_too_early"
    assert objection(OFFERED, offer("open"), NOON + HOUR) is None


def test_an_offer_is_taken_back_until_its_day_has_passed_and_a_question_at_any_time() -> None:
    late = NOON + HOUR
    assert transfers.objection_to_withdrawal(Offer(ASKED, "open", NOON), NOON) is None
    too_late = transfers.objection_to_withdrawal(Offer(ASKED, "open", NOON), late)
    assert too_late == "withdrawal_too_late"
    assert transfers.objection_to_withdrawal(Offer(None, "open", NOON), late) is None


def test_whoever_stands_in_for_a_lead_that_ended_names_another() -> None:
    acts = acts_of(NEW, "supervising", "standing_in", role="supervisor")
    assert acts == {"name_lead"}
    assert why_not("name_lead", NEW, "supervising", role="supervisor") == "lead_stands"


def test_a_second_offer_does_not_replace_the_first() -> None:
    with pytest.raises(NotAllowed, match="event_not_possible"):
        apply(OFFERED, happens("transfer_offered", to_unit_id=OTHER))


def test_the_district_rules_when_it_was_asked_or_when_a_unit_is_silent() -> None:
    due_at = NOON + 5 * HOUR
    assert transfers.objection_to_ruling(Offer(None, "open", due_at), NOON) is None
    assert transfers.objection_to_ruling(Offer(ASKED, "open", due_at), NOON) == "ruling_too_early"
    late = due_at + HOUR
    assert transfers.objection_to_ruling(Offer(ASKED, "open", due_at), late) is None


def test_an_answer_is_due_at_the_end_of_the_next_working_day() -> None:
    # Friday is a holiday here, so the next working day is Monday, until 17:00.
    assert transfers.answer_due_at(NOON, CALENDAR) == datetime(2026, 6, 22, 10, tzinfo=UTC)
    offer = Offer(ASKED, "open", NOON)
    assert transfers.is_silent(offer, NOON + HOUR)
    assert not transfers.is_silent(offer, NOON)
    assert not transfers.is_silent(replace(offer, state="refused"), NOON + HOUR)


def test_each_part_in_a_case_has_its_own_acts() -> None:
    assert {"transfer", "contest", "coordinate", "confirm_border"} <= acts_of(NEW, "lead")
    assert acts_of(OFFERED, "asked") == {"accept_transfer", "refuse_transfer"}
    assert acts_of(NEW, "coordinating") == {"reply"}
    assert acts_of(CONTESTED, "supervising", role="supervisor") == {"rule_transfer"}
    assert acts_of(NEW, "supervising", role="supervisor") == set()
    assert why_not("accept_transfer", OFFERED, "lead") == "not_asked_unit"
    assert why_not("reply", NEW, "lead") == "not_coordinating_unit"
    assert why_not("rule_transfer", NEW, "supervising", role="supervisor") == "no_transfer_open"


def test_a_case_that_waits_for_an_answer_is_neither_resolved_nor_merged_nor_offered_again() -> None:
    for state in (OFFERED, CONTESTED):
        waiting = replace(state, status="in_progress")
        for act in ("resolve", "merge", "transfer"):
            assert why_not(act, waiting, "lead") == "transfer_open"
        assert "withdraw_transfer" in acts_of(waiting, "lead")
    assert why_not("contest", CONTESTED, "lead") == "transfer_open"


def test_an_offer_follows_its_unit_into_the_successor_and_ends_in_the_lead_itself() -> None:
    def passed(to_unit_id: int) -> CaseState:
        data = {"lead_unit_id": OTHER, "commune_id": OTHER, "transfer_to_id": to_unit_id}
        return apply(OFFERED, happens("land_passed", **data))

    assert passed(ASKED).transfer_to_id == ASKED
    assert passed(OTHER).transfer_to_id is None


data_of_kinds = case_data(NOON)
handings = st.sampled_from(
    [
        "transfer_offered",
        "transfer_accepted",
        "transfer_refused",
        "transfer_withdrawn",
        "transfer_ruled",
        "land_passed",
        "severity_raised",
        "border_confirmed",
        "acknowledged",
        "resolved",
    ]
).flatmap(
    lambda kind: st.builds(
        Happening,
        kind=st.just(kind),
        at=moments_between(date(2026, 6, 18), date(2026, 12, 31)),
        data=data_of_kinds[kind],
    )
)


@given(st.lists(handings, max_size=20))
@example(
    [
        happens("transfer_offered", to_unit_id=None),
        happens("land_passed", lead_unit_id=ASKED, commune_id=LEAD, transfer_to_id=OTHER),
    ]
)
def test_no_sequence_hands_a_case_on_a_third_time_or_gives_it_more_time(
    history: list[Happening],
) -> None:
    states, kinds = [NEW], []
    for happening in history:
        try:
            states.append(apply(states[-1], happening))
            kinds.append(happening.kind)
        except (NotAllowed, InvalidInput):
            continue
    assert kinds.count("transfer_accepted") == states[-1].transfer_count <= MOST_TRANSFERS
    for kind, (before, after) in zip(kinds, pairwise(states), strict=True):
        assert after.lead_unit_id in (LEAD, ASKED, OTHER)
        assert after.transfer_to_id != after.lead_unit_id
        assert not (after.is_ruling_asked and after.transfer_to_id)
        assert after.severity >= before.severity
        assert after.acknowledge_due_at <= before.acknowledge_due_at
        assert after.resolve_due_at <= before.resolve_due_at
        if kind != "land_passed":
            assert after.commune_id == before.commune_id
        if kind.startswith("transfer_"):
            assert (after.status, after.severity) == (before.status, before.severity)


def test_a_reply_is_due_in_working_days_and_before_the_case_is() -> None:
    far, near, gone = NOON + 900 * HOUR, NOON + HOUR, NOON - HOUR
    due = coordination.reply_due_at(NOON, far, CALENDAR)
    assert due == datetime(2026, 6, 24, 10, tzinfo=UTC)
    assert coordination.reply_due_at(NOON, near, CALENDAR) == near
    assert coordination.reply_due_at(NOON, gone, CALENDAR) == datetime(2026, 6, 22, 10, tzinfo=UTC)
