"""The switch of 1 July 2025 with the real boundaries of both years and 500 open cases."""

import json
import random
import warnings
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import make_officer
from webapp import clock
from webapp.domain.geo import Position, cell_of
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Officer, Place, Unit, UnitSuccession
from webapp.services import (
    casework,
    territory,
    territory_correction,
    territory_import,
    territory_switch,
)
from webapp.services.territory_import import ImportOrder, ImportReport
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

REAL = Path(__file__).parents[3] / "shared" / "data" / "boundaries"
FIRST_DAY = date(2025, 7, 1)
BEFORE = datetime(2025, 6, 20, 3, 0, tzinfo=UTC)
AFTER = datetime(2025, 7, 1, 0, 30, tzinfo=UTC)
OPEN_CASES, ENDED_CASES = 500, 20

Ring = list[list[float]]


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REAL / f"{name}.geojson").read_text(encoding="utf-8"))
    return found


def take(name: str, day: str, **more: Any) -> ImportReport:
    """Import a real file; of the neighbours only those whose land the new district takes end."""
    document = read(name)
    if name == "neighbours-2024":
        for feature in document["features"]:
            del feature["properties"]["valid_to"]
    order = ImportOrder(valid_from=date.fromisoformat(day), source=name, **more)
    return territory_import.import_boundaries(json.dumps(document), order)


def taken() -> tuple[ImportReport, ImportReport, ImportReport]:
    return (
        take("ninh-hai-2024", "2024-01-01", parent_code="586"),
        take("neighbours-2024", "2024-01-01"),
        take("ninh-hai-2025", "2025-07-01", parent_code="56", is_ending_predecessors=True),
    )


def has_real_boundaries() -> bool:
    """Tell whether the real boundaries lie beside the project; say so when they do not."""
    if not REAL.exists():
        warnings.warn("../shared/data/boundaries is not here: own drawings only", stacklevel=2)
    return REAL.exists()


def rings(feature: dict[str, Any]) -> list[list[Ring]]:
    geometry = feature["geometry"]
    parts: list[list[Ring]] = geometry["coordinates"]
    return [parts] if geometry["type"] == "Polygon" else parts  # type: ignore[list-item]


def crosses(ring: Ring, x: float, y: float) -> bool:
    """Cast a ray from a point and count the sides it meets (Jordan's curve theorem)."""
    is_inside = False
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            is_inside = not is_inside
    return is_inside


def holder(features: list[dict[str, Any]], x: float, y: float) -> str | None:
    """Return the name of the unit around a point, without any of the project's geometry."""
    for feature in features:
        for outline, *holes in rings(feature):
            if crosses(outline, x, y) and not any(crosses(hole, x, y) for hole in holes):
                name: str = feature["properties"]["name"]
                return name
    return None


def spots(count: int) -> list[tuple[float, float, str, str | None]]:
    """Return points of the old land with who held it then, and who of the new units holds it."""
    then = read("ninh-hai-2024")["features"] + read("neighbours-2024")["features"]
    now = read("ninh-hai-2025")["features"]
    chance, found = random.Random(20250701), []
    while len(found) < count:
        x, y = chance.uniform(108.95, 109.25), chance.uniform(11.54, 11.86)
        if (before := holder(then, x, y)) is not None:
            found.append((x, y, before, holder(now, x, y)))
    return found


def open_cases(places: list[tuple[float, float, str, str | None]]) -> list[int]:
    units = {unit.name: unit.id for unit in territory.units_on(BEFORE.date())}
    ids = []
    with transaction() as work:
        for x, y, before, _now in places:
            place = Place(
                category_code="road_damage",
                latitude=y,
                longitude=x,
                cell=cell_of(y, x),
                created_at=BEFORE,
            )
            work.session.add(place)
            case = casework.open_case(
                work,
                place=place,
                category_code="road_damage",
                unit_id=units[before],
                position=Position(y, x),
                severity=1,
                now=BEFORE,
            )
            ids.append(case.id)
    return ids


def resolve(ids: list[int], officer: Officer) -> None:
    with transaction() as work:
        for case_id in ids:
            case = work.session.get_one(Case, case_id)
            casework.append(work, case, "acknowledged", actor=officer, now=BEFORE)
            data = {"public_sentence": "Đã vá."}
            casework.append(work, case, "resolved", actor=officer, now=BEFORE, data=data)


def snapshot() -> dict[int, tuple[Any, ...]]:
    """Return who has each case, and its deadlines."""
    query = select(Case).order_by(Case.id).execution_options(populate_existing=True)
    return {
        case.id: (
            (case.lead_unit_id, case.commune_id),
            (case.acknowledge_due_at, case.resolve_due_at, case.due_at, case.is_open, case.status),
        )
        for case in db.session.scalars(query)
    }


