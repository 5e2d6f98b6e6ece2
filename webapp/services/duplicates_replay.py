"""Replays streams of reports by the rules in use and by baselines, and counts what came of it."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from webapp.domain.clusters import (
    Interval,
    PairCounts,
    b_cubed_f1,
    interval,
    pairs_by_places,
    right_suggestions,
    total,
)
from webapp.domain.duplicates import Weights
from webapp.domain.duplicates_replay import (
    Decide,
    by_hash,
    by_model,
    by_radius,
    replay,
)
from webapp.domain.duplicates_weights import SAME_PICTURE_BITS
from webapp.services.duplicates_fit import Training, nothing_to_compare
from webapp.services.duplicates_photos import Gallery
from webapp.services.duplicates_streams import Stream
from webapp.services.triage_policy import fitted_weights

# FixMyStreet's, and the least that two honest phones on either side of a road need.
RADII_M = (250.0, 25.0)
BOOTSTRAP_ROUNDS = 1000
BOOTSTRAP_SEED = 1

MODEL = "model"
POSITION_ONLY = "position_only"
PERCEPTUAL_HASH = "perceptual_hash"

WeightsOf = Callable[[Stream], Weights]


@dataclass(frozen=True)
class Figures:
    """What one way of deciding made of all streams.

    Attributes:
        way: its name.
        pairs: of reports of one stream.
        precision, recall, recall_with_suggestions: 95 % intervals of those shares.
        b_cubed_f1: mean over all reports.
        cases_made: how many cases came of it.
        places: how many there were in truth.
        suggestions_right: suggested pairs of cases that are of one place.
        suggestions: suggested pairs of cases.
        ms_per_decision: mean, comparisons included, prints taken before.
        streams_with_false_joins: their names.
    """

    way: str
    pairs: PairCounts
    precision: Interval
    recall: Interval
    recall_with_suggestions: Interval
    b_cubed_f1: float
    cases_made: int
    places: int
    suggestions_right: int
    suggestions: int
    ms_per_decision: float
    streams_with_false_joins: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        pairs = self.pairs
        return {
            "way": self.way,
            "precision": pairs.precision,
            "precision_95": [self.precision.lower, self.precision.upper],
            "recall": pairs.recall,
            "recall_95": [self.recall.lower, self.recall.upper],
            "recall_with_suggestions": pairs.recall_with_suggestions,
            "recall_with_suggestions_95": [
                self.recall_with_suggestions.lower,
                self.recall_with_suggestions.upper,
            ],
            "right_pairs": pairs.right,
            "false_joins": pairs.false_joins,
            "missed_joins": pairs.missed_joins,
            "wrong_pairs": pairs.wrong,
            "b_cubed_f1": self.b_cubed_f1,
            "cases_made": self.cases_made,
            "places": self.places,
            "suggestions_right": self.suggestions_right,
            "suggestions": self.suggestions,
            "ms_per_decision": self.ms_per_decision,
            "streams_with_false_joins": list(self.streams_with_false_joins),
        }


@dataclass(frozen=True)
class _Replayed:
    """What came of one stream."""

    stream: Stream
    cases: tuple[int, ...]
    suggested: tuple[tuple[int, int], ...]
    seconds: float

    @property
    def places(self) -> list[str]:
        return [report.place for report in self.stream.reports]


def weights_for(training: Training | None) -> WeightsOf:
    """Return the fitting to decide by: the one in use, or anew without the stream's scenes."""
    if training is None:
        return lambda stream: fitted_weights()  # noqa: ARG005
    return _fitted_without(training)


def position_weights_for(training: Training | None, *, leaves_out: bool) -> WeightsOf:
    """Return the same for the baseline that looks at positions alone.

    Without a training it has the weights in use and looks at no photo.
    """
    if training is None:
        return weights_for(None)
    positions = replace(training, has_photos=False)
    if leaves_out:
        return _fitted_without(positions)
    fitted = positions.fit()
    return lambda stream: fitted  # noqa: ARG005


def _fitted_without(training: Training) -> WeightsOf:
    scene_of = training.manifest.scene_of

    def weights_of(stream: Stream) -> Weights:
        return training.fit({scene_of[file] for file in _files(stream) if file in scene_of})

    return weights_of


