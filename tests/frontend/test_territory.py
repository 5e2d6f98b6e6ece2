"""The administrator's browser: a set is imported, tried, switched, and led back again."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import shapely
from playwright.sync_api import Page, expect
from shapely.geometry import mapping, shape

from tests.frontend.conftest import DISTRICT, Site
from tests.servers.browser import DESKTOP, PHONE
from tests.servers.databases import SqliteDatabases
from tests.servers.environment import settings_for
from tests.servers.live import serving
from tests.servers.visitor import PASSWORD

MERGED = ("Khánh Hải", "Hộ Hải", "Tân Hải", "Xuân Hải")
CASES_OF_MERGED = 8


@pytest.fixture
def own_site(sqlite_databases: SqliteDatabases, tmp_path: Path) -> Iterator[Site]:
    """A site of this test's own, for it changes whose land it is: nine communes, some cases."""
    from webapp.app import create_app
    from webapp.extensions import db

    with sqlite_databases.copied(tmp_path) as database_url:
        app = create_app(settings_for(database_url, tmp_path / "behind"))
        with app.app_context():
            _fill()
        with serving(database_url, tmp_path / "var") as server:
            yield Site(server.url, app)
        with app.app_context():
            db.engine.dispose()


def _fill() -> None:
    from tests.factories import make_case, make_officer
    from webapp import clock
    from webapp.domain.geo import Position
    from webapp.services import territory
    from webapp.services.territory_import import ImportOrder, import_boundaries

    first_day = clock.today() - timedelta(days=500)
    order = ImportOrder(first_day, parent_code="586", parent_name="Huyện Ninh Hải")
    import_boundaries(DISTRICT.read_text(encoding="utf-8"), order)
    for boundary, unit in territory.boundaries_with_units(clock.today()):
        spot = shape(boundary.geometry).representative_point()
        if unit.name in MERGED:
            make_officer(unit)
        for _ in range(2):
            opened = clock.now() - timedelta(days=3)
            make_case(unit, Position(spot.y, spot.x, 10.0), opened_at=opened)
    district = territory.supervising_unit(clock.today())
    assert district is not None
    make_officer(district, role="administrator", login="quan-tri")


@pytest.fixture
def new_set(tmp_path: Path) -> Path:
    """A file in which four communes became one; the other five go on."""
    features = json.loads(DISTRICT.read_text(encoding="utf-8"))["features"]
    lands = [shape(f["geometry"]) for f in features if f["properties"]["name"] in MERGED]
    assert len(lands) == len(MERGED)
    merged = {
        "type": "Feature",
        "properties": {"code": "22834", "name": "Ninh Chử", "kind": "phường"},
        "geometry": mapping(shapely.unary_union(lands)),
    }
    path = tmp_path / "sau-sap-xep.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [merged]}), "utf-8")
    return path


@pytest.fixture
def administrator(own_site: Site, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open the territory page as the administrator: ``administrator(PHONE)``."""

    def open_page(device: dict[str, object] = DESKTOP, **wishes: object) -> Page:
        page = new_page(device, base_url=own_site.url, service_workers="block", **wishes)
        page.goto("/sign-in")
        page.locator("[name=login]").fill("quan-tri")
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        page.goto("/territory")
        return page

    return open_page


def look_at(page: Page, file: Path) -> None:
    from webapp import clock

    page.get_by_role("link", name="Nhập GeoJSON…").first.click()
    page.locator("[name=file]").set_input_files(file)
    page.locator("[name=valid_from]").fill(clock.today().isoformat())
    page.get_by_label("Kết thúc các đơn vị cũ").check()
    page.get_by_role("button", name="Xem trước").click()


def test_the_administrator_imports_previews_switches_and_corrects(
    administrator: Callable[..., Page], new_set: Path
) -> None:
    page = administrator()
    look_at(page, new_set)
    preview = page.locator("#preview")
    expect(preview).to_contain_text(f"{CASES_OF_MERGED} vụ việc đang mở sẽ đổi đơn vị")
    expect(preview).to_contain_text("xã Hộ Hải → phường Ninh Chử")
    page.get_by_role("button", name="Nhập bộ địa giới này").click()

    expect(page.locator(".flash")).to_contain_text("Đã nhập: thêm mới 1")
    sets = page.locator("#sets")
    expect(sets.get_by_role("link", name=str(CASES_OF_MERGED), exact=True)).to_be_visible()
    sets.get_by_role("link", name="Chạy thử").last.click()

    plan = page.locator("#plan")
    expect(plan).to_contain_text(f"{CASES_OF_MERGED} vụ việc đang mở và 4 cán bộ sẽ đổi đơn vị")
    expect(plan.locator("tbody tr")).to_have_count(len(MERGED))
    page.get_by_role("button", name="Chuyển ngay").click()

    expect(page.locator(".flash")).to_contain_text(f"Đã chuyển {CASES_OF_MERGED} vụ việc.")
    expect(page.locator("#plan")).to_contain_text("Mọi vụ việc đang mở đã theo đất của mình.")
    page.locator("#history summary", has_text="Sửa lại lần chuyển này…").click()
    page.get_by_role("button", name="Đưa vụ việc về đơn vị trước").click()

    expect(page.locator(".flash")).to_contain_text(f"Đã đưa {CASES_OF_MERGED} vụ việc về lại.")
    expect(page.locator("#run-1")).to_contain_text("Đã được sửa lại")
    expect(page.get_by_role("button", name="Chuyển ngay")).to_be_visible()


def test_on_a_phone_without_scripts_everything_fits_and_a_bad_file_says_why(
    administrator: Callable[..., Page], new_set: Path, tmp_path: Path
) -> None:
    page = administrator(PHONE, java_script_enabled=False)
    bad = tmp_path / "vn2000.geojson"
    metres = json.loads(new_set.read_text(encoding="utf-8"))
    ring = [[585000, 1283000], [586000, 1283000], [586000, 1284000], [585000, 1283000]]
    metres["features"][0]["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    bad.write_text(json.dumps(metres), "utf-8")
    look_at(page, bad)
    expect(page.get_by_role("alert")).to_contain_text("mét của hệ phẳng (như VN-2000)")
    page.goto("/territory/import")
    page.locator("[name=file]").set_input_files(new_set)
    page.locator("[name=valid_from]").fill("2031-07-01")
    page.get_by_role("button", name="Xem trước").click()
    expect(page.locator("#preview")).to_contain_text("Xem trước: có hiệu lực từ 1/7/2031")
    page.get_by_role("button", name="Nhập bộ địa giới này").click()
    for path in ("/territory", "/territory/import", "/territory/switch"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
