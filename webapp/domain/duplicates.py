"""How likely a report and a case are one trouble, and what follows from that.

Log-odds add up: positions against accuracies, photos, category, time, words, phone, and what the
resident says. Every number behind them is in ``Weights``, fitted by a command; see
docs/duplicates.md.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any, Literal, TypeVar

from webapp.domain.duplicates_position import (
    Fix,
    PositionEvidence,
    has_usable_accuracy,
    weigh_positions,
)
from webapp.domain.duplicates_weights import PhotoEvidence, Weights
from webapp.domain.duplicates_words import overlap
from webapp.domain.geo import Position
from webapp.domain.likeness import PhotoLikeness

__all__ = [
    "CATEGORY_EXTENT_M",
    "MOST_CANDIDATES",
    "MOST_COMPARISONS",
    "MOST_SIGHTINGS",
    "RULE",
    "SEARCH_RADIUS_M",
    "Candidate",
    "Comparison",
    "Judgement",
    "Sighting",
    "Verdict",
    "Weights",
    "best_likeness",
    "choose_comparisons",
    "has_usable_accuracy",
    "judge",
    "position_odds",
    "verdict",
]

# What an attachment's terms call this way of deciding.
RULE = "likeliest_case_1"

# Two positions that both err by three times 50 m, the worst that a phone outdoors calls usable,
# lie about this far apart; FixMyStreet looks as far.
SEARCH_RADIUS_M = 250.0
# Comparing takes some 15 ms a pair of photos: these keep a decision below 400 ms.
MOST_CANDIDATES = 20
MOST_COMPARISONS = 24
# More positions of one case hardly narrow it further: the error falls with the square root.
MOST_SIGHTINGS = 8

# How far apart people may stand who photograph one such trouble: its own length, in metres.
CATEGORY_EXTENT_M: Mapping[str, float] = {
    "pavement_encroachment": 10.0,  # a shop front or two; a stall alone is 3 m
    "road_damage": 5.0,  # a pothole with the cracks around it
    "illegal_parking": 20.0,  # three or four cars; a row of coaches is 60 m
    "self_opened_crossing": 10.0,  # from either side of the track
    "corridor_encroachment": 20.0,  # a house on the corridor of a road or railway
    "poor_visibility": 15.0,  # a bend or the hedge before a crossroads
    "traffic_sign": 5.0,  # a post, seen from its road
    "congestion": 60.0,  # the queue before a school gate
    "overloaded_vehicle": 60.0,  # it moves
}
# As long as most of them; a category that a district added itself.
_USUAL_EXTENT_M = 10.0

# Below this e to the power of it is 0 in a double (its smallest exponent is near -745), and no
# evidence makes anything impossible.
LEAST_LOG_ODDS = -700.0

# Two fixes under open sky (10 m and better) this close are one spot for whoever looks from a
# street; nothing else is needed when no photo speaks against it.
SAME_SPOT_M = 5.0
SAME_SPOT_ACCURACY_M = 10.0

Verdict = Literal["attach", "suggest", "open"]
Photo = TypeVar("Photo", bound=Hashable)


@dataclass(frozen=True)
class Sighting:
    """One report as evidence of where trouble is.

    ``position.accuracy_m`` may be missing, tiny, huge or forged; ``at`` is when it was captured
    if that is known, else received. ``origin`` names the case that it first belonged to: what a
    person merged may lie in several spots, and each of them speaks for itself.
    """

    position: Position
    at: datetime
    category_code: str
    words: str = ""
    install_key_hash: str | None = None
    origin: int | None = None


@dataclass(frozen=True)
class Candidate:
    """A case near enough to be looked at.

    Attributes:
        case_id: of the case.
        place_id: of the lasting spot it is an episode of.
        category_code: what it is.
        status: one of ``casework.STATUSES``.
        unit_id: the commune on whose land it lies, whoever leads it.
        severity: 1 to 4.
        opened_at: when it began; the time of its last sighting counts if it has any.
        position: the case's own, which speaks when there are no sightings.
        sightings: its newest reports, at most ``MOST_SIGHTINGS`` of each spot it was merged from.
        likeness: the best over the pairs of photos that were compared; None when none could be.
        is_named: the resident says "tôi cũng thấy" of this very case.
        resolved_at: when it was resolved, if it was.
        proof_at: when its proof was captured, if it has one.
    """

    case_id: int
    place_id: int
    category_code: str
    status: str
    unit_id: int
    severity: int
    opened_at: datetime
    position: Position
    sightings: tuple[Sighting, ...] = ()
    likeness: PhotoLikeness | None = None
    is_named: bool = False
    resolved_at: datetime | None = None
    proof_at: datetime | None = None


@dataclass(frozen=True)
class Judgement:
    """How likely a report and a case are one trouble, with what that adds up from.

    Attributes:
        case_id: of the case.
        probability: from 0 to 1.
        log_odds: its natural-log odds, the sum of ``parts``.
        parts: log-odds of prior, position, photo, category, time, words, phone and named.
        distance_m: from the report to the pooled position of the case.
        photo_kind: same_bytes, same_picture, same_scene, no_match or not_compared.
        photo_points: features that agree in both photos.
        weights_version: of the fitting that judged.
        accuracy_m: the report's, as it was claimed.
        case_accuracy_m: of the case's pooled position.
        category_level: same, confusable or other.
        hours: since the case's last report (or before it).
        words_overlap: 0 to 1; None when there is nothing to compare.
        is_same_phone: whether one of its reports came from the same phone; None if unknown.
        is_named: whether the resident names the case.
        is_same_spot: one category, one spot by good fixes on both sides, no photos to compare.
    """

    case_id: int
    probability: float
    log_odds: float
    parts: Mapping[str, float]
    distance_m: float | None
    photo_kind: str
    photo_points: int
    weights_version: str
    accuracy_m: float | None
    case_accuracy_m: float | None
    category_level: str
    hours: float
    words_overlap: float | None
    is_same_phone: bool | None
    is_named: bool
    is_same_spot: bool

    def as_terms(self) -> dict[str, Any]:
        """Return the numbers behind a decision as JSON, for an attachment to keep."""
        return {
            "rule": RULE,
            "weights": self.weights_version,
            "probability": round(self.probability, 4),
            "log_odds": round(self.log_odds, 3),
            "parts": {name: round(part, 3) for name, part in self.parts.items()},
            "distance_m": _rounded(self.distance_m),
            "accuracy_m": _rounded(self.accuracy_m),
            "case_accuracy_m": _rounded(self.case_accuracy_m),
            "same_category": self.category_level == "same",
            "category_level": self.category_level,
            "photo_kind": self.photo_kind,
            "photo_points": self.photo_points,
            "hours": round(self.hours, 1),
            "words_overlap": _rounded(self.words_overlap, 2),
            "same_phone": self.is_same_phone,
            "is_named": self.is_named,
            "is_same_spot": self.is_same_spot,
        }


@dataclass(frozen=True)
class Comparison:
    """Two photos to be compared: one of the report, one of a case."""

    case_id: int
    report_photo: Any
    case_photo: Any


def judge(report: Sighting, candidate: Candidate, weights: Weights) -> Judgement:
    """Judge how likely a report tells of the trouble of a case.

    Whether the case is open, and whose it is, is not asked here.
    """
    position = _position_evidence(report, candidate, weights)
    photo = weights.photo.weigh(candidate.likeness)
    hours, is_same_phone = _hours(report, candidate), _is_same_phone(report, candidate)
    words_overlap = _overlap(report, candidate)
    category_level = _category_level(report, candidate, weights)
    parts = {
        "prior": weights.prior,
        "position": weights.position_slope * position.log_odds,
        "photo": photo.log_odds,
        "category": weights.category[category_level],
        "time": weights.time_slope * log_days(hours),
        "words": weights.words_slope * (words_overlap or 0.0),
        "phone": _phone_odds(is_same_phone, weights),
        "named": weights.named if candidate.is_named else 0.0,
    }
    log_odds = math.fsum(parts.values())
    return Judgement(
        case_id=candidate.case_id,
        probability=probability_of(log_odds),
        log_odds=log_odds,
        parts=parts,
        distance_m=position.distance_m,
        photo_kind=photo.kind,
        photo_points=photo.points,
        weights_version=weights.version,
        accuracy_m=report.position.accuracy_m,
        case_accuracy_m=position.accuracy_m,
        category_level=category_level,
        hours=hours,
        words_overlap=words_overlap,
        is_same_phone=is_same_phone,
        is_named=candidate.is_named,
        is_same_spot=photo.kind == "not_compared"
        and category_level == "same"
        and _is_same_spot(report, candidate, position.distance_m),
    )


def verdict(judgement: Judgement, report: Sighting, weights: Weights) -> Verdict:
    """Say what a probability comes to: attach, suggest to an officer, or neither.

    Reports of one kind from one spot, with good fixes and no photos to compare, are one case
    even where photos would have been needed to reach the upper threshold. A report whose accuracy
    is unknown, impossible or above 200 m is attached to nothing by itself, whatever speaks for it.
    """
    if judgement.probability < weights.suggest:
        return "open"
    is_likely = judgement.probability >= weights.attach or judgement.is_same_spot
    is_placed = has_usable_accuracy(report.position.accuracy_m)
    return "attach" if is_likely and is_placed else "suggest"


def position_odds(report: Sighting, candidate: Candidate, weights: Weights) -> float:
    """Return the log-odds of the positions alone: cheap, to choose what else to look at."""
    return weights.position_slope * _position_evidence(report, candidate, weights).log_odds


def choose_comparisons(
    report: Sighting,
    candidates: Iterable[Candidate],
    weights: Weights,
    *,
    report_photos: Sequence[Photo],
    case_photos: Mapping[int, Sequence[Photo]],
) -> list[Comparison]:
    """Choose which photos to compare, at most ``MOST_COMPARISONS`` pairs, the likeliest first.

    Every case gets a comparison before any gets a second one. The case that the resident names
    comes first, then those whose positions fit best.

    Args:
        report: what was sent.
        candidates: cases near by; those past ``MOST_CANDIDATES`` are not looked at.
        weights: the fitted numbers.
        report_photos: anything that names the report's comparable photos.
        case_photos: the same for each case, by its id, newest first.
    """
    ranked = sorted(
        candidates,
        key=lambda each: (not each.is_named, -position_odds(report, each, weights), each.case_id),
    )
    queues = [
        [
            Comparison(candidate.case_id, mine, theirs)
            for theirs in case_photos.get(candidate.case_id, ())
            for mine in report_photos
        ]
        for candidate in ranked[:MOST_CANDIDATES]
    ]
    rounds = (pair for turn in zip_longest(*queues) for pair in turn if pair is not None)
    return [pair for pair, _ in zip(rounds, range(MOST_COMPARISONS), strict=False)]


def best_likeness(likenesses: Iterable[PhotoLikeness], weights: Weights) -> PhotoLikeness | None:
    """Return the likeness that speaks most for one trouble; one that says nothing comes last."""
    return max(likenesses, key=lambda each: _rank(weights.photo.weigh(each), each), default=None)


def probability_of(log_odds: float) -> float:
    """Return the probability that natural-log odds stand for, never quite 0."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(max(log_odds, LEAST_LOG_ODDS))
    return odds / (1 + odds)


