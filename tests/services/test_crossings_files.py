"""The register as a file: a preview that tells the truth, all or nothing, and the way back."""

from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories import make_commune, make_officer, make_supervising_unit, somewhere
from tests.servers.crossings_scene import make_crossing, make_railway, post_kilometres
from webapp.domain.errors import Conflict
from webapp.extensions import db
from webapp.models import Crossing, CrossingInspection, Officer, Unit
from webapp.services import crossings_files
from webapp.services.crossings import Wanted

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def commune(context: None) -> Unit:
    return make_commune(code="22855", parent=make_supervising_unit())


@pytest.fixture
def supervisor(commune: Unit) -> Officer:
    return make_officer(commune, "supervisor")


def content(*rows: str) -> bytes:
    return "\n".join(["Mã;Lý trình;Vĩ độ;Kinh độ;Tình trạng", *rows]).encode()


def row(code: str, km: str = "Km1397+250", state: str = "đang mở", **where: Any) -> str:
    spot = somewhere(**where)
    return f"{code};{km};{spot.latitude!r};{spot.longitude!r};{state}"


def count() -> int:
    return db.session.scalar(select(func.count(Crossing.id))) or 0


def kinds() -> list[str]:
    return list(db.session.scalars(select(CrossingInspection.kind).order_by("id")))


def test_a_preview_writes_nothing_and_an_import_does_what_it_said(supervisor: Officer) -> None:
    file = content(row("LD-1"), row("LD-2", east_m=300))
    plan = crossings_files.preview(file)
    assert [planned.settled.entry.code for planned in plan.of("added")] == ["LD-1", "LD-2"]
    assert count() == 0

    crossings_files.import_file(supervisor, file, plan.seal)
    assert (count(), kinds()) == (2, ["imported", "imported"])


def test_the_same_file_again_changes_nothing(supervisor: Officer) -> None:
    file = content(row("LD-1"))
    crossings_files.import_file(supervisor, file)
    plan = crossings_files.import_file(supervisor, file)
    assert (len(plan.of("unchanged")), kinds()) == (1, ["imported"])


def test_a_changed_row_names_what_it_changes(supervisor: Officer) -> None:
    crossings_files.import_file(supervisor, content(row("LD-1")))
    plan = crossings_files.import_file(supervisor, content(row("LD-1", "Km1397+260", "đã đóng")))
    [changed] = plan.of("changed")
    assert [each.name for each in changed.differences] == ["chainage_m", "state"]
    assert db.session.scalars(select(Crossing.state)).all() == ["closed"]
    assert kinds() == ["imported", "imported"]


def test_one_bad_row_keeps_every_row_out(supervisor: Officer) -> None:
    file = content(row("LD-1"), row("LD-2", state="bỏ"), row("LD-3", column=9), row("LD-4", km=""))
    plan = crossings_files.import_file(supervisor, file)
    assert [(each.number, each.problem.code) for each in plan.problems] == [
        (3, "crossing_state_unknown"),
        (4, "crossing_outside_land"),
        (5, "crossing_km_missing"),
    ]
    assert count() == 0


def test_a_missing_kilometre_is_computed_where_the_line_has_posts(supervisor: Officer) -> None:
    post_kilometres(make_railway())
    crossings_files.import_file(supervisor, content(row("LD-1", km="", east_m=100)))
    assert db.session.scalars(select(Crossing.chainage_m)).all() == [
        pytest.approx(1_390_100, abs=2)
    ]


def test_an_import_that_would_do_something_else_by_now_is_refused(supervisor: Officer) -> None:
    file = content(row("LD-1"))
    plan = crossings_files.preview(file)
    crossings_files.import_file(supervisor, file)
    with pytest.raises(Conflict) as caught:
        crossings_files.import_file(supervisor, file, plan.seal)
    assert caught.value.code == "crossings_plan_changed"


@pytest.mark.parametrize("kind", ["csv", "geojson"])
def test_what_is_exported_is_imported_as_unchanged(
    kind: str, supervisor: Officer, commune: Unit
) -> None:
    line = make_railway()
    make_crossing(
        somewhere(east_m=11),
        commune,
        corridor_id=line.id,
        chainage_m=1_397_250.0,
        width_m=2.25,
        measures=["guarded", "speed_hump"],
        note='=HYPERLINK("x")\nhai dòng; "có nháy"',
        name="Ngõ 5",
    )
    make_crossing(somewhere(column=0, north_m=900), commune, state="closed", surface="gravel")
    file = crossings_files.export(supervisor, Wanted(), kind)
    assert file == crossings_files.export(supervisor, Wanted(), kind)
    plan = crossings_files.import_file(supervisor, file)
    assert plan.problems == []
    assert len(plan.of("unchanged")) == 2


def test_an_export_holds_what_the_list_shows(supervisor: Officer, commune: Unit) -> None:
    make_crossing(somewhere(), commune, code="MO")
    make_crossing(somewhere(east_m=200), commune, code="DONG", state="closed")
    file = crossings_files.export(supervisor, Wanted(state="closed"), "csv").decode()
    assert "DONG" in file
    assert "MO;" not in file
    assert "MO;" in crossings_files.export_all("csv").decode()
