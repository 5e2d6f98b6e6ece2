"""The day new boundaries hold: cases follow their land, officers their unit, figures stay."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.factories import (
    make_case,
    make_commune,
    make_officer,
    make_supervising_unit,
    somewhere,
)
from tests.servers.counting import SqlCounter
from webapp import clock
from webapp.domain import casework as rules
from webapp.domain.case_state import Happening
from webapp.domain.errors import InvalidInput, NotAllowed, NotFound
from webapp.extensions import db
from webapp.models import (
    Boundary,
    Case,
    CaseEvent,
    Coordination,
    Officer,
    Tally,
    TerritorySwitch,
    Transfer,
    Unit,
)
from webapp.services import (
    case_lists,
    casework,
    outbox,
    scope,
    statistics,
    tallies,
    territory_correction,
    territory_index,
    territory_switch,
    territory_turn,
)
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

LAST_DAY, FIRST_DAY = date(2025, 6, 30), date(2025, 7, 1)
BEFORE = datetime(2025, 6, 20, 3, 0, tzinfo=UTC)
AFTER = datetime(2025, 7, 1, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def first_day() -> object:
    """Every test stands on the morning of the first day of the new land."""
    with clock.at(AFTER):
        yield


@pytest.fixture
def district() -> Unit:
    """The unit above them all."""
    return make_supervising_unit()


@pytest.fixture
def west(district: Unit) -> Unit:
    """A commune that ends; its code is used again."""
    return make_commune(column=0, code="22834", name="Tây", parent=district, valid_to=LAST_DAY)


@pytest.fixture
def east(district: Unit) -> Unit:
    """Its neighbour, which ends with it."""
    return make_commune(column=1, code="2", name="Đông", parent=district, valid_to=LAST_DAY)


@pytest.fixture
def merged(district: Unit) -> Unit:
    """The commune that holds the land of both from the first day on."""
    unit = make_commune(
        column=0, code="22834", name="Hợp nhất", parent=district, valid_from=FIRST_DAY
    )
    widen(unit, columns=2)
    return unit


def widen(unit: Unit, *, columns: int) -> None:
    """Let the square of a unit reach over several columns."""
    with transaction() as work:
        boundary = work.session.scalars(select(Boundary).where(Boundary.unit_id == unit.id)).one()
        (ring,) = boundary.geometry["coordinates"]
        east_edge = ring[0][0] + columns * (ring[1][0] - ring[0][0])
        edge = ring[1][0]
        wide = [[east_edge if x == edge else x, y] for x, y in ring]
        boundary.geometry = {"type": "Polygon", "coordinates": [wide]}
        boundary.max_longitude = east_edge
        boundary.source = f"drawn by the tests, {columns} columns"


def fresh(case: Case) -> Case:
    return db.session.get_one(Case, case.id, populate_existing=True)


def events(case: Case, kind: str = "land_passed") -> list[CaseEvent]:
    query = select(CaseEvent).where(CaseEvent.case_id == case.id, CaseEvent.kind == kind)
    return list(db.session.scalars(query.order_by(CaseEvent.version)))


def switched(on: date = FIRST_DAY) -> TerritorySwitch:
    run = territory_switch.switch(on)
    assert run is not None
    return run


def happen(case: Case, kind: str, officer: Officer, at: datetime) -> None:
    data = {"public_sentence": "Đã dọn xong."} if kind == "resolved" else {}
    with transaction() as work:
        row = work.session.get_one(Case, case.id, populate_existing=True)
        casework.append(work, row, kind, actor=officer, now=at, data=data)


def hand_over(case: Case, to: Unit, officer: Officer, at: datetime) -> None:
    """Let another unit take the lead, as an accepted transfer does."""
    data = {"transfer_id": 0, "to_unit_id": to.id, "lead_unit_id": to.id}
    for kind in ("transfer_offered", "transfer_accepted"):
        with transaction() as work:
            row = work.session.get_one(Case, case.id, populate_existing=True)
            casework.append(work, row, kind, actor=officer, now=at, data=data)


def rebuild(day: date) -> list[tuple[int, int, int]]:
    with transaction() as work:
        work.ask("rebuild_tallies", day.isoformat())
    lease = outbox.lease("rebuild_tallies", day.isoformat(), seconds=20)
    assert lease is not None
    tallies.rebuild_tallies(day, lease)
    found = db.session.scalars(select(Tally).where(Tally.day == day).order_by(Tally.unit_id))
    return [(row.unit_id, row.opened, row.acknowledged) for row in found]


def test_an_open_case_follows_its_land_and_an_event_says_so(west: Unit, merged: Unit) -> None:
    case = make_case(west, opened_at=BEFORE)
    due = (case.acknowledge_due_at, case.resolve_due_at, case.due_at)
    run = switched()
    case = fresh(case)
    assert (case.lead_unit_id, case.commune_id) == (merged.id, merged.id)
    assert (case.acknowledge_due_at, case.resolve_due_at, case.due_at) == due
    (event,) = events(case)
    assert event.actor_id is None
    assert event.data["from_unit_id"] == west.id
    assert event.data["switch_id"] == run.id
    assert (run.moved, run.details["pairs"]) == (1, [[west.id, merged.id, 1]])


def test_a_dry_run_writes_nothing_and_names_what_would_pass(
    west: Unit, east: Unit, merged: Unit
) -> None:
    cases = [make_case(west, opened_at=BEFORE), make_case(east, somewhere(1), opened_at=BEFORE)]
    plan = territory_switch.plan(FIRST_DAY)
    assert [(old.name, new.name, count) for old, new, count in plan.pairs] == [
        ("Đông", "Hợp nhất", 1),
        ("Tây", "Hợp nhất", 1),
    ]
    assert [move.number for move in plan.moves] == [case.number for case in cases]
    assert fresh(cases[0]).lead_unit_id == west.id
    assert not territory_switch.history()


def test_a_second_run_changes_nothing(west: Unit, merged: Unit) -> None:
    case = make_case(west, opened_at=BEFORE)
    switched()
    assert territory_switch.switch(FIRST_DAY) is None
    assert len(events(case)) == 1
    assert len(territory_switch.history()) == 1


def test_a_day_that_has_not_come_is_refused_but_may_be_tried(west: Unit, merged: Unit) -> None:
    make_case(west, opened_at=BEFORE)
    with clock.at(BEFORE):
        assert len(territory_switch.plan(FIRST_DAY).moves) == 1
        with pytest.raises(InvalidInput) as refused:
            territory_switch.switch(FIRST_DAY)
    assert refused.value.code == "switch_in_future"


def test_a_case_that_ended_stays_with_the_unit_that_ended_it(west: Unit, merged: Unit) -> None:
    case = make_case(west, opened_at=BEFORE)
    happen(case, "acknowledged", make_officer(west), BEFORE + timedelta(hours=1))
    happen(case, "resolved", make_officer(west), BEFORE + timedelta(hours=2))
    switched()
    assert fresh(case).lead_unit_id == west.id


def test_a_case_on_nobodys_land_is_kept_and_named(west: Unit, east: Unit, district: Unit) -> None:
    make_commune(column=0, code="22834", parent=district, valid_from=FIRST_DAY)
    lost = make_case(east, somewhere(1, east_m=800), opened_at=BEFORE)
    make_case(west, opened_at=BEFORE)
    plan = territory_switch.plan(FIRST_DAY)
    assert [(kept.number, kept.code) for kept in plan.kept] == [(lost.number, "outside")]
    run = switched()
    assert run.details["kept"] == {"outside": [lost.id]}
    assert fresh(lost).lead_unit_id == east.id
    assert fresh(lost).is_open


def test_a_case_on_the_beach_goes_to_the_nearest_land(west: Unit, merged: Unit) -> None:
    beach = somewhere(0)
    south_m = -1_112 - 120
    case = make_case(
        west, somewhere(0, north_m=south_m, accuracy_m=beach.accuracy_m), opened_at=BEFORE
    )
    switched()
    assert fresh(case).lead_unit_id == merged.id


def test_a_case_far_from_any_land_goes_to_the_successor_of_its_commune(
    west: Unit, district: Unit
) -> None:
    heir = make_commune(column=0, code="22834", parent=district, valid_from=FIRST_DAY)
    # Somebody at the desk gave a spot out at sea to the commune.
    at_sea = make_case(west, somewhere(0, north_m=-1_112 - 800), opened_at=BEFORE)
    run = switched()
    assert run.details["kept"] == {}
    assert (fresh(at_sea).lead_unit_id, fresh(at_sea).commune_id) == (heir.id, heir.id)


def test_what_was_kept_is_not_looked_at_again_until_something_of_it_changes(
    west: Unit, east: Unit, district: Unit
) -> None:
    land = make_commune(column=0, code="22834", parent=district, valid_from=FIRST_DAY)
    make_case(east, somewhere(1, east_m=800), opened_at=BEFORE)
    make_case(west, opened_at=BEFORE)
    assert territory_switch.is_needed(FIRST_DAY)
    run = switched()
    assert not territory_switch.is_needed(FIRST_DAY)
    make_case(east, somewhere(1, east_m=700), opened_at=BEFORE)
    assert territory_switch.is_needed(FIRST_DAY)
    assert territory_switch.switch(FIRST_DAY) is None
    assert not territory_switch.is_needed(FIRST_DAY)
    assert [row.id for row in territory_switch.history()] == [run.id]
    widen(land, columns=2)
    assert territory_switch.is_needed(FIRST_DAY)
    assert switched().moved == 2


def test_where_all_is_kept_from_the_start_the_clock_asks_once(east: Unit, district: Unit) -> None:
    make_commune(column=5, parent=district, valid_from=FIRST_DAY)
    lost = make_case(east, somewhere(1), opened_at=BEFORE)
    assert territory_switch.is_needed(FIRST_DAY)
    assert territory_switch.switch(FIRST_DAY) is None
    assert not territory_switch.is_needed(FIRST_DAY)
    (run,) = territory_switch.history()
    assert (run.moved, run.details["kept"]) == (0, {"outside": [lost.id]})


def test_a_plan_asks_as_much_for_ten_cases_as_for_two(
    district: Unit, sql_counter: Callable[[], SqlCounter], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else a slow machine asks for the land's name again every second.
    monkeypatch.setattr(territory_index, "NAME_HOLDS_S", 600.0)
    home = make_commune(column=0, parent=district)
    _redraw(home)
    counts = []
    for more in (2, 8):
        for _ in range(more):
            make_case(home, opened_at=BEFORE)
        territory_switch.plan(FIRST_DAY)
        db.session.expire_all()
        with sql_counter() as statements:
            assert territory_switch.plan(FIRST_DAY).is_empty
        counts.append(len(statements))
    assert counts[0] == counts[1]


def _redraw(unit: Unit) -> None:
    """Draw a unit's land once more, as it was, from the first day on."""
    with transaction() as work:
        old = work.session.scalars(select(Boundary).where(Boundary.unit_id == unit.id)).one()
        old.valid_to = LAST_DAY
        work.session.add(
            Boundary(
                unit_id=unit.id,
                valid_from=FIRST_DAY,
                geometry=old.geometry,
                min_longitude=old.min_longitude,
                min_latitude=old.min_latitude,
                max_longitude=old.max_longitude,
                max_latitude=old.max_latitude,
                source="drawn again",
            )
        )


