"""Databases for tests: built once by the migrations, then copied for every test that wants one."""

import itertools
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

from tests.servers.environment import settings_for
from tests.servers.postgres import Postgres


class SqliteDatabases:
    """Copies of one SQLite file."""

    def __init__(self, folder: Path, *, is_filled: bool) -> None:
        """Build the file that is copied: migrated, with reference data if ``is_filled``."""
        self._template = folder / "template.sqlite"
        build(f"sqlite:///{self._template}", folder / "template-var", is_filled=is_filled)
        with sqlite3.connect(self._template) as connection:
            # What stands in the write-ahead log would be missing from a copy of the file.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    @contextmanager
    def copied(self, folder: Path) -> Iterator[str]:
        """Give the address of a fresh copy; it goes away with its folder."""
        copy = folder / "test.sqlite"
        shutil.copyfile(self._template, copy)
        yield f"sqlite:///{copy}"


class PostgresDatabases:
    """Copies of one template database."""

    def __init__(self, server: Postgres, folder: Path, *, is_filled: bool) -> None:
        """Build the template: migrated, with reference data if ``is_filled``."""
        self._server = server
        self._template = "filled" if is_filled else "bare"
        self._numbers = itertools.count(1)
        server.execute(f"CREATE DATABASE {self._template}")
        build(server.url(self._template), folder / "template-var", is_filled=is_filled)

    @contextmanager
    def copied(self, folder: Path) -> Iterator[str]:
        """Give the address of a fresh copy, and drop it at the end."""
        del folder
        name = f"{self._template}_{next(self._numbers)}"
        self._server.execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        try:
            yield self._server.url(name)
        finally:
            self._server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def build(database_url: str, var: Path, *, is_filled: bool) -> None:
    """Run every migration, then load what every installation holds if ``is_filled``."""
    from webapp.app import create_app
    from webapp.extensions import db

    app = create_app(settings_for(database_url, var))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    if is_filled:
        load_reference(app)


def load_reference(app: Flask) -> None:
    """Run ``flask reference load`` as a person would."""
    result = app.test_cli_runner().invoke(args=["reference", "load"])
    from webapp.extensions import db

    if result.exit_code != 0:
        raise RuntimeError(f"flask reference load: {result.output}") from result.exception
    with app.app_context():
        db.engine.dispose()
