"""Rows that hold between two dates: as a condition of a query, and of a row that was read."""

from datetime import date
from typing import Any, Protocol

from sqlalchemy import or_


class Dated(Protocol):
    """A row with its first and its last day; without a last one it goes on."""

    valid_from: Any
    valid_to: Any


def holds_on(table: Any, on: date) -> tuple[Any, Any]:
    """Return the conditions under which a dated row holds on a day, both ends included."""
    return table.valid_from <= on, or_(table.valid_to.is_(None), table.valid_to >= on)


def stands_on(row: Dated, on: date) -> bool:
    """Tell whether a row that was read holds on a day, both ends included."""
    return bool(row.valid_from <= on and (row.valid_to is None or row.valid_to >= on))
