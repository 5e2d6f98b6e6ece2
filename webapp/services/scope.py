"""Who sees which cases, and what each unit is to a case: the one place where that is decided."""

from datetime import date

from sqlalchemy import Select, and_, exists, false, or_, select, true
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.elements import ColumnElement

from webapp import clock
from webapp.domain.acts import Part
from webapp.domain.responsibilities import LEADING_TIERS
from webapp.models import Case, Coordination, Officer, Unit
from webapp.services.dated import holds_on

# Those who answer for a unit see what it has a part in; those above see every commune's cases.
UNIT_ROLES = frozenset({"officer", "head"})
DISTRICT_ROLES = frozenset({"supervisor", "overseer"})


def seen_by(officer: Officer) -> ColumnElement[bool]:
    """Return the condition that a case row meets when ``officer`` may know that it exists.

    That is its lead, the units that coordinate, the one that was asked to take the lead, and
    those above. Administrators see no case at all: they keep the system, not its contents.
    """
    if officer.role in UNIT_ROLES:
        return or_(
            Case.lead_unit_id == officer.unit_id,
            Case.transfer_to_id == officer.unit_id,
            coordinated_by(officer.unit_id),
        )
    if officer.role in DISTRICT_ROLES:
        return true()
    return false()


def coordinated_by(unit_id: int) -> ColumnElement[bool]:
    """Return the condition that a unit has a standing part in a case beside its lead."""
    return exists().where(
        Coordination.case_id == Case.id,
        Coordination.unit_id == unit_id,
        Coordination.state != "ended",
    )


def visible_cases(officer: Officer) -> Select[Case]:
    """Return the query for the cases that ``officer`` may see; every reader starts from it."""
    return select(Case).where(seen_by(officer))


def cases_of_leads(officer: Officer) -> Select[Case]:
    """Return the query for the cases that ``officer`` may see because of who leads them.

    For walks along an index of the lead unit, which ask for a lead by themselves: what a unit only
    coordinates stands in lists of its own.
    """
    if officer.role in UNIT_ROLES:
        return select(Case).where(Case.lead_unit_id == officer.unit_id)
    return visible_cases(officer)


def lead_is_gone(on: date) -> ColumnElement[bool]:
    """Return the condition that nobody is left on a day who could lead a case on.

    Its unit has ended, another one bears its code by then, or it is none that works on cases.
    """
    newer = aliased(Unit)
    is_taken_over = exists().where(
        newer.code == Unit.code,
        newer.tier == Unit.tier,
        newer.valid_from > Unit.valid_from,
        *holds_on(newer, on),
    )
    stands = and_(*holds_on(Unit, on), Unit.tier.in_(LEADING_TIERS), ~is_taken_over)
    return Case.lead_unit_id.in_(select(Unit.id).where(~stands))


def parts_of(session: Session, officer: Officer, case: Case) -> frozenset[Part]:
    """Return what an officer's unit is to a case; one statement at most."""
    if officer.role == "supervisor":
        gone = select(Case.id).where(Case.id == case.id, lead_is_gone(clock.today()))
        is_gone = session.scalar(gone) is not None
        return frozenset({"supervising", "standing_in"} if is_gone else {"supervising"})
    if officer.role not in UNIT_ROLES:
        return frozenset()
    if officer.unit_id == case.lead_unit_id:
        return frozenset({"lead"})
    parts: set[Part] = set()
    if officer.unit_id == case.transfer_to_id:
        parts.add("asked")
    standing = select(Case.id).where(Case.id == case.id, coordinated_by(officer.unit_id))
    if session.scalar(standing) is not None:
        parts.add("coordinating")
    return frozenset(parts)
