"""A visitor chooses the language; the browser's own does not decide."""

from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import Markup

from webapp.language import bound, month, said
from webapp.services.reference import CATEGORIES


def test_pages_are_vietnamese_whatever_the_browser_says(client: FlaskClient) -> None:
    page = client.get("/", headers={"Accept-Language": "en-GB"})
    assert '<html lang="vi">' in page.text
    assert "Chụp ảnh" in page.text


def test_a_choice_is_remembered_and_leads_back(client: FlaskClient) -> None:
    answer = client.get(
        "/language/en", headers={"Referer": "http://localhost/results?month=2026-10"}
    )
    assert answer.status_code == 302
    assert answer.location == "/results?month=2026-10"
    page = client.get("/")
    assert '<html lang="en">' in page.text
    assert "Take a photo" in page.text
    client.get("/language/vi")
    assert "Chụp ảnh" in client.get("/").text


@pytest.mark.parametrize(
    "came_from",
    [
        "https://elsewhere.example/page",
        "http://localhost//elsewhere.example/",
        "javascript:alert(1)",
        "http://[",
        "",
    ],
)
def test_a_choice_never_leads_to_another_host(client: FlaskClient, came_from: str) -> None:
    location = client.get("/language/en", headers={"Referer": came_from}).location
    assert location.startswith("/")
    assert not location.startswith("//")


def test_an_unknown_language_is_not_found(client: FlaskClient) -> None:
    assert client.get("/language/xx").status_code == 404


def test_a_choice_on_a_page_with_a_key_stays_on_it_and_tells_nobody(client: FlaskClient) -> None:
    url = f"/track/{'7' * 26}"
    assert f'href="{url}?language=en"' in client.get(url).text
    answer = client.get(f"{url}?language=en")
    assert (answer.status_code, answer.location) == (302, url)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert '<html lang="en">' in client.get(url).text


@pytest.mark.parametrize("url", ["/?language=en", f"/track/{'7' * 26}?language=xx"])
def test_no_other_page_and_no_other_language_is_chosen_that_way(
    client: FlaskClient, url: str
) -> None:
    assert "language" not in client.get(url).headers.get("Set-Cookie", "")


def test_what_ships_in_the_database_is_said_in_english_too(client: FlaskClient) -> None:
    client.get("/language/en")
    form = client.get("/report").text
    assert "Pavement blocked" in form
    assert "Vỉa hè bị chiếm" not in form


def test_every_category_that_ships_has_its_english(app: Flask) -> None:
    with app.test_request_context("/", headers={"Cookie": "language=en"}):
        for category in CATEGORIES:
            assert said(category.tile_label) != category.tile_label
            assert said(category.name) != category.name
        assert said("Chó thả rông") == "Chó thả rông"


def test_a_month_is_said_as_each_language_does(app: Flask) -> None:
    with app.test_request_context("/"):
        assert month(date(2026, 10, 1)) == "tháng 10/2026"
    with app.test_request_context("/", headers={"Cookie": "language=en"}):
        assert month(date(2026, 10, 1)) == "October 2026"
        assert month(date(2026, 10, 1), year=False) == "October"


def test_a_heading_does_not_break_inside_a_word_or_after_a_number() -> None:
    assert bound("Đã xử lý xong 3 vụ việc") == "Đã xử\u00a0lý xong 3\u00a0vụ\u00a0việc"
    escaped = bound(Markup("Phản ánh &lt;này&gt;"))
    assert isinstance(escaped, Markup)
    assert escaped == "Phản\u00a0ánh &lt;này&gt;"
