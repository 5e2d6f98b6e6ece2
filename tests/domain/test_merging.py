"""Which case goes on, what it owes, and the way a report came: nothing falls, nothing is late."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.strategies import moments_between
from webapp.domain import merging
from webapp.domain.acts import OPEN_STATUSES, STATUSES
from webapp.domain.case_state import CaseState
from webapp.domain.deadlines import Deadlines
from webapp.domain.merging import Standing, objection_to_merging, survivor_first

NOON = datetime(2026, 6, 18, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
STATE = CaseState(
    status="new",
    severity=2,
    lead_unit_id=7,
    category_code="road_damage",
    latitude=11.6,
    longitude=109.1,
    report_count=1,
    witness_count=1,
    acknowledge_due_at=NOON + 8 * HOUR,
    resolve_due_at=NOON + 240 * HOUR,
    opened_at=NOON,
    place_id=3,
)

moments = moments_between(date(2026, 6, 1), date(2026, 6, 30))
deadlines = st.builds(Deadlines, moments, moments)
states = st.builds(
    replace,
    st.just(STATE),
    status=st.sampled_from(OPEN_STATUSES),
    severity=st.integers(1, 4),
    opened_at=moments,
    acknowledge_due_at=moments,
    resolve_due_at=moments,
    acknowledged_at=st.none() | moments,
)


def standing(case_id: int = 1, **values: Any) -> Standing:
    return Standing(case_id, replace(STATE, **values))


def numbers(order: tuple[Standing, Standing]) -> list[int]:
    return [each.case_id for each in order]


def test_two_open_cases_of_one_unit_become_one() -> None:
    assert objection_to_merging(standing(1), standing(2, status="awaiting_authority")) is None


@pytest.mark.parametrize(
    ("other", "code"),
    [
        (standing(1), "merge_with_itself"),
        (standing(2, merged_into_id=5), "merge_merged_away"),
        (standing(2, status="resolved"), "merge_not_open"),
        (standing(2, status="refused"), "merge_not_open"),
        (standing(2, lead_unit_id=8), "merge_other_unit"),
    ],
)
def test_why_two_cases_cannot_become_one_has_a_name(other: Standing, code: str) -> None:
    assert objection_to_merging(standing(1), other) == code
    assert objection_to_merging(other, standing(1)) == code


@pytest.mark.parametrize(
    ("one", "other", "first"),
    [
        (standing(1), standing(2, status="acknowledged", opened_at=NOON + HOUR), 2),
        (standing(1, status="acknowledged"), standing(2, status="in_progress"), 2),
        (standing(1, opened_at=NOON + HOUR), standing(2), 2),
        (standing(2), standing(1), 1),
        (
            standing(1, status="awaiting_authority", opened_at=NOON + HOUR),
            standing(2, status="in_progress"),
            2,
        ),
    ],
)
def test_the_one_further_along_goes_on_then_the_older_one(
    one: Standing, other: Standing, first: int
) -> None:
    assert numbers(survivor_first(one, other))[0] == first
    assert numbers(survivor_first(other, one))[0] == first


@given(states, states, deadlines, st.lists(st.integers(1, 4), max_size=2))
def test_together_they_owe_what_the_heavier_of_them_did(
    one: CaseState, other: CaseState, due: Deadlines, floors: list[int]
) -> None:
    severity = merging.severity_together((one, other), floors)
    burden = merging.heaviest(severity, (one, other), due)
    for state in (one, other):
        assert burden.severity >= state.severity
        assert burden.acknowledge_due_at <= state.acknowledge_due_at
        assert burden.resolve_due_at <= state.resolve_due_at
    assert all(burden.severity >= floor for floor in floors)
    assert burden.resolve_due_at <= due.resolve_due_at


@given(states, deadlines)
def test_what_was_split_off_is_due_no_later(state: CaseState, own: Deadlines) -> None:
    due = merging.due_of_split(state, own)
    assert due.resolve_due_at == min(state.resolve_due_at, own.resolve_due_at)
    if state.acknowledged_at is None:
        assert due.acknowledge_due_at <= state.acknowledge_due_at
    else:
        assert due.acknowledge_due_at == own.acknowledge_due_at


@pytest.mark.parametrize(
    ("values", "may_return"),
    [
        ({}, True),
        ({"status": "in_progress"}, True),
        ({"merged_into_id": 5}, False),
        ({"status": "resolved", "resolved_at": NOON - HOUR}, True),
        ({"status": "resolved", "resolved_at": NOON + HOUR}, False),
        ({"status": "refused"}, False),
    ],
)
def test_nothing_goes_back_into_what_ended_or_was_merged_since(
    values: dict[str, Any], may_return: bool
) -> None:
    assert merging.can_take_back(replace(STATE, **values), NOON) is may_return


def test_every_open_status_has_its_place_in_the_order() -> None:
    assert set(merging.PROGRESS) == set(OPEN_STATUSES)
    assert set(merging.PROGRESS) < set(STATUSES)


def test_a_moved_report_keeps_the_first_terms_however_often_it_moves() -> None:
    seen = {"rule": "likeliest_case_1", "distance_m": 12}
    once = merging.terms_of_move("merged", "NH-2026-00001", seen, ["NH-2026-00001"])
    twice = merging.terms_of_move("unmerged", "NH-2026-00002", once, [])
    assert merging.seen_by_machine(once) == merging.seen_by_machine(twice) == seen
    assert twice["from_number"] == "NH-2026-00002"


def test_the_way_back_ends_before_the_case_that_is_separated() -> None:
    terms = merging.terms_of_move("merged", "C", {}, ["A", "B", "C"])
    assert merging.came_through(terms) == ("A", "B", "C")
    assert merging.way_back_to("B", terms) == ("A",)
    assert merging.way_back_to("D", terms) is None
    assert merging.way_back_to("A", {"distance_m": 12}) is None


def test_pairing_two_crowded_cases_looks_at_their_newest_reports_only() -> None:
    class Crowd(Sequence[int]):
        """A million reports, of which the first few may be asked for."""

        def __len__(self) -> int:
            return 1_000_000

        def __getitem__(self, at: Any) -> Any:
            return range(1_000_000)[at]

    pairs = merging.closest_pairs(Crowd(), Crowd())
    assert pairs[:3] == [(0, 0), (0, 1), (1, 0)]
    assert len(pairs) == merging.MOST_PAIRS


@given(st.integers(0, 12), st.integers(0, 12))
def test_the_newest_reports_are_paired_first(mine: int, others: int) -> None:
    left, right = list(range(100, 100 - mine, -1)), list(range(200, 200 - others, -1))
    pairs = merging.closest_pairs(left, right)
    assert len(pairs) == min(merging.MOST_PAIRS, mine * others)
    assert len(set(pairs)) == len(pairs)
    if pairs:
        assert pairs[0] == (100, 200)
    assert merging.ordered((200, 100)) == (100, 200)