def test_500_open_cases_follow_their_land_and_a_correction_leads_them_back() -> None:
    if not has_real_boundaries():
        return
    with clock.at(BEFORE):
        taken()
        places = spots(OPEN_CASES + ENDED_CASES)
        ids = open_cases(places)
        resolve(ids[OPEN_CASES:], make_officer(territory.units_on(BEFORE.date())[0]))
    names = {unit.id: unit.name for unit in db.session.scalars(select(Unit))}
    before = snapshot()
    with clock.at(AFTER):
        run = territory_switch.switch(FIRST_DAY)
        assert run is not None
        assert territory_switch.switch(FIRST_DAY) is None
        after = snapshot()

    # None is lost, no deadline moved, and nothing but who has it changed.
    assert after.keys() == before.keys()
    assert [row[1] for row in after.values()] == [row[1] for row in before.values()]
    # Whose land went to one of the four, by an independent computation, has the new unit.
    expected = {
        case_id: (old, new)
        for case_id, (_x, _y, old, new) in zip(ids[:OPEN_CASES], places, strict=False)
        if new is not None
    }
    changed = {
        case_id: (names[before[case_id][0][0]], names[after[case_id][0][0]])
        for case_id in after
        if after[case_id][0] != before[case_id][0]
    }
    assert changed == expected
    assert 0 < len(changed) < OPEN_CASES
    assert {"Văn Hải", "Bắc Sơn"} <= {old for old, _new in changed.values()}
    assert run.moved == len(changed)
    assert {(names[a], names[b]): n for a, b, n in run.details["pairs"]} == Counter(
        changed.values()
    )

    with clock.at(AFTER):
        correction = territory_correction.correct(run.id, on=FIRST_DAY)
    assert snapshot() == before
    assert correction.moved == len(changed)
    passed = select(CaseEvent).where(CaseEvent.kind == "land_passed")
    assert len(db.session.scalars(passed).all()) == 2 * len(changed)


def test_both_years_and_the_neighbours_tell_who_took_whose_land() -> None:
    if not has_real_boundaries():
        return
    with clock.at(BEFORE):
        _then, _neighbours, now = taken()
    units = {unit.id: unit for unit in db.session.scalars(select(Unit))}
    made_of: dict[str, set[str]] = {}
    for row in db.session.scalars(select(UnitSuccession)):
        old, new = units[row.predecessor_id], units[row.successor_id]
        made_of.setdefault(f"{new.kind} {new.name}", set()).add(f"{old.kind} {old.name}")
        assert row.on_date == FIRST_DAY
    assert made_of == {
        "phường Ninh Chử": {"thị trấn Khánh Hải", "phường Văn Hải"},
        "xã Ninh Hải": {"xã Phương Hải", "xã Tri Hải", "xã Bắc Sơn"},
        "xã Xuân Hải": {"xã Hộ Hải", "xã Tân Hải", "xã Xuân Hải"},
        "xã Vĩnh Hải": {"xã Nhơn Hải", "xã Thanh Hải", "xã Vĩnh Hải"},
    }
    ended_now = {line.title: line.ends_on for line in now.taken_over}
    assert ended_now["phường Văn Hải"] == ended_now["xã Bắc Sơn"] == date(2025, 6, 30)
    # Units that go on touch the new ones in strips only: two drawings of one border.
    assert sum(seam.area_m2 for seam in now.foreign_overlaps) < 50_000
    assert now.unknown_predecessors == ()
    standing = {unit.name for unit in territory.units_on(FIRST_DAY)}
    assert {"Ninh Chử", "Lợi Hải"} <= standing
    assert "Văn Hải" not in standing


def test_the_order_of_the_imports_does_not_matter() -> None:
    if not has_real_boundaries():
        return
    with clock.at(BEFORE):
        for name, day in (
            ("neighbours-2025", "2025-07-01"),
            ("ninh-hai-2025", "2025-07-01"),
            ("ninh-hai-2024", "2024-01-01"),
        ):
            territory_import.import_boundaries(
                json.dumps(read(name)), ImportOrder(date.fromisoformat(day), source=name)
            )
    assert len(db.session.scalars(select(UnitSuccession)).all()) == 9


def test_without_the_neighbours_the_import_names_what_it_does_not_know() -> None:
    if not has_real_boundaries():
        return
    take("ninh-hai-2024", "2024-01-01", parent_code="586")
    report = take("ninh-hai-2025", "2025-07-01", parent_code="56")
    assert report.unknown_predecessors == ("Phường Văn Hải (22777)", "Xã Bắc Sơn (22853)")
