"""Attach, relapse, open or hold: the one decision about a report."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.strategies import FITTED
from webapp.domain.casework import is_open
from webapp.domain.evidence import StrayFix
from webapp.domain.geo import Position
from webapp.domain.likeness import PhotoLikeness
from webapp.domain.triage import (
    HOLD_CODES,
    Attach,
    Candidate,
    Decision,
    Evidence,
    Hold,
    Open,
    Policy,
    Relapse,
)
from webapp.domain.triage import decide as decide_by

NOW = datetime(2026, 6, 18, 7, 32, tzinfo=UTC)
HERE = Position(11.6500, 109.1000, 10.0)
POLICY = Policy(FITTED, {"pavement_encroachment": 30, "road_damage": 3})
# As the photo matcher says it of the very same file, and of two pictures with nothing in common.
TWIN = PhotoLikeness(True, 0, 400, 400, 380, 300.0, 0.9)
STRANGER = PhotoLikeness(False, 31, 400, 12, 5, 0.2, 0.01)
CLEAR = Evidence(
    category_code="pavement_encroachment",
    position=HERE,
    position_source="fix",
    captured_at=NOW,
    is_time_certain=True,
    is_time_impossible=False,
    is_triaged_by_person=False,
    unit_id=1,
    land_ids=(1,),
    is_set_by_person=False,
    has_only_unreadable_photos=False,
    received_at=NOW + timedelta(minutes=5),
)


def decide(evidence: Evidence, candidates: list[Candidate], policy: Policy = POLICY) -> Decision:
    return decide_by(evidence, candidates, policy, now=NOW + timedelta(minutes=6))


def case(north_m: float = 5, case_id: int = 5, **changes: Any) -> Candidate:
    return replace(
        Candidate(
            case_id=case_id,
            place_id=50,
            category_code="pavement_encroachment",
            status="new",
            unit_id=1,
            severity=2,
            opened_at=NOW - timedelta(hours=2),
            position=Position(HERE.latitude + north_m / 111_195, HERE.longitude, 10.0),
            likeness=TWIN,
        ),
        **changes,
    )


def ended(proof: timedelta, **changes: Any) -> Candidate:
    """Return a case at the same place whose proof was taken so long before (or after) now."""
    facts: dict[str, Any] = {"status": "resolved", "proof_at": NOW + proof} | changes
    return case(**({"resolved_at": facts["proof_at"] + timedelta(minutes=20)} | facts))


def held(**changes: Any) -> Hold:
    decision = decide(replace(CLEAR, **changes), [case()])
    assert isinstance(decision, Hold)
    assert decision.code in HOLD_CODES
    return decision


def test_a_report_of_the_same_trouble_joins_its_case_and_says_by_which_numbers() -> None:
    decision = decide(CLEAR, [case(12)])
    assert isinstance(decision, Attach)
    assert (decision.case_id, decision.terms["decision"]) == (5, "attach")
    assert decision.terms["distance_m"] == pytest.approx(12, abs=0.2)
    assert decision.terms["photo_kind"] == "same_bytes"
    assert decision.terms["probability"] >= FITTED.attach
    assert sum(decision.terms["parts"].values()) == pytest.approx(
        decision.terms["log_odds"], abs=0.01
    )


def test_a_report_of_other_trouble_opens_a_case_and_says_what_the_next_one_was() -> None:
    decision = decide(CLEAR, [case(120, likeness=STRANGER)])
    assert isinstance(decision, Open)
    assert (decision.place_id, decision.previous_case_id, decision.likely) == (None, None, ())
    assert decision.terms["decision"] == "open"
    assert decision.terms["distance_m"] == pytest.approx(120, abs=1)


def test_between_the_thresholds_a_case_is_opened_and_the_twin_is_named() -> None:
    doubtful = Policy(replace(FITTED, suggest=1e-9, attach=1 - 1e-12))
    decision = decide(CLEAR, [case(likeness=None)], doubtful)
    assert isinstance(decision, Open)
    assert [twin.case_id for twin in decision.likely] == [5]
    assert decision.likely[0].terms["decision"] == "suggest"


def test_of_two_cases_that_both_fit_the_likelier_is_joined_and_the_other_is_named() -> None:
    decision = decide(CLEAR, [case(30, case_id=4), case(2, case_id=6, place_id=60)])
    assert isinstance(decision, Attach)
    assert decision.case_id == 6
    assert [twin.case_id for twin in decision.likely] == [4]


def test_what_lies_across_a_border_is_no_candidate() -> None:
    decision = decide(CLEAR, [case(unit_id=2)])
    assert isinstance(decision, Open)
    assert decision.terms == {"decision": "open", "candidates": 0}


def test_at_the_border_itself_a_case_of_the_neighbours_land_takes_the_report() -> None:
    decision = decide(replace(CLEAR, land_ids=(1, 2)), [case(unit_id=2)])
    assert isinstance(decision, Attach)
    assert decision.case_id == 5


def test_who_leads_a_case_makes_no_difference_to_what_joins_it() -> None:
    # The railway company leads; the case still lies on the land of commune 1.
    assert isinstance(decide(replace(CLEAR, unit_id=90), [case(unit_id=1)]), Attach)


def test_a_refused_case_takes_no_report() -> None:
    assert isinstance(decide(CLEAR, [case(status="refused")]), Open)


@pytest.mark.parametrize("accuracy_m", [None, 201.0, 1e9, float("nan"), -1.0])
def test_a_position_of_unknown_or_coarse_accuracy_swallows_no_case(
    accuracy_m: float | None,
) -> None:
    vague = replace(CLEAR, position=replace(HERE, accuracy_m=accuracy_m))
    assert isinstance(decide(vague, [case(0)]), Open)


def test_a_fix_that_is_not_of_the_photo_is_held_with_both_moments() -> None:
    stray = StrayFix(NOW, NOW - timedelta(days=1))
    hold = held(position=None, position_source=None, unit_id=None, land_ids=(), stray_fix=stray)
    assert hold == Hold(
        "fix_not_of_photo",
        {"fix_at": "2026-06-18T07:32:00+00:00", "captured_at": "2026-06-17T07:32:00+00:00"},
    )


def test_a_report_with_no_position_is_held() -> None:
    assert held(position=None, position_source=None).code == "no_position"


def test_a_report_with_no_position_is_held_even_if_a_person_chose_the_unit() -> None:
    assert held(position=None, is_set_by_person=True).code == "no_position"


def test_a_report_on_nobodys_land_is_held_and_says_where_it_lies() -> None:
    hold = held(unit_id=None, land_ids=())
    assert hold.code == "outside_boundaries"
    assert hold.details == {"latitude": 11.65, "longitude": 109.1}


@pytest.mark.parametrize("is_set_by_person", [False, True])
def test_a_report_that_nobody_is_responsible_for_is_held_and_says_why(
    is_set_by_person: bool,
) -> None:
    hold = held(unit_id=None, problem="lead_missing", is_set_by_person=is_set_by_person)
    assert hold.code == "no_responsible_unit"
    assert hold.details == {
        "problem": "lead_missing", "category_code": "pavement_encroachment", "commune_id": 1
    }  # fmt: skip


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
    assert isinstance(decide(seen, []), Open)


def test_a_damaged_photo_alone_stops_nothing() -> None:
    damaged = replace(CLEAR, has_only_unreadable_photos=True)
    assert isinstance(decide(damaged, []), Open)


def test_a_position_that_only_a_damaged_photo_claims_is_held() -> None:
    assert held(has_only_unreadable_photos=True, position_source="exif").code == "no_photo_readable"


# ---- what ended before --------------------------------------------------------------------


def test_evidence_captured_after_the_proof_within_the_watch_period_is_a_relapse() -> None:
    decision = decide(CLEAR, [ended(timedelta(days=-10))])
    assert isinstance(decision, Relapse)
    assert (decision.place_id, decision.previous_case_id, decision.severity) == (50, 5, 3)
    assert decision.terms["decision"] == "relapse"


def test_a_relapse_of_the_gravest_stays_the_gravest() -> None:
    decision = decide(CLEAR, [ended(timedelta(days=-10), severity=4)])
    assert isinstance(decision, Relapse)
    assert decision.severity == 4


def test_evidence_captured_before_the_proof_that_arrives_late_joins_without_reopening() -> None:
    decision = decide(CLEAR, [ended(timedelta(minutes=2))])
    assert isinstance(decision, Attach)
    assert decision.is_late_evidence
    assert decision.terms["decision"] == "late_evidence"


def test_evidence_of_an_uncertain_time_is_held_for_a_person() -> None:
    decision = decide(replace(CLEAR, is_time_certain=False), [ended(timedelta(days=-1))])
    assert decision == Hold(
        "uncertain_time", {"case_id": 5, "proof_at": (NOW - timedelta(days=1)).isoformat()}
    )


def test_evidence_that_arrived_before_the_proof_is_late_whatever_its_clock_says() -> None:
    blurred = replace(CLEAR, is_time_certain=False, captured_at=None)
    decision = decide(blurred, [ended(timedelta(hours=1))])
    assert isinstance(decision, Attach)
    assert decision.is_late_evidence


def test_a_person_who_was_asked_about_an_uncertain_time_is_not_asked_again() -> None:
    seen = replace(CLEAR, is_time_certain=False, is_set_by_person=True, is_time_asked=True)
    assert isinstance(decide(seen, [ended(timedelta(days=-1))]), Relapse)


def test_a_person_who_set_something_else_is_asked_about_the_time_all_the_same() -> None:
    seen = replace(CLEAR, is_time_certain=False, is_set_by_person=True)
    decision = decide(seen, [ended(timedelta(days=-1))])
    assert isinstance(decision, Hold)
    assert decision.code == "uncertain_time"


def test_an_uncertain_time_that_nobody_could_better_counts_as_of_its_arrival() -> None:
    claimed = replace(
        CLEAR, is_time_certain=False, is_time_asked=True, captured_at=NOW - timedelta(days=5)
    )
    assert isinstance(decide(claimed, [ended(timedelta(days=-31))]), Open)
    assert isinstance(decide(claimed, [ended(timedelta(days=-29))]), Relapse)


def test_an_opened_case_speaks_of_open_ones_only() -> None:
    decision = decide(CLEAR, [ended(timedelta(days=-3), likeness=STRANGER)])
    assert isinstance(decision, Open)
    assert decision.terms == {"decision": "open", "candidates": 0}


def test_an_open_case_above_the_threshold_goes_before_a_likelier_one_that_ended() -> None:
    beside = case(14, case_id=8, place_id=80)
    for proof in (timedelta(days=-3), timedelta(days=-400)):
        decision = decide(CLEAR, [ended(proof), beside])
        assert isinstance(decision, Attach)
        assert decision.case_id == 8
    unsure = replace(CLEAR, is_time_certain=False)
    assert isinstance(decide(unsure, [ended(timedelta(days=-3)), beside]), Attach)


def test_a_place_with_an_open_case_has_no_second_relapse() -> None:
    from_another_side = case(20, case_id=9, likeness=STRANGER)
    decision = decide(CLEAR, [ended(timedelta(days=-3)), from_another_side])
    assert isinstance(decision, Attach)
    assert decision.case_id == 9


def test_an_uncertain_time_beside_a_running_case_holds_nobody_up() -> None:
    unsure = replace(CLEAR, is_time_certain=False)
    decision = decide(unsure, [ended(timedelta(days=-1)), case(case_id=6)])
    assert isinstance(decision, Attach)
    assert decision.case_id == 6


def test_after_the_watch_period_a_new_case_opens_at_the_same_place() -> None:
    decision = decide(CLEAR, [ended(timedelta(days=-31))])
    assert isinstance(decision, Open)
    assert (decision.place_id, decision.previous_case_id) == (50, 5)


def test_no_category_is_watched_for_less_than_a_fortnight() -> None:
    pothole = {"category_code": "road_damage"}
    decision = decide(replace(CLEAR, **pothole), [ended(timedelta(days=-13), **pothole)])
    assert isinstance(decision, Relapse)
    decision = decide(replace(CLEAR, **pothole), [ended(timedelta(days=-15), **pothole)])
    assert isinstance(decision, Open)


def test_of_several_episodes_the_evidence_belongs_to_the_one_of_its_time() -> None:
    first = ended(timedelta(days=-9), case_id=1)
    second = ended(timedelta(days=-2), case_id=2)
    running = case(case_id=3)
    for captured, joined, is_late in (
        (timedelta(days=-20), 1, True),
        (timedelta(days=-5), 2, True),
        (timedelta(days=-1), 3, False),
    ):
        late = replace(CLEAR, captured_at=NOW + captured)
        decision = decide(late, [running, second, first])
        assert isinstance(decision, Attach)
        assert (decision.case_id, decision.is_late_evidence) == (joined, is_late)


def test_a_relapse_follows_the_last_case_of_its_place() -> None:
    first = ended(timedelta(days=-20), case_id=1)
    second = ended(timedelta(days=-2), case_id=2, severity=3)
    decision = decide(CLEAR, [first, second])
    assert isinstance(decision, Relapse)
    assert (decision.previous_case_id, decision.severity) == (2, 4)


# ---- rules ----------------------------------------------------------------------------------

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
    captured_at=st.none()
    | st.timedeltas(timedelta(days=-60), timedelta()).map(lambda ago: NOW + ago),
    is_time_certain=st.booleans(),
    is_time_impossible=st.booleans(),
    is_triaged_by_person=st.booleans(),
    unit_id=st.none() | st.integers(1, 2),
    land_ids=st.sampled_from([(), (1,), (2,), (1, 2)]),
    is_set_by_person=st.booleans(),
    has_only_unreadable_photos=st.booleans(),
    received_at=st.just(NOW),
)


@st.composite
def nearby(draw: st.DrawFn) -> Candidate:
    status = draw(st.sampled_from(["new", "in_progress", "resolved", "closed", "refused"]))
    proof_at = NOW - draw(st.timedeltas(timedelta(), timedelta(days=60)))
    is_ended = status in ("resolved", "closed")
    return Candidate(
        case_id=draw(st.integers(1, 9)),
        place_id=draw(st.integers(1, 3)),
        category_code=draw(st.sampled_from(["pavement_encroachment", "road_damage", "other"])),
        status=status,
        unit_id=draw(st.integers(1, 2)),
        severity=draw(st.integers(1, 4)),
        opened_at=NOW - timedelta(days=61),
        position=Position(draw(st.floats(11.6495, 11.6505)), draw(st.floats(109.0995, 109.1005))),
        likeness=draw(st.sampled_from([None, TWIN, STRANGER])),
        is_named=draw(st.booleans()),
        resolved_at=proof_at + timedelta(hours=1) if is_ended else None,
        proof_at=proof_at if is_ended else None,
    )


candidate_lists = st.lists(nearby(), max_size=6, unique_by=lambda each: each.case_id)


@given(evidences, candidate_lists)
def test_a_report_only_ever_joins_a_case_of_its_own_land_and_time(
    evidence: Evidence, candidates: list[Candidate]
) -> None:
    decision = decide(evidence, candidates)
    if not isinstance(decision, Attach):
        return
    joined = next(each for each in candidates if each.case_id == decision.case_id)
    assert joined.unit_id in evidence.land_ids
    assert is_open(joined.status) is not decision.is_late_evidence
    if decision.is_late_evidence and evidence.is_time_certain and evidence.captured_at:
        assert joined.proof_at is not None
        assert min(evidence.captured_at, NOW) <= joined.proof_at


@given(evidences, candidate_lists)
def test_a_relapse_is_never_lighter_than_what_came_before(
    evidence: Evidence, candidates: list[Candidate]
) -> None:
    decision = decide(evidence, candidates)
    if isinstance(decision, Relapse):
        before = next(each for each in candidates if each.case_id == decision.previous_case_id)
        assert decision.severity == min(4, before.severity + 1)
        assert decision.place_id == before.place_id


@given(evidences, candidate_lists)
def test_only_open_cases_of_the_own_land_are_named_as_twins(
    evidence: Evidence, candidates: list[Candidate]
) -> None:
    decision = decide(evidence, candidates)
    by_id = {each.case_id: each for each in candidates}
    for twin in getattr(decision, "likely", ()):
        assert is_open(by_id[twin.case_id].status)
        assert by_id[twin.case_id].unit_id in evidence.land_ids
        assert twin.case_id != getattr(decision, "case_id", None)


@given(evidences, candidate_lists)
def test_the_order_of_the_candidates_makes_no_difference(
    evidence: Evidence, candidates: list[Candidate]
) -> None:
    assert decide(evidence, candidates) == decide(evidence, candidates[::-1])


@given(evidences, candidate_lists)
def test_nothing_without_position_and_unit_becomes_a_case(
    evidence: Evidence, candidates: list[Candidate]
) -> None:
    if evidence.position is None or evidence.unit_id is None or not evidence.land_ids:
        assert isinstance(decide(evidence, candidates), Hold)
