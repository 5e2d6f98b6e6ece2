"""The register of crossings, read: what a report is linked to, who sees which, lists and maps."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import (
    make_case,
    make_commune,
    make_officer,
    make_report,
    make_supervising_unit,
    somewhere,
)
from tests.servers.crossings_scene import make_crossing, make_railway
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.errors import NotFound
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Case, Officer, Unit
from webapp.services import crossings, crossings_cases, outbox, triage
from webapp.services.crossings import Wanted

pytestmark = pytest.mark.usefixtures("context")


def linked(position: Position, category: str = "self_opened_crossing") -> int | None:
    found = crossings.link_for(db.session(), position, position.accuracy_m, category)
    return found.id if found else None


def test_a_report_of_a_crossing_is_linked_to_the_nearest_registered_one() -> None:
    near = make_crossing(somewhere(east_m=30))
    make_crossing(somewhere(east_m=-45))
    assert linked(somewhere(accuracy_m=10)) == near.id


def test_triage_links_the_case_that_it_opens(tmp_path: Path) -> None:
    unit = make_commune(parent=make_supervising_unit())
    crossing = make_crossing(somewhere(east_m=20), unit)
    report = make_report(somewhere(), category_code="self_opened_crossing", asks_for_triage=True)
    lease = outbox.lease("triage_report", str(report.id), seconds=20)
    assert lease is not None
    triage.triage_report(report.id, lease, PhotoStore(tmp_path / "photos"))

    [case] = db.session.scalars(select(Case))
    assert case.crossing_id == crossing.id
    block = crossings_cases.on_case(make_officer(unit), case)
    assert block is not None
    assert (block.crossing, block.is_asked) == (crossing, False)


def test_a_closed_crossing_is_found_as_well() -> None:
    closed = make_crossing(somewhere(east_m=20), state="closed")
    assert linked(somewhere()) == closed.id


def test_a_crossing_out_of_reach_is_not_linked() -> None:
    make_crossing(somewhere(east_m=75))
    assert linked(somewhere(accuracy_m=10)) is None
    assert linked(somewhere(accuracy_m=40)) is not None


def test_a_fix_that_knows_nothing_reaches_no_farther_than_a_hundred_metres() -> None:
    make_crossing(somewhere(east_m=110))
    assert linked(somewhere(accuracy_m=3_000)) is None


def test_another_category_is_linked_only_on_the_railways_own_strip() -> None:
    crossing = make_crossing(somewhere(east_m=10))
    assert linked(somewhere(accuracy_m=5), "corridor_encroachment") is None
    make_railway(north_m=60)
    assert linked(somewhere(accuracy_m=5), "corridor_encroachment") is None
    make_railway(north_m=10, code="DSTC")
    assert linked(somewhere(accuracy_m=5), "corridor_encroachment") == crossing.id


def test_a_case_far_from_all_crossings_asks_for_registration_and_others_do_not() -> None:
    unit = make_commune(parent=make_supervising_unit())
    far = make_case(unit, category_code="self_opened_crossing")
    other = make_case(unit, category_code="road_damage")
    officer = make_officer(unit)
    assert is_asked(officer, far)
    assert not is_asked(officer, other)
    make_crossing(somewhere(east_m=10), unit)
    assert not is_asked(officer, far)


def is_asked(officer: Officer, case: Case) -> bool:
    found = crossings_cases.on_case(officer, case)
    return found is not None and found.is_asked


def test_a_commune_sees_its_own_crossings_and_a_line_owner_those_on_its_line() -> None:
    district = make_supervising_unit()
    here, there = make_commune(column=0, parent=district), make_commune(column=1, parent=district)
    own = make_crossing(somewhere(0), here)
    line = make_railway(authority_id=there.id)
    on_line = make_crossing(somewhere(2), None, corridor_id=line.id, chainage_m=1_397_250.0)

    def seen(role: str, unit: Unit) -> list[int]:
        page = crossings.read_page(make_officer(unit, role), Wanted())
        return [row.crossing.id for row in page.rows]

    assert seen("officer", here) == [own.id]
    assert seen("head", there) == [on_line.id]
    assert seen("supervisor", district) == [on_line.id, own.id]
    assert seen("overseer", district) == [on_line.id, own.id]
    assert seen("administrator", district) == []


def test_a_crossing_of_another_unit_is_not_found() -> None:
    district = make_supervising_unit()
    here, there = make_commune(column=0, parent=district), make_commune(column=1, parent=district)
    crossing = make_crossing(somewhere(0), here)
    with pytest.raises(NotFound):
        crossings.visible_crossing(make_officer(there), crossing.id)


def test_only_own_units_and_supervisors_may_edit() -> None:
    district = make_supervising_unit()
    here, there = make_commune(column=0, parent=district), make_commune(column=1, parent=district)
    crossing = make_crossing(somewhere(0), here)
    assert crossings.may_edit(make_officer(here), crossing)
    assert crossings.may_edit(make_officer(district, "supervisor"), crossing)
    assert not crossings.may_edit(make_officer(there), crossing)
    assert not crossings.may_edit(make_officer(district, "overseer"), crossing)


def test_the_list_is_filtered_by_state_measure_unit_and_words() -> None:
    district = make_supervising_unit()
    here, there = make_commune(column=0, parent=district), make_commune(column=1, parent=district)
    bare = make_crossing(somewhere(0), here, name="Ngõ 100% dốc")
    guarded = make_crossing(somewhere(1), there, measures=["guarded"], state="restricted")
    officer = make_officer(district, "supervisor")

    def found(**wanted: Any) -> list[int]:
        page = crossings.read_page(officer, Wanted(**wanted))
        pins = crossings.read_pins(officer, Wanted(**wanted))
        assert [row.crossing.id for row in page.rows] == [pin.id for pin in pins.crossings]
        return [pin.id for pin in pins.crossings]

    assert found(state="restricted") == [guarded.id]
    assert found(measure="none") == [bare.id]
    assert found(measure="guarded") == [guarded.id]
    assert found(unit_id=here.id) == [bare.id]
    assert found(words="0% d") == [bare.id]
    assert found(words="_") == []
    assert crossings.read_page(officer, Wanted()).by_state == {
        "open": 1,
        "restricted": 1,
        "closed": 0,
    }


@pytest.mark.parametrize(
    "words", ["duong", "ĐƯỜNG", "ông tám", "duong  vao xom", "ld-tám", "LD-TAM"]
)
def test_words_are_found_in_capitals_and_without_marks(words: str) -> None:
    district = make_supervising_unit()
    unit = make_commune(parent=district)
    wanted = make_crossing(somewhere(), unit, code="LD-Tám", name="Đường vào xóm Ông Tám")
    make_crossing(somewhere(east_m=300), unit, name="Ngõ chợ")
    page = crossings.read_page(make_officer(district, "supervisor"), Wanted(words=words))
    assert [row.crossing.id for row in page.rows] == [wanted.id]


def test_the_map_says_how_many_it_has_no_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    district = make_supervising_unit()
    unit = make_commune(parent=district)
    for east_m in (0, 200, 400):
        make_crossing(somewhere(east_m=east_m), unit)
    officer = make_officer(district, "supervisor")
    assert crossings.read_pins(officer, Wanted()).left_out == 0
    monkeypatch.setattr(crossings, "MOST_PINS", 2)
    pins = crossings.read_pins(officer, Wanted())
    assert (len(pins.crossings), pins.left_out) == (2, 1)
    assert len(crossings.read_all(officer, Wanted())) == 3
