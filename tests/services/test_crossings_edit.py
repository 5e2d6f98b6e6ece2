"""The register of crossings, written: registering, changing, inspecting, linking a case."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import make_case, make_commune, make_officer, make_supervising_unit, somewhere
from tests.servers.casework_scene import jpeg
from tests.servers.crossings_scene import cells, make_crossing, make_railway, post_kilometres
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from webapp.domain.linear_reference import say_chainage
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Crossing, CrossingInspection, Officer, OutboxEntry, Unit
from webapp.services import (
    crossings_cases,
    crossings_edit,
    crossings_photos,
    crossings_show,
    outbox,
)
from webapp.services.casework_acts import Seen
from webapp.services.crossings_edit import Inspection
from webapp.services.crossings_entries import EntryRefused
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def district(context: None) -> Unit:
    return make_supervising_unit()


@pytest.fixture
def commune(district: Unit) -> Unit:
    return make_commune(parent=district)


@pytest.fixture
def officer(commune: Unit) -> Officer:
    return make_officer(commune)


@pytest.fixture
def supervisor(district: Unit) -> Officer:
    return make_officer(district, "supervisor")


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    return PhotoStore(tmp_path / "photos")


def read(crossing_id: int) -> Crossing:
    db.session.rollback()
    return db.session.get_one(Crossing, crossing_id)


def history(crossing_id: int) -> list[CrossingInspection]:
    rows = select(CrossingInspection).where(CrossingInspection.crossing_id == crossing_id)
    return list(db.session.scalars(rows.order_by(CrossingInspection.id)))


def inspection(words: str = "", **values: Any) -> Inspection:
    return Inspection(**{"words": words, "state": "open", "measures": (), **values})


def test_a_crossing_gets_its_unit_line_and_kilometre_from_where_it_lies(
    officer: Officer, commune: Unit, store: PhotoStore
) -> None:
    line = make_railway()
    post_kilometres(line)
    crossing_id = crossings_edit.register(
        officer, cells(somewhere(east_m=250), width_m="2,5", measures="warning_sign"), store
    )

    crossing = read(crossing_id)
    assert crossing.code == f"LD-{crossing_id:04d}"
    assert (crossing.unit_id, crossing.corridor_id) == (commune.id, line.id)
    assert crossing.chainage_m == pytest.approx(1_390_250, abs=2)
    assert crossing.chainage_accuracy_m is not None
    assert (crossing.width_m, crossing.measures, crossing.version) == (2.5, ["warning_sign"], 1)
    [row] = history(crossing_id)
    assert (row.kind, row.officer_id, row.unit_id) == ("registered", officer.id, commune.id)
    assert row.data["chainage_m"] == crossing.chainage_m


def test_a_given_kilometre_is_not_computed_anew(officer: Officer, store: PhotoStore) -> None:
    post_kilometres(make_railway())
    crossing_id = crossings_edit.register(
        officer, cells(somewhere(), km="Km1397+250", code="NT-07"), store
    )
    crossing = read(crossing_id)
    assert (crossing.chainage_m, crossing.chainage_accuracy_m) == (1_397_250.0, None)
    assert crossing.code == "NT-07"


def test_a_computed_kilometre_keeps_its_doubt_until_somebody_gives_one(
    officer: Officer, store: PhotoStore
) -> None:
    post_kilometres(make_railway())
    crossing_id = crossings_edit.register(officer, cells(somewhere()), store)
    computed = say_chainage(read(crossing_id).chainage_m or 0.0)
    crossings_edit.change(officer, crossing_id, 1, cells(somewhere(), km=computed, name="Ngõ"))
    assert read(crossing_id).chainage_accuracy_m is not None
    crossings_edit.change(officer, crossing_id, 2, cells(somewhere(), km="Km1397+250"))
    assert read(crossing_id).chainage_accuracy_m is None


def test_every_problem_of_a_form_is_named_at_once(officer: Officer, store: PhotoStore) -> None:
    with pytest.raises(EntryRefused) as caught:
        crossings_edit.register(officer, cells(somewhere(), km="xa", width_m="0"), store)
    assert [(each.field, each.code) for each in caught.value.problems] == [
        ("km", "crossing_km_unreadable"),
        ("width_m", "crossing_width_not_positive"),
    ]


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ({"line": "QL1A"}, "crossing_line_not_railway"),
        ({"line": "DSXX"}, "crossing_line_unknown"),
        ({"unit": "nowhere"}, "crossing_unit_unknown"),
        ({"code": "LD-1"}, "crossing_code_taken"),
    ],
)
def test_what_names_nothing_is_refused(
    texts: dict[str, str], code: str, supervisor: Officer, commune: Unit, store: PhotoStore
) -> None:
    make_railway(code="QL1A", kind="national_road", north_m=500)
    make_crossing(somewhere(east_m=400), commune, code="LD-1")
    with pytest.raises(EntryRefused) as caught:
        crossings_edit.register(supervisor, cells(somewhere(), **texts), store)
    assert caught.value.code == code


def test_a_crossing_outside_all_land_is_refused(
    supervisor: Officer, commune: Unit, store: PhotoStore
) -> None:
    with pytest.raises(EntryRefused) as caught:
        crossings_edit.register(supervisor, cells(somewhere(7)), store)
    assert caught.value.code == "crossing_outside_land"


def test_a_known_crossing_near_by_must_be_said_to_be_another(
    officer: Officer, commune: Unit, store: PhotoStore
) -> None:
    make_crossing(somewhere(east_m=15), commune)
    with pytest.raises(EntryRefused) as caught:
        crossings_edit.register(officer, cells(somewhere()), store)
    assert caught.value.code == "crossing_near_known"
    assert crossings_edit.register(officer, cells(somewhere(), is_another="1"), store)


def test_a_commune_registers_on_its_own_land_and_a_line_owner_on_its_line(
    district: Unit, officer: Officer, store: PhotoStore
) -> None:
    company = make_commune(column=2, parent=district)
    make_railway(authority_id=company.id)
    with pytest.raises(NotAllowed) as caught:
        crossings_edit.register(officer, cells(somewhere(2)), store)
    assert caught.value.code == "crossing_not_yours"
    assert crossings_edit.register(make_officer(company, "head"), cells(somewhere(0)), store)
    with pytest.raises(NotAllowed):
        crossings_edit.register(make_officer(district, "overseer"), cells(somewhere(0)), store)


def test_a_change_is_appended_and_one_made_on_an_old_page_is_refused(
    officer: Officer, store: PhotoStore
) -> None:
    crossing_id = crossings_edit.register(officer, cells(somewhere(), name="Ngõ chợ"), store)
    changed = cells(somewhere(), name="Ngõ chợ cũ", state="restricted", words="đã dựng cọc")
    crossings_edit.change(officer, crossing_id, 1, changed)
    with pytest.raises(Conflict):
        crossings_edit.change(officer, crossing_id, 1, changed)

    assert (read(crossing_id).name, read(crossing_id).version) == ("Ngõ chợ cũ", 2)
    newest = crossings_show.read_crossing(officer, crossing_id).history[0]
    assert (newest.row.kind, newest.row.words) == ("changed", "đã dựng cọc")
    assert [(each.name, each.before, each.after) for each in newest.differences] == [
        ("name", "Ngõ chợ", "Ngõ chợ cũ"),
        ("state", "open", "restricted"),
    ]


def test_a_form_that_changes_nothing_is_not_written_down(
    officer: Officer, store: PhotoStore
) -> None:
    crossing_id = crossings_edit.register(officer, cells(somewhere()), store)
    crossings_edit.change(officer, crossing_id, 1, cells(somewhere()))
    assert read(crossing_id).version == 1


def test_nobody_else_edits_and_strangers_find_nothing(
    district: Unit, officer: Officer, store: PhotoStore
) -> None:
    crossing_id = crossings_edit.register(officer, cells(somewhere()), store)
    stranger = make_officer(make_commune(column=1, parent=district))
    overseer = make_officer(district, "overseer")
    with pytest.raises(NotFound):
        crossings_edit.change(stranger, crossing_id, 1, cells(somewhere()))
    with pytest.raises(NotAllowed):
        crossings_edit.inspect(overseer, crossing_id, 1, inspection("xem"), store)


def test_an_edit_keeps_the_unit_that_is_not_the_lands_until_it_moves_to_other_land(
    district: Unit, officer: Officer, commune: Unit
) -> None:
    """A supervisor gave a crossing on the neighbour's land to the officer's commune."""
    make_commune(column=1, parent=district)
    crossing = make_crossing(somewhere(1), commune)
    crossings_edit.change(officer, crossing.id, 1, cells(somewhere(1), name="Ngõ 5"))
    assert (read(crossing.id).name, read(crossing.id).unit_id) == ("Ngõ 5", commune.id)
    crossings_edit.change(officer, crossing.id, 2, cells(somewhere(1, east_m=30), unit="nowhere"))
    assert read(crossing.id).unit_id == commune.id
    company = make_commune(column=2, parent=district)
    with pytest.raises(NotAllowed):
        crossings_edit.change(officer, crossing.id, 3, cells(somewhere(2)))
    assert company.id != read(crossing.id).unit_id


def test_a_line_that_is_named_proves_nothing_from_afar(
    district: Unit, officer: Officer, store: PhotoStore
) -> None:
    company = make_commune(column=2, parent=district)
    make_railway(authority_id=company.id)
    stranger = make_officer(company)
    with pytest.raises(EntryRefused) as caught:
        crossings_edit.register(stranger, cells(somewhere(north_m=900), line="DSBN"), store)
    assert [(each.field, each.code) for each in caught.value.problems] == [
        ("line", "crossing_line_far")
    ]
    # 35 m beside the rails: no longer on the strip of 15 m, but a position is not that sure.
    near = cells(somewhere(north_m=35), line="DSBN")
    assert read(crossings_edit.register(stranger, near, store)).corridor_id is not None


def test_a_far_line_that_the_register_has_already_keeps_no_other_value_from_changing(
    officer: Officer, commune: Unit
) -> None:
    line = make_railway()
    crossing = make_crossing(somewhere(north_m=600), commune, corridor_id=line.id)
    there = cells(somewhere(north_m=600), line="DSBN")
    crossings_edit.change(officer, crossing.id, 1, there | {"name": "Ngõ 5"})
    assert (read(crossing.id).name, read(crossing.id).corridor_id) == ("Ngõ 5", line.id)
    with pytest.raises(EntryRefused):
        crossings_edit.change(officer, crossing.id, 2, cells(somewhere(north_m=590), line="DSBN"))


def test_nobodys_photos_are_kept_who_may_not_write(
    district: Unit, officer: Officer, commune: Unit, store: PhotoStore, tmp_path: Path
) -> None:
    crossing = make_crossing(somewhere(), commune)
    stranger = make_officer(make_commune(column=1, parent=district))
    overseer = make_officer(district, "overseer")
    found = inspection("xem", photos=[jpeg()])
    for someone, version in ((stranger, 1), (overseer, 1), (officer, 9)):
        with pytest.raises((NotFound, NotAllowed, Conflict)):
            crossings_edit.inspect(someone, crossing.id, version, found, store)
    spot = cells(somewhere(east_m=300))
    with pytest.raises(NotAllowed):
        crossings_edit.register(stranger, spot, store, photos=[jpeg()])
    with pytest.raises(NotFound):
        crossings_edit.register(officer, spot, store, photos=[jpeg()], case_number="NO-SUCH")
    assert list((tmp_path / "photos").rglob("*")) == []


def test_an_inspection_says_what_holds_from_then_on_with_photos(
    officer: Officer, store: PhotoStore
) -> None:
    crossing_id = crossings_edit.register(officer, cells(somewhere()), store)
    found = inspection(
        "Đã rào, còn một khe hẹp.", state="restricted", measures=("narrowed",), photos=[jpeg()]
    )
    crossings_edit.inspect(officer, crossing_id, 1, found, store)

    file = crossings_show.read_crossing(officer, crossing_id)
    assert (file.crossing.state, file.crossing.measures) == ("restricted", ["narrowed"])
    assert file.last_inspected is not None
    assert [photo.id for photo in file.last_inspected.photos] == [photo.id for photo in file.photos]


def test_a_photo_is_prepared_by_a_job_and_then_shown_to_those_who_see_the_crossing(
    district: Unit, officer: Officer, store: PhotoStore
) -> None:
    crossing_id = crossings_edit.register(officer, cells(somewhere()), store, photos=[jpeg()])
    [photo] = crossings_show.read_crossing(officer, crossing_id).photos
    with pytest.raises(NotFound):
        crossings_photos.derivative_of(officer, crossing_id, photo.id, "small", store)

    asked = db.session.scalars(
        select(OutboxEntry.subject).where(OutboxEntry.kind == "prepare_crossing_photo")
    ).all()
    assert asked == [str(photo.id)]
    for _twice in range(2):
        with transaction() as work:
            work.ask("prepare_crossing_photo", photo.id)
        lease = outbox.lease("prepare_crossing_photo", str(photo.id), seconds=20)
        assert lease is not None
        crossings_photos.prepare(photo.id, lease, store)

    served = crossings_photos.derivative_of(officer, crossing_id, photo.id, "large", store)
    assert served.path.exists()
    stranger = make_officer(make_commune(column=1, parent=district))
    with pytest.raises(NotFound):
        crossings_photos.derivative_of(stranger, crossing_id, photo.id, "large", store)


def test_what_is_no_photo_changes_nothing(officer: Officer, store: PhotoStore) -> None:
    crossing_id = crossings_edit.register(officer, cells(somewhere()), store)
    half = BytesIO(jpeg().getvalue()[:300])
    for photos in ([half], [jpeg()] * 4):
        found = inspection("xem", state="closed", photos=photos)
        with pytest.raises(InvalidInput):
            crossings_edit.inspect(officer, crossing_id, 1, found, store)
    assert (read(crossing_id).state, len(history(crossing_id))) == ("open", 1)


def test_an_empty_inspection_is_refused(officer: Officer, store: PhotoStore) -> None:
    crossing_id = crossings_edit.register(officer, cells(somewhere()), store)
    with pytest.raises(InvalidInput) as caught:
        crossings_edit.inspect(officer, crossing_id, 1, inspection(), store)
    assert caught.value.code == "crossing_inspection_empty"


def crossing_case(commune: Unit, **where: float) -> Case:
    return make_case(commune, somewhere(**where), category_code="self_opened_crossing", severity=3)


def test_registering_from_a_case_links_it_by_an_event(
    officer: Officer, commune: Unit, store: PhotoStore
) -> None:
    case = crossing_case(commune)
    offered = crossings_cases.on_case(officer, case)
    assert offered is not None
    assert (offered.is_asked, offered.may_register) == (True, True)

    crossing_id = crossings_edit.register(
        officer, cells(somewhere()), store, case_number=case.number
    )

    fresh = db.session.get_one(Case, case.id)
    assert fresh.crossing_id == crossing_id
    [event] = db.session.scalars(
        select(CaseEvent).where(CaseEvent.case_id == case.id, CaseEvent.kind == "crossing_linked")
    )
    assert event.data["crossing_code"] == f"LD-{crossing_id:04d}"
    assert [each.id for each in crossings_show.read_crossing(officer, crossing_id).cases] == [
        case.id
    ]
    block = crossings_cases.on_case(officer, fresh)
    assert block is not None
    assert (block.is_open_to, block.is_asked, block.distance_m) == (True, False, pytest.approx(0))


def test_a_case_that_is_not_the_officers_is_not_linked_and_nothing_is_registered(
    district: Unit, officer: Officer, store: PhotoStore
) -> None:
    foreign = crossing_case(make_commune(column=1, parent=district), column=1)
    with pytest.raises(NotFound):
        crossings_edit.register(officer, cells(somewhere()), store, case_number=foreign.number)
    assert db.session.scalars(select(Crossing)).all() == []


def test_a_case_is_linked_to_a_crossing_near_it_and_unlinked_again(
    officer: Officer, commune: Unit
) -> None:
    crossing = make_crossing(somewhere(east_m=30), commune)
    case = crossing_case(commune)
    block = crossings_cases.on_case(officer, case)
    assert block is not None
    assert [one.crossing.id for one in block.near] == [crossing.id]
    assert not block.is_asked

    crossings_cases.link(officer, Seen(case.number, case.version), crossing.id)
    fresh = db.session.get_one(Case, case.id)
    assert fresh.crossing_id == crossing.id
    with pytest.raises(Conflict):
        crossings_cases.link(officer, Seen(case.number, fresh.version - 1), None)
    crossings_cases.link(officer, Seen(case.number, fresh.version), None)
    assert db.session.get_one(Case, case.id).crossing_id is None


def test_a_case_is_not_linked_to_a_far_crossing_of_somebody_else(
    district: Unit, officer: Officer, commune: Unit
) -> None:
    other = make_commune(column=1, parent=district)
    far = make_crossing(somewhere(1), other)
    case = crossing_case(commune)
    with pytest.raises(NotFound):
        crossings_cases.link(officer, Seen(case.number, case.version), far.id)


def test_other_cases_have_no_block(officer: Officer, commune: Unit) -> None:
    make_crossing(somewhere(), commune)
    assert crossings_cases.on_case(officer, make_case(commune)) is None
