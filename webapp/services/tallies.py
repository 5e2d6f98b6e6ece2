"""Daily tallies: deleted and rebuilt from the events of their day, never added to."""

from dataclasses import asdict
from datetime import date

from sqlalchemy import ColumnElement, delete, or_, select

from webapp.domain import statistics
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


def _events_of(work: Transaction, day: date) -> list[statistics.CountedEvent]:
    start, end = statistics.bounds_of(day)
    found = work.session.execute(
        select(CaseEvent.kind, CaseEvent.at, Case)
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
            unit_id=of.lead_unit_id,
            category_code=of.category_code,
            opened_at=of.opened_at,
            resolve_due_at=of.resolve_due_at,
        )
        for kind, at, of in found
    ]
