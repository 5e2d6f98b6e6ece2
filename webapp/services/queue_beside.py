"""What stands in a unit's queue beside what it leads: cases to take over, cases to help with."""

from typing import Any

from sqlalchemy import Select, and_, case, func, literal, select

from webapp.models import Case, Coordination, Officer, Transfer
from webapp.services.scope import UNIT_ROLES

# Those that the unit is asked to take, and those in which it coordinates.
BESIDE_VIEWS = ("incoming", "coordinating")

# What of them waits for the unit's reply to a task; a figure alone, for they stand first in the
# list of those in which it coordinates.
OWED = "owed"
BESIDE_COUNTS = (*BESIDE_VIEWS, OWED)


def views_beside(officer: Officer) -> tuple[str, ...]:
    """Return the views of this kind that an officer has: none for those who stand above units."""
    return BESIDE_VIEWS if officer.role in UNIT_ROLES else ()


def beside(view: str, officer: Officer) -> Select[Any]:
    """Return the query for the cases of such a view; each starts at the unit's own index."""
    return _incoming(officer.unit_id) if view == "incoming" else _coordinating(officer.unit_id)


def order_beside(view: str) -> tuple[Any, ...]:
    """Return what goes before urgency in such a view: whoever waits longest for an answer."""
    if view == "incoming":
        return (Transfer.due_at,)
    return (case((Coordination.state == "asked", 0), else_=1), Coordination.due_at)


def _incoming(unit_id: int) -> Select[Any]:
    asked = and_(Transfer.case_id == Case.id, Transfer.state == "open")
    return select(Case).join(Transfer, asked).where(Transfer.to_unit_id == unit_id)


def _coordinating(unit_id: int) -> Select[Any]:
    # The states by name, and not "anything but ended": so the index of a unit's parts serves.
    standing = Coordination.state.in_(("informed", "asked", "replied"))
    part = and_(Coordination.case_id == Case.id, standing)
    return (
        select(Case).join(Coordination, part).where(Coordination.unit_id == unit_id, Case.is_open)
    )


def ids_beside(officer: Officer) -> list[Select[Any]]:
    """Return the queries for the ids of all cases of these views."""
    return [beside(view, officer).with_only_columns(Case.id) for view in views_beside(officer)]


def counts_beside(officer: Officer, most: int) -> list[Any]:
    """Return a column for each of these figures, named like it: how many cases, up to ``most``."""
    ids = dict(zip(views_beside(officer), ids_beside(officer), strict=True))
    if "coordinating" in ids:
        ids[OWED] = ids["coordinating"].where(Coordination.state == "asked")
    return [
        _count(ids[name], most).label(name) if name in ids else literal(0).label(name)
        for name in BESIDE_COUNTS
    ]


def _count(ids: Select[Any], most: int) -> Any:
    some = ids.limit(most).correlate(None).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
