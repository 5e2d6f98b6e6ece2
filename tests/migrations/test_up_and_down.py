"""Every migration goes up, down and up again, with rows in the tables as well."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError

from tests import factories
from tests.servers.databases import load_reference
from webapp import clock
from webapp.extensions import db
from webapp.models import (
    Case,
    CaseEvent,
    LabelledPair,
    MergeSuggestion,
    Officer,
    Photo,
    PhotoPrint,
    PhotoReuse,
    Report,
    Unit,
)
from webapp.services import casework, casework_merging
from webapp.services.casework_acts import Seen
from webapp.services.transaction import transaction


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


def test_cases_resolved_before_proofs_were_dated_get_the_date_of_their_events(
    unmigrated: Flask,
) -> None:
    upgrade()
    fill(unmigrated)
    at = clock.now()
    numbers = [resolve(at, captured_at) for captured_at in (at - timedelta(days=2), None)]
    numbers.append(resolve(at, at + timedelta(days=9)))
    downgrade(revision="0001")
    upgrade()

    proofs = {case.number: case.proof_at for case in db.session.scalars(select(Case))}
    assert [proofs.pop(number) for number in numbers] == [at - timedelta(days=2), at, at]
    assert list(proofs.values()) == [None]
    db.session.remove()
    with pytest.raises(DBAPIError, match="only with a new event"), db.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET severity = 4"))


def test_down_and_up_with_everything_in_the_tables_that_the_second_version_brought(
    unmigrated: Flask,
) -> None:
    upgrade()
    fill(unmigrated)
    fill_likeness()
    downgrade(revision="0001")
    upgrade()

    assert len(db.session.scalars(select(Case.id)).all()) == 3
    assert db.session.scalars(select(Case.merged_into_id)).all() == [None] * 3
    assert db.session.scalars(select(PhotoPrint)).all() == []


def resolve(at: datetime, captured_at: datetime | None) -> str:
    """Make a case that was resolved with a proof of that time; return its number."""
    commune = db.session.scalars(select(Unit).where(Unit.tier == "commune")).one()
    number = factories.make_case(commune, opened_at=at - timedelta(days=3)).number
    for kind, data in (
        ("acknowledged", {}),
        ("resolved", {"public_sentence": "Đã dọn.", "photo_captured_at": captured_at}),
    ):
        with transaction() as work:
            case = work.session.scalars(select(Case).where(Case.number == number)).one()
            officer = work.session.scalars(select(Officer)).one()
            casework.append(work, case, kind, actor=officer, now=at, data=data)
    db.session.remove()
    return number


def fill_likeness() -> None:
    """Put a print, a reuse, a suggestion, a label and a merged case into the tables."""
    commune = db.session.scalars(select(Unit).where(Unit.tier == "commune")).one()
    officer = db.session.scalars(select(Officer)).one()
    one, other = (factories.make_case(commune, witnesses=1) for _ in range(2))
    reports = db.session.scalars(select(Report).order_by(Report.id)).all()[-2:]
    photos = [factories.make_photo(report, state="ready") for report in reports]
    with transaction() as work:
        quarters = {f"quarter_{number}": 0 for number in range(4)}
        facts = {"version": 1, "perceptual_hash": 0, "features": b"", "made_at": clock.now()}
        earlier, later = (work.session.get_one(Photo, photo.id) for photo in photos)
        work.session.add_all(
            [
                PhotoPrint(received_sha256=later.received_sha256, **quarters, **facts),
                PhotoReuse(
                    photo_id=later.id,
                    earlier_photo_id=earlier.id,
                    kind="other_sender",
                    found_at=clock.now(),
                ),
                MergeSuggestion(
                    case_id=other.id,
                    other_case_id=one.id,
                    report_id=later.report_id,
                    probability=0.5,
                    terms={},
                    made_at=clock.now(),
                ),
            ]
        )
    seen = [Seen(case.number, db.session.get_one(Case, case.id).version) for case in (one, other)]
    casework_merging.merge(officer, *seen)
    assert db.session.scalars(select(LabelledPair.id)).first() is not None
    assert db.session.scalars(select(Case.id).where(Case.merged_into_id.is_not(None))).one()
    db.session.remove()
