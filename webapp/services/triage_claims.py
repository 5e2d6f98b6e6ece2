"""Turns the rows of a report into what the domain asks for: claims of place and time, evidence."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any, Literal

from sqlalchemy import func, select

from webapp import clock
from webapp.domain.deadlines import local_day as local_day_of
from webapp.domain.evidence import (
    DEFAULT_EXIF_ACCURACY_M,
    DEFAULT_PIN_ACCURACY_M,
    PhotoClaims,
    PositionClaims,
    is_reasonable,
    settle_position,
)
from webapp.domain.geo import Position, is_usable
from webapp.domain.triage import LEAST_WATCH
from webapp.extensions import db
from webapp.models import Category, Photo, Report, ReportTriage, Unit
from webapp.services import routing, territory, territory_day
from webapp.services.dated import stands_on
from webapp.services.routing import Route

# Who says where a report lies; the desk's word wins over every source.
SET_BY_PERSON = "person"


def local_day(report: Report) -> date:
    """Return the day in Vietnam on which a report came; its boundaries are those that count."""
    return report.received_at.astimezone(clock.LOCAL_ZONE).date()


def route_of(
    report: Report,
    position: Position | None,
    category_code: str,
    set_unit_id: int | None,
) -> Route:
    """Say who must act on a report, by land, lines and table of the day that counts for it.

    Args:
        report: it tells when it came.
        position: where it lies, with its accuracy; None when nobody knows.
        category_code: as reported, or as set at the desk.
        set_unit_id: the commune that a person set.
    """
    accuracy_m = position.accuracy_m if position else None
    day = clock.today() if set_unit_id else day_that_counts(position, report)
    return routing.route(
        position,
        accuracy_m,
        category_code,
        day,
        set_unit_id=set_unit_id,
        # Whoever ended while the report waited can act no more.
        acting_on=clock.today(),
    )


def day_that_counts(position: Position | None, report: Report) -> date:
    """Return the day by which a report is routed: the one on which it came.

    Where the land has another holder since, it is today: an open case would have followed its
    land, and what waited meanwhile must not stay behind. So it is where the commune has ended,
    for that can act no more, whether or not anybody holds the land after it.
    """
    came_on, today = local_day(report), clock.today()
    if position is None or came_on == today:
        return came_on
    commune_id = territory.ground_at(position, came_on).commune_id
    commune = db.session.get(Unit, commune_id) if commune_id else None
    if commune is None:
        return came_on
    holder_id = territory.ground_at(position, today).commune_id
    is_kept = holder_id in (None, commune.id) and is_standing(commune)
    return came_on if is_kept else today


def land_ids(position: Position | None, route: Route, since: datetime) -> tuple[int, ...]:
    """Return the communes whose cases a report may join: all that its disc touches.

    Open cases follow their land to the units of today, so today's count beside those of the day
    on which the report came. A case that ended stays with who ended it, so whoever held the land
    while that case may still be watched counts as well. Where a person set the commune, it is
    that one alone, with those that held the very spot before it.

    Args:
        position: where the report lies, with its accuracy.
        route: where it goes; the commune that counts comes first.
        since: what ended before is not watched any more (``watched_since``).
    """
    ids = route.ground.touched_ids
    if position is None or route.commune_id is None:
        return ids
    days = _days_of_other_land(since)
    if route.routing == "set_by_person":
        return tuple(dict.fromkeys(ids + _held_before(position, route.commune_id, days)))
    touched = [territory.ground_at(position, day).touched_ids for day in (clock.today(), *days)]
    return tuple(dict.fromkeys([*ids, *chain.from_iterable(touched)]))


def watched_since(captured_at: datetime | None, report: Report) -> datetime:
    """Return the moment before which no case can have ended that a report may be a relapse of."""
    longest = db.session.scalar(select(func.max(Category.watch_days))) or 0
    seen_at = min(captured_at or report.received_at, report.received_at)
    return seen_at - max(LEAST_WATCH, timedelta(days=longest))


def _days_of_other_land(since: datetime) -> list[date]:
    """Return the last day of each state of the land that has ended since a moment."""
    first = local_day_of(since)
    changes = territory_day.changes_until(clock.today())
    return [change - timedelta(days=1) for change in changes if change > first]


def _held_before(position: Position, commune_id: int, days: Iterable[date]) -> tuple[int, ...]:
    holder = territory.commune_at(position, clock.today())
    if holder is None or holder.id != commune_id:
        return ()
    before = [territory.commune_at(position, day) for day in days]
    return tuple(unit.id for unit in before if unit is not None)


def is_standing(unit: Unit) -> bool:
    """Whether a unit exists today."""
    return stands_on(unit, clock.today())


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
