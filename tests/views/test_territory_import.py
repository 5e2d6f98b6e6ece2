"""The administrator's import and switch by page: previews, refusals, confirmation, correction."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.factories import (
    make_case,
    make_commune,
    make_officer,
    make_supervising_unit,
    somewhere,
)
from tests.servers.visitor import Visitor
from webapp import clock
from webapp.extensions import db
from webapp.models import Boundary, Case, TerritorySwitch, Unit
from webapp.services import casework_coordination
from webapp.services.transaction import transaction

TODAY = date(2025, 7, 1)
BEFORE = datetime(2025, 6, 20, 3, 0, tzinfo=UTC)
AFTER = datetime(2025, 7, 1, 0, 30, tzinfo=UTC)

WIDE = [[109.02, 11.6], [109.06, 11.6], [109.06, 11.62], [109.02, 11.62], [109.02, 11.6]]
WEST = [[109.02, 11.6], [109.04, 11.6], [109.04, 11.62], [109.02, 11.62], [109.02, 11.6]]
EAST = [[109.04, 11.6], [109.06, 11.6], [109.06, 11.62], [109.04, 11.62], [109.04, 11.6]]
BOW_TIE = [[109.02, 11.6], [109.06, 11.62], [109.06, 11.6], [109.02, 11.62], [109.02, 11.6]]
METRES = [[585000, 1283000], [586000, 1283000], [586000, 1284000], [585000, 1283000]]


@pytest.fixture
def number(app: Flask) -> str:
    """Two communes of the old land, an open case of the first, and an officer of it."""
    with app.app_context(), clock.at(BEFORE):
        district = make_supervising_unit()
        west = make_commune(column=0, code="1", name="Tây", parent=district)
        make_commune(column=1, code="2", name="Đông", parent=district)
        make_officer(west, login="can-bo")
        make_officer(district, role="administrator", login="quan-tri")
        make_officer(district, role="supervisor", login="giam-sat")
        return make_case(west, opened_at=BEFORE).number


@pytest.fixture
def visitor(number: str, signed_in: Callable[[str], Visitor]) -> Visitor:
    """The administrator, signed in."""
    return signed_in("quan-tri")


def file_of(*rings: list[list[float]], name: str = "Mới") -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": {"code": f"9{index}", "name": name, "kind": "xã"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for index, ring in enumerate(rings)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def look(visitor: Visitor, content: bytes | None, **fields: Any) -> TestResponse:
    """Send a file to be looked at."""
    form: dict[str, Any] = {"valid_from": "2025-07-01"} | fields
    if content is not None:
        form["file"] = (BytesIO(content), "moi.geojson")
    return visitor.post("/territory/import", form, form="/territory/import")


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of the form that confirms."""
    form = page[page.index("/territory/import/confirm") :]
    form = form[: form.index("</form>")]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def confirm(visitor: Visitor, fields: dict[str, str]) -> TestResponse:
    return visitor.client.post("/territory/import/confirm", data=fields)


def count(app: Flask, table: type[Any]) -> int:
    with app.app_context():
        return db.session.query(table).count()


def lead(app: Flask) -> str:
    with app.app_context():
        return db.session.query(Case).one().lead_unit.name


def test_a_file_is_looked_at_and_nothing_is_written(
    app: Flask, visitor: Visitor, number: str
) -> None:
    page = look(visitor, file_of(WIDE), is_ending_predecessors="on")
    assert page.status_code == 200
    assert "có hiệu lực từ 1/7/2025" in page.text
    assert "xã Tây → xã Mới" in page.text
    assert "hết hiệu lực 30/6/2025" in page.text
    assert re.search(r"<b>1</b>\s+vụ việc đang mở sẽ đổi đơn vị", page.text)
    assert number not in page.text
    assert (count(app, Unit), count(app, Boundary)) == (3, 2)


def test_what_was_previewed_is_imported_and_switched_and_corrected(
    app: Flask, visitor: Visitor, number: str
) -> None:
    page = look(visitor, file_of(WIDE), is_ending_predecessors="on")
    answer = confirm(visitor, hidden(page.text))
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/territory?on=2025-07-01")
    with clock.at(AFTER):
        shown = visitor.client.get("/territory").text
        assert "Đã nhập: thêm mới 1" in shown
        assert "Từ đơn vị" in shown
        plan = visitor.client.get("/territory/switch").text
        assert "Chạy thử cho ngày 1/7/2025" in plan
        assert "Chuyển ngay" in plan
        assert number not in plan
        done = visitor.post("/territory/switch", {"on": "2025-07-01"}, form="/territory/switch")
        assert done.status_code == 303
        assert lead(app) == "Mới"
        after = visitor.client.get("/territory/switch").text
        assert "Mọi vụ việc đang mở đã theo đất của mình." in after
        assert "Nguyễn Văn quan-tri" in after
        visitor.post("/territory/switch/1/correct", {}, form="/territory/switch")
        assert lead(app) == "Tây"
        last = visitor.client.get("/territory/switch").text
    assert "Đã được sửa lại ngày 1/7/2025." in last
    assert "sửa lại lần số 1" in last
    assert count(app, TerritorySwitch) == 2


