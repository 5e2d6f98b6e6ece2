"""Measures how well reports were gathered into cases, against the places they tell of."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True)
class PairCounts:
    """Pairs of reports by what was made of them; weighted counts when scenes are resampled.

    Attributes:
        right: in one case, and of one place.
        false_joins: in one case, though of two places.
        missed_joins: in two cases, though of one place.
        suggested: of the missed ones, those whose cases were shown together to an officer.
    """

    right: float = 0.0
    false_joins: float = 0.0
    missed_joins: float = 0.0
    suggested: float = 0.0

    def __add__(self, other: "PairCounts") -> "PairCounts":
        return PairCounts(
            self.right + other.right,
            self.false_joins + other.false_joins,
            self.missed_joins + other.missed_joins,
            self.suggested + other.suggested,
        )

    def times(self, weight: float) -> "PairCounts":
        """Return each count so many times."""
        return PairCounts(
            self.right * weight,
            self.false_joins * weight,
            self.missed_joins * weight,
            self.suggested * weight,
        )

    @property
    def joined(self) -> float:
        """Pairs in one case."""
        return self.right + self.false_joins

    @property
    def true(self) -> float:
        """Pairs of one place."""
        return self.right + self.missed_joins

    @property
    def precision(self) -> float:
        """Share of joined pairs that are right; 1 when nothing was joined."""
        return self.right / self.joined if self.joined else 1.0

    @property
    def recall(self) -> float:
        """Share of the pairs of one place that were joined; 1 when there are none."""
        return self.right / self.true if self.true else 1.0

    @property
    def recall_with_suggestions(self) -> float:
        """The same when officers merge what belongs together of what they are shown."""
        return (self.right + self.suggested) / self.true if self.true else 1.0

    @property
    def wrong(self) -> float:
        """False joins and missed joins together."""
        return self.false_joins + self.missed_joins


PairsByPlaces = Mapping[tuple[str, str], PairCounts]


def pairs_by_places(
    cases: Sequence[int], places: Sequence[str], suggested: Iterable[tuple[int, int]] = ()
) -> dict[tuple[str, str], PairCounts]:
    """Count the pairs of a stream's reports, for each two places (or one place twice).

    Args:
        cases: the case of each report.
        places: the place that each report tells of, in the same order.
        suggested: pairs of cases that an officer was shown. They merge a pair when most reports
            of both tell of one place, and what is merged merges on.
    """
    merged = _merged(cases, places, suggested)
    found: dict[tuple[str, str], PairCounts] = defaultdict(PairCounts)
    for one, other in combinations(range(len(cases)), 2):
        is_shown = merged[cases[one]] == merged[cases[other]]
        is_joined, is_true = cases[one] == cases[other], places[one] == places[other]
        key = (min(places[one], places[other]), max(places[one], places[other]))
        found[key] += PairCounts(
            right=is_true and is_joined,
            false_joins=is_joined and not is_true,
            missed_joins=is_true and not is_joined,
            suggested=is_true and is_shown and not is_joined,
        )
    return dict(found)


def total(counts: PairsByPlaces, times: Mapping[str, int] | None = None) -> PairCounts:
    """Add up pairs; ``times`` says how often each place was drawn when places are resampled.

    A pair of two places then counts the product, a pair of one place its own number.
    """
    found = PairCounts()
    for (one, other), pairs in counts.items():
        weight = 1 if times is None else times.get(one, 0)
        if times is not None and one != other:
            weight *= times.get(other, 0)
        found += pairs.times(weight)
    return found


@dataclass(frozen=True)
class Interval:
    """The bounds of a share between which 95 of 100 such experiments would find it."""

    lower: float
    upper: float


def interval(
    counts: PairsByPlaces,
    share: Callable[[PairCounts], tuple[float, float]],
    chance: random.Random,
    *,
    rounds: int,
) -> Interval:
    """Return the 95 % interval of a share of pairs, by resampling places.

    It is no narrower than Wilson's for as many independent pairs, which has a width even when
    nothing went wrong.

    Args:
        counts: pairs of all streams.
        share: how many pairs have what is asked, and of how many.
        chance: where the resampling comes from.
        rounds: how often places are drawn anew.
    """
    places = sorted({place for pair in counts for place in pair})
    found = sorted(
        part / whole
        for _ in range(rounds)
        for part, whole in [share(total(counts, Counter(chance.choices(places, k=len(places)))))]
        if whole
    )
    least = wilson(*share(total(counts)))
    if not found:
        return least
    tail = int(len(found) * 0.025)
    return Interval(min(least.lower, found[tail]), max(least.upper, found[-1 - tail]))


def wilson(part: float, whole: float) -> Interval:
    """Return Wilson's 95 % interval of a share (Wilson 1927)."""
    if whole <= 0:
        return Interval(0.0, 1.0)
    z = 1.96
    middle = (part + z * z / 2) / (whole + z * z)
    half = z * math.sqrt(part * (1 - part / whole) + z * z / 4) / (whole + z * z)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def _merged(
    cases: Sequence[int], places: Sequence[str], suggested: Iterable[tuple[int, int]]
) -> dict[int, int]:
    """Return which case each one becomes part of when right suggestions are followed."""
    truth = {case: _most_common(cases, places, case) for case in set(cases)}
    merged = {case: case for case in truth}
    for one, other in suggested:
        if truth[one] == truth[other]:
            keep, drop = merged[one], merged[other]
            merged = {case: keep if root == drop else root for case, root in merged.items()}
    return merged


def _most_common(cases: Sequence[int], places: Sequence[str], case: int) -> str:
    told = Counter(place for mine, place in zip(cases, places, strict=True) if mine == case)
    return min(told, key=lambda place: (-told[place], place))


def right_suggestions(
    cases: Sequence[int], places: Sequence[str], suggested: Iterable[tuple[int, int]]
) -> tuple[int, int]:
    """Return how many suggested pairs of cases are of one place, and how many there are."""
    truth = {case: _most_common(cases, places, case) for case in set(cases)}
    pairs = {(min(pair), max(pair)) for pair in suggested}
    return sum(truth[one] == truth[other] for one, other in pairs), len(pairs)


def b_cubed_f1(cases: Sequence[Hashable], places: Sequence[Hashable]) -> float:
    """Return the B-cubed F1 (Bagga and Baldwin 1998): the mean over reports, not over pairs."""
    if not cases:
        return 1.0
    both = Counter(zip(cases, places, strict=True))
    in_case, at_place = Counter(cases), Counter(places)
    precision = sum(count**2 / in_case[case] for (case, _), count in both.items()) / len(cases)
    recall = sum(count**2 / at_place[place] for (_, place), count in both.items()) / len(cases)
    return 2 * precision * recall / (precision + recall)
