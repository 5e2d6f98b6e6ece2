"""Counts the SQL statements that a piece of work takes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Engine, event

SqlCounter = AbstractContextManager[list[str]]

# Sent by the driver or by our own event handlers around the work, not by the work.
_AROUND_THE_WORK = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    """Collect every statement that ``engine`` sends while the block runs."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.upper().startswith(_AROUND_THE_WORK):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
