"""The arithmetic of figures: daily tallies from events, medians, shares, and comparisons."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Literal

from webapp.domain.deadlines import LOCAL_ZONE, WorkingCalendar, local_day, working_hours_between

# Below this many cases one case more or less moves a rate by over ten points; officials read
# counts instead (mockups/official.md: "under ten cases: words instead of a rate").
TOO_FEW_CASES = 10
# The public results fold later than the officials' table (mockups/resident.md).
TOO_FEW_CASES_PUBLIC = 5

TALLIED_KINDS = ("report_attached", "opened", "acknowledged", "resolved")

Direction = Literal["up", "down", "same"]


@dataclass(frozen=True)
class CountedEvent:
    """A case event as the tallies need it, with the facts of its case.

    ``unit_id`` and ``category_code`` are the case's lead unit and category. ``resolve_due_at``
    is the first deadline.
    """

    kind: str
    at: datetime
    unit_id: int
    category_code: str
    opened_at: datetime
    resolve_due_at: datetime


@dataclass(frozen=True)
class TallyRow:
    """What happened on one local day to one unit's cases of one category."""

    day: date
    unit_id: int
    category_code: str
    reports: int = 0
    opened: int = 0
    acknowledged: int = 0
    resolved: int = 0
    resolved_on_time: int = 0
    acknowledge_hours: tuple[float, ...] = ()
    resolve_hours: tuple[float, ...] = ()


@dataclass(frozen=True)
class Share:
    """How many of how many; ``rate`` is None where there are too few to speak of a rate."""

    part: int
    total: int
    too_few: int = TOO_FEW_CASES

    @property
    def is_too_few(self) -> bool:
        """Whether counts must stand in for a rate."""
        return self.total < self.too_few

    @property
    def rate(self) -> float | None:
        """The share between 0 and 1, or None."""
        return None if self.is_too_few or not self.total else self.part / self.total

    @property
    def percent(self) -> int | None:
        """The share in whole per cent, halves rounded up, or None."""
        return None if self.rate is None else (200 * self.part + self.total) // (2 * self.total)


@dataclass(frozen=True)
class Comparison:
    """The parts of the sentence "82 %, up 6 points on last month".

    ``points`` is the size of the change in whole percentage points, between the percentages as
    printed, so that a reader can check it. It and ``direction`` are None where either period
    has too few cases.
    """

    now: Share
    before: Share | None
    direction: Direction | None
    points: int | None


@dataclass(frozen=True)
class Figures:
    """Tallies added up over days, units or categories."""

    reports: int
    opened: int
    acknowledged: int
    resolved: int
    on_time: Share
    median_acknowledge_hours: float | None
    median_resolve_hours: float | None


def median_hours(hours: Sequence[float]) -> float | None:
    """Return the median, or None of nothing."""
    return median(hours) if hours else None


def share_on_time(on_time: int, resolved: int, *, too_few: int = TOO_FEW_CASES) -> Share:
    """Return the share resolved by the first deadline.

    Raises:
        ValueError: a part is larger than its whole.
    """
    if not 0 <= on_time <= resolved:
        raise ValueError("on time must be part of resolved")
    return Share(on_time, resolved, too_few)


def compare(now: Share, before: Share | None) -> Comparison:
    """Compare a share with that of the period before."""
    if now.percent is None or before is None or before.percent is None:
        return Comparison(now, before, None, None)
    change = now.percent - before.percent
    direction: Direction = "up" if change > 0 else "down" if change < 0 else "same"
    return Comparison(now, before, direction, abs(change))


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """Return the first moment of a local day and that of the next, in UTC."""
    start = datetime.combine(day, time(), LOCAL_ZONE)
    end = datetime.combine(day + timedelta(days=1), time(), LOCAL_ZONE)
    return start.astimezone(UTC), end.astimezone(UTC)


def tally_of(
    day: date, events: Iterable[CountedEvent], calendar: WorkingCalendar
) -> tuple[TallyRow, ...]:
    """Count one local day anew from its events, whatever was counted before.

    Events of other days and of other kinds may be among them; they do not count. Rows come
    sorted by unit and category; hours are sorted, so that the same events in any order give
    the same rows.
    """
    groups: dict[tuple[int, str], list[CountedEvent]] = defaultdict(list)
    for event in events:
        if event.kind in TALLIED_KINDS and local_day(event.at) == day:
            groups[event.unit_id, event.category_code].append(event)
    return tuple(_row(day, *key, groups[key], calendar) for key in sorted(groups))


def _row(
    day: date,
    unit_id: int,
    category_code: str,
    events: list[CountedEvent],
    calendar: WorkingCalendar,
) -> TallyRow:
    acknowledged = [event for event in events if event.kind == "acknowledged"]
    resolved = [event for event in events if event.kind == "resolved"]
    return TallyRow(
        day=day,
        unit_id=unit_id,
        category_code=category_code,
        reports=sum(event.kind == "report_attached" for event in events),
        opened=sum(event.kind == "opened" for event in events),
        acknowledged=len(acknowledged),
        resolved=len(resolved),
        resolved_on_time=sum(event.at <= event.resolve_due_at for event in resolved),
        acknowledge_hours=_waits(acknowledged, calendar),
        resolve_hours=_waits(resolved, calendar),
    )


def _waits(events: Iterable[CountedEvent], calendar: WorkingCalendar) -> tuple[float, ...]:
    # Three decimals are under four seconds: exact enough to print, short enough to store.
    # Working hours for every severity, also the one that runs round the clock: severity may rise
    # later, and what was counted must not depend on when it is counted again.
    return tuple(
        sorted(
            round(working_hours_between(event.opened_at, event.at, calendar), 3) for event in events
        )
    )


def add_up(rows: Iterable[TallyRow], *, too_few: int = TOO_FEW_CASES) -> Figures:
    """Add tallies up; medians are of all their waits together, never of medians."""
    rows = tuple(rows)
    return Figures(
        reports=sum(row.reports for row in rows),
        opened=sum(row.opened for row in rows),
        acknowledged=sum(row.acknowledged for row in rows),
        resolved=sum(row.resolved for row in rows),
        on_time=share_on_time(
            sum(row.resolved_on_time for row in rows),
            sum(row.resolved for row in rows),
            too_few=too_few,
        ),
        median_acknowledge_hours=median_hours([h for row in rows for h in row.acknowledge_hours]),
        median_resolve_hours=median_hours([h for row in rows for h in row.resolve_hours]),
    )
