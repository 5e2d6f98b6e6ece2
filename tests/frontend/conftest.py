"""One running site for all tests of residents' pages: the demonstration's land, some cases."""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.pictures import photo
from tests.servers.browser import PHONE
from tests.servers.databases import SqliteDatabases
from tests.servers.environment import settings_for
from tests.servers.live import serving

ROOT = Path(__file__).resolve().parent.parent.parent
DISTRICT = ROOT / "webapp" / "demo" / "district.geojson"

# In the middle of Vĩnh Hải's land as the demonstration draws it.
VINH_HAI = {"latitude": 11.693, "longitude": 109.185, "accuracy": 8}

# A road from west to east through that land, 780 m north of the phone.
ROAD_LATITUDE = 11.7

# Small enough that a test reaches it, large enough for every other one: each has its own phone.
REPORTS_PER_INSTALL_HOUR = 2

CASES = 12
CATEGORIES = ("pavement_encroachment", "road_damage", "illegal_parking", "poor_visibility")


@dataclass(frozen=True)
class Site:
    """A running site, and an application on its database to look behind the pages."""

    url: str
    app: Flask


@pytest.fixture(scope="package")
def site(
    sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The site, filled with land and cases."""
    from webapp.app import create_app
    from webapp.extensions import db

    folder = tmp_path_factory.mktemp("site")
    with sqlite_databases.copied(folder) as database_url:
        app = create_app(settings_for(database_url, folder / "behind"))
        _fill(app)
        with serving(
            database_url,
            folder / "var",
            ANLO_REPORTS_PER_INSTALL_HOUR=str(REPORTS_PER_INSTALL_HOUR),
            # All phones of the tests share one address.
            ANLO_NEARBY_PER_ADDRESS_MINUTE="1000",
        ) as server:
            yield Site(server.url, app)
        with app.app_context():
            db.engine.dispose()


def _fill(app: Flask) -> None:
    result = app.test_cli_runner().invoke(
        args=["territory", "import", str(DISTRICT), "--valid-from", "2024-01-01"]
    )
    if result.exit_code != 0:
        raise RuntimeError(result.output) from result.exception
    with app.app_context():
        _draw_road()
        _open_cases()


def _draw_road() -> None:
    from webapp.models import Corridor
    from webapp.services.transaction import transaction

    ends = [[109.16, ROAD_LATITUDE], [109.21, ROAD_LATITUDE]]
    with transaction() as work:
        work.session.add(
            Corridor(
                code="DT702",
                name="Tỉnh lộ 702",
                kind="provincial_road",
                half_width_m=12,
                geometry={"type": "LineString", "coordinates": ends},
                valid_from=date(2024, 1, 1),
            )
        )


def _open_cases() -> None:
    from tests.factories import make_case
    from webapp import clock
    from webapp.domain.geo import Position
    from webapp.services import territory

    chance = random.Random(4)
    opened = 0
    while opened < CASES:
        position = Position(11.56 + 0.22 * chance.random(), 108.96 + 0.27 * chance.random(), 10.0)
        unit = territory.commune_at(position, clock.today())
        if unit is not None:
            make_case(
                unit,
                position,
                category_code=CATEGORIES[opened % len(CATEGORIES)],
                opened_at=clock.now() - timedelta(days=3 * opened + 1),
                witnesses=1 + opened % 6,
            )
            opened += 1


@pytest.fixture
def phone(site: Site, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open a fresh phone that stands in Vĩnh Hải: ``phone(color_scheme="dark")``."""

    def open_phone(device: dict[str, object] = PHONE, **wishes: Any) -> Page:
        usual = {
            "base_url": site.url,
            "geolocation": VINH_HAI,
            "permissions": ["geolocation"],
            # A worker would answer from its cache what a test wants to see asked.
            "service_workers": "block",
        }
        page = new_page(device, **(usual | wishes))
        page.on("pageerror", lambda error: pytest.fail(f"script: {error}"))
        return page

    return open_phone


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., str]:
    """Draw a photo into a file: ``picture(size=(4000, 3000), exif=…)``."""

    def draw(name: str = "photo.jpg", **wishes: Any) -> str:
        file = tmp_path / name
        file.write_bytes(photo(**wishes))
        return os.fspath(file)

    return draw
