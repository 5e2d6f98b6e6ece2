"""The doors of residents: what the phone, the plain form and other sites get for an answer."""

import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests import pictures
from tests.factories import make_commune
from tests.servers.counting import SqlCounter
from webapp.app import create_app
from webapp.config import Settings
from webapp.extensions import db
from webapp.models import OutboxEntry, Photo, Report, UnitSuccession
from webapp.services.transaction import transaction

KEY = "0123456789ABCDEFGHJKMNPQRS"
PHOTO = pictures.photo(exif=pictures.exif(position=pictures.VINH_HAI))
PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
JSON = {"Accept": "application/json"}


def body(*photos: bytes, **fields: Any) -> dict[str, Any]:
    plain = {"tracking_key": KEY, "category": "pavement_encroachment"} | fields
    return plain | {"photo": [(io.BytesIO(p), f"{n}.jpg") for n, p in enumerate(photos)]}


@pytest.fixture
def post(client: FlaskClient) -> Callable[..., TestResponse]:
    def send(*photos: bytes, headers: dict[str, str] = JSON, **fields: Any) -> TestResponse:
        return client.post("/reports", data=body(*photos, **fields), headers=headers)

    return send


Post = Callable[..., TestResponse]


def count(app: Flask, model: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_new_report_is_created_and_answered_with_its_page(app: Flask, post: Post) -> None:
    answer = post(PHOTO)

    assert answer.status_code == 201
    assert answer.get_json() == {
        "tracking_key": KEY,
        "track_url": f"{app.extensions['settings'].public_url}/track/{KEY}",
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert (count(app, Report), count(app, Photo), count(app, OutboxEntry)) == (1, 1, 1)


def test_the_same_report_again_is_ok_with_the_same_answer(app: Flask, post: Post) -> None:
    first = post(PHOTO, sent_at="2026-06-18T07:33:00Z")
    again = post(PHOTO, sent_at="2026-06-18T09:00:00Z")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.get_json() == first.get_json()
    assert count(app, Report) == 1


def test_the_same_key_with_other_content_is_a_conflict_in_words(post: Post) -> None:
    post(PHOTO)

    answer = post(PHOTO, description="Khác")

    assert answer.status_code == 409
    error = answer.get_json()["error"]
    assert (error["code"], error["field"]) == ("key_has_other_content", "tracking_key")
    assert "Mã tra cứu này" in error["message"]


@pytest.mark.parametrize("headers", [JSON, {}, {"Accept": "*/*"}])
def test_a_program_gets_json(post: Post, headers: dict[str, str]) -> None:
    assert post(PHOTO, headers=headers).get_json()["tracking_key"] == KEY


def test_the_plain_form_is_led_to_its_receipt_every_time(client: FlaskClient, post: Post) -> None:
    for _ in range(2):
        answer = post(PHOTO, headers=PAGE)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/receipt/{KEY}"

    receipt = client.get(f"/receipt/{KEY}", headers=PAGE)
    assert receipt.status_code == 200
    assert receipt.headers["Cache-Control"] == "no-store"
    assert receipt.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in receipt.headers["X-Robots-Tag"]
    assert "<svg" in receipt.text
    assert "style=" not in receipt.text


def test_the_receipt_of_a_contact_says_that_a_confirmation_may_come(
    client: FlaskClient, post: Post
) -> None:
    post(PHOTO, contact_email="an@example.com", headers=PAGE)
    assert "hãy mở và bấm xác nhận" in client.get(f"/receipt/{KEY}", headers=PAGE).text


def test_eleven_statements_are_enough_for_the_whole_request(
    post: Post, sql_counter: Callable[[], SqlCounter]
) -> None:
    photos = [pictures.photo(seed=seed) for seed in (1, 2, 3)]

    with sql_counter() as statements:
        answer = post(
            *photos,
            install_key="Yq3vX0h2S8m1bN4kT7wZ9A",
            contact_phone="0912345678",
            exif_claims=["{}", "", '{"latitude": 11.7}'],
            captured_at=["2026-06-18T07:30:00Z", "", ""],
            original_sha256=["", "", "a" * 64],
        )

    assert answer.status_code == 201
    assert len(statements) <= 11, "\n".join(statements)


# ── Other sites ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Origin": "http://127.0.0.1:99999999"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
    ],
)
def test_other_sites_are_refused(app: Flask, post: Post, headers: dict[str, str]) -> None:
    answer = post(PHOTO, headers=JSON | headers)

    assert answer.status_code == 403
    assert answer.get_json()["error"]["code"] == "cross_site"
    assert count(app, Report) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost:8000"},
    ],
)
def test_our_own_pages_and_programs_are_let_in(post: Post, headers: dict[str, str]) -> None:
    assert post(PHOTO, headers=JSON | headers).status_code == 201


