"""Where the figures of a case come from: its number, its first deadlines, its witnesses."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from webapp import clock
from webapp.domain import deadlines, geo
from webapp.models import Attachment, CaseNumberSeries, DeadlineRule, Report, ReportTriage
from webapp.services.calendar import calendar_around

_series_prefix = "NH"


def number_cases_as(prefix: str) -> None:
    """Begin case numbers with ``prefix`` from now on (setting ANLO_CASE_PREFIX)."""
    global _series_prefix  # noqa: PLW0603 - one series a process, chosen when it is assembled
    _series_prefix = prefix


def next_number(session: Session, now: datetime) -> str:
    """Give out the next readable number of the year, such as NH-2026-00042."""
    year = now.astimezone(clock.LOCAL_ZONE).year
    dialect = session.get_bind().dialect.name
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    # One statement on both databases, so that two openings at once never get one number.
    given = session.scalar(
        insert(CaseNumberSeries)
        .values(prefix=_series_prefix, year=year, last_number=1)
        .on_conflict_do_update(
            index_elements=["prefix", "year"],
            set_={"last_number": CaseNumberSeries.last_number + 1},
        )
        .returning(CaseNumberSeries.last_number)
    )
    return f"{_series_prefix}-{year}-{given:05d}"


def due_dates(
    session: Session, category_code: str, severity: int, opened_at: datetime
) -> deadlines.Deadlines:
    """Return both first deadlines of a case of that category and severity."""
    row = session.scalars(
        select(DeadlineRule)
        .where(
            DeadlineRule.severity == severity,
            or_(DeadlineRule.category_code == category_code, DeadlineRule.category_code.is_(None)),
        )
        # The category's own rule goes before the general one, on both databases.
        .order_by(DeadlineRule.category_code.is_(None))
    ).first()
    if row is None:
        raise LookupError(f"no deadline rule for severity {severity}")
    rule = deadlines.Rule(
        severity=row.severity,
        acknowledge_hours=row.acknowledge_hours,
        resolve_days=row.resolve_days,
        is_round_the_clock=row.is_round_the_clock,
    )
    return deadlines.deadlines(opened_at, rule, calendar_around(opened_at))


def witness_count(session: Session, case_id: int) -> int:
    """Return how many people stand behind a case.

    Each install key is one person; reports without a key count once per day and cell. The
    database counts the keys; only reports without one, which are few, are read one by one.
    """
    of_case = (Attachment.case_id == case_id, is_current_attachment())
    phones = session.scalar(
        select(func.count(Report.install_key_hash.distinct()))
        .join(Attachment, Attachment.report_id == Report.id)
        .where(*of_case)
    )
    anonymous = session.execute(
        select(Report.received_at, ReportTriage.latitude, ReportTriage.longitude)
        .join(Attachment, Attachment.report_id == Report.id)
        .outerjoin(ReportTriage, ReportTriage.report_id == Report.id)
        .where(Report.install_key_hash.is_(None), *of_case)
    )
    return (phones or 0) + len({_day_and_cell(*row) for row in anonymous})


def is_current_attachment() -> ColumnElement[bool]:
    """Return the condition that no later row supersedes an attachment."""
    later = aliased(Attachment)
    return ~exists().where(later.supersedes_id == Attachment.id)


def _day_and_cell(
    received_at: datetime, latitude: float | None, longitude: float | None
) -> tuple[date, str | None]:
    cell = None
    if latitude is not None and longitude is not None:
        cell = geo.cell_of(latitude, longitude)
    return (received_at.astimezone(clock.LOCAL_ZONE).date(), cell)
