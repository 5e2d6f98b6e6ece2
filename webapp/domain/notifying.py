"""Telling residents: what is told of a case, when, under which id, and by which link.

Nothing here knows how a message travels. A capability stands in each link: it opens the messages
page of one report, is made of the report's id and its link version, and dies with that version.
"""

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

# What a message may be about. Only the first goes to a contact that has not said yes.
KINDS = ("confirm", "received", "moved", "resolved")
CHANNELS = ("email", "webhook")

# What happens to a case, and the message that tells it to its reporters.
KIND_OF_EVENT = {
    "report_attached": "received",
    "transfer_accepted": "moved",
    "transfer_ruled": "moved",
    "land_passed": "moved",
    "resolved": "resolved",
}

# Mail servers elsewhere are given up on after four or five days (RFC 5321, 4.5.4.1). What
# happened on a road is old news sooner: after three days the status page tells it better.
STALE_AFTER = timedelta(days=3)

# News is told through the sweeper, which hands over some fifty pieces of work at a time: the news
# of five hundred cases at once, as on the day of new boundaries, leaves room for reports between.
NEWS_PAUSE = timedelta(seconds=5)

# Somebody else's address typed into the form must not become a stream of messages to them.
MOST_CONFIRMATIONS_A_DAY = 3

_NAMESPACE = uuid.UUID("a3b1f6de-7c1f-5d0a-9a52-0d6a5be5a1c4")
_PURPOSE = "messages"
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
# 26 signs of five bits hold 130 bits: the first 128 of the HMAC can be neither guessed nor tried.
_SEAL_BYTES = 16
_SEAL_LENGTH = 26
# The largest id of a BIGINT column takes 13 signs.
_LONGEST = _SEAL_LENGTH + 13


@dataclass(frozen=True)
class QuietHours:
    """The hours of each night in which nobody is woken; equal ends mean that there are none.

    ``start`` and ``end`` hang on the clock of ``zone``; the span may pass midnight.
    """

    start: time
    end: time
    zone: ZoneInfo


def earliest_sending(kind: str, now: datetime, quiet: QuietHours) -> datetime:
    """Return when a message may go out: now, or when the night is over.

    A confirmation goes at once: whoever has just filled in the form is awake, and waits for it.

    Args:
        kind: one of ``KINDS``.
        now: aware.
        quiet: the hours in which the others wait.
    """
    return now if kind == "confirm" else after_quiet(now, quiet)


def after_quiet(now: datetime, quiet: QuietHours) -> datetime:
    """Return ``now``, or the end of the quiet hours (in the zone of ``now``) that it lies in."""
    if quiet.start == quiet.end:
        return now
    local = now.astimezone(quiet.zone)
    if not _is_within(local.time(), quiet):
        return now
    day = local.date() + timedelta(days=local.time() >= quiet.end)
    return datetime.combine(day, quiet.end, quiet.zone).astimezone(now.tzinfo)


def _is_within(clock_time: time, quiet: QuietHours) -> bool:
    if quiet.start < quiet.end:
        return quiet.start <= clock_time < quiet.end
    return clock_time >= quiet.start or clock_time < quiet.end


def told_kind(kind: str, data: Mapping[str, Any], lead_before: int | None) -> str | None:
    """Return which message tells an event, or None for one that changes nothing for a reporter.

    Args:
        kind: the event's kind.
        data: the event's data; those that pass the lead on name ``lead_unit_id``.
        lead_before: the id of the unit that led until then, if it is known.
    """
    told = KIND_OF_EVENT.get(kind)
    if told == "moved" and data.get("lead_unit_id") == lead_before:
        # A ruling may leave the case where it was, and land may pass under a corridor's manager.
        return None
    return told


def message_id(
    report_id: int, received_at: datetime, kind: str, channel: str, event_id: int | None
) -> uuid.UUID:
    """Return the id of a message: the same for the same change, told again or by two workers.

    The moment of receipt tells two databases apart that number their reports alike.

    Args:
        report_id: whose reporter is told.
        received_at: when that report came; aware.
        kind: one of ``KINDS``.
        channel: one of ``CHANNELS``.
        event_id: the event that is told; None for a confirmation.
    """
    stamp = received_at.astimezone(ZoneInfo("UTC")).isoformat()
    return uuid.uuid5(_NAMESPACE, f"{report_id}@{stamp}/{kind}/{channel}/{event_id or ''}")


def is_stale(created_at: datetime, now: datetime) -> bool:
    """Tell whether a message waited so long that it is no news any more."""
    return now - created_at > STALE_AFTER


def link_key(secret_key: str) -> bytes:
    """Derive the key of all links from the installation's secret, which signs other things too."""
    return hmac.new(secret_key.encode(), b"an-lo:links:1", hashlib.sha256).digest()


def capability(key: bytes, report_id: int, link_version: int) -> str:
    """Return what stands in a link: a seal over purpose, report and version, then the report's id.

    Small letters and digits of Crockford's base32, 27 to 39 of them.

    Args:
        key: from ``link_key``.
        report_id: above zero.
        link_version: the contact's; raising it revokes every link that was made before.
    """
    return _seal(key, report_id, link_version) + _written(report_id)


def report_id_of(raw: str) -> int | None:
    """Return which report a capability claims to open, unproven; None when it is garbled."""
    if not _SEAL_LENGTH < len(raw) <= _LONGEST or not set(raw) <= set(_DIGITS):
        return None
    claimed = raw[_SEAL_LENGTH:]
    if claimed.startswith("0"):
        return None
    report_id = 0
    for sign in claimed:
        report_id = report_id * 32 + _DIGITS.index(sign)
    return report_id if report_id < 2**63 else None


def opens(raw: str, key: bytes, report_id: int, link_version: int) -> bool:
    """Tell in constant time whether a capability is the report's link of that version."""
    expected = capability(key, report_id, link_version)
    return hmac.compare_digest(raw.encode(), expected.encode())


def was_revoked(raw: str, key: bytes, report_id: int, link_version: int) -> bool:
    """Tell whether a capability was the report's link before ``link_version``."""
    return any(opens(raw, key, report_id, version) for version in range(link_version))


def _seal(key: bytes, report_id: int, link_version: int) -> str:
    words = f"{_PURPOSE}|{report_id}|{link_version}".encode("ascii")
    digest = hmac.new(key, words, hashlib.sha256).digest()[:_SEAL_BYTES]
    return _written(int.from_bytes(digest, "big")).rjust(_SEAL_LENGTH, "0")


def _written(number: int) -> str:
    signs = ""
    while number:
        number, rest = divmod(number, 32)
        signs = _DIGITS[rest] + signs
    return signs
