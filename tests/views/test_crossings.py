"""The register's pages: who opens them, forms that keep what was typed, files, a case's block."""

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.factories import make_case, make_commune, make_officer, make_supervising_unit, somewhere
from tests.servers.casework_scene import jpeg
from tests.servers.crossings_scene import cells, make_crossing, make_railway
from tests.servers.visitor import Visitor
from webapp.extensions import db
from webapp.models import Case, Crossing

SignIn = Callable[[str], Visitor]


@pytest.fixture
def land(app: Flask) -> None:
    """Two communes under a supervising unit, an account for each role, one railway."""
    with app.app_context():
        district = make_supervising_unit()
        here = make_commune(code="here", name="Hộ Hải", parent=district)
        there = make_commune(column=1, code="there", name="Xuân Hải", parent=district)
        make_officer(here, "officer", "officer")
        make_officer(there, "officer", "neighbour")
        for role in ("supervisor", "overseer", "administrator"):
            make_officer(district, role, role)
        make_railway()
        db.session.remove()


@pytest.fixture
def crossing_id(app: Flask, land: None) -> int:
    """A registered crossing on the officer's land."""
    with app.app_context():
        unit = _unit("here")
        crossing = make_crossing(
            somewhere(), unit, code="LD-7", name="Ngõ chợ", chainage_m=1_397_250.0
        )
        return crossing.id


@pytest.fixture
def case_number(app: Flask, land: None) -> str:
    """A case of a self-opened crossing, 30 m from the registered one."""
    with app.app_context():
        unit, spot = _unit("here"), somewhere(east_m=30)
        return make_case(unit, spot, category_code="self_opened_crossing", severity=3).number


def _unit(code: str) -> Any:
    from webapp.models import Unit

    return db.session.scalars(select(Unit).where(Unit.code == code)).one()


def stored(app: Flask, crossing_id: int) -> Crossing:
    with app.app_context():
        return db.session.get_one(Crossing, crossing_id)


def form(**texts: Any) -> dict[str, Any]:
    return cells(somewhere(north_m=400), surface="earth", **texts)


def follow(visitor: Visitor, answer: TestResponse) -> str:
    assert answer.status_code == 302, answer.text
    return visitor.client.get(answer.location).text


@pytest.mark.parametrize(
    ("login", "status"),
    [("officer", 200), ("neighbour", 404), ("supervisor", 200), ("overseer", 200)],
)
def test_a_crossing_is_shown_to_its_unit_and_to_the_district(
    signed_in: SignIn, crossing_id: int, login: str, status: int
) -> None:
    assert signed_in(login).client.get(f"/crossings/{crossing_id}").status_code == status


def test_an_administrator_has_no_register(signed_in: SignIn, crossing_id: int) -> None:
    client = signed_in("administrator").client
    for address in ("/crossings", f"/crossings/{crossing_id}", "/crossings/export/csv"):
        assert client.get(address).status_code == 403


def test_the_list_tells_figures_and_the_map_the_same_crossings(
    signed_in: SignIn, crossing_id: int
) -> None:
    client = signed_in("officer").client
    page = client.get("/crossings").text
    assert "Km1397+250" in page
    assert "Ngõ chợ" in page
    [pin] = client.get("/crossings/pins").json["crossings"]
    assert (pin["code"], pin["kilometre"], pin["address"]) == (
        "LD-7",
        "Km1397+250",
        f"/crossings/{crossing_id}",
    )
    assert client.get("/crossings/pins?state=closed").json["crossings"] == []
    assert "Xem tất cả 1" in client.get("/crossings?state=closed").text
    assert signed_in("neighbour").client.get("/crossings/pins").json["crossings"] == []


def test_an_officer_registers_a_crossing_with_a_photo(
    app: Flask, signed_in: SignIn, land: None
) -> None:
    officer = signed_in("officer")
    fields = form(name="Ngõ 5", km="Km1397+900", width_m="2,5") | {
        "measures": ["warning_sign", "speed_hump"],
        "photos": (jpeg(), "ngo.jpg"),
    }
    page = follow(officer, officer.post("/crossings/new", fields, form="/crossings/new"))
    for words in ("Ngõ 5", "Km1397+900", "2,5 m", "Biển cảnh báo, Gờ giảm tốc", "Xã Hộ Hải"):
        assert words.lower() in page.lower()
    assert "Ảnh đang được chuẩn bị" in page


