"""A whole triage that is gone through once and undone, so that what is forked after it starts warm.

The first triage of a process builds the SQL of some thirty statements, the index of the land and
the calendar of holidays: on a quiet machine about as long as preparing a photo of 12 megapixels.
A work-horse is a new process for every job, and would pay for that every time.
"""

import secrets
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.adapters import photo_print
from webapp.extensions import db
from webapp.models import Boundary, Category, Photo, Report, ReportTriage
from webapp.services import outbox, photo_preparation, triage
from webapp.services.comparisons import Comparisons
from webapp.services.outbox import Lease, LeaseLost
from webapp.services.photo_preparation import Prepared
from webapp.services.transaction import Transaction, transaction


class _Undone(Exception):
    """Ends the transaction without a trace."""


def rehearse() -> None:
    """Triage a report that does not exist; nothing of it stays, and nobody hears of it.

    Without a category or any land there is nothing to rehearse, and nothing happens.
    """
    photo_print.rehearse()
    outbox.lease("triage_report", "rehearsal", seconds=1)
    outbox.due(clock.now(), limit=1)
    with suppress(_Undone), transaction() as work:
        if _is_stage_set(work.session):
            _triage_made_up(work)
        raise _Undone
    db.session.remove()


def _triage_made_up(work: Transaction) -> None:
    report = _made_up(work.session)
    work.session.flush()
    photo_preparation.keep(work.session, Prepared(0, None))
    triage.triage_in(work, report.id, Comparisons())
    # Nobody holds this lease; it is the statement that is wanted.
    with suppress(LeaseLost):
        outbox.finish(work, Lease(0, "triage_report", "rehearsal", 0, 0, 1))


def _is_stage_set(session: Session) -> bool:
    return bool(session.scalar(select(Category.service_code).limit(1))) and bool(
        session.scalar(select(Boundary.id).limit(1))
    )


def _made_up(session: Session) -> Report:
    """Return a report in the middle of some commune, with a photo that was prepared."""
    land = session.scalars(select(Boundary).order_by(Boundary.valid_from.desc()).limit(1)).one()
    plain = select(Category.service_code).where(~Category.is_triaged_by_person).limit(1)
    moment = clock.now()
    report = Report(
        tracking_key_hash=secrets.token_hex(32),
        content_hash="",
        category_code=session.scalars(plain).one(),
        received_at=moment,
        sent_at=moment,
        device_latitude=(land.min_latitude + land.max_latitude) / 2,
        device_longitude=(land.min_longitude + land.max_longitude) / 2,
        device_accuracy_m=10.0,
        device_fix_at=moment - timedelta(minutes=1),
    )
    session.add(report)
    session.flush()
    session.add(ReportTriage(report_id=report.id, status="received", updated_at=moment))
    session.add(
        Photo(
            report_id=report.id,
            role="evidence",
            sort_order=0,
            received_sha256="",
            media_type="image/jpeg",
            byte_size=0,
            width_px=1,
            height_px=1,
            received_at=moment,
            state="ready",
        )
    )
    return report
