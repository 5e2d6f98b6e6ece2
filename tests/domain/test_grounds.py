"""Stored terms are read whichever rule wrote them, and never make a page fail."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.grounds import BY_HAND, likelihood, read_grounds

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = ("decision", "probability", "parts", "distance_m", "photo_kind", "photo_points", "before")


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=6), ANYTHING))
def test_no_terms_are_too_strange_to_be_read(terms: dict[str, Any]) -> None:
    grounds = read_grounds(terms)
    assert grounds.likelihood in {
        "",
        "certain",
        "nearly_certain",
        "very_likely",
        "likely",
        "unlikely",
    }
    assert all(isinstance(part, float) for part in grounds.parts.values())


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (None, ""),
        (1.0, "certain"),
        (0.99, "nearly_certain"),
        (0.9, "very_likely"),
        (0.5, "likely"),
        (0.37, "unlikely"),
    ],
)
def test_nobody_sounds_surer_than_the_number(probability: float | None, words: str) -> None:
    assert likelihood(probability) == words


def test_terms_of_the_first_rule_are_not_a_judgement() -> None:
    grounds = read_grounds({"rule": "nearest_open_case_1", "distance_m": 12.4, "limit_m": 25})
    assert not grounds.is_judged
    assert (grounds.distance_m, grounds.limit_m) == (12.4, 25.0)


@pytest.mark.parametrize("decision", BY_HAND)
def test_what_a_machine_saw_is_found_below_what_a_person_did(decision: str) -> None:
    grounds = read_grounds(
        {"decision": decision, "from_number": "NH-2026-00002", "before": {"probability": 0.9}}
    )
    assert grounds.is_by_hand
    assert grounds.from_number == "NH-2026-00002"
    assert grounds.before is not None
    assert grounds.before.probability == 0.9
