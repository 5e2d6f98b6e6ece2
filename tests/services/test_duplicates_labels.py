"""The next fitting hears the latest word on each pair, with what the model had seen of it."""

from typing import Any

import pytest

from tests.factories import make_officer, make_report, make_supervising_unit
from webapp import clock
from webapp.models import LabelledPair, Officer, Report
from webapp.services.duplicates_labels import labels
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

TERMS = {
    "rule": "likeliest_case_1",
    "log_odds": 2.5,
    "parts": {"time": -0.5, "words": 1.0},
    "category_level": "confusable",
    "same_phone": True,
    "is_named": True,
    "hours": 24.0,
    "words_overlap": 0.5,
}


@pytest.fixture
def officer() -> Officer:
    return make_officer(make_supervising_unit())


def say(officer: Officer, one: Report, other: Report, is_same: bool, terms: dict[str, Any]) -> None:
    first, second = sorted([one.id, other.id])
    with transaction() as work:
        work.session.add(
            LabelledPair(
                report_id=first,
                other_report_id=second,
                is_same=is_same,
                source="merge" if is_same else "split",
                terms=terms,
                at=clock.now(),
                officer_id=officer.id,
                unit_id=officer.unit_id,
            )
        )


def test_the_latest_word_on_a_pair_counts(officer: Officer) -> None:
    one, other = make_report(), make_report()
    say(officer, one, other, True, TERMS)
    say(officer, one, other, False, TERMS)
    assert [label.is_same for label in labels()] == [False]


def test_a_label_tells_what_the_model_had_seen(officer: Officer) -> None:
    say(officer, make_report(), make_report(), True, TERMS)
    (label,) = labels()
    assert label.category_level == "confusable"
    assert label.is_same_phone is True
    assert label.is_named
    assert label.log_days == pytest.approx(0.6931, abs=1e-4)
    assert label.overlap == 0.5
    # Time and words are left out, for their slopes are what is to be fitted.
    assert label.other_log_odds == 2.0


def test_terms_of_the_first_version_teach_nothing(officer: Officer) -> None:
    say(officer, make_report(), make_report(), True, {"rule": "nearest_open_case_1"})
    assert labels() == ()
