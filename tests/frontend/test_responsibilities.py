"""The administrator writes who does what: by mouse on a desktop, by keys, without JavaScript."""

import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.frontend.conftest import Site
from tests.frontend.test_accessibility import barriers, is_wider_than_screen
from tests.servers.browser import DESKTOP, PHONE
from tests.servers.visitor import PASSWORD
from webapp import clock

URL = "/territory/responsibilities"
NARROW = PHONE | {"viewport": {"width": 320, "height": 640}}

_numbers = itertools.count(1)

Open = Callable[..., Page]


@pytest.fixture
def administrator(site: Site, phone: Open) -> Iterator[Open]:
    """Open a browser in which an administrator is signed in: ``administrator(DESKTOP)``."""

    def open_page(device: dict[str, object] = DESKTOP, **wishes: object) -> Page:
        page = phone(device, **wishes)
        page.goto("/sign-in")
        page.locator("[name=login]").fill(login)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        expect(page.locator(".masthead")).to_be_visible()
        return page

    login = f"quan-tri-phan-cong-{next(_numbers)}"
    with site.app.app_context():
        _make_administrator(login)
    yield open_page
    # Other tests of the package go on with the table that ships.
    with site.app.app_context():
        _withdraw_what_waits(login)


def _make_administrator(login: str) -> None:
    from tests.factories import make_officer
    from webapp.services import territory

    commune = territory.units_on(clock.today())[0]
    district = territory.supervising_unit(clock.today())
    make_officer(district or commune, role="administrator", login=login)


def _withdraw_what_waits(login: str) -> None:
    from sqlalchemy import select

    from webapp.extensions import db
    from webapp.models import Officer
    from webapp.services import responsibilities, responsibilities_edit

    officer = db.session.scalars(select(Officer).where(Officer.login == login)).one()
    for version in responsibilities.versions():
        if version.valid_from > clock.today():
            responsibilities_edit.withdraw(officer, version.number)


def in_a_month() -> str:
    return (clock.today() + timedelta(days=30)).isoformat()


def line(page: Page, number: int) -> Locator:
    return page.locator(f"#rule-{number}")


def pick_categories(rule: Locator, *names: str) -> None:
    boxes = rule.locator("details")
    if boxes.get_attribute("open") is None:
        boxes.locator("summary").click()
    for name in names:
        rule.get_by_label(name, exact=True).check()


def save_knowing_the_holes(page: Page) -> None:
    page.get_by_label("Tôi biết").check()
    page.get_by_role("button", name="Lưu bản").click()


def test_the_administrator_edits_previews_and_saves(administrator: Open) -> None:
    page = administrator()
    page.goto("/territory")
    page.get_by_role("link", name="Sửa thành bản").click()
    page.get_by_role("button", name="Thêm quy tắc").click()
    added = line(page, 9)
    pick_categories(added, "Khuất tầm nhìn", "Thiếu hoặc sai biển báo, đèn")
    added.locator("[name$=-ground]").select_option(label="đường sắt")
    added.get_by_label("Căn cứ").fill("Quy chế phối hợp của huyện")
    added.get_by_role("button", name="Thêm đơn vị phối hợp").click()
    added.locator("[name$=-partner]").select_option(label="Cơ quan quản lý tuyến")
    added.get_by_label("Việc phải làm").fill("Phát quang hành lang")
    added.get_by_role("button", name="Đưa lên: quy tắc 9").click()
    moved = line(page, 8)
    expect(moved.get_by_label("Việc phải làm")).to_have_value("Phát quang hành lang")
    expect(moved).to_be_in_viewport()
    page.get_by_label("Có hiệu lực từ").fill(in_a_month())
    page.get_by_role("button", name="Xem trước bản").last.click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("vụ việc đang mở")
    expect(preview).to_contain_text("Chưa ghi cơ quan quản lý: Tỉnh lộ 702.")
    preview.get_by_role("button", name="Lưu bản").click()
    expect(page.get_by_role("alert")).to_contain_text("có chỗ không ai chủ trì")
    save_knowing_the_holes(page)
    expect(page.locator(".flash")).to_contain_text("Đã lưu bản")
    expect(page.locator("#duties")).to_contain_text("chờ đến ngày")
    page.goto(URL)
    expect(line(page, 8).get_by_label("Căn cứ")).to_have_value("Quy chế phối hợp của huyện")
    page.get_by_role("button", name="Rút bản").click()
    expect(page.locator(".flash")).to_contain_text("không bao giờ có hiệu lực")


def test_the_form_works_without_javascript_and_says_what_is_missing(administrator: Open) -> None:
    page = administrator(java_script_enabled=False)
    page.goto(URL)
    page.get_by_role("button", name="Thêm quy tắc").click()
    page.get_by_label("Ghi chú của bản này").fill("đang viết")
    page.get_by_role("button", name="Xem trước bản").last.click()
    expect(page.get_by_role("alert")).to_contain_text("Quy tắc 9: Chưa chọn loại nào.")
    expect(page.get_by_label("Ghi chú của bản này")).to_have_value("đang viết")
    line(page, 9).get_by_role("button", name="Xóa quy tắc 9").click()
    expect(page.locator(".dutyline")).to_have_count(8)


def test_enter_in_a_field_previews_and_saves_nothing(administrator: Open) -> None:
    page = administrator()
    page.goto(URL)
    line(page, 8).get_by_label("Căn cứ").press("Enter")
    expect(page.locator("#preview")).to_be_visible()
    expect(page.locator("#editions")).not_to_contain_text("Chờ đến ngày")


def test_two_administrators_do_not_overwrite_each_other(administrator: Open) -> None:
    first, second = administrator(), administrator()
    for page in (first, second):
        page.goto(URL)
        page.get_by_label("Có hiệu lực từ").fill(in_a_month())
        page.get_by_label("Ghi chú của bản này").fill("lời của tôi")
        page.get_by_role("button", name="Xem trước bản").last.click()
    save_knowing_the_holes(first)
    expect(first.locator(".flash")).to_contain_text("Đã lưu bản")
    save_knowing_the_holes(second)
    expect(second.get_by_role("alert")).to_contain_text("Chưa lưu gì")
    expect(second.get_by_label("Ghi chú của bản này")).to_have_value("lời của tôi")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("device", [NARROW, PHONE, DESKTOP], ids=["320", "360", "1280"])
def test_form_and_preview_have_no_barrier(
    administrator: Open, device: dict[str, object], theme: str
) -> None:
    page = administrator(device, color_scheme=theme)
    page.goto(URL)
    page.get_by_role("button", name="Xem trước bản").last.click()
    expect(page.locator("#preview")).to_be_visible()
    page.locator(".dutycategories summary").first.click()
    assert not is_wider_than_screen(page)
    assert barriers(page) == []