def test_a_commune_that_was_chosen_by_a_person_is_followed_to_its_successor(
    west: Unit, east: Unit, district: Unit
) -> None:
    heirs = [
        make_commune(column=column, code=f"n{column}", parent=district, valid_from=FIRST_DAY)
        for column in (0, 1)
    ]
    # The spot lies in the west, and somebody at the desk said that it is the east's.
    case = make_case(east, somewhere(0), opened_at=BEFORE)
    switched()
    assert fresh(case).lead_unit_id == heirs[1].id


def test_land_that_a_unit_gave_up_takes_its_cases_along(district: Unit) -> None:
    giver = make_commune(column=0, name="Cho", parent=district)
    with transaction() as work:
        old = work.session.scalars(select(Boundary).where(Boundary.unit_id == giver.id)).one()
        old.valid_to = LAST_DAY
        ring = [[x + 1.0, y] for x, y in old.geometry["coordinates"][0]]
        work.session.add(
            Boundary(
                unit_id=giver.id,
                valid_from=FIRST_DAY,
                geometry={"type": "Polygon", "coordinates": [ring]},
                min_longitude=ring[0][0],
                min_latitude=ring[0][1],
                max_longitude=ring[1][0],
                max_latitude=ring[2][1],
                source="moved far away",
            )
        )
    taker = make_commune(column=0, name="Nhận", parent=district, valid_from=FIRST_DAY)
    old_case = make_case(giver, opened_at=BEFORE)
    # Opened since, and given to them by a person: nothing of it changed hands.
    new_case = make_case(giver, opened_at=AFTER)
    switched()
    assert fresh(old_case).lead_unit_id == taker.id
    assert fresh(new_case).lead_unit_id == giver.id


