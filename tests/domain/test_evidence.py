"""One position and one time out of what each source claims, and keys as people type them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.errors import InvalidInput
from webapp.domain.evidence import (
    DEFAULT_EXIF_ACCURACY_M,
    DEFAULT_PIN_ACCURACY_M,
    PhotoClaims,
    PositionClaims,
    StrayFix,
    group_tracking_key,
    is_reasonable,
    parse_tracking_key,
    settle_captured_at,
    settle_position,
    stray_fix,
    tracking_key_from,
)
from webapp.domain.geo import Position

NOON = datetime(2026, 6, 18, 5, 0, tzinfo=UTC)
PIN = Position(11.6500, 109.1000)
FIX = Position(11.6600, 109.1000, 8.0)
EXIF = (11.6700, 109.1000)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def claims(
    *,
    pin: Position | None = None,
    fix: Position | None = None,
    fix_at: datetime | None = None,
    photos: tuple[PhotoClaims, ...] = (),
    sent_at: datetime | None = NOON,
) -> PositionClaims:
    return PositionClaims(pin, fix, fix_at, photos, None, sent_at, NOON)


def photo(
    at: datetime | None = None,
    *,
    source: Literal["phone", "bytes"] = "phone",
    is_placed: bool = True,
) -> PhotoClaims:
    latitude, longitude = EXIF if is_placed else (None, None)
    return PhotoClaims(latitude, longitude, at, source)


def test_a_moved_pin_wins_over_everything() -> None:
    settled = settle_position(claims(pin=PIN, fix=FIX, fix_at=NOON, photos=(photo(NOON),)))
    assert settled is not None
    assert settled.source == "pin"
    assert settled.position == Position(PIN.latitude, PIN.longitude, DEFAULT_PIN_ACCURACY_M)


def test_a_fix_within_two_minutes_of_the_capture_wins_over_exif() -> None:
    settled = settle_position(claims(fix=FIX, fix_at=NOON + minutes(2), photos=(photo(NOON),)))
    assert settled is not None
    assert (settled.source, settled.position) == ("fix", FIX)


def test_exif_wins_over_a_fix_made_later_than_two_minutes_after_the_capture() -> None:
    settled = settle_position(claims(fix=FIX, fix_at=NOON + minutes(3), photos=(photo(NOON),)))
    assert settled is not None
    assert settled.source == "exif"
    assert settled.position == Position(*EXIF, DEFAULT_EXIF_ACCURACY_M)


@pytest.mark.parametrize("apart", [timedelta(days=-1), minutes(-3), minutes(3)])
def test_a_fix_from_another_time_than_the_photo_places_nothing_and_is_told(
    apart: timedelta,
) -> None:
    unplaced = photo(NOON + apart, is_placed=False)
    claimed = claims(fix=FIX, fix_at=NOON, photos=(unplaced,))
    assert settle_position(claimed) is None
    assert stray_fix(claimed) == StrayFix(NOON, NOON + apart)


def test_the_capture_that_is_told_beside_a_stray_fix_is_the_nearest_one() -> None:
    photos = tuple(photo(NOON - minutes(back), is_placed=False) for back in (90, 5, 30))
    stray = stray_fix(claims(fix=FIX, fix_at=NOON, photos=photos))
    assert stray == StrayFix(NOON, NOON - minutes(5))


def test_a_fix_that_counts_or_is_not_there_is_not_stray() -> None:
    assert stray_fix(claims(fix=FIX, fix_at=NOON, photos=(photo(NOON),))) is None
    assert stray_fix(claims(photos=(photo(NOON),))) is None
    assert stray_fix(claims(fix=Position(0.0, 0.0), fix_at=NOON)) is None


def test_a_fix_that_names_no_time_is_measured_by_the_sending() -> None:
    captured_at = NOON - minutes(60)
    claimed = claims(fix=FIX, photos=(photo(captured_at, is_placed=False),))
    assert settle_position(claimed) is None
    assert stray_fix(claimed) == StrayFix(NOON, captured_at)


def test_a_capture_that_cannot_be_true_does_not_make_the_fix_a_stray_one() -> None:
    broken = photo(datetime(2039, 1, 1, tzinfo=UTC), is_placed=False)
    settled = settle_position(claims(fix=FIX, fix_at=NOON - minutes(1), photos=(broken,)))
    assert settled is not None
    assert settled.source == "fix"


def test_with_no_capture_time_a_fix_near_the_sending_counts() -> None:
    settled = settle_position(claims(fix=FIX, fix_at=NOON - minutes(10), photos=(photo(),)))
    assert settled is not None
    assert settled.source == "fix"


def test_with_no_capture_time_a_fix_from_an_hour_ago_stands_behind_exif() -> None:
    settled = settle_position(claims(fix=FIX, fix_at=NOON - minutes(60), photos=(photo(),)))
    assert settled is not None
    assert settled.source == "exif"


def test_a_fix_that_names_no_time_was_taken_when_the_report_was_sent() -> None:
    settled = settle_position(claims(fix=FIX, sent_at=NOON))
    assert settled is not None
    assert settled.source == "fix"
    late = settle_position(claims(fix=FIX, photos=(photo(NOON - minutes(60)),)))
    assert late is not None
    assert late.source == "exif"


def test_a_wrong_phone_clock_does_not_age_a_fix_that_was_waiting_to_be_sent() -> None:
    wrong = NOON - timedelta(days=400)
    settled = settle_position(
        claims(fix=FIX, fix_at=wrong, photos=(photo(wrong - minutes(1)),), sent_at=wrong)
    )
    assert settled is not None
    assert settled.source == "fix"


def test_zeros_from_any_source_are_no_position() -> None:
    nowhere = Position(0.0, 0.0, 5.0)
    zeros = PhotoClaims(0.0, 0.0, NOON, "phone")
    assert settle_position(claims(pin=nowhere, fix=nowhere, fix_at=NOON, photos=(zeros,))) is None


def test_what_we_read_from_the_bytes_goes_before_what_the_phone_says_of_exif() -> None:
    said = PhotoClaims(11.0, 109.0, NOON, "phone")
    settled = settle_position(claims(photos=(said, photo(NOON, source="bytes"))))
    assert settled is not None
    assert settled.position.latitude == EXIF[0]


def test_disagreement_is_the_distance_to_the_farthest_other_claim() -> None:
    settled = settle_position(claims(pin=PIN, fix=FIX, fix_at=NOON, photos=(photo(NOON),)))
    assert settled is not None
    assert settled.disagreement_m == pytest.approx(2224, abs=1)


def test_a_single_claim_disagrees_with_nobody() -> None:
    settled = settle_position(claims(fix=FIX, fix_at=NOON))
    assert settled is not None
    assert settled.disagreement_m is None


def test_the_phone_clock_is_corrected_by_the_sending_time() -> None:
    slow = timedelta(hours=9)
    settled = settle_captured_at([photo(NOON - slow - minutes(30))], NOON - slow, NOON)
    assert settled.at == NOON - minutes(30)
    assert settled.source == "phone"
    assert settled.is_certain


def test_the_latest_of_several_photos_counts() -> None:
    settled = settle_captured_at([photo(NOON - minutes(30)), photo(NOON - minutes(5))], NOON, NOON)
    assert settled.at == NOON - minutes(5)


def test_the_phone_goes_before_exif_which_knows_no_zone() -> None:
    read = photo(NOON - minutes(1), source="bytes")
    settled = settle_captured_at([read, photo(NOON - minutes(40))], NOON, NOON)
    assert (settled.source, settled.at) == ("phone", NOON - minutes(40))


def test_exif_counts_where_the_phone_says_nothing() -> None:
    settled = settle_captured_at([photo(NOON - minutes(1), source="bytes")], None, NOON)
    assert settled.source == "exif"
    assert not settled.is_certain


def test_with_no_photo_time_the_sending_stands_in_and_is_uncertain() -> None:
    settled = settle_captured_at([photo()], NOON - minutes(1), NOON)
    assert (settled.source, settled.at, settled.is_certain) == ("sent", NOON, False)


@pytest.mark.parametrize(
    "impossible",
    [
        NOON + minutes(6),
        datetime(2014, 12, 31, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
    ],
)
def test_an_impossible_date_is_no_value_and_is_said(impossible: datetime) -> None:
    settled = settle_captured_at([photo(impossible)], NOON - minutes(1), NOON)
    assert settled.is_impossible
    assert settled.at is None
    assert settled.source is None


def test_a_time_beyond_the_calendar_is_impossible_too() -> None:
    beyond = PhotoClaims(source="phone", is_time_impossible=True)
    assert settle_captured_at([beyond], NOON, NOON).is_impossible
    assert not settle_captured_at([beyond, photo(NOON)], NOON, NOON).is_impossible


@pytest.mark.parametrize("hours", [-12, 0, 14])
def test_the_ends_of_the_calendar_are_not_reasonable_in_any_zone(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    ends = (datetime.min.replace(tzinfo=zone), datetime.max.replace(tzinfo=zone))
    assert not any(is_reasonable(end) for end in ends)
    assert is_reasonable(NOON.astimezone(zone))


def test_five_minutes_ahead_are_forgiven() -> None:
    assert settle_captured_at([photo(NOON + minutes(5))], NOON, NOON).at == NOON + minutes(5)


def test_a_possible_time_beside_an_impossible_one_is_used() -> None:
    broken = photo(datetime(1980, 1, 1, tzinfo=UTC))
    settled = settle_captured_at([broken, photo(NOON - minutes(2))], NOON, NOON)
    assert settled.at == NOON - minutes(2)
    assert not settled.is_impossible


@given(
    st.lists(
        st.builds(
            PhotoClaims,
            st.floats() | st.none(),
            st.floats() | st.none(),
            st.datetimes(timezones=st.just(UTC)) | st.none(),
            st.sampled_from(["phone", "bytes"]),
        ),
        max_size=4,
    ),
    st.datetimes(timezones=st.just(UTC)) | st.none(),
    st.builds(Position, st.floats(), st.floats(), st.floats() | st.none()) | st.none(),
    st.datetimes(timezones=st.just(UTC)) | st.none(),
)
def test_no_claim_whatever_breaks_the_settling(
    photos: list[PhotoClaims],
    sent_at: datetime | None,
    fix: Position | None,
    fix_at: datetime | None,
) -> None:
    settled = settle_captured_at(photos, sent_at, NOON)
    assert settled.at is None or settled.at <= NOON + minutes(5)
    assert settled.is_impossible == (settled.at is None)
    position = settle_position(
        claims(fix=fix, fix_at=fix_at, photos=tuple(photos), sent_at=sent_at)
    )
    assert position is None or abs(position.position.latitude) <= 90


KEY = "0123456789ABCDEFGHJKMNPQRS"


def test_a_key_is_read_whatever_way_it_was_typed() -> None:
    assert parse_tracking_key("0123-4567 89ab-cdef ghjk-mnpq rs") == KEY
    assert parse_tracking_key("oiL3456789abcdefghjkmnpqrs") == "0113456789ABCDEFGHJKMNPQRS"


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "ABC",
        KEY + "0",
        KEY[:-1] + "U",
        KEY[:-1] + "ı",
        KEY[:-1] + "é",
        KEY[:-1] + "٣",
        "../" * 9,
    ],
)
def test_what_is_no_key_is_refused(malformed: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_tracking_key(malformed)
    assert caught.value.code == "tracking_key_malformed"


@given(st.binary(min_size=16, max_size=16))
def test_a_key_survives_the_screen_and_the_fingers(random_bytes: bytes) -> None:
    key = tracking_key_from(random_bytes)
    assert len(key) == 26
    shown = " ".join(group_tracking_key(key))
    typed = shown.lower().replace("0", "o").replace("1", "l").replace(" ", "-")
    assert parse_tracking_key(shown) == parse_tracking_key(typed) == key


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_different_bits_make_different_keys(a: bytes, b: bytes) -> None:
    assert (tracking_key_from(a) == tracking_key_from(b)) == (a == b)


@given(st.text(max_size=60))
def test_any_text_is_a_canonical_key_or_is_refused(raw: str) -> None:
    try:
        key = parse_tracking_key(raw)
    except InvalidInput:
        return
    assert parse_tracking_key(key) == key


def test_a_key_is_made_of_sixteen_bytes_only() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        tracking_key_from(b"short")
