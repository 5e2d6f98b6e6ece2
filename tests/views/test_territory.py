"""The administrator's page: units and land with their dates, lines and rules, numbers only."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import make_case, make_commune, make_officer, make_supervising_unit
from tests.servers.counting import SqlCounter
from tests.servers.visitor import Visitor
from webapp import clock
from webapp.demo import district
from webapp.services.territory_import import ImportOrder, import_boundaries


@pytest.fixture
def administrator(app: Flask) -> None:
    """An administrator of the supervising unit, not yet signed in."""
    with app.app_context():
        make_officer(make_supervising_unit(), role="administrator", login="quan-tri")


@pytest.fixture
def visitor(administrator: None, signed_in: Callable[[str], Visitor]) -> Visitor:
    """An administrator, signed in."""
    return signed_in("quan-tri")


def overlapping_squares() -> str:
    def land(code: str, west: float) -> dict[str, Any]:
        east = west + 0.02
        ring = [[west, 11.6], [east, 11.6], [east, 11.62], [west, 11.62], [west, 11.6]]
        return {
            "type": "Feature",
            "properties": {"code": code, "name": f"Xã {code}", "kind": "xã"},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }

    features = [land("1", 109.0), land("2", 109.015)]
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_the_page_is_for_administrators_only(
    app: Flask, client: FlaskClient, signed_in: Callable[[str], Visitor]
) -> None:
    assert client.get("/territory").status_code in (302, 303)
    with app.app_context():
        make_officer(make_commune(), role="officer", login="can-bo")
    assert signed_in("can-bo").client.get("/territory").status_code == 403


def test_an_empty_register_says_how_to_begin(visitor: Visitor) -> None:
    page = visitor.client.get("/territory")
    assert page.status_code == 200
    assert "flask territory import" in page.text
    assert "Chưa có địa giới để vẽ." in page.text


def test_the_demonstrations_land_is_listed_and_drawn(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        district.ensure_land()
    page = visitor.client.get("/territory").text
    expected = ("Thị trấn Khánh Hải", "Xã Vĩnh Hải", "22846", "Quốc lộ 1A", "Đường sắt Thống Nhất")
    assert all(words in page for words in expected)
    assert page.count('class="land"') == 9
    assert "không hở, không chồng" in page
    assert "Hình vẽ giản lược" in page


def test_categories_and_deadlines_stand_on_the_page(visitor: Visitor) -> None:
    page = visitor.client.get("/territory").text
    assert "Lấn chiếm hè phố, lòng lề đường" in page
    assert "suốt ngày đêm" in page


def test_open_cases_are_counted_and_never_named(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        commune = make_commune(name="Vĩnh Hải")
        numbers = [make_case(commune).number for _ in range(3)]
    page = visitor.client.get("/territory").text
    assert '<td class="n">3</td>' in page
    assert not any(number in page for number in numbers)


def test_a_commune_without_officers_is_pointed_out(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        make_officer(make_commune(name="Tri Hải"), role="officer")
        make_commune(name="Tân Hải", column=1)
    page = visitor.client.get("/territory").text
    assert "1 đơn vị chưa có tài khoản cán bộ:" in page
    assert "xã Tân Hải." in page


def test_an_overlap_is_shown_with_its_units(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        import_boundaries(overlapping_squares(), ImportOrder(date(2024, 1, 1)))
    page = visitor.client.get("/territory").text
    assert "1 cảnh báo" in page
    assert "chồng 1,21 km²: xã Xã 1, xã Xã 2" in page


def test_a_set_that_waits_for_its_day_says_how_long(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        district.ensure_land()
        later = clock.today() + timedelta(days=13)
        import_boundaries(overlapping_squares(), ImportOrder(later))
    page = visitor.client.get("/territory").text
    assert "Chờ đến ngày, còn 13 ngày" in page
    assert "Xã Xã 1" not in page
    assert "Xã Xã 1" in visitor.client.get(f"/territory?on={later}").text


def test_a_day_that_cannot_be_read_is_refused(visitor: Visitor) -> None:
    assert visitor.client.get("/territory?on=hôm-qua").status_code == 422


def test_a_day_before_any_boundary_shows_an_empty_list(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        district.ensure_land()
    assert "Không có đơn vị nào" in visitor.client.get("/territory?on=1990-01-01").text


def test_the_page_costs_no_more_statements_with_more_cases_and_officers(
    app: Flask, visitor: Visitor, sql_counter: Callable[[], SqlCounter]
) -> None:
    def count() -> int:
        with sql_counter() as statements:
            assert visitor.client.get("/territory").status_code == 200
        return len(statements)

    with app.app_context():
        commune = make_commune()
    alone = count()
    with app.app_context():
        for _ in range(4):
            make_case(commune)
            make_officer(commune)
    assert count() <= alone
    # Seven rooms are on this page, and whoever keeps the system opens it now and then.
    assert alone <= 48
