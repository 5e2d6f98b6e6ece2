"""The report form in a real browser: drafts that survive, one sending, sentences in place."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import func, select

from tests.frontend.conftest import REPORTS_PER_INSTALL_HOUR, ROAD_LATITUDE, VINH_HAI, Site
from tests.frontend.form import add_photo, fill, kept_drafts, key_on, send
from tests.pictures import exif
from webapp.extensions import db
from webapp.models import Photo, Report
from webapp.services.intake import hash_tracking_key

Phone = Callable[..., Page]
Picture = Callable[..., str]

# A metre from the site's one road, and 122 metres north of it.
ON_THE_ROAD = VINH_HAI | {"latitude": ROAD_LATITUDE + 0.00001}
BESIDE_THE_ROAD = VINH_HAI | {"latitude": ROAD_LATITUDE + 0.0011}


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
    page.goto("/", wait_until="networkidle")
    with page.expect_file_chooser():
        page.get_by_text("Chụp ảnh", exact=True).click()
    page.wait_for_timeout(200)
    assert len(kept_drafts(page)) == 1


def test_a_photo_taken_on_the_first_page_is_in_the_form(phone: Phone, picture: Picture) -> None:
    page = phone()
    page.goto("/", wait_until="networkidle")
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
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    fill(page, picture())
    page.get_by_role("button", name="Gửi phản ánh", exact=True).dblclick()
    key_on(page)
    assert len([url for url in sent if url.endswith("/reports")]) == 1


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


def test_a_photo_from_another_time_asks_for_the_pin(
    site: Site, phone: Phone, picture: Picture
) -> None:
    page = phone()
    fill(page, picture(exif=exif(captured_at="2026:07:10 09:12:00")))
    expect(page.locator("[data-late-fix]")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-located]")).to_be_hidden()
    expect(page.locator("[data-ask-location]")).to_be_hidden()
    page.get_by_role("button", name="Đặt ghim trên bản đồ").click()
    page.locator('[data-step="up"]').click()
    expect(page.locator("[data-late-fix]")).to_be_hidden()
    expect(page.locator("[data-destination]")).to_have_text("UBND xã Vĩnh Hải")
    send(page)
    report, _photos = report_with(site, key_on(page))
    assert report.pin_latitude is not None


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


# ── Photos that cannot be taken ────────────────────────────────────────────────────────────


def choose_on_first_page(page: Page, files: list[str]) -> None:
    """Choose files from the album on the first page, which leads to the form."""
    # Before its script is there, the button leads to the form instead of opening the album.
    page.goto("/", wait_until="networkidle")
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Chọn ảnh có sẵn", exact=True).click()
    chooser.value.set_files(files)
    page.wait_for_url("**/report")


def test_a_fourth_photo_of_the_first_page_is_told_on_the_form(
    phone: Phone, picture: Picture
) -> None:
    page = phone()
    choose_on_first_page(page, [picture(f"{n}.jpg", seed=n) for n in range(1, 5)])
    expect(page.locator("[data-photos] img")).to_have_count(3)
    expect(page.locator("#error-photo")).to_contain_text("nhiều nhất 3 ảnh")
    page.wait_for_timeout(600)
    page.reload()
    expect(page.locator("[data-photos] img")).to_have_count(3)
    expect(page.locator("#error-photo")).to_be_hidden()


def test_what_is_no_photo_is_named_and_left_out(
    phone: Phone, picture: Picture, tmp_path: Path
) -> None:
    odd, empty = tmp_path / "odd.txt", tmp_path / "empty.jpg"
    odd.write_text("no photo")
    empty.write_bytes(b"")
    page = phone()
    choose_on_first_page(page, [str(odd), str(empty), picture()])
    expect(page.locator("[data-photos] img")).to_have_count(1)
    expect(page.locator("#error-photo")).to_contain_text("odd.txt")
    expect(page.locator("#error-photo")).to_contain_text("empty.jpg")


def test_the_photo_that_the_server_refuses_is_marked_and_named(
    phone: Phone, picture: Picture, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(Path(picture("whole.jpg", seed=3)).read_bytes()[:40])
    page = phone()
    fill(page, picture())
    with page.expect_file_chooser() as chooser:
        page.locator("[data-photos]").get_by_text("Chọn ảnh có sẵn").click()
    chooser.value.set_files(str(broken))
    expect(page.get_by_text("Máy không xem trước được ảnh này")).to_be_visible()
    send(page)
    expect(page.locator("#error-photo")).to_contain_text("Ảnh 2: Ảnh này bị hỏng")
    expect(page.locator(".photo-refused")).to_have_count(1)
    page.get_by_role("button", name="Bỏ ảnh 2").click()
    expect(page.locator("#error-photo")).to_be_hidden()
    send(page)
    key_on(page)


def test_a_photo_of_too_many_pixels_is_made_smaller_however_light_it_is(
    site: Site, phone: Phone, tmp_path: Path
) -> None:
    huge = tmp_path / "huge.jpg"
    Image.new("RGB", (8000, 5200), "teal").save(huge, quality=60)
    page = phone()
    fill(page, str(huge))
    send(page)
    _report, photos = report_with(site, key_on(page))
    assert photos[0].width_px == 2560


# ── The place, and the words ───────────────────────────────────────────────────────────────


def test_a_spot_on_the_road_is_said_to_be_on_it(phone: Phone, picture: Picture) -> None:
    page = phone(geolocation=ON_THE_ROAD)
    fill(page, picture())
    expect(page.locator("[data-address]")).to_have_text(re.compile(r"^\S+ .+, trên \S+"))


def test_a_spot_beside_the_road_is_told_in_tens_of_metres(phone: Phone, picture: Picture) -> None:
    page = phone(geolocation=BESIDE_THE_ROAD)
    fill(page, picture())
    expect(page.locator("[data-address]")).to_have_text(re.compile(r", cách .+ khoảng \d*0\sm$"))
    assert "\u00a0m" in str(page.locator("[data-address]").text_content())


def test_an_unsent_report_names_its_place_wherever_it_is_shown(
    phone: Phone, picture: Picture
) -> None:
    page = phone()
    fill(page, picture())
    expect(page.locator("[data-address]")).to_contain_text("xã Vĩnh Hải")
    page.context.set_offline(True)
    send(page)
    expect(page.locator("[data-saved-place]")).to_contain_text("xã Vĩnh Hải")
    page.context.set_offline(False)
    page.route("**/map/land.json", lambda route: route.abort())
    page.reload()
    expect(page.locator("[data-saved-place]")).to_contain_text("xã Vĩnh Hải")
    page.goto("/mine")
    expect(page.locator("[data-group=unsent] .case")).to_contain_text("xã Vĩnh Hải")


def test_the_first_page_leads_to_the_unsent_report_itself(phone: Phone, picture: Picture) -> None:
    page = phone()
    fill(page, picture(), words="Chờ sóng")
    page.context.set_offline(True)
    send(page)
    expect(page.get_by_role("heading", name="Đã lưu trên máy")).to_be_visible()
    page.context.set_offline(False)
    page.goto("/")
    expect(page.get_by_text("chưa gửi được")).to_be_visible()
    expect(page.get_by_text("đang viết dở")).to_be_hidden()
    page.get_by_role("link", name="Mở để gửi lại").click()
    expect(page.get_by_role("heading", name="Đã lưu trên máy")).to_be_visible()


def test_a_waiting_report_keeps_the_position_of_where_it_was_made(
    phone: Phone, picture: Picture
) -> None:
    page = phone()
    fill(page, picture())
    expect(page.locator("[data-address]")).to_contain_text("xã Vĩnh Hải")
    page.context.set_offline(True)
    send(page)
    expect(page.get_by_role("heading", name="Đã lưu trên máy")).to_be_visible()
    page.context.set_offline(False)
    page.context.set_geolocation({"latitude": 11.6, "longitude": 109.02, "accuracy": 8})
    page.reload()
    page.wait_for_timeout(1500)
    fix = kept_drafts(page)[0]["fix"]
    assert isinstance(fix, dict)
    assert fix["latitude"] == VINH_HAI["latitude"]


@pytest.mark.parametrize("has_field_sizing", [True, False])
def test_the_box_grows_with_its_words(phone: Phone, has_field_sizing: bool) -> None:
    page = phone()
    if not has_field_sizing:
        page.add_init_script("CSS.supports = () => false;")
        page.add_init_script(
            "document.addEventListener('DOMContentLoaded', () => "
            "{ document.querySelector('#words').style.fieldSizing = 'fixed'; });"
        )
    page.goto("/report")
    expect(page.locator("[data-photos]")).to_be_visible()
    words = page.locator("#words")
    before = words.evaluate("box => box.offsetHeight")
    words.fill("Một câu khá dài về điều tôi thấy. " * 12)
    assert words.evaluate("box => box.offsetHeight") > before
    assert words.evaluate("box => box.scrollHeight - box.clientHeight") <= 1