def test_communes_written_down_anew_are_neither_new_nor_moving_nor_reused_codes(
    app: Flask, visitor: Visitor
) -> None:
    with app.app_context(), clock.at(BEFORE):
        west, east = (db.session.query(Unit).filter_by(code=code).one() for code in "12")
        helped = make_case(east, somewhere(east_m=2_200), opened_at=BEFORE)
        with transaction() as work:
            case = work.session.get_one(Case, helped.id)
            casework_coordination.inform(work, case, west.id, source="border", now=BEFORE)
    same = file_of(WEST, name="Tây").replace(b'"90"', b'"1"')
    page = look(visitor, same, is_ending_predecessors="on").text
    assert re.search(r"<b>0</b>\s+đơn vị mới, <b>1</b> như cũ", page)
    assert re.search(r"<b>0</b>\s+vụ việc đang mở sẽ đổi đơn vị", page)
    confirm(visitor, hidden(page))
    with clock.at(AFTER):
        assert "dùng lại" not in visitor.client.get("/territory").text
    again = look(visitor, same, is_ending_predecessors="on").text
    assert "Tệp này không đổi gì" in again
    assert "/territory/import/confirm" not in again


def test_a_code_that_another_commune_takes_is_pointed_out(visitor: Visitor) -> None:
    other = file_of(EAST, name="Đông").replace(b'"90"', b'"1"')
    page = look(visitor, other, is_ending_predecessors="on").text
    assert "mới, dùng lại mã của đơn vị khác" in page
    confirm(visitor, hidden(page))
    with clock.at(AFTER):
        assert "dùng lại" in visitor.client.get("/territory").text


def test_a_day_ahead_shows_numbers_and_offers_no_button(visitor: Visitor) -> None:
    ahead = clock.today() + timedelta(days=13)
    page = look(visitor, file_of(WIDE), valid_from=str(ahead), is_ending_predecessors="on")
    confirm(visitor, hidden(page.text))
    shown = visitor.client.get(f"/territory/switch?on={ahead}").text
    assert "hệ thống tự chuyển" in shown
    assert "Chuyển ngay" not in shown
    refused = visitor.post("/territory/switch", {"on": str(ahead)}, form="/territory/switch")
    assert refused.status_code == 422
    listed = visitor.client.get("/territory").text
    assert "Chờ đến ngày, còn 13 ngày" in listed
    assert "Đổi ngày" in listed
    assert f'href="/territory/switch?on={ahead}">1</a>' in listed


def test_a_set_ahead_gets_another_day(app: Flask, visitor: Visitor) -> None:
    ahead = clock.today() + timedelta(days=13)
    page = look(visitor, file_of(WIDE), valid_from=str(ahead), is_ending_predecessors="on")
    confirm(visitor, hidden(page.text))
    later = ahead + timedelta(days=17)
    url = f"/territory/sets/{ahead}/date"
    assert visitor.post(url, {"to": str(later)}, form="/territory/switch").status_code == 303
    assert "Chờ đến ngày, còn 30 ngày" in visitor.client.get("/territory").text
    assert visitor.post(url, {"to": str(later)}, form="/territory/switch").status_code == 404
    refused = visitor.post(
        f"/territory/sets/{later}/date", {"to": "2025-01-01"}, form="/territory/switch"
    )
    assert refused.status_code == 422
    assert "Ngày mới phải còn ở phía trước." in refused.text
    assert 'name="to" required value="2025-01-01" aria-invalid="true"' in refused.text


