"""By when a unit must act: working hours and days, public holidays, first deadlines."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

# The office hours that most commune People's Committees keep.
OFFICE_WINDOWS = ((time(7, 30), time(11, 30)), (time(13, 30), time(17, 0)))
MONDAY_TO_FRIDAY = frozenset(range(5))

Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class WorkingCalendar:
    """When offices are open.

    Args:
        holidays: days off, also those moved from a weekend.
        windows: opening and closing times of a working day, in order, local time.
        make_up_days: weekend days that are worked in exchange for a long holiday.
        weekdays: which days of the week are worked, Monday is 0.
        zone: where the windows' clock hangs.
    """

    holidays: frozenset[date] = frozenset()
    windows: tuple[tuple[time, time], ...] = OFFICE_WINDOWS
    make_up_days: frozenset[date] = frozenset()
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    zone: ZoneInfo = LOCAL_ZONE

    def __post_init__(self) -> None:
        """Refuse a calendar on which no deadline would ever come."""
        ends = [end for window in self.windows for end in window]
        if not ends or ends != sorted(set(ends)):
            raise ValueError("the working windows of a day must follow each other")
        if not self.weekdays:
            raise ValueError("at least one day of the week must be worked")

    def is_working_day(self, day: date) -> bool:
        """Tell whether offices open on that day."""
        if day in self.make_up_days:
            return True
        return day.weekday() in self.weekdays and day not in self.holidays

    def windows_on(self, day: date) -> tuple[Window, ...]:
        """Return the day's working windows as moments in UTC; none on a day off."""
        if not self.is_working_day(day):
            return ()
        return tuple(
            (self._moment(day, start), self._moment(day, end)) for start, end in self.windows
        )

    def day_of(self, moment: datetime) -> date:
        """Return the local day of a moment."""
        return moment.astimezone(self.zone).date()

    def _moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)


def local_day(moment: datetime) -> date:
    """Return the day of a moment in Vietnam."""
    return moment.astimezone(LOCAL_ZONE).date()


def add_working_hours(start: datetime, hours: float, calendar: WorkingCalendar) -> datetime:
    """Return the moment (UTC) at which ``hours`` working hours have passed since ``start``.

    The answer always lies inside a working window, its two ends included. Zero hours from
    outside of every window lead to the next opening.

    Raises:
        ValueError: ``hours`` is negative.
    """
    if hours < 0:
        raise ValueError("working hours are added, never taken back")
    left = timedelta(hours=hours)
    for opening, closing in _windows_from(start, calendar):
        begin = max(opening, start)
        if left <= closing - begin:
            return (begin + left).astimezone(UTC)
        left -= closing - begin
    raise AssertionError("the calendar has no end")


def _windows_from(start: datetime, calendar: WorkingCalendar) -> Iterator[Window]:
    day = calendar.day_of(start)
    while True:
        for opening, closing in calendar.windows_on(day):
            if closing >= start:
                yield opening, closing
        day += timedelta(days=1)


def add_working_days(start: datetime, days: float, calendar: WorkingCalendar) -> datetime:
    """Return the end (UTC) of the working day that lies ``days`` working days after ``start``.

    The day of the start is not counted, as in article 147 of the Civil Code of 2015. Part of a
    day counts as a whole one; zero days lead to the end of the first working day not yet over.

    Raises:
        ValueError: ``days`` is negative.
    """
    if days < 0:
        raise ValueError("working days are added, never taken back")
    whole_days = math.ceil(days)
    if whole_days == 0:
        return _end_of_first_day(start, calendar)
    day = calendar.day_of(start)
    while whole_days:
        day += timedelta(days=1)
        whole_days -= calendar.is_working_day(day)
    return calendar.windows_on(day)[-1][1]


def _end_of_first_day(start: datetime, calendar: WorkingCalendar) -> datetime:
    opening, _ = next(_windows_from(start, calendar))
    return calendar.windows_on(calendar.day_of(opening))[-1][1]


def working_hours_between(start: datetime, end: datetime, calendar: WorkingCalendar) -> float:
    """Return how many working hours lie between two moments; 0 when ``end`` is not later."""
    total = timedelta(0)
    for opening, closing in _windows_from(start, calendar):
        if opening >= end:
            return total / timedelta(hours=1)
        total += max(min(closing, end) - max(opening, start), timedelta(0))
    raise AssertionError("the calendar has no end")


@dataclass(frozen=True)
class Rule:
    """How long a case of one severity may wait: hours to acknowledge, days to resolve.

    Working hours and working days, unless ``is_round_the_clock``.
    """

    severity: int
    acknowledge_hours: float
    resolve_days: float
    is_round_the_clock: bool = False


# Provisional defaults of product.md ("Rules of a case"); a district changes them as data.
DEFAULT_RULES = (
    Rule(1, 8, 15),
    Rule(2, 8, 10),
    Rule(3, 4, 5),
    Rule(4, 1, 1, is_round_the_clock=True),
)


@dataclass(frozen=True)
class Deadlines:
    """By when a case must be acknowledged and resolved, in UTC."""

    acknowledge_due_at: datetime
    resolve_due_at: datetime


def deadlines(opened_at: datetime, rule: Rule, calendar: WorkingCalendar) -> Deadlines:
    """Return the first deadlines of a case that was opened at that moment."""
    if rule.is_round_the_clock:
        begin = opened_at.astimezone(UTC)
        return Deadlines(
            begin + timedelta(hours=rule.acknowledge_hours),
            begin + timedelta(days=rule.resolve_days),
        )
    return Deadlines(
        add_working_hours(opened_at, rule.acknowledge_hours, calendar),
        add_working_days(opened_at, rule.resolve_days, calendar),
    )
