"""Reads what a resident's phone or form sent: raw text becomes checked values, or one sentence.

Whatever is missing is no value, and neither is a number or a date that cannot be true: a phone
without a fix may send zeros, NaN or 30 February. Text that is no number and no date at all is
refused by name, before anything is stored: a phone may mend its entry, and nobody guesses what was
meant.
"""

import hashlib
import hmac
import json
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO, TypeVar

from webapp.clock import LOCAL_ZONE
from webapp.domain.case_state import CASE_NUMBER_PATTERN
from webapp.domain.errors import InvalidInput
from webapp.domain.evidence import is_reasonable, parse_tracking_key
from webapp.domain.geo import is_usable

Value = TypeVar("Value")

MAX_PHOTOS = 3
MAX_DESCRIPTION_CHARACTERS = 2_000
MAX_COMMUNE_HINT_CHARACTERS = 120
MAX_EMAIL_CHARACTERS = 254
# What a phone reads from one photo's EXIF is ten short values; the rest would be an attack.
MAX_EXIF_CLAIMS_CHARACTERS = 4_000

_INSTALL_KEY = re.compile(r"[A-Za-z0-9_-]{16,128}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")
# How programs write that they have no number.
_NO_NUMBER = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
# Written like a date, though it may be none: 2026-02-30T25:00Z, 0000:00:00 00:00:00.
_DATE_SHAPED = re.compile(r"[+-]?[0-9]{4,6}[-:/.]?[0-9]{2}[-:/.]?[0-9]{2}([T ][0-9:.,+\-Z ]*)?")
# Vietnamese numbers have ten digits with their 0, or nine after +84; foreign ones up to fifteen.
_PHONE = re.compile(r"\+?[0-9]{9,15}")
_PHONE_PUNCTUATION = str.maketrans("", "", " .-()")
# One Vietnamese number has many spellings: 0912…, 912…, +84912…, 84912…, 0084912…, +840912….
_VIETNAMESE_PHONE = re.compile(r"(?:\+84|0084|84)0?([1-9][0-9]{8,9})|0?([35789][0-9]{8})")
_CASE_NUMBER = re.compile(CASE_NUMBER_PATTERN)
# The address is proven by the message sent to it; here only typing errors are caught.
_EMAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]{2,}")


@dataclass(frozen=True)
class RawSubmission:
    """What came through the door, in words; nothing of it is trusted.

    Attributes:
        fields: the single fields by name; a name that is missing is an empty field.
        photos: the files, in order, each a seekable stream.
        photo_fields: the fields that repeat once per photo, in the order of the photos.
        address: where the request came from; used for limits and never stored.
        needs_photo: whether it came from the web form, which asks for at least one photo; a
            report from elsewhere, and one that names the case it means, may do without.
    """

    fields: Mapping[str, str]
    photos: Sequence[BinaryIO]
    photo_fields: Mapping[str, Sequence[str]]
    address: str
    needs_photo: bool = False


@dataclass(frozen=True)
class ClaimsOfPhoto:
    """What the phone says of one photo, beside its bytes."""

    captured_at: datetime | None
    exif_claims: dict[str, Any] | None
    original_sha256: str | None


@dataclass(frozen=True)
class Content:
    """What a report says: two submissions with equal contents are the same report."""

    category_code: str
    device_latitude: float | None
    device_longitude: float | None
    device_accuracy_m: float | None
    device_fix_at: datetime | None
    pin_latitude: float | None
    pin_longitude: float | None
    commune_hint: str | None
    description: str | None
    contact_phone: str | None
    contact_email: str | None
    photo_claims: tuple[ClaimsOfPhoto, ...]
    seen_case: str | None = None

    @property
    def phone(self) -> str | None:
        """Return the telephone in its one normal form, as it is stored and compared.

        ``contact_phone`` keeps the spelling: ``content_hash`` is made of it, and a phone that
        tries again what it first sent must find the same hash.
        """
        return normal_phone(self.contact_phone) if self.contact_phone else None


@dataclass(frozen=True)
class Submission:
    """A checked submission: the content, and what belongs to this sending of it only."""

    tracking_key: str
    install_key: str | None
    sent_at: datetime | None
    content: Content

    def content_hash(self, photo_hashes: Sequence[str]) -> str:
        """Return what tells whether the same key came with the same content again.

        HMAC-SHA256 over canonical JSON of the checked fields and the photos' SHA-256, so that
        spaces, line ends, letter case of hashes and time zones do not matter. Three fields are
        not part of it. ``sent_at`` is written anew at every try; ``install_key`` says who sends,
        not what, and a browser may have lost it meanwhile; the tracking key is what the content
        is compared under, and it serves as the HMAC's key. The server keeps no tracking key, so
        nobody can later find an erased phone number by trying them all against this hash.
        """
        fields = asdict(self.content)
        if self.content.seen_case is None:
            # A phone may try again what it first sent before reports could name a case.
            del fields["seen_case"]
        canonical = json.dumps(
            {"fields": fields, "photos": list(photo_hashes)},
            sort_keys=True,
            separators=(",", ":"),
            default=datetime.isoformat,
        )
        return hmac.new(
            self.tracking_key.encode("ascii"), canonical.encode("ascii"), hashlib.sha256
        ).hexdigest()


