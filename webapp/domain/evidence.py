"""What a report proves: one position and one time, settled from what each source claims."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from webapp.domain.errors import InvalidInput
from webapp.domain.geo import Position, distance_m, is_usable

# A finger hits a map at street zoom within about 15 m (a 7 mm fingertip at zoom 17).
DEFAULT_PIN_ACCURACY_M = 15.0
# EXIF holds no accuracy; cameras write the last known fix, open sky 5–10 m, between houses
# 20–30 m. The cautious end keeps the attach limit at its least that is still honest.
DEFAULT_EXIF_ACCURACY_M = 30.0

# A fix this close to the shutter is where the photographer stood (product.md, "Where and when").
FRESH_FIX = timedelta(minutes=2)
# With no time of capture: the form is filled in within about this long after the photo.
FRESH_WITHOUT_CAPTURE = timedelta(minutes=10)
# Phones set their clock by the network; what is still further ahead than this is wrong.
FUTURE_TOLERANCE = timedelta(minutes=5)
# Cameras that lost their clock begin again at 1970, 1980, 2000 …; no report is older than this.
EARLIEST_CAPTURE = datetime(2015, 1, 1, tzinfo=UTC)

# A year at either end of Python's calendar is left free, so that no time zone leaves it.
EARLIEST_REASONABLE = datetime(1900, 1, 1, tzinfo=UTC)
END_OF_REASONABLE = datetime(9999, 1, 1, tzinfo=UTC)

PositionSource = Literal["pin", "fix", "exif"]
TimeSource = Literal["phone", "exif", "sent", "person"]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES = str.maketrans("ILO", "110", " -\t\r\n\u00a0\u2010\u2011\u2013")
TRACKING_KEY_LENGTH = 26
_TRACKING_KEY_BYTES = 16


@dataclass(frozen=True)
class PhotoClaims:
    """What one source says of one photo.

    ``source`` is "phone" for what the phone read before scaling and "bytes" for what we read
    from the bytes ourselves. ``captured_at`` is aware, by the phone's own clock.
    ``is_time_impossible`` says that a moment was claimed which is out of every reasonable range
    (``is_reasonable``), so that there is no ``captured_at``.
    """

    latitude: float | None = None
    longitude: float | None = None
    captured_at: datetime | None = None
    source: Literal["phone", "bytes"] = "bytes"
    is_time_impossible: bool = False


@dataclass(frozen=True)
class PositionClaims:
    """Everything a report claims about where it is; every part may be missing.

    ``pin`` is a pin that the resident moved. ``fix_at`` and ``sent_at`` are by the phone's
    clock, ``received_at`` by ours. All moments are aware.
    """

    pin: Position | None
    fix: Position | None
    fix_at: datetime | None
    photos: tuple[PhotoClaims, ...]
    commune_hint: str | None
    sent_at: datetime | None
    received_at: datetime


@dataclass(frozen=True)
class SettledPosition:
    """The position that won, always with an accuracy if its source can have one.

    ``disagreement_m`` is the distance to the farthest other usable claim; None without any.
    """

    position: Position
    source: PositionSource
    disagreement_m: float | None


@dataclass(frozen=True)
class StrayFix:
    """A fix that does not tell where the photo was taken; both moments by the phone's clock.

    ``captured_at`` is the capture nearest to the fix; None when no photo has a usable time.
    """

    at: datetime
    captured_at: datetime | None


@dataclass(frozen=True)
class SettledTime:
    """When the evidence was captured, by our clock.

    ``is_impossible`` says that times were claimed and none of them can be true; ``at`` is then
    None. ``is_certain`` is true only for a camera's time whose clock we could compare with ours.
    """

    at: datetime | None
    source: TimeSource | None
    is_certain: bool
    is_impossible: bool = False


def settle_position(claims: PositionClaims) -> SettledPosition | None:
    """Choose the position: moved pin, fix near the capture, EXIF; else None.

    A fix from another time shows where the phone was then, not where the photo was taken: it
    places nothing (``stray_fix``). A commune named in words is no position either. Such reports
    are held for a person.
    """
    pin, fix, exif = _usable(claims.pin), _usable(claims.fix), _exif_positions(claims.photos)
    ranking: list[tuple[PositionSource, Position | None]] = [
        ("pin", _with_accuracy(pin, DEFAULT_PIN_ACCURACY_M)),
        ("fix", fix if _is_fresh(claims) else None),
        ("exif", exif[0] if exif else None),
    ]
    everything = [position for position in (pin, fix, *exif) if position is not None]
    for source, position in ranking:
        if position is not None:
            return SettledPosition(position, source, _disagreement_m(position, everything))
    return None


def stray_fix(claims: PositionClaims) -> StrayFix | None:
    """Return the fix of a report that has one, when that fix does not tell where it was made."""
    if _usable(claims.fix) is None or _is_fresh(claims):
        return None
    captures, fix_at = _possible_captures(claims), _fix_at(claims)
    return StrayFix(fix_at, min(captures, key=lambda capture: abs(fix_at - capture), default=None))


def _usable(position: Position | None) -> Position | None:
    if position is None or not is_usable(position.latitude, position.longitude):
        return None
    return position


def _with_accuracy(position: Position | None, accuracy_m: float) -> Position | None:
    if position is None or position.accuracy_m is not None:
        return position
    return Position(position.latitude, position.longitude, accuracy_m)


def _exif_positions(photos: Iterable[PhotoClaims]) -> list[Position]:
    # What we read ourselves goes first; a phone's claim counts where scaling removed the rest.
    return [
        Position(photo.latitude, photo.longitude, DEFAULT_EXIF_ACCURACY_M)
        for photo in sorted(photos, key=lambda photo: photo.source != "bytes")
        if photo.latitude is not None
        and photo.longitude is not None
        and is_usable(photo.latitude, photo.longitude)
    ]


def _is_fresh(claims: PositionClaims) -> bool:
    captures, fix_at = _possible_captures(claims), _fix_at(claims)
    if captures:
        # Both are by the phone's clock, so that a wrong clock does no harm here.
        return any(abs(fix_at - capture) <= FRESH_FIX for capture in captures)
    return abs(fix_at - (claims.sent_at or claims.received_at)) <= FRESH_WITHOUT_CAPTURE


def _fix_at(claims: PositionClaims) -> datetime:
    """Return when the fix was taken; a sender that does not say took it when sending."""
    return claims.fix_at or claims.sent_at or claims.received_at


def _possible_captures(claims: PositionClaims) -> list[datetime]:
    """Return the photos' times, uncorrected; one that cannot be true says nothing of the fix."""
    offset = claims.received_at - claims.sent_at if claims.sent_at else timedelta(0)
    return [
        moment
        for photo in claims.photos
        if (moment := photo.captured_at)
        and any(_is_possible(at, claims.received_at) for at in _corrected([moment], offset))
    ]