def test_an_old_unit_is_never_ended_in_silence(app: Flask, visitor: Visitor) -> None:
    page = look(visitor, file_of(WIDE))
    assert "bị thay hẳn mà chưa có ngày hết hiệu lực" in page.text
    confirm(visitor, hidden(page.text))
    with app.app_context():
        assert db.session.query(Unit).filter_by(name="Tây").one().valid_to is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Tệp này rỗng"),
        (b"   \n", "Tệp này rỗng"),
        (b"\xff\xfe\x00", "không đọc được thành JSON"),
        (b"{}", "không phải một FeatureCollection"),
        (b'{"type": "FeatureCollection", "features": []}', "không có đơn vị nào"),
        (file_of(BOW_TIE), "xã Mới, vòng 1: tự cắt tại"),
        (file_of(METRES), "mét của hệ phẳng (như VN-2000)"),
        (file_of(WIDE, name=""), "thiếu thuộc tính name"),
    ],
)
def test_a_bad_file_is_refused_with_its_reasons_and_nothing_changes(
    app: Flask, visitor: Visitor, content: bytes, sentence: str
) -> None:
    page = look(visitor, content)
    assert page.status_code == 422
    assert sentence in page.text
    assert "Địa giới đang dùng không bị ảnh hưởng." in page.text
    assert 'value="2025-07-01"' in page.text
    assert count(app, Unit) == 3


def test_communes_that_overlap_are_named_before_anything_is_written(visitor: Visitor) -> None:
    page = look(visitor, file_of(WIDE, WIDE))
    assert page.status_code == 200
    assert "chồng lên nhau" in page.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"valid_from": ""}, "Hãy chọn ngày đầu tiên"),
        ({"valid_from": "hôm nay"}, "Ngày không đọc được"),
        ({"valid_to": "2020-01-01"}, "ngày hết hiệu lực đứng trước ngày bắt đầu"),
    ],
)
def test_a_day_that_cannot_be_is_refused(
    visitor: Visitor, fields: dict[str, str], sentence: str
) -> None:
    page = look(visitor, file_of(WIDE), **fields)
    assert page.status_code == 422
    assert sentence in page.text


def test_without_a_file_nothing_is_looked_at(visitor: Visitor) -> None:
    page = look(visitor, None)
    assert page.status_code == 422
    assert "Hãy chọn một tệp GeoJSON." in page.text


def test_the_day_is_changed_without_sending_the_file_again(app: Flask, visitor: Visitor) -> None:
    first = look(visitor, file_of(WIDE))
    upload = hidden(first.text)["upload"]
    second = look(visitor, None, upload=upload, valid_from="2025-08-01", source="moi.geojson")
    assert "có hiệu lực từ 1/8/2025" in second.text
    confirm(visitor, hidden(second.text))
    with app.app_context():
        assert db.session.query(Unit).filter_by(name="Mới").one().valid_from == date(2025, 8, 1)


def test_what_changed_since_the_preview_is_not_imported(app: Flask, visitor: Visitor) -> None:
    fields = hidden(look(visitor, file_of(WIDE)).text)
    with app.app_context():
        make_commune(column=1, name="Chen vào")
    refused = confirm(visitor, fields)
    assert refused.status_code == 409
    assert "Đơn vị đã thay đổi từ lúc xem trước." in refused.text
    assert count(app, Unit) == 4
    # The page shows what it would do by now, with the same file: once more, on purpose.
    assert confirm(visitor, hidden(refused.text)).status_code == 303


def test_a_refused_day_keeps_the_file_that_was_looked_at(visitor: Visitor) -> None:
    upload = hidden(look(visitor, file_of(WIDE)).text)["upload"]
    refused = look(visitor, None, upload=upload, valid_from="")
    assert refused.status_code == 422
    assert f'name="upload" value="{upload}"' in refused.text
    assert 'aria-describedby="err-valid_from" autofocus' in refused.text


def test_a_file_too_large_to_be_read_is_not_called_a_photo(visitor: Visitor) -> None:
    visitor.client.application.config["MAX_CONTENT_LENGTH"] = 1_000
    refused = look(visitor, b" " * 2_000)
    assert refused.status_code == 413
    assert "Tệp nặng quá 16 MB." in refused.text
    assert "ảnh" not in refused.text[refused.text.index("<main") :]


def test_positions_are_written_as_people_write_them(visitor: Visitor) -> None:
    assert re.search(r"gần 11,6\d{4}; 109,0\d{4}", look(visitor, file_of(WIDE, WIDE)).text)


@pytest.mark.parametrize("upload", ["0" * 64, "../../etc/passwd", ""])
def test_a_file_that_is_not_kept_is_asked_for_again(visitor: Visitor, upload: str) -> None:
    fields = hidden(look(visitor, file_of(WIDE)).text) | {"upload": upload}
    answer = confirm(visitor, fields)
    assert answer.status_code == 404
    assert "Hãy tải lên lần nữa." in answer.text


@pytest.mark.parametrize("login", ["can-bo", "giam-sat"])
def test_only_administrators_import_and_switch(
    number: str, signed_in: Callable[[str], Visitor], login: str
) -> None:
    client = signed_in(login).client
    for url in ("/territory/import", "/territory/switch"):
        assert client.get(url).status_code == 403
