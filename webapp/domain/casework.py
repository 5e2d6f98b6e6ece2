"""What a case is: the sum of its events, what checks each act, and the seal on each event."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from webapp.domain import merging, transfers
from webapp.domain.acts import (
    DESK_ACTS,
    OPEN_STATUSES,
    ROLES,
    SEVERITIES,
    STATUSES,
    TRANSITIONS,
    Circumstances,
    Part,
    Transition,
    can_follow,
    objection,
)
from webapp.domain.case_state import CaseState, Happening, earlier, later, moment, needed_moment
from webapp.domain.errors import InvalidInput, NotAllowed
from webapp.domain.geo import Position, distance_m
from webapp.domain.seal import canonical_hash, plain_data

__all__ = [
    "DESK_ACTS",
    "KINDS",
    "LEAD_NAMING_KINDS",
    "MOVING_KINDS",
    "OPEN_STATUSES",
    "ROLES",
    "SEVERITIES",
    "STATUSES",
    "TRANSITIONS",
    "CaseState",
    "Happening",
    "Part",
    "Transition",
    "apply",
    "check",
    "check_needs",
    "check_proof",
    "check_raised",
    "due_at",
    "event_hash",
    "is_open",
    "objection_to",
    "plain_data",
    "possible_acts",
    "possible_desk_acts",
]

KINDS = (
    "opened",
    "report_attached",
    "first_viewed",
    "acknowledged",
    "started",
    "resolved",
    "photo_reviewed",
    "words_reviewed",
    "severity_raised",
    "note_added",
    "merged",
    "merged_into",
    "merge_undone",
    "separated",
    "kept_apart",
    "report_split_off",
    "report_returned",
    "border_confirmed",
    "coordination_asked",
    "coordination_replied",
    "coordination_ended",
    "transfer_offered",
    "transfer_accepted",
    "transfer_refused",
    "transfer_withdrawn",
    "transfer_ruled",
    "land_passed",
    "crossing_linked",
)

# These say that another unit leads now, and which.
MOVING_KINDS = ("transfer_accepted", "transfer_ruled", "land_passed")
# Every kind whose data name who leads from then on.
LEAD_NAMING_KINDS = ("opened", *MOVING_KINDS)

_ROWS = {row.act: row for row in TRANSITIONS + DESK_ACTS}

# The proof must show the place. A phone's fix between houses errs by some 50 m, and a
# stretch of pavement is photographed from its end: further away than this it shows another.
PROOF_RADIUS_M = 200.0


def is_open(status: str) -> bool:
    """Tell whether a unit still has to act."""
    return status in OPEN_STATUSES


def due_at(state: CaseState) -> datetime:
    """Return the deadline that runs now: to acknowledge while new, to resolve after that."""
    return state.acknowledge_due_at if state.status == "new" else state.resolve_due_at


def check(act: str, state: CaseState, *, role: str, parts: frozenset[Part]) -> Transition:
    """Return the allowed act, or say why it is not.

    Whether the person may see the case at all is asked before this (404 otherwise).

    Args:
        act: a name of the table.
        state: the case.
        role: that of the person.
        parts: what the person's unit is to the case.

    Raises:
        NotAllowed: ``act_not_possible`` with ``act``, ``status`` and ``reason``: unknown_act, or
            one of ``acts.objection``.
    """
    reason = objection_to(act, state, role=role, parts=parts)
    transition = _ROWS.get(act)
    if transition is None or reason:
        raise NotAllowed("act_not_possible", act=act, status=state.status, reason=reason)
    return transition


def objection_to(act: str, state: CaseState, *, role: str, parts: frozenset[Part]) -> str | None:
    """Return the reason of ``check`` why an act is not possible now, or None when it is."""
    transition = _ROWS.get(act)
    if transition is None:
        return "unknown_act"
    return objection(transition, _circumstances(state), role=role, parts=parts)


def possible_acts(state: CaseState, *, role: str, parts: frozenset[Part]) -> tuple[Transition, ...]:
    """Return the moves of the table that this person could make now, for the page's buttons."""
    return _possible(TRANSITIONS, state, role, parts)


