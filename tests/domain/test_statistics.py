"""Tallies of a day, medians, shares and comparisons."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.strategies import moments_between
from webapp.domain.deadlines import LOCAL_ZONE, WorkingCalendar
from webapp.domain.statistics import (
    CountedEvent,
    Share,
    TallyRow,
    add_up,
    bounds_of,
    compare,
    median_hours,
    share_on_time,
    tally_of,
)

CALENDAR = WorkingCalendar()
DAY = date(2026, 6, 17)


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=LOCAL_ZONE)


def event(
    kind: str,
    at: datetime,
    *,
    unit_id: int = 1,
    category: str = "road_damage",
    opened_at: datetime | None = None,
) -> CountedEvent:
    return CountedEvent(kind, at, unit_id, category, opened_at or local(16, 10), local(17, 17))


def test_a_day_is_counted_by_unit_and_category() -> None:
    rows = tally_of(
        DAY,
        [
            event("opened", local(17, 9)),
            event("report_attached", local(17, 9)),
            event("report_attached", local(17, 10)),
            event("opened", local(17, 9), unit_id=2),
            event("opened", local(17, 9), category="congestion"),
        ],
        CALENDAR,
    )
    assert [(r.unit_id, r.category_code, r.opened, r.reports) for r in rows] == [
        (1, "congestion", 1, 0),
        (1, "road_damage", 1, 2),
        (2, "road_damage", 1, 0),
    ]


def test_waits_are_counted_in_working_hours() -> None:
    (row,) = tally_of(
        DAY,
        [event("acknowledged", local(17, 8)), event("resolved", local(17, 17))],
        CALENDAR,
    )
    # From Tuesday 10:00: five hours that day; then half an hour, or 7.5 hours.
    assert row.acknowledge_hours == (5.5,)
    assert row.resolve_hours == (12.5,)


def test_a_wait_outside_working_hours_is_no_wait() -> None:
    night = replace(event("acknowledged", local(17, 3)), opened_at=local(17, 1))
    (row,) = tally_of(DAY, [night], CALENDAR)
    assert row.acknowledge_hours == (0.0,)


def test_on_time_is_measured_against_the_first_deadline() -> None:
    in_time, late = event("resolved", local(17, 17)), event("resolved", local(17, 17, 1))
    (row,) = tally_of(DAY, [in_time, late], CALENDAR)
    assert (row.resolved, row.resolved_on_time) == (2, 1)


def test_a_day_begins_and_ends_at_midnight_in_vietnam() -> None:
    inside = [local(17, 0), local(17, 6, 59), local(17, 23, 59)]
    outside = [local(16, 23, 59), local(18, 0)]
    # As the database gives them back: in UTC, where the day begins seven hours later.
    moments = [at.astimezone(UTC) for at in inside + outside]
    (row,) = tally_of(DAY, [event("opened", at) for at in moments], CALENDAR)
    assert row.opened == 3
    first, next_first = bounds_of(DAY)
    assert (first, next_first) == (local(17, 0), local(18, 0))


def test_what_is_not_tallied_makes_no_row() -> None:
    assert tally_of(DAY, [event("note_added", local(17, 9))], CALENDAR) == ()


events = st.lists(
    st.builds(
        CountedEvent,
        kind=st.sampled_from(
            ["opened", "report_attached", "acknowledged", "resolved", "note_added"]
        ),
        at=moments_between(date(2026, 6, 15), date(2026, 6, 19)),
        unit_id=st.integers(1, 3),
        category_code=st.sampled_from(["road_damage", "congestion"]),
        opened_at=moments_between(date(2026, 6, 1), date(2026, 6, 15)),
        resolve_due_at=st.just(local(17, 17)),
    ),
    max_size=12,
)


@given(events)
def test_rebuilding_a_day_in_any_order_gives_the_same_rows(happened: list[CountedEvent]) -> None:
    assert tally_of(DAY, happened, CALENDAR) == tally_of(DAY, happened[::-1], CALENDAR)


@given(events)
def test_the_days_together_count_every_event_once(happened: list[CountedEvent]) -> None:
    days = [date(2026, 6, 14) + timedelta(days=n) for n in range(7)]
    rows = [row for day in days for row in tally_of(day, happened, CALENDAR)]
    figures = add_up(rows)
    for kind, counted in [
        ("opened", figures.opened),
        ("report_attached", figures.reports),
        ("acknowledged", figures.acknowledged),
        ("resolved", figures.resolved),
    ]:
        assert counted == sum(e.kind == kind for e in happened)
    assert sum(len(row.resolve_hours) for row in rows) == figures.resolved
    assert len({(row.day, row.unit_id, row.category_code) for row in rows}) == len(rows)


def test_the_median_is_of_all_waits_and_not_of_medians() -> None:
    rows = [
        TallyRow(DAY, 1, "road_damage", acknowledged=3, acknowledge_hours=(1, 2, 3)),
        TallyRow(DAY, 2, "road_damage", acknowledged=1, acknowledge_hours=(9,)),
    ]
    assert add_up(rows).median_acknowledge_hours == 2.5
    assert add_up(rows).median_resolve_hours is None


def test_the_median_of_nothing_is_nothing() -> None:
    assert median_hours([]) is None
    assert median_hours([4.0]) == 4.0


def test_under_ten_cases_there_is_no_rate() -> None:
    share = share_on_time(5, 6)
    assert share.is_too_few
    assert share.rate is None
    assert share.percent is None
    assert (share.part, share.total) == (5, 6)


def test_from_ten_cases_on_there_is_a_rate() -> None:
    share = share_on_time(9, 10)
    assert not share.is_too_few
    assert share.rate == pytest.approx(0.9)
    assert share.percent == 90


def test_the_public_reads_rates_from_five_cases_on() -> None:
    assert share_on_time(4, 5, too_few=5).percent == 80


def test_the_percentages_are_those_of_the_mock_up() -> None:
    parts = [(20, 22, 91), (32, 36, 89), (27, 37, 73), (19, 33, 58), (184, 224, 82)]
    assert [share_on_time(part, total).percent for part, total, _ in parts] == [
        percent for _, _, percent in parts
    ]


def test_halves_are_rounded_up() -> None:
    assert share_on_time(1, 200).percent == 1


def test_a_part_larger_than_its_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="part of"):
        share_on_time(3, 2)


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_percentage_lies_between_0_and_100(part: int, rest: int) -> None:
    percent = share_on_time(part, part + rest).percent
    assert percent is None or 0 <= percent <= 100


def test_a_comparison_is_between_the_percentages_as_printed() -> None:
    comparison = compare(Share(184, 224), Share(152, 200))
    assert (comparison.direction, comparison.points) == ("up", 6)
    down = compare(Share(58, 100), Share(69, 100))
    assert (down.direction, down.points) == ("down", 11)
    same = compare(Share(50, 100), Share(100, 200))
    assert (same.direction, same.points) == ("same", 0)


@pytest.mark.parametrize(
    ("now", "before"),
    [(Share(5, 6), Share(50, 60)), (Share(50, 60), Share(5, 6)), (Share(50, 60), None)],
)
def test_with_too_few_cases_in_either_period_nothing_is_compared(
    now: Share, before: Share | None
) -> None:
    comparison = compare(now, before)
    assert (comparison.direction, comparison.points) == (None, None)
