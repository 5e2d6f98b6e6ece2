"""Every migration goes up, down and up again, with rows in the tables as well."""

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, select, text

from tests import factories
from tests.servers.databases import load_reference
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Report


def test_up_builds_every_table_of_the_models(unmigrated: Flask) -> None:
    upgrade()

    assert set(inspect(db.engine).get_table_names()) == {*db.metadata.tables, "alembic_version"}


def test_down_leaves_nothing_behind(unmigrated: Flask) -> None:
    upgrade()
    downgrade(revision="base")

    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    assert left_functions() == []


def test_up_again_after_down(unmigrated: Flask) -> None:
    upgrade()
    downgrade(revision="base")
    upgrade()

    assert set(inspect(db.engine).get_table_names()) == {*db.metadata.tables, "alembic_version"}


def test_up_twice_changes_nothing(unmigrated: Flask) -> None:
    upgrade()
    fill(unmigrated)
    upgrade()

    assert db.session.scalar(select(Case.number)) is not None
    assert len(db.session.scalars(select(Report.id)).all()) == 2
    assert len(db.session.scalars(select(CaseEvent.id)).all()) == 3


def test_down_with_rows_in_the_tables(unmigrated: Flask) -> None:
    upgrade()
    fill(unmigrated)
    downgrade(revision="base")

    assert inspect(db.engine).get_table_names() == ["alembic_version"]


def fill(app: Flask) -> None:
    """Put a case of two witnesses, an officer and pending work into the tables."""
    load_reference(app)
    commune = factories.make_commune(parent=factories.make_supervising_unit())
    factories.make_officer(commune)
    factories.make_case(commune, witnesses=2)
    # A session that holds a transaction would keep the migration waiting for its locks.
    db.session.remove()


def left_functions() -> list[str]:
    """Return the functions that triggers called; only PostgreSQL has any."""
    if db.engine.dialect.name == "sqlite":
        return []
    with db.engine.connect() as connection:
        rows = connection.execute(text("SELECT proname FROM pg_proc WHERE proname LIKE 'anlo%'"))
        return list(rows.scalars())
