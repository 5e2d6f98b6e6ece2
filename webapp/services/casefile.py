"""All that one case's page shows: its facts, photos, reports, past and timeline, read in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from webapp import clock
from webapp.domain import casework as rules
from webapp.domain.deadlines import local_day
from webapp.domain.disclosure import PUBLIC_KINDS
from webapp.domain.duplicates import GREATEST_LIMIT_M
from webapp.domain.errors import NotFound
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Case,
    CaseEvent,
    CaseView,
    Officer,
    Photo,
    Report,
    ReportTriage,
    Unit,
    WordsReview,
)
from webapp.services.case_map import CaseMap, draw_case
from webapp.services.casework import state_of
from webapp.services.casework_acts import belongs_to
from webapp.services.casework_figures import is_current_attachment
from webapp.services.queue import tone
from webapp.services.scope import visible_cases

# A place that is taken again and again: the page tells the last few times, the rest by a number.
MOST_PAST_CASES = 10


@dataclass(frozen=True)
class AttachedReport:
    """One report of a case, by its place among them; never who sent it."""

    number: int
    report: Report
    attached_at: datetime
    attached_by: str | None
    terms: Mapping[str, Any]
    position: Position | None
    captured_at: datetime | None
    words_review: str


@dataclass(frozen=True)
class CasePhoto:
    """A photo with the report it came with; ``report_number`` 0 means it is proof."""

    photo: Photo
    report_number: int


@dataclass(frozen=True)
class Told:
    """One event of the timeline, with who did it and of which unit they were then."""

    event: CaseEvent
    officer_name: str | None
    unit_name: str | None
    is_public: bool


@dataclass(frozen=True)
class CaseFile:
    """A case as its page shows it to one officer."""

    case: Case
    state: rules.CaseState
    tone: str
    reports: Sequence[AttachedReport]
    photos: Sequence[CasePhoto]
    timeline: Sequence[Told]
    past: Sequence[Case]
    map: CaseMap
    acts: frozenset[str]
    is_viewed: bool

    @property
    def unreviewed_count(self) -> int:
        """How many photos could be shown and wait for a look."""
        return sum(
            item.photo.review == "pending" and item.photo.state == "ready" for item in self.photos
        )

    @property
    def first_photo(self) -> CasePhoto | None:
        """The earliest evidence that can be shown: the "before" beside an after-photo."""
        ready = (item for item in self.photos if item.report_number and item.photo.state == "ready")
        return next(ready, None)

    def since(self, version: int) -> list[Told]:
        """Return what happened after a version, oldest first."""
        later = [told for told in self.timeline if told.event.version > version]
        return sorted(later, key=lambda told: told.event.version)


def read_case(officer: Officer, number: str) -> CaseFile:
    """Read a case for its page.

    Raises:
        NotFound: there is no such case, or the officer may not know of it.
    """
    case = db.session.scalar(
        visible_cases(officer)
        .where(Case.number == number.upper())
        .options(joinedload(Case.category), joinedload(Case.lead_unit))
        .execution_options(populate_existing=True)
    )
    if case is None:
        raise NotFound("case_not_found")
    return file_of(officer, case)


def file_of(officer: Officer, case: Case) -> CaseFile:
    """Gather what belongs to a case that the officer may see."""
    now, state = clock.now(), state_of(case)
    reports = _reports(case.id)
    return CaseFile(
        case=case,
        state=state,
        tone=tone(case, now),
        reports=reports,
        photos=_photos(case.id, reports),
        timeline=_timeline(case.id),
        past=_past(officer, case),
        map=_map(case, reports, now),
        acts=_acts(officer, case, state),
        is_viewed=db.session.get(CaseView, (case.id, officer.id)) is not None,
    )


def glance_at(officer: Officer, case: Case) -> CaseFile:
    """Gather what the pane beside the queue shows of a case that was read with its category."""
    now, state = clock.now(), state_of(case)
    reports = _reports(case.id)
    return CaseFile(
        case=case,
        state=state,
        tone=tone(case, now),
        reports=reports,
        photos=_photos(case.id, reports),
        timeline=(),
        past=(),
        map=_map(case, reports, now),
        acts=_acts(officer, case, state),
        is_viewed=True,
    )


def photo_of(officer: Officer, number: str, photo_id: int) -> Photo:
    """Return a photo of a case that an officer may see.

    Raises:
        NotFound: no such case or photo, or the officer may not know of it.
    """
    case = visible_cases(officer).where(Case.number == number.upper()).with_only_columns(Case.id)
    case_id = db.session.scalar(case)
    found = (
        db.session.scalar(select(Photo).where(Photo.id == photo_id, belongs_to(case_id)))
        if case_id
        else None
    )
    if found is None:
        raise NotFound("photo_not_found")
    return found


def _map(case: Case, reports: Sequence[AttachedReport], now: datetime) -> CaseMap:
    return draw_case(
        Position(case.latitude, case.longitude),
        [item.position for item in reports if item.position],
        GREATEST_LIMIT_M,
        local_day(now),
    )


def _reports(case_id: int) -> list[AttachedReport]:
    rows = db.session.execute(
        select(Report, Attachment, ReportTriage, WordsReview.review, Officer.name)
        .join(Attachment, Attachment.report_id == Report.id)
        .outerjoin(ReportTriage, ReportTriage.report_id == Report.id)
        .outerjoin(WordsReview, WordsReview.report_id == Report.id)
        .outerjoin(Officer, Officer.id == Attachment.actor_id)
        .where(Attachment.case_id == case_id, is_current_attachment())
        .order_by(Attachment.at, Attachment.id)
    )
    return [
        AttachedReport(
            number=number,
            report=report,
            attached_at=attachment.at,
            attached_by=officer_name,
            terms=attachment.terms,
            position=_position(standing),
            captured_at=standing.captured_at if standing else None,
            words_review=review or "pending",
        )
        for number, (report, attachment, standing, review, officer_name) in enumerate(rows, 1)
    ]


def _position(standing: ReportTriage | None) -> Position | None:
    if standing is None or standing.latitude is None or standing.longitude is None:
        return None
    return Position(standing.latitude, standing.longitude, standing.accuracy_m)


def _photos(case_id: int, reports: Sequence[AttachedReport]) -> list[CasePhoto]:
    number_of = {item.report.id: item.number for item in reports}
    owner = or_(Photo.case_id == case_id, Photo.report_id.in_(number_of))
    found = [
        CasePhoto(photo, number_of.get(photo.report_id or 0, 0))
        for photo in db.session.scalars(select(Photo).where(owner))
    ]
    # Evidence in the order of its reports, proof behind it.
    return sorted(
        found,
        key=lambda item: (item.report_number == 0, item.report_number, item.photo.sort_order),
    )


def _timeline(case_id: int) -> list[Told]:
    rows = db.session.execute(
        select(CaseEvent, Officer.name, Unit.name)
        .outerjoin(Officer, Officer.id == CaseEvent.actor_id)
        .outerjoin(Unit, Unit.id == CaseEvent.actor_unit_id)
        .where(CaseEvent.case_id == case_id)
        .order_by(CaseEvent.version.desc())
    )
    return [
        Told(event, officer_name, unit_name, event.kind in PUBLIC_KINDS)
        for event, officer_name, unit_name in rows
    ]


def _past(officer: Officer, case: Case) -> Sequence[Case]:
    earlier = visible_cases(officer).where(
        Case.place_id == case.place_id, Case.id != case.id, Case.opened_at <= case.opened_at
    )
    newest = earlier.order_by(Case.opened_at.desc()).limit(MOST_PAST_CASES)
    return db.session.scalars(newest).all()


def _acts(officer: Officer, case: Case, state: rules.CaseState) -> frozenset[str]:
    is_lead_unit = officer.unit_id == case.lead_unit_id
    moves = rules.possible_acts(state, role=officer.role, is_lead_unit=is_lead_unit)
    desk = (
        act
        for act in rules.DESK_ACTS
        if officer.role in act.roles and (is_lead_unit or not act.is_lead_only)
    )
    return frozenset(act.act for act in (*moves, *desk))
