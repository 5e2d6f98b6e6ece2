"""Fixtures for everybody: databases, applications, clients, Redis, live servers, a browser.

A test that asks for ``app`` (or anything made of it) runs twice, on SQLite and on PostgreSQL.
``app`` comes without a pushed context, so that two requests share nothing; a test of services
asks for ``context`` as well.

The application is imported where it is needed, so that tests of the domain start without it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache, FileSystemBytecodeCache

from tests.servers.counting import SqlCounter, counting
from tests.servers.databases import PostgresDatabases, SqliteDatabases
from tests.servers.environment import settings_for
from tests.servers.passwords import CHEAP_HASHER
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.redis import running_redis
from webapp.config import Settings

# A rule is tried on a sample in `make test`, and on twenty times as much in `make soak`.
# A busy machine must not fail a rule for being slow.
hypothesis.settings.register_profile("test", deadline=None, max_examples=100)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=2_000)
hypothesis.settings.load_profile("test")

pytest_plugins = ["tests.servers.browser", "tests.servers.live", "tests.servers.visitor"]

ROOT = Path(__file__).resolve().parent.parent

DATABASES = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the journey take the pictures of the README: ``pytest tests/journey --screenshots``."""
    parser.addoption("--screenshots", action="store_true", help="save docs/screenshots")


@pytest.fixture
def screenshots(request: pytest.FixtureRequest) -> Path | None:
    """The folder for the README's pictures, when they were asked for."""
    if not request.config.getoption("--screenshots"):
        return None
    folder = ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of our own; without one the tests fail loudly."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server_url() -> Iterator[str]:
    """A Redis of our own, one a session."""
    with running_redis() as url:
        yield url


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """The address of a Redis that is empty at the start of the test."""
    from redis import Redis

    Redis.from_url(redis_server_url).flushall()
    return redis_server_url


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """Migrated SQLite files with reference data."""
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"), is_filled=True)


@pytest.fixture(scope="session")
def postgres_databases(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> PostgresDatabases:
    """Migrated PostgreSQL databases with reference data."""
    return PostgresDatabases(postgres, tmp_path_factory.mktemp("postgres"), is_filled=True)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database, migrated and with reference data."""
    databases = request.getfixturevalue(
        "sqlite_databases" if request.param == "sqlite" else "postgres_databases"
    )
    with databases.copied(tmp_path) as url:
        yield url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Callable[..., Settings]:
    """Settings on the database, other ones by name: ``settings(ANLO_CASE_PREFIX="TH")``."""

    def make(**changes: str) -> Settings:
        return settings_for(database_url, tmp_path / "var", **changes)

    return make


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    """Templates compiled once: every test has an application of its own, with the same pages."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(
    settings: Callable[..., Settings],
    compiled_templates: BytecodeCache,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Flask]:
    """An application on a fresh database, with no Redis: work waits in the outbox.

    Its passwords are sealed at the least cost: a thousand tests sign somebody in.
    """
    from webapp.app import create_app
    from webapp.extensions import db
    from webapp.services import accounts

    monkeypatch.setattr(accounts, "_hasher", CHEAP_HASHER)
    application = create_app(settings())
    application.testing = True
    application.jinja_env.bytecode_cache = compiled_templates
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    """A pushed application context, for tests that call services."""
    from webapp.extensions import db

    with app.app_context():
        yield
        db.session.remove()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def sql_counter(app: Flask) -> Callable[[], SqlCounter]:
    """What makes a block count: each statement that runs inside goes into a list."""
    from webapp.extensions import db

    def count() -> SqlCounter:
        with app.app_context():
            return counting(db.engine)

    return count
