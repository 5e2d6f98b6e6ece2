"""What happened to a case, as its page tells it: who did what, of which unit they were then."""

from dataclasses import dataclass

from sqlalchemy import or_, select

from webapp.domain.disclosure import PUBLIC_KINDS
from webapp.extensions import db
from webapp.models import CaseEvent, Officer, Unit

# Of a long story the page tells so many of the newest events.
MOST_EVENTS = 40

# What tells a case's course; each of them happens once or a few times.
_MILESTONES = (
    "opened",
    "first_viewed",
    "acknowledged",
    "started",
    "resolved",
    "severity_raised",
    "transfer_accepted",
    "transfer_ruled",
    "land_passed",
)


@dataclass(frozen=True)
class Told:
    """One event of the timeline, with who did it and of which unit they were then."""

    event: CaseEvent
    officer_name: str | None
    unit_name: str | None
    is_public: bool


def read_timeline(case_id: int, most: int | None) -> list[Told]:
    """Read what happened, newest first; of a long story its course and what came last."""
    of_case = CaseEvent.case_id == case_id
    newest = select(CaseEvent.id).where(of_case).order_by(CaseEvent.version.desc()).limit(most)
    is_told = or_(CaseEvent.kind.in_(_MILESTONES), CaseEvent.id.in_(newest.correlate(None)))
    rows = db.session.execute(
        select(CaseEvent, Officer.name, Unit.name)
        .outerjoin(Officer, Officer.id == CaseEvent.actor_id)
        .outerjoin(Unit, Unit.id == CaseEvent.actor_unit_id)
        .where(of_case, is_told)
        .order_by(CaseEvent.version.desc())
    )
    return [
        Told(event, officer_name, unit_name, event.kind in PUBLIC_KINDS)
        for event, officer_name, unit_name in rows
    ]


def events_since(case_id: int, version: int) -> list[Told]:
    """Return what happened to a case after a version, oldest first; the newest of much."""
    newest = read_timeline(case_id, MOST_EVENTS)
    return [told for told in reversed(newest) if told.event.version > version]
