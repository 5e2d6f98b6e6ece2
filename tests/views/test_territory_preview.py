"""The door that tells a form where a report would go."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import LONG_AGO, SIDE_DEGREES, SOUTH_WEST, make_commune, somewhere
from webapp import clock
from webapp.app import create_app
from webapp.config import Settings
from webapp.models import Corridor, Report, Unit
from webapp.services.transaction import transaction

MIDDLE = somewhere()
BORDER_LONGITUDE = SOUTH_WEST[1] + SIDE_DEGREES
SHORE = (SOUTH_WEST[0] - 100 / 111_195, MIDDLE.longitude)

Ask = Callable[..., TestResponse]


@pytest.fixture
def land(app: Flask) -> None:
    """Two communes side by side, and a road through the southern part of the western one."""
    with app.app_context():
        make_commune(column=0, code="22846", name="Vĩnh Hải")
        make_commune(column=1, code="22867", name="Nhơn Hải")
        with transaction() as work:
            work.session.add(
                Corridor(
                    code="DT702",
                    name="Đường tỉnh 702",
                    kind="provincial_road",
                    half_width_m=15,
                    geometry={
                        "type": "LineString",
                        "coordinates": [[SOUTH_WEST[1], 11.602], [BORDER_LONGITUDE, 11.602]],
                    },
                    valid_from=LONG_AGO,
                )
            )


@pytest.fixture
def ask(client: FlaskClient) -> Ask:
    """Ask the door: ``ask(accuracy_m=None)``, or with other bytes and headers."""
    question = {"latitude": MIDDLE.latitude, "longitude": MIDDLE.longitude, "accuracy_m": 8.0}

    def send(
        raw: bytes | None = None, headers: dict[str, str] | None = None, **changes: Any
    ) -> TestResponse:
        body = json.dumps(question | changes).encode() if raw is None else raw
        return client.post("/territory/preview", data=body, headers=headers or {})

    return send


def test_the_middle_of_a_commune_is_clearly_its_own(ask: Ask, land: None) -> None:
    answer = ask(category="road_damage")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    unit = {"code": "22846", "kind": "xã", "name": "Vĩnh Hải"}
    assert answer.get_json() == {
        "unit": unit,
        "certainty": "clear",
        "others": [],
        "corridor": None,
        "leads": unit,
    }


def test_without_a_category_the_lands_commune_is_said_to_lead(ask: Ask, land: None) -> None:
    assert ask().get_json()["leads"]["name"] == "Vĩnh Hải"


def test_at_a_border_both_are_named_with_the_neighbours_share(ask: Ask, land: None) -> None:
    told = ask(longitude=BORDER_LONGITUDE - 0.00001, accuracy_m=20).get_json()
    assert (told["certainty"], told["unit"]["name"]) == ("straddling", "Vĩnh Hải")
    (other,) = told["others"]
    assert (other["code"], other["name"]) == ("22867", "Nhơn Hải")
    assert 0.4 < other["share"] < 0.5


def test_the_beach_is_the_nearest_communes(ask: Ask, land: None) -> None:
    told = ask(latitude=SHORE[0], longitude=SHORE[1]).get_json()
    assert (told["certainty"], told["unit"]["name"]) == ("near_outside", "Vĩnh Hải")


def test_the_open_sea_is_nobodys(ask: Ask, land: None) -> None:
    told = ask(latitude=11.5).get_json()
    assert told == {
        "unit": None, "certainty": "outside", "others": [], "corridor": None, "leads": None
    }  # fmt: skip


def test_a_line_is_named_where_the_spot_lies_on_its_strip(ask: Ask, land: None) -> None:
    told = ask(latitude=11.60203, category="corridor_encroachment").get_json()["corridor"]
    assert told == {"code": "DT702", "name": "Đường tỉnh 702", "label": "DT702"}


def test_nothing_of_a_question_is_kept(ask: Ask, app: Flask, land: None) -> None:
    ask()
    with app.app_context():
        assert Report.query.count() == 0
        assert Unit.query.count() == 2


@pytest.mark.parametrize(
    ("raw", "status", "field"),
    [
        (b"", 422, None),
        (b"no json", 422, None),
        (b"[11.6, 109.0]", 422, None),
        (b"{}", 422, "latitude"),
        (b'{"latitude": 11.6}', 422, "longitude"),
        (b'{"latitude": NaN, "longitude": 109}', 422, None),
        (b'{"latitude": 0, "longitude": 0}', 422, "longitude"),
        (b'{"latitude": 91, "longitude": 109}', 422, "longitude"),
        (b'{"latitude": "11", "longitude": 109}', 422, "latitude"),
        (b'{"latitude": 1e999, "longitude": 109}', 422, "latitude"),
        (b'{"latitude": 11, "longitude": 109, "accuracy_m": "far"}', 422, "accuracy_m"),
        (b'{"latitude": 11, "longitude": 109, "category": 7}', 422, "category"),
        (b" " * 5_000, 413, None),
        (b" " * 40_000_000, 413, None),
    ],
)
def test_what_cannot_be_used_is_refused_in_words_and_as_json(
    ask: Ask, raw: bytes, status: int, field: str | None
) -> None:
    answer = ask(raw)
    assert answer.status_code == status
    assert answer.headers["Cache-Control"] == "no-store"
    error = answer.get_json()["error"]
    assert error["field"] == field
    assert error["message"].endswith(".")
    assert error["code"] not in error["message"]


@pytest.mark.parametrize("accuracy_m", [-1, 0, 1e-9, 1e9, None])
def test_any_accuracy_gets_an_answer(ask: Ask, land: None, accuracy_m: float | None) -> None:
    told = ask(accuracy_m=accuracy_m).get_json()
    assert told["unit"]["name"] == "Vĩnh Hải"
    assert told["certainty"] == ("straddling" if accuracy_m == 1e9 else "clear")


@pytest.mark.parametrize("latitude", [90, -90, 89.9999999])
def test_a_pole_is_nobodys(ask: Ask, land: None, latitude: float) -> None:
    assert ask(latitude=latitude).get_json()["certainty"] == "outside"


def test_a_category_that_nobody_knows_breaks_nothing(ask: Ask, land: None) -> None:
    assert ask(category="không có").get_json()["unit"]["name"] == "Vĩnh Hải"


def test_other_sites_are_refused(ask: Ask, land: None) -> None:
    assert ask(headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_too_many_questions_of_an_address_wait(settings: Callable[..., Settings]) -> None:
    limited = create_app(settings(ANLO_NEARBY_PER_ADDRESS_MINUTE="2"))
    body = json.dumps({"latitude": 11.6, "longitude": 109.0})
    answers = [limited.test_client().post("/territory/preview", data=body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_land_of_another_day_does_not_count(ask: Ask, app: Flask) -> None:
    with app.app_context():
        make_commune(name="Cũ", valid_to=clock.today().replace(year=2021))
    assert ask().get_json()["certainty"] == "outside"


def test_shares_never_pretend(ask: Ask, land: None) -> None:
    told = ask(longitude=BORDER_LONGITUDE, accuracy_m=30).get_json()
    assert math.isclose(told["others"][0]["share"], 0.5)
