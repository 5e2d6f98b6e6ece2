"""The public map: pins that filter, a sheet, and a list that needs neither map nor script."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.frontend.conftest import CASES

Phone = Callable[..., Page]

SINGLE_PIN = ".leaflet-marker-icon.pin:not(.pin-cluster)"


def test_a_touched_pin_opens_its_case(phone: Phone) -> None:
    page = phone()
    page.goto("/map")
    expect(page.get_by_text(f"{CASES} vụ việc trên bản đồ")).to_be_visible()
    page.locator(SINGLE_PIN).first.click()
    sheet = page.locator("[data-chosen]")
    expect(sheet.get_by_role("heading")).to_be_visible()
    page.get_by_role("link", name="Xem vụ việc").click()
    expect(page).to_have_url(re.compile("/map/cases/"))


def test_chips_filter_and_say_when_nothing_is_left(phone: Phone) -> None:
    page = phone()
    page.goto("/map")
    page.get_by_role("button", name="Quá hạn", exact=True).click()
    expect(page.get_by_role("button", pressed=True)).to_have_text("Quá hạn")
    expect(page.locator(f"{SINGLE_PIN}:not(.pin-late)")).to_have_count(0)
    page.get_by_role("button", name="Chờ cấp trên").click()
    expect(page.get_by_text("Không có vụ việc nào như vậy.")).to_be_visible()
    page.get_by_role("button", name="Xem tất cả").click()
    expect(page.get_by_text(f"{CASES} vụ việc trên bản đồ")).to_be_visible()


def test_a_pin_says_in_words_what_its_shape_shows(phone: Phone) -> None:
    page = phone()
    page.goto("/map")
    pin = page.locator(SINGLE_PIN).first
    expect(pin).to_have_attribute("title", re.compile("Quá hạn|Đã gửi"))


def test_the_list_holds_the_same_cases(phone: Phone) -> None:
    page = phone()
    page.goto("/map")
    page.get_by_role("link", name="Danh sách").click()
    expect(page.locator("[data-list] .case")).to_have_count(CASES)
    page.get_by_role("link", name="Bản đồ").first.click()
    expect(page.locator("[data-map]")).to_be_visible()


def test_without_javascript_the_list_is_the_page(phone: Phone) -> None:
    page = phone(java_script_enabled=False)
    page.goto("/map")
    expect(page.locator("[data-list] .case")).to_have_count(CASES)


def test_when_the_map_does_not_load_the_list_opens(phone: Phone) -> None:
    page = phone()
    page.route("**/map/land.json", lambda route: route.abort())
    page.goto("/map")
    expect(page.get_by_text("Chưa mở được bản đồ.")).to_be_visible()
    expect(page.locator("[data-list] .case").first).to_be_visible()


def test_no_tile_server_is_asked_when_none_is_set(phone: Phone) -> None:
    page = phone()
    asked_for: list[str] = []
    page.on("request", lambda asked: asked_for.append(asked.url))
    page.goto("/map")
    expect(page.locator(SINGLE_PIN).first).to_be_visible()
    ours = ("http://127.0.0.1", "data:", "blob:")
    assert [url for url in asked_for if not url.startswith(ours)] == []


OVERLAPS = """() => {
    const boxes = (selector) => Array.from(document.querySelectorAll(selector),
        (one) => one.getBoundingClientRect());
    const shown = boxes('.l-name > span:not(.l-name-hidden)');
    const pins = boxes('.leaflet-marker-icon.pin');
    return shown.filter((name) => pins.some((pin) => name.left < pin.right && pin.left < name.right
        && name.top < pin.bottom && pin.top < name.bottom)).length;
}"""


def test_no_name_lies_under_a_pin(phone: Phone) -> None:
    page = phone()
    page.goto("/map")
    expect(page.locator(SINGLE_PIN).first).to_be_visible()
    assert page.evaluate(OVERLAPS) == 0
    assert page.locator(".l-name > span:not(.l-name-hidden)").count() > 0
