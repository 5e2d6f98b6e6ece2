"""Numbers, moments and places as phones send them: a value, no value, or a refusal by name."""

import io
from collections.abc import Sequence

import pytest

from webapp.domain.errors import InvalidInput
from webapp.services.submission import RawSubmission, Submission, read_submission

KEY = "0123456789ABCDEFGHJKMNPQRS"
# Of KEY, road_damage, "Ổ gà" and one photo whose SHA-256 is sixty-four times a.
OLD_HASH = "f04f1a4273a4e1bf708370d6688e3a6b190646c39628ba514f98d32ed0882b80"


def read(photo_fields: dict[str, Sequence[str]] | None = None, **fields: str) -> Submission:
    plain = {"tracking_key": KEY, "category": "road_damage"} | fields
    # The bytes are checked elsewhere.
    photos = [io.BytesIO(b"")] if photo_fields else []
    return read_submission(RawSubmission(plain, photos, photo_fields or {}, "203.0.113.7"))


@pytest.mark.parametrize(
    "written",
    [
        "0912 345 678",
        "912345678",
        "+84912345678",
        "84912345678",
        "0084-912-345-678",
        "+84(0)912345678",
    ],
)
def test_every_spelling_of_a_telephone_has_one_normal_form(written: str) -> None:
    content = read(contact_phone=written).content
    assert content.phone == "0912345678"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("02593822123", "02593822123"),
        ("+842593822123", "02593822123"),
        ("0049 30 1234567", "+49301234567"),
        ("+49301234567", "+49301234567"),
    ],
)
def test_landlines_and_foreign_numbers_stay_what_they_are(written: str, normal: str) -> None:
    assert read(contact_phone=written).content.phone == normal


def test_the_hash_of_a_telephone_is_that_of_its_spelling() -> None:
    photos = ["a" * 64]
    first = read(contact_phone="+84912345678").content_hash(photos)
    assert read(contact_phone="+84 912 345 678").content_hash(photos) == first
    # As it was before telephones had a normal form: a phone may try again what it sent then.
    assert first == "aba755ed6bd7dfa56b69be4142a44f067d2d4496207d7dafcb85ad32f1cd5c3e"


@pytest.mark.parametrize("number", ["near", "1_000", "0x10", "١١", "11,7", "--1"])
@pytest.mark.parametrize("source", ["device", "pin"])
def test_a_coordinate_that_is_no_number_is_refused(source: str, number: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(**{f"{source}_latitude": number, f"{source}_longitude": "109.2"})
    assert caught.value.code == "number_malformed"


NOWHERE = [
    ("0", "0"),
    ("0.0", "-0.0"),
    ("0e5", "+0"),
    ("90.1", "0"),
    ("0", "180.5"),
    ("-91", "109"),
    ("NaN", "NaN"),
    ("11.7", "nan"),
    ("-Infinity", "109.2"),
    ("1e999", "109.2"),
]


@pytest.mark.parametrize("place", NOWHERE)
def test_zeros_and_what_is_nowhere_on_the_globe_are_no_position(place: tuple[str, str]) -> None:
    content = read(
        device_latitude=place[0],
        device_longitude=place[1],
        device_accuracy_m="5",
        device_fix_at="2026-06-18T07:31:00Z",
        pin_latitude=place[0],
        pin_longitude=place[1],
    ).content

    assert (content.device_latitude, content.device_longitude) == (None, None)
    assert (content.device_accuracy_m, content.device_fix_at) == (None, None)
    assert (content.pin_latitude, content.pin_longitude) == (None, None)


@pytest.mark.parametrize("accuracy", ["0", "-1", "NaN", "inf", "1e999"])
def test_an_accuracy_that_no_receiver_has_is_none(accuracy: str) -> None:
    content = read(
        device_latitude="11.7", device_longitude="109.2", device_accuracy_m=accuracy
    ).content

    assert (content.device_latitude, content.device_accuracy_m) == (11.7, None)


BEYOND = ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"]
NO_DAY = ["0000:00:00 00:00:00", "2026-02-30T10:00:00Z", "2026-13-40T00:00:00Z"]


@pytest.mark.parametrize("text", BEYOND + NO_DAY)
def test_a_moment_that_cannot_be_kept_is_no_value_and_the_claim_stays(text: str) -> None:
    submission = read(
        sent_at=text,
        device_latitude="11.7",
        device_longitude="109.2",
        device_fix_at=text,
        photo_fields={"captured_at": [text], "exif_claims": ['{"model": "Redmi"}']},
    )

    (photo,) = submission.content.photo_claims
    moments = (submission.sent_at, submission.content.device_fix_at, photo.captured_at)
    assert moments == (None, None, None)
    assert photo.exif_claims == {"model": "Redmi", "captured_at": text}


def test_a_report_without_a_named_case_keeps_the_hash_that_it_always_had() -> None:
    # Made by the release before reports could name a case: its phone may still try again.
    assert read(description="Ổ gà").content_hash(["a" * 64]) == OLD_HASH
    named = read(description="Ổ gà", seen_case="nh-2026-00042")
    assert named.content.seen_case == "NH-2026-00042"
    assert named.content_hash(["a" * 64]) != OLD_HASH
