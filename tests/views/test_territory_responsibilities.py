"""The administrator's table of who does what: written without JavaScript, previewed in numbers."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import factories
from tests.servers.visitor import Visitor
from tests.services.test_responsibilities import make_authority
from webapp import clock
from webapp.services import responsibilities, responsibilities_edit

URL = "/territory/responsibilities"


@pytest.fixture
def visitor(app: Flask, signed_in: Callable[[str], Visitor]) -> Visitor:
    """An administrator of a district with one commune, signed in."""
    with app.app_context():
        district = factories.make_supervising_unit()
        factories.make_officer(district, role="administrator", login="quan-tri")
        factories.make_commune(code="22846", name="Vĩnh Hải", parent=district)
    return signed_in("quan-tri")


def day(days: int) -> str:
    return (clock.today() + timedelta(days=days)).isoformat()


def form(*rules: dict[str, Any], **head: Any) -> dict[str, Any]:
    """Return the fields of the form, as the page would send them."""
    fields: dict[str, Any] = {
        "based_on": "1",
        "valid_from": day(3),
        "note": "",
        "rules": str(len(rules)),
        "act": "preview",
    }
    for number, rule in enumerate(rules, 1):
        whole = {"category": ["*"], "ground": "anywhere", "land": "", "lead": "commune"} | rule
        fields |= {f"rule-{number}-{name}": value for name, value in whole.items()}
    return fields | head


def send(visitor: Visitor, *rules: dict[str, Any], **head: Any) -> TestResponse:
    return visitor.post(URL, form(*rules, **head), form=URL)


def bases(page: TestResponse) -> list[str]:
    return re.findall(r'name="rule-\d+-basis" value="([^"]*)"', page.text)


def test_the_doors_are_for_administrators_only(
    app: Flask, client: FlaskClient, visitor: Visitor, signed_in: Callable[[str], Visitor]
) -> None:
    assert client.get(URL).status_code in (302, 303)
    with app.app_context():
        factories.make_officer(factories.make_commune(column=1), login="can-bo")
    officer = signed_in("can-bo")
    token = officer.token("/password")
    assert officer.client.get(URL).status_code == 403
    for url in (URL, f"{URL}/1/withdraw"):
        assert officer.client.post(url, data={"csrf_token": token}).status_code == 403


def test_the_form_shows_the_copy_of_the_newest_version(visitor: Visitor) -> None:
    page = visitor.client.get(URL)
    assert page.status_code == 200
    assert "Ai làm việc gì: bản 2" in page.text
    assert len(bases(page)) == 8
    assert f'value="{day(1)}"' in page.text
    assert "đi kèm An Lộ" in page.text


def test_what_the_page_shows_can_be_sent_back_as_it_is(visitor: Visitor) -> None:
    page = visitor.client.get(URL).text
    boxes = re.findall(r'type="checkbox" name="([^"]+)" value="([^"]+)" checked', page)
    names = {name for name, _value in boxes}
    assert names == {f"rule-{number}-category" for number in range(1, 9)}


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("up-2", ["2", "1", "3"]),
        ("down-2", ["1", "3", "2"]),
        ("up-1", ["1", "2", "3"]),
        ("down-3", ["1", "2", "3"]),
        ("delete-2", ["1", "3"]),
        ("delete-9", ["1", "2", "3"]),
        ("add", ["1", "2", "3", ""]),
    ],
)
def test_lines_move_and_go_by_plain_buttons(
    visitor: Visitor, act: str, expected: list[str]
) -> None:
    page = send(visitor, {"basis": "1"}, {"basis": "2"}, {"basis": "3"}, act=act)
    assert page.status_code == 200
    assert bases(page) == expected


def test_partners_come_and_go_by_plain_buttons(visitor: Visitor) -> None:
    rule = {"partner": ["supervising", "commune"], "task": ["xem", "làm"]}
    grown = send(visitor, rule, act="partner-1").text
    assert grown.count('name="rule-1-task"') == 3
    shrunk = send(visitor, rule, act="drop-1-1").text
    assert re.findall(r'name="rule-1-task" value="([^"]*)"', shrunk) == ["làm"]


def test_nothing_is_stored_before_it_is_saved(app: Flask, visitor: Visitor) -> None:
    send(visitor, {}, act="add")
    send(visitor, {})
    with app.app_context():
        assert len(responsibilities.versions()) == 1


def test_the_preview_is_numbers_alone(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        make_authority(code="congan", name="Công an xã")
        commune = responsibilities.territory.units_on(clock.today())[0]
        numbers = [
            factories.make_case(commune, category_code="congestion").number for _each in range(2)
        ]
    page = send(visitor, {"category": ["congestion"], "lead": "unit:congan"}, {})
    assert page.status_code == 200
    assert "Trong 2 vụ việc đang mở:" in page.text
    assert "<b>2</b> sẽ đổi chủ trì" in page.text
    assert "Loại nào, ở đâu cũng có đơn vị phụ trách." in page.text
    assert not any(number in page.text for number in numbers)


def test_the_preview_says_what_is_wrong_with_the_draft(visitor: Visitor) -> None:
    page = send(visitor, {"category": ["poor_visibility"], "ground": "any_road"})
    assert "Loại “Khuất tầm nhìn” ngoài các tuyến, đường sắt không có quy tắc nào." in page.text
    assert "Loại “Khác” mọi nơi không có quy tắc nào." in page.text


def test_a_version_is_saved_and_stands_on_the_territory_page(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        make_authority(code="congan", name="Công an xã")
    rule = {
        "category": ["overloaded_vehicle", "illegal_parking"],
        "partner": ["unit:congan"],
        "task": ["Lập biên bản"],
        "basis": "Quy chế phối hợp",
    }
    answer = send(visitor, rule, {}, act="save", valid_from=day(0), note="có công an")
    assert answer.status_code == 302
    page = visitor.client.get("/territory").text
    assert "quy tắc phân công, bản 2" in page
    assert "Đã lưu bản 2" in page
    assert all(words in page for words in ("Công an xã", "Lập biên bản", "Quy chế phối hợp"))
    assert "tạm thời đi kèm" not in page
    assert "có công an" in visitor.client.get(URL).text


def test_a_version_that_leaves_something_to_nobody_is_saved_only_knowingly(
    app: Flask, visitor: Visitor
) -> None:
    rule = {"category": ["poor_visibility"], "ground": "any_road"}
    page = send(visitor, rule, act="save")
    assert page.status_code == 422
    assert "Chưa lưu: bản này để có chỗ không ai chủ trì." in page.text
    assert 'name="accepts_holes"' in page.text
    with app.app_context():
        assert len(responsibilities.versions()) == 1
    assert send(visitor, rule, act="save", accepts_holes="1").status_code == 302
    assert "Từ ngày đó bản 2 sẽ để trống những chỗ này" in visitor.client.get("/territory").text


def test_faults_are_told_line_by_line_and_every_word_is_kept(visitor: Visitor) -> None:
    wrong = {"category": [], "basis": "chữ đã gõ", "partner": [""], "task": ["việc của ai"]}
    page = send(visitor, {}, wrong, act="save", valid_from=day(-1))
    assert page.status_code == 422
    assert "Ngày bắt đầu đã qua." in page.text
    assert page.text.count("Chưa chọn loại nào.") == 2
    assert page.text.count("Có việc phối hợp mà chưa chọn đơn vị làm.") == 2
    assert "chữ đã gõ" in page.text
    assert "việc của ai" in page.text


def test_a_stale_form_is_answered_with_409_and_its_words(app: Flask, visitor: Visitor) -> None:
    assert send(visitor, {}, act="save").status_code == 302
    page = send(visitor, {"basis": "chữ đã gõ"}, act="save")
    assert page.status_code == 409
    assert "chữ đã gõ" in page.text
    assert "Chưa lưu gì: bảng đã có thay đổi" in page.text
    assert 'name="based_on" value="2"' in page.text
    assert "Hãy so với bảng mới nhất" in page.text
    with app.app_context():
        assert len(responsibilities.versions()) == 2
    assert send(visitor, {}, act="save", based_on="2").status_code == 302


def test_a_version_that_waits_is_withdrawn_by_its_button(visitor: Visitor) -> None:
    send(visitor, {}, act="save")
    assert "Bản 2 chờ đến ngày" in visitor.client.get("/territory").text
    assert "Rút bản 2" in visitor.client.get(URL).text
    answer = visitor.post(f"{URL}/2/withdraw", {}, form=URL)
    assert answer.status_code == 302
    page = visitor.client.get(URL).text
    assert "Đã rút" in page
    assert "Ai làm việc gì: bản 3" in page
    again = visitor.post(f"{URL}/2/withdraw", {}, form=URL)
    assert again.status_code == 302
    assert "Bản 2 đã được rút từ trước." in visitor.client.get(URL).text


def test_each_fault_is_tied_to_its_field(visitor: Visitor) -> None:
    page = send(visitor, {"lead": "", "category": []}, {"basis": "x" * 401}, valid_from="").text
    assert 'name="valid_from" value="" min=' in page
    assert 'aria-invalid="true" aria-describedby="err-duty_day_unreadable"' in page
    assert 'name="rule-1-lead" aria-invalid="true"' in page
    assert 'aria-describedby="rule-2-err-duty_basis_too_long"' in page
    ids = re.findall(r'(?<![\w-])id="([^"]+)"', page)
    described = " ".join(re.findall(r'aria-describedby="([^"]+)"', page)).split()
    assert set(described) <= set(ids)
    assert len(ids) == len(set(ids))


def test_a_version_that_has_begun_stays(visitor: Visitor) -> None:
    refused = visitor.post(f"{URL}/1/withdraw", {}, form=URL)
    assert refused.status_code == 409
    assert "Bản 1 đã có hiệu lực nên không rút được." in refused.text
    assert "Hãy so với bảng mới nhất" not in refused.text
    assert visitor.post(f"{URL}/9/withdraw", {}, form=URL).status_code == 404


@pytest.mark.parametrize(
    "head",
    [
        {"act": "explode"},
        {"act": "up-²"},
        {"rules": "²"},
        {"based_on": "9" * 5000},
        {"rule-1-partner": ["commune"]},
    ],
)
def test_a_form_that_no_page_wrote_is_refused(visitor: Visitor, head: dict[str, Any]) -> None:
    assert send(visitor, {}, **head).status_code == 422


def test_as_many_lines_as_are_taken_fit_into_one_request(visitor: Visitor) -> None:
    rule = {"basis": "x" * 400, "partner": ["supervising"], "task": ["y" * 200]}
    assert send(visitor, *[rule] * 80).status_code == 200
    page = send(visitor, *[rule] * 90)
    assert page.status_code == 422
    assert "tối đa 80" in page.text


def test_errors_of_the_table_stand_on_the_territory_page(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        make_authority(code="doi", name="Đội quản lý đường sắt", valid_to=clock.today())
        officer = factories.make_officer(
            factories.make_supervising_unit(code="x"), role="administrator"
        )
        responsibilities_edit.save(officer, _draft_of_a_team_that_ends())
    later = day(1)
    page = visitor.client.get(f"/territory?on={later}").text
    assert "“Đội quản lý đường sắt” đã hết hiệu lực" in page
    assert '<tr class="bad">' in page


def _draft_of_a_team_that_ends() -> responsibilities_edit.Draft:
    from dataclasses import replace

    from webapp.domain.responsibilities_draft import DraftRule

    rules = (
        DraftRule(category_codes=("poor_visibility",), ground="railway", lead="unit:doi"),
        DraftRule(is_every_category=True),
    )
    return replace(responsibilities_edit.begin(), valid_from=day(0), rules=rules)
