"""What the public may know, and that nothing else ever gets through."""

import json
import re
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import h3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.strategies import moments_between
from webapp.domain.casework import MOVING_KINDS
from webapp.domain.disclosure import (
    PUBLIC_KINDS,
    PUBLIC_REPORT_STATUSES,
    PUBLIC_RESOLUTION,
    PUBLIC_SPREAD_M,
    PUBLIC_STATUSES,
    CaseFacts,
    EventFacts,
    NamedUnit,
    PhotoFacts,
    PublicPhoto,
    QuoteFacts,
    is_on_map,
    public_case,
    public_hold,
    public_report,
    public_spot,
    witness_band,
)
from webapp.domain.geo import Position, distance_m

# 23:30 in Vietnam on 17 June: the day in UTC is the same, one hour later it is not.
LATE_EVENING = datetime(2026, 6, 17, 16, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
CASE = CaseFacts(
    number="NH-2026-00042",
    status="resolved",
    severity=2,
    category_code="road_damage",
    category_name="Mặt đường hư hỏng",
    unit_code="22855",
    unit_name="Xã Vĩnh Hải",
    witness_count=3,
    opened_at=LATE_EVENING,
    resolve_due_at=LATE_EVENING + timedelta(days=15),
    latitude=11.712345678,
    longitude=109.198765432,
    acknowledged_at=LATE_EVENING + HOUR,
    resolved_at=LATE_EVENING + timedelta(days=3),
    public_sentence="Đã vá mặt đường.",
    events=(
        EventFacts("opened", LATE_EVENING),
        EventFacts("first_viewed", LATE_EVENING + HOUR / 2),
        EventFacts("acknowledged", LATE_EVENING + HOUR),
        EventFacts("note_added", LATE_EVENING + 2 * HOUR),
        EventFacts("resolved", LATE_EVENING + timedelta(days=3)),
    ),
    photos=(
        PhotoFacts(1, "evidence", "ready", "shown"),
        PhotoFacts(2, "evidence", "ready", "private"),
        PhotoFacts(3, "evidence", "ready", "pending"),
        PhotoFacts(4, "evidence", "unreadable", "shown"),
        PhotoFacts(5, "after", "ready", "shown"),
    ),
)


def test_a_program_is_told_exactly_this() -> None:
    assert public_report("triaged", public_case(CASE)) == {
        "report": {"status": "triaged"},
        "case": {
            "number": "NH-2026-00042",
            "status": "resolved",
            "severity": 2,
            "category": "road_damage",
            "unit": {"code": "22855", "name": "Xã Vĩnh Hải"},
            "witnesses": "2–4",
            "due_on": "2026-07-02",
            "events": [
                {"kind": "opened", "on": "2026-06-17"},
                {"kind": "acknowledged", "on": "2026-06-18"},
                {"kind": "resolved", "on": "2026-06-20"},
            ],
        },
    }


def test_a_report_without_a_case_tells_its_status_only() -> None:
    assert public_report("held", None) == {"report": {"status": "held"}, "case": None}


NHON_HAI = NamedUnit("22846", "commune", "xã", "Nhơn Hải")


@pytest.mark.parametrize("kind", MOVING_KINDS)
def test_a_move_names_the_unit_that_took_over_and_nothing_else(kind: str) -> None:
    events = (EventFacts("opened", LATE_EVENING), EventFacts(kind, LATE_EVENING + HOUR, NHON_HAI))
    told = public_case(replace(CASE, events=events)).as_json()["events"]
    unit = {"code": "22846", "name": "Nhơn Hải"}
    assert told[1:] == [{"kind": kind, "on": "2026-06-18", "unit": unit}]


@pytest.mark.parametrize("kind", MOVING_KINDS)
def test_a_move_that_moved_nothing_is_not_told(kind: str) -> None:
    events = (EventFacts(kind, LATE_EVENING),)
    assert public_case(replace(CASE, events=events)).events == ()


@pytest.mark.parametrize("kind", ["transfer_offered", "transfer_refused", "transfer_withdrawn"])
def test_what_units_only_asked_of_each_other_stays_inside(kind: str) -> None:
    events = (EventFacts(kind, LATE_EVENING, NHON_HAI),)
    assert public_case(replace(CASE, events=events)).events == ()


def test_an_event_names_no_unit_where_none_belongs() -> None:
    events = (EventFacts("resolved", LATE_EVENING, NHON_HAI),)
    assert public_case(replace(CASE, events=events)).events[0].unit is None


def test_of_the_reasons_for_holding_only_the_place_outside_is_told() -> None:
    assert public_hold("held", "outside_boundaries") == "outside_boundaries"
    assert public_hold("held", "category_unsure") is None
    assert public_hold("triaged", "outside_boundaries") is None
    assert public_hold("held", None) is None


def test_days_are_those_of_vietnam() -> None:
    public = public_case(CASE)
    assert public.opened_on == date(2026, 6, 17)
    assert public.acknowledged_on == date(2026, 6, 18)


def test_only_photos_that_were_shown_and_are_ready_are_public() -> None:
    public = public_case(CASE)
    assert public.photos_before == (PublicPhoto(1, "before"),)
    assert public.photos_after == (PublicPhoto(5, "after"),)


def test_the_small_photo_is_the_proof_once_there_is_one() -> None:
    assert public_case(CASE).small_photo_id == 5
    assert public_case(replace(CASE, photos=CASE.photos[:3])).small_photo_id == 1
    assert public_case(replace(CASE, photos=CASE.photos[1:3])).small_photo_id is None


def test_that_a_photo_waits_for_review_is_said_without_showing_it() -> None:
    assert public_case(CASE).has_photos_in_review
    assert not public_case(replace(CASE, photos=CASE.photos[:2])).has_photos_in_review


def test_words_are_quoted_only_once_an_officer_has_shown_them() -> None:
    quotes = tuple(
        QuoteFacts(f"CANARY {review}", review) for review in ("pending", "shown", "private", "")
    )
    assert public_case(replace(CASE, quotes=quotes)).quotes == ("CANARY shown",)


def test_a_program_is_told_no_words_at_all() -> None:
    case = replace(CASE, quotes=(QuoteFacts("CANARY", "shown"),))
    public = public_case(case)
    assert CANARY not in json.dumps([public.as_json(), public.as_map_json()])


def test_the_published_point_is_not_the_phone() -> None:
    public = public_case(CASE)
    assert (public.latitude, public.longitude) != (CASE.latitude, CASE.longitude)
    assert (public.latitude, public.longitude) == public_spot(CASE.latitude, CASE.longitude)


latitudes, longitudes = st.floats(-90, 90), st.floats(-180, 180)


@given(latitudes, longitudes)
def test_the_published_point_is_near(latitude: float, longitude: float) -> None:
    spot = Position(*public_spot(latitude, longitude))
    assert distance_m(Position(latitude, longitude), spot) <= PUBLIC_SPREAD_M


@given(st.floats(8, 24), st.floats(102, 110), st.integers(0, 5), st.floats(0, 0.99))
def test_every_position_in_a_cell_is_published_as_the_same_point(
    latitude: float, longitude: float, corner: int, share: float
) -> None:
    cell = h3.latlng_to_cell(latitude, longitude, PUBLIC_RESOLUTION)
    middle, edge = h3.cell_to_latlng(cell), h3.cell_to_boundary(cell)[corner]
    other = [a + share * (b - a) for a, b in zip(middle, edge, strict=True)]
    assert public_spot(*other) == public_spot(latitude, longitude)


@pytest.mark.parametrize(
    ("count", "band"), [(0, "1"), (1, "1"), (2, "2–4"), (4, "2–4"), (5, "5+"), (9999, "5+")]
)
def test_witnesses_come_in_bands(count: int, band: str) -> None:
    assert witness_band(count) == band


def test_a_case_is_on_the_map_once_acknowledged_or_after_six_hours() -> None:
    assert not is_on_map(LATE_EVENING, None, LATE_EVENING + 6 * HOUR - timedelta(seconds=1))
    assert is_on_map(LATE_EVENING, None, LATE_EVENING + 6 * HOUR)
    assert is_on_map(LATE_EVENING, LATE_EVENING + HOUR, LATE_EVENING + HOUR)


CANARY = "CANARY"
canaries = st.text(max_size=6).map(lambda tail: CANARY + tail)
# Whatever a service hands in by mistake, in every place that takes a word of its own.
moments = moments_between(date(2020, 1, 1), date(2030, 1, 1))
leaky_cases = st.builds(
    CaseFacts,
    number=st.just("NH-2026-00042"),
    status=st.sampled_from(PUBLIC_STATUSES) | canaries,
    severity=st.integers(1, 4),
    category_code=st.just("road_damage"),
    category_name=st.just("Mặt đường hư hỏng"),
    unit_code=st.just("22855"),
    unit_name=st.just("Xã Vĩnh Hải"),
    witness_count=st.integers(0, 10_000),
    opened_at=moments,
    resolve_due_at=moments,
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
    acknowledged_at=st.none() | moments,
    resolved_at=st.none() | moments,
    events=st.lists(
        st.builds(
            EventFacts,
            st.sampled_from(["note_added", "severity_raised", "first_viewed", *PUBLIC_KINDS])
            | canaries,
            moments,
        ),
        max_size=6,
    ).map(tuple),
    photos=st.lists(
        st.builds(
            PhotoFacts,
            st.integers(700_000, 700_999),
            st.sampled_from(["evidence", "after"]) | canaries,
            st.sampled_from(["pending", "ready", "unreadable"]) | canaries,
            st.sampled_from(["pending", "shown", "private"]) | canaries,
        ),
        max_size=5,
    ).map(tuple),
    quotes=st.lists(
        st.builds(QuoteFacts, canaries, st.sampled_from(["pending", "private"]) | canaries),
        max_size=5,
    ).map(tuple),
)


def _all_that_is_told(report_status: str, case: CaseFacts) -> str:
    try:
        public = public_case(case)
        told: list[Any] = [public_report(report_status, public), public.as_map_json()]
    except ValueError as error:
        return str(error)
    return repr(public) + json.dumps(told, ensure_ascii=False)


@given(st.sampled_from(PUBLIC_REPORT_STATUSES) | canaries, leaky_cases)
def test_no_canary_ever_gets_out(report_status: str, case: CaseFacts) -> None:
    assert CANARY not in _all_that_is_told(report_status, case)


@given(leaky_cases)
def test_no_event_of_another_kind_gets_out(case: CaseFacts) -> None:
    told = _all_that_is_told("triaged", case)
    assert not re.search("note_added|severity_raised|first_viewed", told)


@given(leaky_cases)
def test_no_photo_that_was_not_shown_gets_out(case: CaseFacts) -> None:
    told = set(re.findall(r"700\d{3}", _all_that_is_told("triaged", case)))
    shown = {p.id for p in case.photos if p.review == "shown" and p.state == "ready"}
    assert told <= {str(number) for number in shown}


@given(leaky_cases)
def test_no_time_of_day_and_no_exact_count_gets_out(case: CaseFacts) -> None:
    try:
        public = public_case(case)
    except ValueError:
        return
    told = json.dumps([public.as_json(), public.as_map_json()])
    assert not re.search(r"\d\d:\d\d|T\d\d", told)
    assert public.witnesses in ("1", "2–4", "5+")


@given(leaky_cases)
def test_no_position_is_finer_than_five_decimals(case: CaseFacts) -> None:
    try:
        public = public_case(case)
    except ValueError:
        return
    assert public.latitude == round(public.latitude, 5)
    assert public.longitude == round(public.longitude, 5)


def test_the_projection_has_no_place_for_what_is_private() -> None:
    private = re.compile(
        "actor|officer|reason|words|note|contact|phone|email|install|hash|description|data|key"
    )
    for shape in (CaseFacts, EventFacts, PhotoFacts, QuoteFacts, type(public_case(CASE))):
        assert [f.name for f in fields(shape) if private.search(f.name)] == []


def test_an_unknown_status_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match="not a word of the public") as caught:
        public_report("CANARY", None)
    assert "CANARY" not in str(caught.value)
