"""Near a border a resident is asked, with a network and without; nobody is kept from sending."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Request, expect
from sqlalchemy import select

from tests.frontend.conftest import VINH_HAI, Site
from tests.frontend.form import add_photo, fill, kept_drafts, key_on, send
from tests.frontend.test_accessibility import NARROW, THEMES, barriers, is_wider_than_screen
from tests.frontend.test_install import READY
from tests.pictures import exif
from webapp import clock
from webapp.extensions import db
from webapp.models import Report
from webapp.services.intake import hash_tracking_key

Phone = Callable[..., Page]
Picture = Callable[..., str]

# On the straight border between Thanh Hải (south) and Vĩnh Hải (north) of the demonstration's
# land; ten metres to the north, two thirds of a disc of 35 m lie in Vĩnh Hải.
METRES_A_DEGREE = 111_195
AT_THE_BORDER = {"latitude": 11.629 + 10 / METRES_A_DEGREE, "longitude": 109.132, "accuracy": 35}
# Here the whole disc of an exact fix lies on one side: a border nearby alone is no reason to ask.
BESIDE_THE_BORDER = AT_THE_BORDER | {"latitude": 11.629 + 60 / METRES_A_DEGREE, "accuracy": 8}
AT_SEA = {"latitude": 11.693, "longitude": 109.35, "accuracy": 8}

# A draft is kept soon after the last change; a slow machine may take a while for it.
KEPT_WITHIN = timedelta(seconds=10)

QUESTION = "[data-border]"
DESTINATION = "[data-destination]"


def report_with(site: Site, key: str) -> Report:
    """Return the report that came with a key."""
    with site.app.app_context():
        meant = Report.tracking_key_hash == hash_tracking_key(key)
        return db.session.scalars(select(Report).where(meant)).one()


def expect_the_question(page: Page) -> None:
    """Expect the mock-up's sentence and its two answers."""
    question = page.locator(QUESTION)
    expect(question).to_contain_text("Vị trí gần ranh giới xã Thanh Hải. Ghim đã đúng chỗ chưa?")
    expect(question.get_by_role("button")).to_have_text(["Đúng rồi", "Chỉnh ghim"])


