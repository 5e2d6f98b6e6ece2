"""The public doors as a browser without JavaScript and as a program meet them."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort, render_template
from flask.testing import FlaskClient

from tests.factories import make_case, make_commune, make_officer, make_photo, make_report
from tests.servers.casework_history import happen
from tests.servers.counting import SqlCounter
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.disclosure import PUBLIC_STATUSES
from webapp.extensions import db
from webapp.labels import PUBLIC_STATUS
from webapp.models import (
    Attachment,
    Case,
    Contact,
    Photo,
    Report,
    ReportTriage,
    Tally,
    Unit,
    WordsReview,
)
from webapp.services import casework, public
from webapp.services.intake import hash_tracking_key
from webapp.services.transaction import transaction

KEY = "7" * 26
JSON = {"Accept": "application/json"}
LONG_ENOUGH = timedelta(hours=7)

PAGES = ("/", "/map", "/track", "/mine", "/results", "/data-notice", "/offline")
ERRORS = (403, 404, 409, 413, 415, 422, 429, 500, 503)


class Outline(HTMLParser):
    """Collects what a page promises to keyboards, screen readers and the browser's policy."""

    def __init__(self, text: str) -> None:
        """Read the page."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag with its attributes."""
        self.tags.append((tag, dict(attrs)))

    def count(self, tag: str) -> int:
        """Return how often a tag stands in the page."""
        return sum(name == tag for name, _ in self.tags)

    def ids(self) -> list[str]:
        """Return the ids of the page, in order."""
        return [str(attributes["id"]) for _, attributes in self.tags if "id" in attributes]


def text_of(client: FlaskClient, url: str) -> str:
    """Return a page's text with plain spaces, however its headings are kept together."""
    return client.get(url).text.replace("\u00a0", " ")


def first_report(case: Case) -> Report:
    """Return the first report of a case."""
    joined = db.select(Report).join(Attachment, Attachment.report_id == Report.id)
    return db.session.scalars(joined.where(Attachment.case_id == case.id)).first()


def give_key(report: Report) -> None:
    """Let a report be found by KEY."""
    with transaction() as work:
        row = work.session.get_one(Report, report.id)
        row.tracking_key_hash = hash_tracking_key(KEY)


def public_case(**values: Any) -> Case:
    """Make a case that everybody may see, tracked by KEY."""
    case = make_case(
        make_commune(name="Vĩnh Hải"), **{"opened_at": clock.now() - LONG_ENOUGH} | values
    )
    give_key(first_report(case))
    # A later transaction forgets what was read before it; the tests read on after the session.
    db.session.refresh(case)
    return case


def show_photo(app: Flask, report: Report, **values: Any) -> Photo:
    """Make a photo that an officer has shown, with bytes to serve."""
    sha256 = PhotoStore(app.extensions["settings"].photo_folder).put_derivative(b"a picture")
    hashes = {"large_sha256": sha256, "small_sha256": sha256}
    return make_photo(report, **{"state": "ready", "review": "shown", **hashes, **values})


