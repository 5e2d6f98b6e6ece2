"""What was reported near by, in a real browser: the hint, "Tôi cũng thấy", and silence offline."""

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from tests.factories import make_case, make_photo
from tests.frontend.conftest import VINH_HAI, Site
from tests.frontend.form import add_photo, kept_drafts, key_on, send
from tests.frontend.test_accessibility import NARROW, THEMES, barriers, is_wider_than_screen
from webapp import clock
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Attachment, Case, Photo, Report
from webapp.services import casework, territory
from webapp.services.intake import hash_tracking_key
from webapp.services.transaction import transaction

Phone = Callable[..., Page]
Picture = Callable[..., str]
Spot = dict[str, float]

# Nobody looks further than 250 m, so each test has ground of its own, in two rows.
APART_DEGREES = 0.003
ROWS_APART_DEGREES = 0.004
_spots = itertools.count(2)

HINT = "[data-seen]"
TOO = "[data-seen-too]"


@pytest.fixture
def spot() -> Spot:
    """Ground in Vĩnh Hải where no other test reports anything."""
    column, row = divmod(next(_spots), 2)
    return VINH_HAI | {
        "latitude": VINH_HAI["latitude"] - ROWS_APART_DEGREES * row,
        "longitude": VINH_HAI["longitude"] - APART_DEGREES * column,
    }


@pytest.fixture
def open_case(site: Site) -> Callable[..., Case]:
    """Open a case that everybody may see: ``open_case(spot, witnesses=6, north_m=40)``."""

    def make(at: Spot, *, north_m: float = 0, days: int = 3, **wishes: object) -> Case:
        latitude = at["latitude"] + north_m / 111_195
        position = Position(latitude, at["longitude"], 10.0)
        with site.app.app_context():
            unit = territory.commune_at(position, clock.today())
            assert unit is not None
            opened_at = clock.now() - timedelta(days=days)
            case = make_case(unit, position, opened_at=opened_at, **wishes)  # type: ignore[arg-type]
            return db.session.get_one(Case, case.id, populate_existing=True)

    return make


def resolve(site: Site, case: Case) -> None:
    """End a case, as the acts of officers do."""
    with site.app.app_context(), transaction() as work:
        fresh = work.session.get_one(Case, case.id, populate_existing=True)
        for kind, data in (("acknowledged", {}), ("resolved", {"public_sentence": "Đã dọn."})):
            casework.append(work, fresh, kind, actor=None, now=clock.now(), data=data)


def sent_with(site: Site, key: str) -> tuple[Report, int]:
    """Return the report that came with a key, and how many photos it has."""
    with site.app.app_context():
        report = db.session.scalars(
            select(Report).where(Report.tracking_key_hash == hash_tracking_key(key))
        ).one()
        photos = db.session.scalars(select(Photo.id).where(Photo.report_id == report.id)).all()
        return report, len(photos)


def open_form(page: Page, path: str = "/report") -> None:
    page.goto(path)
    expect(page.locator("[data-photos]")).to_be_visible()


