"""Fits the weights of duplicates from photos of known scenes, and keeps the fitting in use."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import combinations
from typing import Any

from webapp.domain.duplicates_fit import (
    Belief,
    DecisionRow,
    DecisionWeights,
    Label,
    LabelledLikeness,
    PhotoBeliefs,
    Targets,
    Thresholds,
    choose_thresholds,
    counted,
    fit_decisions,
    fit_photos,
    fit_slopes,
    log_ratios,
    scaled,
)
from webapp.domain.duplicates_position import Surroundings
from webapp.domain.duplicates_replay import (
    LikenessOf,
    SeenPair,
    row_of,
    see_truthfully,
)
from webapp.domain.duplicates_weights import PhotoWeights, Weights
from webapp.domain.errors import InvalidInput
from webapp.domain.streams import StreamReport
from webapp.services.duplicates_photos import Gallery, Manifest
from webapp.services.duplicates_streams import stream_of

# None of the seeds 1 to 20, by which the figures are made.
TRAINING_SEEDS = range(1001, 1101)


def assumptions() -> Mapping[str, Any]:
    """Return what is believed before anything is counted (webapp/duplicates_assumptions.json)."""
    raw = files("webapp").joinpath("duplicates_assumptions.json").read_text(encoding="utf-8")
    believed: Mapping[str, Any] = json.loads(raw)
    return believed


@dataclass(frozen=True)
class Training:
    """What is fitted on: photos of scenes, and streams made of them.

    ``has_photos`` is false for the baseline that looks at positions alone; ``labels`` are what
    officers said of pairs of reports.
    """

    manifest: Manifest
    gallery: Gallery
    believed: Mapping[str, Any]
    seeds: Sequence[int] = TRAINING_SEEDS
    has_photos: bool = True
    labels: Sequence[Label] = ()

    def fit(self, leave_out: Iterable[str] = ()) -> Weights:
        """Fit everything without some scenes; thresholds by leaving out each scene in turn.

        Raises:
            InvalidInput: ``photos_too_few``, when there is nothing to tell apart.
        """
        left_out = frozenset(leave_out)
        sizes = [len(photos) for photos in self.manifest.scenes(left_out).values()]
        if len(sizes) < _FEWEST_SCENES or max(sizes) < _FEWEST_VIEWS:
            raise InvalidInput("photos_too_few")
        photo, decision, counts = self._fitted(left_out)
        return self._weights(photo, decision, self._thresholds(left_out), counts)

    def _fitted(
        self, left_out: frozenset[str]
    ) -> tuple[PhotoWeights, DecisionWeights, dict[str, int]]:
        pairs = [
            pair
            for one, other, pair in self._pairs
            if one not in left_out and other not in left_out
        ]
        photo = fit_photos(pairs, self._photo_beliefs())
        rows = [row_of(seen, photo) for seen in self._seen_without(left_out)]
        beliefs = [_belief(self.believed["decision"][name]) for name in _DECISION]
        counts = {
            "scenes": len(self.manifest.scenes(left_out)),
            "pairs_of_one_scene": sum(pair.is_same for pair in pairs),
            "pairs_of_two_scenes": sum(not pair.is_same for pair in pairs),
            "decisions": len({row.decision for row in rows}),
        }
        return photo, fit_decisions(rows, beliefs), counts

    def _thresholds(self, left_out: frozenset[str]) -> Thresholds:
        """Judge each decision by weights that knew no photo of its report's scene."""
        judged: list[tuple[DecisionRow, float]] = []
        every = self._seen_without(left_out)
        for scene in self.manifest.scenes(left_out):
            photo, decision, _ = self._fitted(left_out | {scene})
            rows = [row_of(seen, photo) for seen in every if seen.place == scene]
            judged += [(row, decision.log_odds(row)) for row in rows]
        return choose_thresholds(judged, Targets(**self.believed["targets"]))

    @cached_property
    def _pairs(self) -> list[tuple[str, str, LabelledLikeness]]:
        """Both scenes of each pair of photos, and how alike the two are."""
        scene_of, found = self.manifest.scene_of, []
        for one, other in combinations(sorted(scene_of), 2):
            likeness = self.gallery.likeness(
                self.gallery.print_of(one), self.gallery.print_of(other)
            )
            is_same = scene_of[one] == scene_of[other]
            found.append((scene_of[one], scene_of[other], LabelledLikeness(likeness, is_same)))
        return found

    @cached_property
    def _seen(self) -> list[SeenPair]:
        """What the decisions of all training streams see.

        Each stream counts twice, once as if nobody had sent a photo: positions must be weighed
        right for both.
        """
        ways: list[LikenessOf] = [nothing_to_compare]
        if self.has_photos:
            ways.append(self.gallery.likeness_of)
        found: list[SeenPair] = []
        first = 0
        for seed in self.seeds:
            stream = stream_of(self.manifest, seed).reports
            for likeness_of in ways:
                found += see_truthfully(stream, self._blank, likeness_of, first=first)
                first += len(stream)
        return found

    def _seen_without(self, left_out: frozenset[str]) -> list[SeenPair]:
        return [
            seen
            for seen in self._seen
            if seen.place not in left_out and seen.case_place not in left_out
        ]

    @property
    def _blank(self) -> Weights:
        """Weights that say nothing yet but what is believed of positions and neighbours."""
        photo = PhotoWeights(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        return self._weights(photo, DecisionWeights(0.0, 1.0, 1.0), Thresholds(0.5, 0.5), {})

    def _photo_beliefs(self) -> PhotoBeliefs:
        photo = self.believed["photo"]
        return PhotoBeliefs(
            _belief(photo["intercept"]), _belief(photo["slope"]), photo["agreements"]
        )

    def _weights(
        self,
        photo: PhotoWeights,
        decision: DecisionWeights,
        thresholds: Thresholds,
        counts: Mapping[str, int],
    ) -> Weights:
        category = log_ratios(self._counted("category", lambda label: label.category_level))
        phone = log_ratios(self._counted("phone", lambda label: _PHONE[label.is_same_phone]))
        named = counted(
            {"this": self.believed["named"]},
            (("this", label.is_same) for label in self.labels if label.is_named),
        )["this"]
        time_slope, words_slope = fit_slopes(
            self.labels,
            [_belief(self.believed["time_slope"]), _belief(self.believed["words_slope"])],
        )
        return Weights(
            attach=thresholds.attach,
            suggest=thresholds.suggest,
            prior=decision.prior,
            position_slope=decision.position_slope,
            surroundings=Surroundings(**self.believed["surroundings"]),
            photo=scaled(photo, decision.photo_slope),
            # All streams are of one category: what "same" says is in the prior already.
            category={level: odds - category["same"] for level, odds in category.items()},
            phone=phone,
            named=math.log(named["same"] / named["different"]),
            time_slope=time_slope,
            words_slope=words_slope,
            confusable=frozenset((one, two) for one, two in self.believed["confusable"]),
            account={
                "manifest_sha256": self.manifest.sha256,
                "training_seeds": [self.seeds[0], self.seeds[-1]],
                "counted": {**counts, "labels": len(self.labels)},
                "assumed": ["category", "phone", "named", "surroundings", "confusable"],
            },
        )

    def _counted(
        self, name: str, level_of: Callable[[Label], str]
    ) -> Mapping[str, Mapping[str, float]]:
        levels = ((level_of(label), label.is_same) for label in self.labels)
        return counted(self.believed[name], levels)


def nothing_to_compare(one: StreamReport, other: StreamReport) -> None:
    """Compare as if nobody had sent a photo."""


# Below that there is no pair of two scenes, or none of one, in any fold.
_FEWEST_SCENES = 3
_FEWEST_VIEWS = 2
# Phones that are not known count for neither.
_PHONE = {True: "same", False: "other", None: "unknown"}
_DECISION = ("prior", "position_slope", "photo_slope")


def _belief(data: Mapping[str, float]) -> Belief:
    return Belief(data["value"], data["strength"])


def as_text(weights: Weights) -> str:
    """Return weights as the text of the file that is in use."""
    return json.dumps(weights.as_json(), indent=2, ensure_ascii=False) + "\n"
