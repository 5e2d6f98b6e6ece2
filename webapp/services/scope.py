"""Who sees which cases: the one place where that is decided."""

from sqlalchemy import Select, false, select, true
from sqlalchemy.sql.elements import ColumnElement

from webapp.models import Case, Officer

# Those who answer for a unit see what it leads; those above see every commune's cases.
UNIT_ROLES = frozenset({"officer", "head"})
DISTRICT_ROLES = frozenset({"supervisor", "overseer"})


def seen_by(officer: Officer) -> ColumnElement[bool]:
    """Return the condition that a case row meets when ``officer`` may know that it exists.

    Administrators see no case at all: they keep the system, not its contents.
    """
    if officer.role in UNIT_ROLES:
        return Case.lead_unit_id == officer.unit_id
    if officer.role in DISTRICT_ROLES:
        return true()
    return false()


def visible_cases(officer: Officer) -> Select[Case]:
    """Return the query for the cases that ``officer`` may see; every reader starts from it."""
    return select(Case).where(seen_by(officer))
