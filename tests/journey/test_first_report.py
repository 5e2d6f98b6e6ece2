"""The journey that all is built for: a phone's photo becomes a mended pavement, in public."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect
from shapely.geometry import shape
from sqlalchemy import select

from tests import factories
from tests.servers.browser import DESKTOP, PHONE
from tests.servers.live import LiveServer
from tests.servers.visitor import PASSWORD
from webapp import clock, demo
from webapp.demo import district
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Boundary, Corridor, Unit

PICTURES = Path(demo.__file__).parent / "pictures"

# A worker triages within seconds; the promise is a minute.
TRIAGED_WITHIN_MS = 60_000

TAKEN_EXIF = 36867  # DateTimeOriginal, local time without a zone
OFFSET_EXIF = 36881  # OffsetTimeOriginal
EXIF_IFD = 0x8769


@dataclass(frozen=True)
class Town:
    """The commune of the journey and those who work for it."""

    name: str
    spot: Position


@pytest.fixture
def town(app: Flask) -> Town:
    """Vĩnh Hải within the demonstration's land, with an officer, and a supervisor above."""
    with app.app_context():
        district.ensure_land()
        commune = db.session.scalars(select(Unit).where(Unit.name == "Vĩnh Hải")).one()
        above = db.session.scalars(select(Unit).where(Unit.tier == "supervising")).one()
        land = db.session.scalars(select(Boundary).where(Boundary.unit_id == commune.id)).one()
        roads = db.session.scalars(select(Corridor).order_by(Corridor.code)).all()
        inside = (shape(road.geometry).intersection(shape(land.geometry)) for road in roads)
        roadside = next(part for part in inside if not part.is_empty).representative_point()
        factories.make_officer(commune, "officer", "vinh-hai", name="Trần Thị Lan")
        factories.make_officer(above, "supervisor", "huyen", name="Lê Văn Bình")
        return Town(commune.name, Position(roadside.y, roadside.x, 12.0))


@pytest.fixture
def server(live_server: Callable[..., LiveServer], town: Town) -> LiveServer:
    """The application with a real worker and a real clock."""
    return live_server(workers=1, clock=True, ANLO_SWEEP_SECONDS="2")


def photograph(picture: str, target: Path, taken_at: datetime) -> Path:
    """Make of one of our drawings what a phone's camera makes: a JPEG that knows its time."""
    local = taken_at.astimezone(clock.LOCAL_ZONE)
    with Image.open(PICTURES / picture) as drawing:
        exif = Image.Exif()
        exif.get_ifd(EXIF_IFD)[TAKEN_EXIF] = local.strftime("%Y:%m:%d %H:%M:%S")
        exif.get_ifd(EXIF_IFD)[OFFSET_EXIF] = "+07:00"
        drawing.save(target, "JPEG", quality=90, exif=exif)
    return target


def test_a_blocked_pavement_is_reported_cleared_and_counted(
    server: LiveServer,
    town: Town,
    new_page: Callable[..., Page],
    tmp_path: Path,
    screenshots: Path | None,
) -> None:
    resident = new_page(
        PHONE,
        geolocation={
            "latitude": town.spot.latitude,
            "longitude": town.spot.longitude,
            "accuracy": town.spot.accuracy_m,
        },
        permissions=["geolocation"],
    )
    supervisor = sign_in(new_page(DESKTOP), server, "huyen")
    resolved_before = resolved_in(supervisor, server)

    captured_at = clock.now() - timedelta(minutes=1)
    track_url = send_report(
        resident,
        server,
        photograph("pavement-market.jpg", tmp_path / "pavement.jpg", captured_at),
        town,
        screenshots,
    )
    number = wait_for_case(resident, track_url)

    officer = sign_in(new_page(DESKTOP), server, "vinh-hai")
    work_on_case(
        officer,
        server,
        number,
        photograph("pavement-market-after.jpg", tmp_path / "after.jpg", clock.now()),
        screenshots,
    )

    sees_the_proof(resident, track_url)
    wait_until(supervisor, lambda: resolved_in(supervisor, server) == resolved_before + 1)


