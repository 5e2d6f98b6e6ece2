"""The reports and photos of one case as its page shows them, with why each report is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Subquery, and_, exists, func, or_, select
from sqlalchemy import case as sql_case

from webapp.domain.geo import Position
from webapp.domain.grounds import Grounds, read_grounds
from webapp.extensions import db
from webapp.models import (
    Attachment,
    CaseView,
    Category,
    Officer,
    Photo,
    Report,
    ReportTriage,
    WordsReview,
)
from webapp.services.casework_figures import is_current_attachment


@dataclass(frozen=True)
class AttachedReport:
    """One report of a case, by its place among them; never who sent it.

    ``category`` is the tile that the sender chose, ``photo_id`` the first photo that can be shown.
    """

    number: int
    report: Report
    category: str
    attached_at: datetime
    attached_by: str | None
    terms: Mapping[str, Any]
    position: Position | None
    captured_at: datetime | None
    words_review: str
    photo_id: int | None

    @property
    def grounds(self) -> Grounds:
        """What its terms say, ready to be put in words."""
        return read_grounds(self.terms)


@dataclass(frozen=True)
class CasePhoto:
    """A photo with the number of the report it came with; 0 means that it is proof."""

    photo: Photo
    report_number: int


@dataclass(frozen=True)
class Reports:
    """Some of a case's reports, how many it has, and whether the officer viewed the case before.

    A case without any report counts as not viewed.
    """

    shown: list[AttachedReport]
    count: int
    is_viewed: bool


def numbered_reports(case_id: int) -> Subquery:
    """Return the current attachments of a case, numbered from the first one on."""
    number = func.row_number().over(order_by=(Attachment.at, Attachment.id)).label("number")
    return (
        select(Attachment.id, Attachment.report_id, number)
        .where(Attachment.case_id == case_id, is_current_attachment())
        .subquery()
    )


def read_reports(officer: Officer, case_id: int, most: int | None) -> Reports:
    """Read the newest reports of a case, words that nobody reviewed before all; by number."""
    numbered = numbered_reports(case_id)
    waits = and_(Report.description.is_not(None), WordsReview.review.is_(None))
    view = exists().where(CaseView.case_id == case_id, CaseView.officer_id == officer.id)
    rows = db.session.execute(
        select(
            numbered.c.number,
            Report,
            Category.tile_label,
            Attachment,
            ReportTriage,
            WordsReview.review,
            Officer.name,
            _first_shown_photo(),
            func.count().over(),
            view,
        )
        .join(Attachment, Attachment.id == numbered.c.id)
        .join(Report, Report.id == Attachment.report_id)
        .join(Category, Category.service_code == Report.category_code)
        .outerjoin(ReportTriage, ReportTriage.report_id == Report.id)
        .outerjoin(WordsReview, WordsReview.report_id == Report.id)
        .outerjoin(Officer, Officer.id == Attachment.actor_id)
        .order_by(sql_case((waits, 0), else_=1), numbered.c.number.desc())
        .limit(most)
    ).all()
    count, is_viewed = rows[0][-2:] if rows else (0, False)
    shown = sorted((_attached(*row[:-2]) for row in rows), key=lambda item: item.number)
    return Reports(shown, count, is_viewed)


def _first_shown_photo() -> ScalarSelect[Any]:
    return (
        select(func.min(Photo.id))
        .where(Photo.report_id == Report.id, Photo.state == "ready")
        .correlate(Report)
        .scalar_subquery()
    )


def _attached(
    number: int,
    report: Report,
    category: str,
    attachment: Attachment,
    standing: ReportTriage | None,
    review: str | None,
    officer_name: str | None,
    photo_id: int | None,
) -> AttachedReport:
    return AttachedReport(
        number=number,
        report=report,
        category=category,
        attached_at=attachment.at,
        attached_by=officer_name,
        terms=attachment.terms,
        position=_position(standing),
        captured_at=standing.captured_at if standing else None,
        words_review=review or "pending",
        photo_id=photo_id,
    )


def _position(standing: ReportTriage | None) -> Position | None:
    if standing is None or standing.latitude is None or standing.longitude is None:
        return None
    return Position(standing.latitude, standing.longitude, standing.accuracy_m)


_WAITS_FOR_LOOK = and_(Photo.review == "pending", Photo.state == "ready")


def _owned_by(case_id: int, numbered: Subquery) -> ColumnElement[bool]:
    return or_(Photo.case_id == case_id, Photo.report_id.in_(select(numbered.c.report_id)))


def read_photos(case_id: int, most: int | None) -> tuple[list[CasePhoto], int, int]:
    """Read the newest photos of a case, those that wait for a look before all others.

    Returns:
        The photos; how many there are in all; how many of all wait for a look.
    """
    numbered = numbered_reports(case_id)
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


def first_photo(case_id: int) -> CasePhoto | None:
    """Return the first photo of a case's first report that can be shown."""
    numbered = numbered_reports(case_id)
    row = db.session.execute(
        select(Photo, numbered.c.number)
        .join(numbered, numbered.c.report_id == Photo.report_id)
        .where(Photo.state == "ready")
        .order_by(numbered.c.number, Photo.sort_order)
        .limit(1)
    ).first()
    return CasePhoto(*row) if row else None
