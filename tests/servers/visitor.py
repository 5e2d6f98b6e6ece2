"""A person with a browser and no JavaScript: signs in, fills in forms, carries the CSRF token."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

# One password for every officer of the tests: hashing is slow on purpose, so it is done once.
PASSWORD = "mười-hai-con-thuyền"

_TOKENS = (
    re.compile(r'name="csrf_token"[^>]*value="([^"]+)"'),
    re.compile(r'name="csrf-token"[^>]*content="([^"]+)"'),
    re.compile(r'value="([^"]+)"[^>]*name="csrf_token"'),
)


class Visitor:
    """Wraps a test client; what a form needs beside its fields is fetched from a page first."""

    def __init__(self, client: FlaskClient) -> None:
        """Begin as somebody whom nobody knows."""
        self.client = client

    def sign_in(self, login: str, password: str = PASSWORD) -> TestResponse:
        """Sign in by the form, and expect it to work."""
        answer = self.post("/sign-in", {"login": login, "password": password}, form="/sign-in")
        if answer.status_code not in (302, 303):
            raise AssertionError(f"{login} could not sign in:\n{answer.text}")
        return answer

    def post(self, url: str, fields: dict[str, Any], *, form: str) -> TestResponse:
        """Send a form to ``url`` with the token of the page ``form``."""
        return self.client.post(url, data=fields | {"csrf_token": self.token(form)})

    def token(self, form: str) -> str:
        """Return the CSRF token that stands in a page."""
        text = self.client.get(form).text
        found = (pattern.search(text) for pattern in _TOKENS)
        token = next((match[1] for match in found if match), None)
        if token is None:
            raise AssertionError(f"no CSRF token in {form}:\n{text}")
        return token


@pytest.fixture
def signed_in(app: Flask) -> Callable[[str], Visitor]:
    """Sign officers in, each in a browser of their own: ``signed_in("vinh-hai")``."""

    def sign_in(login: str) -> Visitor:
        visitor = Visitor(app.test_client())
        visitor.sign_in(login)
        return visitor

    return sign_in
