"""The one place that commits: first the database, then a nudge to the queue for what is pending."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.adapters import job_queue
from webapp.extensions import db
from webapp.models import OutboxEntry


class Transaction:
    """One unit of work: changes go through ``session``, later work through ``ask``."""

    def __init__(self, session: Session) -> None:
        """Begin with nothing to enqueue."""
        self.session = session
        self._asked: list[OutboxEntry] = []

    def ask(self, kind: str, subject: str | int, *, due_at: datetime | None = None) -> None:
        """Write down work to do after the commit; asking twice for the same work is asking once.

        Args:
            kind: a name in ``job_queue.JOBS``.
            subject: what the job is about (an id, a day).
            due_at: not before this moment; at once when left out.

        Raises:
            KeyError: no job of that kind exists.
        """
        job_queue.JOBS[kind]
        moment = clock.now()
        entry = self.session.scalar(
            select(OutboxEntry).where(
                OutboxEntry.kind == kind, OutboxEntry.subject == str(subject)
            )
        )
        if entry is None:
            entry = OutboxEntry(
                kind=kind, subject=str(subject), created_at=moment, attempts=0, epoch=0
            )
            self.session.add(entry)
        # A worker that holds the old lease must not mark the new request as done.
        entry.epoch += 1
        entry.attempts = 0
        entry.leased_until = None
        entry.done_at = None
        entry.last_error = None
        entry.due_at = due_at or moment
        if due_at is None:
            self._asked.append(entry)

    def nudge(self) -> None:
        """Tell the queue what was just committed; a queue that is away is no error."""
        for entry in self._asked:
            job_queue.nudge(entry.kind, entry.subject)


@contextmanager
def transaction() -> Iterator[Transaction]:
    """Run a block as one transaction: commit at its end, roll back on any exception.

    On SQLite the write lock is taken at the start, so that two writers wait for each other
    instead of failing in the middle.
    """
    session = db.session()
    # What was read before belongs to an older snapshot; it must not be built upon.
    session.rollback()
    session.connection(execution_options={"anlo_writes": True})
    work = Transaction(session)
    try:
        yield work
        session.commit()
    except BaseException:
        session.rollback()
        raise
    work.nudge()
