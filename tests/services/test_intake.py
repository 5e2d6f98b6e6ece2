"""Reports are taken in whole, once, and only after everything about them was checked."""

import hashlib
import io
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import pictures
from tests.servers.counting import SqlCounter
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.config import Settings
from webapp.domain.errors import AnLoError, Conflict, InvalidInput, NoRoom, NotFound, TooMany
from webapp.extensions import db, limiter
from webapp.models import Category, Contact, OutboxEntry, Photo, Report, ReportTriage
from webapp.services import intake, intake_limits, limit_counts
from webapp.services.intake import Accepted, hash_tracking_key, new_tracking_key
from webapp.services.submission import RawSubmission, read_submission
from webapp.services.transaction import transaction

KEY = "0123456789ABCDEFGHJKMNPQRS"
INSTALL_KEY = "Yq3vX0h2S8m1bN4kT7wZ9A"
ONE_PHOTO = pictures.photo()

Send = Callable[..., Accepted]


def raw(
    *photos: bytes, photo_fields: dict[str, Sequence[str]] | None = None, **fields: str
) -> RawSubmission:
    plain = {"tracking_key": KEY, "category": "pavement_encroachment"} | fields
    streams = [io.BytesIO(photo) for photo in photos]
    return RawSubmission(plain, streams, photo_fields or {}, "203.0.113.7")


@pytest.fixture(autouse=True)
def _in_context(context: None) -> None:
    """Services need an application's context."""


@pytest.fixture
def configured(app: Flask) -> Settings:
    settings: Settings = app.extensions["settings"]
    return settings


@pytest.fixture
def store(configured: Settings) -> PhotoStore:
    return PhotoStore(configured.photo_folder)


@pytest.fixture
def send(configured: Settings, store: PhotoStore) -> Send:
    def submit(*photos: bytes, settings: Settings = configured, **fields: Any) -> Accepted:
        return intake.submit(raw(*photos, **fields), settings=settings, store=store)

    return submit


@pytest.fixture
def kept_files(configured: Settings) -> Callable[[], int]:
    return lambda: sum(path.is_file() for path in configured.photo_folder.rglob("*"))


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def the_report() -> Report:
    return db.session.scalars(select(Report)).one()


FULL = {
    "install_key": INSTALL_KEY,
    "device_latitude": "11.705",
    "device_longitude": "109.2",
    "device_accuracy_m": "12.5",
    "device_fix_at": "2026-06-18T14:31:00+07:00",
    "pin_latitude": "11.7051",
    "pin_longitude": "109.2001",
    "commune_hint": " Vĩnh Hải ",
    "sent_at": "2026-06-18T07:33:00.123Z",
    "description": "Bày hàng kín vỉa hè\r\ntrẻ em phải xuống đường",
    "contact_phone": "0912 345 678",
    "contact_email": "chi.lan@example.com",
}


def test_everything_sent_is_kept_as_claimed(send: Send, store: PhotoStore) -> None:
    other = pictures.photo(kind="PNG", seed=2)
    answer = send(
        ONE_PHOTO,
        other,
        **FULL,
        photo_fields={
            "captured_at": ["2026-06-18T14:30:00+07:00", ""],
            "exif_claims": ['{"latitude": 11.7, "longitude": 109.2}', ""],
            "original_sha256": ["A" * 64, ""],
        },
    )

    assert answer == Accepted(KEY, is_new=True)
    report = the_report()
    assert report.tracking_key_hash == hashlib.sha256(KEY.encode()).hexdigest()
    assert (report.device_latitude, report.device_longitude) == (11.705, 109.2)
    assert (report.pin_latitude, report.pin_longitude) == (11.7051, 109.2001)
    assert report.device_accuracy_m == 12.5
    assert report.device_fix_at == datetime(2026, 6, 18, 7, 31, tzinfo=UTC)
    assert report.sent_at == datetime(2026, 6, 18, 7, 33, 0, 123000, tzinfo=UTC)
    assert report.commune_hint == "Vĩnh Hải"
    assert report.description == "Bày hàng kín vỉa hè\ntrẻ em phải xuống đường"
    assert report.channel == "web"
    contact = db.session.scalars(select(Contact)).one()
    assert (contact.phone, contact.email) == ("0912345678", "chi.lan@example.com")
    first, second = db.session.scalars(select(Photo).order_by(Photo.sort_order))
    assert first.captured_at == datetime(2026, 6, 18, 7, 30, tzinfo=UTC)
    assert first.exif_claims == {"latitude": 11.7, "longitude": 109.2}
    assert first.original_sha256 == "a" * 64
    assert (first.role, first.state, first.review) == ("evidence", "pending", "pending")
    assert (second.media_type, second.captured_at, second.exif_claims) == ("image/png", None, None)
    assert (second.byte_size, second.width_px, second.height_px) == (len(other), 640, 480)
    assert second.original_sha256 is None
    assert store.path(first.received_sha256).read_bytes() == ONE_PHOTO
    assert store.path(second.received_sha256).read_bytes() == other


