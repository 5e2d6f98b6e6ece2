"""Working hours and days, public holidays, and the two first deadlines."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.strategies import moments_between
from webapp.domain.deadlines import (
    DEFAULT_RULES,
    LOCAL_ZONE,
    Rule,
    WorkingCalendar,
    add_working_days,
    add_working_hours,
    deadlines,
    local_day,
    working_hours_between,
)

# 30/4 and 1/5/2026 fall on Thursday and Friday; Saturday 22/8/2026 is worked for 31/8.
CALENDAR = WorkingCalendar(
    holidays=frozenset({date(2026, 4, 30), date(2026, 5, 1), date(2026, 8, 31)}),
    make_up_days=frozenset({date(2026, 8, 22)}),
)


def local(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=LOCAL_ZONE)


moments = moments_between(date(2026, 1, 1), date(2026, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0)
)
# Whole minutes, so that hours add up without rounding.
work_minutes = st.integers(0, 60 * 60)


def add_minutes(start: datetime, minutes: int) -> datetime:
    return add_working_hours(start, minutes / 60, CALENDAR)


def lies_in_a_window(moment: datetime) -> bool:
    at = moment.astimezone(LOCAL_ZONE)
    is_in_hours = time(7, 30) <= at.time() <= time(11, 30) or time(13, 30) <= at.time() <= time(17)
    return is_in_hours and CALENDAR.is_working_day(at.date())


def test_eight_hours_from_a_morning_end_the_next_morning() -> None:
    # Wednesday 10:00: 1.5 h before noon, 3.5 h after it, 3 h on Thursday from 7:30.
    assert add_working_hours(local(6, 17, 10), 8, CALENDAR) == local(6, 18, 10, 30)


def test_the_midday_break_does_not_count() -> None:
    assert add_working_hours(local(6, 17, 11), 1, CALENDAR) == local(6, 17, 14)


def test_hours_that_end_at_closing_time_end_that_day() -> None:
    assert add_working_hours(local(6, 17, 16), 1, CALENDAR) == local(6, 17, 17)


def test_a_report_on_friday_evening_begins_to_count_on_monday() -> None:
    assert add_working_hours(local(6, 19, 20), 4, CALENDAR) == local(6, 22, 11, 30)


def test_public_holidays_do_not_count() -> None:
    # Wednesday 29/4 16:00; Thursday, Friday are holidays, then a weekend: Monday 4/5.
    assert add_working_hours(local(4, 29, 16), 4, CALENDAR) == local(5, 4, 10, 30)


def test_a_saturday_worked_in_exchange_counts() -> None:
    assert add_working_hours(local(8, 21, 16), 4, CALENDAR) == local(8, 22, 10, 30)


def test_no_hours_from_outside_the_windows_lead_to_the_next_opening() -> None:
    assert add_working_hours(local(6, 17, 12), 0, CALENDAR) == local(6, 17, 13, 30)
    assert add_working_hours(local(6, 17, 11, 30), 0, CALENDAR) == local(6, 17, 11, 30)


def test_hours_and_days_cannot_be_taken_back() -> None:
    with pytest.raises(ValueError, match="never taken back"):
        add_working_hours(local(6, 17), -1, CALENDAR)
    with pytest.raises(ValueError, match="never taken back"):
        add_working_days(local(6, 17), -1, CALENDAR)


def test_the_first_day_is_not_counted_and_the_last_one_is_whole() -> None:
    assert add_working_days(local(6, 17, 8), 1, CALENDAR) == local(6, 18, 17)
    assert add_working_days(local(6, 17, 23), 1, CALENDAR) == local(6, 18, 17)


def test_days_step_over_weekends_and_holidays() -> None:
    assert add_working_days(local(4, 28, 9), 2, CALENDAR) == local(5, 4, 17)


def test_part_of_a_day_counts_as_a_day() -> None:
    assert add_working_days(local(6, 17, 8), 1.5, CALENDAR) == local(6, 19, 17)


def test_no_days_lead_to_the_end_of_the_first_day_not_yet_over() -> None:
    assert add_working_days(local(6, 17, 8), 0, CALENDAR) == local(6, 17, 17)
    assert add_working_days(local(6, 17, 18), 0, CALENDAR) == local(6, 18, 17)


@given(moments, work_minutes, work_minutes)
def test_working_hours_add_up(start: datetime, first: int, then: int) -> None:
    at_once = add_minutes(start, first + then)
    in_two_steps = add_minutes(add_minutes(start, first), then)
    # Hours are floats: their sixtieths round to a microsecond.
    assert abs(at_once - in_two_steps) <= timedelta(microseconds=2) or (
        # … and a rounding across closing time leads to the next opening.
        working_hours_between(min(at_once, in_two_steps), max(at_once, in_two_steps), CALENDAR)
        < 1e-8
    )


@given(moments, work_minutes)
def test_no_deadline_lies_outside_the_working_windows(start: datetime, minutes: int) -> None:
    assert lies_in_a_window(add_minutes(start, minutes))


@given(moments, moments, work_minutes)
def test_who_starts_later_is_never_due_earlier(a: datetime, b: datetime, minutes: int) -> None:
    earlier, later = sorted((a, b))
    assert add_minutes(earlier, minutes) <= add_minutes(later, minutes)


@given(moments, work_minutes)
def test_what_was_added_lies_between(start: datetime, minutes: int) -> None:
    end = add_minutes(start, minutes)
    assert end >= start
    assert working_hours_between(start, end, CALENDAR) == pytest.approx(minutes / 60, abs=1e-8)


@given(st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_hours_between_add_up_over_a_middle(three: list[datetime]) -> None:
    start, middle, end = three
    assert working_hours_between(start, end, CALENDAR) == pytest.approx(
        working_hours_between(start, middle, CALENDAR)
        + working_hours_between(middle, end, CALENDAR)
    )


def test_between_a_moment_and_an_earlier_one_lie_no_hours() -> None:
    assert working_hours_between(local(6, 18, 9), local(6, 17, 9), CALENDAR) == 0


@given(moments, st.integers(0, 30))
def test_working_days_end_at_closing_time_of_a_working_day(start: datetime, days: int) -> None:
    end = add_working_days(start, days, CALENDAR).astimezone(LOCAL_ZONE)
    assert end >= start
    assert end.time() == time(17)
    assert CALENDAR.is_working_day(end.date())


@given(moments, st.integers(1, 30))
def test_so_many_working_days_lie_after_the_first(start: datetime, days: int) -> None:
    first = local_day(start)
    last = local_day(add_working_days(start, days, CALENDAR))
    after = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert sum(CALENDAR.is_working_day(day) for day in after) == days


def test_the_defaults_are_those_of_the_plan() -> None:
    assert [(r.acknowledge_hours, r.resolve_days) for r in DEFAULT_RULES] == [
        (8, 15),
        (8, 10),
        (4, 5),
        (1, 1),
    ]
    assert [r.severity for r in DEFAULT_RULES if r.is_round_the_clock] == [4]


def test_an_emergency_runs_round_the_clock() -> None:
    due = deadlines(local(6, 20, 23), DEFAULT_RULES[3], CALENDAR)
    assert due.acknowledge_due_at == local(6, 21, 0)
    assert due.resolve_due_at == local(6, 21, 23)


def test_an_ordinary_case_runs_in_working_hours() -> None:
    due = deadlines(local(6, 17, 14, 32), Rule(1, 8, 15), CALENDAR)
    # A working day has 7.5 hours: 2 h 28 today, 5 h 32 tomorrow.
    assert due.acknowledge_due_at == local(6, 18, 15, 2)
    assert due.resolve_due_at == local(7, 8, 17)


@given(moments, st.sampled_from(DEFAULT_RULES))
def test_acknowledging_is_due_before_resolving_and_both_after_opening(
    opened_at: datetime, rule: Rule
) -> None:
    due = deadlines(opened_at, rule, CALENDAR)
    assert opened_at < due.acknowledge_due_at < due.resolve_due_at


@given(moments)
def test_a_graver_case_is_never_due_later(opened_at: datetime) -> None:
    dues = [deadlines(opened_at, rule, CALENDAR) for rule in DEFAULT_RULES]
    for lighter, graver in pairwise(dues):
        assert graver.acknowledge_due_at <= lighter.acknowledge_due_at
        assert graver.resolve_due_at <= lighter.resolve_due_at


def test_deadlines_are_given_in_utc() -> None:
    due = deadlines(local(6, 17, 14), DEFAULT_RULES[0], CALENDAR)
    assert due.acknowledge_due_at.tzinfo is UTC
    assert due.resolve_due_at.tzinfo is UTC


@pytest.mark.parametrize(
    "windows",
    [(), ((time(11), time(7)),), ((time(7), time(12)), (time(11), time(17)))],
)
def test_a_calendar_without_sound_windows_is_refused(
    windows: tuple[tuple[time, time], ...],
) -> None:
    with pytest.raises(ValueError, match="windows"):
        WorkingCalendar(windows=windows)


def test_a_calendar_without_working_days_is_refused() -> None:
    with pytest.raises(ValueError, match="day of the week"):
        WorkingCalendar(weekdays=frozenset())
