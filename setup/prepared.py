"""Tells whether a SQLite database is prepared, without loading the application for the answer.

A start that has nothing to prepare is more than a second faster. What a database was prepared with
is noted inside its own file (``PRAGMA user_version``), so that a deleted, copied or restored
database never claims what is not true.
"""

import hashlib
import sqlite3
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SQLITE = "sqlite:///"

# What decides about the contents of a prepared database.
SOURCES = ("migrations/versions/*.py", "webapp/services/reference.py", "webapp/demo/*.py")


def fingerprint(*, is_demo: bool) -> int:
    """Return a number that changes with everything that preparing depends on (31 bits, not 0)."""
    digest = hashlib.sha256(repr(is_demo).encode())
    for pattern in SOURCES:
        for file in sorted(ROOT.glob(pattern)):
            digest.update(file.read_bytes())
    return int.from_bytes(digest.digest()[:4]) >> 1 | 1


def is_prepared(database_url: str, *, is_demo: bool) -> bool:
    """Tell whether preparing this database would change nothing; always no for PostgreSQL."""
    file = Path(database_url.removeprefix(SQLITE))
    if not database_url.startswith(SQLITE) or not file.exists():
        return False
    try:
        connection = sqlite3.connect(file)
        try:
            noted = connection.execute("PRAGMA user_version").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error:
        return False
    return bool(noted == fingerprint(is_demo=is_demo))


def note_prepared(database_url: str, *, is_demo: bool) -> None:
    """Note in the database itself what it was prepared with; PostgreSQL is always asked anew."""
    if not database_url.startswith(SQLITE):
        return
    connection = sqlite3.connect(database_url.removeprefix(SQLITE))
    try:
        connection.execute(f"PRAGMA user_version = {fingerprint(is_demo=is_demo)}")
    finally:
        connection.close()
