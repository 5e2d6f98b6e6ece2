"""What both databases need of their engine: options, the beginning of transactions, quiet errors.

A statement that fails must not tell a log whose phone number it was about to store. SQLAlchemy
leaves out the parameters when told to; PostgreSQL repeats the row in the DETAIL of its message.
"""

import sqlite3
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

# How long a writer waits for another one; the longest transaction here takes well under a second.
SQLITE_WAIT_S = 30


def options_for(database_url: str) -> dict[str, Any]:
    """Return SQLAlchemy's options for an engine on this database."""
    if database_url.startswith("sqlite"):
        return {"hide_parameters": True, "connect_args": {"timeout": SQLITE_WAIT_S}}
    return {
        "hide_parameters": True,
        # Moments come back in UTC whatever zone the server or the role is set to.
        "connect_args": {"options": "-c timezone=UTC"},
        "pool_pre_ping": True,
        "pool_size": 10,
        "max_overflow": 20,
    }


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        # The driver must not begin transactions by itself: _begin_sqlite does.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get("anlo_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@event.listens_for(Engine, "handle_error")
def _leave_out_details(context: ExceptionContext) -> None:
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args and isinstance(error.args[0], str):
            error.args = (error.args[0].partition("\nDETAIL:")[0], *error.args[1:])
