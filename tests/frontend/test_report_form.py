"""The report form in a real browser: drafts that survive, one sending, sentences in place."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import func, select

from tests.frontend.conftest import REPORTS_PER_INSTALL_HOUR, VINH_HAI, Site
from tests.frontend.form import add_photo, fill, kept_drafts, key_on, send
from tests.pictures import exif
from webapp.extensions import db
from webapp.models import Photo, Report
from webapp.services.intake import hash_tracking_key

Phone = Callable[..., Page]
Picture = Callable[..., str]


def report_with(site: Site, key: str) -> tuple[Report, list[Photo]]:
    """Return what the server kept under a tracking key."""
    with site.app.app_context():
        report = db.session.scalars(
            select(Report).where(Report.tracking_key_hash == hash_tracking_key(key))
        ).one()
        photos = db.session.scalars(
            select(Photo).where(Photo.report_id == report.id).order_by(Photo.sort_order)
        ).all()
        return report, list(photos)


def test_a_report_arrives_with_everything_that_the_phone_knows(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone()
    fill(page, picture(), words="Sáng nào cũng bày kín")
    expect(page.locator("[data-destination]")).to_have_text("UBND xã Vĩnh Hải")
    send(page)

    report, photos = report_with(site, key_on(page))
    assert report.category_code == "pavement_encroachment"
    assert report.description == "Sáng nào cũng bày kín"
    assert report.device_latitude == VINH_HAI["latitude"]
    assert report.device_accuracy_m == VINH_HAI["accuracy"]
    assert report.device_fix_at is not None
    assert report.install_key_hash is not None
    assert report.pin_latitude is None
    assert [photo.original_sha256 for photo in photos] == [photos[0].received_sha256]


def test_a_large_photo_travels_scaled_with_the_facts_of_the_original(
    site: Site, phone: Phone, picture: Picture
) -> None:
    original = picture(
        size=(4000, 3000),
        exif=exif(position=(11.705, 109.2), captured_at="2026:07:10 09:12:00", model="Redmi"),
        quality=97,
    )
    page = phone(geolocation=None, permissions=[])
    fill(page, original)
    expect(page.locator("[data-accuracy]")).to_have_text(
        "Theo vị trí ghi trong ảnh", timeout=20_000
    )
    send(page)

    _report, photos = report_with(site, key_on(page))
    assert photos[0].width_px == 2560
    assert photos[0].original_sha256 != photos[0].received_sha256
    claims = photos[0].exif_claims
    assert claims is not None
    assert abs(claims["latitude"] - 11.705) < 0.0001
    assert claims["model"] == "Redmi"
    assert photos[0].captured_at == datetime(2026, 7, 10, 2, 12, tzinfo=UTC)


def test_the_draft_stands_on_the_phone_before_the_camera_opens(phone: Phone) -> None:
    page = phone()
    page.goto("/")
    with page.expect_file_chooser():
        page.get_by_text("Chụp ảnh", exact=True).click()
    page.wait_for_timeout(200)
    assert len(kept_drafts(page)) == 1


def test_a_photo_taken_on_the_first_page_is_in_the_form(phone: Phone, picture: Picture) -> None:
    page = phone()
    page.goto("/")
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Chụp ảnh", exact=True).click()
    chooser.value.set_files(picture())
    page.wait_for_url("**/report")
    expect(page.locator("[data-photos] img")).to_have_count(1)
    expect(page.get_by_text(re.compile("^Chụp lúc"))).to_be_visible()


def test_what_was_typed_comes_back_after_the_tab_is_killed(phone: Phone, picture: Picture) -> None:
    page = phone()
    fill(page, picture(), words="Trẻ đi học phải xuống lòng đường")
    page.wait_for_timeout(600)
    context: BrowserContext = page.context
    page.close()

    again = context.new_page()
    again.goto("/report")
    expect(again.locator("#words")).to_have_value("Trẻ đi học phải xuống lòng đường")
    expect(again.locator("[data-photos] img")).to_have_count(1)
    expect(again.get_by_label("Vỉa hè bị chiếm")).to_be_checked()


def test_a_photo_is_removed_by_its_cross(phone: Phone, picture: Picture) -> None:
    page = phone()
    fill(page, picture())
    page.get_by_role("button", name="Bỏ ảnh 1").click()
    expect(page.locator("[data-photos] img")).to_have_count(0)
    page.reload()
    expect(page.locator("[data-photos] img")).to_have_count(0)


def test_with_no_network_the_report_stays_and_goes_once_when_asked_again(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone()
    fill(page, picture(), words="Không có sóng")
    page.context.set_offline(True)
    send(page)
    expect(page.get_by_role("heading", name="Đã lưu trên máy")).to_be_visible()
    expect(page.get_by_text("bấm Gửi lại khi có mạng")).to_be_visible()

    page.context.set_offline(False)
    page.reload()
    expect(page.get_by_role("heading", name="Đã lưu trên máy")).to_be_visible()
    page.get_by_role("button", name="Gửi lại").click()
    report, _photos = report_with(site, key_on(page))
    assert report.description == "Không có sóng"
    assert kept_drafts(page) == []


def test_a_double_tap_sends_once(phone: Phone, picture: Picture) -> None:
    page = phone()
    posts: list[str] = []
    page.on("request", lambda asked: posts.append(asked.url) if asked.method == "POST" else None)
    fill(page, picture())
    page.get_by_role("button", name="Gửi phản ánh", exact=True).dblclick()
    key_on(page)
    assert len(posts) == 1


def test_a_missing_category_is_said_beside_the_tiles_and_nothing_is_lost(
    phone: Phone, picture: Picture
) -> None:
    page = phone()
    page.goto("/report")
    add_photo(page, picture())
    page.fill("#words", "Chưa chọn loại")
    send(page)
    expect(page.locator("#error-category")).to_have_text("Hãy chọn một loại.")
    expect(page.locator("#words")).to_have_value("Chưa chọn loại")
    page.get_by_text("Khuất tầm nhìn").click()
    expect(page.locator("#error-category")).to_be_hidden()


def test_the_servers_sentence_stands_beside_the_field_that_it_is_about(
    phone: Phone, picture: Picture
) -> None:
    page = phone()
    fill(page, picture())
    page.get_by_text("Để lại cách liên hệ").click()
    page.fill("#phone", "không có số")
    send(page)
    expect(page.locator("#error-contact_phone")).to_contain_text("Số điện thoại chưa đúng")
    expect(page.locator("#phone")).to_be_focused()
    expect(page.locator("[data-photos] img")).to_have_count(1)
    page.fill("#phone", "0912 345 678")
    send(page)
    key_on(page)


def test_a_key_that_came_with_other_content_gets_a_new_one(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone()
    fill(page, picture(), words="Nội dung mới")
    page.wait_for_timeout(600)
    key = str(kept_drafts(page)[0]["tracking_key"])
    earlier = page.request.post(
        "/reports",
        multipart={"tracking_key": key, "category": "other", "description": "Nội dung cũ"},
    )
    assert earlier.status == 201

    send(page)
    expect(page.get_by_role("link", name="Xem phản ánh đã gửi")).to_be_visible()
    page.get_by_role("button", name="Gửi thành phản ánh mới").click()
    assert key_on(page) != key
    assert report_with(site, key)[0].description == "Nội dung cũ"


def test_too_many_reports_are_kept_with_the_time_to_come_again(
    phone: Phone, picture: Picture
) -> None:
    page = phone()
    for number in range(REPORTS_PER_INSTALL_HOUR):
        fill(page, picture(f"{number}.jpg", seed=number + 10))
        send(page)
        key_on(page)
    fill(page, picture("last.jpg", seed=99))
    send(page)
    expect(page.get_by_role("heading", name="Đã lưu trên máy")).to_be_visible()
    expect(page.locator("[data-saved-why]")).to_contain_text(re.compile(r"Thử lại sau \d+ phút"))
    assert len(kept_drafts(page)) == 1


def test_a_vague_fix_asks_for_the_pin_and_a_moved_pin_is_sent(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone(geolocation=VINH_HAI | {"accuracy": 400})
    fill(page, picture())
    expect(page.get_by_text("Máy chưa biết rõ chỗ này.")).to_be_visible(timeout=25_000)
    page.get_by_role("button", name="Chỉnh vị trí").click()
    page.get_by_role("button", name="Bắc").click()
    expect(page.locator("[data-accuracy]")).to_have_text("Theo ghim bạn đặt")
    expect(page.get_by_text("Máy chưa biết rõ chỗ này.")).to_be_hidden()
    send(page)
    report, _photos = report_with(site, key_on(page))
    assert report.pin_latitude is not None
    # One step is ten metres, which is 0.00009 degrees of latitude.
    assert 0.00008 < report.pin_latitude - VINH_HAI["latitude"] < 0.0001


def test_without_a_position_the_commune_is_named_in_words(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone(geolocation=None, permissions=[])
    fill(page, picture())
    expect(page.get_by_text("Chưa biết vị trí.").first).to_be_visible(timeout=25_000)
    commune = page.get_by_label("Thuộc xã, phường nào?")
    if commune.evaluate("element => element.tagName") == "SELECT":
        commune.select_option("Vĩnh Hải")
    else:
        commune.fill("Vĩnh Hải")
    send(page)
    report, _photos = report_with(site, key_on(page))
    assert report.commune_hint == "Vĩnh Hải"
    assert report.device_latitude is None


def test_without_javascript_the_form_sends_and_shows_the_receipt(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone(java_script_enabled=False)
    page.goto("/report")
    page.set_input_files("#photo", picture())
    page.get_by_text("Ổ gà, đường hỏng").click()
    page.fill("#words", "Gửi từ máy cũ")
    send(page)
    key = key_on(page)
    report, photos = report_with(site, key)
    assert report.description == "Gửi từ máy cũ"
    assert len(photos) == 1
    expect(page.locator("svg.qr")).to_be_visible()


def test_nothing_is_sent_before_the_button_is_touched(
    site: Site, phone: Phone, picture: Picture
) -> None:
    with site.app.app_context():
        before = db.session.scalar(select(func.count(Report.id)))
    page = phone()
    fill(page, picture())
    page.wait_for_timeout(500)
    with site.app.app_context():
        assert db.session.scalar(select(func.count(Report.id))) == before
