"""The public results: how a month went in one commune or everywhere, from the daily tallies."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, exists, func, select

from webapp import clock
from webapp.domain import statistics as figures
from webapp.domain.statistics import Comparison, Figures
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Photo, Tally, Unit
from webapp.services import territory
from webapp.services.public_cases import (
    CasePage,
    cards_of,
    cases_with_parts,
    is_public,
    page_of,
)
from webapp.services.statistics import tally_row

# The chart shows five months side by side, which still fits a narrow phone.
MONTHS_IN_CHART = 5

# A year of months to choose from: older ones belong to reports, not to a phone.
MONTHS_TO_CHOOSE = 12

# What was done longer ago proves nothing about the commune of today.
PROOF_MEMORY = timedelta(days=90)

# The newest proofs are looked through until one has both of its photos shown.
PROOFS_TRIED = 12


@dataclass(frozen=True)
class MonthFigures:
    """One month of the chart; ``month`` is its first day."""

    month: date
    figures: Figures


@dataclass(frozen=True)
class Results:
    """What the results page says; without ``months`` there are no figures at all yet.

    ``unit`` is the chosen commune, or nothing for all of them. ``is_other_month`` says that the
    month asked for has no figures and the nearest one stands in its place.
    """

    unit: Unit | None
    units: list[Unit]
    months: list[date]
    month: date | None
    is_other_month: bool
    trend: list[MonthFigures]
    comparison: Comparison | None
    open_now: int
    late_now: int
    proof: CasePage | None

    @property
    def figures(self) -> Figures | None:
        """The figures of the chosen month."""
        return self.trend[-1].figures if self.trend else None


def results(unit_id: int | None = None, month: date | None = None) -> Results:
    """Return the results of a unit and month.

    Args:
        unit_id: a commune of today; all communes for any other number, or for none.
        month: any day of a month; the last whole month when left out.
    """
    units = territory.units_on(clock.today())
    unit = next((unit for unit in units if unit.id == unit_id), None)
    months = _months(unit)
    chosen = _choose(months, month)
    trend = _trend(unit, chosen, months)
    open_now, late_now = _open_and_late(unit)
    return Results(
        unit=unit,
        units=units,
        months=months,
        month=chosen,
        is_other_month=month is not None and chosen is not None and _first(month) != chosen,
        trend=trend,
        comparison=_compare(trend),
        open_now=open_now,
        late_now=late_now,
        proof=_newest_proof(unit),
    )


def _first(day: date) -> date:
    return day.replace(day=1)


def _months_before(month: date, count: int) -> date:
    months = month.year * 12 + month.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)


def _months(unit: Unit | None) -> list[date]:
    """Return the months since the first tally that may be chosen, newest first."""
    first = db.session.scalar(select(func.min(Tally.day)).where(*_of(unit)))
    if first is None:
        return []
    this = _first(clock.today())
    latest = [_months_before(this, count) for count in range(MONTHS_TO_CHOOSE)]
    return [month for month in latest if month >= _first(first)]


def _choose(months: list[date], asked: date | None) -> date | None:
    if not months:
        return None
    # A month that has only begun says little: the last whole one, once there is one.
    wanted = _first(asked) if asked else months[min(1, len(months) - 1)]
    return min(months, key=lambda month: abs((month - wanted).days))


def _trend(unit: Unit | None, chosen: date | None, months: list[date]) -> list[MonthFigures]:
    if chosen is None:
        return []
    earliest = max(_months_before(chosen, MONTHS_IN_CHART - 1), months[-1])
    shown = sorted(month for month in months if earliest <= month <= chosen)
    rows = db.session.scalars(
        select(Tally).where(
            Tally.day >= earliest, Tally.day < _months_before(chosen, -1), *_of(unit)
        )
    ).all()
    return [MonthFigures(month, _sum(rows, month)) for month in shown]


def _sum(rows: Iterable[Tally], month: date) -> Figures:
    return figures.add_up(
        (tally_row(tally) for tally in rows if _first(tally.day) == month),
        too_few=figures.TOO_FEW_CASES_PUBLIC,
    )


def _compare(trend: list[MonthFigures]) -> Comparison | None:
    if not trend:
        return None
    before = trend[-2].figures.on_time if len(trend) > 1 else None
    return figures.compare(trend[-1].figures.on_time, before)


def _of(unit: Unit | None) -> tuple[ColumnElement[bool], ...]:
    return (Tally.unit_id == unit.id,) if unit else ()


def _open_and_late(unit: Unit | None) -> tuple[int, int]:
    """Count the open cases that are public, and those of them past their deadline."""
    now = clock.now()
    late = func.count().filter(Case.resolve_due_at < now)
    query = select(func.count(), late).where(Case.is_open, is_public(now))
    if unit:
        query = query.where(Case.lead_unit_id == unit.id)
    open_now, late_now = db.session.execute(query).one()
    return open_now, late_now


def _newest_proof(unit: Unit | None) -> CasePage | None:
    """Return the newest resolved case whose photos before and after everybody may see."""
    now = clock.now()
    has_proof = exists().where(Photo.case_id == Case.id, Photo.review == "shown")
    # By the events, which are found by their moment: cases have no index of when they ended.
    resolved_lately = select(CaseEvent.case_id).where(
        CaseEvent.at >= now - PROOF_MEMORY, CaseEvent.kind == "resolved"
    )
    query = cases_with_parts().where(
        Case.id.in_(resolved_lately),
        Case.status.in_(("resolved", "closed")),
        has_proof,
        is_public(now),
    )
    if unit:
        query = query.where(Case.lead_unit_id == unit.id)
    newest = query.order_by(Case.resolved_at.desc()).limit(PROOFS_TRIED)
    cases = db.session.scalars(newest).all()
    for case, card in zip(cases, cards_of(cases), strict=True):
        if card.public.photos_before and card.public.photos_after:
            return page_of(case)
    return None
