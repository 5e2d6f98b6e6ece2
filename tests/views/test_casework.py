"""The queue and the case page, as an officer with a plain browser meets them."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from tests.servers.casework_scene import (
    District,
    add_photo,
    attach,
    jpeg,
    make_case,
    moments_ago,
)
from tests.servers.counting import SqlCounter
from tests.servers.visitor import Visitor
from webapp import clock, sentences
from webapp.adapters.photo_store import PhotoStore
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Officer, Photo, Report, WordsReview
from webapp.services import queue
from webapp.services.transaction import transaction


def open_one(app: Flask, district: District, **facts: object) -> str:
    with app.app_context():
        case = make_case(district.commune_id, **facts)  # type: ignore[arg-type]
        add_photo(attach(case.number, description="Sạp bày hết vỉa hè.").id)
        db.session.remove()
        return case.number


def test_the_queue_is_most_urgent_first(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    mild = open_one(app, district, severity=1, now=moments_ago(days=90))
    grave = open_one(app, district, severity=4)
    page = sign_in("officer").client.get("/queue?view=everything").text
    assert 0 < page.index(f'data-number="{grave}"') < page.index(f'data-number="{mild}"')


@pytest.mark.parametrize("severity", [1, 4])
def test_an_officer_who_signs_in_sees_the_new_report(
    app: Flask, district: District, sign_in: Callable[[str], Visitor], severity: int
) -> None:
    number = open_one(app, district, severity=severity)
    for login in ("officer", "supervisor"):
        page = sign_in(login).client.get("/queue").text
        assert f'data-number="{number}"' in page
        assert 'view=now" aria-current="page">Cần làm ngay <span class="count">1<' in page


def test_what_was_taken_on_and_has_time_is_not_for_now(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    calm = open_one(app, district, severity=1)
    late = open_one(app, district, severity=1, now=moments_ago(days=300))
    visitor = sign_in("officer")
    for number in (calm, late):
        page = f"/cases/{number}"
        visitor.post(f"{page}/acknowledge", {"version": "2"}, form=page)
    page = visitor.client.get("/queue").text
    assert f'data-number="{late}"' in page
    assert f'data-number="{calm}"' not in page
    assert 'Cần làm ngay <span class="count">1<' in page


def test_a_supervisor_counts_every_commune(
    app: Flask,
    district: District,
    sign_in: Callable[[str], Visitor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "COUNT_CAP", 12)
    with app.app_context():
        for _ in range(9):
            make_case(district.commune_id)
        make_case(district.other_commune_id)
        db.session.remove()
    page = sign_in("supervisor").client.get("/queue").text
    assert 'Chưa ai xem <span class="count">10<' in page


def test_figures_beyond_the_cap_say_that_they_are_least_ones(
    app: Flask,
    district: District,
    sign_in: Callable[[str], Visitor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "COUNT_CAP", 4)
    for severity in (4, 4, 1, 1, 1):
        open_one(app, district, severity=severity)
    number = open_one(app, district, severity=4)
    visitor = sign_in("officer")
    visitor.client.get(f"/cases/{number}")
    page = visitor.client.get("/queue").text
    assert 'Chưa ai xem <span class="count">3+<' in page
    assert 'Tất cả <span class="count">3+<' in page


@pytest.mark.parametrize("asked", ["", "&selected={}"])
# Whoever supervises is asked for as well whether the lead unit of the case beside is gone.
@pytest.mark.parametrize(("role", "most"), [("officer", 10), ("supervisor", 11)])
@pytest.mark.parametrize("rows", [1, 25])
def test_a_queue_page_takes_few_statements_however_long_it_is(
    app: Flask,
    district: District,
    sign_in: Callable[[str], Visitor],
    sql_counter: Callable[[], SqlCounter],
    role: str,
    most: int,
    rows: int,
    asked: str,
) -> None:
    number = max(open_one(app, district, severity=2) for _ in range(rows))
    visitor = sign_in(role)
    visitor.client.get(f"/cases/{number}")
    with sql_counter() as statements:
        answer = visitor.client.get(f"/queue?view=everything{asked.format(number)}")
    assert answer.status_code == 200
    assert len(statements) <= most, "\n".join(statements)


@pytest.mark.parametrize(
    "query",
    [
        "view=unseen",
        "view=late",
        "view=soon",
        "view=photos",
        "view=done",
        "view=everything",
        "view=now&severity=3",
        "category=road_damage",
        "q=00001",
        "q=Tỉnh",
        "page=999",
        "view=nonsense&severity=x&page=-4&unit=7",
    ],
)
def test_every_saved_view_filter_and_search_answers(
    app: Flask, district: District, sign_in: Callable[[str], Visitor], query: str
) -> None:
    open_one(app, district)
    for login in ("officer", "supervisor"):
        assert sign_in(login).client.get(f"/queue?{query}").status_code == 200


def test_an_empty_list_says_so_and_leads_on(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    open_one(app, district)
    visitor = sign_in("officer")
    assert "Không có vụ việc trễ hạn." in visitor.client.get("/queue?view=late").text
    filtered = visitor.client.get("/queue?view=everything&severity=4").text
    assert "Không có vụ việc nào với bộ lọc này" in filtered


def test_a_case_of_another_commune_is_not_found(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    for login, status in (("neighbour", 404), ("administrator", 404), ("overseer", 200)):
        visitor = sign_in(login)
        assert visitor.client.get(f"/cases/{number}").status_code == status
        note = {"version": "2", "note": ""}
        if login != "overseer":
            assert visitor.post(f"/cases/{number}/note", note, form="/password").status_code == 404
        if status == 404:
            assert number not in visitor.client.get(f"/cases/{number}").text
            assert visitor.client.get(f"/cases/{number}/photos/1/small").status_code == 404
    assert "không thay đổi gì" in sign_in("overseer").client.get(f"/cases/{number}").text


def test_an_officer_acknowledges_and_resolves_by_forms(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    visitor = sign_in("officer")
    page = f"/cases/{number}"
    visitor.client.get(page)
    # opened, report_attached, first_viewed
    answer = visitor.post(f"{page}/acknowledge", {"version": "3"}, form=page)
    assert answer.status_code == 302
    fields = {
        "version": "4",
        "public_sentence": "Đã dọn sạch.",
        "photo_review": "shown",
        "after_photo": (jpeg(), "sau.jpg"),
    }
    assert visitor.post(f"{page}/resolve", fields, form=page).status_code == 302
    shown = visitor.client.get(page).text
    assert "Đã dọn sạch." in shown
    assert "Ảnh đang được chuẩn bị" in shown


def test_a_stale_form_gets_409_with_the_fresh_case_and_the_typed_words(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    visitor = sign_in("officer")
    page = f"/cases/{number}"
    visitor.client.get(page)
    visitor.post(f"{page}/acknowledge", {"version": "3"}, form=page)
    answer = visitor.post(f"{page}/note", {"version": "3", "note": "đã gọi thôn"}, form=page)
    assert answer.status_code == 409
    assert "đã gọi thôn" in answer.text
    assert "Vụ việc đã thay đổi từ lúc bạn mở trang" in answer.text
    assert 'name="version" value="4"' in answer.text


def test_a_refused_act_says_why_and_keeps_the_words(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    visitor = sign_in("officer")
    page = f"/cases/{number}"
    visitor.client.get(page)
    visitor.post(f"{page}/acknowledge", {"version": "3"}, form=page)
    answer = visitor.post(
        f"{page}/resolve", {"version": "4", "public_sentence": "Đã dọn"}, form=page
    )
    assert answer.status_code == 422
    assert "Cần ảnh sau" in answer.text
    assert ">Đã dọn</textarea>" in answer.text
    early = visitor.post(f"{page}/acknowledge", {"version": "4"}, form=page)
    assert early.status_code == 403


def test_the_pane_is_the_case_without_the_frame(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    pane = sign_in("officer").client.get(f"/cases/{number}?pane=1").text
    assert f'data-case="{number}"' in pane
    assert "<html" not in pane


def test_residents_words_are_escaped(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    with app.app_context():
        case = make_case(district.commune_id, address="<i>chợ</i>")
        attach(case.number, description="<script>alert(1)</script>" * 40)
        number = case.number
    page = sign_in("officer").client.get(f"/cases/{number}").text
    assert "<script>alert" not in page
    assert "<i>chợ" not in page


@pytest.mark.parametrize(
    ("login", "page", "status", "way_back"),
    [
        ("administrator", "/queue", 403, "Về đơn vị và địa giới"),
        ("officer", "/district", 403, "Về hàng việc"),
        ("supervisor", "/territory", 403, "Về trang tổng quan"),
        ("officer", "/cases/NH-2026-99999", 404, "Về hàng việc"),
        ("overseer", "/nowhere", 404, "Về trang tổng quan"),
    ],
)
@pytest.mark.usefixtures("district")
def test_an_officer_who_is_refused_stays_in_the_officials_frame(
    sign_in: Callable[[str], Visitor], login: str, page: str, status: int, way_back: str
) -> None:
    answer = sign_in(login).client.get(page)
    assert answer.status_code == status
    assert 'class="masthead"' in answer.text
    assert way_back in answer.text
    assert 'href="/start"' in answer.text


def test_a_resident_who_is_refused_stays_with_the_residents(app: Flask) -> None:
    answer = app.test_client().get("/nowhere")
    assert answer.status_code == 404
    assert 'class="masthead"' not in answer.text


def test_a_refused_act_keeps_the_mark_in_the_navigation(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    visitor = sign_in("officer")
    answer = visitor.post(f"/cases/{number}/acknowledge", {"version": "1"}, form=f"/cases/{number}")
    assert answer.status_code == 409
    assert re.search(r'<a href="/queue" aria-current="page">Hàng việc', answer.text)


def test_a_proof_from_elsewhere_is_refused_with_a_distance_that_people_say(app: Flask) -> None:
    with app.test_request_context():
        sentence = sentences.say("after_photo_too_far", {"distance_m": 20641}, 422)
    assert "cách điểm 20,6\u00a0km" in sentence


def test_a_late_case_says_so_once_with_an_hourglass(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district, severity=2, now=moments_ago(days=90))
    page = sign_in("officer").client.get(f"/cases/{number}").text
    assert "Quá hạn đầu" not in page
    assert re.search(r'class="late"><svg[^>]*><use href="#i-late"/></svg> trễ', page)


def test_the_queue_can_be_searched_where_the_masthead_has_no_room(
    sign_in: Callable[[str], Visitor], district: District
) -> None:
    del district
    page = sign_in("officer").client.get("/queue").text
    assert page.count('role="search"') == 2


def first_views(app: Flask, number: str) -> int:
    with app.app_context():
        case_id = select(Case.id).where(Case.number == number).scalar_subquery()
        events = select(CaseEvent).where(
            CaseEvent.case_id == case_id, CaseEvent.kind == "first_viewed"
        )
        return len(db.session.scalars(events).all())


def test_a_case_that_merely_lies_beside_the_queue_is_not_viewed(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    visitor = sign_in("officer")
    assert f'data-case="{number}"' in visitor.client.get("/queue").text
    visitor.client.get(f"/cases/{number}/photos/1/small")
    assert first_views(app, number) == 0


@pytest.mark.parametrize(
    "opened", ["/queue?selected={}", "/cases/{}?pane=1", "/cases/{}/photos/1/received"]
)
def test_opening_a_case_in_any_way_is_its_first_view(
    app: Flask, district: District, sign_in: Callable[[str], Visitor], opened: str
) -> None:
    number = open_one(app, district)
    visitor = sign_in("officer")
    for _ in range(2):
        page = visitor.client.get(opened.format(number))
        assert first_views(app, number) == 1
    if "selected" in opened:
        assert 'name="version" value="3"' in page.text
        assert "Chưa ai xem</span>" not in page.text


def test_an_act_from_the_queue_is_a_view_as_well(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    visitor = sign_in("officer")
    answer = visitor.post(f"/cases/{number}/acknowledge", {"version": "2"}, form="/queue")
    assert answer.status_code == 302
    assert first_views(app, number) == 1


def test_a_photo_nobody_reviewed_is_kept_by_no_shared_computer(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    with app.app_context():
        case = make_case(district.commune_id)
        store = PhotoStore(app.extensions["settings"].photo_folder)
        photo_bytes = jpeg().getvalue()
        sha256 = store.put_derivative(photo_bytes)
        photo_id = add_photo(attach(case.number).id, sha256=sha256).id
        url = f"/cases/{case.number}/photos/{photo_id}/small"
        db.session.remove()
    visitor = sign_in("officer")
    answer = visitor.client.get(url)
    assert answer.data == photo_bytes
    assert answer.headers["Cache-Control"] == "private, no-cache"
    again = visitor.client.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_photo_whose_bytes_are_gone_is_not_found(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    visitor = sign_in("officer")
    for size in ("small", "large", "received", "enormous"):
        assert visitor.client.get(f"/cases/{number}/photos/1/{size}").status_code == 404
    assert visitor.client.get(f"/cases/{number}/photos/{'9' * 30}/small").status_code == 404


def test_a_case_that_a_whole_town_reported_makes_a_page_that_a_phone_can_load(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    with app.app_context():
        case = make_case(district.commune_id)
        for at in range(45):
            add_photo(attach(case.number, description=f"lời số {at}.").id)
        number = case.number
        db.session.remove()
    visitor = sign_in("officer")
    page = visitor.client.get(f"/cases/{number}").text
    assert page.count('class="photo"') == 20
    assert page.count('class="words"') == 20
    assert "lời số 44." in page
    assert "lời số 24." not in page
    assert "Xem tất cả 45" in page
    assert "Ảnh: 45, còn 45 ảnh chưa xét" in page
    whole = visitor.client.get(f"/cases/{number}?all=1").text
    assert whole.count('class="photo"') == whole.count('class="words"') == 45
    assert "Xem tất cả" not in whole


def test_what_nobody_reviewed_stands_before_what_is_newer(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    with app.app_context():
        case = make_case(district.commune_id)
        for at in range(25):
            add_photo(attach(case.number, description=f"lời số {at}.").id)
        number = case.number
        reviewed = [report.id for report in db.session.query(Report).order_by(Report.id)][1:]
        with transaction() as work:
            officer = work.session.query(Officer).filter_by(login="officer").one()
            for photo in work.session.query(Photo).filter(Photo.report_id.in_(reviewed)):
                photo.review = "shown"
            work.session.add_all(
                WordsReview(
                    report_id=report_id,
                    review="shown",
                    reviewed_at=clock.now(),
                    reviewed_by_id=officer.id,
                )
                for report_id in reviewed
            )
        db.session.remove()
    page = sign_in("officer").client.get(f"/cases/{number}").text
    assert page.index("lời số 0.") < page.index("lời số 24.")
    assert page.index("phản ánh 1\n") < page.index("phản ánh 25\n")
    assert "lời số 4." not in page


def test_the_button_for_words_says_that_everybody_will_read_them(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    page = sign_in("officer").client.get(f"/cases/{number}").text
    assert ">Hiện công khai</button>" in page
    assert "ai cũng đọc được" in page


def test_a_photo_is_refused_and_the_words_kept_while_the_disk_is_nearly_full(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    visitor, page = sign_in("officer"), f"/cases/{number}"
    visitor.post(f"{page}/acknowledge", {"version": "2"}, form=page)
    settings = app.extensions["settings"]
    app.extensions["settings"] = replace(settings, min_free_mb=10**9)
    fields = {
        "version": "4",
        "public_sentence": "Đã dọn sạch.",
        "after_photo": (jpeg(), "sau.jpg"),
    }
    answer = visitor.post(f"{page}/resolve", fields, form=page)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert ">Đã dọn sạch.</textarea>" in answer.text


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/queue?q=%00", 200),
        ("/queue?category=%00", 200),
        ("/queue?selected=%00", 200),
        ("/queue?q=²", 200),
        ("/queue?page=99999999999999999999&unit=99999999999999999999", 200),
        ("/cases/%00", 404),
        ("/cases/NH-2099-00001", 404),
        ("/cases/NH-2099-00001/photos/1/small", 404),
    ],
)
def test_no_address_crashes_a_page(
    app: Flask, district: District, sign_in: Callable[[str], Visitor], url: str, status: int
) -> None:
    open_one(app, district)
    assert sign_in("officer").client.get(url).status_code == status


@pytest.mark.parametrize(
    ("act", "fields", "status"),
    [
        ("acknowledge", {}, 404),
        ("note", {"version": "1", "note": ""}, 404),
        ("dance", {"version": "1"}, 404),
    ],
)
def test_an_act_on_no_case_is_not_found(
    district: District,
    sign_in: Callable[[str], Visitor],
    act: str,
    fields: dict[str, str],
    status: int,
) -> None:
    answer = sign_in("officer").post(f"/cases/NH-2099-00001/{act}", fields, form="/queue")
    assert answer.status_code == status


@pytest.mark.parametrize("version", ["²", "", "-1", "9" * 40, "٣"])
def test_a_version_that_is_no_number_is_refused_with_the_words_kept(
    app: Flask, district: District, sign_in: Callable[[str], Visitor], version: str
) -> None:
    number = open_one(app, district)
    visitor = sign_in("officer")
    fields = {"version": version, "note": "gọi\0 thôn"}
    answer = visitor.post(f"/cases/{number}/note", fields, form="/queue")
    assert answer.status_code == 422
    assert "thôn</textarea>" in answer.text


@pytest.mark.parametrize("words", ["{number}", "{tail}", "chợ", "Chợ"])
def test_a_search_finds_by_number_and_by_address(
    app: Flask, district: District, sign_in: Callable[[str], Visitor], words: str
) -> None:
    open_one(app, district)
    number = open_one(app, district, address="Chợ Nhơn Hải")
    words = words.format(number=number.lower(), tail=number[-2:])
    for login in ("officer", "supervisor"):
        page = sign_in(login).client.get(f"/queue?q={words}").text
        assert f'data-number="{number}"' in page
        assert page.count("data-number=") == 1
    assert "data-number=" not in sign_in("neighbour").client.get(f"/queue?q={words}").text


def test_overseers_have_a_way_to_the_desk_that_they_may_read(
    district: District, sign_in: Callable[[str], Visitor]
) -> None:
    assert 'href="/triage"' in sign_in("overseer").client.get("/queue").text
