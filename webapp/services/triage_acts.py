"""What people do at the triage desk: place a report, retry it, dismiss it, take a dismissal back.

Every act is appended to ``triage_acts``. The report itself stays as it was sent: what a person sets
stands beside the claims and wins over them, and the machine then decides again by the same rules.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.errors import Conflict, InvalidInput, NotFound
from webapp.domain.evidence import DEFAULT_PIN_ACCURACY_M, EARLIEST_CAPTURE, is_reasonable
from webapp.domain.geo import Position, is_usable
from webapp.models import Category, Officer, Photo, Report, ReportTriage, TriageAct, Unit
from webapp.services import photo_preparation, triage_claims
from webapp.services.submission import clean_text
from webapp.services.transaction import Transaction, transaction
from webapp.services.triage_scope import on_desk_of

# Why a report is not a case. "unlawful_image" only marks it; removal takes two persons.
DISMISSAL_REASONS = (
    "spam",
    "test",
    "not_a_road_matter",
    "duplicate_of_self",
    "unlawful_image",
)

# A word is no reason; the shortest useful one is "gửi thử" with who says so.
LEAST_WORDS = 5
MOST_WORDS = 500

# Latitude and longitude, each with a point or a comma before its decimals: 11.6012, 109.1345.
_DEGREES = r"([-+]?\d{1,3}(?:[.,]\d+)?)"
_TYPED_POSITION = re.compile(rf"{_DEGREES}\s*[;,\s]\s*{_DEGREES}")


@dataclass(frozen=True)
class Placing:
    """What a person set; a part left empty stays as the machine finds it.

    ``position`` is as typed: latitude, then longitude. ``captured_at`` is as a browser writes a
    moment of local time ("2026-06-18T14:32"), for evidence whose clock cannot be trusted.
    """

    position: str
    category_code: str
    unit_id: int | None
    words: str = ""
    captured_at: str = ""


def place(officer: Officer, report_id: int, placing: Placing, *, seen_at: datetime) -> None:
    """Set position, category, unit or time of a held report, and let the machine place it again.

    Args:
        officer: who does it.
        report_id: the held report.
        placing: what is set.
        seen_at: the state that the person saw; another one is a conflict.

    Raises:
        InvalidInput: the position cannot be read, is missing, or lies on nobody's land; the
            category or the unit does not exist, or not any more; the table names nobody for the
            spot and no unit was set; the time cannot be.
        Conflict: somebody else dealt with the report meanwhile.
        NotFound: there is no such report.
    """
    with transaction() as work:
        report, standing = _lock(work.session, officer, report_id, seen_at, status="held")
        position = read_position(placing.position)
        captured_at = _read_captured_at(placing.captured_at, report)
        category_code = _checked_category(work.session, placing.category_code)
        _check_unit(work.session, placing.unit_id)
        _check_placed(work.session, report, standing, position, category_code, placing.unit_id)
        if position is not None:
            standing.set_latitude, standing.set_longitude = position.latitude, position.longitude
        standing.set_category_code = category_code
        standing.set_unit_id = placing.unit_id
        standing.set_captured_at = captured_at or standing.set_captured_at
        data = {
            "latitude": position.latitude if position else None,
            "longitude": position.longitude if position else None,
            "category_code": category_code,
            "unit_id": placing.unit_id,
            "captured_at": captured_at.isoformat() if captured_at else None,
        }
        _note(work.session, officer, standing, "placed", data=data, words=placing.words)
        _decide_again(work, standing)


def retry(officer: Officer, report_id: int, *, seen_at: datetime) -> None:
    """Let the machine try a held report again, damaged photos included.

    Raises:
        Conflict: somebody else dealt with the report meanwhile.
        NotFound: there is no such report.
    """
    with transaction() as work:
        _report, standing = _lock(work.session, officer, report_id, seen_at, status="held")
        photo_preparation.try_again(work.session, report_id)
        _note(work.session, officer, standing, "retried")
        _decide_again(work, standing)


def dismiss(
    officer: Officer, report_id: int, reason_code: str, words: str, *, seen_at: datetime
) -> None:
    """Mark a held report as not a case, with a reason in code and in words.

    Raises:
        InvalidInput: no reason, or no words.
        Conflict: somebody else dealt with the report meanwhile.
        NotFound: there is no such report.
    """
    with transaction() as work:
        # First whether there is anything to dismiss, then whether the reason will do.
        _report, standing = _lock(work.session, officer, report_id, seen_at, status="held")
        _check_reason(reason_code, words)
        _note(work.session, officer, standing, "dismissed", reason_code=reason_code, words=words)
        standing.status = "dismissed"
        standing.updated_at = clock.now()


def restore(officer: Officer, report_id: int) -> None:
    """Take a dismissal back: the report is held again for the reason it was held for.

    Raises:
        Conflict: the report is not dismissed any more.
        NotFound: there is no such report.
    """
    with transaction() as work:
        _report, standing = _lock(work.session, officer, report_id, None, status="dismissed")
        _note(work.session, officer, standing, "restored")
        standing.status = "held"
        standing.updated_at = clock.now()


def read_position(typed: str) -> Position | None:
    """Read "11.6012, 109.1345" as a person may type it; None when nothing was typed.

    Raises:
        InvalidInput: these are not two usable degrees.
    """
    if not typed.strip():
        return None
    match = _TYPED_POSITION.fullmatch(typed.strip())
    if match is None:
        raise InvalidInput("position_not_read", field="position")
    latitude, longitude = (float(part.replace(",", ".")) for part in match.groups())
    if not is_usable(latitude, longitude):
        raise InvalidInput("position_not_read", field="position")
    return Position(latitude, longitude, DEFAULT_PIN_ACCURACY_M)


def _read_captured_at(typed: str, report: Report) -> datetime | None:
    """Read when a photo was taken, in local time; None when nothing was typed.

    Raises:
        InvalidInput: this is no moment, or one that no photo of this report can be of.
    """
    if not typed.strip():
        return None
    try:
        moment = datetime.fromisoformat(typed.strip())
    except ValueError:
        raise InvalidInput("captured_at_not_read", field="captured_at") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=clock.LOCAL_ZONE)
    if not is_reasonable(moment) or not EARLIEST_CAPTURE <= moment <= report.received_at:
        raise InvalidInput("captured_at_not_possible", field="captured_at")
    return moment.astimezone(UTC)


def _check_reason(reason_code: str, words: str) -> None:
    if reason_code not in DISMISSAL_REASONS:
        raise InvalidInput("dismissal_reason_missing", field="reason_code")
    if len(clean_text(words)) < LEAST_WORDS:
        raise InvalidInput("dismissal_words_missing", field="words")


def _lock(
    session: Session, officer: Officer, report_id: int, seen_at: datetime | None, *, status: str
) -> tuple[Report, ReportTriage]:
    # The same lock, in the same order, as the machine's: it must not decide meanwhile.
    report = session.scalars(
        select(Report).where(Report.id == report_id).with_for_update()
    ).one_or_none()
    standing = session.scalars(
        select(ReportTriage)
        .where(ReportTriage.report_id == report_id, on_desk_of(officer))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if report is None or standing is None:
        raise NotFound("report_not_found")
    if standing.status != status or (seen_at and standing.updated_at != seen_at):
        raise Conflict("report_dealt_with")
    return report, standing


def _checked_category(session: Session, typed: str) -> str:
    category = session.get(Category, clean_text(typed))
    if category is None or not category.is_active:
        raise InvalidInput("category_unknown", field="category")
    return category.service_code


def _check_unit(session: Session, unit_id: int | None) -> None:
    if unit_id is None:
        return
    unit = session.get(Unit, unit_id)
    if unit is None or unit.tier != "commune" or not triage_claims.is_standing(unit):
        raise InvalidInput("unit_unknown", field="unit_id")


def _check_placed(
    session: Session,
    report: Report,
    standing: ReportTriage,
    typed: Position | None,
    category_code: str,
    unit_id: int | None,
) -> None:
    """Say at once what the machine would only hold again."""
    position = typed or _found_position(session, report, standing)
    if position is None and unit_id is not None:
        raise InvalidInput("position_missing_beside_unit", field="position")
    if position is None:
        raise InvalidInput("position_missing", field="position")
    route = triage_claims.route_of(report, position, category_code, unit_id)
    if route.commune_id is None:
        raise InvalidInput("position_outside", field="position")
    if route.lead_unit_id is None:
        raise InvalidInput("responsible_unit_missing", field="unit_id")


def _found_position(session: Session, report: Report, standing: ReportTriage) -> Position | None:
    photos = session.scalars(select(Photo).where(Photo.report_id == report.id)).all()
    return triage_claims.settled_position(report, standing, photos)[0]


def _note(
    session: Session,
    officer: Officer,
    standing: ReportTriage,
    kind: str,
    *,
    data: dict[str, Any] | None = None,
    reason_code: str | None = None,
    words: str = "",
) -> None:
    session.add(
        TriageAct(
            report_id=standing.report_id,
            kind=kind,
            at=clock.now(),
            actor_id=officer.id,
            actor_unit_id=officer.unit_id,
            reason_code=reason_code,
            words=clean_text(words)[:MOST_WORDS] or None,
            data={"hold_code": standing.hold_code, **(data or {})},
        )
    )


def _decide_again(work: Transaction, standing: ReportTriage) -> None:
    standing.status = "received"
    standing.updated_at = clock.now()
    work.ask("triage_report", standing.report_id)