def test_a_bare_report_needs_only_a_key_and_a_category(send: Send) -> None:
    send()

    report = the_report()
    assert (report.device_latitude, report.pin_latitude, report.sent_at) == (None, None, None)
    assert (count(Photo), count(Contact)) == (0, 0)


def test_triage_is_asked_for_in_the_same_transaction(send: Send) -> None:
    send(ONE_PHOTO)

    standing = db.session.scalars(select(ReportTriage)).one()
    entry = db.session.scalars(select(OutboxEntry)).one()
    assert standing.status == "received"
    assert (entry.kind, entry.subject, entry.done_at) == (
        "triage_report",
        str(the_report().id),
        None,
    )


def test_the_key_itself_is_nowhere_in_the_database(send: Send) -> None:
    send(ONE_PHOTO, **FULL)

    for table in db.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            assert KEY not in repr(row)
            assert INSTALL_KEY not in repr(row)


def test_eleven_statements_are_enough_for_a_full_report(
    send: Send, sql_counter: Callable[[], SqlCounter]
) -> None:
    photos = [pictures.photo(seed=seed) for seed in (1, 2, 3)]

    with sql_counter() as statements:
        send(*photos, **FULL)

    assert len(statements) <= 11, "\n".join(statements)


# ── The same report again ──────────────────────────────────────────────────────────────────


def test_the_same_report_again_changes_nothing(send: Send, kept_files: Callable[[], int]) -> None:
    send(ONE_PHOTO, **FULL)

    again = send(ONE_PHOTO, **FULL)

    assert again == Accepted(KEY, is_new=False)
    assert (count(Report), count(Photo), count(OutboxEntry), kept_files()) == (1, 1, 2, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"sent_at": "2026-06-19T01:00:00Z"},
        {"install_key": "another_browser_profile"},
        {"tracking_key": "oi234567 89abcdef-ghjkmnpqrs"},
        {"device_fix_at": "2026-06-18T07:31:00Z"},
        {"contact_phone": "0912.345.678"},
        {"description": FULL["description"].replace("\r\n", "\n") + "  "},
        {"device_latitude": "11.7050"},
    ],
)
def test_what_only_looks_different_is_the_same_report(send: Send, change: dict[str, str]) -> None:
    key = "01234567 89ABCDEF-GHJKMNPQRS"
    send(ONE_PHOTO, **FULL | {"tracking_key": key})

    assert not send(ONE_PHOTO, **FULL | {"tracking_key": key} | change).is_new


@pytest.mark.parametrize(
    "change",
    [
        {"category": "road_damage"},
        {"description": "Khác"},
        {"pin_latitude": "11.7052"},
        {"device_accuracy_m": "13"},
        {"contact_phone": ""},
        {"commune_hint": ""},
    ],
)
def test_other_content_under_the_same_key_is_a_conflict(send: Send, change: dict[str, str]) -> None:
    send(ONE_PHOTO, **FULL)

    with pytest.raises(Conflict) as caught:
        send(ONE_PHOTO, **FULL | change)
    assert caught.value.code == "key_has_other_content"
    assert count(Report) == 1