def test_the_public_address_decides_what_our_own_pages_are(
    settings: Callable[..., Settings],
) -> None:
    client = create_app(settings(PUBLIC_URL="https://anlo.example")).test_client()

    ours = client.post("/reports", data=body(), headers={"Origin": "https://ANLO.example:443"})
    theirs = client.post("/reports", data=body(), headers={"Origin": "http://anlo.example"})

    assert (ours.status_code, theirs.status_code) == (201, 403)
    assert ours.get_json()["track_url"].startswith("https://anlo.example/track/")


# ── Bad input ──────────────────────────────────────────────────────────────────────────────

BAD_REQUESTS = [
    ({"tracking_key": "abc"}, (), 422, "tracking_key"),
    ({"category": "nothing"}, (), 422, "category"),
    ({"pin_latitude": "x", "pin_longitude": "1"}, (), 422, "pin_latitude"),
    ({"sent_at": "now"}, (), 422, "sent_at"),
    ({"exif_claims": "["}, (PHOTO,), 422, "exif_claims"),
    ({}, (b"",), 422, "photo"),
    ({}, (PHOTO[:30],), 422, "photo"),
    ({}, (b"GIF89a" + b"\0" * 50,), 415, "photo"),
    ({}, (b"\0\0\0\x18ftypheic\0\0\0\0",), 415, "photo"),
    ({}, (PHOTO.ljust(12 * 2**20 + 1, b"\0"),), 413, "photo"),
    ({}, (PHOTO,) * 4, 422, "photo"),
]


@pytest.mark.parametrize(("fields", "photos", "status", "field"), BAD_REQUESTS)
def test_bad_input_gets_its_status_its_field_and_a_sentence(
    app: Flask,
    post: Post,
    fields: dict[str, str],
    photos: tuple[bytes, ...],
    status: int,
    field: str,
) -> None:
    answer = post(*photos, **fields)

    assert answer.status_code == status
    error = answer.get_json()["error"]
    assert error["field"] == field
    assert re.search(r"[ạảãàáâậầấẩẫăắằặẳẵđêếềểôốồớờơưứừựịĩ]", error["message"])
    assert "%(" not in error["message"]
    assert count(app, Report) == 0


def test_a_request_that_was_cut_off_or_is_no_form_is_refused_without_an_error(
    app: Flask, client: FlaskClient
) -> None:
    names = {"tracking_key": KEY, "category": "road_damage"}
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in names.items()
    ]
    head = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
    whole = b"".join(parts) + head + PHOTO[:500] + b"\r\n--b--\r\n"
    kinds = ["multipart/form-data; boundary=b", "multipart/form-data", "application/json", ""]

    answers = [
        client.post("/reports", data=whole[:length], content_type=kind, headers=JSON)
        for kind in kinds
        for length in range(0, len(whole), 60)
    ]

    assert {answer.status_code for answer in answers} <= {400, 413, 415, 422}
    assert count(app, Report) == 0


def test_a_request_larger_than_three_photos_is_too_large(app: Flask, post: Post) -> None:
    answer = post(*[PHOTO.ljust(12 * 2**20, b"\0")] * 4)

    assert answer.status_code == 413
    assert "12 MB" in answer.get_json()["error"]["message"]
    assert count(app, Report) == 0


def test_every_code_has_a_sentence_of_its_own() -> None:
    from webapp.sentences import SENTENCES

    rooms = [f"services/{name}" for name in ("submission", "intake", "intake_limits", "photos")]
    rooms += ["adapters/photo_reader", "adapters/photo_store"]
    text = "".join((pictures.ROOT / f"webapp/{room}.py").read_text() for room in rooms)
    raised = r"(?:InvalidInput|UnsupportedPhoto|TooLarge|Conflict|TooMany|NoRoom|NotFound)"
    codes = set(re.findall(raised + r'\("(\w+)"', text))

    assert len(codes) > 20
    assert codes <= set(SENTENCES)


