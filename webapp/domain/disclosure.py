"""The one public projection: an allow-list through which everything public must pass.

Nothing is removed here; what is public is copied out by name, and the rest never gets along.
Times become days, counts become bands, positions become the middle of a small cell of ground.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import h3

from webapp.domain.casework import MOVING_KINDS
from webapp.domain.deadlines import local_day

# Only these event kinds are told, and only as kind and day.
PUBLIC_KINDS = (
    "opened",
    "acknowledged",
    "started",
    "transfer_accepted",
    "transfer_ruled",
    "land_passed",
    "resolved",
    "closed",
    "refused",
)
# These name a unit: who took the case over (not told at all where that cannot be named), and who
# led when it was taken up.
NAMING_KINDS = (*MOVING_KINDS, "acknowledged")
PUBLIC_STATUSES = (
    "new",
    "acknowledged",
    "in_progress",
    "awaiting_authority",
    "resolved",
    "closed",
    "refused",
)
PUBLIC_REPORT_STATUSES = ("received", "triaged", "held", "dismissed")
# Why a report waits for a person stays inside, but for what its own sender said of the place.
PUBLIC_HOLDS = ("outside_boundaries",)

# A case of one report lies exactly where one phone was, so the public gets the middle of its H3
# cell of resolution 12 instead (about 300 m², edges of some 10 m): a pin still stands at the right
# shopfront or pothole, and nobody learns at which of its doors the resident stood.
PUBLIC_RESOLUTION = 12
# No point of such a cell lies further from its middle, anywhere on Earth (metres).
PUBLIC_SPREAD_M = 14.0
# Five decimals are 1.1 m; more would only pretend.
PUBLIC_DECIMALS = 5
# From two to this many witnesses are one band (product.md: counts are 1, 2–4, 5+).
FEW_WITNESSES = 4
# A commune has this long to look before a case shows on the map by itself (product.md).
MAP_DELAY = timedelta(hours=6)


@dataclass(frozen=True)
class NamedUnit:
    """A unit as everybody may read it; ``tier`` is commune, supervising or authority."""

    code: str
    tier: str
    kind: str
    name: str


@dataclass(frozen=True)
class EventFacts:
    """One event as the projection takes it: what and when, never who did it or why.

    ``unit`` is the unit that led from then on; None where the event changed nothing about it.
    """

    kind: str
    at: datetime
    unit: NamedUnit | None = None


@dataclass(frozen=True)
class PhotoFacts:
    """One photo: role evidence or after, state pending, ready or unreadable, and its review."""

    id: int
    role: str
    state: str
    review: str


@dataclass(frozen=True)
class QuoteFacts:
    """What a resident wrote about a report, and its review: pending, shown or private."""

    said: str
    review: str


@dataclass(frozen=True)
class CaseFacts:
    """What a service hands in about one case.

    ``latitude`` and ``longitude`` are the place's, never a report's. ``address`` is made by
    ``services.territory.place_words`` from that position, never taken from a resident's words.
    ``public_sentence`` is what an officer wrote for the public.
    """

    number: str
    status: str
    severity: int
    category_code: str
    category_name: str
    unit_code: str
    unit_name: str
    witness_count: int
    opened_at: datetime
    resolve_due_at: datetime
    latitude: float
    longitude: float
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    address: str | None = None
    public_sentence: str | None = None
    events: tuple[EventFacts, ...] = ()
    photos: tuple[PhotoFacts, ...] = ()
    quotes: tuple[QuoteFacts, ...] = ()


@dataclass(frozen=True)
class PublicEvent:
    """What happened, on which day in Vietnam, and for ``NAMING_KINDS`` the unit that it names."""

    kind: str
    on: date
    unit: NamedUnit | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the event as ``GET /track`` tells it."""
        told: dict[str, Any] = {"kind": self.kind, "on": self.on.isoformat()}
        if self.unit is not None and self.kind in MOVING_KINDS:
            told["unit"] = {"code": self.unit.code, "name": self.unit.name}
        return told


@dataclass(frozen=True)
class PublicPhoto:
    """A photo that an officer has shown, from before or after."""

    id: int
    moment: Literal["before", "after"]


