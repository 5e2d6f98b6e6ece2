"""One held report as the triage desk shows it: its line, and the sheet with every claim."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from webapp.adapters.photo_store import PhotoStore
from webapp.domain import triage as rules
from webapp.domain.errors import NotFound
from webapp.domain.geo import Position, distance_m
from webapp.extensions import db
from webapp.models import Case, Category, Contact, Officer, Photo, Report, ReportTriage, Unit
from webapp.services import photos, territory_names, triage, triage_claims
from webapp.services.case_families import survivor_of
from webapp.services.triage_scope import on_desk_of

# Reports whose photos the desk may look at; those of a case belong to its commune.
AT_THE_DESK = ("held", "received", "dismissed")


@dataclass(frozen=True)
class DeskPhoto:
    """A photo of a held report; its state says whether there is anything to see."""

    id: int
    state: str


@dataclass(frozen=True)
class HeldReport:
    """One line of the desk."""

    report_id: int
    hold_code: str
    hold_details: dict[str, Any]
    description: str | None
    commune_hint: str | None
    category: Category
    received_at: datetime
    photos: tuple[DeskPhoto, ...]


@dataclass(frozen=True)
class ClaimLine:
    """What one source says of place and time; ``distance_m`` is from the position that won.

    ``source`` is person, pin, fix, phone or bytes; ``photo_number`` counts from 1.
    """

    source: str
    photo_number: int | None
    position: Position | None
    at: datetime | None
    distance_m: float | None
    is_chosen: bool


@dataclass(frozen=True)
class OpenedReport:
    """The held report on the sheet: its claims, and what would happen if it were confirmed.

    ``meant_case`` is the case that the sender saw as well, as it goes on after any merge.
    """

    line: HeldReport
    meant_case: Case | None
    claims: tuple[ClaimLine, ...]
    sent_at: datetime | None
    has_phone: bool
    has_email: bool
    position: Position | None
    category_code: str
    set_unit_id: int | None
    seen_at: datetime
    foreseen_unit: Unit | None
    foreseen_case_number: str | None
    foreseen_severity: int


@dataclass(frozen=True)
class NamedCommune:
    """The one commune that a sender speaks of, in words or by naming a case of it.

    ``is_certain`` says that the words are its name and nothing else. ``via`` is the commune of
    another time whose name the sender used.
    """

    unit: Unit
    is_certain: bool
    via: Unit | None = None


def named_commune(words: str | None, on: date) -> NamedCommune | None:
    """Return which commune of a day a sender named, by its own or an old name; None unless one."""
    matches = territory_names.find_units(words or "", on)
    if len(matches) != 1:
        return None
    match = matches[0]
    return NamedCommune(match.unit, match.is_whole and match.via is None, match.via)


def commune_of_meant(case: Case | None, units: Sequence[Unit]) -> NamedCommune | None:
    """Return the commune of the case that a sender named: worth offering, and never certain."""
    leads = [unit for unit in units if case is not None and unit.id == case.lead_unit_id]
    return NamedCommune(leads[0], is_certain=False) if leads else None


def photo_file(
    officer: Officer, report_id: int, photo_id: int, size: str, store: PhotoStore
) -> Path:
    """Return the file of a derivative for those who work at the desk.

    Raises:
        NotFound: no such photo of a report that was ever at the officer's desk, no derivative,
            or its file is away.
    """
    query = (
        select(Photo)
        .join(ReportTriage, ReportTriage.report_id == Photo.report_id)
        .where(
            Photo.id == photo_id,
            Photo.report_id == report_id,
            ReportTriage.status.in_(AT_THE_DESK),
            on_desk_of(officer),
        )
    )
    photo = db.session.scalars(query).one_or_none()
    if photo is None:
        raise NotFound("photo_not_found")
    path = photos.derivative_of(photo, size, store=store).path
    if not path.exists():
        raise NotFound("photo_not_kept")
    return path


def line_of(
    standing: ReportTriage, report: Report, category: Category, pictures: Sequence[Photo]
) -> HeldReport:
    """Return a held report as one line of the desk."""
    return HeldReport(
        report_id=report.id,
        hold_code=standing.hold_code or "",
        hold_details=_details(standing),
        description=report.description,
        commune_hint=report.commune_hint,
        category=category,
        received_at=report.received_at,
        photos=tuple(DeskPhoto(photo.id, photo.state) for photo in pictures),
    )


def _details(standing: ReportTriage) -> dict[str, Any]:
    """Return the details of a hold; moments, which JSON keeps as text, are moments again."""
    details = dict(standing.hold_details or {})
    for name in ("fix_at", "captured_at", "proof_at"):
        if details.get(name):
            details[name] = datetime.fromisoformat(details[name])
    return details


def photos_of(session: Session, report_ids: Sequence[int]) -> dict[int, list[Photo]]:
    """Return the photos of reports, in their order."""
    found: dict[int, list[Photo]] = defaultdict(list)
    query = select(Photo).where(Photo.report_id.in_(report_ids)).order_by(Photo.sort_order)
    for photo in session.scalars(query):
        if photo.report_id is not None:
            found[photo.report_id].append(photo)
    return found


def open_report(
    session: Session, is_here: ColumnElement[bool], report_id: int
) -> OpenedReport | None:
    """Return a held report of a desk with everything that is claimed of it; None without one."""
    row = session.execute(
        select(ReportTriage, Report, Category, Contact)
        .join(Report, Report.id == ReportTriage.report_id)
        .join(Category, Category.service_code == Report.category_code)
        .outerjoin(Contact, Contact.report_id == Report.id)
        .where(ReportTriage.report_id == report_id, ReportTriage.status == "held", is_here)
    ).one_or_none()
    if row is None:
        return None
    standing, report, category, contact = row
    pictures = photos_of(session, [report_id])[report_id]
    position, source = triage_claims.settled_position(report, standing, pictures)
    foreseen = triage.foresee(session, report, standing)
    return OpenedReport(
        line=line_of(standing, report, category, pictures),
        meant_case=_meant_case(session, report.meant_case_number),
        claims=_claims(report, standing, pictures, position, source),
        sent_at=report.sent_at,
        has_phone=bool(contact and contact.phone),
        has_email=bool(contact and contact.email),
        position=position,
        category_code=foreseen.category.service_code,
        set_unit_id=standing.set_unit_id,
        seen_at=standing.updated_at,
        foreseen_unit=session.get(Unit, foreseen.unit_id) if foreseen.unit_id else None,
        foreseen_case_number=_case_number(session, foreseen.decision),
        foreseen_severity=_severity(foreseen),
    )


def _meant_case(session: Session, number: str | None) -> Case | None:
    if number is None:
        return None
    meant = session.scalars(select(Case).where(Case.number == number)).one_or_none()
    return survivor_of(session, meant) if meant else None


def _severity(foreseen: triage.Foresight) -> int:
    floor = foreseen.category.severity_floor
    decision = foreseen.decision
    return max(floor, decision.severity) if isinstance(decision, rules.Relapse) else floor


def _case_number(session: Session, decision: rules.Decision) -> str | None:
    if not isinstance(decision, rules.Attach):
        return None
    return session.scalar(select(Case.number).where(Case.id == decision.case_id))


def _claims(
    report: Report,
    standing: ReportTriage,
    pictures: Sequence[Photo],
    chosen: Position | None,
    chosen_by: str | None,
) -> tuple[ClaimLine, ...]:
    claimed = triage_claims.position_claims(report, pictures)
    said: list[tuple[str, int | None, Position | None, datetime | None]] = [
        ("pin", None, claimed.pin, None),
        ("fix", None, claimed.fix, claimed.fix_at),
    ]
    if standing.set_latitude is not None and chosen_by == triage_claims.SET_BY_PERSON:
        said.insert(0, ("person", None, chosen, None))
    for index, photo in enumerate(claimed.photos):
        # Each photo speaks twice: once by the phone, once by its bytes.
        position = triage_claims.position_of(photo)
        said.append((photo.source, index // 2 + 1, position, photo.captured_at))
    winning = {"exif": ("phone", "bytes")}.get(chosen_by or "", (chosen_by,))
    return tuple(
        ClaimLine(
            source=source,
            photo_number=number,
            position=position,
            at=at,
            distance_m=distance_m(chosen, position) if chosen and position else None,
            is_chosen=source in winning and _is_same_spot(position, chosen),
        )
        for source, number, position, at in said
    )


def _is_same_spot(one: Position | None, other: Position | None) -> bool:
    if one is None or other is None:
        return False
    return (one.latitude, one.longitude) == (other.latitude, other.longitude)
