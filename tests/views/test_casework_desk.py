"""The desk of a case on its page: borders, coordinating units, transfers, and the district."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from tests.servers.casework_scene import District, make_case, moments_ago
from tests.servers.visitor import Visitor
from webapp import clock
from webapp.domain.coordination import Partner
from webapp.extensions import db
from webapp.models import Case, Transfer, Unit
from webapp.services import casework_coordination
from webapp.services.transaction import transaction

SignIn = Callable[[str], Visitor]
WHY = "Mốc 12 ở phía bên kia đường."


def open_one(app: Flask, district: District, **facts: object) -> str:
    with app.app_context():
        case = make_case(district.commune_id, facts=facts)
        db.session.remove()
        return case.number


def do(visitor: Visitor, number: str, act: str, **fields: object) -> object:
    """Send one act's form as the page of the case has it now, and return the answer."""
    page = f"/cases/{number}"
    version = visitor.client.get(page).text.split('name="version" value="')[1].split('"')[0]
    return visitor.post(f"{page}/{act}", {"version": version, **fields}, form=page)


def offer(visitor: Visitor, number: str, unit_id: int) -> object:
    return do(
        visitor, number, "transfer", unit_id=str(unit_id), reason_code="other_land", words=WHY
    )


def let_the_day_pass(app: Flask) -> None:
    with app.app_context():
        with transaction() as work:
            work.session.query(Transfer).filter_by(state="open").one().due_at = moments_ago(days=1)
        db.session.remove()


