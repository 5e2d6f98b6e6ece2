"""How likely a report and a case are one trouble, by the fitting that is in use."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.domain.duplicates import (
    MOST_CANDIDATES,
    MOST_COMPARISONS,
    RULE,
    Candidate,
    Sighting,
    best_likeness,
    choose_comparisons,
    judge,
    position_odds,
    verdict,
)
from webapp.domain.geo import Position
from webapp.domain.likeness import PhotoLikeness
from webapp.domain.streams import moved
from webapp.services.triage_policy import fitted_weights

WEIGHTS = fitted_weights()
HERE = Position(11.6500, 109.1000, 10.0)
NOON = datetime(2026, 6, 18, 5, tzinfo=UTC)

ACCURACIES = st.none() | st.floats(allow_nan=True, allow_infinity=True)
GOOD_ACCURACIES = st.floats(3, 200)
CATEGORIES = st.sampled_from(["road_damage", "illegal_parking", "congestion", "new_category"])
METRES = st.floats(0, 400)


def place(north_m: float = 0.0, accuracy_m: float | None = 10.0) -> Position:
    there = moved(HERE, north_m, 0.0)
    return Position(there.latitude, there.longitude, accuracy_m)


def sighting(north_m: float = 0.0, accuracy_m: float | None = 10.0, **facts: Any) -> Sighting:
    facts = {"at": NOON, "category_code": "road_damage", **facts}
    return Sighting(position=place(north_m, accuracy_m), **facts)


def case_of(*sightings: Sighting, case_id: int = 1, **facts: Any) -> Candidate:
    first = sightings[0] if sightings else sighting()
    facts = {"category_code": first.category_code, "position": first.position, **facts}
    return Candidate(
        case_id=case_id,
        place_id=case_id,
        status="new",
        unit_id=1,
        severity=1,
        opened_at=first.at,
        sightings=sightings,
        **facts,
    )


def likeness(score: float, **facts: Any) -> PhotoLikeness:
    facts = {"is_same_bytes": False, "hash_distance": 30, "features": 900, **facts}
    return PhotoLikeness(matches=50, inliers=40, score=score, spread=0.3, **facts)


def said(report: Sighting, candidate: Candidate) -> str:
    return verdict(judge(report, candidate, WEIGHTS), report, WEIGHTS)


# ---- positions ------------------------------------------------------------------------------


@given(METRES, METRES, GOOD_ACCURACIES, GOOD_ACCURACIES, CATEGORIES)
def test_the_farther_the_less_likely(
    one_m: float, other_m: float, mine_m: float, theirs_m: float, category: str
) -> None:
    case = case_of(sighting(0, theirs_m, category_code=category))
    near, far = sorted([one_m, other_m])
    odds = [
        position_odds(sighting(metres, mine_m, category_code=category), case, WEIGHTS)
        for metres in (near, far)
    ]
    assert odds[0] >= odds[1] - 1e-6


@given(st.lists(st.tuples(METRES, ACCURACIES), max_size=10), METRES, ACCURACIES)
def test_the_farther_from_many_sightings_the_less_likely(
    others: list[tuple[float, float | None]], metres: float, accuracy_m: float | None
) -> None:
    case = case_of(*(sighting(-north_m, each_m) for north_m, each_m in others))
    near = position_odds(sighting(metres, accuracy_m), case, WEIGHTS)
    far = position_odds(sighting(metres + 10, accuracy_m), case, WEIGHTS)
    assert math.isfinite(near)
    assert near >= far - 1e-6


@given(METRES, GOOD_ACCURACIES, GOOD_ACCURACIES)
def test_two_reports_are_judged_alike_whichever_came_first(
    metres: float, mine_m: float, theirs_m: float
) -> None:
    one, other = sighting(0, mine_m), sighting(metres, theirs_m)
    there = judge(one, case_of(other), WEIGHTS).log_odds
    back = judge(other, case_of(one), WEIGHTS).log_odds
    assert there == pytest.approx(back, abs=1e-3)


# What hypothesis once found: a position hundreds of metres off with perfect fixes.
@example(322.0, 0.0, 0.0, "road_damage", 0.0, False)
@given(METRES, ACCURACIES, ACCURACIES, CATEGORIES, st.floats(0, 300), st.booleans())
def test_everything_is_finite_and_adds_up(
    metres: float,
    mine_m: float | None,
    theirs_m: float | None,
    category: str,
    score: float,
    is_named: bool,
) -> None:
    case = case_of(sighting(0, theirs_m), likeness=likeness(score), is_named=is_named)
    judgement = judge(sighting(metres, mine_m, category_code=category), case, WEIGHTS)
    assert math.isfinite(judgement.log_odds)
    assert 0 < judgement.probability < 1
    assert math.fsum(judgement.parts.values()) == judgement.log_odds
    assert set(judgement.parts) == {
        *("prior", "position", "photo", "category", "time", "words", "phone", "named")
    }


@pytest.mark.parametrize("accuracy_m", [None, math.nan, math.inf, -1.0, 200.1, 1e9])
def test_an_accuracy_that_says_nothing_attaches_nothing(accuracy_m: float | None) -> None:
    report = sighting(0, accuracy_m)
    case = case_of(sighting(), likeness=likeness(300, is_same_bytes=True))
    assert said(report, case) == "suggest"


@given(st.floats(30, 240), st.floats(3, 15), ACCURACIES)
def test_no_forged_accuracy_takes_a_strangers_case(
    metres: float, honest_m: float, forged_m: float | None
) -> None:
    case = case_of(sighting(0, honest_m))
    assert said(sighting(metres, honest_m), case) != "attach"
    assert said(sighting(metres, forged_m), case) != "attach"
    assert said(sighting(metres, forged_m), replace(case, is_named=True)) != "attach"


@given(METRES, st.floats(0, 2.99))
def test_an_accuracy_below_3_m_is_read_as_3_m(metres: float, forged_m: float) -> None:
    case = case_of(sighting())
    forged = position_odds(sighting(metres, forged_m), case, WEIGHTS)
    assert forged == position_odds(sighting(metres, 3.0), case, WEIGHTS)


def test_a_wide_circle_proves_nothing_wherever_it_lies() -> None:
    for metres in (0.0, 50.0, 150.0):
        assert abs(position_odds(sighting(metres, 200.0), case_of(sighting()), WEIGHTS)) < 1


def test_a_case_without_sightings_speaks_by_its_own_position() -> None:
    judgement = judge(sighting(), case_of(position=place(20.0)), WEIGHTS)
    assert judgement.distance_m == pytest.approx(20, abs=0.01)


def test_one_stray_report_does_not_move_a_case_of_many() -> None:
    crowd = [sighting(offset, 10.0) for offset in (-2.0, 0.0, 1.0, 2.0)]
    judgement = judge(sighting(), case_of(*crowd, sighting(80.0, 10.0)), WEIGHTS)
    assert judgement.distance_m is not None
    assert judgement.distance_m < 10


# ---- one spot, and a row of troubles --------------------------------------------------------


@pytest.mark.parametrize("category", ["road_damage", "pavement_encroachment", "illegal_parking"])
@pytest.mark.parametrize("accuracy_m", [3.0, 5.0, 10.0])
@pytest.mark.parametrize("metres", [0.0, 2.0, 4.0])
def test_two_reports_of_one_spot_without_photos_are_one_case(
    category: str, accuracy_m: float, metres: float
) -> None:
    case = case_of(sighting(0, accuracy_m, category_code=category))
    assert said(sighting(metres, accuracy_m, category_code=category), case) == "attach"


def test_plain_photos_do_not_part_two_reports_of_one_spot() -> None:
    case = case_of(sighting(), likeness=likeness(0.0, features=12))
    judgement = judge(sighting(), case, WEIGHTS)
    assert judgement.photo_kind == "not_compared"
    assert said(sighting(), case) == "attach"


def test_one_spot_of_two_kinds_is_not_one_case_for_that_alone() -> None:
    assert said(sighting(category_code="traffic_sign"), case_of(sighting())) != "attach"


def test_separate_troubles_15_m_apart_stay_separate() -> None:
    row = [case_of(sighting(15.0 * door, 5.0), case_id=door) for door in range(4)]
    report = sighting(60.0, 5.0)
    assert [said(report, case) for case in row if said(report, case) == "attach"] == []


# ---- photos ---------------------------------------------------------------------------------


@given(st.floats(0, 300), st.floats(0, 300))
def test_the_higher_the_score_the_likelier(one: float, other: float) -> None:
    low, high = (
        judge(sighting(30), case_of(sighting(), likeness=likeness(score)), WEIGHTS).log_odds
        for score in sorted([one, other])
    )
    assert low <= high


def test_photos_of_one_scene_join_what_positions_leave_open() -> None:
    report, case = sighting(25, 30.0), case_of(sighting(0, 30.0))
    assert said(report, case) == "suggest"
    assert said(report, replace(case, likeness=likeness(60.0))) == "attach"


def test_photos_that_do_not_match_speak_against_a_case() -> None:
    parts = judge(sighting(), case_of(sighting(), likeness=likeness(0.0)), WEIGHTS).parts
    assert parts["photo"] < -1


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"is_same_bytes": True, "features": 3}, "same_bytes"),
        ({"hash_distance": 2}, "same_picture"),
        ({"hash_distance": 30}, "same_scene"),
        ({"features": 3}, "not_compared"),
    ],
)
def test_what_photos_have_in_common_has_a_name(facts: dict[str, Any], kind: str) -> None:
    judgement = judge(sighting(), case_of(sighting(), likeness=likeness(100, **facts)), WEIGHTS)
    assert judgement.photo_kind == kind
    assert (judgement.parts["photo"] > 0) == (kind != "not_compared")


def test_an_equal_hash_is_not_believed_without_features() -> None:
    case = case_of(sighting(), likeness=likeness(0.0, hash_distance=0))
    assert judge(sighting(), case, WEIGHTS).photo_kind == "no_match"


def test_the_best_likeness_is_one_that_says_something() -> None:
    plain, unlike, like = likeness(0, features=2), likeness(0), likeness(20)
    assert best_likeness([plain, unlike, like], WEIGHTS) == like
    assert best_likeness([plain, unlike], WEIGHTS) == unlike
    assert best_likeness([], WEIGHTS) is None


# ---- what else speaks -----------------------------------------------------------------------


def test_a_resident_who_names_the_case_near_by_needs_no_photo() -> None:
    report, case = sighting(8, 15.0), case_of(sighting(0, 15.0))
    assert said(report, case) == "suggest"
    assert said(report, replace(case, is_named=True)) == "attach"


def test_naming_a_case_does_not_outweigh_a_position_that_contradicts() -> None:
    assert said(sighting(60, 10.0), case_of(sighting(), is_named=True)) != "attach"


def test_categories_that_residents_confuse_speak_less_against_a_case() -> None:
    def category(code: str) -> float:
        case = case_of(sighting(category_code="pavement_encroachment"))
        return judge(sighting(category_code=code), case, WEIGHTS).parts["category"]

    assert category("pavement_encroachment") == 0
    assert 0 > category("illegal_parking") > category("road_damage")


def test_a_phone_is_known_only_where_both_sides_name_one() -> None:
    mine = sighting(install_key_hash="a")
    for key, is_same in ((None, None), ("b", False), ("a", True)):
        assert (
            judge(mine, case_of(sighting(install_key_hash=key)), WEIGHTS).is_same_phone is is_same
        )


def test_the_time_since_the_last_report_is_told() -> None:
    old, new = sighting(at=NOON - timedelta(days=9)), sighting(at=NOON - timedelta(hours=3))
    assert judge(sighting(), case_of(new, old), WEIGHTS).hours == pytest.approx(3)


def test_terms_are_plain_numbers_that_name_their_fitting() -> None:
    terms = judge(sighting(12), case_of(sighting(), likeness=likeness(90)), WEIGHTS).as_terms()
    assert terms["rule"] == RULE
    assert terms["weights"] == WEIGHTS.version
    assert terms["distance_m"] == 12
    assert terms["photo_points"] == 40
    assert terms["same_category"] is True


# ---- what to compare ------------------------------------------------------------------------


def test_every_case_is_compared_once_before_any_is_compared_twice() -> None:
    cases = [case_of(sighting(10.0 * case_id), case_id=case_id) for case_id in range(1, 4)]
    photos = {case_id: [f"{case_id}{letter}" for letter in "ab"] for case_id in range(1, 4)}
    chosen = choose_comparisons(sighting(), cases, WEIGHTS, report_photos=["x"], case_photos=photos)
    assert [pair.case_photo for pair in chosen] == ["1a", "2a", "3a", "1b", "2b", "3b"]


@given(st.integers(0, 40), st.integers(0, 3), st.integers(0, 9))
def test_comparisons_are_capped(cases: int, mine: int, theirs: int) -> None:
    candidates = [case_of(sighting(case_id), case_id=case_id) for case_id in range(cases)]
    photos = {case_id: range(theirs) for case_id in range(cases)}
    chosen = choose_comparisons(
        sighting(), candidates, WEIGHTS, report_photos=range(mine), case_photos=photos
    )
    wanted = min(cases, MOST_CANDIDATES) * mine * theirs
    assert len(chosen) == min(MOST_COMPARISONS, wanted)
    assert len(set(chosen)) == len(chosen)


def test_the_case_that_is_named_is_compared_first() -> None:
    far = case_of(sighting(200), case_id=9, is_named=True)
    chosen = choose_comparisons(
        sighting(),
        [case_of(sighting()), far],
        WEIGHTS,
        report_photos=["x"],
        case_photos={1: ["a"], 9: ["b"]},
    )
    assert [pair.case_id for pair in chosen] == [9, 1]