@pytest.mark.parametrize("url", PAGES)
def test_every_page_stands_on_an_empty_district(client: FlaskClient, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 200
    outline = Outline(answer.text)
    assert (outline.count("main"), outline.count("h1"), outline.count("header")) == (1, 1, 1)
    assert len(outline.ids()) == len(set(outline.ids()))


@pytest.mark.parametrize("url", PAGES)
def test_every_page_obeys_the_content_policy(client: FlaskClient, url: str) -> None:
    outline = Outline(client.get(url).text)
    for tag, attributes in outline.tags:
        assert tag != "style"
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert tag != "script" or "src" in attributes or attributes["type"] == "application/json"


def test_home_tells_where_the_police_are(app: Flask, client: FlaskClient) -> None:
    number = app.extensions["settings"].emergency_number
    assert f'href="tel:{number}"' in client.get("/").text


def test_home_shows_the_newest_case_with_its_place(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        case = public_case()
    text = client.get("/").text
    assert f"/map/cases/{case.number}" in text
    assert re.search(r'data-latitude="11\.6\d+"', text)
    assert 'data-latitude="11.61"' not in text


def test_a_case_has_a_public_page(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        case = public_case()
    answer = client.get(f"/map/cases/{case.number}")
    assert answer.status_code == 200
    assert "UBND xã Vĩnh Hải" in answer.text


def test_a_case_that_is_not_public_is_not_found(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        case = make_case(make_commune())
    assert client.get(f"/map/cases/{case.number}").status_code == 404


STEPS = {
    "Đã gửi, chờ xã tiếp nhận": (),
    "Đã tiếp nhận": ("acknowledged",),
    "Đang xử lý": ("acknowledged", "started"),
    "Đã xử lý xong ngày": ("acknowledged", "started", "resolved"),
}


@pytest.mark.parametrize("words", STEPS)
def test_tracking_answers_first(app: Flask, client: FlaskClient, words: str) -> None:
    with app.app_context():
        happen(public_case(), None, *STEPS[words])
    verdict = re.search(r'<h2 id="now">.*?</h2>', text_of(client, f"/track/{KEY}"), re.DOTALL)
    assert verdict is not None
    assert words in verdict[0]


@pytest.mark.parametrize("status", PUBLIC_STATUSES)
def test_every_status_has_its_page(app: Flask, status: str) -> None:
    with app.test_request_context("/"):
        page = public.public_case_page(public_case().number)
        told = replace(page.public, status=status, public_sentence="Lời của xã.")
        text = render_template("public/track.html", case=replace(page, public=told), report=None)
        assert str(PUBLIC_STATUS[status]) in text.replace("\u00a0", " ")
    assert "Lời của xã." in text


def test_a_late_case_says_by_how_much(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        public_case(opened_at=clock.now() - timedelta(days=90))
    assert re.search(r"Quá hạn \d+ ngày", text_of(client, f"/track/{KEY}"))


def test_a_case_resolved_after_its_deadline_says_by_how_much(app: Flask) -> None:
    with app.test_request_context("/"):
        page = public.public_case_page(public_case().number)
        due_on = page.public.due_on
        for status in ("resolved", "closed"):
            for days, words in ((16, "muộn 16 ngày so với hạn"), (0, "")):
                told = replace(
                    page.public, status=status, resolved_on=due_on + timedelta(days=days)
                )
                case = replace(page, public=told)
                text = render_template("public/track.html", case=case, report=None)
                assert ("muộn" in text) == bool(words)
                assert words in text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("received", "Đã nhận phản ánh"),
        ("held", "Cần người xem"),
        ("dismissed", "Không thành vụ việc"),
    ],
)
def test_a_report_that_is_no_case_is_explained(
    app: Flask, client: FlaskClient, status: str, words: str
) -> None:
    with app.app_context():
        report = make_report()
        give_key(report)
        with transaction() as work:
            standing = work.session.get_one(ReportTriage, report.id)
            standing.status, standing.hold_code = status, "no_position"
    text = text_of(client, f"/track/{KEY}")
    assert words in text
    assert "no_position" not in text


def test_a_report_outside_all_land_gets_a_kind_answer(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        report = make_report()
        give_key(report)
        with transaction() as work:
            standing = work.session.get_one(ReportTriage, report.id)
            standing.status, standing.hold_code = "held", "outside_boundaries"
    text = text_of(client, f"/track/{KEY}")
    assert "Ở ngoài địa bàn, cán bộ đang xem" in text
    assert "không cần gửi lại" in text
    assert "outside_boundaries" not in text


MOVES = {
    "transfer_accepted": "Đã chuyển tới UBND xã Nhơn Hải",
    "transfer_ruled": "Huyện giao cho UBND xã Nhơn Hải",
    "land_passed": "Địa giới thay đổi, nay thuộc UBND xã Nhơn Hải",
}


def offer(case: Case, unit: Unit) -> None:
    """Ask a unit to take a case over, which is nobody else's business."""
    with transaction() as work:
        fresh = work.session.get_one(Case, case.id, populate_existing=True)
        data = {"to_unit_id": unit.id}
        casework.append(work, fresh, "transfer_offered", actor=None, now=clock.now(), data=data)


@pytest.mark.parametrize("kind", MOVES)
@pytest.mark.parametrize("url", [f"/track/{KEY}", None])
def test_a_move_is_told_with_its_unit_and_day_and_never_why(
    app: Flask, client: FlaskClient, kind: str, url: str | None
) -> None:
    with app.app_context():
        case = public_case()
        happen(case, None, "acknowledged")
        other = make_commune(column=1, name="Nhơn Hải")
        if kind != "land_passed":
            offer(case, other)
        with transaction() as work:
            fresh = work.session.get_one(Case, case.id, populate_existing=True)
            data = {"lead_unit_id": other.id, "commune_id": other.id}
            casework.append(
                work, fresh, kind, actor=None, now=clock.now(), data=data, words="CANARY words",
                reason_code="canary_reason",
            )  # fmt: skip
        number = case.number
    text = text_of(client, url or f"/map/cases/{number}")
    assert MOVES[kind] in text
    assert "UBND xã Vĩnh Hải nhận việc." in text
    assert "Hạn xử lý không đổi." in text
    assert "UBND xã Nhơn Hải nay phụ trách, hạn xử lý" in text
    assert "canary" not in text.lower()


def test_an_authority_that_leads_goes_by_its_name(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        case = public_case()
        with transaction() as work:
            unit = work.session.get_one(Unit, case.lead_unit_id)
            unit.tier, unit.kind, unit.name = (
                "authority",
                "đơn vị đường bộ",
                "Khu Quản lý đường bộ III",
            )
    text = text_of(client, f"/track/{KEY}")
    assert "Khu Quản lý đường bộ III" in text
    assert "UBND" not in text.split("<main", 1)[1].split("</main>", 1)[0]


def test_a_damaged_photo_asks_for_another(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        report = make_report()
        give_key(report)
        make_photo(report, state="unreadable")
    assert "Có ảnh bị hỏng" in client.get(f"/track/{KEY}").text


def test_what_an_officer_wrote_for_the_public_is_text_and_never_markup(
    app: Flask, client: FlaskClient
) -> None:
    sentence = '<img src=x onerror="alert(1)"> Đã vá mặt đường.'
    with app.app_context():
        case = public_case()
        happen(case, None, "acknowledged", "started", "resolved", sentence=sentence)
    text = client.get(f"/track/{KEY}").text
    assert "<img src=x" not in text
    assert "Đã vá mặt đường." in text


def test_tracking_answers_a_program_in_json(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        case = public_case()
        happen(case, None, "acknowledged")
        with transaction() as work:
            work.session.get_one(ReportTriage, first_report(case).id).status = "triaged"
    told = client.get(f"/track/{KEY}", headers=JSON).json
    assert told["report"] == {"status": "triaged"}
    assert set(told["case"]) == {
        "number", "status", "severity", "category", "unit", "witnesses", "due_on", "events"
    }  # fmt: skip
    assert told["case"]["unit"]["name"] == "Vĩnh Hải"
    assert [event["kind"] for event in told["case"]["events"]] == ["opened", "acknowledged"]


@pytest.mark.parametrize("url", [f"/track/{KEY}", f"/track/{'0' * 26}", "/track"])
def test_keys_are_kept_quiet(app: Flask, client: FlaskClient, url: str) -> None:
    with app.app_context():
        public_case()
    headers = client.get(url).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "Accept" in headers["Vary"]


@pytest.mark.parametrize("key", ["0" * 26, "abc"])
def test_an_unknown_key_stays_in_the_field(client: FlaskClient, key: str) -> None:
    answer = client.get(f"/track/{key}")
    assert answer.status_code == 404
    fields = [attributes for tag, attributes in Outline(answer.text).tags if tag == "input"]
    assert [field["value"] for field in fields] == [key]
    assert client.get(f"/track/{key}", headers=JSON).json["error"]["field"] == "tracking_key"


@pytest.mark.parametrize("how", ["post", "get"])
def test_the_form_leads_to_the_page_of_the_key(client: FlaskClient, how: str) -> None:
    typed = {"key": " 7777-7777 7/7"}
    answer = (
        client.post("/track", data=typed) if how == "post" else client.get("/track?key=7777777777")
    )
    assert answer.status_code == 303
    assert answer.location == "/track/7777777777"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("url", ["/track", "/mine", f"/track/{'0' * 26}"])
def test_a_key_is_never_asked_for_by_a_query(client: FlaskClient, url: str) -> None:
    (form,) = [
        attributes for tag, attributes in Outline(client.get(url).text).tags if tag == "form"
    ]
    assert (form["action"], form["method"]) == ("/track", "post")


def test_an_empty_key_shows_the_form_again(client: FlaskClient) -> None:
    assert client.post("/track", data={"key": " - "}).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "/photos/9999999999999999999999999/small",
        f"/photos/{'9' * 5000}/small",
        f"/photos/{2**63 - 1}/small",
        "/map/cases/%00",
        "/map/cases/nothing",
        "/track/%00",
        "/receipt/%00",
    ],
)
def test_an_address_that_cannot_be_is_no_page(client: FlaskClient, url: str) -> None:
    assert client.get(url).status_code == 404


def with_contact() -> None:
    """Make a report with a contact, tracked by KEY."""
    report = make_report()
    give_key(report)
    with transaction() as work:
        work.session.add(Contact(report_id=report.id, phone="0912345678", consented_at=clock.now()))


def test_the_contact_is_erased_by_a_button(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        with_contact()
    page = client.get(f"/track/{KEY}").text
    assert "0912345678" not in page
    assert f'action="/track/{KEY}/withdraw-contact"' in page
    # A page that tells nobody its address makes browsers say that the form comes from nowhere.
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    answer = client.post(f"/track/{KEY}/withdraw-contact", headers=headers)
    assert (answer.status_code, answer.location) == (303, f"/track/{KEY}")
    after = client.get(f"/track/{KEY}").text
    assert "Đã xoá số điện thoại và thư điện tử của bạn" in after
    assert "withdraw-contact" not in after


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://["},
    ],
)
def test_another_site_erases_nothing(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    with app.app_context():
        with_contact()
    assert client.post(f"/track/{KEY}/withdraw-contact", headers=headers).status_code == 403
    assert "withdraw-contact" in client.get(f"/track/{KEY}").text


def test_a_report_without_a_contact_has_no_button(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        public_case()
    assert "withdraw-contact" not in client.get(f"/track/{KEY}").text


def test_words_that_an_officer_has_shown_are_quoted(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        case = public_case()
        number = case.number
        officer = make_officer(make_commune(column=1))
        with transaction() as work:
            report = work.session.get_one(Report, first_report(case).id)
            report.description = "Trẻ phải đi xuống <lòng đường>"
        assert "Trẻ phải đi" not in client.get(f"/map/cases/{number}").text
        with transaction() as work:
            work.session.add(
                WordsReview(
                    report_id=report.id,
                    review="shown",
                    reviewed_at=clock.now(),
                    reviewed_by_id=officer.id,
                )
            )
    for url in (f"/map/cases/{number}", f"/track/{KEY}"):
        assert "Trẻ phải đi xuống &lt;lòng đường&gt;" in client.get(url).text


def test_the_map_is_made_once_for_all_who_ask_within_half_a_minute(
    app: Flask, client: FlaskClient, sql_counter: Callable[[], SqlCounter]
) -> None:
    with app.app_context():
        public_case()
    first = client.get("/map/cases.json")
    with sql_counter() as statements:
        again = client.get("/map/cases.json")
        assert again.data == first.data
    assert len(statements) == 0
    assert again.headers["Cache-Control"] == "public, max-age=30"
    assert again.headers["Vary"] == "Cookie"


def test_each_language_has_a_map_of_its_own(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        public_case()
    vietnamese = client.get("/map/cases.json").json["cases"][0]["status_label"]
    client.get("/language/en")
    told = client.get("/map/cases.json").json["cases"][0]
    assert told["status_label"] != vietnamese
    assert told["category_name"] == "Pavement blocked"


def test_the_list_says_how_many_and_leads_to_the_rest(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "CASES_ON_LIST", 1)
    with app.app_context():
        commune = make_commune()
        for _ in range(2):
            make_case(commune, opened_at=clock.now() - LONG_ENOUGH)
    text = text_of(client, "/map")
    assert 'href="/map?page=2#list"' in text
    assert "Danh sách vụ việc (2)" in text
    assert 'rel="next"' not in client.get("/map?page=2").text


def test_the_map_reads_cases_and_asks_again_with_a_tag(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        case = public_case()
        photo = show_photo(app, first_report(case))
        db.session.refresh(case)
    answer = client.get("/map/cases.json")
    (told,) = answer.json["cases"]
    assert told["number"] == case.number
    assert told["url"] == f"/map/cases/{case.number}"
    assert told["photo"] == f"/photos/{photo.id}/small"
    again = client.get("/map/cases.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_map_reads_the_land(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        make_commune(name="Vĩnh Hải")
    land = client.get("/map/land.json").json
    assert land["units"]["features"][0]["properties"]["name"] == "Vĩnh Hải"
    assert land["lines"]["features"] == []


def test_a_shown_photo_is_served_briefly_and_unsniffed(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        photo = show_photo(app, first_report(public_case()))
    answer = client.get(f"/photos/{photo.id}/large")
    assert answer.data == b"a picture"
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    again = client.get(
        f"/photos/{photo.id}/large", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("size", ["received", "original", "medium"])
def test_only_derivatives_are_served(app: Flask, client: FlaskClient, size: str) -> None:
    with app.app_context():
        photo = show_photo(app, first_report(public_case()))
    assert client.get(f"/photos/{photo.id}/{size}").status_code == 404


def test_an_unreviewed_photo_is_not_served(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        photo = show_photo(app, first_report(public_case()), review="pending")
    assert client.get(f"/photos/{photo.id}/small").status_code == 404


@pytest.mark.parametrize(
    "query", ["unit=abc", "unit=999999", "month=x", "month=2026-13", "month=1-1"]
)
def test_results_bear_with_any_question(client: FlaskClient, query: str) -> None:
    assert client.get(f"/results?{query}").status_code == 200


def test_results_say_counts_and_months_in_either_language(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        commune = make_commune()
        for day, on_time in ((date(2026, 1, 20), 3), (date(2026, 2, 20), 2)):
            with transaction() as work:
                work.session.add(
                    Tally(
                        day=day,
                        unit_id=commune.id,
                        category_code="road_damage",
                        reports=3,
                        opened=3,
                        acknowledged=3,
                        resolved=3,
                        resolved_on_time=on_time,
                        acknowledge_hours=[2.0] * 3,
                        resolve_hours=[20.0] * 3,
                    )
                )
    url = "/results?month=2026-02"
    vietnamese = client.get(url).text
    assert "2 trong 3 vụ việc đã xử lý đúng hạn." in vietnamese
    assert "Tháng 2/2026" in vietnamese
    client.get("/language/en")
    english = client.get(url).text
    assert "2 of 3 resolved cases were on time." in english
    assert "February 2026" in english
    assert "January" in english


def test_tracking_takes_few_statements(
    app: Flask, client: FlaskClient, sql_counter: Callable[[], SqlCounter]
) -> None:
    with app.app_context():
        happen(public_case(witnesses=5), None, "acknowledged")
    with sql_counter() as statements:
        assert client.get(f"/track/{KEY}").status_code == 200
    assert len(statements) <= 6


@pytest.mark.parametrize("status", ERRORS)
def test_every_error_says_what_happened_and_where_to_go(
    app: Flask, client: FlaskClient, status: int
) -> None:
    app.add_url_rule("/trouble", "trouble", lambda: abort(status))
    answer = client.get("/trouble")
    assert answer.status_code == status
    outline = Outline(answer.text)
    assert (outline.count("h1"), outline.count("main")) == (1, 1)
    buttons = [
        attributes for tag, attributes in outline.tags if "button" in str(attributes.get("class"))
    ]
    assert [button for button in buttons if button.get("href")]


def test_a_broken_database_still_has_a_page(app: Flask) -> None:
    with app.test_request_context("/"):
        text = render_template(
            "errors/page.html", status=500, code="http_500", field=None, message="Máy chủ gặp lỗi."
        )
    assert "Máy chủ gặp lỗi." in text


def test_officials_are_led_back_to_their_queue(app: Flask, signed_in: Callable[[str], Any]) -> None:
    with app.app_context():
        make_officer(make_commune(), login="vinh-hai")
    text = signed_in("vinh-hai").client.get("/nowhere").text
    assert 'href="/queue"' in text


def test_no_template_colours_or_scripts_by_itself() -> None:
    folder = Path(__file__).parents[2] / "templates"
    files = [folder / "base.html", folder / "macros/resident.html", *(folder / "public").iterdir()]
    guilty = [
        file.name for file in files if re.search(r'\sstyle="|\son[a-z]+="', file.read_text("utf-8"))
    ]
    assert guilty == []