def test_an_officer_transfers_and_the_other_refuses_and_the_district_rules(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    number = open_one(app, district)
    officer, neighbour, supervisor = map(sign_in, ("officer", "neighbour", "supervisor"))
    assert neighbour.client.get(f"/cases/{number}").status_code == 404

    offer(officer, number, district.other_commune_id)
    assert "Chờ UBND xã Thanh Hải nhận vụ việc" in officer.client.get(f"/cases/{number}").text
    waiting = neighbour.client.get("/queue?view=incoming").text
    assert f'data-number="{number}"' in waiting
    assert 'Chờ nhận <span class="count">1<' in waiting
    page = neighbour.client.get(f"/cases/{number}").text
    assert "đề nghị đơn vị bạn chủ trì" in page
    assert "chuyển lần 1 trong 2" in page
    assert WHY in page

    answer = do(neighbour, number, "refuse-transfer", words="Mốc 12 ở phía này.")
    assert answer.headers["Location"] == "/queue"
    assert neighbour.client.get(f"/cases/{number}").status_code == 404
    page = officer.client.get(f"/cases/{number}").text
    assert "UBND xã Thanh Hải không nhận vụ việc" in page
    assert "Đề nghị đơn vị giám sát phân xử" in page

    do(officer, number, "contest", words="Hai xã chưa thống nhất.")
    desk = supervisor.client.get("/transfers").text
    assert "Các đơn vị không thống nhất: 1" in desk
    assert "Mốc 12 ở phía này." in desk
    form = {"unit_id": str(district.other_commune_id), "words": "Theo bản đồ địa chính."}
    answer = do(supervisor, number, "rule-transfer", back="transfers", **form)
    assert answer.headers["Location"] == "/transfers"
    assert "Không có vụ việc nào chờ phân xử" in supervisor.client.get("/transfers").text
    page = neighbour.client.get(f"/cases/{number}").text
    assert "Phân xử: UBND xã Thanh Hải chủ trì" in page
    assert "Theo bản đồ địa chính." in page
    assert "UBND xã Nhơn Hải" in officer.client.get(f"/cases/{number}").text


def test_silence_is_flagged_in_the_queue_and_stands_before_the_district(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    number = open_one(app, district)
    officer, supervisor = sign_in("officer"), sign_in("supervisor")
    offer(officer, number, district.other_commune_id)
    assert "Chờ Thanh Hải nhận" in officer.client.get("/queue").text
    let_the_day_pass(app)
    assert "Thanh Hải im lặng quá hạn" in officer.client.get("/queue").text
    desk = supervisor.client.get("/transfers").text
    assert "Im lặng quá một ngày làm việc: 1" in desk
    assert f"/cases/{number}/rule-transfer" in desk
    assert 'Phân xử <span class="count">1<' in desk


def test_taking_a_case_makes_the_unit_its_lead_and_keeps_the_commune_of_the_land(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    number = open_one(app, district)
    officer, neighbour = sign_in("officer"), sign_in("neighbour")
    offer(officer, number, district.other_commune_id)
    do(officer, number, "acknowledge")
    empty = neighbour.client.get("/queue").text
    assert "Nhưng đơn vị khác đang chờ" in empty
    assert empty.count("vụ việc chờ đơn vị bạn nhận") == 2
    answer = do(neighbour, number, "accept-transfer")
    assert answer.headers["Location"].startswith(f"/cases/{number}")
    page = neighbour.client.get(f"/cases/{number}").text
    assert page.count("do UBND xã ") == 3, "first view, and acknowledged twice"
    assert f'data-number="{number}"' in neighbour.client.get("/queue?view=everything").text
    listed = officer.client.get("/queue?view=coordinating").text
    assert f'data-number="{number}"' in listed
    page = officer.client.get(f"/cases/{number}").text
    assert "đơn vị bạn phối hợp" in page
    assert "acknowledge" not in page


def test_a_unit_that_coordinates_replies_on_the_page(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    number = open_one(app, district)
    officer, neighbour = sign_in("officer"), sign_in("neighbour")
    fields = {"unit_id": str(district.other_commune_id), "days": "2"}
    refused = do(officer, number, "coordinate", task=" ", **fields)
    assert refused.status_code == 422
    assert "Hãy viết đơn vị kia cần làm gì." in refused.text
    do(officer, number, "coordinate", task="Đo bề rộng vỉa hè.", **fields)
    assert "vụ việc phối hợp chờ đơn vị bạn trả lời" in neighbour.client.get("/queue").text
    assert "Chờ đơn vị bạn trả lời" in neighbour.client.get("/queue?view=coordinating").text
    assert "Đo bề rộng vỉa hè." in neighbour.client.get(f"/cases/{number}").text
    do(neighbour, number, "reply", reply="Rộng 1,2 m.")
    page = officer.client.get(f"/cases/{number}").text
    assert "UBND xã Thanh Hải trả lời phối hợp" in page
    assert "Rộng 1,2 m." in page


def test_a_border_is_asked_of_the_lead_and_confirmed_with_one_tap(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    number = open_one(app, district, is_border_open=True, routing="straddling")
    with app.app_context():
        with transaction() as work:
            case = work.session.query(Case).one()
            near = Partner(district.other_commune_id, None, "border")
            casework_coordination.ask_by_machine(work, case, [near], now=case.opened_at)
        db.session.remove()
    officer = sign_in("officer")
    assert "Ranh giới chưa xác nhận" in officer.client.get("/queue").text
    page = officer.client.get(f"/cases/{number}").text
    assert "Điểm này có thuộc UBND xã Nhơn Hải không?" in page
    assert f"to={district.other_commune_id}#transfer" in page
    neighbour = sign_in("neighbour").client.get(f"/cases/{number}").text
    assert "UBND xã Nhơn Hải chưa xác nhận" in neighbour
    do(officer, number, "confirm-border")
    page = officer.client.get(f"/cases/{number}").text
    assert "Xác nhận điểm thuộc địa bàn" in page
    assert 'id="border"' not in page


def test_an_overseer_reads_the_rulings_and_writes_none(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    number = open_one(app, district)
    offer(sign_in("officer"), number, district.other_commune_id)
    let_the_day_pass(app)
    desk = sign_in("overseer").client.get("/transfers").text
    assert number in desk
    assert "rule-transfer" not in desk
    for login in ("officer", "administrator"):
        assert sign_in(login).client.get("/transfers").status_code == 403


@pytest.mark.parametrize("view", ["incoming", "coordinating"])
def test_an_empty_list_beside_the_queue_says_so_and_is_no_list_of_the_district(
    app: Flask, district: District, sign_in: SignIn, view: str
) -> None:
    del app, district
    assert (
        "Không có vụ việc" in (page := sign_in("officer").client.get(f"/queue?view={view}").text)
        or "không phối hợp" in page
    )
    assert f"view={view}" not in sign_in("supervisor").client.get("/queue").text


def test_a_stale_answer_is_not_written_and_keeps_the_words(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    number = open_one(app, district)
    officer, neighbour = sign_in("officer"), sign_in("neighbour")
    offer(officer, number, district.other_commune_id)
    page = f"/cases/{number}"
    old = neighbour.client.get(page).text.split('name="version" value="')[1].split('"')[0]
    do(officer, number, "note", note="Đã gọi điện.")
    fields = {"version": old, "words": "Không thuộc xã tôi."}
    answer = neighbour.post(f"{page}/refuse-transfer", fields, form=page)
    assert answer.status_code == 409
    assert "Không thuộc xã tôi." in answer.text


def test_an_answer_to_an_offer_that_was_withdrawn_is_told_that_there_is_nothing_to_do(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    number = open_one(app, district)
    officer, neighbour = sign_in("officer"), sign_in("neighbour")
    unit_id = str(district.other_commune_id)
    do(officer, number, "coordinate", task="Đo bề rộng vỉa hè.", unit_id=unit_id, days="2")
    offer(officer, number, district.other_commune_id)
    page = f"/cases/{number}"
    old = neighbour.client.get(page).text.split('name="version" value="')[1].split('"')[0]
    do(officer, number, "withdraw-transfer")
    fields = {"version": old, "words": "Không thuộc xã tôi."}
    answer = neighbour.post(f"{page}/refuse-transfer", fields, form=page)
    assert answer.status_code == 409
    assert "không còn chờ nữa" in answer.text
    assert "hãy bấm lần nữa" not in answer.text
    assert "Không thuộc xã tôi." in answer.text


def test_the_district_gives_a_case_whose_unit_ended_to_another(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    number = open_one(app, district)
    with app.app_context(), transaction() as work:
        ended = work.session.get_one(Unit, district.commune_id)
        ended.valid_to = clock.today() - timedelta(days=1)
    supervisor = sign_in("supervisor")
    assert "đơn vị đã hết hiệu lực" in supervisor.client.get("/transfers").text
    form = {"unit_id": str(district.other_commune_id), "words": "Giao xã Thanh Hải."}
    do(supervisor, number, "name-lead", **form)
    assert number not in supervisor.client.get("/transfers").text
