"""Whatever breaks, there is an answer in Vietnamese, and no log learns a key or a phone number."""

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.factories import make_commune, make_officer
from webapp import clock, errors, logs
from webapp.domain.errors import AnLoError, NotFound
from webapp.extensions import db
from webapp.models import Contact
from webapp.services.transaction import transaction

KEY = "7K" * 13
PHONE = "0912345678"


@pytest.fixture
def stderr_lines() -> Iterator[Callable[[], str]]:
    """What was written to standard error, by anybody."""
    paper = io.StringIO()
    with redirect_stderr(paper):
        logs.configure()
        yield paper.getvalue
    logs.configure()


@pytest.fixture
def officer(app: Flask, signed_in: Callable[[str], Any]) -> FlaskClient:
    """A browser in which an officer has signed in."""
    with app.app_context():
        make_officer(make_commune(), login="vinh-hai")
    return signed_in("vinh-hai").client


@contextmanager
def without_tables(app: Flask) -> Iterator[None]:
    """Take the tables of officers and reports away, so that every look at them fails."""
    with app.app_context(), db.engine.begin() as connection:
        for table in ("officers", "reports"):
            connection.execute(text(f"ALTER TABLE {table} RENAME TO {table}_away"))
    yield
    with app.app_context(), db.engine.begin() as connection:
        for table in ("officers", "reports"):
            connection.execute(text(f"ALTER TABLE {table}_away RENAME TO {table}"))


def test_with_a_broken_database_a_signed_in_officer_still_gets_a_page(
    app: Flask, officer: FlaskClient, stderr_lines: Callable[[], str]
) -> None:
    app.testing = False
    with without_tables(app):
        for url in (f"/track/{KEY}", f"/receipt/{KEY}", "/queue"):
            answer = officer.get(url)
            assert answer.status_code == 500
            assert "Máy chủ gặp lỗi" in answer.text
            assert answer.text != errors.LAST_RESORT
    assert "request_crashed" in stderr_lines()
    assert KEY not in stderr_lines()


def test_with_a_broken_database_a_page_that_is_not_there_is_still_not_found(
    app: Flask, officer: FlaskClient
) -> None:
    app.testing = False
    with without_tables(app):
        answer = officer.get("/nowhere")
    assert answer.status_code == 404
    assert "Không tìm thấy" in answer.text


def test_when_even_the_page_of_errors_fails_there_is_a_last_one(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.testing = False
    # Every page names its stylesheet; without the manifest none can be made.
    monkeypatch.setitem(app.jinja_env.globals, "asset", lambda _name: 1 / 0)
    for url in ("/", "/nowhere"):
        answer = client.get(url)
        assert answer.status_code == 500
        assert answer.text == errors.LAST_RESORT


def test_a_domain_error_out_of_an_error_handler_is_answered_as_itself(app: Flask) -> None:
    app.testing = False
    room = Blueprint("room", __name__)

    @room.get("/room")
    def broken() -> str:
        raise NotFound("photo_not_found")

    @room.errorhandler(AnLoError)
    def worse(_error: AnLoError) -> str:
        raise NotFound("case_not_public")

    app.register_blueprint(room)
    answer = app.test_client().get("/room")
    assert answer.status_code == 404
    assert "Không có vụ việc công khai nào mang số này." in answer.text


def test_a_kind_of_a_domain_error_has_the_status_of_its_class() -> None:
    class Lost(NotFound):
        """Something that is not found in a way of its own."""

    assert errors.status_of(Lost("photo_not_found")) == 404


def test_a_statement_that_fails_tells_no_log_what_it_was_about_to_store(
    app: Flask, stderr_lines: Callable[[], str]
) -> None:
    app.testing = False

    def store() -> str:
        with transaction() as work:
            for _ in range(2):
                work.session.execute(
                    db.insert(Contact).values(
                        report_id=1, phone=PHONE, consented_at=clock.now(), email=None
                    )
                )
        return ""

    app.add_url_rule("/store", "store", store)
    assert app.test_client().get("/store").status_code == 500
    told = stderr_lines()
    assert "IntegrityError" in told
    assert PHONE not in told


@pytest.mark.parametrize(
    "line",
    [
        f"Exception on /track/{KEY} [GET]",
        f"Error handling request /receipt/{KEY}?language=en",
        f"GET /track?key={KEY}&x=1",
        f"GET /track?x=1&key={KEY[:9]}",
        f"the key is '{KEY}'",
        f"the key is {KEY.lower()}.",
    ],
)
def test_keys_are_masked_wherever_they_stand(line: str) -> None:
    assert KEY[:9].lower() not in logs.mask_keys(line).lower()


@pytest.mark.parametrize(
    "line", ["a" * 26, "SQLAlchemyRegistryOfModels", "0" * 64, "NH-2026-00042"]
)
def test_what_is_no_key_is_left_alone(line: str) -> None:
    assert logs.mask_keys(line) == line


def test_a_link_of_a_message_is_masked_in_the_log() -> None:
    link = "k3v9" * 7
    assert logs.mask_keys(f"GET https://anlo.vn/m/{link}/confirm 500") == (
        "GET https://anlo.vn/m/…/confirm 500"
    )


@pytest.mark.parametrize("name", ["", "webapp.app", "gunicorn.error", "rq.worker"])
def test_every_logger_of_the_process_is_masked(
    app: Flask, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    try:
        int(f"/track/{KEY}")
    except ValueError:
        logging.getLogger(name).exception("Exception on %s [%s]", f"/track/{KEY}", "GET")
    logging.getLogger(name).error("no %d", "number")
    assert "Exception on /track/… [GET]" in caplog.text
    assert KEY not in caplog.text