def possible_desk_acts(
    state: CaseState, *, role: str, parts: frozenset[Part]
) -> tuple[Transition, ...]:
    """Return the other acts that this person could do now, which move no status."""
    return _possible(DESK_ACTS, state, role, parts)


def _possible(
    rows: tuple[Transition, ...], state: CaseState, role: str, parts: frozenset[Part]
) -> tuple[Transition, ...]:
    case = _circumstances(state)
    return tuple(row for row in rows if not objection(row, case, role=role, parts=parts))


def _circumstances(state: CaseState) -> Circumstances:
    return Circumstances(
        status=state.status,
        severity=state.severity,
        is_merged_away=state.merged_into_id is not None,
        is_border_open=state.is_border_open,
        transfer=transfers.standing_of(state),
    )


def check_needs(transition: Transition, provided: Collection[str]) -> None:
    """Refuse an act that came without what it needs.

    Args:
        transition: what ``check`` returned.
        provided: names of the needs that are met: after_photo, public_sentence, severity.

    Raises:
        InvalidInput: ``<need>_needed``, with the need as its field.
    """
    for need in transition.needs:
        if need not in provided:
            raise InvalidInput(f"{need}_needed", field=need)


def check_proof(
    state: CaseState,
    *,
    captured_at: datetime | None,
    position: Position | None,
) -> None:
    """Refuse an after-photo that cannot be proof: not newer than the evidence, or from elsewhere.

    Equal moments are refused as well: the very photo of the evidence would have one. No skew of
    clocks is forgiven: a reporting phone's clock was corrected at receipt, phones take the time
    from their network, and whoever clears a place comes back later than seconds after a report.

    What the photo does not say cannot be held against it: phones strip positions and times.

    Raises:
        InvalidInput: ``after_photo_too_early`` or ``after_photo_too_far``.
    """
    newest = state.last_captured_at
    if captured_at and newest and captured_at <= newest:
        raise InvalidInput("after_photo_too_early", field="after_photo")
    if position is None:
        return
    away_m = distance_m(position, Position(state.latitude, state.longitude))
    if away_m > PROOF_RADIUS_M + (position.accuracy_m or 0.0):
        raise InvalidInput("after_photo_too_far", field="after_photo", distance_m=round(away_m))


def check_raised(state: CaseState, severity: int) -> None:
    """Refuse a severity that is not higher than the case's.

    Raises:
        InvalidInput: ``severity_not_higher``.
    """
    if severity not in SEVERITIES or severity <= state.severity:
        raise InvalidInput("severity_not_higher", field="severity", severity=state.severity)


def apply(state: CaseState | None, happening: Happening) -> CaseState:
    """Return the case after one more event; the only place where a case changes.

    Args:
        state: the case so far; None before its first event, which must be ``opened``.
        happening: what happened.

    Raises:
        NotAllowed: ``event_not_possible``, when the kind cannot follow (or nothing knows it).
        InvalidInput: a severity was "raised" to one that is not higher.
    """
    if happening.kind == "opened":
        if state is not None:
            raise NotAllowed("event_not_possible", kind=happening.kind, status=state.status)
        return _open(happening)
    if state is None or happening.kind not in KINDS or not _can_follow(state, happening.kind):
        raise NotAllowed(
            "event_not_possible", kind=happening.kind, status=state.status if state else None
        )
    effect = _EFFECTS.get(happening.kind)
    return effect(state, happening) if effect else state


def _can_follow(state: CaseState, kind: str) -> bool:
    return can_follow(kind, _circumstances(state))


def _open(happening: Happening) -> CaseState:
    data = happening.data
    return CaseState(
        status="new",
        severity=data["severity"],
        lead_unit_id=data["lead_unit_id"],
        category_code=data["category_code"],
        latitude=float(data["latitude"]),
        longitude=float(data["longitude"]),
        report_count=data.get("report_count", 0),
        witness_count=data.get("witness_count", 0),
        acknowledge_due_at=needed_moment(data["acknowledge_due_at"]),
        resolve_due_at=needed_moment(data["resolve_due_at"]),
        opened_at=happening.at,
        place_id=data["place_id"],
        last_captured_at=moment(data.get("last_captured_at")),
        address=data.get("address"),
        previous_case_id=data.get("previous_case_id"),
        is_relapse=data.get("is_relapse", False),
        commune_id=data.get("commune_id", data["lead_unit_id"]),
        routing=data.get("routing", "clear"),
        is_border_open=data.get("is_border_open", False),
        corridor_id=data.get("corridor_id"),
        chainage_m=data.get("chainage_m"),
        chainage_accuracy_m=data.get("chainage_accuracy_m"),
        crossing_id=data.get("crossing_id"),
        transfer_count=data.get("transfer_count", 0),
    )


