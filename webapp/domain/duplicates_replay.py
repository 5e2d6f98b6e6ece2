"""Goes through a stream of reports as triage would, and says which cases came of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from webapp.domain.duplicates import (
    MOST_SIGHTINGS,
    Candidate,
    Sighting,
    Weights,
    best_likeness,
    choose_comparisons,
    judge,
    position_odds,
    verdict,
)
from webapp.domain.duplicates_fit import DecisionRow
from webapp.domain.duplicates_weights import PhotoWeights
from webapp.domain.geo import Position, distance_m
from webapp.domain.likeness import PhotoLikeness
from webapp.domain.streams import StreamReport

LikenessOf = Callable[[StreamReport, StreamReport], PhotoLikeness | None]


@dataclass
class StreamCase:
    """A case that is being made by a replay: its reports so far, as numbers from 0."""

    case_id: int
    reports: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Choice:
    """What a way of deciding chose: a case or None to open one, and likely twins."""

    case_id: int | None
    likely: tuple[int, ...] = ()


Decide = Callable[[int, Sequence[StreamCase]], Choice]


@dataclass(frozen=True)
class Outcome:
    """What came of a stream: the case of each report, and pairs of cases shown to officers."""

    cases: tuple[int, ...]
    suggested: tuple[tuple[int, int], ...]


def replay(count: int, decide: Decide) -> Outcome:
    """Let reports 0 to ``count`` - 1 arrive in their order; nothing is ever closed."""
    cases: list[StreamCase] = []
    of_report: list[int] = []
    suggested: list[tuple[int, int]] = []
    for number in range(count):
        choice = decide(number, cases)
        case_id = choice.case_id
        if case_id is None:
            case_id = len(cases)
            cases.append(StreamCase(case_id))
        cases[case_id].reports.append(number)
        of_report.append(case_id)
        suggested += [(case_id, other) for other in choice.likely if other != case_id]
    return Outcome(tuple(of_report), tuple(suggested))


def by_model(stream: Sequence[StreamReport], weights: Weights, likeness_of: LikenessOf) -> Decide:
    """Decide as triage does: the likeliest open case above the threshold, likely twins beside."""

    def decide(number: int, cases: Sequence[StreamCase]) -> Choice:
        report = sighting_of(stream[number])
        candidates = compared(stream, number, cases, weights, likeness_of)
        judged = sorted(
            (judge(report, candidate, weights) for candidate in candidates),
            key=lambda judgement: (-judgement.log_odds, judgement.case_id),
        )
        verdicts = [(each.case_id, verdict(each, report, weights)) for each in judged]
        chosen = next((case_id for case_id, said in verdicts if said == "attach"), None)
        likely = (case_id for case_id, said in verdicts if said != "open" and case_id != chosen)
        return Choice(chosen, tuple(likely))

    return decide


def by_radius(stream: Sequence[StreamReport], radius_m: float) -> Decide:
    """Decide as FixMyStreet lists: the nearest case of the category within a radius."""

    def decide(number: int, cases: Sequence[StreamCase]) -> Choice:
        report = stream[number]
        near = [
            (metres, case.case_id)
            for case in cases
            if stream[case.reports[0]].category_code == report.category_code
            and (metres := distance_m(report.position, stream[case.reports[0]].position))
            <= radius_m
        ]
        return Choice(min(near)[1] if near else None)

    return decide


def by_hash(stream: Sequence[StreamReport], bits: int, likeness_of: LikenessOf) -> Decide:
    """Decide by perceptual hash alone: the case with the nearest hash, if near enough."""

    def decide(number: int, cases: Sequence[StreamCase]) -> Choice:
        alike = [
            (likeness.hash_distance, case.case_id)
            for case in cases
            for other in case.reports
            if (likeness := likeness_of(stream[number], stream[other])) is not None
            and likeness.hash_distance <= bits
        ]
        return Choice(min(alike)[1] if alike else None)

    return decide


def compared(
    stream: Sequence[StreamReport],
    number: int,
    cases: Sequence[StreamCase],
    weights: Weights,
    likeness_of: LikenessOf,
) -> list[Candidate]:
    """Return the cases as candidates for a report, their photos compared as far as is allowed."""
    candidates = [_candidate(stream, case) for case in cases]
    found = _likenesses(stream, number, candidates, cases, weights, likeness_of)
    return [
        replace(each, likeness=best_likeness(found.get(each.case_id, ()), weights))
        for each in candidates
    ]


def _likenesses(
    stream: Sequence[StreamReport],
    number: int,
    candidates: Sequence[Candidate],
    cases: Sequence[StreamCase],
    weights: Weights,
    likeness_of: LikenessOf,
) -> dict[int, list[PhotoLikeness]]:
    comparisons = choose_comparisons(
        sighting_of(stream[number]),
        candidates,
        weights,
        report_photos=[number],
        case_photos={case.case_id: case.reports[: -MOST_SIGHTINGS - 1 : -1] for case in cases},
    )
    found: dict[int, list[PhotoLikeness]] = {}
    for pair in comparisons:
        likeness = likeness_of(stream[pair.report_photo], stream[pair.case_photo])
        if likeness is not None:
            found.setdefault(pair.case_id, []).append(likeness)
    return found


@dataclass(frozen=True)
class SeenPair:
    """What a decision could see of a report and a case, were every one before it right.

    Attributes:
        decision: number of the report; all its candidates share it.
        place: the true place of the report.
        case_place: the true place of the case.
        position: analytic log-odds of the positions.
        likenesses: of the photos that were compared.
    """

    decision: int
    place: str
    case_place: str
    position: float
    likenesses: tuple[PhotoLikeness, ...]


def see_truthfully(
    stream: Sequence[StreamReport], weights: Weights, likeness_of: LikenessOf, *, first: int
) -> Iterator[SeenPair]:
    """Yield what each decision of a stream sees when every one before had been right.

    Args:
        stream: the reports in order of time.
        weights: for the surroundings only.
        likeness_of: compares two photos.
        first: the number of the first decision.
    """
    cases: dict[str, StreamCase] = {}
    for number, report in enumerate(stream):
        candidates = [_candidate(stream, case) for case in cases.values()]
        compared_with = list(cases.values())
        found = _likenesses(stream, number, candidates, compared_with, weights, likeness_of)
        for candidate, case_place in zip(candidates, list(cases), strict=True):
            odds = position_odds(sighting_of(report), candidate, weights)
            yield SeenPair(
                decision=first + number,
                place=report.place,
                case_place=case_place,
                position=odds / weights.position_slope,
                likenesses=tuple(found.get(candidate.case_id, ())),
            )
        cases.setdefault(report.place, StreamCase(len(cases))).reports.append(number)


def row_of(seen: SeenPair, photo: PhotoWeights) -> DecisionRow:
    """Return what weights of photos make of what was seen."""
    evidence = [photo.weigh(likeness) for likeness in seen.likenesses]
    heard = [each.log_odds for each in evidence if each.kind != "not_compared"]
    return DecisionRow(
        decision=seen.decision,
        position=seen.position,
        photo=max(heard, default=0.0),
        is_same=seen.place == seen.case_place,
    )


def sighting_of(report: StreamReport) -> Sighting:
    """Return what a decision may see of a report."""
    return Sighting(report.position, report.at, report.category_code)


def _candidate(stream: Sequence[StreamReport], case: StreamCase) -> Candidate:
    first = stream[case.reports[0]]
    newest = case.reports[: -MOST_SIGHTINGS - 1 : -1]
    return Candidate(
        case_id=case.case_id,
        place_id=case.case_id,
        category_code=first.category_code,
        status="new",
        unit_id=0,
        severity=1,
        opened_at=first.at,
        position=Position(first.position.latitude, first.position.longitude),
        sightings=tuple(sighting_of(stream[number]) for number in newest),
    )