def test_a_resident_near_a_border_is_asked_and_may_say_that_the_pin_is_right(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone(geolocation=AT_THE_BORDER)
    with page.expect_response("**/territory/preview") as answered:
        fill(page, picture())
    assert answered.value.status == 200
    expect_the_question(page)
    expect(page.locator(DESTINATION)).to_have_text("UBND xã Vĩnh Hải")
    expect(page.locator("[data-expected]")).to_be_hidden()
    names = page.locator("[data-sketch] .m-commune")
    expect(names.filter(has_text="xã Thanh Hải")).to_be_visible()
    expect(names.filter(has_text="xã Vĩnh Hải")).to_be_visible()
    expect(page.locator("[data-border-said]")).to_contain_text("Ghim đã đúng chỗ chưa?")
    page.get_by_role("button", name="Đúng rồi").click()
    expect(page.locator(QUESTION)).to_be_hidden()
    expect(page.locator("[data-border-kept]")).to_be_focused()
    send(page)
    report = report_with(site, key_on(page))
    # A nod makes a fix no more exact: what is sent is what the phone claims.
    assert report.pin_latitude is None
    assert report.device_accuracy_m == AT_THE_BORDER["accuracy"]


def test_the_answer_stays_with_the_draft(phone: Phone, picture: Picture) -> None:
    page = phone(geolocation=AT_THE_BORDER)
    fill(page, picture())
    page.get_by_role("button", name="Đúng rồi").click()
    expect(page.locator("[data-border-kept]")).to_be_visible()
    kept = {name: AT_THE_BORDER[name] for name in ("latitude", "longitude")}
    deadline = clock.now() + KEPT_WITHIN
    while kept_drafts(page)[0].get("border_kept") != kept:
        assert clock.now() < deadline, "the answer was not kept"
        page.wait_for_timeout(50)
    page.reload()
    expect(page.locator("[data-border-kept]")).to_be_visible()
    expect(page.locator(QUESTION)).to_be_hidden()


def test_the_other_answer_opens_the_map_and_a_moved_pin_is_not_asked_about(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone(geolocation=AT_THE_BORDER)
    fill(page, picture())
    page.get_by_role("button", name="Chỉnh ghim").click()
    # One step of ten metres, back across the border.
    for _step in range(4):
        page.locator('[data-step="down"]').click()
    expect(page.locator(DESTINATION)).to_have_text("UBND xã Thanh Hải")
    expect(page.locator(QUESTION)).to_be_hidden()
    send(page)
    assert report_with(site, key_on(page)).pin_latitude is not None


def test_the_question_never_stands_in_the_way(site: Site, phone: Phone, picture: Picture) -> None:
    page = phone(geolocation=AT_THE_BORDER)
    fill(page, picture())
    expect_the_question(page)
    send(page)
    assert report_with(site, key_on(page)).device_latitude == AT_THE_BORDER["latitude"]


@pytest.mark.parametrize("spot", [VINH_HAI, BESIDE_THE_BORDER])
def test_nobody_is_asked_whose_disc_lies_on_one_commune(
    phone: Phone, picture: Picture, spot: dict[str, float]
) -> None:
    page = phone(geolocation=spot)
    with page.expect_response("**/territory/preview"):
        fill(page, picture())
    expect(page.locator(DESTINATION)).to_have_text("UBND xã Vĩnh Hải")
    expect(page.locator("[data-expected]")).to_be_hidden()
    expect(page.locator(QUESTION)).to_be_hidden()


def test_with_no_network_the_land_on_the_phone_asks_the_same(
    phone: Phone, picture: Picture
) -> None:
    page = phone(service_workers="allow", geolocation=AT_THE_BORDER)
    page.goto("/")
    page.evaluate(READY)
    page.context.set_offline(True)
    page.goto("/report")
    add_photo(page, picture())
    expect_the_question(page)
    expect(page.locator(DESTINATION)).to_have_text("UBND xã Vĩnh Hải")
    expect(page.locator("[data-expected]")).to_be_visible()
    expect(page.locator("[data-seen-offline]")).to_contain_text("Có mạng, An Lộ tự xem")
    assert barriers(page) == []
    page.get_by_role("button", name="Đúng rồi").click()
    page.get_by_text("Vỉa hè bị chiếm").click()
    send(page)
    expect(page.get_by_role("heading", name="Đã lưu trên máy")).to_be_visible()


def test_the_network_that_comes_back_settles_where_it_goes(phone: Phone, picture: Picture) -> None:
    page = phone(service_workers="allow", geolocation=AT_THE_BORDER)
    page.goto("/")
    page.evaluate(READY)
    page.context.set_offline(True)
    page.goto("/report")
    add_photo(page, picture())
    expect(page.locator("[data-expected]")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("[data-expected]")).to_be_hidden()
    expect(page.locator("[data-seen-offline]")).to_be_hidden()


def test_a_server_that_will_not_answer_leaves_it_to_the_phone(
    phone: Phone, picture: Picture
) -> None:
    page = phone(geolocation=AT_THE_BORDER)
    page.route("**/territory/preview", lambda route: route.fulfill(status=503))
    fill(page, picture())
    expect_the_question(page)
    expect(page.locator("[data-expected]")).to_be_visible()
    send(page)
    key_on(page)


def test_outside_all_land_a_kind_sentence_stands_and_the_report_goes(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone(geolocation=AT_SEA)
    fill(page, picture())
    outside = page.locator("[data-outside]")
    expect(outside).to_contain_text("Chỗ này ở ngoài địa bàn Ninh Hải. Bạn vẫn gửi được")
    expect(page.locator(QUESTION)).to_be_hidden()
    send(page)
    assert report_with(site, key_on(page)).device_longitude == AT_SEA["longitude"]


def test_a_place_that_goes_away_takes_its_question_with_it(phone: Phone, picture: Picture) -> None:
    page = phone(geolocation=AT_THE_BORDER)
    fill(page, picture())
    expect_the_question(page)
    # This one is of another day: where the phone is now says nothing of it.
    add_photo(page, picture("old.jpg", exif=exif(captured_at="2024:01:02 08:00:00")))
    expect(page.get_by_role("button", name="Đặt ghim trên bản đồ")).to_be_visible()
    expect(page.locator(QUESTION)).to_be_hidden()
    expect(page.locator("[data-border-said]")).to_have_text("")


def test_the_question_names_the_category_that_was_chosen(phone: Phone, picture: Picture) -> None:
    asked: list[dict[str, object]] = []

    def note(request: Request) -> None:
        if request.url.endswith("/territory/preview"):
            asked.append(json.loads(request.post_data or "{}"))

    page = phone(geolocation=AT_THE_BORDER)
    page.on("request", note)
    with page.expect_response("**/territory/preview"):
        page.goto("/report")
        add_photo(page, picture())
    with page.expect_response("**/territory/preview"):
        page.get_by_text("Ổ gà, đường hỏng").click()
    assert [each["category"] for each in asked] == [None, "road_damage"]
    assert asked[0]["accuracy_m"] == AT_THE_BORDER["accuracy"]


def test_a_report_without_a_place_is_asked_for_one_once(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone(geolocation=None, permissions=[])
    fill(page, picture())
    expect(page.get_by_text("Chưa biết vị trí.").first).to_be_visible(timeout=25_000)
    send(page)
    expect(page.locator("#error-position")).to_contain_text("Hãy đặt ghim trên bản đồ")
    expect(page.locator("#where")).to_be_focused()
    send(page)
    report = report_with(site, key_on(page))
    assert (report.device_latitude, report.commune_hint) == (None, None)


def test_the_bar_below_covers_no_control_that_is_gone_to(phone: Phone) -> None:
    page = phone(geolocation=None, permissions=[])
    page.goto("/report")
    pin = page.get_by_role("button", name="Đặt ghim trên bản đồ")
    expect(pin).to_be_visible()
    pin.focus()
    box, bar = pin.bounding_box(), page.locator("[data-send-bar]").bounding_box()
    assert box is not None
    assert bar is not None
    assert box["y"] + box["height"] <= bar["y"]


@pytest.mark.parametrize("theme", THEMES)
def test_the_question_has_no_barrier_on_the_narrowest_screen(
    phone: Phone, picture: Picture, theme: str
) -> None:
    page = phone(NARROW, color_scheme=theme, geolocation=AT_THE_BORDER)
    fill(page, picture())
    expect_the_question(page)
    assert not is_wider_than_screen(page)
    assert barriers(page) == []
    page.get_by_role("button", name="Đúng rồi").click()
    expect(page.locator("[data-border-kept]")).to_be_visible()
    assert barriers(page) == []
