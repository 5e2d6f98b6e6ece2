"""Merging by hand: which case survives, what it then owes, and the way that each report came.

Every reporter follows the case that took theirs. Nothing here lowers a severity or postpones a
deadline, and an undone merge gives back exactly what came with it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any

from webapp.domain import transfers
from webapp.domain.acts import OPEN_STATUSES
from webapp.domain.case_state import CaseState, Happening, earlier, later, moment
from webapp.domain.deadlines import Deadlines

# How far the work on a case has come; of two that are merged the one further along survives.
PROGRESS = {"new": 0, "acknowledged": 1, "in_progress": 2, "awaiting_authority": 2}

# One choice of a person labels at most so many pairs of reports: a case of two hundred would
# otherwise teach more than all the others together.
MOST_PAIRS = 8


@dataclass(frozen=True)
class Standing:
    """A case as merging looks at it."""

    case_id: int
    state: CaseState


@dataclass(frozen=True)
class Burden:
    """What a case weighs and by when its unit must act."""

    severity: int
    acknowledge_due_at: datetime
    resolve_due_at: datetime


def objection_to_merging(one: Standing, other: Standing) -> str | None:
    """Return why two cases cannot become one, or None when they can.

    Returns:
        merge_with_itself, merge_merged_away, merge_not_open, merge_other_unit or
        merge_transfer_open.
    """
    if one.case_id == other.case_id:
        return "merge_with_itself"
    states = (one.state, other.state)
    if any(state.merged_into_id is not None for state in states):
        return "merge_merged_away"
    if any(state.status not in OPEN_STATUSES for state in states):
        return "merge_not_open"
    if one.state.lead_unit_id != other.state.lead_unit_id:
        return "merge_other_unit"
    if any(transfers.standing_of(state) != "none" for state in states):
        return "merge_transfer_open"
    return None


def survivor_first(one: Standing, other: Standing) -> tuple[Standing, Standing]:
    """Return the case that goes on and the one that is merged into it.

    The one further along goes on; of two that are equally far the one that was opened first, and
    of two opened at one moment the one with the smaller id.
    """
    first, second = sorted((one, other), key=_precedence)
    return first, second


def _precedence(standing: Standing) -> tuple[int, datetime, int]:
    state = standing.state
    return (-PROGRESS.get(state.status, 0), state.opened_at, standing.case_id)


def severity_together(states: Iterable[CaseState], floors: Iterable[int]) -> int:
    """Return the severity of cases that become one: the highest of theirs and of the floors."""
    return max([*(state.severity for state in states), *floors])


def heaviest(severity: int, states: Sequence[CaseState], due: Deadlines) -> Burden:
    """Return what cases owe together: the severity given, and the earliest deadlines of all.

    Args:
        severity: that of the case which goes on.
        states: the cases.
        due: the deadlines that this severity brings, counted from the first opening of all.
    """
    return Burden(
        severity,
        min([due.acknowledge_due_at, *(state.acknowledge_due_at for state in states)]),
        min([due.resolve_due_at, *(state.resolve_due_at for state in states)]),
    )


def owed_after_undo(state: CaseState, other: CaseState) -> Burden:
    """Return what a case owes that is parted from another: as much as the two owed together."""
    due = Deadlines(other.acknowledge_due_at, other.resolve_due_at)
    return heaviest(severity_together((state, other), ()), (state,), due)


def past_together(survivor: CaseState, merged: CaseState) -> dict[str, Any]:
    """Return what a case tells of its past after it took another in, as its event carries it.

    It came back if either of them did; of two earlier cases the survivor's own is named. It was
    handed on as often as the one that was handed on more: merging makes no new transfer possible.
    """
    return {
        "transfer_count": max(survivor.transfer_count, merged.transfer_count),
        "is_relapse": survivor.is_relapse or merged.is_relapse,
        "previous_case_id": survivor.previous_case_id or merged.previous_case_id,
    }


def due_of_split(state: CaseState, own: Deadlines) -> Deadlines:
    """Return the deadlines of a case that was split off: never later than the old case's.

    Whoever took the old case on has met its first deadline; the new case has its own then.

    Args:
        state: the case that the report came off.
        own: what category and severity bring from now on.
    """
    acknowledge_due_at = own.acknowledge_due_at
    if state.acknowledged_at is None:
        acknowledge_due_at = min(acknowledge_due_at, state.acknowledge_due_at)
    return Deadlines(acknowledge_due_at, min(own.resolve_due_at, state.resolve_due_at))


def can_take_back(state: CaseState, split_at: datetime) -> bool:
    """Tell whether a report that was split off may go back to its old case.

    Not into a case that ended since: that would end open trouble without a proof.
    """
    if state.merged_into_id is not None:
        return False
    if state.status in OPEN_STATUSES:
        return True
    return state.resolved_at is not None and state.resolved_at <= split_at


# What is written beside a report that is moved: ``came_through`` names the merged cases through
# which it came to its present one, in order; an undone merge takes back those that passed it.


def came_through(terms: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the numbers of the merged cases through which a report came, the first one first."""
    return tuple(terms.get("came_through", ()))


