"""What the stored terms of an attachment say, whichever rule wrote them, ready to be put in words.

Terms are kept for ever, so a page meets those of every rule there has been: the nearest open case
within a limit (``nearest_open_case_1``), the probability of today, and what persons did by hand.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What a probability is made of, in the order in which a person would ask for it.
PARTS = ("prior", "position", "photo", "category", "time", "words", "phone", "named")

# Decisions that a person took; the terms of the machine lie below them, under "before".
BY_HAND = ("merged", "unmerged", "split", "unsplit")

# How sure one may sound. Of a hundred cases called nearly certain at most five are not; where
# not even every second one would be right, there is little to be said for it.
_LIKELIHOODS = ((0.995, "certain"), (0.95, "nearly_certain"), (0.8, "very_likely"), (0.5, "likely"))


@dataclass(frozen=True)
class Grounds:
    """Why a report belongs to its case, or what speaks for two cases being one.

    Attributes:
        decision: attach, suggest, open, relapse, late_evidence; merged, unmerged, split, unsplit
            by hand; empty where only an older rule or nothing is known.
        is_judged: the numbers of a judgement stand in the terms.
        probability: that the report and the case are one trouble, 0 to 1.
        parts: natural-log odds by name (``PARTS``); they add up to ``log_odds``.
        distance_m: from the report to the case; ``limit_m`` what the older rule allowed.
        accuracy_m: of the report's position; ``case_accuracy_m`` of the case's.
        hours: between the report and the nearest other one of the case.
        photo_kind: same_bytes, same_picture, same_scene, no_match or not_compared.
        from_number: the case that it was moved away from by hand.
        before: what the machine had seen, where a person decided later.
    """

    decision: str = ""
    is_judged: bool = False
    probability: float | None = None
    log_odds: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    distance_m: float | None = None
    limit_m: float | None = None
    accuracy_m: float | None = None
    case_accuracy_m: float | None = None
    hours: float | None = None
    is_same_category: bool | None = None
    is_same_phone: bool = False
    is_named: bool = False
    photo_kind: str = "not_compared"
    photo_points: int = 0
    from_number: str | None = None
    before: "Grounds | None" = None

    @property
    def is_by_hand(self) -> bool:
        """Whether a person moved the report here."""
        return self.decision in BY_HAND

    @property
    def has_like_words(self) -> bool:
        """Whether the words alone make it at least twice as likely that both mean one thing."""
        return self.parts.get("words", 0.0) >= math.log(2)

    @property
    def likelihood(self) -> str:
        """How sure that is in words: certain, nearly_certain, very_likely, likely or unlikely."""
        return likelihood(self.probability)


def likelihood(probability: float | None) -> str:
    """Return how sure a probability is: one of five codes, or empty when there is none."""
    if probability is None:
        return ""
    steps = (code for least, code in _LIKELIHOODS if probability >= least)
    return next(steps, "unlikely")


def read_grounds(terms: Mapping[str, Any]) -> Grounds:
    """Read stored terms; what is missing or cannot be read is as good as not said."""
    before, probability = terms.get("before"), _number(terms, "probability")
    return Grounds(
        decision=str(terms.get("decision") or ""),
        is_judged=probability is not None,
        probability=probability,
        log_odds=_number(terms, "log_odds"),
        parts=_parts(terms.get("parts")),
        distance_m=_number(terms, "distance_m"),
        limit_m=_number(terms, "limit_m"),
        accuracy_m=_number(terms, "accuracy_m"),
        case_accuracy_m=_number(terms, "case_accuracy_m"),
        hours=_number(terms, "hours"),
        is_same_category=terms.get("same_category"),
        is_same_phone=bool(terms.get("same_phone")),
        is_named=bool(terms.get("is_named")),
        photo_kind=str(terms.get("photo_kind") or "not_compared"),
        photo_points=int(_number(terms, "photo_points") or 0),
        from_number=terms.get("from_number"),
        before=read_grounds(before) if isinstance(before, Mapping) else None,
    )


def _parts(found: object) -> dict[str, float]:
    if not isinstance(found, Mapping):
        return {}
    read = {name: _number(found, name) for name in PARTS}
    return {name: value for name, value in read.items() if value is not None}


def _number(terms: Mapping[str, Any], name: str) -> float | None:
    value = terms.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
