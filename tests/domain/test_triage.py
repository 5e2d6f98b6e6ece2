"""Attach, open or hold: the one decision about a report."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.evidence import StrayFix
from webapp.domain.geo import Position, distance_m
from webapp.domain.triage import HOLD_CODES, Attach, Candidate, Evidence, Hold, Open, decide

NOW = datetime(2026, 6, 18, 7, 32, tzinfo=UTC)
HERE = Position(11.6500, 109.1000, 10.0)
CLEAR = Evidence(
    category_code="pavement_encroachment",
    position=HERE,
    position_source="fix",
    captured_at=NOW,
    is_time_certain=True,
    is_time_impossible=False,
    is_triaged_by_person=False,
    unit_id=1,
    is_set_by_person=False,
    has_only_unreadable_photos=False,
)


def at_distance(north_m: float, case_id: int = 5) -> Candidate:
    return Candidate(
        case_id=case_id,
        place_id=50,
        category_code="pavement_encroachment",
        position=Position(HERE.latitude + north_m / 111_195, HERE.longitude),
        opened_at=NOW,
        status="new",
        unit_id=1,
    )


def held(**changes: Any) -> Hold:
    decision = decide(replace(CLEAR, **changes), [at_distance(1)], now=NOW)
    assert isinstance(decision, Hold)
    assert decision.code in HOLD_CODES
    return decision


def test_a_report_beside_an_open_case_joins_it_and_says_by_which_numbers() -> None:
    decision = decide(CLEAR, [at_distance(20)], now=NOW)
    assert isinstance(decision, Attach)
    assert decision.case_id == 5
    assert decision.terms["distance_m"] == pytest.approx(20, abs=0.1)
    assert decision.terms["limit_m"] == 25
    assert decision.terms["same_category"] is True


def test_a_report_beyond_the_limit_opens_a_case_and_says_how_far_the_next_one_was() -> None:
    decision = decide(CLEAR, [at_distance(26)], now=NOW)
    assert isinstance(decision, Open)
    assert decision.place_id is None
    assert decision.terms["distance_m"] == pytest.approx(26, abs=0.1)


def test_a_coarser_fix_reaches_further_but_never_beyond_50_m() -> None:
    coarse = replace(CLEAR, position=replace(HERE, accuracy_m=120.0))
    assert isinstance(decide(coarse, [at_distance(49)], now=NOW), Attach)
    assert isinstance(decide(coarse, [at_distance(51)], now=NOW), Open)


@pytest.mark.parametrize("accuracy_m", [None, 201.0])
def test_a_position_of_unknown_or_coarse_accuracy_always_opens(accuracy_m: float | None) -> None:
    vague = replace(CLEAR, position=replace(HERE, accuracy_m=accuracy_m))
    assert isinstance(decide(vague, [at_distance(0)], now=NOW), Open)


def test_a_fix_that_is_not_of_the_photo_is_held_with_both_moments() -> None:
    stray = StrayFix(NOW, NOW - timedelta(days=1))
    hold = held(position=None, position_source=None, unit_id=None, stray_fix=stray)
    assert hold == Hold(
        "fix_not_of_photo",
        {"fix_at": "2026-06-18T07:32:00+00:00", "captured_at": "2026-06-17T07:32:00+00:00"},
    )


def test_with_nothing_near_a_case_is_opened() -> None:
    decision = decide(CLEAR, [], now=NOW)
    assert isinstance(decision, Open)
    assert decision.terms["distance_m"] is None


def test_a_report_with_no_position_is_held() -> None:
    assert held(position=None, position_source=None).code == "no_position"


def test_a_report_with_no_position_is_held_even_if_a_person_chose_the_unit() -> None:
    assert held(position=None, is_set_by_person=True).code == "no_position"


def test_a_report_on_nobodys_land_is_held_and_says_where_it_lies() -> None:
    hold = held(unit_id=None)
    assert hold.code == "outside_boundaries"
    assert hold.details == {"latitude": 11.65, "longitude": 109.1}


def test_a_report_of_impossible_time_is_held() -> None:
    assert held(is_time_impossible=True, captured_at=None).code == "impossible_time"


def test_a_report_of_category_other_is_held_for_a_person() -> None:
    hold = held(category_code="other", is_triaged_by_person=True)
    assert (hold.code, hold.details) == ("category_needs_person", {"category_code": "other"})


def test_what_a_person_has_set_is_not_held_again_for_a_person() -> None:
    seen = replace(
        CLEAR,
        is_triaged_by_person=True,
        is_time_impossible=True,
        has_only_unreadable_photos=True,
        is_set_by_person=True,
    )
    assert isinstance(decide(seen, [], now=NOW), Open)


def test_a_damaged_photo_alone_stops_nothing() -> None:
    damaged = replace(CLEAR, has_only_unreadable_photos=True)
    assert isinstance(decide(damaged, [], now=NOW), Open)


def test_a_position_that_only_a_damaged_photo_claims_is_held() -> None:
    assert held(has_only_unreadable_photos=True, position_source="exif").code == "no_photo_readable"


evidences = st.builds(
    Evidence,
    category_code=st.sampled_from(["pavement_encroachment", "road_damage", "other"]),
    position=st.none()
    | st.builds(
        Position,
        st.floats(11.6495, 11.6505),
        st.floats(109.0995, 109.1005),
        st.none() | st.floats(0, 400),
    ),
    position_source=st.sampled_from([None, "pin", "fix", "exif"]),
    captured_at=st.none() | st.just(NOW),
    is_time_certain=st.booleans(),
    is_time_impossible=st.booleans(),
    is_triaged_by_person=st.booleans(),
    unit_id=st.none() | st.integers(1, 2),
    is_set_by_person=st.booleans(),
    has_only_unreadable_photos=st.booleans(),
)
candidate_lists = st.lists(
    st.builds(
        Candidate,
        case_id=st.integers(1, 9),
        place_id=st.integers(1, 9),
        category_code=st.sampled_from(["pavement_encroachment", "road_damage", "other"]),
        position=st.builds(Position, st.floats(11.6495, 11.6505), st.floats(109.0995, 109.1005)),
        opened_at=st.just(NOW),
        status=st.sampled_from(["new", "in_progress", "resolved", "closed", "refused"]),
        unit_id=st.integers(1, 2),
    ),
    max_size=6,
    unique_by=lambda candidate: candidate.case_id,
)


@given(evidences, candidate_lists)
def test_a_report_only_ever_joins_an_open_case_of_its_kind_and_unit_within_50_m(
    evidence: Evidence, candidates: list[Candidate]
) -> None:
    decision = decide(evidence, candidates, now=NOW)
    if not isinstance(decision, Attach):
        return
    joined = next(c for c in candidates if c.case_id == decision.case_id)
    assert joined.status in ("new", "in_progress")
    assert (joined.category_code, joined.unit_id) == (evidence.category_code, evidence.unit_id)
    assert evidence.position is not None
    assert distance_m(evidence.position, joined.position) <= 50


@given(evidences, candidate_lists)
def test_the_order_of_the_candidates_makes_no_difference(
    evidence: Evidence, candidates: list[Candidate]
) -> None:
    assert decide(evidence, candidates, now=NOW) == decide(evidence, candidates[::-1], now=NOW)


@given(evidences, candidate_lists)
def test_nothing_without_position_and_unit_becomes_a_case(
    evidence: Evidence, candidates: list[Candidate]
) -> None:
    if evidence.position is None or evidence.unit_id is None:
        assert isinstance(decide(evidence, candidates, now=NOW), Hold)