def test_a_contact_is_to_be_asked_once_the_report_is_safe(send: Send) -> None:
    send(ONE_PHOTO)
    assert kinds_asked_for() == ["triage_report"]
    send(ONE_PHOTO, tracking_key=new_tracking_key(), contact_email="nguoi.dan@example.vn")
    assert sorted(kinds_asked_for()) == ["confirm_contact", "triage_report", "triage_report"]


def kinds_asked_for() -> list[str]:
    """Return the kinds of work that wait."""
    return list(db.session.scalars(select(OutboxEntry.kind)))


def test_other_photos_or_another_order_are_other_content(send: Send) -> None:
    other = pictures.photo(seed=2)
    send(ONE_PHOTO, other)

    for photos in ([ONE_PHOTO], [other, ONE_PHOTO], [ONE_PHOTO, other, other]):
        with pytest.raises(Conflict):
            send(*photos)


def test_a_photos_claims_are_content(send: Send) -> None:
    send(ONE_PHOTO, photo_fields={"captured_at": ["2026-06-18T07:30:00Z"]})

    assert not send(ONE_PHOTO, photo_fields={"captured_at": ["2026-06-18T14:30:00+07:00"]}).is_new
    with pytest.raises(Conflict):
        send(ONE_PHOTO, photo_fields={"captured_at": ["2026-06-18T07:30:01Z"]})


def test_the_content_hash_does_not_give_a_phone_number_away() -> None:
    """Whoever has the database but not the key cannot find erased words by trying them."""
    one = read_submission(raw(**FULL)).content_hash([])
    other = read_submission(raw(**FULL | {"tracking_key": new_tracking_key()})).content_hash([])

    assert one != other


def in_threads(app: Flask, count: int, work: Callable[[int], object]) -> list[object]:
    """Run something at the same moment in many threads, each in a context of its own."""
    results: list[object] = [None] * count
    gate = threading.Barrier(count)

    def run(number: int) -> None:
        with app.app_context():
            gate.wait()
            try:
                results[number] = work(number)
            except AnLoError as error:
                results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_the_same_report_many_times_at_once_is_one_report(
    app: Flask, configured: Settings, store: PhotoStore
) -> None:
    answers = in_threads(
        app,
        8,
        lambda _: intake.submit(raw(ONE_PHOTO, **FULL), settings=configured, store=store),
    )

    assert sorted(getattr(answer, "is_new", "error") for answer in answers) == [False] * 7 + [True]
    assert (count(Report), count(Photo), count(OutboxEntry)) == (1, 1, 2)


def test_two_contents_under_one_key_at_once_are_one_report_and_a_conflict(
    app: Flask, configured: Settings, store: PhotoStore
) -> None:
    answers = in_threads(
        app,
        2,
        lambda number: intake.submit(
            raw(ONE_PHOTO, description=str(number)), settings=configured, store=store
        ),
    )

    kinds = {type(answer) for answer in answers}
    assert kinds == {Accepted, Conflict}
    assert count(Report) == 1


