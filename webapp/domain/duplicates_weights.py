"""The fitted numbers by which duplicates are judged, and how they are written down."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.domain.duplicates_position import Surroundings
from webapp.domain.likeness import PhotoLikeness
from webapp.domain.seal import canonical_hash

# Perceptual hashes of one picture, resized and re-encoded, differ in hardly more of 64 bits;
# it is never believed alone, the features must agree.
SAME_PICTURE_BITS = 8
# With fewer features a photo shows a plain wall, fog or the night: that nothing matches says
# nothing. Photos of streets have hundreds.
LEAST_FEATURES = 60

# Hexadecimal digits: 48 bits tell any two fittings apart, and a person can read them out.
_VERSION_DIGITS = 12


@dataclass(frozen=True)
class PhotoEvidence:
    """What the likeness of two photos says: its kind, log-odds, and how many points agree."""

    kind: str
    log_odds: float
    points: int


NOT_COMPARED = PhotoEvidence("not_compared", 0.0, 0)


@dataclass(frozen=True)
class PhotoWeights:
    """Natural-log odds that two photos show one trouble.

    Attributes:
        same_bytes: one file.
        same_picture: one picture, encoded anew.
        intercept: two comparable photos without any agreement; below 0.
        slope: per unit of ln(1 + score); at least 0.
        most: no agreement of two pictures says more.
        same_scene_score: from this score on we say that two photos show one scene.
    """

    same_bytes: float
    same_picture: float
    intercept: float
    slope: float
    most: float
    same_scene_score: float

    def weigh(self, likeness: PhotoLikeness | None) -> PhotoEvidence:
        """Return what a likeness says; None, or too little to see, says nothing."""
        if likeness is None:
            return NOT_COMPARED
        if likeness.is_same_bytes:
            return PhotoEvidence("same_bytes", self.same_bytes, likeness.inliers)
        if likeness.features < LEAST_FEATURES:
            return NOT_COMPARED
        log_odds = self.of_score(likeness.score)
        if likeness.score < self.same_scene_score:
            return PhotoEvidence("no_match", log_odds, likeness.inliers)
        if likeness.hash_distance <= SAME_PICTURE_BITS:
            best = max(log_odds, self.same_picture)
            return PhotoEvidence("same_picture", best, likeness.inliers)
        return PhotoEvidence("same_scene", log_odds, likeness.inliers)

    def of_score(self, score: float) -> float:
        """Return the log-odds of a score from 0 to 300."""
        return min(self.most, self.intercept + self.slope * log_score(score))


def log_score(score: float) -> float:
    """Return ln(1 + score), the scale on which evidence of photos is weighed."""
    return math.log1p(max(0.0, score))


@dataclass(frozen=True)
class Weights:
    """Everything that a judgement adds up, fitted by ``flask duplicates fit``.

    Attributes:
        attach: probability from which a report is attached by itself.
        suggest: probability from which an officer is shown the two together.
        prior: log-odds before anything is known but that a case lies near.
        position_slope: what the analytic log-odds of the positions are multiplied by.
        surroundings: what is believed of positions and neighbours.
        photo: log-odds of photos.
        category: log-odds of "same", "confusable" and "other" categories.
        phone: log-odds of "same" and "other" phones; two unknown ones say nothing.
        named: log-odds when the resident names this very case.
        time_slope: per unit of ln(1 + days since the last report); at most 0.
        words_slope: per unit of the words' overlap (0 to 1); at least 0.
        confusable: pairs of categories that residents take for each other, each sorted.
        account: what all of it was fitted on and which of it is assumed; only to be read.
        version: names this fitting; taken from everything else.
    """

    attach: float
    suggest: float
    prior: float
    position_slope: float
    surroundings: Surroundings
    photo: PhotoWeights
    category: Mapping[str, float]
    phone: Mapping[str, float]
    named: float
    time_slope: float
    words_slope: float
    confusable: frozenset[tuple[str, str]]
    account: Mapping[str, Any]
    version: str = ""

    def __post_init__(self) -> None:
        """Name the fitting after its content.

        Raises:
            ValueError: thresholds that are no probabilities, or in the wrong order.
        """
        if not 0 < self.suggest <= self.attach < 1:
            raise ValueError("thresholds must be 0 < suggest <= attach < 1")
        digest = canonical_hash(self._content())
        object.__setattr__(self, "version", digest[:_VERSION_DIGITS])

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Weights":
        """Read weights from what ``as_json`` wrote.

        Raises:
            KeyError, TypeError, ValueError: that is no fitting, or one that was edited by hand.
        """
        weights = cls(
            attach=data["thresholds"]["attach"],
            suggest=data["thresholds"]["suggest"],
            prior=data["prior"],
            position_slope=data["position_slope"],
            surroundings=Surroundings(**data["surroundings"]),
            photo=PhotoWeights(**data["photo"]),
            category=data["category"],
            phone=data["phone"],
            named=data["named"],
            time_slope=data["time_slope"],
            words_slope=data["words_slope"],
            confusable=frozenset((one, two) for one, two in data["confusable"]),
            account=data["account"],
        )
        if data["version"] != weights.version:
            raise ValueError("the weights are not those that were fitted: run the fit again")
        return weights

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data, the version first."""
        return {"version": self.version, **self._content()}

    def _content(self) -> dict[str, Any]:
        return {
            "thresholds": {"attach": self.attach, "suggest": self.suggest},
            "prior": self.prior,
            "position_slope": self.position_slope,
            "surroundings": dict(vars(self.surroundings)),
            "photo": dict(vars(self.photo)),
            "category": dict(self.category),
            "phone": dict(self.phone),
            "named": self.named,
            "time_slope": self.time_slope,
            "words_slope": self.words_slope,
            "confusable": [list(pair) for pair in sorted(self.confusable)],
            "account": dict(self.account),
        }
