"""What a photo's EXIF claims: position, time, orientation, device; nothing when it makes no sense.

Strangers' bytes go through two readers, exifread first and Pillow for what it did not find. Both
raise whatever they like on malformed data (IndexError, struct.error, AssertionError, ...), so both
are held at arm's length: a reader that raises has found nothing.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import exifread
import structlog
from PIL import ExifTags, Image

from webapp.clock import LOCAL_ZONE

log = structlog.get_logger()

MAX_DEVICE_MODEL_CHARACTERS = 80

_SIXTY = 60
_IN_A_DEGREE = (1, 60, 3600)
_ORIENTATIONS = range(1, 9)

# No camera wrote EXIF before 1990, and the last year of all does not survive a change of zone.
# Whether a date is plausible beyond that is the domain's question.
_FIRST_YEAR, _LAST_YEAR = 1990, 9998
# Of all zones in use, the Line Islands'.
_LARGEST_OFFSET = timedelta(hours=14)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")

# The one name that each tag has in both readers' answers, and where exifread keeps it.
_EXIFREAD_NAMES = {
    "GPSLatitude": "GPS GPSLatitude",
    "GPSLatitudeRef": "GPS GPSLatitudeRef",
    "GPSLongitude": "GPS GPSLongitude",
    "GPSLongitudeRef": "GPS GPSLongitudeRef",
    "DateTimeOriginal": "EXIF DateTimeOriginal",
    "DateTimeDigitized": "EXIF DateTimeDigitized",
    "OffsetTimeOriginal": "EXIF OffsetTimeOriginal",
    "OffsetTimeDigitized": "EXIF OffsetTimeDigitized",
    "Orientation": "Image Orientation",
    "Make": "Image Make",
    "Model": "Image Model",
}

Tags = dict[str, Any]


@dataclass(frozen=True)
class ExifClaims:
    """What the bytes claim; a value that is absent, zero or malformed is None.

    ``captured_at`` is aware. ``is_offset_known`` is False when the camera did not say its zone
    and the district's was assumed. ``orientation`` is EXIF's 1 to 8.
    """

    latitude: float | None = None
    longitude: float | None = None
    captured_at: datetime | None = None
    is_offset_known: bool = False
    orientation: int | None = None
    device_model: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the claims as kept in ``photos.exif_read``; the time in ISO 8601."""
        moment = self.captured_at.isoformat() if self.captured_at else None
        return {**asdict(self), "captured_at": moment}


def read_exif(path: Path) -> ExifClaims:
    """Read what the photo at ``path`` claims. Whatever the bytes are, this does not raise."""
    tags = _guarded(_read_with_pillow, path) | _guarded(_read_with_exifread, path)
    claims = _guarded(_interpret, tags)
    return claims if isinstance(claims, ExifClaims) else ExifClaims()


def _guarded(reader: Callable[[Any], Any], subject: Any) -> Any:
    try:
        return reader(subject)
    except Exception as error:  # noqa: BLE001 - see the module's docstring
        log.info("exif_not_read", reader=reader.__name__, error=type(error).__name__)
        return {}


def _read_with_exifread(path: Path) -> Tags:
    with path.open("rb") as file:
        found = exifread.process_file(file, details=False, extract_thumbnail=False)
    tags = {name: found[key].values for name, key in _EXIFREAD_NAMES.items() if key in found}
    return {name: value for name, value in tags.items() if value not in ("", [], None)}


def _read_with_pillow(path: Path) -> Tags:
    with Image.open(path, formats=("JPEG", "PNG", "WEBP")) as image:
        exif = image.getexif()
        named = {ExifTags.TAGS.get(tag, ""): value for tag, value in exif.items()}
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        named |= {ExifTags.TAGS.get(tag, ""): value for tag, value in inner.items()}
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        named |= {ExifTags.GPSTAGS.get(tag, ""): value for tag, value in place.items()}
    return {name: value for name, value in named.items() if name in _EXIFREAD_NAMES}


def _interpret(tags: Tags) -> ExifClaims:
    latitude, longitude = _position(tags)
    captured_at, is_offset_known = _captured_at(tags)
    return ExifClaims(
        latitude=latitude,
        longitude=longitude,
        captured_at=captured_at,
        is_offset_known=is_offset_known,
        orientation=orientation_of(tags.get("Orientation")),
        device_model=_device_model(tags),
    )


def _position(tags: Tags) -> tuple[float, float] | tuple[None, None]:
    latitude = _degrees(tags.get("GPSLatitude"), tags.get("GPSLatitudeRef"), "NS", 90)
    longitude = _degrees(tags.get("GPSLongitude"), tags.get("GPSLongitudeRef"), "EW", 180)
    # Browsers that strip positions often leave zeros: 0,0 means none.
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None, None
    return latitude, longitude


def _degrees(value: Any, ref: Any, letters: str, most: int) -> float | None:
    """Turn degrees, minutes and seconds into degrees; None when any part makes no sense."""
    parts = _numbers(value)
    letter = _text(ref)[:1].upper()
    if len(parts) != len(_IN_A_DEGREE) or not letter or letter not in letters:
        return None
    # Some cameras write 60 minutes instead of the next degree; nothing writes more.
    if any(part < 0 for part in parts) or max(parts[1:]) > _SIXTY:
        return None
    degrees = sum(part / whole for part, whole in zip(parts, _IN_A_DEGREE, strict=True))
    if degrees > most:
        return None
    return -degrees if letter == letters[1] else degrees


def _numbers(value: Any) -> list[float]:
    """Return finite numbers; nothing at all when one of them is not finite."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return []
    numbers = [_number(part) for part in value]
    return [number for number in numbers if number is not None] if None not in numbers else []


def _number(part: Any) -> float | None:
    try:
        number = float(part)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _captured_at(tags: Tags) -> tuple[datetime | None, bool]:
    for clock, offset in (
        ("DateTimeOriginal", "OffsetTimeOriginal"),
        ("DateTimeDigitized", "OffsetTimeDigitized"),
    ):
        naive = _naive_time(_text(tags.get(clock)))
        if naive is not None:
            zone = _zone(_text(tags.get(offset)))
            return naive.replace(tzinfo=zone or LOCAL_ZONE).astimezone(UTC), zone is not None
    return None, False


def _naive_time(text: str) -> datetime | None:
    try:
        moment = datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - zone follows
    except ValueError:
        return None
    return moment if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def _zone(text: str) -> timezone | None:
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    sign, hours, minutes = match[1], int(match[2]), int(match[3])
    offset = timedelta(hours=hours, minutes=minutes)
    if minutes >= _SIXTY or offset > _LARGEST_OFFSET:
        return None
    return timezone(offset if sign == "+" else -offset)


def orientation_of(value: Any) -> int | None:
    """Return EXIF's orientation, 1 to 8; None for anything else."""
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        value = value[0] if len(value) == 1 else None
    return value if isinstance(value, int) and value in _ORIENTATIONS else None


def _device_model(tags: Tags) -> str | None:
    make, model = _text(tags.get("Make")), _text(tags.get("Model"))
    words = model if model.casefold().startswith(make.casefold()) else f"{make} {model}"
    return words.strip()[:MAX_DEVICE_MODEL_CHARACTERS] or None


def _text(value: Any) -> str:
    """Return one line of printable text, whatever the tag held."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    return "".join(sign for sign in value if sign.isprintable()).strip()