def test_an_authority_keeps_the_lead_and_the_new_commune_stays_on_the_case(
    west: Unit, merged: Unit
) -> None:
    with transaction() as work:
        authority = Unit(
            code="KQLDB", tier="authority", kind="khu", name="Quản lý", valid_from=date(2020, 1, 1)
        )
        work.session.add(authority)
    case = make_case(west, opened_at=BEFORE)
    hand_over(case, authority, make_officer(west), BEFORE)
    with transaction() as work:
        work.session.add(_part(case, west, source="land"))
    switched()
    case = fresh(case)
    assert (case.lead_unit_id, case.commune_id) == (authority.id, merged.id)
    assert _parts(case) == [(merged.id, "asked")]


def _part(case: Case, unit: Unit, source: str = "border", state: str = "asked") -> Coordination:
    return Coordination(
        case_id=case.id, unit_id=unit.id, source=source, state=state, task="xem", asked_at=BEFORE
    )


def _parts(case: Case) -> list[tuple[int, str]]:
    query = select(Coordination).where(Coordination.case_id == case.id).order_by(Coordination.id)
    rows = db.session.scalars(query.execution_options(populate_existing=True))
    return [(row.unit_id, row.state) for row in rows]


def test_partners_follow_and_a_part_beside_the_own_lead_ends(
    west: Unit, east: Unit, district: Unit, merged: Unit
) -> None:
    stays = make_commune(column=4, name="Ở lại", parent=district)
    case = make_case(west, opened_at=BEFORE)
    with transaction() as work:
        work.session.add_all([_part(case, east), _part(case, stays, state="replied")])
    before = _parts(case)
    run = switched()
    assert _parts(case) == [(east.id, "ended"), (stays.id, "replied")]
    territory_correction.correct(run.id, on=FIRST_DAY)
    assert _parts(case) == before


