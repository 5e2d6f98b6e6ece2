"""What the district reads: figures added up from daily tallies, and what is open right now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp import clock
from webapp.domain import statistics
from webapp.domain.errors import NotFound
from webapp.domain.periods import Period, weeks_until
from webapp.domain.statistics import TallyRow
from webapp.extensions import db
from webapp.models import Case, Category, ReportTriage, Tally, Unit
from webapp.services import territory

Key = TypeVar("Key", int, str)

# A quarter of a year shows a trend, and twelve points are still read one by one.
TREND_WEEKS = 12


@dataclass(frozen=True)
class OpenNow:
    """What a unit has before it at this moment, whatever the period."""

    count: int = 0
    late: int = 0
    unviewed: int = 0
    oldest_opened_at: datetime | None = None


@dataclass(frozen=True)
class Row:
    """One line of the district's table: a unit or a category, in a period and right now.

    ``ended_on`` is the last day of a unit that is no more; its figures stay its own, and a unit of
    today may bear its name.
    """

    key: str
    name: str
    figures: statistics.Figures
    comparison: statistics.Comparison
    open_now: OpenNow
    ended_on: date | None = None


@dataclass(frozen=True)
class Week:
    """One point of the trend."""

    period: Period
    opened: int
    resolved: int


@dataclass(frozen=True)
class District:
    """Everything on the district's page."""

    period: Period
    before: Period
    total: Row
    units: tuple[Row, ...]
    categories: tuple[Row, ...]
    weeks: tuple[Week, ...]
    held_reports: int


def district(period: Period) -> District:
    """Return the figures of a period, beside those of the period of the same length before it."""
    before = period.before()
    weeks = weeks_until(clock.today(), TREND_WEEKS)
    tallies = _tallies_between(min(before.first, weeks[0].first), max(period.last, weeks[-1].last))
    open_by_unit = _open_now(Case.lead_unit_id)
    return District(
        period=period,
        before=before,
        total=_row("", "", tallies, period, _together(open_by_unit.values())),
        units=_unit_rows(tallies, period, open_by_unit),
        categories=_category_rows(tallies, period, _open_now(Case.category_code)),
        weeks=tuple(_week(tallies, week) for week in weeks),
        held_reports=_held_reports(),
    )


def _tallies_between(first: date, last: date) -> list[TallyRow]:
    found = db.session.scalars(select(Tally).where(Tally.day.between(first, last)))
    return [tally_row(tally) for tally in found]


def tally_row(tally: Tally) -> TallyRow:
    """Return a stored tally as the domain adds it up."""
    return TallyRow(
        day=tally.day,
        unit_id=tally.unit_id,
        category_code=tally.category_code,
        reports=tally.reports,
        opened=tally.opened,
        acknowledged=tally.acknowledged,
        resolved=tally.resolved,
        resolved_on_time=tally.resolved_on_time,
        acknowledge_hours=tuple(tally.acknowledge_hours),
        resolve_hours=tuple(tally.resolve_hours),
    )


def _open_now(column: InstrumentedAttribute[Key]) -> dict[Key, OpenNow]:
    found = db.session.execute(
        select(
            column,
            func.count(),
            func.sum(case((Case.due_at < clock.now(), 1), else_=0)),
            func.sum(case((Case.first_viewed_at.is_(None), 1), else_=0)),
            func.min(Case.opened_at),
        )
        .where(Case.is_open)
        .group_by(column)
    )
    return {key: OpenNow(*numbers) for key, *numbers in found}


def _together(parts: Iterable[OpenNow]) -> OpenNow:
    parts = tuple(parts)
    oldest = [part.oldest_opened_at for part in parts if part.oldest_opened_at]
    return OpenNow(
        count=sum(part.count for part in parts),
        late=sum(part.late for part in parts),
        unviewed=sum(part.unviewed for part in parts),
        oldest_opened_at=min(oldest, default=None),
    )


def _unit_rows(
    tallies: list[TallyRow], period: Period, open_by_unit: Mapping[int, OpenNow]
) -> tuple[Row, ...]:
    return tuple(
        replace(
            _row(
                str(unit.id),
                unit.name,
                [row for row in tallies if row.unit_id == unit.id],
                period,
                open_by_unit.get(unit.id, OpenNow()),
            ),
            ended_on=_ended_on(unit),
        )
        for unit in _units_to_show(tallies, period, open_by_unit)
    )


def _ended_on(unit: Unit) -> date | None:
    is_over = unit.valid_to is not None and unit.valid_to < clock.today()
    return unit.valid_to if is_over else None


def _units_to_show(
    tallies: list[TallyRow], period: Period, open_by_unit: Mapping[int, OpenNow]
) -> list[Unit]:
    """Return today's communes, and every other unit that the figures speak of, by name."""
    units = {unit.id: unit for unit in territory.units_on(clock.today())}
    spoken_of = {row.unit_id for row in tallies if period.contains(row.day)} | set(open_by_unit)
    if others := spoken_of - set(units):
        found = db.session.scalars(select(Unit).where(Unit.id.in_(others)))
        units.update((unit.id, unit) for unit in found)
    return sorted(units.values(), key=territory.by_name)


def _category_rows(
    tallies: list[TallyRow], period: Period, open_by_category: Mapping[str, OpenNow]
) -> tuple[Row, ...]:
    categories = db.session.scalars(select(Category).order_by(Category.sort_order))
    return tuple(
        _row(
            category.service_code,
            category.tile_label,
            [row for row in tallies if row.category_code == category.service_code],
            period,
            open_by_category.get(category.service_code, OpenNow()),
        )
        for category in categories
    )


def _row(key: str, name: str, tallies: list[TallyRow], period: Period, open_now: OpenNow) -> Row:
    before = period.before()
    now = statistics.add_up(row for row in tallies if period.contains(row.day))
    then = statistics.add_up(row for row in tallies if before.contains(row.day))
    return Row(key, name, now, statistics.compare(now.on_time, then.on_time), open_now)


def _week(tallies: list[TallyRow], week: Period) -> Week:
    inside = [row for row in tallies if week.contains(row.day)]
    return Week(week, sum(row.opened for row in inside), sum(row.resolved for row in inside))


def _held_reports() -> int:
    return (
        db.session.scalar(
            select(func.count()).select_from(ReportTriage).where(ReportTriage.status == "held")
        )
        or 0
    )


def unit_named(unit_id: int) -> Unit:
    """Return the unit that a list is narrowed to.

    Raises:
        NotFound: there is no such unit.
    """
    unit = db.session.get(Unit, unit_id)
    if unit is None:
        raise NotFound("list_unknown")
    return unit


def category_named(service_code: str | None) -> Category | None:
    """Return the category that a list is narrowed to, if any."""
    return db.session.get(Category, service_code) if service_code else None
