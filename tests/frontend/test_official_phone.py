"""An officer on a phone: one button in the sun, the chosen list in sight, a place to search."""

import itertools
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests.factories import make_officer, make_supervising_unit
from tests.frontend.conftest import Site
from tests.servers.browser import PHONE
from tests.servers.visitor import PASSWORD
from webapp.models import Case

_numbers = itertools.count(1)


@pytest.fixture
def officer(site: Site, phone: Callable[..., Page]) -> Page:
    """The phone of an officer of a commune that has a case, signed in."""
    from webapp.extensions import db

    login = f"can-bo-{next(_numbers)}"
    with site.app.app_context():
        case = db.session.scalars(select(Case).order_by(Case.id)).first()
        assert case is not None
        make_officer(case.lead_unit, login=login)
    page = phone()
    sign_in(page, login)
    return page


def sign_in(page: Page, login: str) -> None:
    """Sign an official in."""
    page.goto("/sign-in")
    page.locator("[name=login]").fill(login)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    expect(page.locator(".masthead")).to_be_visible()


def test_the_chosen_list_is_in_sight(officer: Page) -> None:
    officer.goto("/queue?view=everything")
    expect(officer.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)


@pytest.mark.parametrize("width", [320, 360])
def test_the_chosen_page_is_in_sight_in_the_bar_below(
    site: Site, phone: Callable[..., Page], width: int
) -> None:
    with site.app.app_context():
        login = f"giam-sat-{next(_numbers)}"
        make_officer(make_supervising_unit(code=login), role="supervisor", login=login)
    page = phone(PHONE | {"viewport": {"width": width, "height": 640}})
    sign_in(page, login)
    page.goto("/crossings")
    chosen = page.locator(".bottomnav [aria-current]")
    expect(chosen).to_have_text("Lối đi tự mở")
    expect(chosen).to_be_in_viewport(ratio=0.9)


def test_cases_can_be_searched(officer: Page) -> None:
    officer.goto("/queue?view=now")
    field = officer.get_by_placeholder("Tìm số, tên đường").locator("visible=true")
    field.fill("00001")
    field.press("Enter")
    officer.wait_for_url("**/queue?view=everything&q=00001")


def test_only_one_button_stands_in_the_sun(officer: Page) -> None:
    officer.goto("/queue?view=everything")
    officer.locator(".row h2 a").first.click()
    bar, button = officer.locator(".only-phone-bar"), officer.locator("#acts .btn.go")
    expect(bar).to_be_visible()
    button.scroll_into_view_if_needed()
    expect(bar).to_be_hidden()
    expect(button).to_be_in_viewport()
    officer.evaluate("window.scrollTo(0, 0)")
    expect(bar).to_be_visible()