def test_a_case_whose_land_stays_gets_its_new_partner_too(district: Unit, east: Unit) -> None:
    home = make_commune(column=0, name="Nhà", parent=district)
    heir = make_commune(column=1, code="2", name="Kế", parent=district, valid_from=FIRST_DAY)
    case = make_case(home, opened_at=BEFORE)
    with transaction() as work:
        work.session.add(_part(case, east))
    switched()
    assert _parts(case) == [(heir.id, "asked")]
    assert fresh(case).lead_unit_id == home.id
    assert len(events(case)) == 1
    assert territory_switch.switch(FIRST_DAY) is None


def _offer(case: Case, to: Unit, officer: Officer) -> int:
    with transaction() as work:
        transfer = Transfer(
            case_id=case.id,
            from_unit_id=case.lead_unit_id,
            to_unit_id=to.id,
            state="open",
            reason_code="other_land",
            words="đất bên đó",
            asked_at=BEFORE,
            asked_by_id=officer.id,
            due_at=BEFORE + timedelta(days=1),
        )
        work.session.add(transfer)
        work.session.flush()
        row = work.session.get_one(Case, case.id, populate_existing=True)
        data = {"transfer_id": transfer.id, "to_unit_id": to.id}
        casework.append(work, row, "transfer_offered", actor=officer, now=BEFORE, data=data)
        return transfer.id