def _disagreement_m(chosen: Position, everything: Sequence[Position]) -> float | None:
    is_alone = len(everything) == 1
    return None if is_alone else max(distance_m(chosen, other) for other in everything)


def settle_captured_at(
    photos: Iterable[PhotoClaims], sent_at: datetime | None, received_at: datetime
) -> SettledTime:
    """Choose when the evidence was captured, by our clock.

    The phone's clock is corrected by ``received_at - sent_at``, since a report is sent and
    received in the same moment. The latest photo counts, for it proves the trouble the longest.
    What the phone says goes before EXIF read from the bytes, which knows no time zone. With no
    photo time the report was made before it was sent, and the time of sending stands in for it.
    """
    photos = tuple(photos)
    offset = received_at - sent_at if sent_at else timedelta(0)
    was_claimed = False
    sources: tuple[tuple[TimeSource, str], ...] = (("phone", "phone"), ("exif", "bytes"))
    for name, photo_source in sources:
        moments = [p.captured_at for p in photos if p.captured_at and p.source == photo_source]
        is_beyond = any(p.is_time_impossible for p in photos if p.source == photo_source)
        was_claimed = was_claimed or is_beyond or bool(moments)
        possible = [at for at in _corrected(moments, offset) if _is_possible(at, received_at)]
        if possible:
            return SettledTime(max(possible), name, is_certain=sent_at is not None)
    if was_claimed:
        return SettledTime(None, None, is_certain=False, is_impossible=True)
    return SettledTime(received_at, "sent", is_certain=False)


def _corrected(moments: Iterable[datetime], offset: timedelta) -> Iterable[datetime]:
    for moment in moments:
        try:
            yield moment + offset
        except OverflowError:
            # A clock in the year 9999 is as impossible as one in 1970: no value.
            continue


def _is_possible(moment: datetime, received_at: datetime) -> bool:
    return EARLIEST_CAPTURE <= moment <= received_at + FUTURE_TOLERANCE


def is_reasonable(moment: datetime) -> bool:
    """Whether an aware moment can be kept and shown: from 1900 to 9998, whatever the zone.

    Further out lies the end of the calendar, where a change of the time zone overflows.
    """
    return EARLIEST_REASONABLE <= moment < END_OF_REASONABLE


def parse_tracking_key(raw: str) -> str:
    """Return a tracking key in its one canonical form, whatever way a person typed it.

    Crockford's base32: capitals and small letters are the same, I and L are 1, O is 0,
    spaces and dashes are dropped.

    Raises:
        InvalidInput: ``tracking_key_malformed``, when it is not 26 such characters.
    """
    key = raw.translate(_UPPER).translate(_LOOK_ALIKES)
    if len(key) != TRACKING_KEY_LENGTH or not set(key) <= set(_CROCKFORD):
        raise InvalidInput("tracking_key_malformed", field="tracking_key")
    return key


# str.upper() would turn the Turkish dotless i into I, and so 'ı' into 1.
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def tracking_key_from(random_bytes: bytes) -> str:
    """Write 128 random bits as a tracking key, as the phone does.

    Args:
        random_bytes: exactly 16 bytes, from a cryptographic source.
    """
    if len(random_bytes) != _TRACKING_KEY_BYTES:
        raise ValueError("a tracking key is made of 16 bytes")
    number = int.from_bytes(random_bytes, "big")
    digits = [(number >> (5 * place)) & 31 for place in reversed(range(TRACKING_KEY_LENGTH))]
    return "".join(_CROCKFORD[digit] for digit in digits)


def group_tracking_key(key: str) -> list[str]:
    """Split a key into groups of four, as a person reads it from a screen."""
    return [key[start : start + 4] for start in range(0, len(key), 4)]
