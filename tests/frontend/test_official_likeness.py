"""The pages on which officers see why and decide, before axe-core, by keyboard and on a phone."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.factories import make_case, make_officer
from tests.frontend.conftest import Site
from tests.frontend.test_accessibility import NARROW, THEMES, barriers, is_wider_than_screen
from tests.servers.browser import DESKTOP, PHONE
from tests.servers.casework_history import suggest
from tests.servers.casework_scene import LIKELY_TERMS, add_photo, attach
from tests.servers.visitor import PASSWORD
from webapp.domain.geo import Position
from webapp.models import Attachment, Case

LOGIN = "can-bo-so-sanh"
OPEN_EVERYTHING = (
    "document.querySelectorAll('main details').forEach((each) => { each.open = true })"
)


@dataclass(frozen=True)
class Pair:
    """The numbers of two cases that may be one."""

    one: str
    other: str


@pytest.fixture(scope="module")
def pair(site: Site) -> Pair:
    """Two cases 20 m apart, one of several reports, about which the machine asks."""
    from webapp.extensions import db

    with site.app.app_context():
        near = db.session.scalars(select(Case).order_by(Case.id)).first()
        assert near is not None
        make_officer(near.lead_unit, login=LOGIN)
        spot = Position(near.latitude + 0.002, near.longitude, 8.0)
        beside = Position(near.latitude + 0.00218, near.longitude, 8.0)
        one, other = make_case(near.lead_unit, spot), make_case(near.lead_unit, beside)
        add_photo(attach(one.number, terms=LIKELY_TERMS).id)
        asked = select(Attachment.report_id).where(Attachment.case_id == other.id)
        terms = LIKELY_TERMS | {"probability": 0.72}
        suggest(other, one, db.session.scalars(asked).one(), terms)
        return Pair(one.number, other.number)


@pytest.fixture
def officer(phone: Callable[..., Page], pair: Pair) -> Callable[..., Page]:
    """Sign the officer of both cases in: ``officer(DESKTOP, color_scheme="dark")``."""
    del pair

    def sign_in(device: dict[str, object], **wishes: object) -> Page:
        page = phone(device, **wishes)
        page.goto("/sign-in")
        page.locator("[name=login]").fill(LOGIN)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        expect(page.locator(".masthead")).to_be_visible()
        return page

    return sign_in


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_why_and_the_comparison_have_no_barrier(
    officer: Callable[..., Page], pair: Pair, device: dict[str, object], theme: str
) -> None:
    page = officer(device, color_scheme=theme)
    for path in (
        f"/cases/{pair.one}",
        f"/cases/{pair.one}/compare/{pair.other}",
        f"/cases/{pair.one}/compare?other=99999",
    ):
        page.goto(path)
        page.evaluate(OPEN_EVERYTHING)
        assert barriers(page) == []


@pytest.mark.parametrize("size", ["100%", "200%"])
def test_nothing_scrolls_sideways(officer: Callable[..., Page], pair: Pair, size: str) -> None:
    page = officer(NARROW if size == "100%" else PHONE)
    page.add_init_script(
        "addEventListener('DOMContentLoaded',"
        f" () => {{ document.documentElement.style.fontSize = '{size}'; }})"
    )
    for path in (f"/cases/{pair.one}", f"/cases/{pair.one}/compare/{pair.other}"):
        page.goto(path)
        page.evaluate(OPEN_EVERYTHING)
        assert not is_wider_than_screen(page)


def test_the_comparison_is_reached_by_keyboard_alone(
    officer: Callable[..., Page], pair: Pair
) -> None:
    page = officer(DESKTOP)
    page.goto(f"/cases/{pair.one}")
    page.locator("#merge > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name=pair.other).locator("visible=true").last).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/compare/{pair.other}")
    button = page.get_by_role("button", name="Gộp vào")
    button.focus()
    expect(button).to_be_focused()
