"""Handing the lead to another unit: offered, taken or refused, and ruled upon by the district."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain import transfers as rules
from webapp.domain.errors import InvalidInput, NotAllowed
from webapp.models import Case, Officer, Transfer
from webapp.services.calendar import calendar_around
from webapp.services.casework import state_of
from webapp.services.casework_acts import Acting, Seen, acting, written
from webapp.services.casework_coordination import (
    end_part_of,
    keep_land,
    unit_today,
    units_to_ask,
)

# What stands as the reason of a transfer whose lead asked the supervising unit to rule.
CONTESTED = "contested"

# What stands there where the supervising unit named a lead because the former one had ended.
LEAD_ENDED = "lead_ended"


def offer(officer: Officer, seen: Seen, unit_id: int, reason_code: str, words: str) -> None:
    """Offer the lead to a unit; it stays here until that unit takes it.

    Args:
        officer: of the lead unit.
        seen: the case, as it stood on the screen.
        unit_id: who is asked.
        reason_code: one of ``transfers.REASONS``.
        words: why, for whoever is asked.

    Raises:
        NotFound, Conflict, NotAllowed: see ``casework_acts.acting``; so do all acts below.
        InvalidInput: the reason or the words are missing.
        NotFound: there is no such unit today.
        NotAllowed: see ``transfers.objection_to_offer``.
    """
    if reason_code not in rules.REASONS:
        raise InvalidInput("transfer_reason_needed", field="reason_code")
    said = _needed(words, "transfer_words_needed")
    with acting("transfer", officer, seen) as act:
        unit = unit_today(unit_id, act.now)
        if objection := rules.objection_to_offer(state_of(act.case), unit.id):
            raise NotAllowed(objection, field="unit_id")
        _ask(act, unit.id, reason_code, said)


def contest(officer: Officer, seen: Seen, words: str) -> None:
    """Ask the supervising unit who leads, after a refusal, a silence or the last transfer.

    An offer that met with silence ends with it; the silence stays counted.

    Raises:
        InvalidInput: no words were written.
        NotAllowed: see ``transfers.objection_to_contest``.
    """
    said = _needed(words, "transfer_words_needed")
    with acting("contest", officer, seen) as act:
        session = act.work.session
        last = last_offer(session, act.case.id)
        if objection := rules.objection_to_contest(state_of(act.case), last, act.now):
            raise NotAllowed(objection)
        if act.case.transfer_to_id is not None:
            _answer(act, _open_transfer(session, act.case.id), "withdrawn", None)
        _ask(act, None, CONTESTED, said)


def accept(officer: Officer, seen: Seen, words: str = "") -> None:
    """Take the lead that was offered to the officer's unit; no deadline starts again.

    The commune of the land stays on the case, as a coordinating unit.
    """
    said = written(words)
    with acting("accept_transfer", officer, seen) as act:
        transfer = _open_transfer(act.work.session, act.case.id)
        _answer(act, transfer, "accepted", said)
        _pass_lead(act, transfer, officer.unit_id, said)


def refuse(officer: Officer, seen: Seen, words: str) -> None:
    """Say why the case is not for the officer's unit; it stays with its lead.

    Raises:
        InvalidInput: no words were written.
    """
    said = _needed(words, "refusal_words_needed")
    with acting("refuse_transfer", officer, seen) as act:
        transfer = _open_transfer(act.work.session, act.case.id)
        _answer(act, transfer, "refused", said)
        act.append(data=_told(transfer), words=said)


def withdraw(officer: Officer, seen: Seen, words: str = "") -> None:
    """Keep the case after all, before anybody answered and before their day has passed.

    Raises:
        NotAllowed: see ``transfers.objection_to_withdrawal``.
    """
    said = written(words)
    with acting("withdraw_transfer", officer, seen) as act:
        transfer = _open_transfer(act.work.session, act.case.id)
        if objection := rules.objection_to_withdrawal(as_offer(transfer), act.now):
            raise NotAllowed(objection)
        _answer(act, transfer, "withdrawn", said)
        act.append(data=_told(transfer), words=said)


def rule(officer: Officer, seen: Seen, unit_id: int, words: str) -> None:
    """Name the unit that leads, as the supervising unit; a ruling counts as no transfer.

    Args:
        officer: a supervisor.
        seen: the case, as it stood on the screen.
        unit_id: who leads from now on; also the present lead.
        words: why, for both units.

    Raises:
        InvalidInput: no words were written.
        NotFound: there is no such unit today.
        NotAllowed: the unit that was asked still has time to answer (``ruling_too_early``).
    """
    said = _needed(words, "ruling_words_needed")
    with acting("rule_transfer", officer, seen) as act:
        session = act.work.session
        transfer = _open_transfer(session, act.case.id)
        if objection := rules.objection_to_ruling(as_offer(transfer), act.now):
            raise NotAllowed(objection)
        unit = unit_today(unit_id, act.now)
        _answer(act, transfer, "ruled", said)
        transfer.ruled_unit_id = unit.id
        _pass_lead(act, transfer, unit.id, said)


def name_lead(officer: Officer, seen: Seen, unit_id: int, words: str) -> None:
    """Name who leads a case whose unit exists no longer; nobody had to offer it.

    It is written down as a ruling, and counts as no transfer.

    Args:
        officer: a supervisor.
        seen: the case, as it stood on the screen.
        unit_id: who leads from now on.
        words: why, for that unit.

    Raises:
        InvalidInput: no words were written.
        NotFound: there is no such unit today.
        NotAllowed: the lead stands (``lead_stands``), or a transfer is open.
    """
    said = _needed(words, "ruling_words_needed")
    with acting("name_lead", officer, seen) as act:
        unit = unit_today(unit_id, act.now)
        transfer = _made(act, None, LEAD_ENDED, said, due_at=act.now)
        transfer.ruled_unit_id = unit.id
        _answer(act, transfer, "ruled", said)
        _pass_lead(act, transfer, unit.id, said)


def last_offer(session: Session, case_id: int) -> rules.Offer | None:
    """Return what was last offered of a case, and what came of it; None when nothing ever was."""
    latest = select(Transfer).where(Transfer.case_id == case_id).order_by(Transfer.id.desc())
    transfer = session.scalars(latest.limit(1)).first()
    return as_offer(transfer) if transfer else None


def as_offer(transfer: Transfer) -> rules.Offer:
    """Return a transfer as the rules look at it."""
    return rules.Offer(transfer.to_unit_id, transfer.state, transfer.due_at)  # type: ignore[arg-type]


def _needed(words: str, code: str) -> str:
    said = written(words)
    if said is None:
        raise InvalidInput(code, field="words")
    return said


def _open_transfer(session: Session, case_id: int) -> Transfer:
    open_one = select(Transfer).where(Transfer.case_id == case_id, Transfer.state == "open")
    return session.scalars(open_one).one()


def _made(
    act: Acting, to_unit_id: int | None, reason_code: str, words: str, *, due_at: datetime
) -> Transfer:
    transfer = Transfer(
        case_id=act.case.id,
        from_unit_id=act.case.lead_unit_id,
        to_unit_id=to_unit_id,
        state="open",
        reason_code=reason_code,
        words=words,
        asked_at=act.now,
        asked_by_id=act.officer.id,
        due_at=due_at,
    )
    act.work.session.add(transfer)
    return transfer


def _ask(act: Acting, to_unit_id: int | None, reason_code: str, words: str) -> None:
    due_at = rules.answer_due_at(act.now, calendar_around(act.now))
    transfer = _made(act, to_unit_id, reason_code, words, due_at=due_at)
    act.work.session.flush()
    data = _told(transfer) | {"due_at": transfer.due_at}
    act.append(data=data, reason_code=reason_code, words=words)


def _answer(act: Acting, transfer: Transfer, state: rules.TransferState, words: str | None) -> None:
    transfer.state, transfer.answer_words = state, words
    transfer.answered_at, transfer.answered_by_id = act.now, act.officer.id
    act.work.session.flush()


def _pass_lead(act: Acting, transfer: Transfer, unit_id: int, words: str | None) -> None:
    case: Case = act.case
    ended_id = end_part_of(act.work.session, case, unit_id)
    data = _told(transfer) | {"lead_unit_id": unit_id, "ended_coordination_id": ended_id}
    act.append(data=data, words=words)
    # A commune that exists no longer has nobody who could coordinate.
    if case.commune_id in {each.id for each in units_to_ask(act.now)}:
        keep_land(act.work, case, now=act.now, actor=act.officer)


def _told(transfer: Transfer) -> dict[str, Any]:
    return {
        "transfer_id": transfer.id,
        "from_unit_id": transfer.from_unit_id,
        "to_unit_id": transfer.to_unit_id,
    }
