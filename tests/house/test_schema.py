"""Models and migrations say the same, and migrations stand in one numbered line."""

import re
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.schema import CreateIndex

from tests.house.conftest import House
from webapp.extensions import db

IMPORT_OF_OURS = re.compile(r"^\s*(?:from|import) (?:webapp|workers)\b", re.MULTILINE)


def test_models_are_what_migrations_build(app: Flask, context: None) -> None:
    with db.engine.connect() as connection:
        migrations = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(migrations, db.metadata)

        real = [change for change in differences if not is_same_index(connection, change)]

    assert real == []


def is_same_index(connection: Connection, change: Any) -> bool:
    """Tell whether a difference is only that SQLite forgets the order within an index.

    Reflection there loses DESC, so such an index seems to be removed and added; what the
    database keeps as its text tells the truth.
    """
    if connection.dialect.name != "sqlite" or not str(change[0]).endswith("_index"):
        return False
    name = change[1].name
    model = next(
        index
        for table in db.metadata.tables.values()
        for index in table.indexes
        if index.name == name
    )
    wanted = str(CreateIndex(model).compile(dialect=connection.dialect))
    kept = connection.execute(
        text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": name}
    )
    return words(wanted) == words(kept.scalar_one())


def words(statement: str) -> list[str]:
    """Return a statement as its words, for comparison."""
    return re.findall(r"[\w.]+", statement)


def test_migrations_have_one_head(house: House) -> None:
    assert len(ScriptDirectory(str(house.root / "migrations")).get_heads()) == 1


def test_migrations_are_numbered_in_their_order(house: House) -> None:
    scripts = ScriptDirectory(str(house.root / "migrations"))
    in_order = [script.revision for script in reversed(list(scripts.walk_revisions()))]

    assert in_order == [f"{number:04}" for number in range(1, len(in_order) + 1)]


def test_every_migration_has_a_number_and_a_slug(house: House) -> None:
    names = [file.name for file in (house.root / "migrations" / "versions").glob("*.py")]

    assert [name for name in names if not re.fullmatch(r"\d{4}_[a-z0-9_]+\.py", name)] == []


def test_no_migration_leans_on_code_that_will_change(house: House) -> None:
    leaning = [
        house.name(file)
        for file in house.python_files("migrations/versions")
        if IMPORT_OF_OURS.search(file.read_text(encoding="utf-8"))
    ]

    assert leaning == []
