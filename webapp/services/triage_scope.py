"""Whose desk a held report stands on: its supervising unit's, and the root's when it has none."""

from sqlalchemy import ColumnElement, or_, select, true

from webapp import clock
from webapp.models import Officer, ReportTriage, Unit
from webapp.services import territory


def on_desk_of(officer: Officer) -> ColumnElement[bool]:
    """Return the condition that the standing of a report meets when ``officer`` may see it.

    An overseer reads every desk. A supervisor sees the reports that were given to the own unit;
    the root unit also takes those that were given to nobody, or to a unit that has ended since.
    """
    if officer.role == "overseer":
        return true()
    own = ReportTriage.supervising_unit_id == officer.unit_id
    today = clock.today()
    root = territory.supervising_unit(today)
    if root is None or root.id != officer.unit_id:
        return own
    ended = select(Unit.id).where(Unit.valid_to < today)
    return or_(
        own,
        ReportTriage.supervising_unit_id.is_(None),
        ReportTriage.supervising_unit_id.in_(ended),
    )