def test_two_who_passed_the_first_look_together_get_the_same_answer(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race, made certain: the first look of the second sending sees nothing yet."""
    send(ONE_PHOTO)
    real = intake._earlier
    looks: list[object] = []

    def late(*arguments: Any) -> Accepted | None:
        looks.append(arguments)
        return None if len(looks) == 1 else real(*arguments)

    monkeypatch.setattr(intake, "_earlier", late)

    assert send(ONE_PHOTO) == Accepted(KEY, is_new=False)
    looks.clear()
    with pytest.raises(Conflict):
        send(ONE_PHOTO, description="Khác")
    assert count(Report) == 1


# ── What is refused ────────────────────────────────────────────────────────────────────────

BAD_FIELDS = [
    ({"tracking_key": ""}, "tracking_key_malformed", "tracking_key"),
    ({"tracking_key": KEY[:-1]}, "tracking_key_malformed", "tracking_key"),
    ({"tracking_key": KEY[:-1] + "U"}, "tracking_key_malformed", "tracking_key"),
    ({"install_key": "short"}, "install_key_malformed", "install_key"),
    ({"install_key": "x" * 500}, "install_key_malformed", "install_key"),
    ({"category": ""}, "category_missing", "category"),
    ({"category": "no_such_thing"}, "category_unknown", "category"),
    ({"category": "road_damage\0"}, None, None),
    ({"device_latitude": "11.7"}, "position_incomplete", "device_longitude"),
    ({"pin_longitude": "109.2"}, "position_incomplete", "pin_latitude"),
    ({"device_accuracy_m": "near"}, "number_malformed", "device_accuracy_m"),
    ({"device_fix_at": "yesterday"}, "time_malformed", "device_fix_at"),
    ({"sent_at": "18/6/2026"}, "time_malformed", "sent_at"),
    ({"description": "x" * 2_001}, "description_too_long", "description"),
    ({"commune_hint": "x" * 121}, "commune_hint_too_long", "commune_hint"),
    ({"contact_phone": "911"}, "contact_phone_malformed", "contact_phone"),
    ({"contact_phone": "0912345678; DROP"}, "contact_phone_malformed", "contact_phone"),
    ({"contact_email": "lan"}, "contact_email_malformed", "contact_email"),
    ({"contact_email": "lan@example.com\nBcc: x@y.vn"}, "contact_email_malformed", "contact_email"),
    ({"contact_email": "x" * 250 + "@example.com"}, "contact_email_malformed", "contact_email"),
    ({"photo": "cat.jpg"}, "photo_not_a_file", "photo"),
]


@pytest.mark.parametrize(("fields", "code", "field"), BAD_FIELDS)
def test_a_field_that_cannot_be_used_is_refused_by_name(
    send: Send,
    kept_files: Callable[[], int],
    fields: dict[str, str],
    code: str | None,
    field: str | None,
) -> None:
    if code is None:
        assert send(ONE_PHOTO, **fields).is_new
        return

    with pytest.raises(InvalidInput) as caught:
        send(ONE_PHOTO, **fields)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert (count(Report), kept_files()) == (0, 0)


def test_a_category_that_is_not_offered_any_more_is_taken(send: Send) -> None:
    with transaction() as work:
        work.session.get_one(Category, "congestion").is_active = False

    assert send(ONE_PHOTO, category="congestion").is_new


def test_an_impossible_date_is_accepted_for_a_person_decides(send: Send) -> None:
    send(ONE_PHOTO, photo_fields={"captured_at": ["2199-01-01T00:00:00Z"]})

    assert db.session.scalars(select(Photo.captured_at)).one() == datetime(2199, 1, 1, tzinfo=UTC)


def test_two_thousand_characters_of_vietnamese_are_two_thousand(send: Send) -> None:
    """Phones write ế as three code points; what counts is what one reads."""
    send(description="e\u0302\u0301" * 2_000)

    assert the_report().description == "ế" * 2_000


def test_signs_that_no_database_keeps_are_dropped(send: Send) -> None:
    send(description="a\0b\x1bc\ud800d", commune_hint="Vĩnh\0Hải")

    assert (the_report().description, the_report().commune_hint) == ("abcd", "VĩnhHải")


@pytest.mark.parametrize(
    "claims",
    [
        "[]",
        "{",
        "null",
        '"x"',
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
        '{"a": ' + "[" * 1_900 + "]" * 1_900 + "}",
        '{"a": "' + "x" * 4_000 + '"}',
    ],
)
def test_claims_that_are_no_plain_json_object_are_refused(send: Send, claims: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        send(ONE_PHOTO, photo_fields={"exif_claims": [claims]})
    assert (caught.value.code, caught.value.field) == ("exif_claims_malformed", "exif_claims")


def test_a_hash_that_is_none_is_refused(send: Send) -> None:
    with pytest.raises(InvalidInput) as caught:
        send(ONE_PHOTO, photo_fields={"original_sha256": ["abc"]})
    assert caught.value.code == "original_sha256_malformed"


def test_fields_of_photos_must_be_as_many_as_the_photos(send: Send) -> None:
    with pytest.raises(InvalidInput) as caught:
        send(ONE_PHOTO, photo_fields={"captured_at": ["2026-06-18T07:30:00Z", ""]})
    assert caught.value.code == "photo_fields_unmatched"


def test_three_photos_are_taken_and_a_fourth_is_not(send: Send) -> None:
    photos = [pictures.photo(seed=seed, size=(64, 48)) for seed in range(4)]

    with pytest.raises(InvalidInput) as caught:
        send(*photos)
    assert caught.value.code == "photo_too_many"
    assert send(*photos[:3]).is_new


def test_the_same_photo_twice_is_kept_once_and_listed_twice(
    send: Send, kept_files: Callable[[], int]
) -> None:
    send(ONE_PHOTO, ONE_PHOTO)

    assert (count(Photo), kept_files()) == (2, 1)


def test_the_web_form_asks_for_a_photo_and_other_senders_need_not(
    configured: Settings, store: PhotoStore
) -> None:
    with pytest.raises(InvalidInput) as caught:
        intake.submit(replace(raw(), needs_photo=True), settings=configured, store=store)
    assert caught.value.code == "photo_missing"
    assert intake.submit(raw(), settings=configured, store=store).is_new


@pytest.mark.parametrize("bad", [b"", b"no photo at all", ONE_PHOTO.ljust(12 * 2**20 + 1, b"\0")])
def test_one_bad_photo_stores_nothing_of_the_report(
    send: Send, kept_files: Callable[[], int], bad: bytes
) -> None:
    with pytest.raises(AnLoError):
        send(ONE_PHOTO, bad)

    assert (count(Report), count(Photo), kept_files()) == (0, 0, 0)


def test_a_disk_that_fails_leaves_no_report(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes go first: a report whose photo is not safe must not exist."""

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PhotoStore, "put", full)

    with pytest.raises(OSError, match="No space left"):
        send(ONE_PHOTO)
    assert (count(Report), count(OutboxEntry)) == (0, 0)


