"""A fitting is read back as it was written, and one that was edited by hand is refused."""

import json
from typing import Any

import pytest

from webapp.domain.duplicates_weights import Weights
from webapp.services.triage_policy import fitted_weights

WEIGHTS = fitted_weights()


def written() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(WEIGHTS.as_json()))
    return data


def test_a_fitting_survives_its_file() -> None:
    assert Weights.from_json(written()) == WEIGHTS


def test_a_number_changed_by_hand_is_noticed() -> None:
    data = written()
    data["thresholds"]["attach"] = 0.5
    with pytest.raises(ValueError, match="fit again"):
        Weights.from_json(data)


@pytest.mark.parametrize(("attach", "suggest"), [(0.2, 0.4), (1.0, 0.5), (0.9, 0.0)])
def test_thresholds_out_of_order_are_refused(attach: float, suggest: float) -> None:
    data = {**written(), "thresholds": {"attach": attach, "suggest": suggest}}
    with pytest.raises(ValueError, match="thresholds"):
        Weights.from_json(data)


def test_evidence_of_photos_stays_within_what_was_counted() -> None:
    photo = WEIGHTS.photo
    assert photo.intercept < 0 < photo.slope
    assert photo.of_score(300.0) == photo.most
    assert photo.of_score(0.0) == photo.intercept
    assert photo.of_score(photo.same_scene_score) == pytest.approx(0.0, abs=1e-6)
