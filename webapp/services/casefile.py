"""All that one case's page shows: its facts, photos, reports, past and timeline, read in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, exists, func, or_, select
from sqlalchemy import case as sql_case
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
# A pavement that a whole town reports would make a page that no phone can load.
MOST_REPORTS = 20
MOST_PHOTOS = 20
MOST_EVENTS = 40
# What tells a case's course; each of them happens once or a few times.
_MILESTONES = ("opened", "first_viewed", "acknowledged", "started", "resolved", "severity_raised")


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
    """A photo with the number of the report it came with; 0 means that it is proof."""

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
class Tally:
    """How many reports and photos a case has, and how many photos wait for a look."""

    reports: int
    photos: int
    unreviewed_photos: int


@dataclass(frozen=True)
class CaseFile:
    """A case as its page shows it to one officer.

    ``reports``, ``photos`` and ``timeline`` hold the newest of each and what waits for a review,
    unless all was asked for; ``tally`` counts all of them.
    """

    case: Case
    state: rules.CaseState
    tone: str
    tally: Tally
    reports: Sequence[AttachedReport]
    photos: Sequence[CasePhoto]
    first_photo: CasePhoto | None
    timeline: Sequence[Told]
    past: Sequence[Case]
    map: CaseMap
    acts: frozenset[str]
    is_viewed: bool

    @property
    def worded(self) -> list[AttachedReport]:
        """The shown reports with words, those that nobody reviewed first."""
        with_words = [item for item in self.reports if item.report.description]
        return sorted(with_words, key=lambda item: item.words_review != "pending")

    def since(self, version: int) -> list[Told]:
        """Return what happened after a version, oldest first."""
        later = [told for told in self.timeline if told.event.version > version]
        return sorted(later, key=lambda told: told.event.version)


def read_case(officer: Officer, number: str, *, is_whole: bool = False) -> CaseFile:
    """Read a case for its page; its newest reports, photos and events unless ``is_whole``.

    Raises:
        NotFound: there is no such case, or the officer may not know of it.
    """
    case = db.session.scalar(
        visible_cases(officer)
        .where(Case.number == number)
        .options(joinedload(Case.category), joinedload(Case.lead_unit))
        .execution_options(populate_existing=True)
    )
    if case is None:
        raise NotFound("case_not_found")
    now, state = clock.now(), state_of(case)
    most = None if is_whole else MOST_REPORTS
    reports, report_count, is_viewed = _reports(officer, case.id, most)
    most = None if is_whole else MOST_PHOTOS
    photos, photo_count, unreviewed_count = _photos(case.id, most)
    return CaseFile(
        case=case,
        state=state,
        tone=tone(case, now),
        tally=Tally(report_count, photo_count, unreviewed_count),
        reports=reports,
        photos=photos,
        first_photo=_first_photo(case.id),
        timeline=_timeline(case.id, None if is_whole else MOST_EVENTS),
        past=_past(officer, case),
        map=_map(case, reports, now),
        acts=_acts(officer, case, state),
        is_viewed=is_viewed,
    )


def glance_at(officer: Officer, case: Case) -> CaseFile:
    """Gather what the pane beside the queue shows of a case that was read with its category."""
    now, state = clock.now(), state_of(case)
    reports, report_count, is_viewed = _reports(officer, case.id, MOST_REPORTS)
    photos, photo_count, unreviewed_count = _photos(case.id, MOST_PHOTOS)
    return CaseFile(
        case=case,
        state=state,
        tone=tone(case, now),
        tally=Tally(report_count, photo_count, unreviewed_count),
        reports=reports,
        photos=photos,
        first_photo=None,
        timeline=(),
        past=(),
        map=_map(case, reports, now),
        acts=_acts(officer, case, state),
        is_viewed=is_viewed,
    )


def check_visible(officer: Officer, number: str) -> None:
    """Make sure that an officer may know of a case.

    Raises:
        NotFound: there is no such case, or the officer may not know of it.
    """
    known = visible_cases(officer).where(Case.number == number).with_only_columns(Case.id)
    if db.session.scalar(known) is None:
        raise NotFound("case_not_found")


def photo_of(officer: Officer, number: str, photo_id: int) -> Photo:
    """Return a photo of a case that an officer may see.

    Raises:
        NotFound: no such case or photo, or the officer may not know of it.
    """
    case = visible_cases(officer).where(Case.number == number).with_only_columns(Case.id)
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


def _numbered(case_id: int) -> Subquery:
    """Return the current attachments of a case, numbered from the first one on."""
    number = func.row_number().over(order_by=(Attachment.at, Attachment.id)).label("number")
    return (
        select(Attachment.id, Attachment.report_id, number)
        .where(Attachment.case_id == case_id, is_current_attachment())
        .subquery()
    )


def _reports(
    officer: Officer, case_id: int, most: int | None
) -> tuple[list[AttachedReport], int, bool]:
    """Read the newest reports of a case, words that nobody reviewed before all; by number.

    Returns:
        The reports; how many there are in all; whether the officer viewed the case before. A
        case without any report counts as not viewed.
    """
    numbered = _numbered(case_id)
    waits = and_(Report.description.is_not(None), WordsReview.review.is_(None))
    view = exists().where(CaseView.case_id == case_id, CaseView.officer_id == officer.id)
    rows = db.session.execute(
        select(
            numbered.c.number,
            Report,
            Attachment,
            ReportTriage,
            WordsReview.review,
            Officer.name,
            func.count().over(),
            view,
        )
        .join(Attachment, Attachment.id == numbered.c.id)
        .join(Report, Report.id == Attachment.report_id)
        .outerjoin(ReportTriage, ReportTriage.report_id == Report.id)
        .outerjoin(WordsReview, WordsReview.report_id == Report.id)
        .outerjoin(Officer, Officer.id == Attachment.actor_id)
        .order_by(sql_case((waits, 0), else_=1), numbered.c.number.desc())
        .limit(most)
    ).all()
    reports = [
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
        for number, report, attachment, standing, review, officer_name, _count, _viewed in rows
    ]
    count, is_viewed = rows[0][-2:] if rows else (0, False)
    return sorted(reports, key=lambda item: item.number), count, is_viewed


def _position(standing: ReportTriage | None) -> Position | None:
    if standing is None or standing.latitude is None or standing.longitude is None:
        return None
    return Position(standing.latitude, standing.longitude, standing.accuracy_m)


_WAITS_FOR_LOOK = and_(Photo.review == "pending", Photo.state == "ready")


def _owned_by(case_id: int, numbered: Subquery) -> ColumnElement[bool]:
    return or_(Photo.case_id == case_id, Photo.report_id.in_(select(numbered.c.report_id)))


def _photos(case_id: int, most: int | None) -> tuple[list[CasePhoto], int, int]:
    """Read the newest photos of a case, those that wait for a look before all others.

    Returns:
        The photos; how many there are in all; how many of all wait for a look.
    """
    numbered = _numbered(case_id)
    waiting = func.sum(sql_case((_WAITS_FOR_LOOK, 1), else_=0)).over()
    rows = db.session.execute(
        select(Photo, numbered.c.number, func.count().over(), waiting)
        .outerjoin(numbered, numbered.c.report_id == Photo.report_id)
        .where(_owned_by(case_id, numbered))
        .order_by(sql_case((_WAITS_FOR_LOOK, 0), else_=1), Photo.id.desc())
        .limit(most)
    ).all()
    photos = [CasePhoto(photo, number or 0) for photo, number, _count, _waiting in rows]
    count, unreviewed_count = rows[0][-2:] if rows else (0, 0)
    return sorted(photos, key=_place_on_page), count, int(unreviewed_count)


def _place_on_page(item: CasePhoto) -> tuple[bool, bool, int, int]:
    """Order what waits for a look first, then evidence as its reports came, proof behind it."""
    is_waiting = item.photo.review == "pending" and item.photo.state == "ready"
    return (not is_waiting, item.report_number == 0, item.report_number, item.photo.sort_order)


def _first_photo(case_id: int) -> CasePhoto | None:
    numbered = _numbered(case_id)
    row = db.session.execute(
        select(Photo, numbered.c.number)
        .join(numbered, numbered.c.report_id == Photo.report_id)
        .where(Photo.state == "ready")
        .order_by(numbered.c.number, Photo.sort_order)
        .limit(1)
    ).first()
    return CasePhoto(*row) if row else None


def _timeline(case_id: int, most: int | None) -> list[Told]:
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
