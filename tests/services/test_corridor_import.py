"""Corridor files in the register: twice the same, successors, authorities, all or nothing."""

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from webapp.domain.errors import InvalidInput
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Corridor, KilometrePost, Unit
from webapp.services import corridors
from webapp.services.corridor_import import (
    CorridorOrder,
    CorridorReport,
    import_corridors,
    preview_corridors,
)
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

FIRST_DAY, NEXT_DAY = date(2024, 1, 1), date(2026, 7, 1)
ON_THE_ROAD = Position(11.65, 109.0, 10.0)
POSTS = [
    {"km": 1530, "lon": 109.0, "lat": 11.6, "accuracy_m": 30},
    {"km": 1541.1, "lon": 109.0, "lat": 11.7, "accuracy_m": 30},
]


def line(code: str = "QL1A", longitude: float = 109.0, **properties: Any) -> dict[str, Any]:
    known = {"code": code, "name": "Quốc lộ 1A", "kind": "national_road", "half_width_m": 20}
    drawn = {"type": "LineString", "coordinates": [[longitude, 11.6], [longitude, 11.7]]}
    return {"type": "Feature", "properties": known | properties, "geometry": drawn}


def collection(*features: dict[str, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def order(valid_from: date | None = FIRST_DAY, **values: Any) -> CorridorOrder:
    return CorridorOrder(valid_from=valid_from, source="lines.geojson", **values)


def take(*features: dict[str, Any], **values: Any) -> CorridorReport:
    return import_corridors(collection(*features), order(**values))


def make_unit(code: str, name: str, tier: str = "authority", kind: str = "khu") -> Unit:
    with transaction() as work:
        unit = Unit(code=code, tier=tier, kind=kind, name=name, valid_from=date(2010, 1, 1))
        work.session.add(unit)
    return unit


def the_line(code: str = "QL1A", valid_from: date = FIRST_DAY) -> Corridor:
    known = select(Corridor).where(Corridor.code == code, Corridor.valid_from == valid_from)
    return db.session.scalars(known).one()


def posts() -> list[float]:
    kept = select(KilometrePost.chainage_m).order_by(KilometrePost.chainage_m)
    return list(db.session.scalars(kept))


def refusals(error: InvalidInput) -> list[tuple[str, str]]:
    problems: Any = error.details["problems"]
    return [(problem.code, problem.detail) for problem in problems]


def test_a_file_fills_the_register_and_again_changes_nothing() -> None:
    features = (line(posts=POSTS), line("DSTN", 109.01, kind="railway"))
    first = take(*features)
    assert (first.added, first.changed, first.unchanged) == (
        ["Quốc lộ 1A", "Quốc lộ 1A"],
        [],
        [],
    )
    assert posts() == [1_530_000, 1_541_100]
    kept = db.session.scalars(select(KilometrePost.id)).all()
    again = take(*features)
    assert (again.added, again.changed, len(again.unchanged)) == ([], [], 2)
    assert db.session.scalars(select(KilometrePost.id)).all() == kept


def test_what_a_line_lacks_is_told() -> None:
    report = take(line(posts=POSTS), line("DT704", 109.02, name="Tỉnh lộ 704"))
    assert report.without_posts == ["Tỉnh lộ 704"]
    assert report.without_authority == ["Quốc lộ 1A", "Tỉnh lộ 704"]


def test_a_line_drawn_anew_is_measured_anew() -> None:
    take(line(posts=POSTS))
    before = corridors.locate(ON_THE_ROAD, 10.0, FIRST_DAY)
    moved = [{**post, "km": post["km"] + 7} for post in POSTS]
    assert take(line(posts=moved)).changed == ["Quốc lộ 1A"]
    after = corridors.locate(ON_THE_ROAD, 10.0, FIRST_DAY)
    assert before is not None
    assert after is not None
    assert after.corridor.id == before.corridor.id
    assert (after.chainage_m or 0) - (before.chainage_m or 0) == pytest.approx(7_000)
    assert take(line(longitude=109.01)).changed == ["Quốc lộ 1A"]
    assert corridors.locate(ON_THE_ROAD, 10.0, FIRST_DAY) is None
    assert posts() == []


def test_a_line_made_wider_keeps_its_posts() -> None:
    take(line(posts=POSTS))
    kept = db.session.scalars(select(KilometrePost.id)).all()
    assert take(line(posts=POSTS, half_width_m=30)).changed == ["Quốc lộ 1A"]
    assert the_line().half_width_m == 30
    assert db.session.scalars(select(KilometrePost.id)).all() == kept


def test_the_same_code_from_a_later_day_ends_the_line_before() -> None:
    take(line())
    report = take(line(longitude=109.01), valid_from=NEXT_DAY)
    assert (report.added, report.ended) == (["Quốc lộ 1A"], ["Quốc lộ 1A (2024-01-01)"])
    assert the_line().valid_to == date(2026, 6, 30)
    assert corridors.locate(ON_THE_ROAD, 10.0, date(2026, 6, 30)) is not None
    assert corridors.locate(ON_THE_ROAD, 10.0, NEXT_DAY) is None
    # The older file again neither reopens the older line nor touches its successor.
    assert take(line()).unchanged == ["Quốc lộ 1A"]
    assert the_line(valid_from=NEXT_DAY).valid_to is None


def test_an_older_line_entered_later_ends_before_its_successor() -> None:
    take(line(), valid_from=NEXT_DAY)
    assert take(line()).ended == []
    assert the_line().valid_to == date(2026, 6, 30)


def test_without_a_day_the_line_that_holds_is_corrected() -> None:
    take(line())
    report = take(line(half_width_m=25), line("DT704", 109.02), valid_from=None)
    assert (report.changed, report.added) == (["Quốc lộ 1A"], ["Quốc lộ 1A"])
    assert the_line().half_width_m == 25


def test_a_line_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        take(line(valid_to="2023-12-31"))
    assert refusals(refused.value) == [("ends_before_start", "2023-12-31")]


@pytest.mark.parametrize("written", ["KQLDB3", "Quản lý đường bộ III", "khu quản lý đường bộ iii"])
def test_an_authority_is_known_by_its_code_or_its_name(written: str) -> None:
    unit = make_unit("KQLDB3", "Quản lý đường bộ III")
    take(line(authority=written))
    assert the_line().authority_id == unit.id


def test_an_unknown_authority_refuses_the_whole_file() -> None:
    with pytest.raises(InvalidInput) as refused:
        take(line("DT704", 109.02), line(authority="Khu Quản lý đường bộ III"))
    assert refused.value.code == "corridors_refused"
    assert refusals(refused.value) == [("authority_unknown", "Khu Quản lý đường bộ III")]
    assert db.session.query(Corridor).count() == 0


def test_an_authority_is_made_once_when_that_was_asked() -> None:
    name = "Khu Quản lý đường bộ III"
    features = (line(authority=name), line("QL27", 109.05, authority=name))
    report = take(*features, makes_authorities=True)
    assert report.authorities_made == [name]
    unit = db.session.scalars(select(Unit).where(Unit.tier == "authority")).one()
    assert (unit.code, unit.name) == ("KQLDBIII", name)
    assert {the_line(code).authority_id for code in ("QL1A", "QL27")} == {unit.id}
    again = take(*features, makes_authorities=True)
    assert (again.authorities_made, len(again.unchanged)) == ([], 2)


def test_an_authority_takes_the_code_that_the_file_gives() -> None:
    written = {"authority": "DSTH", "authority_name": "Công ty Đường sắt Thuận Hải"}
    take(line(**written), makes_authorities=True)
    unit = db.session.get_one(Unit, the_line().authority_id)
    assert (unit.code, unit.name) == ("DSTH", "Công ty Đường sắt Thuận Hải")
    assert take(line(**written)).unchanged == ["Quốc lộ 1A"]


def test_initials_that_are_taken_are_numbered() -> None:
    make_unit("KQLDBIII", "một đơn vị khác", tier="supervising")
    take(line(authority="Khu Quản lý đường bộ III"), makes_authorities=True)
    assert db.session.get_one(Unit, the_line().authority_id).code == "KQLDBIII-2"


def test_a_sketch_is_marked_as_one() -> None:
    take(line(), line("DT704", 109.02, confidence="surveyed"), is_schematic=True)
    assert (the_line().is_schematic, the_line("DT704").is_schematic) == (True, False)


def test_a_preview_says_the_same_and_writes_nothing() -> None:
    text = collection(line(authority="Khu III", posts=POSTS))
    foreseen = preview_corridors(text, order(makes_authorities=True))
    assert db.session.query(Corridor).count() == 0
    assert db.session.query(Unit).count() == 0
    assert import_corridors(text, order(makes_authorities=True)) == foreseen


def test_a_preview_foresees_what_ends_and_leaves_it() -> None:
    take(line())
    foreseen = preview_corridors(collection(line()), order(NEXT_DAY))
    assert foreseen.ended == ["Quốc lộ 1A (2024-01-01)"]
    db.session.expire_all()
    assert the_line().valid_to is None
