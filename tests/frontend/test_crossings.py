"""The register in a real browser: from a case's page to list, map and inspection, and its looks."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.factories import make_case, make_officer
from tests.frontend.conftest import Site
from tests.frontend.test_accessibility import NARROW, THEMES, barriers, is_wider_than_screen
from tests.servers.browser import DESKTOP, PHONE
from tests.servers.crossings_scene import make_crossing
from tests.servers.visitor import PASSWORD
from webapp import clock
from webapp.domain.geo import Position
from webapp.models import Case, Crossing

LOGIN = "can-bo-loi-di"
SPOT = Position(11.64, 108.99, 8.0)


@dataclass(frozen=True)
class Scene:
    """A case of a crossing that nobody registered, and a registered crossing far from it."""

    case_number: str
    crossing_id: int


@pytest.fixture(scope="module")
def scene(site: Site) -> Scene:
    from webapp.services import territory

    with site.app.app_context():
        unit = territory.commune_at(SPOT, clock.today())
        assert unit is not None
        make_officer(unit, login=LOGIN)
        case = make_case(unit, SPOT, category_code="self_opened_crossing", severity=3)
        known = make_crossing(
            Position(11.648, 108.993),
            unit,
            code="LD-CU",
            name="Ngõ cũ cạnh mương",
            state="closed",
            width_m=2.4,
            chainage_m=1_397_250.0,
        )
        return Scene(case.number, known.id)


@pytest.fixture
def officer(phone: Callable[..., Page], scene: Scene) -> Callable[..., Page]:
    """Sign the officer in: ``officer(DESKTOP, color_scheme="dark")``."""
    del scene

    def sign_in(device: dict[str, object] = DESKTOP, **wishes: Any) -> Page:
        page = phone(device, **wishes)
        page.goto("/sign-in")
        page.locator("[name=login]").fill(LOGIN)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        expect(page.locator(".masthead")).to_be_visible()
        return page

    return sign_in


def unlink(site: Site, scene: Scene) -> None:
    """Part the case from its crossing, so that each test finds it unregistered."""
    from webapp.extensions import db
    from webapp.models import Officer
    from webapp.services import crossings_cases
    from webapp.services.casework_acts import Seen
    from webapp.services.transaction import transaction

    with site.app.app_context():
        case = db.session.scalars(select(Case).where(Case.number == scene.case_number)).one()
        officer = db.session.scalars(select(Officer).where(Officer.login == LOGIN)).one()
        crossing_id = case.crossing_id
        if crossing_id is not None:
            crossings_cases.link(officer, Seen(case.number, case.version), None)
            # Far away, where no later test looks for it.
            with transaction() as work:
                crossing = work.session.get_one(Crossing, crossing_id)
                crossing.cell = "gone"


def test_an_officer_registers_from_a_case_and_finds_it_on_list_and_map(
    site: Site, officer: Callable[..., Page], scene: Scene, picture: Callable[..., str]
) -> None:
    unlink(site, scene)
    page = officer()
    page.goto(f"/cases/{scene.case_number}")
    block = page.get_by_role("region", name="Sổ lối đi tự mở")
    expect(block).to_contain_text("Chưa có trong sổ đăng ký")
    block.get_by_role("link", name="Đăng ký lối đi này").click()

    expect(page.get_by_label("Vĩ độ")).to_have_value("11.640000")
    expect(page.locator("[data-place-commune]")).to_contain_text("Thuộc")
    expect(page.locator("[data-place-map] .pin-here")).to_be_visible()
    page.get_by_label("Tên gọi").fill("Lối ra đồng")
    page.get_by_label("Lý trình").fill("Km1399+360")
    page.get_by_label("Bề rộng, mét").fill("2,5")
    page.get_by_label("Biển cảnh báo").check()
    page.get_by_label("Ảnh (tối đa").set_input_files(picture())
    page.get_by_role("button", name="Đăng ký").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Lối ra đồng")
    expect(page.get_by_role("main")).to_contain_text(scene.case_number)
    page.goto(f"/cases/{scene.case_number}")
    expect(block).to_contain_text("Lối ra đồng")
    expect(block).to_contain_text("Đang mở")

    page.get_by_role("navigation", name="Trang chính", exact=True).get_by_role(
        "link", name="Lối đi tự mở"
    ).click()
    expect(page.get_by_role("row", name=re.compile("Lối ra đồng"))).to_contain_text("Km1399+360")
    page.get_by_role("button", name="Bản đồ").click()
    pin = page.get_by_role("button", name=re.compile("Lối ra đồng"))
    pin.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-chosen]")).to_contain_text("Km1399+360, Đang mở")
    page.locator("[data-chosen] a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lối ra đồng")


def test_an_inspection_with_a_photo_changes_the_state_and_stands_in_the_history(
    officer: Callable[..., Page], scene: Scene, picture: Callable[..., str]
) -> None:
    page = officer(PHONE)
    page.goto(f"/crossings/{scene.crossing_id}")
    form = page.get_by_role("region", name="Ghi một lần kiểm tra")
    form.get_by_label("Đã thấy gì").fill("Rào bị tháo, người dân lại qua.")
    form.get_by_label("Hạn chế").check()
    form.get_by_label("Đã thu hẹp").check()
    form.get_by_label("Ảnh (tối đa").set_input_files(picture())
    form.get_by_role("button", name="Ghi lần kiểm tra").click()

    history = page.get_by_role("region", name="Sổ ghi")
    expect(history).to_contain_text("Rào bị tháo, người dân lại qua.")
    expect(page.locator(".facts")).to_contain_text("Hạn chế")
    expect(page.get_by_role("region", name=re.compile("Ảnh: 1"))).to_be_visible()


def test_a_refused_form_puts_the_focus_on_the_field(officer: Callable[..., Page]) -> None:
    page = officer()
    page.goto("/crossings/new")
    page.get_by_label("Lý trình").fill("cạnh chợ")
    page.get_by_label("Vĩ độ").fill("11.640000")
    page.get_by_label("Kinh độ").fill("108.990000")
    page.get_by_role("button", name="Đăng ký", exact=True).click()
    expect(page.get_by_label("Lý trình")).to_be_focused()
    expect(page.get_by_label("Lý trình")).to_have_value("cạnh chợ")


def test_without_the_map_the_list_stands(officer: Callable[..., Page]) -> None:
    page = officer()
    page.route("**/crossings/pins*", lambda route: route.abort())
    page.goto("/crossings#map")
    expect(page.get_by_text("Chưa tải được bản đồ.")).to_be_visible()
    expect(page.get_by_role("link", name="LD-CU")).to_be_visible()


def test_a_filter_stays_on_the_map_and_the_map_fits_once_it_is_seen(
    officer: Callable[..., Page], scene: Scene
) -> None:
    page = officer()
    page.goto("/crossings")
    faces = page.locator("[data-faces]")
    # There and back before anything is loaded: the map is drawn while it is hidden.
    page.evaluate(
        "() => ['map', 'list'].forEach("
        "(face) => document.querySelector(`[data-face=${face}]`).click())"
    )
    page.wait_for_load_state("networkidle")
    faces.get_by_role("button", name="Bản đồ").click()
    expect(page.get_by_role("button", name=re.compile("LD-CU"))).to_be_in_viewport()
    assert page.url.endswith("#map")

    page.get_by_label("Tình trạng").select_option("open")
    page.wait_for_url("**/crossings?state=open*#map")
    expect(page.locator("[data-map-part]")).to_be_visible()
    faces.get_by_role("button", name="Danh sách").click()
    assert "#" not in page.url


def test_a_coarse_fix_is_said_in_kilometres(officer: Callable[..., Page]) -> None:
    page = officer()
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 11.64, "longitude": 108.99, "accuracy": 1234})
    page.goto("/crossings/new")
    page.get_by_role("button", name="Dùng vị trí của máy này").click()
    expect(page.locator("[data-here-words]")).to_have_text("± 1,2\u00a0km")


@pytest.mark.parametrize("theme", THEMES)
def test_the_pages_have_no_barrier_and_fit_a_narrow_phone(
    officer: Callable[..., Page], scene: Scene, theme: str
) -> None:
    page = officer(NARROW, color_scheme=theme)
    addresses = (
        "/crossings",
        "/crossings/new",
        f"/crossings/{scene.crossing_id}",
        f"/crossings/{scene.crossing_id}/edit",
    )
    for address in addresses:
        page.goto(address)
        assert barriers(page) == []
        assert not is_wider_than_screen(page), address
