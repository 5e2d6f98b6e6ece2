"""The triage desk as its people use it: pages, acts, and who may do what."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests.servers import triage_scene as scene
from tests.servers.visitor import Visitor
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Case,
    Category,
    Photo,
    Report,
    ReportTriage,
    TriageAct,
    Unit,
)
from webapp.services import outbox, triage
from webapp.services.transaction import transaction

DESK = "/triage"
SignedIn = Callable[[str], Visitor]


@pytest.fixture
def units(app: Flask) -> dict[str, int]:
    """Two communes under a supervising unit, with officers."""
    with app.app_context():
        return scene.build_district()


@pytest.fixture
def store(app: Flask) -> PhotoStore:
    """The store that the application uses."""
    return PhotoStore(app.extensions["settings"].photo_folder)


@pytest.fixture
def supervisor(units: dict[str, int], signed_in: SignedIn) -> Visitor:
    """Somebody of the supervising unit."""
    return signed_in("supervisor")


@pytest.fixture
def triaged(app: Flask, store: PhotoStore) -> Callable[..., int]:
    """Add a report and triage it: ``triaged(fix=None)`` stands at the desk."""

    def add(**facts: object) -> int:
        with app.app_context():
            report = scene.add_report(store=store, **facts)  # type: ignore[arg-type]
        run(app, store, report)
        return report

    return add


def run(app: Flask, store: PhotoStore, report: int) -> None:
    with app.app_context():
        lease = outbox.lease("triage_report", str(report), seconds=20)
        assert lease is not None
        triage.triage_report(report, lease, store)


def standing(app: Flask, report: int) -> ReportTriage:
    with app.app_context():
        return db.session.get_one(ReportTriage, report)


def act_of(app: Flask, report: int) -> TriageAct:
    with app.app_context():
        query = select(TriageAct).where(TriageAct.report_id == report)
        return db.session.scalars(query.order_by(TriageAct.id.desc())).first()  # type: ignore[return-value]


def send(visitor: Visitor, report: int, act: str, **fields: object) -> object:
    """Send a form of the sheet, with what it carries unseen."""
    page = visitor.client.get(f"{DESK}?report={report}").text
    seen_at = re.search(r'name="seen_at" value="([^"]+)"', page)
    hidden = {"seen_at": seen_at[1]} if seen_at else {}
    return visitor.post(f"{DESK}/{report}/{act}", hidden | fields, form=DESK)


def test_an_empty_desk_says_so_and_leads_on(supervisor: Visitor) -> None:
    page = supervisor.client.get(DESK)
    assert page.status_code == 200
    assert "Không có phản ánh nào chờ người xếp" in page.text
    assert 'href="/queue"' in page.text


def test_a_held_report_stands_there_with_its_reason_in_words(
    supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    triaged(fix=None, commune_hint="gần cầu Tri Thủy", phone="0912345678")
    page = supervisor.client.get(DESK).text
    assert "Không có vị trí" in page
    assert "điện thoại không cho định vị" in page
    assert "gần cầu Tri Thủy" in page
    assert "có số điện thoại (ẩn)" in page
    assert "0912345678" not in page


def test_every_reason_has_its_words_and_its_tab(
    supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    triaged(fix=None)
    triaged(fix=scene.AT_SEA)
    triaged(category="other")
    triaged(photos=(scene.jpeg(captured_at="2039:01:01 12:00:00"),))
    triaged(photos=(scene.jpeg(captured_at="2026:06:18 14:32:00"),))
    for reason, words in {
        "no_position": "không ghi toạ độ",
        "outside_boundaries": "11.65000, 109.95000",
        "category_needs_person": "loại này luôn do người xếp",
        "fix_not_of_photo": r"điện thoại định vị lúc \d\d:\d\d.*, ảnh chụp lúc 14:32.18/6/2026",
        "impossible_time": "không thể đúng",
    }.items():
        page = supervisor.client.get(f"{DESK}?reason={reason}").text
        assert page.count("data-row") == 1
        assert re.search(words, page)


@pytest.mark.parametrize(
    ("problem", "words"), [("no_rule", "không có dòng nào"), ("lead_missing", "đã kết thúc")]
)
def test_a_report_that_nobody_is_responsible_for_says_what_is_wrong_with_the_table(
    app: Flask, supervisor: Visitor, triaged: Callable[..., int], problem: str, words: str
) -> None:
    report = triaged(fix=None)
    with app.app_context(), transaction() as work:
        standing = work.session.get_one(ReportTriage, report)
        standing.hold_code = "no_responsible_unit"
        standing.hold_details = {"problem": problem, "category_code": "road_damage"}
    page = supervisor.client.get(f"{DESK}?reason=no_responsible_unit").text
    assert page.count("data-row") == 1
    assert "Chưa có đơn vị phụ trách" in page
    assert words in page


def test_a_tab_that_was_emptied_offers_the_others(
    supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    triaged(fix=None)
    page = supervisor.client.get(f"{DESK}?reason=category_needs_person").text
    assert "Xem tất cả 1 phản ánh đang giữ" in page


def test_the_sheet_says_what_each_source_claims(
    supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    photo = scene.jpeg(position=scene.EAST, captured_at="2026:06:18 14:32:00")
    triaged(category="other", photos=(photo,), fix=scene.WEST, accuracy_m=12)
    page = supervisor.client.get(DESK).text
    assert "± 12" in page
    assert "11.65000, 109.15000" in page
    assert "lệch 10,9" in page
    assert "không đặt" in page


def test_a_report_that_a_person_placed_becomes_a_case(
    app: Flask, store: PhotoStore, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None)
    answer = send(
        supervisor, report, "place", position="11,65; 109,15", category="traffic_sign", unit_id=""
    )
    assert answer.status_code == 302
    run(app, store, report)
    with app.app_context():
        case = db.session.scalars(select(Case)).one()
        assert (case.category_code, case.lead_unit.name) == ("traffic_sign", "Vĩnh Hải")
        assert db.session.get_one(Report, report).category_code == "road_damage"
    assert act_of(app, report).data["latitude"] == 11.65
    page = supervisor.client.get(DESK).text
    assert case.number in page
    assert "Đã làm hôm nay" in page


def test_a_chosen_unit_goes_before_the_map(
    app: Flask,
    store: PhotoStore,
    supervisor: Visitor,
    triaged: Callable[..., int],
    units: dict[str, int],
) -> None:
    report = triaged(fix=scene.AT_SEA)
    send(supervisor, report, "place", position="", category="road_damage", unit_id=units["west"])
    run(app, store, report)
    with app.app_context():
        assert db.session.scalars(select(Case.lead_unit_id)).one() == units["west"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"position": "gần cầu"}, "Không đọc được vị trí"),
        ({"position": "0, 0"}, "Không đọc được vị trí"),
        ({"position": ""}, "Chưa có vị trí"),
        ({"position": "11.65, 109.95"}, "không thuộc địa giới"),
        ({"position": "11.65, 109.15", "category": "nonsense"}, "danh mục|loại|Loại"),
        ({"position": "11.65, 109.15", "unit_id": "99999"}, "Không có đơn vị này"),
    ],
)
def test_what_cannot_be_placed_is_refused_beside_its_field_and_typed_words_are_kept(
    app: Flask,
    supervisor: Visitor,
    triaged: Callable[..., int],
    fields: dict[str, str],
    sentence: str,
) -> None:
    report = triaged(fix=None)
    form = {"category": "road_damage", "unit_id": "", "note": "đã gọi lại"} | fields
    answer = send(supervisor, report, "place", **form)
    assert answer.status_code == 422
    assert re.search(sentence, answer.text)
    assert 'value="đã gọi lại"' in answer.text
    assert standing(app, report).status == "held"
    assert act_of(app, report) is None


def test_a_retry_lets_the_machine_decide_again(
    app: Flask, store: PhotoStore, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None)
    assert send(supervisor, report, "retry").status_code == 302
    assert standing(app, report).status == "received"
    assert act_of(app, report).kind == "retried"
    run(app, store, report)
    assert standing(app, report).status == "held"


def test_a_dismissal_needs_a_reason_and_words(
    app: Flask, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None)
    assert send(supervisor, report, "dismiss", reason_code="", words="gửi thử").status_code == 422
    assert send(supervisor, report, "dismiss", reason_code="test", words=" ").status_code == 422
    assert standing(app, report).status == "held"


def test_a_dismissal_is_listed_and_can_be_taken_back(
    app: Flask, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None)
    send(supervisor, report, "dismiss", reason_code="test", words="cán bộ gửi thử")
    assert standing(app, report).status == "dismissed"
    act = act_of(app, report)
    assert (act.reason_code, act.words, act.actor_unit_id is not None) == (
        "test",
        "cán bộ gửi thử",
        True,
    )
    page = supervisor.client.get(DESK).text
    assert "Không phải vụ việc: gửi thử" in page
    assert "Lấy lại" in page
    assert send(supervisor, report, "restore").status_code == 302
    assert (standing(app, report).status, standing(app, report).hold_code) == (
        "held",
        "no_position",
    )


def test_whoever_comes_second_is_told_that_nothing_was_done(
    app: Flask, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None)
    stale = {"seen_at": standing(app, report).updated_at.isoformat()}
    supervisor.post(f"{DESK}/{report}/retry", stale, form=DESK)
    answer = supervisor.post(f"{DESK}/{report}/retry", stale, form=DESK)
    assert answer.status_code == 409
    assert "vừa được người khác xử lý" in answer.text


def test_an_overseer_reads_the_desk_and_changes_nothing(
    app: Flask, supervisor: Visitor, signed_in: SignedIn, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None)
    overseer = signed_in("overseer")
    page = overseer.client.get(DESK)
    assert page.status_code == 200
    assert f'action="/triage/{report}' not in page.text
    token = supervisor.token(DESK)
    for act in ("place", "retry", "dismiss", "restore"):
        answer = overseer.client.post(f"{DESK}/{report}/{act}", data={"csrf_token": token})
        assert answer.status_code in {400, 403}
    assert standing(app, report).status == "held"


@pytest.mark.usefixtures("units")
def test_an_officer_of_a_commune_does_not_pass(signed_in: SignedIn) -> None:
    assert signed_in("officer").client.get(DESK).status_code == 403


def test_a_photo_of_a_held_report_is_seen_at_the_desk_only(
    app: Flask, supervisor: Visitor, signed_in: SignedIn, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None, photos=(scene.jpeg(),))
    with app.app_context():
        photo = db.session.scalars(select(Photo.id)).one()
    url = f"{DESK}/{report}/photos/{photo}/small"
    answer = supervisor.client.get(url)
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    again = supervisor.client.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert supervisor.client.get(url.replace("small", "original")).status_code == 404
    assert signed_in("officer").client.get(url).status_code == 403
    assert app.test_client().get(url).status_code == 302


def test_a_photo_whose_file_is_away_is_not_found(
    app: Flask, store: PhotoStore, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None, photos=(scene.jpeg(),))
    with app.app_context():
        photo = db.session.scalars(select(Photo)).one()
        store.derivative_path(photo.small_sha256 or "").unlink()
    assert supervisor.client.get(f"{DESK}/{report}/photos/{photo.id}/small").status_code == 404


@pytest.mark.parametrize("number", [str(2**63), "9" * 20, "9" * 5000])
def test_a_number_that_no_report_can_have_is_not_found(supervisor: Visitor, number: str) -> None:
    for path in (f"?report={number}", f"/{number}/photos/1/small", f"/1/photos/{number}/small"):
        assert supervisor.client.get(f"{DESK}{path}").status_code == 404
    assert supervisor.post(f"{DESK}/{number}/retry", {}, form=DESK).status_code == 404


def test_what_makes_no_sense_at_the_desk_is_refused_and_never_an_error(
    supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None)
    assert supervisor.post(f"{DESK}/99/dismiss", {}, form=DESK).status_code in {404, 409}
    for act in ("place", "retry", "dismiss"):
        bogus = send(supervisor, report, act, reason="bogus")
        assert bogus.status_code == 404
    nul = send(supervisor, report, "place", position="11.65, 109.15", category="road\0damage")
    assert nul.status_code == 422
    unit = send(
        supervisor, report, "place", position="11.65, 109.15", category="road_damage", unit_id="x"
    )
    assert unit.status_code == 422
    send(supervisor, report, "dismiss", reason_code="test", words="gửi\0 thử nhé")
    gone = send(supervisor, report, "dismiss", reason_code="", words="")
    assert gone.status_code == 409


def test_nul_signs_are_dropped_from_the_words_of_the_desk(
    app: Flask, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None)
    send(supervisor, report, "dismiss", reason_code="test", words="gửi\0 thử nhé")
    assert act_of(app, report).words == "gửi thử nhé"


def test_a_unit_alone_does_not_place_a_report(
    supervisor: Visitor, triaged: Callable[..., int], units: dict[str, int]
) -> None:
    report = triaged(fix=None)
    assert "Chọn đơn vị thì vẫn cần vị trí" in supervisor.client.get(DESK).text
    answer = send(
        supervisor, report, "place", position="", category="road_damage", unit_id=units["west"]
    )
    assert answer.status_code == 422
    assert "vụ việc cần cả vị trí" in answer.text


def test_a_commune_that_has_ended_cannot_be_chosen(
    app: Flask, supervisor: Visitor, triaged: Callable[..., int], units: dict[str, int]
) -> None:
    report = triaged(fix=scene.AT_SEA)
    with app.app_context(), transaction() as work:
        ended = clock.today() - timedelta(days=1)
        work.session.get_one(Unit, units["west"]).valid_to = ended
    answer = send(
        supervisor, report, "place", position="", category="road_damage", unit_id=units["west"]
    )
    assert answer.status_code == 422
    assert "Không có đơn vị này" in answer.text


def test_a_category_that_is_not_offered_any_more_has_to_be_replaced(
    app: Flask, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    with app.app_context(), transaction() as work:
        work.session.get_one(Category, "congestion").is_active = False
    report = triaged(category="congestion")
    page = supervisor.client.get(DESK).text
    assert "loại này không còn dùng" in page
    assert '<option value="">Chọn loại</option>' in page
    assert send(supervisor, report, "place", category="").status_code == 422
    assert send(supervisor, report, "place", category="traffic_sign").status_code == 302


def give_to(app: Flask, report: int, unit_id: int | None) -> None:
    with app.app_context(), transaction() as work:
        work.session.get_one(ReportTriage, report).supervising_unit_id = unit_id


def test_a_desk_holds_what_was_given_to_its_own_unit(
    app: Flask,
    supervisor: Visitor,
    signed_in: SignedIn,
    triaged: Callable[..., int],
    units: dict[str, int],
) -> None:
    report = triaged(fix=None, photos=(scene.jpeg(),))
    with app.app_context():
        photo = db.session.scalars(select(Photo.id)).one()
    give_to(app, report, units["east"])
    assert "Không có phản ánh nào chờ người xếp" in supervisor.client.get(DESK).text
    assert supervisor.client.get(f"{DESK}?report={report}").status_code == 404
    assert supervisor.client.get(f"{DESK}/{report}/photos/{photo}/small").status_code == 404
    seen_at = {"seen_at": standing(app, report).updated_at.isoformat()}
    assert supervisor.post(f"{DESK}/{report}/retry", seen_at, form=DESK).status_code == 404
    assert "data-row" in signed_in("overseer").client.get(DESK).text


def test_what_was_given_to_nobody_or_to_a_unit_that_ended_is_the_roots(
    app: Flask, supervisor: Visitor, triaged: Callable[..., int], units: dict[str, int]
) -> None:
    report = triaged(fix=None)
    give_to(app, report, None)
    assert "data-row" in supervisor.client.get(DESK).text
    give_to(app, report, units["east"])
    with app.app_context(), transaction() as work:
        work.session.get_one(Unit, units["east"]).valid_to = clock.today() - timedelta(days=1)
    assert "data-row" in supervisor.client.get(DESK).text


def test_moments_at_the_end_of_the_calendar_that_were_kept_once_break_no_page(
    app: Flask, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None, photos=(scene.jpeg(),))
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    with app.app_context(), transaction() as work:
        work.session.get_one(Report, report).sent_at = end
        work.session.scalars(select(Photo)).one().captured_at = end
    assert supervisor.client.get(f"{DESK}?report={report}").status_code == 200


def test_a_photo_of_a_case_is_not_the_desks(
    app: Flask, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    report = triaged(photos=(scene.jpeg(),))
    with app.app_context():
        photo = db.session.scalars(select(Photo.id)).one()
        assert db.session.scalars(select(Attachment.report_id)).one() == report
    assert supervisor.client.get(f"{DESK}/{report}/photos/{photo}/small").status_code == 404


def test_the_desk_takes_as_many_statements_for_forty_reports_as_for_two(
    supervisor: Visitor, triaged: Callable[..., int], sql_counter: Callable
) -> None:
    def statements() -> int:
        with sql_counter() as sent:
            assert supervisor.client.get(DESK).status_code == 200
        return len(sent)

    triaged(fix=None)
    triaged(fix=None)
    few = statements()
    for _ in range(38):
        triaged(fix=None)
    assert statements() == few


def test_long_words_and_many_photos_hold(
    supervisor: Visitor, triaged: Callable[..., int], tmp_path: Path
) -> None:
    del tmp_path
    triaged(fix=None, description="Đường " + "rất xấu, " * 200, photos=(scene.jpeg(),) * 1)
    page = supervisor.client.get(DESK).text
    assert "Đọc hết" in page


def test_a_report_that_came_back_to_the_desk_has_waited_since_it_was_received(
    app: Flask, store: PhotoStore, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    older = triaged(fix=None, received_at=clock.now() - timedelta(days=9))
    newer = triaged(fix=None, received_at=clock.now() - timedelta(days=2))
    send(supervisor, older, "dismiss", reason_code="test", words="cán bộ gửi thử")
    send(supervisor, older, "restore")
    assert order_of(supervisor) == [older, newer]
    send(supervisor, older, "retry")
    run(app, store, older)
    assert order_of(supervisor) == [older, newer]
    page = supervisor.client.get(DESK).text
    assert "lâu nhất <" in page
    assert page.count("9 ngày trước") >= 2


def order_of(visitor: Visitor) -> list[int]:
    """Return the reports of the desk as they stand there."""
    page = visitor.client.get(DESK).text
    return [int(found) for found in re.findall(r'<h2><a href="/triage\?report=(\d+)#work"', page)]


def test_a_dismissal_is_taken_back_by_a_button_that_says_so(
    supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    report = triaged(fix=None)
    send(supervisor, report, "dismiss", reason_code="test", words="cán bộ gửi thử")
    assert ">Lấy lại</button>" in supervisor.client.get(DESK).text
    send(supervisor, report, "restore")
    assert "Đã lấy lại" in supervisor.client.get(DESK).text


@pytest.mark.parametrize("role", ["supervisor", "overseer"])
def test_every_page_of_the_desks_readers_says_how_many_wait(
    signed_in: SignedIn, triaged: Callable[..., int], units: dict[str, int], role: str
) -> None:
    del units
    triaged(fix=None)
    triaged(fix=None)
    visitor = signed_in(role)
    for page in ("/district", "/triage", "/nowhere"):
        text = visitor.client.get(page).text
        assert re.search(r'Phân loại\s*<span class="count">2</span>', text), page


@pytest.mark.parametrize(
    ("words", "is_chosen"),
    [("Vĩnh Hải", True), ("xã vĩnh hải", True), ("gần chợ Vĩnh Hải", False)],
)
def test_a_commune_that_the_sender_named_is_offered(
    supervisor: Visitor, triaged: Callable[..., int], words: str, is_chosen: bool
) -> None:
    triaged(fix=None, commune_hint=words)
    page = supervisor.client.get(DESK).text
    assert 'data-named="' in page
    option = re.search(r'label="Người gửi nêu"><option[^>]*>xã Vĩnh Hải</option>', page)
    assert option
    assert (" selected" in option[0]) == is_chosen


def test_a_place_that_is_no_commune_is_not_offered(
    supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    triaged(fix=None, commune_hint="gần cầu Tri Thủy")
    page = supervisor.client.get(DESK).text
    assert "data-named" not in page
    assert "<optgroup" not in page


def test_a_case_that_the_sender_saw_as_well_is_shown_with_its_commune(
    app: Flask, supervisor: Visitor, triaged: Callable[..., int]
) -> None:
    first = triaged(fix=scene.EAST)
    with app.app_context():
        joined = select(Case).join(Attachment).where(Attachment.report_id == first)
        number = db.session.scalars(joined).one().number
    report = triaged(fix=None, meant_case_number=number)
    page = supervisor.client.get(f"{DESK}?report={report}").text
    assert re.search(rf'Người gửi nói cũng thấy vụ việc</th><td><a href="/cases/{number}">', page)
    option = re.search(r'label="Người gửi nêu"><option[^>]*>xã Vĩnh Hải</option>', page)
    assert option
    assert " selected" not in option[0]
    # Where the sender stands is still for the person to find out.
    assert re.search(r'<input id="position"[^>]* value=""', page)
    assert supervisor.client.get(f"/cases/{number}").status_code == 200
