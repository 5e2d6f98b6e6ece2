"""The outbox: who may do which pending work, for how long, and when it is tried again.

Everything here is read from the database alone, so that Redis may be emptied at any time. A lease
gives one worker the work of one entry for some seconds. Its epoch fences a late writer: whoever
finishes with an older epoch than the entry's changes nothing, and their transaction is rolled back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Select, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from webapp import clock
from webapp.adapters import job_queue
from webapp.extensions import db
from webapp.models import OutboxEntry
from webapp.services.transaction import Transaction, insert_into, transaction

# A job that raised comes again after these pauses: the first forgives a database that restarts,
# the last one outlives a short power cut. Then a person is asked.
RETRY_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=25))

# One try at once and one after each pause.
MOST_ATTEMPTS = len(RETRY_PAUSES) + 1

# As many as two workers finish between two sweeps; the rest stays in the database meanwhile.
SWEEP_LIMIT = 50

# What is kept of an error: enough to name it, not a whole trace.
_ERROR_LENGTH = 2000

# Rows of this kind are no jobs: they say when a turn of the clock is due.
_TURN = "turn"


class LeaseLost(Exception):
    """The entry was leased or asked for again meanwhile; whoever held this lease is too late."""


@dataclass(frozen=True)
class Lease:
    """The right to do one entry's work; ``attempt`` counts from 1, the present run included."""

    entry_id: int
    kind: str
    subject: str
    epoch: int
    attempt: int
    seconds: int

    @property
    def is_beyond_last_attempt(self) -> bool:
        """Whether every attempt was used up, so that a person must be asked instead."""
        return self.attempt > MOST_ATTEMPTS


def lease(kind: str, subject: str, *, seconds: int) -> Lease | None:
    """Take the work of one entry and count the attempt, before anything of it is done.

    Args:
        kind: a name in ``job_queue.JOBS``.
        subject: what the job is about.
        seconds: how long the lease holds unless it is renewed.

    Returns:
        The lease; None when the work is done, not yet due, or leased to somebody else.
    """
    moment = clock.now()
    take = (
        update(OutboxEntry)
        .where(OutboxEntry.kind == kind, OutboxEntry.subject == subject, *_is_free(moment))
        .values(
            epoch=OutboxEntry.epoch + 1,
            attempts=OutboxEntry.attempts + 1,
            leased_until=moment + timedelta(seconds=seconds),
        )
        .returning(OutboxEntry.id, OutboxEntry.epoch, OutboxEntry.attempts)
        .execution_options(synchronize_session=False)
    )
    with transaction() as work:
        row = work.session.execute(take).one_or_none()
    return row and Lease(row.id, kind, subject, row.epoch, row.attempts, seconds)


def renew(held: Lease) -> bool:
    """Hold a lease for another of its spans.

    Returns:
        False when the lease is no longer ours.
    """
    until = clock.now() + timedelta(seconds=held.seconds)
    with transaction() as work:
        return _change(work.session, held, leased_until=until)


def finish(work: Transaction, held: Lease) -> None:
    """Mark the work as done, as part of the transaction that does it.

    Raises:
        LeaseLost: the lease is no longer ours; the transaction must not be committed.
    """
    if not _change(work.session, held, done_at=clock.now(), leased_until=None, last_error=None):
        raise LeaseLost(f"{held.kind} {held.subject}, epoch {held.epoch}")


def put_off(work: Transaction, held: Lease, until: datetime) -> None:
    """Give the work back untried, due at a later moment; the attempt does not count.

    Raises:
        LeaseLost: the lease is no longer ours; the transaction must not be committed.
    """
    if not _change(work.session, held, due_at=until, leased_until=None, attempts=held.attempt - 1):
        raise LeaseLost(f"{held.kind} {held.subject}, epoch {held.epoch}")


def let_rest(work: Transaction, kind: str, subjects: Select[str], until: datetime) -> None:
    """Let work that nobody does now rest until a moment, for it would fare as one just did.

    Args:
        work: the transaction.
        kind: a name in ``job_queue.JOBS``.
        subjects: the query for what the work is about.
        until: what is due later than this stays so.
    """
    moment = clock.now()
    is_idle = or_(OutboxEntry.leased_until.is_(None), OutboxEntry.leased_until <= moment)
    rest = (
        update(OutboxEntry)
        .where(OutboxEntry.kind == kind, OutboxEntry.subject.in_(subjects), is_idle)
        .where(OutboxEntry.done_at.is_(None), OutboxEntry.due_at < until)
        .values(due_at=until)
    )
    work.session.execute(rest.execution_options(synchronize_session=False))


