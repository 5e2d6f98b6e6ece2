"""Fits the weights of duplicates: logistic regression with a pull towards what was believed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.domain.duplicates_weights import PhotoWeights, log_score
from webapp.domain.likeness import PhotoLikeness

Floats = NDArray[np.float64]

_MOST_ROUNDS = 100
_SETTLED = 1e-10
# What keeps a logarithm or a division finite; far below any probability that matters.
_TINY = 1e-12
# A strength that no number of labels moves.
_HELD = 1e9


@dataclass(frozen=True)
class Belief:
    """What a coefficient is before there are data: its value, and how strongly it is held.

    ``strength`` is the inverse of the variance of a Gaussian around ``value``; 0 holds nothing.
    """

    value: float
    strength: float


@dataclass(frozen=True)
class LabelledLikeness:
    """The likeness of two photos of which it is known whether they show one place."""

    likeness: PhotoLikeness
    is_same: bool


@dataclass(frozen=True)
class DecisionRow:
    """What was known of a report and a case in one decision, and the truth.

    Attributes:
        decision: which decision it was part of; a report and all its candidates share it.
        position: log-odds of the positions.
        photo: log-odds of the photos.
        is_same: whether the case is that of the report's place.
    """

    decision: int
    position: float
    photo: float
    is_same: bool


def fit_logistic(
    terms: Floats, is_true: Floats, beliefs: Sequence[Belief], weights: Floats | None = None
) -> Floats:
    """Return the coefficients that fit best, by iteratively reweighted least squares.

    Args:
        terms: shape (n, k).
        is_true: n zeros and ones.
        beliefs: k of them; with a strength above 0 there is one best answer whatever the data.
        weights: how much each row counts, shape (n,); 1 when left out.
    """
    held = np.array([belief.strength for belief in beliefs])
    values = np.array([belief.value for belief in beliefs])
    counts = np.ones(len(is_true)) if weights is None else weights
    found = values.copy()
    for _ in range(_MOST_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(terms @ found, -500, 500)))
        slope = terms.T @ (counts * (is_true - chance)) - held * (found - values)
        bend = (terms.T * (counts * chance * (1 - chance))) @ terms + np.diag(held + _TINY)
        step = np.linalg.solve(bend, slope)
        # A full step from far away may overshoot; a bounded one still arrives.
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), _TINY))
        found = found + step
        if float(np.abs(step).max()) < _SETTLED:
            break
    return found


def log_ratios(
    counts: Mapping[str, Mapping[str, float]],
) -> dict[str, float]:
    """Return ln(share among pairs of one trouble / share among pairs of two) for each level.

    Args:
        counts: by level, how many pairs ``same`` and ``different`` had it; all above 0.
    """
    same = sum(level["same"] for level in counts.values())
    different = sum(level["different"] for level in counts.values())
    return {
        name: math.log((level["same"] / same) / (level["different"] / different))
        for name, level in counts.items()
    }


@dataclass(frozen=True)
class PhotoBeliefs:
    """What is believed of photos before any pair was seen.

    ``agreements`` holds, for each kind of agreement, how many imagined pairs of photos taken near
    each other showed ``same`` or ``different`` troubles.
    """

    intercept: Belief
    slope: Belief
    agreements: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class DecisionWeights:
    """How prior, positions and photos are weighed against each other."""

    prior: float
    position_slope: float
    photo_slope: float

    def log_odds(self, row: DecisionRow) -> float:
        """Return what a row comes to."""
        return self.prior + self.position_slope * row.position + self.photo_slope * row.photo


@dataclass(frozen=True)
class Thresholds:
    """Probabilities from which a report is attached, and from which two are shown together."""

    attach: float
    suggest: float


def fit_photos(pairs: Sequence[LabelledLikeness], beliefs: PhotoBeliefs) -> PhotoWeights:
    """Fit what the likeness of two photos says; each kind of pair counts as much as the other.

    The score is calibrated by logistic regression on ln(1 + score). No agreement says more than
    the counts allow, believed ones included: two troubles may lie before one background.

    Args:
        pairs: of different pictures, compared; those of one place and those of two.
        beliefs: what is believed before.
    """
    is_true = np.array([float(pair.is_same) for pair in pairs])
    scores = np.array([log_score(pair.likeness.score) for pair in pairs])
    share = float(is_true.sum() / max(1.0, (1 - is_true).sum()))
    counts = np.where(is_true > 0, 1.0, share)
    terms = np.column_stack([np.ones(len(pairs)), scores])
    intercept, slope = fit_logistic(terms, is_true, [beliefs.intercept, beliefs.slope], counts)
    level = math.expm1(max(_TINY, -intercept / slope))
    agrees = np.array([pair.likeness.score >= level for pair in pairs], float)
    right = float((agrees * is_true).sum())
    wrong = float((agrees * (1 - is_true)).sum()) * share
    return PhotoWeights(
        same_bytes=_odds(beliefs.agreements["same_bytes"], right, wrong),
        same_picture=_odds(beliefs.agreements["same_picture"], right, wrong),
        intercept=float(intercept),
        slope=float(slope),
        most=_odds(beliefs.agreements["same_scene"], right, wrong),
        same_scene_score=level,
    )


def _odds(believed: Mapping[str, float], right: float, wrong: float) -> float:
    return math.log((believed["same"] + right) / (believed["different"] + wrong))


def scaled(photo: PhotoWeights, slope: float) -> PhotoWeights:
    """Return photo weights with all their log-odds multiplied."""
    return PhotoWeights(
        same_bytes=photo.same_bytes * slope,
        same_picture=photo.same_picture * slope,
        intercept=photo.intercept * slope,
        slope=photo.slope * slope,
        most=photo.most * slope,
        same_scene_score=photo.same_scene_score,
    )


def fit_decisions(rows: Sequence[DecisionRow], beliefs: Sequence[Belief]) -> DecisionWeights:
    """Fit prior, slope of the positions and slope of the photos, in this order of beliefs."""
    terms = np.array([[1.0, row.position, row.photo] for row in rows])
    is_true = np.array([float(row.is_same) for row in rows])
    prior, position, photo = fit_logistic(terms, is_true, beliefs)
    return DecisionWeights(float(prior), float(position), float(photo))


@dataclass(frozen=True)
class Targets:
    """What the thresholds are chosen by; shares from 0 to 1.

    Attributes:
        attach_precision: at least so many of what is attached must be right.
        suggest_recall: at least so many of the right cases must be attached or suggested.
        suggest_precision: at least so many of what is suggested must be right, or officers
            stop looking; this goes before the recall.
    """

    attach_precision: float
    suggest_recall: float
    suggest_precision: float


def choose_thresholds(judged: Iterable[tuple[DecisionRow, float]], targets: Targets) -> Thresholds:
    """Choose both thresholds from rows and their log-odds, judged by weights that knew neither.

    Attach from the lowest probability at which enough of the likeliest cases of all decisions are
    right; suggest from the highest that still finds enough of the right cases, or where
    suggesting more would be wrong too often; and always what is likelier right than wrong.
    """
    ranked = sorted(((log_odds, row) for row, log_odds in judged), key=lambda each: -each[0])
    best: dict[int, tuple[float, bool]] = {}
    for log_odds, row in ranked:
        best.setdefault(row.decision, (log_odds, row.is_same))
    attach = _lowest_precise(list(best.values()), targets.attach_precision)
    shown = [(log_odds, row.is_same) for log_odds, row in ranked if log_odds < attach]
    bearable = _lowest_precise(shown, targets.suggest_precision) if shown else attach
    right = [log_odds for log_odds, row in ranked if row.is_same]
    wanted = right[max(0, math.ceil(targets.suggest_recall * len(right)) - 1)]
    suggest = min(attach, 0.0, max(wanted, bearable))
    return Thresholds(_probability(attach), _probability(suggest))


def _lowest_precise(best: Sequence[tuple[float, bool]], least_precision: float) -> float:
    """Return the lowest log-odds above which enough are right; just above all when none is."""
    found, right = best[0][0] + 1.0, 0
    for taken, (log_odds, is_same) in enumerate(best, start=1):
        right += is_same
        # Of equal ones a threshold takes all or none.
        is_last = taken == len(best) or best[taken][0] < log_odds
        if is_last and right >= least_precision * taken:
            found = log_odds
    return found


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-min(30.0, max(-30.0, log_odds))))


@dataclass(frozen=True)
class Label:
    """What an officer said of two reports, with what the model had seen between them.

    Attributes:
        is_same: whether they tell of one trouble.
        category_level: same, confusable or other.
        is_same_phone: None when that is unknown.
        is_named: whether one named the other's case.
        log_days: ln(1 + days between them).
        overlap: of their words, 0 to 1; None when there was nothing to compare.
        other_log_odds: everything else that the model had added up.
    """

    is_same: bool
    category_level: str
    is_same_phone: bool | None
    is_named: bool
    log_days: float
    overlap: float | None
    other_log_odds: float


def counted(
    believed: Mapping[str, Mapping[str, float]], levels: Iterable[tuple[str, bool]]
) -> dict[str, dict[str, float]]:
    """Return believed counts with those of labels added: (level, is one trouble) each."""
    found = {level: dict(counts) for level, counts in believed.items()}
    for level, is_same in levels:
        if level in found:
            found[level]["same" if is_same else "different"] += 1
    return found


def fit_slopes(labels: Sequence[Label], beliefs: Sequence[Belief]) -> tuple[float, float]:
    """Fit the slopes of time (at most 0) and words (at least 0); 0 without labels.

    What else the model had seen is held as it is, so that only what it left open is explained.
    """
    if not labels:
        return 0.0, 0.0
    terms = np.array(
        [[label.log_days, label.overlap or 0.0, label.other_log_odds] for label in labels]
    )
    is_true = np.array([float(label.is_same) for label in labels])
    held = Belief(1.0, _HELD)
    time, words, _ = fit_logistic(terms, is_true, [*beliefs, held])
    return min(0.0, float(time)), max(0.0, float(words))
