"""Handing the lead to another unit: who may, how often, by when an answer is due, who rules.

A transfer moves the lead and nothing else: no deadline of the case begins again, no severity
falls, and the commune of the land stays on the case whoever leads.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from webapp.domain.acts import TransferStanding
from webapp.domain.case_state import CaseState, Happening
from webapp.domain.deadlines import WorkingCalendar, add_working_days
from webapp.domain.errors import NotAllowed

# The plan allows two; whoever would pass a case on a third time asks the supervising unit.
MOST_TRANSFERS = 2

# Working days within which the unit that was asked must answer.
ANSWER_DAYS = 1

# Why a unit hands a case on; the screen words stand in ``labels.TRANSFER_REASON``.
REASONS = ("other_land", "other_authority", "other_duty", "own_conflict", "other")

TransferState = Literal["open", "accepted", "refused", "withdrawn", "ruled"]

# After an offer that ended like this the two units have not agreed, and a third one may be asked.
_NOT_AGREED: tuple[TransferState, ...] = ("refused",)


@dataclass(frozen=True)
class Offer:
    """What was last offered: to whom (None: the supervising unit rules), and what came of it."""

    to_unit_id: int | None
    state: TransferState
    due_at: datetime


def standing_of(state: CaseState) -> TransferStanding:
    """Tell how a transfer of the case stands: none, offered to a unit, or before the district."""
    if state.is_ruling_asked:
        return "contested"
    return "none" if state.transfer_to_id is None else "offered"


def answer_due_at(asked_at: datetime, calendar: WorkingCalendar) -> datetime:
    """Return by when the unit that was asked must answer: the end of the next working day (UTC)."""
    return add_working_days(asked_at, ANSWER_DAYS, calendar)


def is_silent(offer: Offer, now: datetime) -> bool:
    """Tell whether an answer is overdue; silence is counted and never taken for consent."""
    return offer.state == "open" and offer.due_at < now


def objection_to_offer(state: CaseState, to_unit_id: int) -> str | None:
    """Return why the lead cannot be offered to a unit, or None when it can.

    Returns:
        transfer_to_itself or transfer_limit.
    """
    if to_unit_id == state.lead_unit_id:
        return "transfer_to_itself"
    if state.transfer_count >= MOST_TRANSFERS:
        return "transfer_limit"
    return None


def objection_to_contest(state: CaseState, last: Offer | None, now: datetime) -> str | None:
    """Return why the supervising unit is not asked yet, or None when it can be.

    Units try to agree first: there was a refusal or a silence, or no further transfer is possible.

    Returns:
        contest_too_early.
    """
    if state.transfer_to_id is not None and (last is None or not is_silent(last, now)):
        return "contest_too_early"
    if state.transfer_count >= MOST_TRANSFERS:
        return None
    if last is not None and (last.state in _NOT_AGREED or is_silent(last, now)):
        return None
    return "contest_too_early"


def objection_to_withdrawal(offer: Offer, now: datetime) -> str | None:
    """Return why an offer is not taken back any more, or None when it can be.

    Once the day of the unit that was asked has passed, its silence stays to see: the lead may ask
    the supervising unit, which may rule by itself. A ruling that was asked for may be waived.

    Returns:
        withdrawal_too_late.
    """
    is_offered = offer.to_unit_id is not None
    return "withdrawal_too_late" if is_offered and is_silent(offer, now) else None


def objection_to_ruling(offer: Offer, now: datetime) -> str | None:
    """Return why the supervising unit does not rule yet, or None when it may.

    It rules where it was asked to, and where a unit let its day pass in silence.

    Returns:
        ruling_too_early.
    """
    if offer.to_unit_id is None or is_silent(offer, now):
        return None
    return "ruling_too_early"


# The folds of the kinds above; ``casework.apply`` is the only one who calls them, and it has asked
# the table whether a transfer of the case stands as the kind needs it.


def fold_offered(state: CaseState, happening: Happening) -> CaseState:
    """Name the unit that was asked, or say that the supervising unit was.

    Raises:
        NotAllowed: the third transfer, one to the lead itself, or a second one beside the first.
    """
    to_unit_id = happening.data["to_unit_id"]
    if to_unit_id is None:
        return replace(state, transfer_to_id=None, is_ruling_asked=True)
    if state.transfer_to_id is not None:
        raise NotAllowed("event_not_possible", kind=happening.kind, status=state.status)
    if objection := objection_to_offer(state, to_unit_id):
        raise NotAllowed(objection)
    return replace(state, transfer_to_id=to_unit_id)


def fold_ended(state: CaseState, _happening: Happening) -> CaseState:
    """Let the case stay where it is."""
    return replace(state, transfer_to_id=None, is_ruling_asked=False)


def fold_accepted(state: CaseState, happening: Happening) -> CaseState:
    """Make the unit that was asked the lead, and count the transfer.

    Raises:
        NotAllowed: ``event_not_possible``, when another unit than the one asked would lead.
    """
    if happening.data["lead_unit_id"] != state.transfer_to_id:
        raise NotAllowed("event_not_possible", kind=happening.kind, status=state.status)
    return replace(fold_ruled(state, happening), transfer_count=state.transfer_count + 1)


def fold_ruled(state: CaseState, happening: Happening) -> CaseState:
    """Make the unit that was named the lead; whose the case is has been settled by that."""
    return replace(
        fold_ended(state, happening),
        lead_unit_id=happening.data["lead_unit_id"],
        is_border_open=False,
    )


def fold_land_passed(state: CaseState, happening: Happening) -> CaseState:
    """Follow the land to the unit that holds it now, and so does an offer that stands."""
    data = happening.data
    lead_unit_id = data["lead_unit_id"]
    asked_id = data.get("transfer_to_id", state.transfer_to_id)
    return replace(
        state,
        lead_unit_id=lead_unit_id,
        commune_id=data["commune_id"],
        # Where both units became one there is nobody left to hand it to, and nobody is asked
        # while the supervising unit is.
        transfer_to_id=None if state.is_ruling_asked or asked_id == lead_unit_id else asked_id,
    )