def test_of_several_photos_the_one_that_is_refused_is_named(post: Post) -> None:
    damaged = PHOTO[:30]
    assert post(PHOTO, damaged).get_json()["error"]["index"] == 1
    assert "index" not in post(category="nothing").get_json()["error"]
    assert "Ảnh 2: Ảnh này bị hỏng" in post(PHOTO, damaged, headers=PAGE).text


def test_what_was_typed_comes_back_when_the_plain_form_is_refused(post: Post) -> None:
    answer = post(headers=PAGE, description="Ổ gà sâu <trước> trường")

    assert answer.status_code == 422
    assert "Ổ gà sâu &lt;trước&gt; trường" in answer.text
    assert "Hãy chụp hoặc chọn ít nhất một ảnh." in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("setting", "status"),
    [("ANLO_REPORTS_PER_INSTALL_HOUR", 429), ("ANLO_MIN_FREE_MB", 503), ("", 409)],
)
def test_what_was_typed_comes_back_when_the_plain_form_has_to_wait(
    settings: Callable[..., Settings], setting: str, status: int
) -> None:
    limits = {"ANLO_REPORTS_PER_INSTALL_HOUR": "1", "ANLO_MIN_FREE_MB": "1000000000"}
    wishes = {setting: limits[setting]} if setting else {}
    client = create_app(settings(**wishes)).test_client()
    phone = {"install_key": "Yq3vX0h2S8m1bN4kT7wZ9A"}
    client.post("/reports", data=body(PHOTO, **phone), headers=PAGE)
    key = KEY if status == 409 else "1" * 26

    again = body(PHOTO, **phone, tracking_key=key, description="Ổ gà sâu trước trường")
    answer = client.post("/reports", data=again, headers=PAGE)

    assert answer.status_code == status
    assert "Ổ gà sâu trước trường" in answer.text
    assert ("Retry-After" in answer.headers) == (status != 409)


def test_a_photo_without_a_name_is_a_photo(app: Flask, client: FlaskClient) -> None:
    fields = {"tracking_key": KEY, "category": "road_damage"}
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = b'--b\r\nContent-Disposition: form-data; name="photo"; filename=""\r\n'
    head += b"Content-Type: application/octet-stream\r\n\r\n"
    sent = b"".join(parts) + head + b"\r\n" + head + PHOTO + b"\r\n--b--\r\n"

    answer = client.post(
        "/reports", data=sent, content_type="multipart/form-data; boundary=b", headers=JSON
    )

    assert answer.status_code == 201
    assert count(app, Photo) == 1


def test_files_that_were_not_chosen_in_the_plain_form_are_no_photos(
    app: Flask, client: FlaskClient
) -> None:
    fields = {"tracking_key": KEY, "category": "road_damage", "captured_at": ["", ""]}
    files = [(io.BytesIO(b""), ""), (io.BytesIO(PHOTO), "a.jpg")]

    answer = client.post("/reports", data=fields | {"photo": files}, headers=PAGE)

    assert answer.status_code == 303
    assert count(app, Photo) == 1


# ── Limits ─────────────────────────────────────────────────────────────────────────────────


def test_a_phone_over_its_share_is_told_when_to_come_again(
    settings: Callable[..., Settings],
) -> None:
    client = create_app(settings(ANLO_REPORTS_PER_INSTALL_HOUR="1")).test_client()
    phone = {"install_key": "Yq3vX0h2S8m1bN4kT7wZ9A"}
    client.post("/reports", data=body(**phone), headers=JSON)

    answer = client.post("/reports", data=body(**phone, tracking_key="1" * 26), headers=JSON)
    repeat = client.post("/reports", data=body(**phone), headers=JSON)

    assert (answer.status_code, repeat.status_code) == (429, 200)
    assert 0 < int(answer.headers["Retry-After"]) <= 3_600