def read_submission(raw: RawSubmission) -> Submission:
    """Check every field of a submission; the photos' bytes are checked elsewhere.

    Raises:
        InvalidInput: the first field that cannot be used, by name.
    """
    fields = {name: clean_text(text) for name, text in raw.fields.items()}
    tracking_key = parse_tracking_key(fields.get("tracking_key", ""))
    return Submission(
        tracking_key=tracking_key,
        install_key=_optional(fields, "install_key", _install_key),
        sent_at=_optional(fields, "sent_at", read_moment),
        content=_content(fields, raw),
    )


def _content(fields: Mapping[str, str], raw: RawSubmission) -> Content:
    device = _position(fields, "device")
    pin = _position(fields, "pin")
    accuracy_m = _optional(fields, "device_accuracy_m", _accuracy)
    fix_at = _optional(fields, "device_fix_at", read_moment)
    return Content(
        category_code=_category(fields.get("category", "")),
        device_latitude=device[0],
        device_longitude=device[1],
        # The accuracy and the time of no position say nothing.
        device_accuracy_m=None if device[0] is None else accuracy_m,
        device_fix_at=None if device[0] is None else fix_at,
        pin_latitude=pin[0],
        pin_longitude=pin[1],
        commune_hint=_text(fields, "commune_hint", MAX_COMMUNE_HINT_CHARACTERS),
        description=_text(fields, "description", MAX_DESCRIPTION_CHARACTERS),
        contact_phone=_optional(fields, "contact_phone", _phone),
        contact_email=_optional(fields, "contact_email", _email),
        photo_claims=_photo_claims(fields, raw),
        seen_case=read_case_number(fields.get("seen_case", "")),
    )


def clean_text(text: str) -> str:
    """Return text with composed letters and plain line ends, without unprintable signs."""
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    # PostgreSQL keeps no NUL; other control signs and lone surrogates only confuse who reads.
    kept = (s for s in composed if s in "\n\t" or unicodedata.category(s) not in ("Cc", "Cs"))
    return "".join(kept).strip()


def _optional(
    fields: Mapping[str, str], name: str, read: Callable[[str, str], Value]
) -> Value | None:
    text = fields.get(name, "")
    return read(text, name) if text else None


def _text(fields: Mapping[str, str], name: str, most: int) -> str | None:
    text = fields.get(name, "")
    if len(text) > most:
        raise InvalidInput(f"{name}_too_long", field=name, most=most, length=len(text))
    return text or None


def _category(text: str) -> str:
    if not text:
        raise InvalidInput("category_missing", field="category")
    return text


def read_case_number(text: str) -> str | None:
    """Return a case's number as we write it; whatever is none counts as not said.

    The case that a resident says they saw as well is evidence for a decision. A report must not
    be lost over it, and whether there is such a case is not asked here.
    """
    number = text.strip().upper()
    return number if _CASE_NUMBER.fullmatch(number) else None


def _install_key(text: str, name: str) -> str:
    if not _INSTALL_KEY.fullmatch(text):
        raise InvalidInput("install_key_malformed", field=name)
    return text


def _position(fields: Mapping[str, str], source: str) -> tuple[float, float] | tuple[None, None]:
    names = (f"{source}_latitude", f"{source}_longitude")
    latitude, longitude = (_optional(fields, name, _number) for name in names)
    if latitude is None and longitude is None:
        return None, None
    if latitude is None or longitude is None:
        raise InvalidInput("position_incomplete", field=names[0 if latitude is None else 1])
    # Phones that may not tell their position send zeros, or what is no place on the globe.
    return (latitude, longitude) if is_usable(latitude, longitude) else (None, None)


def _number(text: str, name: str) -> float:
    if _NO_NUMBER.fullmatch(text):
        return math.nan
    if not _NUMBER.fullmatch(text):
        raise InvalidInput("number_malformed", field=name)
    # Minus zero equals zero, but their hashes differ.
    return float(text) + 0.0


def _accuracy(text: str, name: str) -> float | None:
    accuracy_m = _number(text, name)
    # No receiver is exact: zero and less are how phones say that they do not know.
    return accuracy_m if math.isfinite(accuracy_m) and accuracy_m > 0 else None