def _attach_report(state: CaseState, happening: Happening) -> CaseState:
    return replace(
        state,
        report_count=state.report_count + 1,
        witness_count=happening.data["witness_count"],
        last_captured_at=later(state.last_captured_at, moment(happening.data.get("captured_at"))),
    )


def _view(state: CaseState, happening: Happening) -> CaseState:
    return replace(state, first_viewed_at=state.first_viewed_at or happening.at)


def _acknowledge(state: CaseState, happening: Happening) -> CaseState:
    return replace(
        state,
        status="acknowledged",
        acknowledged_at=state.acknowledged_at or happening.at,
    )


def _start(state: CaseState, _happening: Happening) -> CaseState:
    return replace(state, status="in_progress")


def _resolve(state: CaseState, happening: Happening) -> CaseState:
    return replace(
        state,
        status="resolved",
        resolved_at=happening.at,
        # A photo that says nothing of its time, or something that cannot be, was taken by then.
        proof_at=earlier(happening.at, moment(happening.data.get("photo_captured_at"))),
        public_sentence=happening.data["public_sentence"],
    )


def _raise_severity(state: CaseState, happening: Happening) -> CaseState:
    severity = happening.data["severity"]
    check_raised(state, severity)
    return replace(
        state,
        severity=severity,
        # A graver case never gets more time: the earlier deadline holds.
        acknowledge_due_at=earlier(
            state.acknowledge_due_at, moment(happening.data.get("acknowledge_due_at"))
        ),
        resolve_due_at=earlier(state.resolve_due_at, moment(happening.data.get("resolve_due_at"))),
    )


def _confirm_border(state: CaseState, _happening: Happening) -> CaseState:
    return replace(state, is_border_open=False)


def _link_crossing(state: CaseState, happening: Happening) -> CaseState:
    return replace(state, crossing_id=happening.data["crossing_id"])


_EFFECTS: dict[str, Callable[[CaseState, Happening], CaseState]] = {
    "report_attached": _attach_report,
    "first_viewed": _view,
    "acknowledged": _acknowledge,
    "started": _start,
    "resolved": _resolve,
    "severity_raised": _raise_severity,
    "merged": merging.fold_gain,
    "report_returned": merging.fold_gain,
    "merged_into": merging.fold_merged_away,
    "merge_undone": merging.fold_counts,
    "report_split_off": merging.fold_counts,
    "separated": merging.fold_separated,
    "border_confirmed": _confirm_border,
    "transfer_offered": transfers.fold_offered,
    "transfer_accepted": transfers.fold_accepted,
    "transfer_refused": transfers.fold_ended,
    "transfer_withdrawn": transfers.fold_ended,
    "transfer_ruled": transfers.fold_ruled,
    "land_passed": transfers.fold_land_passed,
    "crossing_linked": _link_crossing,
}


def event_hash(
    previous_hash: str | None, case_number: str, version: int, happening: Happening
) -> str:
    """Return the SHA-256 (hex) that seals an event and, through it, all events before.

    Hashed is one object with the keys actor_id, actor_unit_id, at, case, data, kind, previous,
    reason_code, version and words, in the form of ``seal.canonical_hash``; anybody can recompute
    it from the stored columns.
    """
    return canonical_hash(
        {
            "previous": previous_hash,
            "case": case_number,
            "version": version,
            "kind": happening.kind,
            "at": happening.at,
            "actor_id": happening.actor_id,
            "actor_unit_id": happening.actor_unit_id,
            "reason_code": happening.reason_code,
            "words": happening.words,
            "data": happening.data,
        }
    )