def _transfer(transfer_id: int) -> tuple[int, int | None, str]:
    row = db.session.get_one(Transfer, transfer_id, populate_existing=True)
    return row.from_unit_id, row.to_unit_id, row.state


def test_an_open_transfer_follows_both_of_its_units(west: Unit, east: Unit, district: Unit) -> None:
    heirs = [
        make_commune(column=column, code=f"n{column}", parent=district, valid_from=FIRST_DAY)
        for column in (0, 1)
    ]
    case = make_case(west, opened_at=BEFORE)
    transfer_id = _offer(case, east, make_officer(west))
    run = switched()
    assert _transfer(transfer_id) == (heirs[0].id, heirs[1].id, "open")
    assert fresh(case).transfer_to_id == heirs[1].id
    territory_correction.correct(run.id, on=FIRST_DAY)
    assert _transfer(transfer_id) == (west.id, east.id, "open")
    assert fresh(case).transfer_to_id == east.id


def test_a_transfer_between_units_that_became_one_is_over(
    west: Unit, east: Unit, merged: Unit
) -> None:
    case = make_case(west, opened_at=BEFORE)
    transfer_id = _offer(case, east, make_officer(west))
    run = switched()
    assert _transfer(transfer_id)[2] == "withdrawn"
    assert fresh(case).transfer_to_id is None
    territory_correction.correct(run.id, on=FIRST_DAY)
    assert _transfer(transfer_id) == (west.id, east.id, "open")
    assert fresh(case).transfer_to_id == east.id


def test_officers_of_an_ended_unit_go_where_most_of_its_land_went(
    west: Unit, merged: Unit, district: Unit
) -> None:
    officer, above = make_officer(west), make_officer(district, role="supervisor")
    epoch = officer.session_epoch
    run = switched()
    assert run.moved == 0
    assert run.details["officers"] == [[officer.id, west.id, merged.id]]
    officer = db.session.get_one(Officer, officer.id, populate_existing=True)
    assert (officer.unit_id, officer.session_epoch) == (merged.id, epoch)
    assert db.session.get_one(Officer, above.id, populate_existing=True).unit_id == district.id
    territory_correction.correct(run.id, on=FIRST_DAY)
    assert db.session.get_one(Officer, officer.id, populate_existing=True).unit_id == west.id


def test_figures_of_the_old_unit_stay_after_the_switch(
    west: Unit, merged: Unit, district: Unit
) -> None:
    case = make_case(west, opened_at=BEFORE)
    officer = make_officer(west)
    happen(case, "acknowledged", officer, BEFORE + timedelta(hours=1))
    before = rebuild(BEFORE.date())
    switched()
    happen(case, "started", officer, AFTER)
    happen(case, "resolved", officer, AFTER)
    assert rebuild(BEFORE.date()) == before == [(west.id, 1, 1)]
    assert [row[0] for row in rebuild(FIRST_DAY)] == [merged.id]
    supervisor = make_officer(district, role="supervisor")
    period = case_lists.Period(BEFORE.date(), FIRST_DAY)
    behind = {
        (name, unit.id): case_lists.cases_behind(supervisor, name, period, unit_id=unit.id).total
        for name in ("opened", "acknowledged", "resolved")
        for unit in (west, merged)
    }
    assert behind == {
        ("opened", west.id): 1,
        ("opened", merged.id): 0,
        ("acknowledged", west.id): 1,
        ("acknowledged", merged.id): 0,
        ("resolved", west.id): 0,
        ("resolved", merged.id): 1,
    }