def send_report(
    page: Page, server: LiveServer, photo: Path, town: Town, screenshots: Path | None
) -> str:
    """Send a report as a resident does; return the address of its tracking page."""
    page.goto(server.url, wait_until="networkidle")
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Chọn ảnh có sẵn").click()
    chooser.value.set_files(photo)
    page.wait_for_url("**/report")
    expect(page.get_by_text(f"UBND xã {town.name}")).to_be_visible()
    page.get_by_text("Vỉa hè bị chiếm").click()
    page.get_by_label("Một câu về điều bạn thấy").fill("Sáng nào cũng bày kín vỉa hè.")
    expect(page.get_by_alt_text("Ảnh 1")).to_be_visible()
    save(page, screenshots, "report.png")
    page.get_by_role("button", name="Gửi phản ánh").click()
    page.wait_for_url("**/receipt/*")
    return f"{server.url}/track/{page.url.rpartition('/')[2]}"


def wait_for_case(page: Page, track_url: str) -> str:
    """Wait until the worker made a case of the report; return its number."""

    def is_triaged() -> bool:
        answer = page.request.get(track_url, headers={"Accept": "application/json"})
        return bool(answer.json()["report"]["status"] == "triaged")

    wait_until(page, is_triaged)
    answer = page.request.get(track_url, headers={"Accept": "application/json"}).json()
    assert answer["case"]["status"] == "new"
    return str(answer["case"]["number"])


def sign_in(page: Page, server: LiveServer, login: str) -> Page:
    """Sign an officer in by the form."""
    page.goto(f"{server.url}/sign-in")
    page.get_by_label("Tên đăng nhập").fill(login)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page


def work_on_case(
    page: Page, server: LiveServer, number: str, after: Path, screenshots: Path | None
) -> None:
    """Find the case where signing in leads, review its photo and words, take it, and end it."""
    expect(page).to_have_url(f"{server.url}/queue")
    expect(page.locator(f"[data-number='{number}']")).to_be_visible()
    page.goto(f"{server.url}/cases/{number}")
    page.get_by_role("group", name="Xét ảnh 1").get_by_role("button", name="Hiện").click()
    page.get_by_role("group", name="Xét lời phản ánh 1").get_by_role("button", name="Hiện").click()
    page.goto(f"{server.url}/cases/{number}")
    save(page, screenshots, "case.png")
    page.locator("#acknowledge").get_by_role("button").click()
    page.locator("#start").get_by_role("button").click()
    resolve = page.locator("#resolve")
    resolve.locator("input[name=after_photo]").set_input_files(after)
    resolve.locator("textarea[name=public_sentence]").fill("Đã dọn hàng, vỉa hè thông thoáng.")
    resolve.get_by_role("button", name="Đã xử lý").click()
    expect(page.locator("#facts")).to_contain_text("Đã xử lý")


def sees_the_proof(page: Page, track_url: str) -> None:
    """See both photos and the officer's sentence on the tracking page."""

    def has_both_photos() -> bool:
        page.goto(track_url)
        return page.locator(".pair img").count() == 2

    wait_until(page, has_both_photos)
    expect(page.get_by_alt_text(re.compile("^Sau"))).to_be_visible()
    expect(page.get_by_text("Đã dọn hàng, vỉa hè thông thoáng.")).to_be_visible()
    after = page.locator(".pair img").last
    assert after.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def resolved_in(page: Page, server: LiveServer) -> int:
    """Read from the district's page how many cases were resolved in this period."""
    page.goto(f"{server.url}/district?period=year")
    link = page.locator(".headlines a[href*='list=resolved']").first
    return int(link.inner_text().replace(".", ""))


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait until something holds; it fails when that takes longer than we promise."""
    deadline = clock.now() + timedelta(milliseconds=TRIAGED_WITHIN_MS)
    while not is_so():
        assert clock.now() < deadline, "nothing changed within a minute"
        page.wait_for_timeout(200)


def save(page: Page, folder: Path | None, name: str) -> None:
    """Keep a picture for the README, when one was asked for."""
    if folder is not None:
        page.evaluate("window.scrollTo(0, 0); document.activeElement.blur()")
        page.evaluate("Promise.all(Array.from(document.images, image => image.decode()))")
        page.screenshot(path=folder / name)
