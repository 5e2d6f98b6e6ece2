"""Where the figures of a case come from: its number, its first deadlines, its witnesses."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from webapp import clock
from webapp.domain import deadlines, geo, witnesses
from webapp.models import (
    Attachment,
    CaseNumberSeries,
    Contact,
    DeadlineRule,
    Report,
    ReportTriage,
)
from webapp.services.calendar import calendar_around
from webapp.services.transaction import insert_into

_series_prefix = "NH"


def number_cases_as(prefix: str) -> None:
    """Begin case numbers with ``prefix`` from now on (setting ANLO_CASE_PREFIX)."""
    global _series_prefix  # noqa: PLW0603 - one series a process, chosen when it is assembled
    _series_prefix = prefix


def next_number(session: Session, now: datetime) -> str:
    """Give out the next readable number of the year, such as NH-2026-00042."""
    year = now.astimezone(clock.LOCAL_ZONE).year
    # One statement on both databases, so that two openings at once never get one number.
    given = session.scalar(
        insert_into(session, CaseNumberSeries)
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
    """Return how many people stand behind a case, as ``domain.witnesses`` counts them.

    Two statements for any number of reports. The database counts the phones; only reports with a
    confirmed contact, which may join phones, and those with neither, which are few, are read.
    """
    phones = session.scalar(
        select(func.count(Report.install_key_hash.distinct()))
        .join(Attachment, Attachment.report_id == Report.id)
        .where(Attachment.case_id == case_id, is_current_attachment())
    )
    voices = [_voice(*row) for row in session.execute(_telling_reports(case_id))]
    # These phones are among those that the database counted, and may be one person's.
    read = {voice.install_key_hash for voice in voices} - {None}
    return (phones or 0) - len(read) + witnesses.count_witnesses(voices)


def _telling_reports(case_id: int) -> Select[*tuple[Any, ...]]:
    """Return the query for the reports of a case that an install key alone does not count."""
    confirmed = and_(
        Contact.report_id == Report.id,
        Contact.confirmed_at.is_not(None),
        Contact.withdrawn_at.is_(None),
    )
    return (
        select(
            Report.received_at,
            ReportTriage.latitude,
            ReportTriage.longitude,
            Report.install_key_hash,
            Contact.phone,
            Contact.email,
        )
        .join(Attachment, Attachment.report_id == Report.id)
        .outerjoin(ReportTriage, ReportTriage.report_id == Report.id)
        .outerjoin(Contact, confirmed)
        .where(
            Attachment.case_id == case_id,
            is_current_attachment(),
            or_(Report.install_key_hash.is_(None), Contact.report_id.is_not(None)),
        )
    )


def is_current_attachment(attachment: Any = Attachment) -> ColumnElement[bool]:
    """Return the condition that no later row supersedes an attachment (or an alias of it)."""
    later = aliased(Attachment)
    return ~exists().where(later.supersedes_id == attachment.id)


def _voice(
    received_at: datetime, latitude: float | None, longitude: float | None, *names: str | None
) -> witnesses.Voice:
    cell = None
    if latitude is not None and longitude is not None:
        cell = geo.cell_of(latitude, longitude)
    return witnesses.Voice(received_at.astimezone(clock.LOCAL_ZONE).date(), cell, *names)
