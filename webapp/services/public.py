"""What anybody may read: the newest cases, one case, a report by its key, the map, its photos."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from webapp import clock, labels
from webapp.adapters.photo_store import PhotoStore
from webapp.domain import disclosure
from webapp.domain.deadlines import local_day
from webapp.domain.errors import InvalidInput, NotFound
from webapp.domain.evidence import parse_tracking_key
from webapp.extensions import db
from webapp.models import Attachment, Case, Category, Contact, Photo, Report, ReportTriage
from webapp.services import contacts, photos, territory
from webapp.services.case_families import survivor_id_of
from webapp.services.casework_figures import is_current_attachment
from webapp.services.contacts import ContactStanding
from webapp.services.intake import hash_tracking_key
from webapp.services.public_cases import (
    CaseCard,
    CasePage,
    cards_of,
    cases_with_parts,
    is_public,
    page_of,
    was_public,
)
from webapp.services.public_named import NamedCase, named_case
from webapp.services.transaction import transaction

# One screen of a phone below the buttons, and as many again for whoever scrolls.
CASES_ON_HOME = 6

# What ended longer ago than a season says nothing about the road of today.
MAP_MEMORY = timedelta(days=90)

# 2,000 cases are 60 KB gz; a district of nine communes keeps far fewer open.
MOST_CASES_ON_MAP = 2_000

# A list is read by the thumb: what lies below a hundred cards is asked for when somebody wants it.
CASES_ON_LIST = 100
LISTS = MOST_CASES_ON_MAP // CASES_ON_LIST


@dataclass(frozen=True)
class ReportStanding:
    """Where one report stands, in the words that its sender may read.

    ``status`` is received, triaged, held or dismissed; why it is held stays inside, but for
    ``held_because`` (``disclosure.public_hold``). Of a contact only this is told: how it stands,
    or the day on which it was taken back.
    """

    status: str
    held_because: str | None
    category: str
    category_code: str
    received_on: date
    has_damaged_photo: bool
    contact: ContactStanding | None
    contact_withdrawn_on: date | None


@dataclass(frozen=True)
class TrackingPage:
    """What the holder of a tracking key sees: the report, and its case once there is one.

    ``named`` is the public case that the report said it saw as well.
    """

    report: ReportStanding
    case: CasePage | None
    named: NamedCase | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the same for a program."""
        return disclosure.public_report(self.report.status, self.case.public if self.case else None)


@dataclass(frozen=True)
class CaseList:
    """A piece of the map's list; ``total`` counts the whole one, ``next_page`` is the rest's."""

    cards: list[CaseCard]
    total: int
    next_page: int | None


def newest_cases(limit: int = CASES_ON_HOME) -> list[CaseCard]:
    """Return the newest cases that everybody may see, newest first; refused ones are left out."""
    newest = (
        cases_with_parts()
        .where(is_public(clock.now()), Case.status != "refused")
        .order_by(Case.id.desc())
        .limit(limit)
    )
    return cards_of(db.session.scalars(newest).all())


def public_number(number: str) -> str:
    """Return under which number a case is public: its own, or that of the case that took it in.

    A number that was never public leads nowhere, and none leads to a case that is not.

    Raises:
        NotFound: there is no such case, or it is not public.
    """
    now = clock.now()
    case = db.session.scalar(select(Case).where(Case.number == number, was_public(now)))
    if case is None:
        raise NotFound("case_not_public")
    survivor_id = survivor_id_of(db.session(), case.id)
    found = db.session.scalar(select(Case.number).where(Case.id == survivor_id, is_public(now)))
    if found is None:
        raise NotFound("case_not_public")
    return found


def public_case_page(number: str) -> CasePage:
    """Return the page of one case that everybody may see.

    Raises:
        NotFound: there is no such case, or it is not public yet.
    """
    query = cases_with_parts().where(Case.number == number, is_public(clock.now()))
    case = db.session.scalars(query).one_or_none()
    if case is None:
        raise NotFound("case_not_public")
    return page_of(case)


def tracking_page(raw_key: str) -> TrackingPage:
    """Return what the holder of a tracking key may see, at once and without the map's delay.

    Raises:
        NotFound: the key is none, or no report came with it.
    """
    return _page_of(*_report_with(raw_key))


def tracking_page_of(report_id: int) -> TrackingPage:
    """Return the same for whoever proved by another link that the report is theirs.

    Raises:
        NotFound: there is no such report.
    """
    return _page_of(*_report_where(Report.id == report_id))


def _page_of(
    report: Report, category: Category, standing: ReportTriage | None, contact: Contact | None
) -> TrackingPage:
    status = standing.status if standing else "received"
    case = _case_of(report.id)
    return TrackingPage(
        ReportStanding(
            status=status,
            held_because=disclosure.public_hold(status, standing.hold_code if standing else None),
            category=category.tile_label,
            category_code=category.service_code,
            received_on=local_day(report.received_at),
            has_damaged_photo=_has_damaged_photo(report.id),
            contact=contacts.standing_of(contact),
            contact_withdrawn_on=_withdrawn_on(contact),
        ),
        page_of(case) if case else None,
        named_case(report, case),
    )


def withdraw_contact(raw_key: str) -> None:
    """Erase phone and e-mail of a report, for whoever has its key; safe to repeat.

    Raises:
        NotFound: the key is none, or no report came with it.
    """
    report, *_rest = _report_with(raw_key)
    with transaction() as work:
        contacts.take_back(work, report.id)