def test_a_public_case_near_by_is_told_and_seeing_it_too_needs_no_photo(
    site: Site, phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    case = open_case(spot, witnesses=6, category_code="road_damage")
    page = phone(geolocation=spot)
    open_form(page)
    hint = page.locator(HINT)
    expect(hint.get_by_role("heading")).to_have_text("Nhiều người đã phản ánh điểm này")
    expect(hint).to_contain_text("Ổ gà, đường hỏng, từ")
    expect(hint).to_contain_text("Từ 5 người")
    expect(page.locator("[data-seen-word]")).to_contain_text("Nhiều người đã phản ánh điểm này")

    button = page.get_by_role("button", name="Tôi cũng thấy")
    button.click()
    expect(page.get_by_role("button", name="Tôi cũng thấy")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.get_by_role("button", name="Tôi cũng thấy")).to_be_focused()
    expect(page.get_by_label("Ổ gà, đường hỏng")).to_be_checked()
    expect(page.locator("[data-photo-count]")).to_contain_text("không bắt buộc")
    expect(page.locator("[data-seen-send]")).to_contain_text(case.number)
    send(page)

    report, photos = sent_with(site, key_on(page))
    assert report.meant_case_number == case.number
    assert report.category_code == "road_damage"
    assert report.device_latitude == spot["latitude"]
    assert photos == 0
    expect(page.get_by_text(f"Bạn nói cũng thấy vụ việc {case.number}")).to_be_visible()


def test_seeing_it_too_is_taken_back_by_touching_again(
    phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    open_case(spot)
    page = phone(geolocation=spot)
    open_form(page)
    page.get_by_text("Ùn tắc giao thông").click()
    page.locator(TOO).click()
    expect(page.get_by_label("Vỉa hè bị chiếm")).to_be_checked()
    page.locator(TOO).click()
    expect(page.locator(TOO)).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_label("Ùn tắc giao thông")).to_be_checked()
    expect(page.locator("[data-seen-send]")).to_be_hidden()
    send(page)
    expect(page.locator("#error-photo")).to_contain_text("ít nhất một ảnh")


def test_another_category_means_another_trouble(
    phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    case = open_case(spot)
    page = phone(geolocation=spot)
    open_form(page)
    page.locator(TOO).click()
    page.get_by_text("Khuất tầm nhìn").click()
    word = page.locator("[data-seen-word]")
    expect(word).to_have_text(
        f"Bạn chọn loại khác, nên “Tôi cũng thấy” vụ việc {case.number} đã bỏ."
    )
    expect(word).to_be_visible()
    expect(page.locator(TOO)).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_label("Khuất tầm nhìn")).to_be_checked()


def test_a_place_far_away_lets_go_of_the_case(
    phone: Phone, open_case: Callable[..., Case], spot: Spot, picture: Picture
) -> None:
    case = open_case(spot)
    page = phone(geolocation=spot)
    open_form(page)
    page.locator(TOO).click()
    page.context.set_geolocation(spot | {"latitude": spot["latitude"] + 0.006})
    page.get_by_role("button", name="Chỉnh vị trí").click()
    expect(page.get_by_role("button", name="Bắc")).to_be_visible()
    for _ in range(30):
        page.get_by_role("button", name="Bắc").click()
    expect(page.locator("[data-seen-word]")).to_contain_text(f"cách xa vụ việc {case.number}")
    expect(page.locator("[data-seen-send]")).to_be_hidden()


def test_offline_and_failing_answers_are_silent(
    phone: Phone, open_case: Callable[..., Case], spot: Spot, picture: Picture
) -> None:
    open_case(spot)
    page = phone(geolocation=spot)
    page.route("**/cases/nearby", lambda route: route.abort())
    open_form(page)
    add_photo(page, picture())
    page.wait_for_timeout(900)
    expect(page.locator(HINT)).to_be_hidden()
    expect(page.locator("[data-problem]")).to_be_hidden()

    def fail(route: Route) -> None:
        route.fulfill(status=500, body="no")

    page.unroute("**/cases/nearby")
    page.route("**/cases/nearby", fail)
    page.reload()
    page.wait_for_timeout(900)
    expect(page.locator(HINT)).to_be_hidden()
    page.get_by_text("Vỉa hè bị chiếm").click()
    send(page)
    key_on(page)


def test_the_named_case_waits_with_the_draft_and_is_sent_with_it(
    site: Site, phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    case = open_case(spot)
    page = phone(geolocation=spot)
    open_form(page)
    page.locator(TOO).click()
    expect(page.locator(TOO)).to_have_attribute("aria-pressed", "true")
    page.context.set_offline(True)
    send(page)
    expect(page.get_by_role("heading", name="Đã lưu trên máy")).to_be_visible()
    [draft] = kept_drafts(page)
    seen = draft["seen"]
    assert isinstance(seen, dict)
    assert seen["number"] == case.number
    page.context.set_offline(False)
    page.reload()
    page.get_by_role("button", name="Gửi lại").click()
    report, _photos = sent_with(site, key_on(page))
    assert report.meant_case_number == case.number


def test_a_reload_keeps_what_was_named(
    phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    open_case(spot)
    page = phone(geolocation=spot)
    open_form(page)
    page.locator(TOO).click()
    page.wait_for_timeout(400)
    page.reload()
    expect(page.locator(TOO)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Vỉa hè bị chiếm")).to_be_checked()


def test_several_cases_are_a_short_list_and_the_rest_is_folded(
    site: Site, phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    for north_m in (0, 15, 30):
        open_case(spot, north_m=north_m)
    ended = open_case(spot, north_m=45, category_code="road_damage")
    resolve(site, ended)
    page = phone(geolocation=spot)
    open_form(page)
    expect(page.locator(HINT).get_by_role("heading", level=3)).to_have_text(
        "Quanh đây đã có người phản ánh"
    )
    expect(page.locator(TOO).locator("visible=true")).to_have_count(2)
    page.get_by_text("Xem thêm 2 vụ việc").click()
    expect(page.locator(TOO).locator("visible=true")).to_have_count(3)
    expect(page.locator(HINT)).to_contain_text("nếu lại bị, hãy chụp ảnh mới")


def test_without_javascript_a_link_names_the_case(
    site: Site, phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    case = open_case(spot, category_code="illegal_parking")
    page = phone(java_script_enabled=False)
    page.goto(f"/map/cases/{case.number}")
    page.get_by_role("link", name="Tôi cũng thấy").click()
    expect(page.locator(HINT)).to_contain_text(case.number)
    expect(page.get_by_label("Dừng, đỗ xe sai quy định")).to_be_checked()
    send(page)
    report, photos = sent_with(site, key_on(page))
    assert (report.meant_case_number, photos) == (case.number, 0)
    assert report.category_code == "illegal_parking"
    assert report.pin_latitude is None


def test_a_link_names_the_case_and_leaves_what_was_begun_alone(
    site: Site, phone: Phone, open_case: Callable[..., Case], spot: Spot, picture: Picture
) -> None:
    case = open_case(spot)
    page = phone(geolocation=spot)
    open_form(page)
    add_photo(page, picture())
    page.fill("#words", "Chuyện khác hẳn")
    page.wait_for_timeout(500)
    page.goto(f"/map?case={case.number}")
    page.get_by_role("link", name="Tôi cũng thấy").click()
    expect(page.locator(TOO)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-photos] img")).to_have_count(0)
    expect(page.locator("[data-accuracy]")).to_contain_text("Chính xác khoảng")
    send(page)
    report, _photos = sent_with(site, key_on(page))
    assert report.meant_case_number == case.number
    assert (report.pin_latitude, report.device_latitude) == (None, spot["latitude"])
    page.goto("/report")
    expect(page.locator("#words")).to_have_value("Chuyện khác hẳn")
    expect(page.locator("[data-photos] img")).to_have_count(1)


def test_a_link_says_nothing_of_where_a_silent_phone_is(
    site: Site, phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    case = open_case(spot)
    page = phone(permissions=[])
    open_form(page, f"/report?seen={case.number}")
    expect(page.locator(TOO)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Máy chưa biết bạn đang ở đâu")).to_be_visible()
    expect(page.get_by_role("button", name="Đặt ghim trên bản đồ")).to_be_visible()
    send(page)
    report, _photos = sent_with(site, key_on(page))
    assert report.meant_case_number == case.number
    assert (report.pin_latitude, report.device_latitude) == (None, None)


def test_the_map_of_a_link_begins_at_the_case_and_only_a_moved_pin_counts(
    site: Site, phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    case = open_case(spot)
    page = phone(permissions=[])
    open_form(page, f"/report?seen={case.number}")
    page.get_by_role("button", name="Đặt ghim trên bản đồ").click()
    expect(page.get_by_role("button", name="Bắc")).to_be_visible()
    expect(page.get_by_text("Máy chưa biết bạn đang ở đâu")).to_be_visible()
    page.get_by_role("button", name="Bắc").click()
    expect(page.locator("[data-accuracy]")).to_have_text("Theo ghim bạn đặt")
    send(page)
    report, _photos = sent_with(site, key_on(page))
    assert report.pin_latitude == pytest.approx(spot["latitude"] + 10 / 111_195, abs=0.0002)


def test_a_phone_that_is_elsewhere_lets_go_of_the_case_of_a_link(
    phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    case = open_case(spot)
    page = phone(geolocation=spot | {"latitude": spot["latitude"] + 0.006})
    open_form(page, f"/report?seen={case.number}")
    expect(page.locator("[data-seen-word]")).to_contain_text(f"cách xa vụ việc {case.number}")
    expect(page.locator("[data-seen-send]")).to_be_hidden()


def test_a_form_that_names_a_case_is_not_kept_for_other_reports(
    phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    case = open_case(spot)
    page = phone(service_workers="allow", geolocation=spot)
    page.goto("/")
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.goto(f"/report?seen={case.number}")
    expect(page.locator(TOO)).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(500)

    page.context.set_offline(True)
    page.goto("/report")
    expect(page.locator("[data-photos]")).to_be_visible()
    assert page.locator("#linked-case").count() == 0
    # The draft is the same one, and still names the case; a link names one with no network too.
    expect(page.locator(TOO)).to_have_attribute("aria-pressed", "true")
    page.locator(TOO).click()
    page.wait_for_timeout(500)
    page.goto(f"/report?seen={case.number}")
    expect(page.locator(HINT)).to_contain_text(case.number)
    expect(page.locator(TOO)).to_have_attribute("aria-pressed", "true")


def test_a_link_to_what_has_ended_asks_for_a_fresh_photo(
    site: Site, phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    case = open_case(spot)
    resolve(site, case)
    page = phone()
    page.goto(f"/map/cases/{case.number}")
    expect(page.get_by_role("link", name="Tôi cũng thấy")).to_have_count(0)
    page.goto(f"/report?seen={case.number}")
    expect(page.locator(HINT)).to_contain_text("hãy chụp ảnh mới")
    expect(page.locator(TOO)).to_have_count(0)


@pytest.mark.parametrize("theme", THEMES)
def test_the_hint_has_no_barrier_and_fits_the_narrowest_screen(
    site: Site, phone: Phone, open_case: Callable[..., Case], spot: Spot, theme: str
) -> None:
    for north_m in (0, 15, 30):
        open_case(spot, north_m=north_m)
    page = phone(NARROW, geolocation=spot, color_scheme=theme)
    open_form(page)
    page.locator(TOO).first.click()
    expect(page.locator(TOO).first).to_have_attribute("aria-pressed", "true")
    assert not is_wider_than_screen(page)
    assert min(box["height"] for box in boxes(page)) >= 48
    page.get_by_text("Xem thêm").click()
    assert barriers(page) == []


def test_the_hint_works_with_letters_twice_as_large_and_by_keyboard(
    phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    open_case(spot, witnesses=3)
    page = phone(NARROW, geolocation=spot)
    page.add_init_script(
        "addEventListener('DOMContentLoaded',"
        " () => { document.documentElement.style.fontSize = '200%'; })"
    )
    open_form(page)
    page.locator(TOO).focus()
    page.keyboard.press("Space")
    expect(page.locator(TOO)).to_have_attribute("aria-pressed", "true")
    assert not is_wider_than_screen(page)


def boxes(page: Page) -> list[dict[str, float]]:
    """Return where the buttons of the hint stand, in pixels."""
    found = page.locator(f"{HINT} button:visible, {HINT} summary").all()
    return [dict(box) for one in found if (box := one.bounding_box())]


def test_hints_show_photos_only_once_they_are_shown(
    site: Site, phone: Phone, open_case: Callable[..., Case], spot: Spot
) -> None:
    case = open_case(spot)
    with site.app.app_context():
        report = db.session.scalars(
            select(Report)
            .join(Attachment, Attachment.report_id == Report.id)
            .where(Attachment.case_id == case.id)
        ).first()
        assert report is not None
        make_photo(report, state="ready", review="pending")
    page = phone(geolocation=spot)
    open_form(page)
    expect(page.locator(TOO)).to_be_visible()
    expect(page.locator(f"{HINT} img")).to_have_count(0)
