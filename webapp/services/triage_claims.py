"""Turns the rows of a report into what the domain asks for: claims of place and time, evidence."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal

from webapp import clock
from webapp.domain.evidence import (
    DEFAULT_EXIF_ACCURACY_M,
    DEFAULT_PIN_ACCURACY_M,
    PhotoClaims,
    PositionClaims,
    is_reasonable,
    settle_position,
)
from webapp.domain.geo import Position, is_usable
from webapp.models import Photo, Report, ReportTriage, Unit
from webapp.services import territory

# Who says where a report lies; the desk's word wins over every source.
SET_BY_PERSON = "person"


def local_day(report: Report) -> date:
    """Return the day in Vietnam on which a report came; its boundaries are those that count."""
    return report.received_at.astimezone(clock.LOCAL_ZONE).date()


def commune_of(position: Position, report: Report) -> Unit | None:
    """Return the commune that must act on a report: its land on the day when the report came.

    A commune that has ended since can act no more; then the land's holder of today must.
    """
    commune = territory.commune_at(position, local_day(report))
    if commune is not None and not is_standing(commune):
        return territory.commune_at(position, clock.today())
    return commune


def is_standing(unit: Unit) -> bool:
    """Whether a unit exists today."""
    today = clock.today()
    return unit.valid_from <= today and (unit.valid_to is None or unit.valid_to >= today)


def photo_claims(photos: Sequence[Photo]) -> tuple[PhotoClaims, ...]:
    """Return what the phone and what the bytes say of each photo, in the photos' order."""
    claims: list[PhotoClaims] = []
    for photo in photos:
        claims.append(_claims(photo.exif_claims or {}, "phone", photo.captured_at))
        claims.append(_claims(photo.exif_read or {}, "bytes", None))
    return tuple(claims)


def position_claims(report: Report, photos: Sequence[Photo]) -> PositionClaims:
    """Return everything that any source says of where a report was made."""
    return PositionClaims(
        pin=_position(report.pin_latitude, report.pin_longitude),
        fix=_position(report.device_latitude, report.device_longitude, report.device_accuracy_m),
        fix_at=report.device_fix_at,
        photos=photo_claims(photos),
        commune_hint=report.commune_hint,
        sent_at=report.sent_at,
        received_at=report.received_at,
    )


def settled_position(
    report: Report, standing: ReportTriage, photos: Sequence[Photo]
) -> tuple[Position | None, str | None]:
    """Return where a report lies and who says so; nothing when no source is usable."""
    if standing.set_latitude is not None and standing.set_longitude is not None:
        position = Position(standing.set_latitude, standing.set_longitude, DEFAULT_PIN_ACCURACY_M)
        return position, SET_BY_PERSON
    settled = settle_position(position_claims(report, photos))
    return (settled.position, settled.source) if settled else (None, None)


def position_of(photo: PhotoClaims) -> Position | None:
    """Return where a photo claims to be; None when what it says is no position."""
    if photo.latitude is None or photo.longitude is None:
        return None
    if not is_usable(photo.latitude, photo.longitude):
        return None
    return Position(photo.latitude, photo.longitude, DEFAULT_EXIF_ACCURACY_M)


def _position(
    latitude: float | None, longitude: float | None, accuracy_m: float | None = None
) -> Position | None:
    if latitude is None or longitude is None:
        return None
    return Position(latitude, longitude, accuracy_m)


def _claims(
    claimed: Mapping[str, Any], source: Literal["phone", "bytes"], captured_at: datetime | None
) -> PhotoClaims:
    moment = captured_at or _moment(claimed.get("captured_at"))
    is_impossible = moment is not None and not is_reasonable(moment)
    return PhotoClaims(
        latitude=_number(claimed.get("latitude")),
        longitude=_number(claimed.get("longitude")),
        captured_at=None if moment is None or is_impossible else moment.astimezone(UTC),
        source=source,
        is_time_impossible=is_impossible,
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _moment(value: Any) -> datetime | None:
    """Read a moment in ISO 8601 as aware; one without a zone is local time in Vietnam."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.LOCAL_ZONE)
