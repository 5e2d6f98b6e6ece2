"""Rows that hold between two dates, as a condition of a query."""

from datetime import date
from typing import Any

from sqlalchemy import or_


def holds_on(table: Any, on: date) -> tuple[Any, Any]:
    """Return the conditions under which a dated row holds on a day, both ends included."""
    return table.valid_from <= on, or_(table.valid_to.is_(None), table.valid_to >= on)
