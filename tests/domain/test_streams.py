"""Streams have the places, errors and copies that the measuring asks for, and repeat by seed."""

import random
from datetime import UTC, datetime

import pytest

from webapp.domain.geo import distance_m
from webapp.domain.streams import (
    ACCURACIES_M,
    DURATION,
    MOST_PLACES,
    StreamReport,
    make_stream,
)

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
SCENES = {f"scene-{n}": [f"{n}-{view}.jpg" for view in range(1 + n % 5)] for n in range(12)}


def stream(seed: int) -> list[StreamReport]:
    return make_stream(SCENES, random.Random(seed), begins_at=BEGIN)


MANY = [stream(seed) for seed in range(300)]
EVERY = [report for each in MANY for report in each]


def test_a_seed_makes_the_same_stream_again() -> None:
    assert stream(7) == stream(7) != stream(8)


def test_a_stream_has_up_to_four_places_of_one_category_within_three_days() -> None:
    for each in MANY:
        assert 2 <= len({report.place for report in each}) <= MOST_PLACES
        assert len({report.category_code for report in each}) == 1
        assert each == sorted(each, key=lambda report: report.at)
        assert all(BEGIN <= report.at <= BEGIN + DURATION for report in each)


def test_every_photo_of_a_place_is_reported_once_and_a_tenth_again_as_copies() -> None:
    for each in MANY:
        own = sorted(report.photo or "" for report in each if report.copy is None)
        assert own == sorted(p for place in {r.place for r in each} for p in SCENES[place])
    copies = [report for report in EVERY if report.copy is not None]
    assert len(copies) / (len(EVERY) - len(copies)) == pytest.approx(0.1, abs=0.02)


def test_a_copy_comes_after_its_photo_and_from_the_same_place() -> None:
    for each in MANY:
        seen: dict[str, str] = {}
        for report in each:
            if report.copy is not None:
                assert seen[report.photo or ""] == report.place
            seen[report.photo or ""] = report.place


def test_all_scenes_are_used() -> None:
    assert {report.place for report in EVERY} == set(SCENES)


def test_positions_err_as_their_accuracy_says_but_for_a_twentieth() -> None:
    # One place a stream, so that the truth lies in the middle of its reports.
    lone = {"only": [f"{view}.jpg" for view in range(4000)]}
    reports = make_stream(lone, random.Random(5), begins_at=BEGIN)
    latitude = sum(report.position.latitude for report in reports) / len(reports)
    longitude = sum(report.position.longitude for report in reports) / len(reports)
    middle = type(reports[0].position)(latitude, longitude)
    shares = [
        distance_m(middle, report.position) / (report.position.accuracy_m or 0)
        for report in reports
    ]
    assert {report.position.accuracy_m for report in reports} == set(ACCURACIES_M)
    within = sum(share <= 1 for share in shares) / len(shares)
    assert within == pytest.approx(0.95 * 0.6827, abs=0.03)
    assert max(shares) <= 5


def test_neighbours_lie_10_to_60_m_apart() -> None:
    middles: list[float] = []
    for each in MANY:
        good = [report for report in each if report.position.accuracy_m == 5]
        by_place = {report.place: report.position for report in good}
        places = list(by_place.values())
        middles += [distance_m(one, other) for one in places for other in places if one != other]
    assert max(middles) < 3 * 60 + 4 * 15