# ── Limits ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def _fresh_counters() -> Iterator[None]:
    limiter.reset()
    yield
    limiter.reset()


def fields_of(number: int) -> dict[str, str]:
    return {"tracking_key": f"{number:026d}", "install_key": INSTALL_KEY}


@pytest.mark.usefixtures("_fresh_counters")
def test_a_phone_has_its_share_of_an_hour(
    send: Send, configured: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(configured, reports_per_install_hour=2)
    began = clock.now()
    send(**fields_of(1), settings=few)
    send(**fields_of(2), settings=few)

    with pytest.raises(TooMany) as caught:
        send(**fields_of(3), settings=few)
    assert caught.value.code == "too_many_reports_of_phone"
    assert 3_500 < int(str(caught.value.details["retry_after_s"])) <= 3_600
    assert not send(**fields_of(2), settings=few).is_new, "a repeat is free of limits"
    assert send(**fields_of(3) | {"install_key": "somebody_elses_phone"}, settings=few).is_new
    assert send(tracking_key=f"{4:026d}", settings=few).is_new, "no key, no share"

    monkeypatch.setattr(clock, "now", lambda: began + timedelta(hours=1, seconds=5))
    assert send(**fields_of(5), settings=few).is_new


@pytest.mark.usefixtures("_fresh_counters")
def test_a_phones_share_is_exact_when_everything_comes_at_once(
    app: Flask, configured: Settings, store: PhotoStore
) -> None:
    few = replace(configured, reports_per_install_hour=3)

    answers = in_threads(
        app, 12, lambda number: intake.submit(raw(**fields_of(number)), settings=few, store=store)
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["Accepted"] * 3 + ["TooMany"] * 9
    assert count(Report) == 3


@pytest.mark.usefixtures("_fresh_counters")
def test_the_last_report_of_a_share_sent_twice_at_once_gets_its_answer_twice(
    app: Flask, configured: Settings, store: PhotoStore
) -> None:
    one = replace(configured, reports_per_install_hour=1)

    answers = in_threads(
        app, 6, lambda _: intake.submit(raw(**fields_of(1)), settings=one, store=store)
    )

    assert [type(answer) for answer in answers] == [Accepted] * 6


@pytest.mark.usefixtures("_fresh_counters")
def test_an_address_has_a_loose_limit_and_repeats_are_free_of_it(
    send: Send, configured: Settings
) -> None:
    few = replace(configured, reports_per_address_hour=3)
    for number in range(3):
        send(tracking_key=f"{number:026d}", settings=few)
        assert not send(tracking_key=f"{number:026d}", settings=few).is_new

    with pytest.raises(TooMany) as caught:
        send(tracking_key=f"{9:026d}", settings=few)
    assert caught.value.code == "too_many_reports_of_address"
    assert 0 < int(str(caught.value.details["retry_after_s"])) <= 3_600
    assert not send(tracking_key=f"{0:026d}", settings=few).is_new


def test_what_was_refused_does_not_count(send: Send, configured: Settings) -> None:
    one = replace(configured, reports_per_install_hour=1)
    for _ in range(3):
        with pytest.raises(InvalidInput):
            send(b"no photo"[:0], **fields_of(1), settings=one)

    assert send(**fields_of(1), settings=one).is_new


@pytest.mark.usefixtures("_fresh_counters")
def test_reports_are_taken_while_the_limits_storage_is_away(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis.exceptions import ConnectionError as RedisAway

    def away(*_: object, **__: object) -> bool:
        raise RedisAway

    monkeypatch.setattr(type(limiter.limiter), "hit", _only_for(away))

    assert send(tracking_key=f"{1:026d}").is_new


def _only_for(away: Callable[..., bool]) -> Callable[..., bool]:
    """Fail for the shared counter only; the one at hand is of the same class and must work."""
    from limits.strategies import FixedWindowRateLimiter

    real = FixedWindowRateLimiter.hit

    def hit(counter: Any, *arguments: Any, **options: Any) -> bool:
        if counter is limit_counts._at_hand:
            return real(counter, *arguments, **options)
        return away()

    return hit


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("", "not an address", False),
    ],
)
def test_an_ipv6_subscriber_is_one_address(one: str, other: str, is_same: bool) -> None:
    keys = [intake_limits._address_key(address, "secret") for address in (one, other)]

    assert (keys[0] == keys[1]) is is_same
    assert one not in keys[0] or not one


def test_a_nearly_full_disk_takes_no_report_but_still_answers_repeats(
    send: Send, configured: Settings, kept_files: Callable[[], int]
) -> None:
    full = replace(configured, min_free_mb=10**9)
    send(ONE_PHOTO)

    with pytest.raises(NoRoom):
        send(pictures.photo(seed=2), tracking_key=f"{1:026d}", settings=full)
    assert not send(ONE_PHOTO, settings=full).is_new
    assert (count(Report), kept_files()) == (1, 1)


# ── Keys and receipts ──────────────────────────────────────────────────────────────────────


def test_install_keys_are_kept_hashed_with_the_secret(send: Send, configured: Settings) -> None:
    send(install_key=INSTALL_KEY)

    kept = the_report().install_key_hash
    assert kept == intake.hash_install_key(INSTALL_KEY, configured.secret_key)
    assert kept != intake.hash_install_key(INSTALL_KEY, "another secret")
    assert kept != hashlib.sha256(INSTALL_KEY.encode()).hexdigest()


def test_fresh_keys_are_canonical_and_never_the_same() -> None:
    keys = {new_tracking_key() for _ in range(100)}

    assert len(keys) == 100
    assert all(read_submission(raw(tracking_key=key)).tracking_key == key for key in keys)


def test_a_receipt_tells_what_arrived(send: Send) -> None:
    send(ONE_PHOTO)

    receipt = intake.read_receipt(KEY.lower())

    assert receipt.groups == ["0123", "4567", "89AB", "CDEF", "GHJK", "MNPQ", "RS"]
    assert (receipt.category_label, receipt.photo_count) == ("Vỉa hè bị chiếm", 1)
    assert receipt.received_at == the_report().received_at


@pytest.mark.parametrize("key", ["", "x", f"{5:026d}", hash_tracking_key(KEY)])
def test_there_is_no_receipt_for_what_never_came(send: Send, key: str) -> None:
    send()

    with pytest.raises(NotFound):
        intake.read_receipt(key)


def test_the_form_offers_every_category_in_order() -> None:
    choices = intake.form_choices()

    codes = [category.service_code for category in choices.categories]
    assert codes[0] == "pavement_encroachment"
    assert (codes[-1], len(codes)) == ("other", 10)
