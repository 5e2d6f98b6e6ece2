"""Who takes whose land: what an import ends, only when asked, and whom it writes down."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from tests.factories import make_officer
from webapp import clock
from webapp.domain.errors import AnLoError
from webapp.extensions import db
from webapp.models import Boundary, Officer, Unit, UnitParent, UnitSuccession
from webapp.services import territory, territory_switch
from webapp.services.territory_dates import move_set
from webapp.services.territory_import import ImportOrder, ImportReport, import_boundaries

pytestmark = pytest.mark.usefixtures("context")

LAST_DAY, FIRST_DAY = date(2025, 6, 30), date(2025, 7, 1)


def square(west: float, width: float = 0.1) -> dict[str, Any]:
    east, south, north = west + width, 11.0, 11.1
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def take(day: date, *units: tuple[str, str, dict[str, Any]], **more: Any) -> ImportReport:
    """Import communes: (code, name, geometry)."""
    named = more.pop("properties", {})
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": name, "kind": "xã"} | named,
            "geometry": geometry,
        }
        for code, name, geometry in units
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    return import_boundaries(text, ImportOrder(day, **more))


def two_of_then(**more: Any) -> None:
    then = (("1", "Tây", square(109.0)), ("2", "Đông", square(109.1)))
    take(date(2024, 1, 1), *then, parent_code="586", parent_name="Huyện Ninh Hải", **more)


def named(name: str) -> Unit:
    return db.session.query(Unit).filter_by(name=name).one()


def successions() -> set[tuple[str, str, date]]:
    rows = db.session.query(UnitSuccession).all()
    units = {unit.id: unit.name for unit in db.session.query(Unit)}
    return {(units[row.predecessor_id], units[row.successor_id], row.on_date) for row in rows}


def test_what_is_wholly_taken_ends_the_day_before_when_asked() -> None:
    two_of_then()
    report = take(FIRST_DAY, ("9", "Mới", square(109.0, 0.2)), is_ending_predecessors=True)
    assert [(line.title, line.ends_on) for line in report.taken_over] == [
        ("xã Tây", LAST_DAY),
        ("xã Đông", LAST_DAY),
    ]
    assert {row.valid_to for row in db.session.query(Boundary).filter(Boundary.unit_id < 4)} == {
        LAST_DAY
    }
    assert report.foreign_overlaps == ()
    assert successions() == {("Tây", "Mới", FIRST_DAY), ("Đông", "Mới", FIRST_DAY)}
    assert [unit.name for unit in territory.units_on(FIRST_DAY)] == ["Mới"]


def test_nothing_ends_unasked_and_who_goes_on_has_no_successor() -> None:
    two_of_then()
    report = take(FIRST_DAY, ("9", "Mới", square(109.0, 0.2)))
    assert [(line.is_whole, line.ends_on) for line in report.taken_over] == [(True, None)] * 2
    assert len(report.foreign_overlaps) == 2
    assert named("Tây").valid_to is None
    assert successions() == set()


def test_who_loses_a_part_goes_on_even_when_ends_are_asked_for() -> None:
    two_of_then()
    report = take(FIRST_DAY, ("9", "Mới", square(109.0, 0.15)), is_ending_predecessors=True)
    shares = {line.title: (round(line.share, 1), line.ends_on) for line in report.taken_over}
    assert shares == {"xã Tây": (1.0, LAST_DAY), "xã Đông": (0.5, None)}
    assert named("Đông").valid_to is None


def test_a_strip_along_the_border_makes_no_successor() -> None:
    two_of_then(valid_to=LAST_DAY)
    take(FIRST_DAY, ("8", "Nam", square(109.0, 0.102)), ("9", "Bắc", square(109.102, 0.098)))
    assert successions() == {("Tây", "Nam", FIRST_DAY), ("Đông", "Bắc", FIRST_DAY)}


def test_a_reused_code_is_another_unit_and_its_own_successor_by_land() -> None:
    two_of_then(valid_to=LAST_DAY)
    take(FIRST_DAY, ("1", "Khác", square(109.1)))
    assert successions() == {("Đông", "Khác", FIRST_DAY)}


def test_a_district_without_communes_ends_with_them_and_its_people_move_up() -> None:
    two_of_then()
    supervisor = make_officer(named("Ninh Hải"), role="supervisor")
    report = take(
        FIRST_DAY,
        ("9", "Mới", square(109.0, 0.2)),
        parent_code="56",
        parent_name="Tỉnh Khánh Hòa",
        is_ending_predecessors=True,
    )
    assert report.taken_over[-1].title == "huyện Ninh Hải"
    assert ("Ninh Hải", "Khánh Hòa", FIRST_DAY) in successions()
    links = db.session.query(UnitParent).filter_by(parent_id=named("Ninh Hải").id).all()
    assert {link.valid_to for link in links} == {LAST_DAY}
    assert territory.supervising_unit(FIRST_DAY) == named("Khánh Hòa")
    assert clock.today() > FIRST_DAY
    territory_switch.switch(FIRST_DAY)
    moved = db.session.get_one(Officer, supervisor.id, populate_existing=True)
    assert moved.unit_id == named("Khánh Hòa").id


def test_names_in_the_file_are_written_down_where_land_cannot_tell() -> None:
    two_of_then(valid_to=LAST_DAY)
    formed_from = [
        {"code": "1", "full_name": "Xã Tây"},
        {"code": "77", "full_name": "Phường Xa"},
        "?",
    ]
    report = take(FIRST_DAY, ("9", "Xa", square(110.0)), properties={"formed_from": formed_from})
    assert successions() == {("Tây", "Xa", FIRST_DAY)}
    assert report.unknown_predecessors == ("Phường Xa (77)",)


def test_importing_again_writes_nothing_twice() -> None:
    two_of_then()
    new = ("9", "Mới", square(109.0, 0.2))
    take(FIRST_DAY, new, is_ending_predecessors=True)
    before = successions()
    again = take(FIRST_DAY, new, is_ending_predecessors=True)
    assert (again.added, again.changed, again.unchanged) == ([], [], ["xã Mới"])
    assert successions() == before
    assert db.session.query(UnitSuccession).count() == len(before)


def test_a_file_with_another_first_day_than_the_order_is_pointed_out() -> None:
    report = take(FIRST_DAY, ("1", "Tây", square(109.0)), properties={"valid_from": "2025-08-01"})
    assert report.other_first_days == (date(2025, 8, 1),)


def set_ahead() -> date:
    """Import a set that begins in ten days and takes both units over; return its first day."""
    first_day = clock.today() + timedelta(days=10)
    two_of_then()
    take(first_day, ("9", "Mới", square(109.0, 0.2)), is_ending_predecessors=True)
    return first_day


def test_a_set_that_waits_begins_on_another_day_and_what_it_ends_ends_with_it() -> None:
    first_day = set_ahead()
    to = first_day + timedelta(days=30)
    assert move_set(first_day, to) == 1
    assert (named("Mới").valid_from, named("Tây").valid_to) == (to, to - timedelta(days=1))
    assert {when for _old, _new, when in successions()} == {to}
    assert [unit.name for unit in territory.units_on(to - timedelta(days=1))] == ["Đông", "Tây"]
    assert [unit.name for unit in territory.units_on(to)] == ["Mới"]
    again = take(to, ("9", "Mới", square(109.0, 0.2)), is_ending_predecessors=True)
    assert (again.added, again.changed) == ([], [])


def test_only_a_set_ahead_is_moved_and_only_to_a_day_ahead() -> None:
    first_day = set_ahead()
    take(first_day + timedelta(days=1), ("9", "Khác", square(112.0)))
    refusals: list[tuple[date, date, str]] = [
        (date(2024, 1, 1), first_day, "set_has_begun"),
        (first_day, clock.today(), "set_day_not_ahead"),
        (first_day + timedelta(days=5), first_day, "set_not_found"),
        (first_day, first_day + timedelta(days=1), "set_day_taken"),
    ]
    for of, to, code in refusals:
        with pytest.raises(AnLoError) as refused:
            move_set(of, to)
        assert refused.value.code == code
    assert named("Mới").valid_from == first_day