def log_days(hours: float) -> float:
    """Return the scale on which time is weighed: ln(1 + days)."""
    return math.log1p(hours / 24)


def extent_m(category_code: str) -> float:
    """Return how long a trouble of a category usually is, in metres."""
    return CATEGORY_EXTENT_M.get(category_code, _USUAL_EXTENT_M)


def _rank(evidence: PhotoEvidence, likeness: PhotoLikeness) -> tuple[bool, float, float]:
    return (evidence.kind != "not_compared", evidence.log_odds, likeness.score)


def _position_evidence(
    report: Sighting, candidate: Candidate, weights: Weights
) -> PositionEvidence:
    """Weigh a report against the spot of the case that fits it best."""
    spots: dict[int | None, list[Fix]] = defaultdict(list)
    for sighting in candidate.sightings:
        if len(spots[sighting.origin]) < MOST_SIGHTINGS:
            spots[sighting.origin].append(_fix(sighting.position, sighting.category_code))
    here = _fix(report.position, report.category_code)
    groups = list(spots.values()) or [[_fix(candidate.position, candidate.category_code)]]
    weighed = (weigh_positions(here, fixes, weights.surroundings) for fixes in groups)
    return max(weighed, key=lambda evidence: evidence.log_odds)


def _fix(position: Position, category_code: str) -> Fix:
    return Fix(position, extent_m(category_code))


