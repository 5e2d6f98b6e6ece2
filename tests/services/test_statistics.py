"""Figures are what the events of their days add up to, however often they are counted."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.factories import make_case, make_commune, make_officer, make_supervising_unit, somewhere
from webapp import clock
from webapp.domain.errors import NotFound
from webapp.domain.periods import Period
from webapp.extensions import db
from webapp.models import Case, Officer, OutboxEntry, Tally, Unit
from webapp.services import case_lists, casework, outbox, statistics, tallies
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

# A Wednesday at nine in the morning in Vietnam; no holiday is near.
OPENED = datetime(2026, 6, 17, 2, 0, tzinfo=UTC)
DAY = date(2026, 6, 17)
JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))
LATER = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)


def rebuild(day: date) -> None:
    """Rebuild one day the way its job does."""
    with transaction() as work:
        work.ask("rebuild_tallies", day.isoformat())
    lease = outbox.lease("rebuild_tallies", day.isoformat(), seconds=20)
    assert lease is not None
    tallies.rebuild_tallies(day, lease)


def happen(case: Case, kind: str, officer: Officer, at: datetime) -> None:
    """Append a happening to a case at a moment."""
    data = {"public_sentence": "Đã dọn xong."} if kind == "resolved" else {}
    with transaction() as work:
        fresh = work.session.get_one(Case, case.id, populate_existing=True)
        casework.append(work, fresh, kind, actor=officer, now=at, data=data)


@pytest.fixture
def district() -> Unit:
    """The unit above the communes."""
    return make_supervising_unit()


@pytest.fixture
def commune(district: Unit) -> Unit:
    """A commune with land."""
    return make_commune(name="Vĩnh Hải", parent=district)


def rows_of(day: date) -> list[tuple[int, int, int, int, int]]:
    return [
        (row.reports, row.opened, row.acknowledged, row.resolved, row.resolved_on_time)
        for row in db.session.scalars(select(Tally).where(Tally.day == day))
    ]


def test_a_day_counts_what_happened_on_it(commune: Unit) -> None:
    officer = make_officer(commune)
    case = make_case(commune, opened_at=OPENED, witnesses=3)
    happen(case, "acknowledged", officer, OPENED + timedelta(hours=1))
    happen(case, "resolved", officer, OPENED + timedelta(hours=2))
    rebuild(DAY)
    assert rows_of(DAY) == [(3, 1, 1, 1, 1)]
    tally = db.session.scalars(select(Tally)).one()
    assert (tally.acknowledge_hours, tally.resolve_hours) == ([1.0], [2.0])


def test_counting_a_day_twice_changes_nothing(commune: Unit) -> None:
    make_case(commune, opened_at=OPENED)
    rebuild(DAY)
    rebuild(DAY)
    assert rows_of(DAY) == [(1, 1, 0, 0, 0)]


def test_a_row_that_no_event_backs_disappears(commune: Unit) -> None:
    with transaction() as work:
        work.session.add(
            Tally(
                day=DAY,
                unit_id=commune.id,
                category_code="other",
                opened=7,
                acknowledge_hours=[],
                resolve_hours=[],
            )
        )
    rebuild(DAY)
    assert rows_of(DAY) == []


def test_a_day_begins_at_midnight_in_vietnam(commune: Unit) -> None:
    # 16:59 UTC is one minute before midnight there.
    make_case(commune, opened_at=datetime(2026, 6, 17, 16, 59, tzinfo=UTC))
    make_case(commune, opened_at=datetime(2026, 6, 17, 17, 0, tzinfo=UTC))
    rebuild(DAY)
    rebuild(DAY + timedelta(days=1))
    assert rows_of(DAY) == rows_of(DAY + timedelta(days=1)) == [(1, 1, 0, 0, 0)]


def test_a_lost_lease_leaves_the_tallies_as_they_were(commune: Unit) -> None:
    make_case(commune, opened_at=OPENED)
    rebuild(DAY)
    with transaction() as work:
        work.ask("rebuild_tallies", DAY.isoformat())
    lease = outbox.lease("rebuild_tallies", DAY.isoformat(), seconds=20)
    assert lease is not None
    with transaction() as work:
        work.ask("rebuild_tallies", DAY.isoformat())
    with pytest.raises(outbox.LeaseLost):
        tallies.rebuild_tallies(DAY, lease)
    entry = db.session.scalars(
        select(OutboxEntry).where(OutboxEntry.kind == "rebuild_tallies")
    ).one()
    assert entry.done_at is None


def test_the_district_adds_up_its_communes(district: Unit, commune: Unit) -> None:
    other = make_commune(column=1, name="Nhơn Hải", parent=district)
    make_case(commune, opened_at=OPENED)
    make_case(commune, opened_at=OPENED, category_code="road_damage")
    make_case(other, somewhere(1), opened_at=OPENED)
    rebuild(DAY)
    with clock.at(LATER):
        figures = statistics.district(JUNE)
    by_name = {row.name: row for row in figures.units}
    assert by_name["Vĩnh Hải"].figures.opened == 2
    assert by_name["Nhơn Hải"].figures.opened == 1
    assert figures.total.figures.opened == 3
    assert figures.total.open_now.count == 3
    assert figures.total.open_now.unviewed == 3
    assert figures.total.open_now.oldest_opened_at == OPENED
    assert {row.key: row.figures.opened for row in figures.categories if row.figures.opened} == {
        "pavement_encroachment": 2,
        "road_damage": 1,
    }
    assert sum(week.opened for week in figures.weeks) == 3


def test_every_commune_of_today_has_a_line_even_with_nothing_in_it(commune: Unit) -> None:
    figures = statistics.district(JUNE)
    assert [row.name for row in figures.units] == [commune.name]
    assert figures.total.figures.on_time.percent is None


def test_each_figure_has_as_many_cases_in_its_list(commune: Unit, district: Unit) -> None:
    officer = make_officer(commune)
    supervisor = make_officer(district, role="supervisor")
    for hours in (2, 3, 24 * 60):
        case = make_case(commune, opened_at=OPENED)
        happen(case, "acknowledged", officer, OPENED + timedelta(hours=1))
        happen(case, "resolved", officer, OPENED + timedelta(hours=hours))
    make_case(commune, opened_at=OPENED)
    far = (OPENED + timedelta(days=60)).date()
    rebuild(DAY)
    rebuild(far)
    period = Period(DAY, far)
    with clock.at(OPENED + timedelta(days=61)):
        figures = statistics.district(period).total
        lists = {
            name: case_lists.cases_behind(supervisor, name, period, unit_id=commune.id).total
            for name in case_lists.LISTS
        }
    assert lists == {
        "opened": figures.figures.opened,
        "acknowledged": figures.figures.acknowledged,
        "resolved": figures.figures.resolved,
        "on_time": figures.figures.on_time.part,
        "reports": figures.figures.reports,
        "open": figures.open_now.count,
        "late": figures.open_now.late,
        "unviewed": figures.open_now.unviewed,
    }
    assert lists["resolved"] == 3
    assert lists["on_time"] == 2


def test_a_list_comes_in_pages_longest_open_first(commune: Unit, district: Unit) -> None:
    supervisor = make_officer(district, role="supervisor")
    for day in range(case_lists.PAGE_SIZE + 1):
        make_case(commune, opened_at=OPENED - timedelta(days=day))
    first = case_lists.cases_behind(supervisor, "open", JUNE)
    second = case_lists.cases_behind(supervisor, "open", JUNE, page=2)
    assert (first.total, first.pages) == (case_lists.PAGE_SIZE + 1, 2)
    assert first.cases[0].opened_at == OPENED - timedelta(days=case_lists.PAGE_SIZE)
    assert [case.opened_at for case in second.cases] == [OPENED]


def test_a_list_that_does_not_exist_is_not_found(district: Unit) -> None:
    with pytest.raises(NotFound):
        case_lists.cases_behind(make_officer(district, role="supervisor"), "everything", JUNE)


def test_an_administrator_sees_no_case_behind_a_figure(commune: Unit, district: Unit) -> None:
    make_case(commune, opened_at=OPENED)
    administrator = make_officer(district, role="administrator")
    assert case_lists.cases_behind(administrator, "open", JUNE).total == 0
