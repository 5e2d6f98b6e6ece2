"""Reads cases for the public: a few statements for any number of rows, all through disclosure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, union_all
from sqlalchemy.orm import joinedload

from webapp import clock
from webapp.domain import casework as rules
from webapp.domain import disclosure
from webapp.domain.disclosure import (
    PUBLIC_KINDS,
    CaseFacts,
    EventFacts,
    NamedUnit,
    PhotoFacts,
    PublicCase,
    PublicPhoto,
    QuoteFacts,
)
from webapp.extensions import db
from webapp.models import Attachment, Case, CaseEvent, Photo, Report, Unit, WordsReview
from webapp.services.casework_figures import is_current_attachment

# As many voices as one reads; what they add to each other is over long before.
MOST_QUOTES = 20


@dataclass(frozen=True)
class CaseCard:
    """A case in a list or on a pin: its projection, and the words of the screen beside it.

    ``category`` is the short name on the tile, ``unit_kind`` stands before the unit's name
    ("xã"), ``unit_tier`` tells a commune from an authority. ``late_days`` is zero unless the case
    is open after its deadline.
    """

    public: PublicCase
    category: str
    unit_tier: str
    unit_kind: str
    late_days: int


@dataclass(frozen=True)
class Side:
    """One side of the pair before and after.

    ``state`` is ``shown`` with a photo, or says why there is none: ``none``, ``waiting`` for an
    officer's review, ``kept`` private, ``damaged``.
    """

    state: str
    photo_id: int | None = None
    on: date | None = None


@dataclass(frozen=True)
class Mile:
    """One stone on the road of a case: a public event, or a deadline that lies ahead.

    ``unit`` is the one that the event names, if it names any.
    """

    kind: str
    on: date
    unit: NamedUnit | None = None


@dataclass(frozen=True)
class CasePage(CaseCard):
    """Everything that the page of one case shows; ``past`` is newest first."""

    before: Side
    after: Side
    past: tuple[Mile, ...]
    ahead: tuple[Mile, ...]
    is_on_map: bool


def cases_with_parts() -> Select[Case]:
    """Return the query for cases with everything that their projection reads."""
    return select(Case).options(
        joinedload(Case.category), joinedload(Case.lead_unit), joinedload(Case.place)
    )


def is_public(now: datetime) -> ColumnElement[bool]:
    """Return the condition of ``disclosure.is_on_map``, for a query over cases.

    A case that was merged away is no case of its own: the one that took it stands for both.
    """
    return and_(Case.merged_into_id.is_(None), was_public(now))


def was_public(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a case was old enough to be public, also if it was merged away."""
    return or_(Case.acknowledged_at.is_not(None), Case.opened_at <= now - disclosure.MAP_DELAY)


def cards_of(cases: Sequence[Case]) -> list[CaseCard]:
    """Project cases for a list, in the order given; one statement more for all photos."""
    photos = _photos_of([case.id for case in cases])
    return [_card(case, project(case, photos[case.id])) for case in cases]


def page_of(case: Case) -> CasePage:
    """Project one case with its history, for its reporters or for everybody."""
    photos = _photos_of([case.id])[case.id]
    public = project(case, photos, _events_of(case.id), _quotes_of(case.id))
    card = _card(case, public)
    now = clock.now()
    is_on_map = disclosure.is_on_map(case.opened_at, case.acknowledged_at, now)
    return CasePage(
        public=public,
        category=card.category,
        unit_tier=card.unit_tier,
        unit_kind=card.unit_kind,
        late_days=card.late_days,
        before=_side(public.photos_before, photos, "evidence", public.opened_on, is_on_map),
        after=_side(public.photos_after, photos, "after", public.resolved_on, is_on_map),
        past=_past(public, card.late_days),
        ahead=_ahead(public, card.late_days),
        is_on_map=is_on_map,
    )


def project(
    case: Case,
    photos: Iterable[PhotoFacts],
    events: tuple[EventFacts, ...] = (),
    quotes: tuple[QuoteFacts, ...] = (),
) -> PublicCase:
    """Hand the facts of a case to the public projection."""
    return disclosure.public_case(
        CaseFacts(
            number=case.number,
            status=case.status,
            severity=case.severity,
            category_code=case.category_code,
            category_name=case.category.name,
            unit_code=case.lead_unit.code,
            unit_name=case.lead_unit.name,
            witness_count=case.witness_count,
            opened_at=case.opened_at,
            resolve_due_at=case.resolve_due_at,
            latitude=case.place.latitude,
            longitude=case.place.longitude,
            acknowledged_at=case.acknowledged_at,
            resolved_at=case.resolved_at,
            address=case.address,
            public_sentence=case.public_sentence,
            events=events,
            photos=tuple(photos),
            quotes=quotes,
        )
    )