def test_a_refused_form_keeps_what_was_typed_and_names_every_field(
    app: Flask, signed_in: SignIn, land: None
) -> None:
    officer = signed_in("officer")
    fields = form(name="Ngõ 5", km="gần chợ", width_m="-1", note="rất dốc")
    answer = officer.post("/crossings/new", fields, form="/crossings/new")
    assert answer.status_code == 422
    assert "Lý trình “gần chợ” không đọc được" in answer.text
    assert "Bề rộng phải lớn hơn 0 m" in answer.text
    assert 'value="Ngõ 5"' in answer.text
    assert "rất dốc" in answer.text
    assert "Hãy chọn lại ảnh" not in answer.text
    with_photo = fields | {"photos": (jpeg(), "ngo.jpg")}
    again = officer.post("/crossings/new", with_photo, form="/crossings/new")
    assert 'id="err-choose-again">Hãy chọn lại ảnh' in again.text
    with app.app_context():
        assert db.session.scalars(select(Crossing)).all() == []


def test_another_units_land_is_refused_with_the_form_kept(
    signed_in: SignIn, crossing_id: int
) -> None:
    neighbour = signed_in("neighbour")
    answer = neighbour.post("/crossings/new", form(name="Ngõ 5"), form="/crossings/new")
    assert answer.status_code == 403
    assert 'value="Ngõ 5"' in answer.text


def test_an_unknown_place_in_metres_says_so(signed_in: SignIn, land: None) -> None:
    officer = signed_in("officer")
    fields = form() | {"latitude": "1283417,2", "longitude": "588112,9"}
    answer = officer.post("/crossings/new", fields, form="/crossings/new")
    assert "VN-2000" in answer.text


def test_a_change_on_an_old_page_is_a_conflict_that_keeps_the_words(
    app: Flask, signed_in: SignIn, crossing_id: int
) -> None:
    officer, page = signed_in("officer"), f"/crossings/{crossing_id}/edit"
    fields = cells(somewhere(), name="Ngõ mới", version="1")
    assert officer.post(page, fields, form=page).status_code == 302
    late = officer.post(page, fields | {"name": "Ngõ khác", "words": "đo lại"}, form=page)
    assert late.status_code == 409
    assert "vừa được người khác sửa" in late.text
    assert "đo lại" in late.text
    assert stored(app, crossing_id).name == "Ngõ mới"


def test_what_others_changed_meanwhile_is_told_before_a_press_writes_over_it(
    app: Flask, signed_in: SignIn, land: None
) -> None:
    officer, supervisor = signed_in("officer"), signed_in("supervisor")
    here = cells(somewhere(), surface="unknown", name="Ngõ chợ")
    place = officer.post("/crossings/new", here, form="/crossings/new").location
    page = f"{place}/edit"
    theirs = here | {"version": "1", "width_m": "3,5", "note": "rất dốc", "words": "đo bằng thước"}
    assert supervisor.post(page, theirs, form=page).status_code == 302

    mine = here | {"version": "1", "name": "Ngõ khác"}
    late = officer.post(page, mine, form=page)
    assert late.status_code == 409
    told = late.text.split("data-since")[1].split("<form")[0]
    for words in ("Bề rộng", "3,5 m", "Ghi chú", "rất dốc", "đo bằng thước"):
        assert words in told
    assert 'value="Ngõ khác"' in late.text
    assert hidden(late.text, "version") == "2"
    assert officer.post(page, mine | {"version": "2"}, form=page).status_code == 302


def test_a_form_that_is_refused_for_another_reason_keeps_the_version_that_was_seen(
    app: Flask, signed_in: SignIn, crossing_id: int
) -> None:
    officer, page = signed_in("officer"), f"/crossings/{crossing_id}/edit"
    wrong = cells(somewhere(), width_m="-1", note="x" * 2_001, surface="đá", state="bỏ")
    answer = officer.post(page, wrong | {"version": "1"}, form=page)
    assert answer.status_code == 422
    assert hidden(answer.text, "version") == "1"
    for name in ("surface", "state", "note"):
        assert f'aria-describedby="err-{name}"' in answer.text
        assert f'id="err-{name}"' in answer.text


def test_an_overseer_reads_and_finds_no_form(signed_in: SignIn, crossing_id: int) -> None:
    client = signed_in("overseer").client
    assert "Ghi lần kiểm tra" not in client.get(f"/crossings/{crossing_id}").text
    assert client.get(f"/crossings/{crossing_id}/edit").status_code == 403
    assert client.get("/crossings/new").status_code == 403
    assert client.get("/crossings/import").status_code == 403


