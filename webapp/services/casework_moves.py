"""Reports that a person moves from case to case: new attachments, and what the cases count then."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain import statistics
from webapp.domain.deadlines import local_day
from webapp.models import Attachment, Case, CaseEvent, Officer, ReportTriage
from webapp.services.casework import TALLY_PAUSE
from webapp.services.casework_figures import is_current_attachment, witness_count
from webapp.services.transaction import Transaction


def current_attachments(session: Session, case_id: int) -> Sequence[Attachment]:
    """Return the attachments of all reports that a case holds now, the newest report first."""
    return session.scalars(
        select(Attachment)
        .where(Attachment.case_id == case_id, is_current_attachment())
        .order_by(Attachment.report_id.desc())
    ).all()


def ever_attached(session: Session, case_id: int) -> Sequence[Attachment]:
    """Return where the reports are now that a case held at any time, the newest report first."""
    held = select(Attachment.report_id).where(Attachment.case_id == case_id)
    return session.scalars(
        select(Attachment)
        .where(Attachment.report_id.in_(held), is_current_attachment())
        .order_by(Attachment.report_id.desc())
    ).all()


def move(
    session: Session,
    attachment: Attachment,
    case: Case,
    *,
    terms: dict[str, Any],
    officer: Officer,
    now: datetime,
) -> None:
    """Let a report belong to another case from now on; the old attachment stays as it was."""
    session.add(
        Attachment(
            report_id=attachment.report_id,
            case_id=case.id,
            supersedes_id=attachment.id,
            at=now,
            actor_id=officer.id,
            terms=terms,
        )
    )


def counts(session: Session, case: Case) -> dict[str, Any]:
    """Count anew what a case holds: reports, witnesses, and when the last was captured."""
    session.flush()
    reports, last_captured_at = session.execute(
        select(func.count(), func.max(ReportTriage.captured_at))
        .select_from(Attachment)
        .outerjoin(ReportTriage, ReportTriage.report_id == Attachment.report_id)
        .where(Attachment.case_id == case.id, is_current_attachment())
    ).one()
    return {
        "report_count": reports,
        "witness_count": witness_count(session, case.id),
        "last_captured_at": last_captured_at,
    }


def ask_for_days_of(work: Transaction, cases: Iterable[Case]) -> None:
    """Ask for the days on which anything of these cases was counted to be counted anew."""
    moments = work.session.scalars(
        select(CaseEvent.at).where(
            CaseEvent.case_id.in_([case.id for case in cases]),
            CaseEvent.kind.in_(statistics.TALLIED_KINDS),
        )
    )
    # In order, so that two who ask for the same days never wait for each other.
    for day in sorted({local_day(moment) for moment in moments}):
        work.ask("rebuild_tallies", day.isoformat(), due_at=clock.now() + TALLY_PAUSE)
