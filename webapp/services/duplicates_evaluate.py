"""Measures the likeness of photos alone: every pair of a manifest, against what they show."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from webapp.adapters import photo_matcher
from webapp.domain.duplicates import Weights
from webapp.domain.duplicates_weights import PhotoEvidence
from webapp.domain.likeness import PhotoLikeness
from webapp.services.duplicates_photos import Gallery, Manifest

# Shares of false pairs at which recall is told.
FALSE_SHARES = (0.0, 1e-3, 1e-2)
WORST_SHOWN = 10
# Everything at least this alike is one file or one picture, whatever the score.
_SURE_KINDS = {"same_bytes": 2, "same_picture": 1}


@dataclass(frozen=True)
class ComparedPair:
    """Two photos of a manifest: how alike they are, and whether they show one scene."""

    file: str
    other_file: str
    is_same: bool
    likeness: PhotoLikeness
    evidence: PhotoEvidence

    @property
    def rank(self) -> tuple[int, float]:
        """What pairs are put in order by, the likest last."""
        return (_SURE_KINDS.get(self.evidence.kind, 0), self.likeness.score)


@dataclass(frozen=True)
class Evaluation:
    """What comparing every pair of photos found.

    Attributes:
        photos: how many could be read.
        scenes: of how many scenes.
        true_pairs: pairs of one scene.
        false_pairs: pairs of two.
        recalls: by the share of false pairs that is let pass, the share of true ones found.
        level: score from which the fitting says that two photos show one scene.
        found_at_level: true pairs that reach it.
        false_at_level: false pairs that do.
        missed: true pairs that do not, the least alike first.
        mistaken: false pairs, the most alike first, as far as they agree at all.
        ms_per_comparison: mean over all pairs.
    """

    photos: int
    scenes: int
    true_pairs: int
    false_pairs: int
    recalls: Mapping[float, float]
    level: float
    found_at_level: int
    false_at_level: int
    missed: tuple[ComparedPair, ...]
    mistaken: tuple[ComparedPair, ...]
    ms_per_comparison: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            "photos": self.photos,
            "scenes": self.scenes,
            "true_pairs": self.true_pairs,
            "false_pairs": self.false_pairs,
            "recall_at_false_share": {str(share): recall for share, recall in self.recalls.items()},
            "same_scene_score": self.level,
            "found_at_level": self.found_at_level,
            "false_at_level": self.false_at_level,
            "missed": [_pair_as_json(pair) for pair in self.missed],
            "mistaken": [_pair_as_json(pair) for pair in self.mistaken],
            "ms_per_comparison": self.ms_per_comparison,
        }


def evaluate(manifest: Manifest, gallery: Gallery, weights: Weights) -> Evaluation:
    """Compare every pair of a manifest's photos, all of which can be read."""
    prints = {file: gallery.print_of(file) for file in sorted(manifest.scene_of)}
    begun, pairs = time.perf_counter(), []
    for one, other in combinations(prints, 2):
        likeness = photo_matcher.compare(prints[one], prints[other])
        is_same = manifest.scene_of[one] == manifest.scene_of[other]
        pairs.append(ComparedPair(one, other, is_same, likeness, weights.photo.weigh(likeness)))
    seconds = time.perf_counter() - begun
    true = sorted((pair for pair in pairs if pair.is_same), key=lambda pair: pair.rank)
    false = sorted((pair for pair in pairs if not pair.is_same), key=lambda pair: pair.rank)[::-1]
    return Evaluation(
        photos=len(prints),
        scenes=len(manifest.scenes()),
        true_pairs=len(true),
        false_pairs=len(false),
        recalls={share: _recall(true, false, share) for share in FALSE_SHARES},
        level=weights.photo.same_scene_score,
        found_at_level=sum(_agrees(pair) for pair in true),
        false_at_level=sum(_agrees(pair) for pair in false),
        missed=tuple(pair for pair in true if not _agrees(pair))[:WORST_SHOWN],
        mistaken=tuple(pair for pair in false if pair.likeness.score > 0)[:WORST_SHOWN],
        ms_per_comparison=1000 * seconds / max(1, len(pairs)),
    )


def _recall(true: Sequence[ComparedPair], false: Sequence[ComparedPair], share: float) -> float:
    """Return the share of true pairs that rank above all but that share of the false ones."""
    let_pass = int(share * len(false))
    if len(false) <= let_pass:
        return 1.0 if true else 0.0
    bar = false[let_pass].rank
    return sum(pair.rank > bar for pair in true) / len(true) if true else 0.0


def _agrees(pair: ComparedPair) -> bool:
    return pair.evidence.kind in {"same_bytes", "same_picture", "same_scene"}


def _pair_as_json(pair: ComparedPair) -> dict[str, Any]:
    return {
        "files": [pair.file, pair.other_file],
        "score": pair.likeness.score,
        "inliers": pair.likeness.inliers,
        "kind": pair.evidence.kind,
        "log_odds": pair.evidence.log_odds,
    }