def test_an_inspection_is_told_in_the_history(
    app: Flask, signed_in: SignIn, crossing_id: int
) -> None:
    officer, page = signed_in("officer"), f"/crossings/{crossing_id}"
    fields = {
        "version": "1",
        "words": "Đã dựng cọc.",
        "state": "restricted",
        "measures": ["narrowed"],
        "photos": (jpeg(), "coc.jpg"),
    }
    told = follow(officer, officer.post(f"{page}/inspections", fields, form=page))
    assert "Đã dựng cọc." in told
    assert stored(app, crossing_id).state == "restricted"
    again = officer.post(
        f"{page}/inspections",
        {"version": "2", "state": "restricted", "measures": ["narrowed"]},
        form=page,
    )
    assert again.status_code == 422
    assert 'id="err-words">Hãy ghi đã thấy gì' in again.text
    assert 'aria-invalid="true" aria-describedby="err-words"' in again.text


def test_what_is_no_photo_is_refused_and_the_words_stay(
    signed_in: SignIn, crossing_id: int
) -> None:
    officer, page = signed_in("officer"), f"/crossings/{crossing_id}"
    fields = {
        "version": "1",
        "words": "Đã xem.",
        "state": "open",
        "photos": (io.BytesIO(b"%PDF-1.7 not a photo"), "a.jpg"),
    }
    answer = officer.post(f"{page}/inspections", fields, form=page)
    assert answer.status_code == 415
    assert "Đã xem." in answer.text
    assert 'aria-describedby="err-photos"' in answer.text
    assert "Hãy chọn lại ảnh" in answer.text


def test_a_case_far_from_all_leads_to_the_form_with_its_position(
    app: Flask, signed_in: SignIn, case_number: str
) -> None:
    officer = signed_in("officer")
    page = officer.client.get(f"/cases/{case_number}").text
    assert "Chưa có trong sổ đăng ký" in page
    address = f"/crossings/new?case={case_number}"
    assert address in page
    spot = somewhere(east_m=30)
    assert f'value="{spot.latitude:.6f}"' in officer.client.get(address).text

    fields = cells(spot, case=case_number)
    told = follow(officer, officer.post("/crossings/new", fields, form=address))
    assert case_number in told
    assert "LD-0001" in officer.client.get(f"/cases/{case_number}").text


def test_a_case_is_linked_to_the_crossing_beside_it_and_parted_again(
    app: Flask, signed_in: SignIn, crossing_id: int, case_number: str
) -> None:
    officer, page = signed_in("officer"), f"/cases/{case_number}"
    assert "Chính là lối đi này" in officer.client.get(page).text

    def version() -> str:
        with app.app_context():
            found = select(Case.version).where(Case.number == case_number)
            return str(db.session.scalar(found))

    linking = {"version": version(), "crossing_id": str(crossing_id)}
    linked = follow(officer, officer.post(f"{page}/crossing", linking, form=page))
    assert f"/crossings/{crossing_id}" in linked
    stale = officer.post(f"{page}/crossing", linking | {"crossing_id": ""}, form=page)
    assert stale.status_code == 409
    parted = officer.post(f"{page}/crossing", {"version": version()}, form=page)
    assert "Chính là lối đi này" in follow(officer, parted)


def test_a_closed_crossing_that_is_reported_is_said_to_be_closed(
    app: Flask, signed_in: SignIn, crossing_id: int, case_number: str
) -> None:
    from webapp.services.transaction import transaction

    officer, page = signed_in("officer"), f"/cases/{case_number}"
    officer.client.get(page)
    with app.app_context():
        version = db.session.scalar(select(Case.version).where(Case.number == case_number))
        with transaction() as work:
            work.session.get_one(Crossing, crossing_id).state = "closed"
    linking = {"version": str(version), "crossing_id": str(crossing_id)}
    told = follow(officer, officer.post(f"{page}/crossing", linking, form=page))
    assert "Sổ ghi lối đi này đã đóng" in told


def test_a_stranger_links_nothing(signed_in: SignIn, crossing_id: int, case_number: str) -> None:
    neighbour = signed_in("neighbour")
    fields = {"version": "1", "crossing_id": str(crossing_id)}
    answer = neighbour.post(f"/cases/{case_number}/crossing", fields, form="/queue")
    assert answer.status_code == 404


def upload(text: str) -> dict[str, Any]:
    return {"file": (io.BytesIO(text.encode()), "so.csv")}


def file_of(*rows: str) -> str:
    return "\n".join(["Mã;Lý trình;Vĩ độ;Kinh độ", *rows])


def row(code: str, north_m: float = 0.0) -> str:
    spot = somewhere(north_m=north_m)
    return f"{code};Km1397+250;{spot.latitude};{spot.longitude}"


def hidden(page: str, name: str) -> str:
    return page.split(f'name="{name}" value="')[1].split('"', maxsplit=1)[0]


