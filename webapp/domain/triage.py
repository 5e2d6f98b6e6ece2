"""What becomes of a report: one pure decision from settled evidence and nearby cases."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from webapp.domain.duplicates import Candidate, attach_limit_m, nearest_candidate
from webapp.domain.evidence import DEFAULT_EXIF_ACCURACY_M, DEFAULT_PIN_ACCURACY_M, StrayFix
from webapp.domain.geo import Position

__all__ = [
    "DEFAULT_EXIF_ACCURACY_M",
    "DEFAULT_PIN_ACCURACY_M",
    "HOLD_CODES",
    "RULE",
    "Attach",
    "Candidate",
    "Decision",
    "Evidence",
    "Hold",
    "Open",
    "Relapse",
    "decide",
]

# Kept with every decision, so that an old one can be read by the rule that made it.
RULE = "nearest_open_case_1"

HOLD_CODES = (
    "no_position",
    "fix_not_of_photo",
    "outside_boundaries",
    "impossible_time",
    "category_needs_person",
    "no_photo_readable",
    "attempts_exhausted",
)


@dataclass(frozen=True)
class Evidence:
    """What triage knows of one report after its claims are settled.

    ``is_triaged_by_person`` is the category's ("other" is always read by a person, and so is one
    that is not offered any more); ``stray_fix`` is a fix that did not place the report;
    ``is_set_by_person`` says that a person at the desk has looked at this report and set
    something, which lifts every hold that only waits for a person. ``unit_id`` is the commune
    that holds the position, or what the person set; None means that nobody holds it.
    """

    category_code: str
    position: Position | None
    position_source: str | None
    captured_at: datetime | None
    is_time_certain: bool
    is_time_impossible: bool
    is_triaged_by_person: bool
    unit_id: int | None
    is_set_by_person: bool
    has_only_unreadable_photos: bool
    stray_fix: StrayFix | None = None


@dataclass(frozen=True)
class Attach:
    """The report belongs to this open case; ``terms`` holds the numbers behind that."""

    case_id: int
    terms: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Relapse:
    """Trouble is back at a place whose case was resolved."""

    place_id: int
    previous_case_id: int
    terms: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Open:
    """A case of its own; at a known place, or at a new one when ``place_id`` is None."""

    place_id: int | None
    terms: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Hold:
    """A person has to look; ``code`` is one of HOLD_CODES, ``details`` fill its sentence."""

    code: str
    details: dict[str, Any] = field(default_factory=dict)


Decision = Attach | Relapse | Open | Hold


def decide(
    evidence: Evidence,
    candidates: Iterable[Candidate],
    *,
    now: datetime,  # noqa: ARG001 - relapses (a later issue) ask for it; callers pass it already
) -> Decision:
    """Decide what becomes of a report.

    Args:
        evidence: the report, settled and routed.
        candidates: cases nearby; others may be among them, they are sifted here.
        now: the moment of the decision.

    Returns:
        Attach to the nearest open case of the same category and unit within the limit,
        otherwise Open; or Hold, with the first reason that a person would have to mend.
    """
    position, unit_id = evidence.position, evidence.unit_id
    if position is None:
        return _unplaced(evidence.stray_fix)
    if unit_id is None:
        return Hold("outside_boundaries", _degrees(position))
    hold = None if evidence.is_set_by_person else _wait_for_person(evidence)
    return hold or _attach_or_open(position, evidence.category_code, unit_id, candidates)


def _unplaced(fix: StrayFix | None) -> Hold:
    if fix is None:
        return Hold("no_position")
    return Hold(
        "fix_not_of_photo",
        {
            "fix_at": fix.at.isoformat() if fix.at else None,
            "captured_at": fix.captured_at.isoformat() if fix.captured_at else None,
        },
    )


def _wait_for_person(evidence: Evidence) -> Hold | None:
    if evidence.is_triaged_by_person:
        return Hold("category_needs_person", {"category_code": evidence.category_code})
    if evidence.is_time_impossible:
        return Hold("impossible_time")
    # A damaged photo alone stops nothing; but where the only word on the place comes out of
    # the damaged file itself, nothing that we could read supports it.
    if evidence.has_only_unreadable_photos and evidence.position_source == "exif":
        return Hold("no_photo_readable")
    return None


def _degrees(position: Position) -> dict[str, float]:
    return {
        "latitude": round(position.latitude, 6),
        "longitude": round(position.longitude, 6),
    }


def _attach_or_open(
    position: Position, category_code: str, unit_id: int, candidates: Iterable[Candidate]
) -> Attach | Open:
    limit_m = attach_limit_m(position.accuracy_m)
    nearest = nearest_candidate(position, category_code, unit_id, candidates)
    terms = {
        "rule": RULE,
        "accuracy_m": _rounded(position.accuracy_m),
        "limit_m": _rounded(limit_m),
        "distance_m": _rounded(nearest.distance_m if nearest else None),
        "same_category": nearest is not None,
        "same_unit": nearest is not None,
    }
    if nearest is None or limit_m is None or nearest.distance_m > limit_m:
        return Open(None, terms)
    return Attach(nearest.candidate.case_id, terms)


def _rounded(metres: float | None) -> float | None:
    return None if metres is None else round(metres, 1)