def _category_level(report: Sighting, candidate: Candidate, weights: Weights) -> str:
    if report.category_code == candidate.category_code:
        return "same"
    pair = sorted((report.category_code, candidate.category_code))
    return "confusable" if (pair[0], pair[1]) in weights.confusable else "other"


def _is_same_spot(report: Sighting, candidate: Candidate, metres: float) -> bool:
    accuracies = [sighting.position.accuracy_m for sighting in candidate.sightings]
    return (
        metres <= SAME_SPOT_M
        and _is_good(report.position.accuracy_m)
        and any(_is_good(accuracy_m) for accuracy_m in accuracies)
    )


def _is_good(accuracy_m: float | None) -> bool:
    return has_usable_accuracy(accuracy_m) and (accuracy_m or 0.0) <= SAME_SPOT_ACCURACY_M


def _hours(report: Sighting, candidate: Candidate) -> float:
    moments = [sighting.at for sighting in candidate.sightings] or [candidate.opened_at]
    return abs((report.at - max(moments)).total_seconds()) / 3600


def _is_same_phone(report: Sighting, candidate: Candidate) -> bool | None:
    others = {each.install_key_hash for each in candidate.sightings} - {None}
    if report.install_key_hash is None or not others:
        return None
    return report.install_key_hash in others


def _phone_odds(is_same_phone: bool | None, weights: Weights) -> float:
    if is_same_phone is None:
        return 0.0
    return weights.phone["same" if is_same_phone else "other"]


def _overlap(report: Sighting, candidate: Candidate) -> float | None:
    return overlap(report.words, (sighting.words for sighting in candidate.sightings))


def _rounded(value: float | None, digits: int = 1) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(value, digits)
