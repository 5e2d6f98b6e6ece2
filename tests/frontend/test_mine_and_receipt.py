"""What stays on the phone after sending: the key, the list, and the way back by key."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.frontend.conftest import Site
from tests.frontend.form import fill, key_on, send
from webapp.models import Report
from webapp.services import triage
from webapp.services.comparisons import Comparisons
from webapp.services.intake import hash_tracking_key
from webapp.services.transaction import transaction

Phone = Callable[..., Page]
Picture = Callable[..., str]


def test_the_key_is_saved_as_a_file(phone: Phone, picture: Picture) -> None:
    page = phone()
    fill(page, picture())
    send(page)
    key = key_on(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Lưu mã").click()
    words = Path(download.value.path()).read_text(encoding="utf-8")
    assert key in words.replace(" ", "")
    assert f"/track/{key}" in words


def test_the_key_is_copied_where_nothing_can_be_shared(phone: Phone, picture: Picture) -> None:
    page = phone(permissions=["geolocation", "clipboard-read", "clipboard-write"])
    page.add_init_script("delete Navigator.prototype.share")
    fill(page, picture())
    send(page)
    key = key_on(page)
    page.get_by_role("button", name="Chia sẻ").click()
    expect(page.get_by_text("Đã chép mã và đường dẫn.")).to_be_visible()
    copied: str = page.evaluate("navigator.clipboard.readText()")
    assert f"/track/{key}" in copied


def test_a_sent_report_is_in_the_list_with_its_standing(phone: Phone, picture: Picture) -> None:
    page = phone()
    fill(page, picture())
    send(page)
    key = key_on(page)
    page.goto("/mine")
    card = page.locator("[data-group=sent] .case")
    expect(card).to_contain_text("Vỉa hè bị chiếm")
    expect(card).to_contain_text("xã Vĩnh Hải")
    expect(card).to_contain_text("Đã gửi, đang chuyển tới xã")
    card.get_by_role("link").click()
    page.wait_for_url(f"**/track/{key}")


def test_an_unsent_report_leads_back_to_its_form(phone: Phone, picture: Picture) -> None:
    page = phone()
    fill(page, picture(), words="Chờ sóng")
    page.context.set_offline(True)
    send(page)
    expect(page.get_by_role("button", name="Gửi lại")).to_be_visible()
    page.context.set_offline(False)
    page.goto("/mine")
    page.locator("[data-group=unsent]").get_by_role("link").click()
    page.get_by_role("button", name="Sửa phản ánh").click()
    expect(page.locator("#words")).to_have_value("Chờ sóng")


def test_an_empty_phone_says_so_and_offers_one_button(phone: Phone) -> None:
    page = phone()
    page.goto("/mine")
    expect(page.get_by_text("Chưa có phản ánh nào trên máy này")).to_be_visible()


def test_a_key_is_looked_up_without_javascript(phone: Phone, picture: Picture) -> None:
    sender = phone()
    fill(sender, picture())
    send(sender)
    key = key_on(sender)
    page = phone(java_script_enabled=False)
    page.goto("/mine")
    page.fill("#code", f"{key[:4].lower()} {key[4:]}")
    page.get_by_role("button", name="Tra cứu").click()
    page.wait_for_url("**/track/**")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_receipt_that_knows_the_unit_speaks_of_no_passing_on(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone()
    fill(page, picture())
    send(page)
    key = key_on(page)
    assert page.locator("[data-placing]").count() == 1
    with site.app.app_context(), transaction() as work:
        known = Report.tracking_key_hash == hash_tracking_key(key)
        report_id = work.session.scalars(select(Report.id).where(known)).one()
        triage.triage_in(work, report_id, Comparisons())
    expect(page.get_by_role("heading", level=1)).to_have_text(
        re.compile("Đã gửi tới UBND xã Vĩnh Hải"), timeout=25_000
    )
    expect(page.locator("[data-placing]")).to_have_count(0)
    expect(page.locator("[data-due] .mile-day")).to_contain_text("Chậm nhất")
