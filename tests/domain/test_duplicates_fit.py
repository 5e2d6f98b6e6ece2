"""What is fitted is what the data say, as far as they can say it."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.duplicates_fit import (
    Belief,
    DecisionRow,
    Label,
    LabelledLikeness,
    PhotoBeliefs,
    Targets,
    choose_thresholds,
    counted,
    fit_decisions,
    fit_logistic,
    fit_photos,
    fit_slopes,
    log_ratios,
)
from webapp.domain.likeness import PhotoLikeness

FREE = Belief(0.0, 0.0)
AGREEMENTS = {
    kind: {"same": 99.0, "different": 1.0} for kind in ("same_bytes", "same_picture", "same_scene")
}
BELIEFS = PhotoBeliefs(Belief(0.0, 0.1), Belief(1.0, 0.3), AGREEMENTS)
TARGETS = Targets(attach_precision=0.9, suggest_recall=0.9, suggest_precision=0.1)


def pair(score: float, is_same: bool) -> LabelledLikeness:
    return LabelledLikeness(PhotoLikeness(False, 30, 900, 50, 20, score, 0.3), is_same)


def row(decision: int, is_same: bool, position: float = 0.0) -> DecisionRow:
    return DecisionRow(decision, position, 0.0, is_same)


def test_known_coefficients_are_found_again() -> None:
    chance = np.random.default_rng(1)
    terms = np.column_stack([np.ones(20_000), chance.normal(size=20_000)])
    probability = 1 / (1 + np.exp(-(terms @ np.array([-1.0, 2.0]))))
    found = fit_logistic(terms, (chance.random(20_000) < probability).astype(float), [FREE, FREE])
    assert found == pytest.approx([-1.0, 2.0], abs=0.1)


def test_separated_data_settle_where_the_belief_holds_them() -> None:
    terms = np.array([[1.0, -1.0], [1.0, 1.0]])
    found = fit_logistic(terms, np.array([0.0, 1.0]), [Belief(0, 1), Belief(0, 1)])
    assert np.isfinite(found).all()
    assert 0 < found[1] < 5


def test_without_data_everything_is_as_believed() -> None:
    found = fit_logistic(np.zeros((0, 2)), np.zeros(0), [Belief(0.5, 1), Belief(-2, 1)])
    assert found == pytest.approx([0.5, -2])


def test_levels_weigh_by_their_shares() -> None:
    ratios = log_ratios(
        {"alike": {"same": 3, "different": 1}, "unlike": {"same": 1, "different": 3}}
    )
    assert ratios == pytest.approx({"alike": math.log(3), "unlike": -math.log(3)})


def test_labels_are_added_to_what_is_believed() -> None:
    believed = {"same": {"same": 5.0, "different": 2.0}}
    levels = [("same", True), ("same", False), ("unknown", True)]
    assert counted(believed, levels) == {"same": {"same": 6.0, "different": 3.0}}
    assert believed == {"same": {"same": 5.0, "different": 2.0}}


def test_photos_that_agree_speak_for_and_others_against() -> None:
    pairs = [pair(50.0, True)] * 9 + [pair(0.0, True)] + [pair(0.0, False)] * 300
    photo = fit_photos(pairs, BELIEFS)
    assert photo.of_score(0.0) < -1
    assert 0 < photo.of_score(50.0) <= photo.most
    assert photo.of_score(photo.same_scene_score) == pytest.approx(0, abs=1e-6)


def test_one_false_agreement_lowers_what_agreement_may_say() -> None:
    clean = [pair(50.0, True)] * 10 + [pair(0.0, False)] * 30
    assert fit_photos([*clean, pair(80.0, False)], BELIEFS).most < fit_photos(clean, BELIEFS).most


def test_calibrated_evidence_keeps_slopes_near_one() -> None:
    chance = random.Random(3)
    rows = []
    for decision in range(4000):
        position, photo = chance.gauss(0, 2), chance.gauss(0, 2)
        is_same = chance.random() < 1 / (1 + math.exp(1 - position - photo))
        rows.append(DecisionRow(decision, position, photo, is_same))
    found = fit_decisions(rows, [FREE, Belief(1, 20), Belief(1, 20)])
    assert found.prior == pytest.approx(-1, abs=0.15)
    assert found.position_slope == pytest.approx(1, abs=0.15)
    assert found.photo_slope == pytest.approx(1, abs=0.15)


def test_thresholds_stand_where_precision_and_recall_ask_for_them() -> None:
    judged = [(row(n, is_same=True), 5.0 - 0.1 * n) for n in range(20)]
    judged += [(row(100 + n, is_same=False), 2.05) for n in range(30)]
    found = choose_thresholds(judged, TARGETS)
    # Below lie thirty wrong ones that are all equally likely: none of them is taken.
    assert math.log(found.attach / (1 - found.attach)) == pytest.approx(3.1)
    assert found.suggest <= 0.5


def test_only_the_likeliest_case_of_a_decision_counts_for_attaching() -> None:
    judged = [(row(n, is_same=True), 3.0) for n in range(20)]
    judged += [(row(n, is_same=False), 2.0) for n in range(20)]
    assert choose_thresholds(judged, TARGETS).attach == pytest.approx(1 / (1 + math.exp(-3)))


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.floats(-20, 20)), min_size=1).filter(
        lambda rows: any(is_same for _, is_same, _ in rows)
    )
)
def test_thresholds_are_always_in_order(rows: list[tuple[int, bool, float]]) -> None:
    judged = [(row(number, is_same), log_odds) for number, is_same, log_odds in rows]
    found = choose_thresholds(judged, TARGETS)
    assert 0 < found.suggest <= found.attach < 1


def test_time_and_words_say_nothing_without_labels() -> None:
    assert fit_slopes([], [Belief(0, 10), Belief(0, 10)]) == (0.0, 0.0)


def test_labels_teach_what_time_and_words_say() -> None:
    def label(is_same: bool, days: float, overlap: float) -> Label:
        return Label(is_same, "same", None, False, math.log1p(days), overlap, 0.0)

    labels = [label(True, 0.1, 0.9)] * 40 + [label(False, 20.0, 0.1)] * 40
    time, words = fit_slopes(labels, [Belief(0, 10), Belief(0, 10)])
    assert time < -0.2
    assert words > 0.2
    # What contradicts sense is held at nothing.
    contrary = [label(not each.is_same, 1.0, each.overlap or 0) for each in labels]
    assert fit_slopes(contrary, [Belief(0, 10), Belief(0, 10)])[1] == 0.0
