"""Daily tallies: deleted and rebuilt from the events of their day, never added to."""

from dataclasses import asdict
from datetime import date

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import aliased

from webapp.domain import statistics
from webapp.domain.casework import LEAD_NAMING_KINDS
from webapp.models import Case, CaseEvent, Tally
from webapp.services import outbox
from webapp.services.calendar import working_calendar
from webapp.services.outbox import Lease
from webapp.services.transaction import Transaction, transaction


def rebuild_tallies(day: date, lease: Lease) -> None:
    """Delete the tallies of a local day and count them anew from its events.

    Counting anew, never adding to: a job may run twice, and a row that no event backs any more
    must go.

    Raises:
        LeaseLost: another worker has this day now; nothing was changed.
    """
    with transaction() as work:
        rows = statistics.tally_of(
            day, _events_of(work, day), working_calendar((day.year - 1, day.year))
        )
        work.session.execute(delete(Tally).where(Tally.day == day))
        work.session.add_all(Tally(**asdict(row)) for row in rows)
        outbox.finish(work, lease)


def counts_for_a_figure() -> ColumnElement[bool]:
    """Return the condition that an event is counted: not one of a case that was merged away.

    The case that took its reports is counted in its place. The reports themselves came, and are
    counted where and when they came.
    """
    return or_(Case.merged_into_id.is_(None), CaseEvent.kind == "report_attached")


def lead_at_event() -> ColumnElement[int]:
    """Return the unit that led the case when an event of ``CaseEvent`` happened.

    That is what the last event before it said that names a lead, the event itself included. A
    case may pass to another unit; what was done before stays in the figures of who did it.
    """
    naming = aliased(CaseEvent)
    return (
        select(naming.data["lead_unit_id"].as_integer())
        .where(
            naming.case_id == CaseEvent.case_id,
            naming.version <= CaseEvent.version,
            naming.kind.in_(LEAD_NAMING_KINDS),
        )
        .order_by(naming.version.desc())
        .limit(1)
        .correlate(CaseEvent)
        .scalar_subquery()
    )


def _events_of(work: Transaction, day: date) -> list[statistics.CountedEvent]:
    start, end = statistics.bounds_of(day)
    found = work.session.execute(
        select(CaseEvent.kind, CaseEvent.at, lead_at_event(), Case)
        .join(Case, Case.id == CaseEvent.case_id)
        .where(
            CaseEvent.at >= start,
            CaseEvent.at < end,
            CaseEvent.kind.in_(statistics.TALLIED_KINDS),
            counts_for_a_figure(),
        )
    )
    return [
        statistics.CountedEvent(
            kind=kind,
            at=at,
            unit_id=unit_id,
            category_code=of.category_code,
            opened_at=of.opened_at,
            resolve_due_at=of.resolve_due_at,
        )
        for kind, at, unit_id, of in found
    ]