def way_back_to(number: str, terms: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the way of a report as it was in an earlier case; None when it was never there."""
    way = came_through(terms)
    return way[: way.index(number)] if number in way else None


def terms_of_move(
    decision: str, from_number: str, terms: Mapping[str, Any], way: Sequence[str], **more: Any
) -> dict[str, Any]:
    """Return the terms of an attachment made by hand.

    Args:
        decision: merged, unmerged, split or unsplit.
        from_number: the case that the report left.
        terms: those of the attachment that is replaced; what the machine saw stays under
            ``before``, however often a report is moved.
        way: the merged cases through which it came to the present one.
        more: what else is to be told.
    """
    return {
        "decision": decision,
        "from_number": from_number,
        "came_through": list(way),
        "before": dict(seen_by_machine(terms)),
        **more,
    }


def seen_by_machine(terms: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the numbers of the decision that first attached a report."""
    before: Mapping[str, Any] = terms.get("before", terms)
    return before


def closest_pairs(mine: Sequence[int], others: Sequence[int]) -> list[tuple[int, int]]:
    """Pair the newest reports of two cases, at most ``MOST_PAIRS``.

    Args:
        mine: ids of reports, newest first.
        others: those of the other case, newest first.
    """
    # No pair beyond these can be among the closest, and a case may hold thousands of reports.
    mine, others = mine[:MOST_PAIRS], others[:MOST_PAIRS]
    ranked = sorted(product(range(len(mine)), range(len(others))), key=lambda at: (sum(at), at))
    return [(mine[i], others[j]) for i, j in ranked[:MOST_PAIRS]]


def ordered(pair: Collection[int]) -> tuple[int, int]:
    """Return the two ids of a pair, the smaller one first."""
    low, high = sorted(pair)
    return low, high


# The folds of the kinds above; ``casework.apply`` is the only one who calls them.


def fold_counts(state: CaseState, happening: Happening) -> CaseState:
    """Take over the counts of a case that gained or lost reports by hand."""
    data = happening.data
    return replace(
        state,
        report_count=data["report_count"],
        witness_count=data["witness_count"],
        last_captured_at=moment(data.get("last_captured_at")),
    )


def fold_gain(state: CaseState, happening: Happening) -> CaseState:
    """Take in the reports of another case; severity only rises, deadlines only come nearer.

    Trouble that came back stays trouble that came back, whichever of two cases goes on.
    """
    data = happening.data
    return replace(
        _fold_burden(fold_counts(state, happening), data),
        last_captured_at=later(state.last_captured_at, moment(data.get("last_captured_at"))),
        is_relapse=state.is_relapse or data.get("is_relapse", False),
        previous_case_id=state.previous_case_id or data.get("previous_case_id"),
        transfer_count=max(state.transfer_count, data.get("transfer_count", 0)),
    )


def _fold_burden(state: CaseState, data: Mapping[str, Any]) -> CaseState:
    return replace(
        state,
        severity=max(state.severity, data.get("severity", state.severity)),
        acknowledge_due_at=earlier(
            state.acknowledge_due_at, moment(data.get("acknowledge_due_at"))
        ),
        resolve_due_at=earlier(state.resolve_due_at, moment(data.get("resolve_due_at"))),
    )


def fold_merged_away(state: CaseState, happening: Happening) -> CaseState:
    """Give all reports to another case; status, severity and deadlines stay as they are."""
    return replace(
        state, merged_into_id=happening.data["into_case_id"], report_count=0, witness_count=0
    )


def fold_separated(state: CaseState, happening: Happening) -> CaseState:
    """Get the reports back and be a case of its own again, with what they were owed meanwhile."""
    alone = replace(fold_counts(state, happening), merged_into_id=None)
    return _fold_burden(alone, happening.data)