def fail(held: Lease, error: BaseException) -> None:
    """Give the work back after an error: due again after a pause, longer each time.

    After the last attempt it is due at once, for the run that asks a person. A lost lease
    changes nothing here: whoever has the work now decides.
    """
    words = _name(error)[:_ERROR_LENGTH]
    due_at = clock.now() + pause_after(held.attempt)
    with transaction() as work:
        _change(work.session, held, due_at=due_at, leased_until=None, last_error=words)


def _name(error: BaseException) -> str:
    """Name an error; one of the database by class and SQLSTATE only, for it may repeat a row."""
    name = type(error).__name__
    if not isinstance(error, SQLAlchemyError):
        return f"{name}: {error}"
    cause = getattr(error, "orig", None)
    state = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    return f"{name} {state}" if state else name


def pause_after(attempt: int) -> timedelta:
    """Return how long work rests after its ``attempt``-th failed run, counted from 1."""
    if attempt == MOST_ATTEMPTS:
        return timedelta(0)
    return RETRY_PAUSES[min(attempt, len(RETRY_PAUSES)) - 1]


def due(now: datetime, *, limit: int = SWEEP_LIMIT) -> list[tuple[str, str]]:
    """Return kind and subject of work that is due and leased to nobody, longest waiting first.

    A thousand messages that are due in one morning must not keep a report waiting, so they come
    after everything else.
    """
    query = (
        select(OutboxEntry.kind, OutboxEntry.subject)
        .where(OutboxEntry.kind.in_(job_queue.JOBS), *_is_free(now))
        .order_by(OutboxEntry.kind.in_(job_queue.PATIENT_JOBS), OutboxEntry.due_at, OutboxEntry.id)
        .limit(limit)
    )
    session = db.session()
    session.rollback()
    found = [(row.kind, row.subject) for row in session.execute(query)]
    session.rollback()
    return found


def sweep(*, already_queued: int = 0) -> int:
    """Announce what is due and unleased, whatever became of its first announcement.

    Announcing twice is harmless, for the second worker gets no lease; it costs a fork, so
    nothing is announced while the queue is still long.

    Args:
        already_queued: how many announcements wait in the queue now.

    Returns:
        How many pieces of work were announced.
    """
    room = SWEEP_LIMIT - already_queued
    found = due(clock.now(), limit=room) if room > 0 else []
    for kind, subject in found:
        job_queue.nudge(kind, subject)
    return len(found)


def take_turn(name: str, *, every_s: float) -> bool:
    """Claim the present turn of something periodic; of several clocks only one gets it.

    Args:
        name: what is done in turns.
        every_s: seconds from this turn to the next one.
    """
    moment = clock.now()
    if not _is_turn_due(name, moment):
        return False
    later = moment + timedelta(seconds=every_s)
    with transaction() as work:
        return _claim_turn(work.session, name, moment, later)


def _is_turn_due(name: str, moment: datetime) -> bool:
    session = db.session()
    session.rollback()
    due_at = session.scalar(
        select(OutboxEntry.due_at).where(OutboxEntry.kind == _TURN, OutboxEntry.subject == name)
    )
    session.rollback()
    return due_at is None or due_at <= moment


def _claim_turn(session: Session, name: str, moment: datetime, later: datetime) -> bool:
    values = {"kind": _TURN, "subject": name, "created_at": moment, "due_at": later}
    first = insert_into(session, OutboxEntry).values(**values).on_conflict_do_nothing()
    if _count(session, first):
        return True
    claim = update(OutboxEntry).where(
        OutboxEntry.kind == _TURN, OutboxEntry.subject == name, OutboxEntry.due_at <= moment
    )
    claim = claim.values(due_at=later).execution_options(synchronize_session=False)
    return _count(session, claim) == 1


def _is_free(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    """Say what makes an entry takeable; a lease that ran out is no lease any more."""
    return (
        OutboxEntry.done_at.is_(None),
        OutboxEntry.due_at <= moment,
        or_(OutboxEntry.leased_until.is_(None), OutboxEntry.leased_until <= moment),
    )


def _change(session: Session, held: Lease, **values: Any) -> bool:
    """Change the entry while the lease is ours; say whether it was."""
    statement = (
        update(OutboxEntry)
        .where(
            OutboxEntry.id == held.entry_id,
            OutboxEntry.epoch == held.epoch,
            OutboxEntry.done_at.is_(None),
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return _count(session, statement) == 1


def _count(session: Session, statement: Any) -> int:
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
