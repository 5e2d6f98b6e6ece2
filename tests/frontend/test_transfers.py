"""A case changes hands, in the browsers of two officers and of the district."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.factories import make_case, make_officer, make_supervising_unit
from tests.frontend.conftest import Site
from tests.frontend.test_accessibility import NARROW, THEMES, barriers, is_wider_than_screen
from tests.frontend.test_official_likeness import OPEN_EVERYTHING
from tests.servers.browser import DESKTOP, PHONE
from tests.servers.casework_history import seen
from tests.servers.casework_scene import make_case as make_border_case
from tests.servers.visitor import PASSWORD
from webapp import clock
from webapp.domain.coordination import Partner
from webapp.domain.geo import Position
from webapp.models import Case, Transfer, Unit
from webapp.services import casework_coordination as coordination
from webapp.services import casework_transfers as transfers
from webapp.services.transaction import transaction

LEAD, NEIGHBOUR, DISTRICT = "chuyen-xa", "chuyen-xa-ben", "chuyen-huyen"


@dataclass(frozen=True)
class Cases:
    """Numbers of cases: one to be handed on, one offered, one that is silent, one at a border."""

    free: str
    offered: str
    silent: str
    border: str
    neighbour: str


@pytest.fixture(scope="module")
def cases(site: Site) -> Cases:
    """Four cases of one commune, and officers of it, of its neighbour and of the district."""
    from webapp.extensions import db

    with site.app.app_context():
        near = db.session.scalars(select(Case).order_by(Case.id)).first()
        assert near is not None
        made = _make_cases(near, _make_neighbour(near.lead_unit_id))
        db.session.remove()
        return made


def _make_neighbour(lead_unit_id: int) -> Unit:
    from webapp.extensions import db

    communes = select(Unit).where(Unit.tier == "commune", Unit.id != lead_unit_id)
    neighbour = db.session.scalars(communes.order_by(Unit.name)).first()
    assert neighbour is not None
    make_officer(neighbour, login=NEIGHBOUR)
    make_officer(make_supervising_unit("chuyen", "Ninh Hải"), "supervisor", DISTRICT)
    return neighbour


def _make_cases(near: Case, neighbour: Unit) -> Cases:
    officer = make_officer(near.lead_unit, login=LEAD)
    spots = [Position(near.latitude + 0.004 * step, near.longitude, 8.0) for step in range(1, 5)]
    free, offered, silent = (make_case(near.lead_unit, spot) for spot in spots[:3])
    border = make_border_case(
        near.lead_unit_id,
        position=spots[3],
        facts={"is_border_open": True, "routing": "straddling"},
    )
    for case in (offered, silent):
        transfers.offer(officer, seen(case), neighbour.id, "other_land", "Điểm ở bên kia mốc 12.")
    partner = Partner(neighbour.id, None, "border")
    with transaction() as work:
        row = work.session.query(Transfer).filter_by(case_id=silent.id).one()
        row.due_at = clock.now() - timedelta(hours=20)
        case = work.session.get_one(Case, border.id)
        coordination.ask_by_machine(work, case, [partner], now=clock.now())
    task = "Đo bề rộng vỉa hè còn lại phía bên kia đường."
    coordination.coordinate(officer, seen(free), neighbour.id, task)
    numbers = [case.number for case in (free, offered, silent, border)]
    return Cases(*numbers, neighbour=f"UBND {neighbour.kind} {neighbour.name}")


@pytest.fixture
def enter(phone: Callable[..., Page], cases: Cases) -> Callable[..., Page]:
    """Sign somebody in, in a browser of their own: ``enter(LEAD, DESKTOP)``."""
    del cases

    def sign_in(login: str, device: dict[str, object] = DESKTOP, **wishes: object) -> Page:
        page = phone(device, **wishes)
        page.goto("/sign-in")
        page.locator("[name=login]").fill(login)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        expect(page.locator(".masthead")).to_be_visible()
        return page

    return sign_in


def test_an_officer_transfers_the_other_refuses_and_the_district_rules(
    enter: Callable[..., Page], cases: Cases
) -> None:
    officer, neighbour, district = enter(LEAD), enter(NEIGHBOUR, PHONE), enter(DISTRICT)
    officer.goto(f"/cases/{cases.free}", wait_until="networkidle")
    officer.keyboard.press("c")
    form = officer.locator("#transfer")
    form.locator("[name=unit_id]").select_option(label=cases.neighbour)
    form.locator("[name=reason_code]").select_option("other_land")
    form.locator("[name=words]").fill("Điểm nằm bên kia mốc 12.")
    form.get_by_role("button", name="Đề nghị chuyển").click()
    expect(officer.locator("#handing")).to_contain_text("Chờ UBND")

    neighbour.goto("/queue?view=incoming")
    neighbour.locator(f'[data-number="{cases.free}"] h2 a').click()
    expect(neighbour.locator("#handing")).to_contain_text("chuyển lần 1 trong 2")
    neighbour.get_by_text("Không nhận, vì…").click()
    neighbour.locator("#handing [name=words]").fill("Mốc 12 ở phía này.")
    neighbour.get_by_role("button", name="Không nhận").click()
    expect(neighbour.locator(".flash")).to_contain_text("Đã trả lời không nhận")

    officer.reload()
    officer.get_by_text("Đề nghị đơn vị giám sát phân xử…").click()
    officer.locator("#contest [name=words]").fill("Hai xã chưa thống nhất mốc 12.")
    officer.get_by_role("button", name="Đề nghị phân xử").click()
    expect(officer.locator("#handing")).to_contain_text("Chờ đơn vị giám sát phân xử")

    district.goto("/transfers")
    entry = district.locator(f"#{cases.free}")
    expect(entry).to_contain_text("Mốc 12 ở phía này.")
    entry.locator("[name=unit_id]").select_option(label=cases.neighbour)
    entry.locator("[name=words]").fill("Theo bản đồ địa chính.")
    entry.get_by_role("button", name="Phân xử").click()
    expect(district.locator(".flash")).to_contain_text("Đã phân xử")
    expect(district.locator(f"#{cases.free}")).to_have_count(0)

    neighbour.goto(f"/cases/{cases.free}")
    expect(neighbour.locator("#facts")).to_contain_text(cases.neighbour)
    expect(neighbour.locator(".line")).to_contain_text("Phân xử")
    officer.goto(f"/cases/{cases.free}")
    expect(officer.locator("#coord")).to_contain_text("địa bàn của đơn vị này")


def test_p_opens_the_form_of_coordination_and_sends_nothing(
    enter: Callable[..., Page], cases: Cases
) -> None:
    page = enter(LEAD)
    page.goto(f"/cases/{cases.border}", wait_until="networkidle")
    page.keyboard.press("p")
    expect(page.locator("#coordinate [name=unit_id]")).to_be_focused()
    assert page.url.endswith(cases.border)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_pages_of_a_transfer_have_no_barrier(
    enter: Callable[..., Page], cases: Cases, device: dict[str, object], theme: str
) -> None:
    for login, paths in (
        (LEAD, (f"/cases/{cases.border}", f"/cases/{cases.silent}")),
        (NEIGHBOUR, (f"/cases/{cases.offered}", "/queue?view=incoming")),
        (DISTRICT, ("/transfers",)),
    ):
        page = enter(login, device, color_scheme=theme)
        for path in paths:
            page.goto(path)
            page.evaluate(OPEN_EVERYTHING)
            assert barriers(page) == []


def test_nothing_scrolls_sideways_on_the_narrowest_screen(
    enter: Callable[..., Page], cases: Cases
) -> None:
    for login, path in (
        (LEAD, "/queue"),
        (LEAD, f"/cases/{cases.border}"),
        (NEIGHBOUR, f"/cases/{cases.offered}"),
        (DISTRICT, "/transfers"),
    ):
        page = enter(login, NARROW)
        page.goto(path)
        page.evaluate(OPEN_EVERYTHING)
        assert not is_wider_than_screen(page)
