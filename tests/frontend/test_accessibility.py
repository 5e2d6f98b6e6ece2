"""Residents' pages before axe-core: no known barrier, light and dark, empty and filled."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.frontend.form import add_photo, fill, key_on, send
from tests.servers.browser import PHONE

Phone = Callable[..., Page]
Picture = Callable[..., str]

AXE = Path(__file__).resolve().parent.parent.parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
THEMES = ("light", "dark")
# The narrowest screen that we promise to serve.
NARROW = PHONE | {"viewport": {"width": 320, "height": 640}}


def barriers(page: Page) -> list[str]:
    """Return what axe-core finds, one line a kind: the rule, and where.

    The screen is made as high as the page first: what a bar at the bottom covers for the moment
    would count as a target that is too small.
    """
    width_px = page.evaluate("window.innerWidth")
    page.set_viewport_size({"width": width_px, "height": 3200})
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(f"axe.run({{runOnly: {json.dumps(RULES)}}})")
    return [
        f"{violation['id']}: {[node['target'] for node in violation['nodes']]}"
        for violation in found["violations"]
    ]


def is_wider_than_screen(page: Page) -> bool:
    """Tell whether the page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    "path", ["/", "/report", "/mine", "/results", "/data-notice", "/offline", "/track"]
)
def test_a_page_has_no_barrier(phone: Phone, path: str, theme: str) -> None:
    page = phone(color_scheme=theme)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert barriers(page) == []


@pytest.mark.parametrize("theme", THEMES)
def test_the_filled_form_its_errors_and_the_pin_have_no_barrier(
    phone: Phone, picture: Picture, theme: str
) -> None:
    page = phone(color_scheme=theme)
    page.goto("/report")
    add_photo(page, picture())
    send(page)
    expect(page.locator("#error-category")).to_be_visible()
    page.get_by_role("button", name="Chỉnh vị trí").click()
    expect(page.get_by_role("button", name="Bắc")).to_be_visible()
    assert barriers(page) == []


@pytest.mark.parametrize("theme", THEMES)
def test_the_saved_state_the_receipt_and_the_list_have_no_barrier(
    phone: Phone, picture: Picture, theme: str
) -> None:
    page = phone(color_scheme=theme)
    fill(page, picture())
    page.context.set_offline(True)
    send(page)
    expect(page.get_by_role("button", name="Gửi lại")).to_be_visible()
    assert barriers(page) == []
    page.context.set_offline(False)
    page.get_by_role("button", name="Gửi lại").click()
    key_on(page)
    assert barriers(page) == []
    page.goto("/mine")
    expect(page.locator("[data-group=sent] .case")).to_be_visible()
    assert barriers(page) == []


@pytest.mark.parametrize("theme", THEMES)
def test_the_map_and_its_list_have_no_barrier(phone: Phone, theme: str) -> None:
    page = phone(color_scheme=theme)
    page.goto("/map")
    page.locator(".leaflet-marker-icon.pin:not(.pin-cluster)").first.click()
    assert barriers(page) == []
    page.get_by_role("link", name="Danh sách").click()
    assert barriers(page) == []


@pytest.mark.parametrize("path", ["/", "/report", "/map", "/mine", "/results", "/offline"])
def test_nothing_scrolls_sideways_on_the_narrowest_screen(phone: Phone, path: str) -> None:
    page = phone(NARROW)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert not is_wider_than_screen(page)


@pytest.mark.parametrize("path", ["/", "/report", "/map", "/mine"])
def test_nothing_scrolls_sideways_with_letters_twice_as_large(phone: Phone, path: str) -> None:
    page = phone()
    page.add_init_script(
        "addEventListener('DOMContentLoaded',"
        " () => { document.documentElement.style.fontSize = '200%'; })"
    )
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert not is_wider_than_screen(page)