def replay_all(
    streams: Sequence[Stream],
    galleries: Mapping[str, Gallery],
    weights_of: WeightsOf,
    position_weights_of: WeightsOf,
) -> list[Figures]:
    """Replay streams by the rules in use and by each baseline.

    Args:
        streams: with photos that can be read.
        galleries: the photos of each stream, by its name.
        weights_of: the fitting to decide by, for each stream.
        position_weights_of: the fitting of the baseline that looks at positions alone.
    """
    ways: dict[str, Callable[[Stream], Decide]] = {
        MODEL: lambda stream: by_model(
            stream.reports, weights_of(stream), galleries[stream.name].compare_anew
        ),
        POSITION_ONLY: lambda stream: by_model(
            stream.reports, position_weights_of(stream), nothing_to_compare
        ),
        PERCEPTUAL_HASH: lambda stream: by_hash(
            stream.reports, SAME_PICTURE_BITS, galleries[stream.name].likeness_of
        ),
    }
    figures = [_figures(way, list(_replayed(streams, decide))) for way, decide in ways.items()]
    return figures + [_by_radius(streams, radius_m) for radius_m in RADII_M]


def _by_radius(streams: Sequence[Stream], radius_m: float) -> Figures:
    def decide(stream: Stream) -> Decide:
        return by_radius(stream.reports, radius_m)

    return _figures(f"radius_{radius_m:.0f}_m", list(_replayed(streams, decide)))


def _replayed(
    streams: Sequence[Stream], decide_of: Callable[[Stream], Decide]
) -> Iterator[_Replayed]:
    for stream in streams:
        # What has to be fitted or read first is not part of a decision.
        decide = decide_of(stream)
        begun = time.perf_counter()
        outcome = replay(len(stream.reports), decide)
        seconds = time.perf_counter() - begun
        yield _Replayed(stream, outcome.cases, outcome.suggested, seconds)


def _figures(way: str, replayed: Sequence[_Replayed]) -> Figures:
    by_places: dict[tuple[str, str], PairCounts] = {}
    for each in replayed:
        for places, pairs in pairs_by_places(each.cases, each.places, each.suggested).items():
            by_places[places] = by_places.get(places, PairCounts()) + pairs
    shown = [right_suggestions(each.cases, each.places, each.suggested) for each in replayed]
    reports = sum(len(each.cases) for each in replayed)
    return Figures(
        way=way,
        pairs=total(by_places),
        precision=_interval(by_places, lambda pairs: (pairs.right, pairs.joined)),
        recall=_interval(by_places, lambda pairs: (pairs.right, pairs.true)),
        recall_with_suggestions=_interval(
            by_places, lambda pairs: (pairs.right + pairs.suggested, pairs.true)
        ),
        b_cubed_f1=sum(b_cubed_f1(each.cases, each.places) * len(each.cases) for each in replayed)
        / reports,
        cases_made=sum(len(set(each.cases)) for each in replayed),
        places=sum(len(set(each.places)) for each in replayed),
        suggestions_right=sum(right for right, _ in shown),
        suggestions=sum(count for _, count in shown),
        ms_per_decision=1000 * sum(each.seconds for each in replayed) / reports,
        streams_with_false_joins=tuple(
            each.stream.name
            for each in replayed
            if total(pairs_by_places(each.cases, each.places)).false_joins
        ),
    )


def _interval(
    by_places: Mapping[tuple[str, str], PairCounts],
    share: Callable[[PairCounts], tuple[float, float]],
) -> Interval:
    # Chance for an experiment, which has to be the same again; nothing is guarded by it.
    chance = random.Random(BOOTSTRAP_SEED)  # noqa: S311
    return interval(by_places, share, chance, rounds=BOOTSTRAP_ROUNDS)


def with_scenes_as_places(stream: Stream, scene_of: Mapping[str, str]) -> Stream:
    """Return a stream whose places are named so that no two streams share a name by accident.

    A scene is one place in every stream that shows it, and the intervals resample scenes.
    """
    names = {
        report.place: scene_of.get(report.photo or "", f"{stream.name}/{report.place}")
        for report in reversed(stream.reports)
    }
    reports = tuple(replace(report, place=names[report.place]) for report in stream.reports)
    return replace(stream, reports=reports)


def _files(stream: Stream) -> set[str]:
    return {report.photo for report in stream.reports if report.photo is not None}