def test_the_districts_page_tells_the_old_unit_from_the_new_one(west: Unit, merged: Unit) -> None:
    make_case(west, opened_at=BEFORE)
    rebuild(BEFORE.date())
    switched()
    figures = statistics.district(case_lists.Period(BEFORE.date(), FIRST_DAY))
    rows = {
        row.name: (row.figures.opened, row.open_now.count, row.ended_on) for row in figures.units
    }
    assert rows == {"Tây": (1, 0, LAST_DAY), "Hợp nhất": (0, 1, None)}


def test_a_correction_leads_back_by_new_events(west: Unit, merged: Unit) -> None:
    case = make_case(west, opened_at=BEFORE)
    run = switched()
    correction = territory_correction.correct(run.id, on=FIRST_DAY)
    case = fresh(case)
    assert (case.lead_unit_id, case.commune_id) == (west.id, west.id)
    assert [event.data["switch_id"] for event in events(case)] == [run.id, correction.id]
    assert events(case)[1].data["corrects_id"] == run.id
    assert (correction.kind, correction.moved, correction.corrects_id) == ("correction", 1, run.id)


def test_a_correction_leaves_alone_what_was_done_since(
    west: Unit, merged: Unit, district: Unit
) -> None:
    other = make_commune(column=4, parent=district)
    ended, given_away = make_case(west, opened_at=BEFORE), make_case(west, opened_at=BEFORE)
    run = switched()
    officer = make_officer(merged)
    happen(ended, "acknowledged", officer, AFTER)
    happen(ended, "resolved", officer, AFTER)
    hand_over(given_away, other, officer, AFTER)
    correction = territory_correction.correct(run.id, on=FIRST_DAY)
    assert fresh(ended).lead_unit_id == merged.id
    assert (fresh(given_away).lead_unit_id, fresh(given_away).commune_id) == (other.id, west.id)
    assert correction.details["ended_meanwhile"] == 1


def test_a_correction_keeps_the_commune_on_a_case_that_an_authority_leads_by_now(
    west: Unit, merged: Unit
) -> None:
    with transaction() as work:
        authority = Unit(
            code="KQLDB", tier="authority", kind="khu", name="Quản lý", valid_from=date(2020, 1, 1)
        )
        work.session.add(authority)
    case = make_case(west, opened_at=BEFORE)
    run = switched()
    hand_over(case, authority, make_officer(merged), AFTER)
    territory_correction.correct(run.id, on=FIRST_DAY)
    assert (fresh(case).lead_unit_id, fresh(case).commune_id) == (authority.id, west.id)
    assert _parts(case) == [(west.id, "informed")]
    seen = scope.visible_cases(make_officer(west)).where(Case.id == case.id)
    assert db.session.scalar(seen) is not None


def test_a_switch_keeps_the_new_commune_on_a_case_that_an_authority_leads(
    west: Unit, merged: Unit
) -> None:
    with transaction() as work:
        authority = Unit(
            code="KQLDB", tier="authority", kind="khu", name="Quản lý", valid_from=date(2020, 1, 1)
        )
        work.session.add(authority)
    case = make_case(west, opened_at=BEFORE)
    hand_over(case, authority, make_officer(west), BEFORE)
    switched()
    assert _parts(case) == [(merged.id, "informed")]


def test_a_correction_finds_what_a_process_with_a_slow_clock_moved(
    west: Unit, merged: Unit
) -> None:
    case = make_case(west, opened_at=BEFORE)
    run = switched()
    with transaction() as work:
        row = work.session.get_one(TerritorySwitch, run.id)
        row.ran_at = AFTER + timedelta(minutes=5)
    territory_correction.correct(run.id, on=FIRST_DAY)
    assert fresh(case).lead_unit_id == west.id


