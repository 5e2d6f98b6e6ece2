"""What is sealed: event data in one canonical form, and the hash over it."""

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def plain_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return event data as both databases give it back: JSON with moments as UTC ISO 8601.

    A whole float becomes an integer, for PostgreSQL's jsonb may return either.

    Raises:
        TypeError: a value is not JSON and no aware moment.
        ValueError: a number is not finite, or a moment has no zone.
    """
    return {str(key): _plain(value) for key, value in data.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return _plain_number(value)
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, Mapping):
        return plain_data(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} does not belong into an event")


def _plain_number(value: float) -> float | int:
    if not math.isfinite(value):
        raise ValueError("an event holds finite numbers only")
    return int(value) if value.is_integer() else value


def stamp(moment: datetime) -> str:
    """Write a moment the one way that events keep it: UTC, six decimals of a second.

    Raises:
        ValueError: the moment has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone does not belong into an event")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def canonical_hash(sealed: Mapping[str, Any]) -> str:
    r"""Return the SHA-256 (hex) of values written as canonical JSON.

    Keys sorted at every depth, no blanks, ASCII with ``\u`` escapes, moments in UTC as
    ``2026-06-18T07:32:00.000000+00:00``, whole numbers without a fraction, others in Python's
    shortest form that reads back to the same float.
    """
    canonical = json.dumps(
        plain_data(sealed), sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
