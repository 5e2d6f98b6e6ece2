"""The one place that commits: first the database, then a nudge to the queue for what is pending."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, and_, case
from sqlalchemy.dialects import postgresql, sqlite
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
        self._asked: set[tuple[str, str]] = set()

    def ask(self, kind: str, subject: str | int, *, due_at: datetime | None = None) -> None:
        """Write down work to do after the commit; asking twice for the same work is asking once.

        Args:
            kind: a name in ``job_queue.JOBS``.
            subject: what the job is about (an id, a day).
            due_at: not before this moment; at once when left out. Work that waits already is
                never put off by asking again.

        Raises:
            KeyError: no job of that kind exists.
        """
        job_queue.JOBS[kind]
        moment = clock.now()
        # One statement: neither a lease nor another first request can come in between.
        self.session.execute(_request(self.session, kind, str(subject), moment, due_at or moment))
        if due_at is None:
            self._asked.add((kind, str(subject)))

    def nudge(self) -> None:
        """Tell the queue what was just committed; a queue that is away is no error."""
        for kind, subject in sorted(self._asked):
            job_queue.nudge(kind, subject)


def insert_into(session: Session, table: type[Any]) -> postgresql.Insert | sqlite.Insert:
    """Begin an insert in the words of the session's database, which knows ``on_conflict_do_…``."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if is_postgresql else sqlite.insert(table)


def _request(
    session: Session, kind: str, subject: str, moment: datetime, due_at: datetime
) -> Executable:
    request = insert_into(session, OutboxEntry).values(
        kind=kind, subject=subject, created_at=moment, due_at=due_at, attempts=0, epoch=1
    )
    is_waiting = and_(OutboxEntry.done_at.is_(None), OutboxEntry.leased_until.is_(None))
    asked_earlier = and_(is_waiting, OutboxEntry.due_at < request.excluded.due_at)
    return request.on_conflict_do_update(
        index_elements=["kind", "subject"],
        set_={
            # A worker that holds the old lease must not mark the new request as done.
            "epoch": OutboxEntry.epoch + 1,
            "attempts": 0,
            "leased_until": None,
            "done_at": None,
            "last_error": None,
            "due_at": case((asked_earlier, OutboxEntry.due_at), else_=request.excluded.due_at),
        },
    )


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


@contextmanager
def rehearsal() -> Iterator[Transaction]:
    """Run a block as a transaction would, and take all of it back at its end.

    So a preview is the deed itself, and cannot say anything else than what would happen.
    """
    session = db.session()
    session.rollback()
    session.connection(execution_options={"anlo_writes": True})
    try:
        yield Transaction(session)
    finally:
        session.rollback()