def _withdrawn_on(contact: Contact | None) -> date | None:
    return local_day(contact.withdrawn_at) if contact and contact.withdrawn_at else None


def _report_with(
    raw_key: str,
) -> tuple[Report, Category, ReportTriage | None, Contact | None]:
    try:
        key = parse_tracking_key(raw_key)
    except InvalidInput as error:
        # A page that does not exist, whichever way the key is wrong; the sentence tells which.
        raise NotFound(error.code, field="tracking_key") from None
    return _report_where(Report.tracking_key_hash == hash_tracking_key(key))


def _report_where(
    is_asked_for: ColumnElement[bool],
) -> tuple[Report, Category, ReportTriage | None, Contact | None]:
    row = db.session.execute(
        select(Report, Category, ReportTriage, Contact)
        .join(Category, Category.service_code == Report.category_code)
        .outerjoin(ReportTriage, ReportTriage.report_id == Report.id)
        .outerjoin(Contact, Contact.report_id == Report.id)
        .where(is_asked_for)
    ).one_or_none()
    if row is None:
        raise NotFound("tracking_key_unknown", field="tracking_key")
    report, category, standing, contact = row
    return report, category, standing, contact


def _case_of(report_id: int) -> Case | None:
    return db.session.scalars(
        cases_with_parts()
        .join(Attachment, Attachment.case_id == Case.id)
        .where(Attachment.report_id == report_id, is_current_attachment())
    ).one_or_none()


def _has_damaged_photo(report_id: int) -> bool:
    damaged = select(Photo.id).where(Photo.report_id == report_id, Photo.state == "unreadable")
    return db.session.scalar(damaged.limit(1)) is not None


def cases_for_map() -> list[CaseCard]:
    """Return the newest cases on the public map: open ones, and those that ended lately."""
    newest = _on_map().order_by(Case.id.desc()).limit(MOST_CASES_ON_MAP)
    return cards_of(db.session.scalars(newest).all())


def cases_for_list(page: int = 1) -> CaseList:
    """Return a piece of the list of the same cases, newest first.

    Args:
        page: 1 for the newest; what lies outside the list counts as its nearest end.
    """
    page = min(max(1, page), LISTS)
    matching = _on_map().with_only_columns(Case.id).limit(MOST_CASES_ON_MAP).subquery()
    total = db.session.scalar(select(func.count()).select_from(matching)) or 0
    piece = (
        _on_map().order_by(Case.id.desc()).limit(CASES_ON_LIST).offset((page - 1) * CASES_ON_LIST)
    )
    cards = cards_of(db.session.scalars(piece).all())
    return CaseList(cards, total, page + 1 if page * CASES_ON_LIST < total else None)


def _on_map() -> Select[Case]:
    now = clock.now()
    is_current = or_(Case.is_open, Case.resolved_at >= now - MAP_MEMORY)
    return cases_with_parts().where(is_public(now), is_current)


def map_entry(card: CaseCard) -> dict[str, Any]:
    """Return what the map's script reads about a case; addresses of pages are the view's."""
    return {
        **card.public.as_map_json(),
        "category_name": card.category,
        "status_label": str(labels.PUBLIC_STATUS[card.public.status]),
        "late_days": card.late_days,
        "is_late": card.late_days > 0,
        "place": card.public.address or f"{card.unit_kind} {card.public.unit_name}",
    }


def land_for_map() -> dict[str, Any]:
    """Return today's communes and lines; ``bounds`` is [[south, west], [north, east]]."""
    features = territory.land_for_maps(clock.today())["features"]
    units = [feature for feature in features if feature["properties"]["layer"] == "commune"]
    lines = [feature for feature in features if feature["properties"]["layer"] == "corridor"]
    return {
        "bounds": _bounds_of(units),
        "units": {"type": "FeatureCollection", "features": units},
        "lines": {"type": "FeatureCollection", "features": lines},
    }


def _bounds_of(features: list[dict[str, Any]]) -> list[list[float]] | None:
    corners = [corner for feature in features for corner in _positions(feature["geometry"])]
    if not corners:
        return None
    longitudes, latitudes = zip(*corners, strict=True)
    return [[min(latitudes), min(longitudes)], [max(latitudes), max(longitudes)]]


def _positions(geometry: dict[str, Any]) -> list[tuple[float, float]]:
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    return [(x, y) for polygon in polygons for ring in polygon for x, y, *_ in ring]


def public_photo(photo_id: int, size: str, *, store: PhotoStore) -> photos.ServedPhoto:
    """Return a photo that everybody may see: reviewed and shown, of a case that is public.

    Raises:
        NotFound: anything else, and never which.
    """
    mine = and_(Attachment.report_id == Photo.report_id, is_current_attachment())
    photo = db.session.scalars(
        select(Photo)
        .outerjoin(Attachment, mine)
        .join(Case, or_(Case.id == Photo.case_id, Case.id == Attachment.case_id))
        .where(
            Photo.id == photo_id,
            Photo.review == "shown",
            Photo.state == "ready",
            is_public(clock.now()),
        )
    ).first()
    if photo is None:
        raise NotFound("photo_not_found")
    return photos.derivative_of(photo, size, store=store)
