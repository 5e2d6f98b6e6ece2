"""The database itself refuses a case that changed in silence, and a history that is rewritten."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests import factories
from webapp.extensions import db
from webapp.models import Case


@pytest.fixture
def case(app: Flask, context: None) -> Case:
    """A case of one report: opened (version 1), report attached (version 2)."""
    case = factories.make_case(factories.make_commune())
    db.session.rollback()
    return case


def test_a_case_does_not_change_without_an_event(case: Case) -> None:
    with pytest.raises(DBAPIError, match="only with a new event"):
        run("UPDATE cases SET severity = 4")


def test_a_case_does_not_change_behind_an_event_that_is_missing(case: Case) -> None:
    with pytest.raises(DBAPIError, match="only with a new event"):
        run("UPDATE cases SET severity = 4, version = version + 1")


def test_a_case_does_not_fall_back_to_an_older_event(case: Case) -> None:
    with pytest.raises(DBAPIError, match="only with a new event"):
        run("UPDATE cases SET severity = 4, version = version - 1")


def test_a_case_changes_together_with_its_event(case: Case) -> None:
    run(
        "INSERT INTO case_events (case_id, version, kind, at, data, hash)"
        " VALUES (:id, 3, 'note_added', '2026-06-18 07:32:00', '{}', 'seal')",
        "UPDATE cases SET severity = 4, version = 3",
        id=case.id,
    )

    assert read("SELECT severity FROM cases") == 4


def test_a_case_is_not_opened_without_an_event(case: Case) -> None:
    columns = ", ".join(
        column.name for column in Case.__table__.columns if column.name not in ("id", "number")
    )

    with pytest.raises(DBAPIError):
        run(
            f"INSERT INTO cases (id, number, {columns})"  # noqa: S608 - our own column names
            f" SELECT 999, 'NH-2026-00999', {columns} FROM cases"
        )


def test_events_leave_no_gap(case: Case) -> None:
    with pytest.raises(DBAPIError, match="no gap"):
        run(
            "INSERT INTO case_events (case_id, version, kind, at, data, hash)"
            " VALUES (:id, 4, 'note_added', '2026-06-18 07:32:00', '{}', 'seal')",
            id=case.id,
        )


def test_no_event_stands_twice(case: Case) -> None:
    with pytest.raises(DBAPIError):
        run(
            "INSERT INTO case_events (case_id, version, kind, at, data, hash)"
            " VALUES (:id, 2, 'note_added', '2026-06-18 07:32:00', '{}', 'seal')",
            id=case.id,
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE case_events SET words = 'as if it had been said'",
        "DELETE FROM case_events WHERE version = 2",
        "UPDATE attachments SET terms = '{}'",
        "DELETE FROM attachments",
        "UPDATE triage_acts SET words = 'as if it had been said'",
        "DELETE FROM triage_acts",
    ],
)
def test_history_is_never_rewritten(case: Case, statement: str) -> None:
    run(
        "INSERT INTO triage_acts (report_id, kind, at, data)"
        " SELECT id, 'retry', received_at, '{}' FROM reports"
    )

    with pytest.raises(DBAPIError, match="append-only"):
        run(statement)


def run(*statements: str, **values: object) -> None:
    """Run statements as one transaction, past all of our own code."""
    with db.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values if ":" in statement else {})


def read(statement: str) -> object:
    """Return the one value that a statement finds."""
    with db.engine.connect() as connection:
        return connection.execute(text(statement)).scalar_one()
