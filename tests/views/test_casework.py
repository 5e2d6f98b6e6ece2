"""The queue and the case page, as an officer with a plain browser meets them."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from tests.servers.casework_scene import (
    PASSWORD,
    District,
    add_photo,
    attach,
    build_district,
    jpeg,
    make_case,
    make_officer,
    moments_ago,
)
from tests.servers.counting import SqlCounter
from tests.servers.visitor import Visitor
from webapp import sentences
from webapp.extensions import db


@pytest.fixture
def district(app: Flask) -> District:
    with app.app_context():
        district = build_district()
        for role, unit_id in (
            ("officer", district.commune_id),
            ("supervisor", district.district_id),
            ("overseer", district.district_id),
            ("administrator", district.district_id),
        ):
            make_officer(unit_id, role, role)
        make_officer(district.other_commune_id, "officer", "neighbour")
        return district


@pytest.fixture
def sign_in(app: Flask) -> Callable[[str], Visitor]:
    def enter(login: str) -> Visitor:
        visitor = Visitor(app.test_client())
        visitor.sign_in(login, PASSWORD)
        return visitor

    return enter


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


@pytest.mark.parametrize("role", ["officer", "supervisor"])
@pytest.mark.parametrize("rows", [1, 25])
def test_a_queue_page_takes_at_most_ten_statements(
    app: Flask,
    district: District,
    sign_in: Callable[[str], Visitor],
    sql_counter: Callable[[], SqlCounter],
    role: str,
    rows: int,
) -> None:
    for _ in range(rows):
        open_one(app, district, severity=2)
    visitor = sign_in(role)
    with sql_counter() as statements:
        answer = visitor.client.get("/queue?view=everything")
    assert answer.status_code == 200
    assert len(statements) <= 10, "\n".join(statements)


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
    assert 'href="/start"' in answer.text or "href=\"/officials\"" in answer.text


def test_a_resident_who_is_refused_stays_with_the_residents(app: Flask) -> None:
    answer = app.test_client().get("/nowhere")
    assert answer.status_code == 404
    assert 'class="masthead"' not in answer.text


def test_a_refused_act_keeps_the_mark_in_the_navigation(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    number = open_one(app, district)
    visitor = sign_in("officer")
    answer = visitor.post(
        f"/cases/{number}/acknowledge", {"version": "1"}, form=f"/cases/{number}"
    )
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