def _card(case: Case, public: PublicCase) -> CaseCard:
    return CaseCard(
        public=public,
        category=case.category.tile_label,
        unit_tier=case.lead_unit.tier,
        unit_kind=case.lead_unit.kind,
        late_days=_late_days(public),
    )


def _late_days(public: PublicCase) -> int:
    if not rules.is_open(public.status):
        return 0
    return max(0, (clock.today() - public.due_on).days)


def _photos_of(case_ids: Sequence[int]) -> dict[int, list[PhotoFacts]]:
    """Return each case's photos: evidence oldest first, then proof newest first."""
    columns = (Photo.id, Photo.role, Photo.state, Photo.review)
    evidence = (
        select(Attachment.case_id, *columns)
        .join(Photo, Photo.report_id == Attachment.report_id)
        .where(Attachment.case_id.in_(case_ids), is_current_attachment())
    )
    proof = select(Photo.case_id, *columns).where(Photo.case_id.in_(case_ids))
    found: dict[int, list[PhotoFacts]] = defaultdict(list)
    rows: Iterable[Any] = db.session.execute(union_all(evidence, proof))
    for case_id, photo_id, role, state, review in rows:
        found[case_id].append(PhotoFacts(photo_id, role, state, review))
    for photos in found.values():
        photos.sort(key=lambda photo: -photo.id if photo.role == "after" else photo.id)
    return found


def _events_of(case_id: int) -> tuple[EventFacts, ...]:
    """Return the history as the projection takes it; a move names the unit that took over."""
    rows = db.session.execute(
        select(CaseEvent.kind, CaseEvent.at, CaseEvent.data)
        .where(CaseEvent.case_id == case_id, CaseEvent.kind.in_(PUBLIC_KINDS))
        .order_by(CaseEvent.version)
    )
    facts: list[EventFacts] = []
    lead_id: int | None = None
    for kind, at, data in rows:
        next_id = data.get("lead_unit_id", lead_id)
        # Where the lead stays (a ruling may confirm it), nobody took anything over.
        has_news = next_id != lead_id or kind == "acknowledged"
        facts.append(EventFacts(kind, at, _named(next_id) if has_news else None))
        lead_id = next_id
    return tuple(facts)


def _named(unit_id: int | None) -> NamedUnit | None:
    # Without any move it is the lead, which the case has brought along.
    unit = db.session.get(Unit, unit_id) if unit_id is not None else None
    return NamedUnit(unit.code, unit.tier, unit.kind, unit.name) if unit else None


def _quotes_of(case_id: int) -> tuple[QuoteFacts, ...]:
    """Return the words that officers let everybody read, oldest first."""
    rows = db.session.execute(
        select(Report.description, WordsReview.review)
        .join(WordsReview, WordsReview.report_id == Report.id)
        .join(Attachment, Attachment.report_id == Report.id)
        .where(
            Attachment.case_id == case_id,
            is_current_attachment(),
            WordsReview.review == "shown",
            Report.description.is_not(None),
        )
        .order_by(Report.id)
        .limit(MOST_QUOTES)
    )
    return tuple(QuoteFacts(said or "", review) for said, review in rows)


def _side(
    shown: tuple[PublicPhoto, ...],
    photos: Iterable[PhotoFacts],
    role: str,
    on: date | None,
    is_on_map: bool,
) -> Side:
    # A photo's door opens together with the case's; until then the reporters read why.
    if shown:
        return Side("shown", shown[0].id, on) if is_on_map else Side("waiting", on=on)
    return Side(_standing([photo for photo in photos if photo.role == role]), on=on)


def _standing(photos: Sequence[PhotoFacts]) -> str:
    if not photos:
        return "none"
    if any(photo.review == "pending" and photo.state != "unreadable" for photo in photos):
        return "waiting"
    return "damaged" if all(photo.state == "unreadable" for photo in photos) else "kept"


def _past(public: PublicCase, late_days: int) -> tuple[Mile, ...]:
    miles = [Mile(event.kind, event.on, event.unit) for event in public.events]
    if late_days:
        miles.append(Mile("due_passed", public.due_on))
    # Sorting is stable: of what fell on one day, the last thing comes first as well.
    miles.reverse()
    return tuple(sorted(miles, key=lambda mile: mile.on, reverse=True))


def _ahead(public: PublicCase, late_days: int) -> tuple[Mile, ...]:
    if late_days or not rules.is_open(public.status):
        return ()
    return (Mile("resolved", public.due_on),)
