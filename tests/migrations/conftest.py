"""Databases in which no migration has run yet, and applications on them."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.servers.environment import settings_for
from webapp.app import create_app
from webapp.extensions import db

_numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    server = request.getfixturevalue("postgres")
    name = f"empty_{next(_numbers)}"
    server.execute(f"CREATE DATABASE {name}")
    yield server.url(name)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def unmigrated(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application on an empty database, with its context pushed."""
    app = create_app(settings_for(empty_database_url, tmp_path / "var"))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
