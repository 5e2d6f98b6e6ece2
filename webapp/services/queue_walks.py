"""Whose cases the queue walks through: unit by unit while they are few, else all in one."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, exists, select, true

from webapp.extensions import db
from webapp.models import Case, Officer, Unit
from webapp.services.scope import UNIT_ROLES

# SQLite joins at most 500 queries into one (SQLITE_MAX_COMPOUND_SELECT), and a page needs up to
# five of each unit; well below that one walk through all cases costs less than so many short ones.
MOST_WALKED = 60


def leading_units() -> dict[Unit, bool]:
    """Return the units that could lead cases, in order, and whether each leads any."""
    leads_any = exists().where(Case.lead_unit_id == Unit.id)
    leading = select(Unit, leads_any).where(Unit.tier.in_(("commune", "authority")))
    rows = db.session.execute(leading.order_by(Unit.tier.desc(), Unit.name))
    return {row[0]: row[1] for row in rows}


def walks_of(
    officer: Officer, unit_id: int | None, leading: Mapping[Unit, bool]
) -> list[ColumnElement[bool]]:
    """Return whose cases are walked through one after the other, as conditions on their lead.

    Args:
        officer: whoever looks.
        unit_id: the one unit whose cases they asked for, if they may choose.
        leading: what ``leading_units`` returned; for those above units only.

    Returns:
        One condition for each unit; or a single one that names no unit and stands for all of
        them, for those above see every case.
    """
    if officer.role in UNIT_ROLES:
        return [Case.lead_unit_id == officer.unit_id]
    if unit_id in {unit.id for unit in leading}:
        return [Case.lead_unit_id == unit_id]
    busy = [unit.id for unit, is_busy in leading.items() if is_busy]
    if len(busy) > MOST_WALKED:
        return [true()]
    return [Case.lead_unit_id == each for each in busy]