def read_moment(text: str, name: str) -> datetime | None:
    """Read a moment in ISO 8601; one without a zone is taken as local time in Vietnam.

    Returns:
        The moment in UTC. None when no calendar has that day, or when it lies so far from our
        time that it cannot be kept (``evidence.is_reasonable``); any other moment that cannot
        be true is kept, for a person decides.

    Raises:
        InvalidInput: it is not even written like a moment.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        if _DATE_SHAPED.fullmatch(text):
            return None
        raise InvalidInput("time_malformed", field=name) from None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=LOCAL_ZONE)
    return zoned.astimezone(UTC) if is_reasonable(zoned) else None


def _phone(text: str, name: str) -> str:
    digits = text.translate(_PHONE_PUNCTUATION)
    if not _PHONE.fullmatch(digits):
        raise InvalidInput("contact_phone_malformed", field=name)
    return digits


def normal_phone(digits: str) -> str:
    """Return a telephone number without punctuation in its one normal form.

    A Vietnamese one begins with its 0 ("0912345678"), a foreign one with + where its country is
    told ("+4930123456").
    """
    vietnamese = _VIETNAMESE_PHONE.fullmatch(digits)
    if vietnamese:
        return "0" + (vietnamese[1] or vietnamese[2])
    return "+" + digits[2:] if digits.startswith("00") else digits


def _email(text: str, name: str) -> str:
    if len(text) > MAX_EMAIL_CHARACTERS or not _EMAIL.fullmatch(text):
        raise InvalidInput("contact_email_malformed", field=name)
    return text


def _photo_claims(fields: Mapping[str, str], raw: RawSubmission) -> tuple[ClaimsOfPhoto, ...]:
    count = len(raw.photos)
    if fields.get("photo"):
        # A form without enctype sends the files' names instead of the files.
        raise InvalidInput("photo_not_a_file", field="photo")
    if count > MAX_PHOTOS:
        raise InvalidInput("photo_too_many", field="photo", most=MAX_PHOTOS)
    names_case = read_case_number(fields.get("seen_case", "")) is not None
    if count == 0 and raw.needs_photo and not names_case:
        raise InvalidInput("photo_missing", field="photo")
    columns = {
        "captured_at": _per_photo(raw, "captured_at", read_moment),
        "exif_claims": _per_photo(raw, "exif_claims", _exif_claims),
        "original_sha256": _per_photo(raw, "original_sha256", _sha256),
    }
    said = _per_photo(raw, "captured_at", lambda text, _name: text)
    rows = ({name: column[place] for name, column in columns.items()} for place in range(count))
    return tuple(
        _with_unusable_time(ClaimsOfPhoto(**row), text)
        for row, text in zip(rows, said, strict=True)
    )


def _with_unusable_time(claims: ClaimsOfPhoto, said: str | None) -> ClaimsOfPhoto:
    """Keep a time of capture that is no usable moment among the claims, as it was said."""
    if said is None or claims.captured_at is not None:
        return claims
    return replace(claims, exif_claims={**(claims.exif_claims or {}), "captured_at": said})


def _per_photo(raw: RawSubmission, name: str, read: Callable[[str, str], Any]) -> list[Any]:
    """Return one value per photo; a field that was not sent at all is no value for each."""
    texts = [clean_text(text) for text in raw.photo_fields.get(name, ())]
    count = len(raw.photos)
    # A form sends an empty field where nothing was chosen; anything else out of step is a guess.
    if len(texts) != count and any(texts):
        raise InvalidInput("photo_fields_unmatched", field=name)
    if len(texts) != count:
        return [None] * count
    return [read(text, name) if text else None for text in texts]


def _exif_claims(text: str, name: str) -> dict[str, Any]:
    claims = _json(text) if len(text) <= MAX_EXIF_CLAIMS_CHARACTERS else None
    if not isinstance(claims, dict):
        raise InvalidInput("exif_claims_malformed", field=name)
    return claims


def _json(text: str) -> Any:
    """Return a JSON value that both databases keep; None when it is not one."""
    try:
        value = json.loads(text)
        # NaN, infinity and lone surrogates are Python's JSON only.
        plain = json.dumps(value, allow_nan=False, ensure_ascii=False)
        plain.encode("utf-8")
    except (ValueError, RecursionError):
        return None
    # PostgreSQL keeps no NUL.
    return None if "\\u0000" in plain else value


def _sha256(text: str, name: str) -> str:
    lowered = text.lower()
    if not _SHA256.fullmatch(lowered):
        raise InvalidInput("original_sha256_malformed", field=name)
    return lowered
