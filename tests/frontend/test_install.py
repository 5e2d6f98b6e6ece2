"""The shell that installs: manifest, icons, and a service worker that keeps no secrets."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.frontend.form import fill, key_on, send

Phone = Callable[..., Page]
Picture = Callable[..., str]

READY = "navigator.serviceWorker.ready.then((registration) => registration.scope)"
KEPT = """async () => {
    const addresses = [];
    for (const name of await caches.keys()) {
        for (const request of await (await caches.open(name)).keys()) addresses.push(request.url);
    }
    return addresses;
}"""


def kept_paths(page: Page) -> set[str]:
    """Return the paths that the service worker keeps."""
    return {urlsplit(address).path for address in page.evaluate(KEPT)}


def test_the_manifest_names_icons_that_exist(phone: Phone) -> None:
    page = phone()
    page.goto("/")
    address = page.locator("link[rel=manifest]").get_attribute("href")
    assert address is not None
    manifest = page.request.get(address).json()
    assert manifest["display"] == "standalone"
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    for icon in manifest["icons"]:
        assert page.request.get(icon["src"]).headers["content-type"].startswith(icon["type"])


def test_the_worker_covers_the_whole_site(phone: Phone) -> None:
    page = phone(service_workers="allow")
    page.goto("/")
    assert urlsplit(page.evaluate(READY)).path == "/"


def test_the_form_opens_without_network_and_other_pages_say_so(phone: Phone) -> None:
    page = phone(service_workers="allow")
    page.goto("/")
    page.evaluate(READY)
    page.context.set_offline(True)
    page.goto("/report")
    expect(page.get_by_role("heading", name="Gửi phản ánh")).to_be_visible()
    expect(page.locator("[data-photos]")).to_be_visible()
    page.goto("/queue")
    expect(page.get_by_role("heading", level=1)).to_contain_text("mạng")


def test_the_worker_keeps_neither_keys_nor_officials_pages(phone: Phone, picture: Picture) -> None:
    page = phone(service_workers="allow")
    page.goto("/")
    page.evaluate(READY)
    fill(page, picture())
    send(page)
    key = key_on(page)
    for path in (f"/track/{key}", "/track", "/sign-in", "/mine", "/results"):
        page.goto(path)
    kept = kept_paths(page)
    assert {"/offline", "/report", "/mine"} <= kept
    forbidden = ("/track", "/receipt", "/sign-in", "/queue", "/cases", "/photos")
    assert [path for path in kept if path.startswith(forbidden)] == []
    assert not any(key in path for path in kept)