def test_a_switch_is_corrected_once_and_a_correction_never(west: Unit, merged: Unit) -> None:
    make_case(west, opened_at=BEFORE)
    run = switched()
    correction = territory_correction.correct(run.id, on=FIRST_DAY)
    with pytest.raises(NotAllowed) as refused:
        territory_correction.correct(run.id, on=FIRST_DAY)
    assert refused.value.code == "switch_corrected"
    for unknown in (correction.id, 10_000):
        with pytest.raises(NotFound):
            territory_correction.correct(unknown, on=FIRST_DAY)


def test_the_clock_switches_by_itself_but_never_against_a_correction(
    west: Unit, merged: Unit
) -> None:
    case = make_case(west, opened_at=BEFORE)
    assert territory_turn.due_on(LAST_DAY) == date(2020, 1, 1)
    assert territory_turn.due_on(FIRST_DAY) == FIRST_DAY
    run = switched()
    territory_correction.correct(run.id, on=FIRST_DAY)
    assert territory_turn.due_on(FIRST_DAY) is None
    switched()
    assert fresh(case).lead_unit_id == merged.id
    assert territory_turn.due_on(FIRST_DAY) == FIRST_DAY


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_switch_that_was_killed_is_taken_up_where_it_stood(
    west: Unit, merged: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [make_case(west, opened_at=BEFORE) for _ in range(5)]
    make_officer(west)
    _die_after(monkeypatch, calls=3)
    with pytest.raises(Killed):
        territory_switch.switch(FIRST_DAY, batch=2)
    passed = [case for case in cases if fresh(case).lead_unit_id == merged.id]
    # The first batch stands whole, the second one was never there.
    assert len(passed) == 2
    assert all(_is_whole(case) for case in cases)
    monkeypatch.undo()
    run = switched()
    assert (run.moved, len(territory_switch.history())) == (5, 1)
    assert [len(events(case)) for case in cases] == [1] * 5
    assert run.details["state"] == "done"


def test_a_correction_that_was_killed_is_taken_up_where_it_stood(
    west: Unit, merged: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [make_case(west, opened_at=BEFORE) for _ in range(5)]
    run = switched()
    real, left = territory_correction.append, iter(range(3))

    def append_or_die(*args: object, **values: object) -> CaseEvent:
        if next(left, None) is None:
            raise Killed
        return real(*args, **values)

    monkeypatch.setattr(territory_correction, "append", append_or_die)
    with pytest.raises(Killed):
        territory_correction.correct(run.id, on=FIRST_DAY, batch=2)
    monkeypatch.undo()
    with clock.at(AFTER):
        correction = territory_correction.correct(run.id, on=FIRST_DAY)
    assert correction.moved == 5
    assert [len(events(case)) for case in cases] == [2] * 5


def _die_after(monkeypatch: pytest.MonkeyPatch, *, calls: int) -> None:
    real: Callable[..., None] = territory_switch.territory_moves.pass_on
    left = iter(range(calls))

    def pass_or_die(*args: object) -> None:
        if next(left, None) is None:
            raise Killed
        real(*args)

    monkeypatch.setattr(territory_switch.territory_moves, "pass_on", pass_or_die)


def _is_whole(case: Case) -> bool:
    """Tell whether a case is what its events add up to."""
    state = None
    query = select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.version)
    for event in db.session.scalars(query):
        state = rules.apply(state, Happening(event.kind, event.at, event.data))
    return state == casework.state_of(fresh(case))


def test_nothing_is_written_where_nothing_changed_hands(west: Unit, district: Unit) -> None:
    make_case(west, opened_at=BEFORE)
    assert territory_switch.switch(LAST_DAY) is None
    assert db.session.scalar(select(func.count()).select_from(TerritorySwitch)) == 0
