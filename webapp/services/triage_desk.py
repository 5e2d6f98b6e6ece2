"""What the triage desk shows: held reports by reason, one of them opened, and what was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain import triage as rules
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Case,
    Category,
    Officer,
    Report,
    ReportTriage,
    TriageAct,
    Unit,
)
from webapp.services import casework_figures, territory
from webapp.services.triage_scope import on_desk_of
from webapp.services.triage_sheet import (
    HeldReport,
    NamedCommune,
    OpenedReport,
    commune_of_meant,
    line_of,
    named_commune,
    open_report,
    photos_of,
)

# The longest list that is shown at once; the figures above it count all of them.
MOST_ROWS = 100


@dataclass(frozen=True)
class ActLine:
    """One act of the desk, and what became of the report since."""

    report_id: int
    kind: str
    at: datetime
    actor_name: str
    reason_code: str | None
    words: str | None
    category: Category
    status: str
    case_number: str | None
    unit_name: str | None

    @property
    def can_be_taken_back(self) -> bool:
        """Whether this is a dismissal that still stands."""
        return self.kind == "dismissed" and self.status == "dismissed"


@dataclass(frozen=True)
class Desk:
    """Everything on the page."""

    counts: dict[str, int]
    oldest_received_at: datetime | None
    reason: str | None
    lines: tuple[HeldReport, ...]
    opened: OpenedReport | None
    acts: tuple[ActLine, ...]
    week: dict[str, int]
    categories: tuple[Category, ...]
    units: tuple[Unit, ...]
    named: NamedCommune | None

    @property
    def total(self) -> int:
        """How many reports are held, whatever the reason."""
        return sum(self.counts.values())


def read_desk(
    officer: Officer, *, reason: str | None, report_id: int | None, is_week_shown: bool
) -> Desk:
    """Return the desk as an officer sees it.

    Args:
        officer: who asks; ``triage_scope`` says what stands on whose desk.
        reason: show only what is held for this reason; everything when None.
        report_id: the report on the sheet; the one that waits longest when None. Nothing is
            opened when no report is held under it.
        is_week_shown: list the acts of seven days instead of today's.
    """
    session, is_here = db.session(), on_desk_of(officer)
    counts, oldest = _counts(session, is_here)
    lines = _lines(session, is_here, reason)
    if report_id is None and lines:
        report_id = lines[0].report_id
    opened = open_report(session, is_here, report_id) if report_id is not None else None
    today = (
        clock.now().astimezone(clock.LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    week_start = today - timedelta(days=6)
    categories = select(Category).where(Category.is_active).order_by(Category.sort_order)
    units = tuple(territory.units_on(today.date()))
    return Desk(
        counts=counts,
        oldest_received_at=oldest,
        reason=reason,
        lines=lines,
        opened=opened,
        acts=_acts(session, is_here, week_start if is_week_shown else today),
        week=_acts_by_kind(session, is_here, week_start),
        categories=tuple(session.scalars(categories)),
        units=units,
        named=_named(opened, units, today.date()) if opened else None,
    )


def _named(opened: OpenedReport, units: Sequence[Unit], today: date) -> NamedCommune | None:
    in_words = named_commune(opened.line.commune_hint, today)
    return in_words or commune_of_meant(opened.meant_case, units)


def count_held(officer: Officer) -> int:
    """Return how many reports wait on an officer's desk."""
    waiting = (ReportTriage.status == "held", on_desk_of(officer))
    return db.session.scalar(select(func.count()).select_from(ReportTriage).where(*waiting)) or 0


def _counts(
    session: Session, is_here: ColumnElement[bool]
) -> tuple[dict[str, int], datetime | None]:
    query = (
        select(ReportTriage.hold_code, func.count(), func.min(Report.received_at))
        .join(Report, Report.id == ReportTriage.report_id)
        .where(ReportTriage.status == "held", is_here)
        .group_by(ReportTriage.hold_code)
    )
    rows = session.execute(query).all()
    counts = dict.fromkeys(rules.HOLD_CODES, 0) | {code or "": count for code, count, _ in rows}
    return counts, min((oldest for _, _, oldest in rows), default=None)


def _lines(
    session: Session, is_here: ColumnElement[bool], reason: str | None
) -> tuple[HeldReport, ...]:
    query = (
        select(ReportTriage, Report, Category)
        .join(Report, Report.id == ReportTriage.report_id)
        .join(Category, Category.service_code == Report.category_code)
        .where(ReportTriage.status == "held", is_here)
        # Whoever sent it has waited since then, whatever the desk did meanwhile.
        .order_by(Report.received_at, Report.id)
        .limit(MOST_ROWS)
    )
    if reason is not None:
        query = query.where(ReportTriage.hold_code == reason)
    rows = session.execute(query).all()
    pictures = photos_of(session, [report.id for _, report, _ in rows])
    return tuple(
        line_of(standing, report, category, pictures[report.id])
        for standing, report, category in rows
    )


def _acts(session: Session, is_here: ColumnElement[bool], since: datetime) -> tuple[ActLine, ...]:
    query = (
        select(TriageAct, Officer.name, ReportTriage, Category, Case.number, Unit.name)
        .join(ReportTriage, ReportTriage.report_id == TriageAct.report_id)
        .join(Report, Report.id == TriageAct.report_id)
        .join(
            Category,
            Category.service_code
            == func.coalesce(ReportTriage.set_category_code, Report.category_code),
        )
        .outerjoin(Officer, Officer.id == TriageAct.actor_id)
        .outerjoin(
            Attachment,
            (Attachment.report_id == TriageAct.report_id)
            & casework_figures.is_current_attachment(),
        )
        .outerjoin(Case, Case.id == Attachment.case_id)
        .outerjoin(Unit, Unit.id == Case.lead_unit_id)
        .where(TriageAct.at >= since, is_here)
        .order_by(TriageAct.at.desc(), TriageAct.id.desc())
        .limit(MOST_ROWS)
    )
    return tuple(
        ActLine(
            report_id=act.report_id,
            kind=act.kind,
            at=act.at,
            actor_name=actor_name or "",
            reason_code=act.reason_code,
            words=act.words,
            category=category,
            status=standing.status,
            case_number=case_number,
            unit_name=unit_name,
        )
        for act, actor_name, standing, category, case_number, unit_name in session.execute(query)
    )


def _acts_by_kind(
    session: Session, is_here: ColumnElement[bool], since: datetime
) -> dict[str, int]:
    query = (
        select(TriageAct.kind, func.count().label("number"))
        .join(ReportTriage, ReportTriage.report_id == TriageAct.report_id)
        .where(TriageAct.at >= since, is_here)
        .group_by(TriageAct.kind)
    )
    counts = {row.kind: row.number for row in session.execute(query)}
    return dict.fromkeys(("placed", "retried", "dismissed", "restored"), 0) | counts
