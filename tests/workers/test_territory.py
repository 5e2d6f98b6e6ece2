"""The clock on the day new boundaries hold: it asks for what there is to do, and a job does it."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories import make_case, make_commune, make_supervising_unit
from webapp import clock
from webapp.extensions import db
from webapp.models import Case, OutboxEntry
from webapp.services import territory_correction, territory_turn
from workers import context, territory

BEFORE = datetime(2025, 6, 20, 3, 0, tzinfo=UTC)
MIDNIGHT = datetime(2025, 6, 30, 17, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _here(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run in this process, on the test's application."""
    monkeypatch.setattr(context, "application", lambda: app)


@pytest.fixture
def case_id(app: Flask) -> int:
    """A case on land that passes to another commune on 1 July 2025."""
    with app.app_context(), clock.at(BEFORE):
        district = make_supervising_unit()
        old = make_commune(name="Cũ", parent=district, valid_to=date(2025, 6, 30))
        make_commune(name="Mới", parent=district, valid_from=date(2025, 7, 1))
        return make_case(old, opened_at=BEFORE).id


def asked(app: Flask) -> list[str]:
    with app.app_context():
        query = select(OutboxEntry.subject).where(
            OutboxEntry.kind == "switch_territory", OutboxEntry.done_at.is_(None)
        )
        return list(db.session.scalars(query))


def turn(app: Flask, moment: datetime) -> list[str]:
    with app.app_context(), clock.at(moment):
        territory_turn.take()
    return asked(app)


def lead(app: Flask, case_id: int) -> str:
    with app.app_context():
        return db.session.get_one(Case, case_id).lead_unit.name


def test_from_midnight_on_the_clock_asks_and_the_job_switches(app: Flask, case_id: int) -> None:
    assert turn(app, BEFORE) == []
    assert turn(app, MIDNIGHT) == ["2025-07-01"]
    with clock.at(MIDNIGHT):
        territory.switch_territory("2025-07-01")
        territory.switch_territory("2025-07-01")
    assert lead(app, case_id) == "Mới"
    assert asked(app) == turn(app, MIDNIGHT) == []


def test_the_clock_never_switches_against_a_correction(app: Flask, case_id: int) -> None:
    turn(app, MIDNIGHT)
    with clock.at(MIDNIGHT):
        territory.switch_territory("2025-07-01")
        with app.app_context():
            territory_correction.correct(1, on=date(2025, 7, 1))
    assert turn(app, MIDNIGHT) == []
    assert lead(app, case_id) == "Cũ"


def test_a_job_that_comes_after_a_correction_leaves_it_alone(app: Flask, case_id: int) -> None:
    turn(app, MIDNIGHT)
    with clock.at(MIDNIGHT), app.app_context():
        run = territory_turn.territory_switch.switch(date(2025, 7, 1))
        assert run is not None
        territory_correction.correct(run.id, on=date(2025, 7, 1))
    with clock.at(MIDNIGHT):
        territory.switch_territory("2025-07-01")
    assert lead(app, case_id) == "Cũ"
    assert asked(app) == []