@dataclass(frozen=True)
class PublicCase:
    """All that anybody may know of a case; ``quotes`` are residents' words, without any name."""

    number: str
    status: str
    severity: int
    category: str
    category_name: str
    unit_code: str
    unit_name: str
    witnesses: str
    opened_on: date
    acknowledged_on: date | None
    resolved_on: date | None
    due_on: date
    latitude: float
    longitude: float
    address: str | None
    public_sentence: str | None
    events: tuple[PublicEvent, ...]
    photos_before: tuple[PublicPhoto, ...]
    photos_after: tuple[PublicPhoto, ...]
    has_photos_in_review: bool
    quotes: tuple[str, ...]

    @property
    def small_photo_id(self) -> int | None:
        """The one photo that a card or pin shows: the proof once there is one."""
        photos = self.photos_after + self.photos_before
        return photos[0].id if photos else None

    def as_json(self) -> dict[str, Any]:
        """Return the case as ``GET /track`` tells it."""
        return {
            "number": self.number,
            "status": self.status,
            "severity": self.severity,
            "category": self.category,
            "unit": {"code": self.unit_code, "name": self.unit_name},
            "witnesses": self.witnesses,
            "due_on": self.due_on.isoformat(),
            "events": [event.as_json() for event in self.events],
        }

    def as_map_json(self) -> dict[str, Any]:
        """Return the case as the public map tells it."""
        return {
            "number": self.number,
            "status": self.status,
            "severity": self.severity,
            "category": self.category,
            "category_name": self.category_name,
            "unit": {"code": self.unit_code, "name": self.unit_name},
            "witnesses": self.witnesses,
            "opened_on": self.opened_on.isoformat(),
            "due_on": self.due_on.isoformat(),
            "resolved_on": self.resolved_on.isoformat() if self.resolved_on else None,
            "address": self.address,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "photo_id": self.small_photo_id,
        }


def witness_band(count: int) -> str:
    """Return a number of witnesses as the public may know it: 1, 2–4 or 5+."""
    if count <= 1:
        return "1"
    return "2–4" if count <= FEW_WITNESSES else "5+"


def public_spot(latitude: float, longitude: float) -> tuple[float, float]:
    """Return the published latitude and longitude: the same for every point of one small cell.

    At most ``PUBLIC_SPREAD_M`` from the point itself.
    """
    cell = h3.latlng_to_cell(latitude, longitude, PUBLIC_RESOLUTION)
    middle = h3.cell_to_latlng(cell)
    return round(middle[0], PUBLIC_DECIMALS), round(middle[1], PUBLIC_DECIMALS)


def is_on_map(opened_at: datetime, acknowledged_at: datetime | None, now: datetime) -> bool:
    """Tell whether everybody may see a case: once acknowledged, or six hours after its report."""
    return acknowledged_at is not None or now - opened_at >= MAP_DELAY


def public_case(case: CaseFacts) -> PublicCase:
    """Project a case for the public.

    Raises:
        ValueError: the status is none that the public knows; nothing is told then.
    """
    latitude, longitude = public_spot(case.latitude, case.longitude)
    return PublicCase(
        number=case.number,
        status=_listed(case.status, PUBLIC_STATUSES),
        severity=case.severity,
        category=case.category_code,
        category_name=case.category_name,
        unit_code=case.unit_code,
        unit_name=case.unit_name,
        witnesses=witness_band(case.witness_count),
        opened_on=local_day(case.opened_at),
        acknowledged_on=_day(case.acknowledged_at),
        resolved_on=_day(case.resolved_at),
        due_on=local_day(case.resolve_due_at),
        latitude=latitude,
        longitude=longitude,
        address=case.address,
        public_sentence=case.public_sentence,
        events=_public_events(case.events),
        photos_before=_public_photos(case.photos, "evidence", "before"),
        photos_after=_public_photos(case.photos, "after", "after"),
        has_photos_in_review=any(
            photo.review == "pending" and photo.state != "unreadable" for photo in case.photos
        ),
        quotes=tuple(quote.said for quote in case.quotes if quote.review == "shown"),
    )


def public_report(report_status: str, case: PublicCase | None) -> dict[str, Any]:
    """Return what ``GET /track/<tracking_key>`` answers to a program.

    Raises:
        ValueError: the status is none that the public knows.
    """
    return {
        "report": {"status": _listed(report_status, PUBLIC_REPORT_STATUSES)},
        "case": case.as_json() if case else None,
    }


def public_hold(report_status: str, hold_code: str | None) -> str | None:
    """Return why a report is held, where its sender may know; None for every other reason."""
    is_told = report_status == "held" and hold_code in PUBLIC_HOLDS
    return hold_code if is_told else None


def _listed(word: str, allowed: tuple[str, ...]) -> str:
    if word not in allowed:
        # Without the word itself: it must not surface in an error page either.
        raise ValueError("not a word of the public projection")
    return word


def _day(moment: datetime | None) -> date | None:
    return local_day(moment) if moment else None


def _public_events(events: tuple[EventFacts, ...]) -> tuple[PublicEvent, ...]:
    return tuple(
        PublicEvent(
            event.kind,
            local_day(event.at),
            event.unit if event.kind in NAMING_KINDS else None,
        )
        for event in events
        if event.kind in PUBLIC_KINDS and (event.unit or event.kind not in MOVING_KINDS)
    )


def _public_photos(
    photos: tuple[PhotoFacts, ...], role: str, moment: Literal["before", "after"]
) -> tuple[PublicPhoto, ...]:
    return tuple(
        PublicPhoto(photo.id, moment)
        for photo in photos
        if photo.role == role and photo.review == "shown" and photo.state == "ready"
    )
