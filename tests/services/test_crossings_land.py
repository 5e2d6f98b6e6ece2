"""Registered crossings and the land they lie on: they follow it, and go back with a correction."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.factories import make_case, make_commune, make_officer, make_supervising_unit, somewhere
from tests.servers.crossings_scene import make_crossing
from webapp import clock
from webapp.extensions import db
from webapp.models import Boundary, Crossing, CrossingInspection, Unit
from webapp.services import (
    crossings_land,
    territory_correction,
    territory_switch,
    territory_turn,
)
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def district(context: None) -> Unit:
    return make_supervising_unit()


def read(crossing_id: int) -> Crossing:
    db.session.expire_all()
    return db.session.get_one(Crossing, crossing_id)


def history(crossing_id: int) -> list[CrossingInspection]:
    rows = select(CrossingInspection).where(CrossingInspection.crossing_id == crossing_id)
    return list(db.session.scalars(rows.order_by(CrossingInspection.id)))


def give_up_land(unit: Unit, last_day: date, district: Unit) -> Unit:
    """Let a commune go on elsewhere, and another begin on the land that it had."""
    elsewhere = make_commune(column=4, valid_to=last_day)
    with transaction() as work:
        lands = {land.unit_id: land for land in work.session.scalars(select(Boundary))}
        lands[unit.id].valid_to = last_day
        work.session.flush()
        taken = lands[elsewhere.id]
        taken.unit_id, taken.valid_to = unit.id, None
        taken.valid_from = last_day + timedelta(days=1)
    return make_commune(parent=district, valid_from=last_day + timedelta(days=1))


def test_crossings_follow_their_land_to_the_unit_that_holds_it(district: Unit) -> None:
    today = clock.today()
    old = make_commune(parent=district, valid_to=today - timedelta(days=1))
    new = make_commune(parent=district, valid_from=today)
    crossing = make_crossing(somewhere(), old)
    assert [crossings_land.follow_today() for _twice in range(2)] == [1, 0]
    assert read(crossing.id).unit_id == new.id
    [row] = history(crossing.id)
    assert (row.kind, row.officer_id, row.data["unit_code"]) == ("changed", None, new.code)


def test_crossings_follow_land_that_a_unit_gave_up_and_goes_on(district: Unit) -> None:
    old = make_commune(parent=district)
    crossing = make_crossing(somewhere(), old)
    by_hand = make_crossing(somewhere(), old, code="LD-HAND")
    supervisor_id = make_officer(district, "supervisor").id
    new = give_up_land(old, clock.today() - timedelta(days=1), district)
    with transaction() as work:
        row = CrossingInspection(
            crossing_id=by_hand.id,
            kind="changed",
            at=clock.now(),
            officer_id=supervisor_id,
            data={"unit_code": old.code},
        )
        work.session.add(row)
    assert [crossings_land.follow_today() for _twice in range(2)] == [1, 0]
    assert (read(crossing.id).unit_id, read(by_hand.id).unit_id) == (new.id, old.id)


def test_a_correction_leads_crossings_back_and_the_clock_leaves_them(district: Unit) -> None:
    today = clock.today()
    old = make_commune(parent=district, valid_to=today - timedelta(days=1))
    make_case(old, opened_at=clock.now() - timedelta(days=3))
    crossing = make_crossing(somewhere(), old)
    new = make_commune(parent=district, valid_from=today)
    run = territory_switch.switch(today)
    assert run is not None
    territory_turn.take()
    assert read(crossing.id).unit_id == new.id
    territory_correction.correct(run.id, on=today)
    territory_turn.take()
    assert read(crossing.id).unit_id == old.id