def test_a_file_is_previewed_and_then_taken(
    app: Flask, signed_in: SignIn, crossing_id: int
) -> None:
    supervisor, page = signed_in("supervisor"), "/crossings/import"
    text = file_of(row("LD-7", 5), row("LD-8", 500))
    preview = supervisor.post(page, upload(text), form=page)
    assert preview.status_code == 200
    assert "Thêm 1, thay đổi 1, giữ nguyên 0 lối đi" in preview.text
    assert re.search(r"Vĩ độ: .+ → <b>.+</b>", preview.text)
    taken = {"content": text, "seal": hidden(preview.text, "seal")}
    assert "LD-8" in follow(supervisor, supervisor.post(page, taken, form=page))
    stale = supervisor.post(page, taken, form=page)
    assert stale.status_code == 409
    assert "Thêm 0, thay đổi 0, giữ nguyên 2 lối đi" in stale.text


def test_a_large_file_in_vietnamese_passes_through_its_preview(
    app: Flask, signed_in: SignIn, land: None
) -> None:
    supervisor, page = signed_in("supervisor"), "/crossings/import"
    note = "Đường ruộng, bụi rậm che khuất tầm nhìn. " * 30
    rows = [f"{row(f'LD-{number}')};{note}" for number in range(80)]
    text = "\n".join(["Mã;Lý trình;Vĩ độ;Kinh độ;Ghi chú", *rows])
    assert len(text.encode()) > 120_000
    preview = supervisor.post(page, upload(text), form=page)
    taken = {
        "content": text,
        "seal": hidden(preview.text, "seal"),
        "csrf_token": supervisor.token(page),
    }
    answer = supervisor.client.post(page, data=taken, content_type="multipart/form-data")
    assert answer.status_code == 302
    assert (
        'enctype="multipart/form-data"'
        in preview.text.split('name="seal"')[0].rpartition("<form")[2]
    )


def test_a_file_that_only_just_fits_is_taken_with_the_line_ends_of_a_browser(
    signed_in: SignIn, land: None
) -> None:
    supervisor, page = signed_in("supervisor"), "/crossings/import"
    rows = [f"{row(f'LD-{number}', number)};" for number in range(60)]
    text = "\n".join(["Mã;Lý trình;Vĩ độ;Kinh độ;Ghi chú", *rows])
    text += "x" * 1_900 + "\n" * (160 * 1024 - len(text.encode()) - 1_900)
    preview = supervisor.post(page, upload(text.replace("\n", "\r\n")), form=page)
    assert preview.status_code == 200
    sent = text.replace("\n", "\r\n")[: 250 * 1024]
    taken = {"content": sent, "seal": hidden(preview.text, "seal")}
    answer = supervisor.client.post(
        page,
        data=taken | {"csrf_token": supervisor.token(page)},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 302


def test_a_unit_that_no_row_can_have_filters_nothing(signed_in: SignIn, crossing_id: int) -> None:
    page = signed_in("officer").client.get("/crossings?unit=" + "9" * 40 + "&page=-3")
    assert page.status_code == 200
    assert "LD-7" in page.text


def test_a_file_with_a_bad_row_names_it_and_offers_nothing(signed_in: SignIn, land: None) -> None:
    supervisor, page = signed_in("supervisor"), "/crossings/import"
    answer = supervisor.post(page, upload(file_of(row("LD-8"), "LD-9;xa;1;2")), form=page)
    assert "Lý trình “xa” không đọc được" in answer.text
    assert 'name="seal"' not in answer.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Tệp trống, không có gì để nhập."),
        ("Mã;Tên\nLD-1;x", "Dòng tiêu đề thiếu cột: Vĩ độ, Kinh độ"),
        ("{", "không phải GeoJSON"),
        ("x" * 200_000, "lớn hơn 160 KB"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    signed_in: SignIn, land: None, text: str, words: str
) -> None:
    supervisor, page = signed_in("supervisor"), "/crossings/import"
    answer = supervisor.post(page, upload(text), form=page)
    assert answer.status_code == 422
    assert words in answer.text


def test_the_list_is_saved_as_csv_and_geojson(signed_in: SignIn, crossing_id: int) -> None:
    client = signed_in("officer").client
    csv = client.get("/crossings/export/csv")
    assert csv.data.startswith(b"\xef\xbb\xbf")
    assert "attachment" in csv.headers["Content-Disposition"]
    features = json.loads(client.get("/crossings/export/geojson").data)["features"]
    assert [feature["properties"]["code"] for feature in features] == ["LD-7"]
    assert client.get("/crossings/export/xlsx").status_code == 404
