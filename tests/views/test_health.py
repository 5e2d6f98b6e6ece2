"""What whoever watches the machine is told: alive, ready, and what stands in the way."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from webapp.app import create_app
from webapp.config import Settings
from webapp.extensions import db


def test_a_process_that_answers_is_alive(client: FlaskClient) -> None:
    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json == {"status": "alive"}


def test_without_redis_reports_can_be_taken_all_the_same(client: FlaskClient) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json == {
        "status": "ready", "database": "ready", "photos": "ready", "redis": "away",
    }  # fmt: skip


def test_a_redis_that_answers_is_named(settings: Callable[..., Settings], redis_url: str) -> None:
    client = create_app(settings(REDIS_URL=redis_url)).test_client()

    assert client.get("/readyz").json["redis"] == "ready"


def test_a_database_that_waits_for_its_migrations_is_not_ready(
    app: Flask, client: FlaskClient
) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json["database"] == "migrations missing"


def test_a_photo_folder_that_cannot_be_written_is_not_ready(
    settings: Callable[..., Settings], client: FlaskClient
) -> None:
    photos: Path = settings().photo_folder
    if photos.exists():
        photos.rmdir()
    # A file where the folder should be stops even root, whom no mode stops.
    photos.write_text("in the way", encoding="ascii")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json["photos"] == "not writable"


def test_a_database_that_is_away_is_not_ready(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    nowhere = f"postgresql://nobody@/nothing?host={tmp_path}"
    client = create_app(settings(DATABASE_URL=nowhere)).test_client()

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json["database"] == "away"
