"""The cases behind each figure of the district: one list for every number."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, true
from sqlalchemy.orm import joinedload

from webapp import clock
from webapp.domain.errors import NotFound
from webapp.domain.periods import Period
from webapp.domain.statistics import bounds_of
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Officer
from webapp.services import scope
from webapp.services.tallies import counts_for_a_figure, lead_at_event

# Fifty rows of one line each are one screen and a half on a desktop.
PAGE_SIZE = 50


@dataclass(frozen=True)
class CaseList:
    """One page of the cases behind a number, and how many there are in all.

    ``reports`` says how many reports of the period stand behind the cases, where those were asked
    for: one case may hold several.
    """

    name: str
    cases: tuple[Case, ...]
    total: int
    page: int
    reports: int | None = None

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE_SIZE))


def _is_of(kind: str, period: Period) -> ColumnElement[bool]:
    start, _ = bounds_of(period.first)
    _, end = bounds_of(period.last)
    return and_(CaseEvent.kind == kind, CaseEvent.at >= start, CaseEvent.at < end)


def _happened(kind: str, period: Period, unit_id: int | None) -> ColumnElement[bool]:
    return exists().where(
        CaseEvent.case_id == Case.id,
        _is_of(kind, period),
        counts_for_a_figure(),
        _led_by(unit_id),
    )


def _led_by(unit_id: int | None) -> ColumnElement[bool]:
    """Say that a unit led when an event happened, as its tally counts it; anybody when None."""
    return true() if unit_id is None else lead_at_event() == unit_id


def _leads_now(unit_id: int | None) -> ColumnElement[bool]:
    return true() if unit_id is None else Case.lead_unit_id == unit_id


# A list's name -> what its cases have in common, those of one unit or of all. A tally counts by
# the same events and days.
LISTS: dict[str, Callable[[Period, int | None], ColumnElement[bool]]] = {
    "opened": lambda period, unit_id: _happened("opened", period, unit_id),
    "acknowledged": lambda period, unit_id: _happened("acknowledged", period, unit_id),
    "resolved": lambda period, unit_id: _happened("resolved", period, unit_id),
    "on_time": lambda period, unit_id: and_(
        _happened("resolved", period, unit_id), Case.resolved_at <= Case.resolve_due_at
    ),
    "reports": lambda period, unit_id: _happened("report_attached", period, unit_id),
    "open": lambda _period, unit_id: and_(Case.is_open, _leads_now(unit_id)),
    "late": lambda _period, unit_id: and_(
        Case.is_open, Case.due_at < clock.now(), _leads_now(unit_id)
    ),
    "unviewed": lambda _period, unit_id: and_(
        Case.is_open, Case.first_viewed_at.is_(None), _leads_now(unit_id)
    ),
}

# These lists show the present; the period does not matter to them.
PRESENT_LISTS = frozenset({"open", "late", "unviewed"})


def cases_behind(
    officer: Officer,
    name: str,
    period: Period,
    *,
    unit_id: int | None = None,
    category_code: str | None = None,
    page: int = 1,
) -> CaseList:
    """Return one page of the cases behind a figure, longest open first.

    Raises:
        NotFound: there is no list of that name.
    """
    if name not in LISTS:
        raise NotFound("list_unknown")
    query = scope.visible_cases(officer).where(LISTS[name](period, unit_id))
    if category_code is not None:
        query = query.where(Case.category_code == category_code)
    reports = _reports_of(query, period, unit_id) if name == "reports" else None
    return CaseList(name, _page(query, page), _count(query), page, reports)


def _page(query: Select[Case], page: int) -> tuple[Case, ...]:
    return tuple(
        db.session.scalars(
            query.options(joinedload(Case.lead_unit), joinedload(Case.category))
            .order_by(Case.opened_at, Case.id)
            .limit(PAGE_SIZE)
            .offset((page - 1) * PAGE_SIZE)
        )
    )


def _count(query: Select[Case]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _reports_of(cases: Select[Case], period: Period, unit_id: int | None) -> int:
    attached = select(func.count()).where(
        CaseEvent.case_id.in_(cases.with_only_columns(Case.id)),
        _is_of("report_attached", period),
        _led_by(unit_id),
    )
    return db.session.scalar(attached) or 0
