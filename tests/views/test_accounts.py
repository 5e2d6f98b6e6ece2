"""Signing in, and where one may be sent afterwards."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.servers.casework_scene import PASSWORD, build_district, make_officer
from tests.servers.visitor import Visitor
from webapp.extensions import db


@pytest.fixture
def visitor(app: Flask, client: FlaskClient) -> Visitor:
    with app.app_context():
        district = build_district()
        make_officer(district.commune_id, login="hanh")
        db.session.remove()
    return Visitor(client)


def test_a_page_for_officers_asks_to_sign_in_and_comes_back(visitor: Visitor) -> None:
    asked = visitor.client.get("/queue?view=late")
    assert asked.location == "/sign-in?next=/queue?view%3Dlate"
    fields = {"login": "HANH ", "password": PASSWORD, "next": "/queue?view=late"}
    assert visitor.post("/sign-in", fields, form="/sign-in").location == "/queue?view=late"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "//[",
        "javascript:alert(1)",
        "queue",
    ],
)
def test_nobody_is_sent_to_another_host(visitor: Visitor, target: str) -> None:
    fields = {"login": "hanh", "password": PASSWORD, "next": target}
    assert visitor.post("/sign-in", fields, form="/sign-in").location == "/start"


def test_the_form_opens_whatever_it_is_asked_to_lead_to(visitor: Visitor) -> None:
    assert visitor.client.get("/sign-in?next=//[").status_code == 200


def test_a_login_that_no_database_takes_is_a_wrong_one(visitor: Visitor) -> None:
    fields = {"login": "a\0b", "password": "sai\0"}
    assert visitor.post("/sign-in", fields, form="/sign-in").status_code == 422


def test_signing_out_ends_a_session_whose_cookie_was_copied(app: Flask, visitor: Visitor) -> None:
    visitor.sign_in("hanh", PASSWORD)
    cookie = visitor.client.get_cookie("session")
    assert cookie is not None
    visitor.post("/sign-out", {}, form="/queue")
    thief = app.test_client()
    thief.set_cookie("session", cookie.value)
    assert thief.get("/queue").status_code == 302


def test_a_wrong_password_keeps_the_login_and_says_how_many_tries_are_left(
    visitor: Visitor,
) -> None:
    fields = {"login": "hanh", "password": "sai mật khẩu"}
    answer = visitor.post("/sign-in", fields, form="/sign-in")
    assert answer.status_code == 422
    assert "Còn 4 lần thử" in answer.text
    assert 'value="hanh"' in answer.text


def test_after_five_wrong_tries_even_the_right_password_waits(visitor: Visitor) -> None:
    for _ in range(5):
        visitor.post("/sign-in", {"login": "hanh", "password": "sai"}, form="/sign-in")
    right = {"login": "hanh", "password": PASSWORD}
    answer = visitor.post("/sign-in", right, form="/sign-in")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900


def test_signing_out_needs_a_token_and_ends_the_session(visitor: Visitor) -> None:
    visitor.sign_in("hanh", PASSWORD)
    assert visitor.client.post("/sign-out").status_code == 400
    assert visitor.post("/sign-out", {}, form="/queue").status_code == 302
    assert visitor.client.get("/queue").status_code == 302


def test_another_password_ends_the_other_sessions(app: Flask, visitor: Visitor) -> None:
    elsewhere = Visitor(app.test_client())
    elsewhere.sign_in("hanh", PASSWORD)
    visitor.sign_in("hanh", PASSWORD)
    fields = {
        "old_password": PASSWORD,
        "new_password": "một câu khác còn dài hơn",
        "repeated_password": "một câu khác còn dài hơn",
    }
    assert visitor.post("/password", fields, form="/password").status_code == 302
    assert visitor.client.get("/queue").status_code == 200
    assert elsewhere.client.get("/queue").status_code == 302


def test_a_short_password_is_refused_at_its_field(visitor: Visitor) -> None:
    visitor.sign_in("hanh", PASSWORD)
    fields = {"old_password": PASSWORD, "new_password": "ngắn", "repeated_password": "ngắn"}
    answer = visitor.post("/password", fields, form="/password")
    assert answer.status_code == 422
    assert "ít nhất 10 ký tự" in answer.text
