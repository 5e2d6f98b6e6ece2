"""A replay makes of a stream what triage would, and baselines what others do."""

from datetime import UTC, datetime, timedelta
from functools import partial

from webapp.domain.duplicates_replay import (
    Decide,
    Outcome,
    by_hash,
    by_model,
    by_radius,
    replay,
    row_of,
    see_truthfully,
)
from webapp.domain.geo import Position
from webapp.domain.likeness import PhotoLikeness
from webapp.domain.streams import StreamReport, moved
from webapp.services.triage_policy import fitted_weights

WEIGHTS = fitted_weights()
HERE = Position(11.65, 109.1, 5.0)
NOON = datetime(2026, 6, 1, 5, tzinfo=UTC)


def report(place: str, north_m: float, hour: int, *, accuracy_m: float = 5.0) -> StreamReport:
    there = moved(HERE, north_m, 0.0)
    position = Position(there.latitude, there.longitude, accuracy_m)
    return StreamReport(place, position, "road_damage", NOON + timedelta(hours=hour), place)


# Two places 40 m apart; photos are alike exactly where the place is.
STREAM = [
    report("a", 0, 0),
    report("b", 40, 1),
    report("a", 4, 2),
    report("b", 43, 3),
    report("a", 30, 4, accuracy_m=50.0),
]


def alike(one: StreamReport, other: StreamReport) -> PhotoLikeness:
    is_same = one.place == other.place
    return PhotoLikeness(False, 2 if is_same else 30, 900, 90, 60, 80.0 * is_same, 0.4)


def unseen(one: StreamReport, other: StreamReport) -> None:
    """Nobody sent a photo."""


def outcome(decide: Decide) -> Outcome:
    return replay(len(STREAM), decide)


def test_the_model_finds_the_places() -> None:
    found = outcome(by_model(STREAM, WEIGHTS, alike))
    assert found.cases == (0, 1, 0, 1, 0)


def test_without_photos_the_uncertain_report_is_only_suggested() -> None:
    found = outcome(by_model(STREAM, WEIGHTS, unseen))
    assert found.cases == (0, 1, 0, 1, 2)
    assert {pair[1] for pair in found.suggested} == {0, 1}


def test_a_radius_joins_whatever_lies_in_it() -> None:
    assert outcome(by_radius(STREAM, 250)).cases == (0, 0, 0, 0, 0)
    assert outcome(by_radius(STREAM, 25)).cases == (0, 1, 0, 1, 1)


def test_a_hash_joins_what_looks_the_same() -> None:
    assert outcome(by_hash(STREAM, 8, alike)).cases == (0, 1, 0, 1, 0)


def test_truth_is_seen_as_if_every_decision_before_was_right() -> None:
    seen = list(see_truthfully(STREAM, WEIGHTS, alike, first=100))
    assert [each.decision for each in seen] == [101, 102, 102, 103, 103, 104, 104]
    rows = [row_of(each, WEIGHTS.photo) for each in seen]
    assert [row.is_same for row in rows] == [False, True, False, False, True, True, False]
    assert all((row.photo > 0) == row.is_same for row in rows)


def test_what_was_not_compared_says_nothing() -> None:
    nothing = partial(see_truthfully, STREAM, WEIGHTS, unseen)
    assert {row_of(each, WEIGHTS.photo).photo for each in nothing(first=0)} == {0.0}
