"""Pairs, suggestions and intervals are counted as they are defined."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.clusters import (
    PairCounts,
    b_cubed_f1,
    interval,
    pairs_by_places,
    right_suggestions,
    total,
    wilson,
)

LABELS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc")), max_size=12)


def test_pairs_are_counted_by_hand() -> None:
    # Cases: {0, 1, 3} and {2}; places: a a a b.
    counted = total(pairs_by_places([0, 0, 1, 0], list("aaab")))
    assert counted == PairCounts(right=1, false_joins=2, missed_joins=2)
    assert counted.precision == pytest.approx(1 / 3)
    assert counted.recall == pytest.approx(1 / 3)
    assert counted.wrong == 4


def test_a_right_suggestion_finds_the_pairs_of_both_cases() -> None:
    counted = total(pairs_by_places([0, 0, 1, 2], list("aaab"), [(1, 0), (2, 0)]))
    assert counted.suggested == 2
    assert counted.recall == pytest.approx(1 / 3)
    assert counted.recall_with_suggestions == 1
    assert right_suggestions([0, 0, 1, 2], list("aaab"), [(1, 0), (0, 1), (2, 0)]) == (1, 2)


def test_suggestions_that_are_followed_merge_on() -> None:
    assert total(pairs_by_places([0, 1, 2], list("aaa"), [(1, 0), (2, 1)])).suggested == 3


def test_nothing_joined_is_precise_and_finds_nothing() -> None:
    counted = total(pairs_by_places([0, 1], list("aa")))
    assert counted.precision == 1
    assert counted.recall == 0


@given(LABELS)
def test_every_pair_is_counted_once(labels: list[tuple[int, str]]) -> None:
    cases, places = [case for case, _ in labels], [place for _, place in labels]
    counted = total(pairs_by_places(cases, places))
    apart = sum(
        cases[i] != cases[j] and places[i] != places[j] for i in range(len(cases)) for j in range(i)
    )
    every = len(cases) * (len(cases) - 1) / 2
    assert counted.right + counted.wrong + apart == every


@given(LABELS)
def test_b_cubed_is_one_only_when_cases_are_places(labels: list[tuple[int, str]]) -> None:
    cases, places = [case for case, _ in labels], [place for _, place in labels]
    score = b_cubed_f1(cases, places)
    is_right = total(pairs_by_places(cases, places)).wrong == 0
    assert 0 < score <= 1 + 1e-9
    assert (score > 1 - 1e-9) == is_right


def test_a_place_drawn_twice_counts_twice_and_a_pair_of_places_their_product() -> None:
    counted = pairs_by_places([0, 0, 0, 1], list("aabb"))
    assert total(counted, {"a": 2, "b": 3}) == PairCounts(right=2, false_joins=12, missed_joins=3)


def test_an_interval_is_wide_even_when_nothing_went_wrong() -> None:
    counted = pairs_by_places([0] * 6, ["a"] * 6)
    found = interval(counted, lambda p: (p.right, p.joined), random.Random(1), rounds=50)
    assert found == wilson(15, 15)
    assert found.lower < 0.9
    assert found.upper == 1


def test_an_interval_of_nothing_says_nothing() -> None:
    found = interval({}, lambda p: (p.right, p.joined), random.Random(1), rounds=5)
    assert (found.lower, found.upper) == (0, 1)


def test_wilson_is_as_in_the_books() -> None:
    found = wilson(8, 10)
    assert (found.lower, found.upper) == (
        pytest.approx(0.490, abs=1e-3),
        pytest.approx(0.943, abs=1e-3),
    )