def test_a_nearly_full_disk_asks_to_come_again_later(
    settings: Callable[..., Settings],
) -> None:
    client = create_app(settings(ANLO_MIN_FREE_MB="1000000000")).test_client()

    answer = client.post("/reports", data=body(PHOTO), headers=JSON)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


def test_limits_of_an_address_are_counted_in_redis_for_all_processes(
    settings: Callable[..., Settings], redis_url: str
) -> None:
    wishes = {"REDIS_URL": redis_url, "ANLO_REPORTS_PER_ADDRESS_HOUR": "2"}
    processes = [create_app(settings(**wishes)).test_client() for _ in range(3)]

    statuses = [
        client.post("/reports", data=body(tracking_key=f"{n:026d}"), headers=JSON).status_code
        for n, client in enumerate(processes)
    ]

    assert statuses == [201, 201, 429]


def test_a_redis_that_is_away_keeps_no_report_away(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    gone = f"unix://{tmp_path / 'nobody-listens-here'}"
    client = create_app(settings(REDIS_URL=gone)).test_client()

    assert client.post("/reports", data=body(PHOTO), headers=JSON).status_code == 201


def test_many_at_once_are_answered_and_never_with_an_error(app: Flask) -> None:
    """Four phones press send twice at the same moment, through the whole application."""

    def send(number: int) -> int:
        key = f"{number % 4:026d}"
        return app.test_client().post("/reports", data=body(PHOTO, tracking_key=key)).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(send, range(8)))

    assert statuses == [200] * 4 + [201] * 4
    assert count(app, Report) == 4


# ── Pages ──────────────────────────────────────────────────────────────────────────────────


def test_the_form_comes_with_a_fresh_key_that_nobody_keeps(client: FlaskClient) -> None:
    pages = [client.get("/report", headers=PAGE) for _ in range(2)]

    keys = [re.search(r'name="tracking_key" value="([^"]+)"', page.text) for page in pages]
    assert all(key and len(key[1]) == 26 for key in keys)
    assert len({key[1] for key in keys if key}) == 2
    for page in pages:
        assert page.headers["Cache-Control"] == "no-store"
        # Under no-referrer a browser would send "Origin: null" with the form, which is refused.
        assert page.headers["Referrer-Policy"] == "same-origin"


def test_a_form_filled_in_without_javascript_arrives(app: Flask, client: FlaskClient) -> None:
    page = client.get("/report", headers=PAGE).text
    key = re.search(r'name="tracking_key" value="([^"]+)"', page)
    codes = re.findall(r'name="category" value="([^"]+)"|value="([^"]+)"[^>]*name="category"', page)
    assert key
    assert len(codes) == 10

    answer = client.post(
        "/reports",
        data=body(PHOTO, tracking_key=key[1], category="road_damage", description=""),
        headers=PAGE | {"Origin": app.extensions["settings"].public_url},
    )

    assert answer.status_code == 303
    assert client.get(answer.headers["Location"], headers=PAGE).status_code == 200


def test_there_is_no_receipt_for_an_unknown_key(client: FlaskClient) -> None:
    answer = client.get(f"/receipt/{KEY}", headers=JSON)

    assert answer.status_code == 404
    assert json.loads(answer.text)["error"]["code"] == "tracking_key_unknown"


def test_reports_are_only_sent_never_fetched(client: FlaskClient) -> None:
    assert client.get("/reports").status_code == 405


def test_the_key_is_in_no_log_line(
    post: Post, client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    post(PHOTO)
    post(PHOTO, description="Khác")
    client.get(f"/receipt/{KEY}", headers=PAGE)

    said = capfd.readouterr()
    assert KEY not in said.out + said.err


def test_the_form_offers_old_names_with_those_of_today(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        old = make_commune(name="Phương Hải", valid_to=date(2025, 6, 30))
        new = make_commune(name="Ninh Hải", valid_from=date(2025, 7, 1))
        with transaction() as work:
            work.session.add(
                UnitSuccession(predecessor_id=old.id, successor_id=new.id, on_date=date(2025, 7, 1))
            )
    text = client.get("/report").text
    assert '<option value="xã Phương Hải">xã Phương Hải (nay là xã Ninh Hải)</option>' in text
    assert '<option value="Ninh Hải">xã Ninh Hải</option>' in text
