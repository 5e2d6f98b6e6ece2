"""The state of a case and one happening to it, as the rules hand them to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# How a case's number is written: NH-2026-00042. Its prefix is the settings' to choose.
CASE_NUMBER_PATTERN = "[A-Z]{1,8}-[0-9]{4}-[0-9]{1,9}"


@dataclass(frozen=True)
class CaseState:
    """All that the events of a case add up to; moments are aware and in UTC.

    ``merged_into_id`` names the case that took this one's reports; such a case keeps its status
    and its history, has no reports, and allows nothing but being given its reports back.
    ``commune_id`` is the commune on whose land it lies, whoever leads. ``routing`` says how that
    was known (``domain.routing``); ``is_border_open`` that an officer has yet to confirm it.
    ``chainage_m`` is the distance along the corridor from kilometre 0. ``transfer_count`` counts
    the transfers that were accepted; ``transfer_to_id`` is the unit that was asked and has not
    answered, ``is_ruling_asked`` that the supervising unit was, and has not ruled.
    """

    status: str
    severity: int
    lead_unit_id: int
    category_code: str
    latitude: float
    longitude: float
    report_count: int
    witness_count: int
    acknowledge_due_at: datetime
    resolve_due_at: datetime
    opened_at: datetime
    place_id: int
    first_viewed_at: datetime | None = None
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    last_captured_at: datetime | None = None
    public_sentence: str | None = None
    address: str | None = None
    previous_case_id: int | None = None
    proof_at: datetime | None = None
    is_relapse: bool = False
    merged_into_id: int | None = None
    commune_id: int | None = None
    routing: str = "clear"
    is_border_open: bool = False
    corridor_id: int | None = None
    chainage_m: float | None = None
    chainage_accuracy_m: float | None = None
    crossing_id: int | None = None
    transfer_count: int = 0
    transfer_to_id: int | None = None
    is_ruling_asked: bool = False


@dataclass(frozen=True)
class Happening:
    """One thing that happened to a case: who, of which unit at that time, when, and what.

    ``data`` is JSON as stored (``plain_data`` makes it so). What each kind carries:

    - opened: severity, lead_unit_id, category_code, latitude, longitude, place_id,
      acknowledge_due_at, resolve_due_at; optionally address, previous_case_id, is_relapse,
      report_count, witness_count, last_captured_at, split_from_id, split_from_number,
      commune_id (left out: the lead's land), routing, is_border_open, corridor_id, chainage_m,
      chainage_accuracy_m, crossing_id,
      transfer_count (of a case that was split off: splitting makes no new transfer possible)
    - report_attached: witness_count (after it); optionally captured_at, report_id, terms …
    - resolved: public_sentence; optionally photo_ids, photo_captured_at
    - severity_raised: severity; optionally acknowledge_due_at, resolve_due_at
    - merged, report_returned: report_count, witness_count, last_captured_at (after it), severity,
      acknowledge_due_at, resolve_due_at (none of them lowers or postpones anything);
      merged also: is_relapse, previous_case_id, transfer_count of both together
    - merged_into: into_case_id, into_number
    - merge_undone, report_split_off: report_count, witness_count, last_captured_at
    - separated: these, and severity, acknowledge_due_at, resolve_due_at of both together
    - transfer_offered: transfer_id, to_unit_id (None: the supervising unit rules)
    - transfer_accepted, transfer_ruled: transfer_id, lead_unit_id; the first counts as a transfer
    - land_passed: lead_unit_id, commune_id, and from_unit_id, from_commune_id, switch_id; and
      transfer_to_id, where the unit that was asked has a successor
    - crossing_linked: crossing_id (None takes the link away)
    - the others change at most their own moment; what else they carry is for the reader
    """

    kind: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    actor_id: int | None = None
    actor_unit_id: int | None = None
    reason_code: str | None = None
    words: str | None = None


def moment(value: datetime | str | None) -> datetime | None:
    """Return a moment of an event's data in UTC, if there is one."""
    return None if value is None else needed_moment(value)


def needed_moment(value: datetime | str) -> datetime:
    """Return a moment of an event's data, as stored or as it was handed in, in UTC."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(UTC)


def later(a: datetime | None, b: datetime | None) -> datetime | None:
    """Return the later of two moments that may be unknown."""
    return max((at for at in (a, b) if at is not None), default=None)


def earlier(a: datetime, b: datetime | None) -> datetime:
    """Return the earlier of two moments, the second of which may be missing."""
    return a if b is None else min(a, b)
