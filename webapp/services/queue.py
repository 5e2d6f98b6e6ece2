"""The queue: which cases an officer sees in which order, most urgent first, at a bounded cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm.attributes import set_committed_value

from webapp import clock
from webapp.extensions import db
from webapp.models import Attachment, Case, CaseNumberSeries, Category, Officer, Photo, Unit
from webapp.services.casework_figures import is_current_attachment
from webapp.services.queue_beside import (
    BESIDE_COUNTS,
    beside,
    counts_beside,
    ids_beside,
    order_beside,
    views_beside,
)
from webapp.services.queue_rows import Handing, row_figures
from webapp.services.queue_walks import leading_units, walks_of
from webapp.services.scope import UNIT_ROLES, cases_of_leads, visible_cases
from webapp.services.territory_names import search_condition_units

PAGE_SIZE = 20
# Nobody works through more than a thousand rows: beyond them counts end and filters help.
COUNT_CAP = 1000
MOST_PAGES = COUNT_CAP // PAGE_SIZE

# A deadline that falls within a day is for today's work.
SOON = timedelta(hours=24)

VIEWS = ("now", "unseen", "late", "soon", "photos", "done", "everything")
DONE_STATUSES = ("resolved", "closed", "refused")
MOST_URGENT_FIRST = (4, 3, 2, 1)

_URGENCY = (Case.severity.desc(), Case.due_at, Case.witness_count.desc(), Case.id)


@dataclass(frozen=True)
class Wanted:
    """What an officer asked to see."""

    view: str = "now"
    severity: int = 1
    category: str | None = None
    unit_id: int | None = None
    words: str = ""
    page: int = 1


@dataclass(frozen=True)
class Row:
    """One line of the queue.

    ``pairs`` are the numbers of cases that may be the same one, ``handing`` says who was asked to
    take the case, and what the officer's own unit was asked for in it.
    """

    case: Case
    tone: str
    photo_id: int | None
    photo_count: int
    unreviewed_count: int
    pairs: Sequence[str] = ()
    handing: Handing = field(default_factory=Handing)


@dataclass(frozen=True)
class Queue:
    """One page of the queue, and how many cases each saved view holds."""

    wanted: Wanted
    rows: Sequence[Row]
    counts: Mapping[str, int]
    has_more: bool
    categories: Mapping[str, Category]
    units: Sequence[Unit] = field(default=())

    @property
    def are_counts_least(self) -> bool:
        """Whether there are more open cases than were counted."""
        return self.counts["everything"] >= COUNT_CAP


def read_queue(officer: Officer, wanted: Wanted) -> Queue:
    """Return one page of what an officer sees, with the counts of the saved views.

    Each unit and severity is its own walk along the queue's index that ends after one page (one
    walk for all units together where more than ``MOST_WALKED`` lead cases), what nobody took on
    is read from its own index, and counting and searching end at ``COUNT_CAP`` cases of a unit.
    So the cost of every list that is chosen by a date or a status does not grow with the number
    of cases. A walk that looks for a rare category, for cases nobody viewed or for photos nobody
    reviewed goes on until it has filled a page, at worst over all open cases of the unit.
    """
    now = clock.now()
    leading = {} if officer.role in UNIT_ROLES else leading_units()
    units = list(leading)
    walks = walks_of(officer, wanted.unit_id, leading)
    categories = {row.service_code: row for row in db.session.scalars(_in_order())}
    cases = _page(officer, wanted, walks, now)
    known_units = _units_that_lead(cases, [*units, officer.unit])
    for found in cases:
        # Known already: templates must not ask the database again, row by row.
        set_committed_value(found, "category", categories[found.category_code])
        set_committed_value(found, "lead_unit", known_units.get(found.lead_unit_id))
    shown = cases[:PAGE_SIZE]
    figures = row_figures(officer, [found.id for found in shown])
    rows = [Row(found, tone(found, now), **figures[found.id]) for found in shown]
    return Queue(
        wanted=wanted,
        rows=rows,
        counts=_counts(officer, walks, now),
        has_more=len(cases) > PAGE_SIZE,
        categories=categories,
        units=units,
    )


def tone(found: Case, now: datetime) -> str:
    """Say how a case stands to the deadline that runs: late, soon, calm, or done."""
    if not found.is_open:
        return "done"
    if found.due_at < now:
        return "late"
    return "soon" if found.due_at < now + SOON else "calm"


def _units_that_lead(cases: Sequence[Case], known: Sequence[Unit]) -> dict[int, Unit]:
    """Return the units by id; those that lead what an officer only has a part in are read."""
    units = {unit.id: unit for unit in known}
    missing = {found.lead_unit_id for found in cases} - units.keys()
    if missing:
        rows = db.session.scalars(select(Unit).where(Unit.id.in_(missing)))
        units |= {unit.id: unit for unit in rows}
    return units


def _in_order() -> Select[Category]:
    return select(Category).order_by(Category.sort_order)


def _page(
    officer: Officer, wanted: Wanted, walks: Sequence[ColumnElement[bool]], now: datetime
) -> Sequence[Case]:
    page = min(max(wanted.page, 1), MOST_PAGES)
    # One row more than a page tells whether another page follows.
    end = page * PAGE_SIZE + 1
    if wanted.words:
        found = _found(officer, wanted, walks)
        ordered = found.order_by(_OPEN_FIRST, Case.opened_at.desc(), Case.id.desc())
    elif wanted.view in views_beside(officer):
        filters = (Case.severity >= wanted.severity, *_filters(wanted))
        led_by_others = beside(wanted.view, officer).where(*filters)
        ordered = led_by_others.order_by(*order_beside(wanted.view), *_URGENCY)
    elif wanted.view == "done":
        strands = _done_strands(officer, wanted, walks, end)
        ordered = _merged(strands).order_by(Case.opened_at.desc(), Case.id.desc())
    else:
        strands = _open_strands(officer, wanted, walks, now, end)
        if wanted.view == "now":
            strands += _new_strands(officer, wanted, walks)
        ordered = _merged(strands).order_by(*_URGENCY)
    start = (page - 1) * PAGE_SIZE
    return db.session.scalars(ordered.offset(start).limit(PAGE_SIZE + 1)).all()


_OPEN_FIRST: ColumnElement[Any] = case((Case.is_open.is_(True), 0), else_=1)


def _merged(strands: Sequence[Select[Any]]) -> Select[Case]:
    parts = [select(strand.subquery().c.id) for strand in strands]
    if not parts:
        return select(Case).where(literal_column("1") == 0)
    return select(Case).where(Case.id.in_(union_all(*parts)))


def _open_strands(
    officer: Officer,
    wanted: Wanted,
    walks: Sequence[ColumnElement[bool]],
    now: datetime,
    limit: int,
) -> list[Select[Any]]:
    return [
        cases_of_leads(officer)
        .with_only_columns(Case.id)
        .where(
            Case.is_open,
            walk,
            Case.severity == severity,
            *_of_view(wanted.view, now),
            *_filters(wanted),
        )
        .order_by(Case.due_at, Case.witness_count.desc(), Case.id)
        .limit(limit)
        for walk in walks
        for severity in MOST_URGENT_FIRST
        if severity >= wanted.severity
    ]


def _new_strands(
    officer: Officer, wanted: Wanted, walks: Sequence[ColumnElement[bool]]
) -> list[Select[Any]]:
    """Walk what nobody has taken on yet, newest first, whatever its deadline.

    Older ones than ``COUNT_CAP`` are late by then, and stand among the late ones.
    """
    return [
        cases_of_leads(officer)
        .with_only_columns(Case.id)
        .where(
            walk,
            Case.status == "new",
            # A case that was merged away keeps its status, and nobody has to take it on.
            Case.merged_into_id.is_(None),
            Case.severity >= wanted.severity,
            *_filters(wanted),
        )
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(COUNT_CAP)
        for walk in walks
    ]


def _done_strands(
    officer: Officer, wanted: Wanted, walks: Sequence[ColumnElement[bool]], limit: int
) -> list[Select[Any]]:
    return [
        cases_of_leads(officer)
        .with_only_columns(Case.id)
        .where(
            walk,
            Case.status == status,
            Case.severity >= wanted.severity,
            *_filters(wanted),
        )
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(limit)
        for walk in walks
        for status in DONE_STATUSES
    ]


def _of_view(view: str, now: datetime) -> list[ColumnElement[bool]]:
    # Whatever is new stands in "now" as well: ``_new_strands`` and ``_is_for_now``.
    conditions: dict[str, list[ColumnElement[bool]]] = {
        "now": [Case.due_at < now + SOON],
        "late": [Case.due_at < now],
        "soon": [Case.due_at >= now, Case.due_at < now + SOON],
        "unseen": [Case.first_viewed_at.is_(None)],
        "photos": [_has_unreviewed_photo()],
    }
    return conditions.get(view, [])


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    return [Case.category_code == wanted.category] if wanted.category else []


def _found(officer: Officer, wanted: Wanted, walks: Sequence[ColumnElement[bool]]) -> Select[Case]:
    """Find cases by their number, or by their address among those that people work with.

    A number is looked up in its index, as written ("NH-2026-00042") or by its last part ("42").
    Addresses and names of communes, old ones too, have no index: they are compared for the most
    urgent open cases and for those that were done last, ``COUNT_CAP`` of each status, which
    several units share evenly.
    """
    share = COUNT_CAP // max(1, len(walks))
    near = [
        *_windows(officer, walks, share),
        *_done_strands(officer, Wanted(), walks, share),
    ]
    near += [each.limit(COUNT_CAP) for each in ids_beside(officer)]
    within = [select(strand.subquery().c.id) for strand in near]
    is_there = or_(_address_has(wanted.words), search_condition_units(wanted.words))
    by_address = and_(Case.id.in_(union_all(*within)), is_there)
    by_number = Case.number.in_(_numbers(wanted.words))
    return visible_cases(officer).where(
        or_(by_number, by_address) if near else by_number,
        Case.severity >= wanted.severity,
        *_filters(wanted),
    )


def _numbers(words: str) -> Select[Any]:
    """Return the numbers that may be meant; a last part alone is one number of each year."""
    written = select(literal(words.upper()))
    if not (words.isascii() and words.isdigit()):
        return written
    series = CaseNumberSeries.prefix + "-" + cast(CaseNumberSeries.year, String)
    return select(union_all(written, select(series + f"-{int(words):05d}")).subquery())


def _address_has(words: str) -> ColumnElement[bool]:
    """Match a part of the address in either case of its first letter.

    SQLite folds only ASCII letters, so the usual spellings are tried one by one.
    """
    spellings = {words, words.lower(), words.capitalize(), words.title()}
    return or_(*(Case.address.contains(each, autoescape=True) for each in spellings))


def _has_unreviewed_photo() -> ColumnElement[bool]:
    waits = and_(Photo.review == "pending", Photo.state == "ready")
    attached = (
        select(Photo.id)
        .join(Attachment, Attachment.report_id == Photo.report_id)
        .where(Attachment.case_id == Case.id, waits, is_current_attachment())
    )
    proof = select(Photo.id).where(Photo.case_id == Case.id, waits)
    return or_(attached.exists(), proof.exists())


# What the queue's index holds of a case: a walk that asks for no more never reads the rows.
_WINDOW: tuple[Any, ...] = (Case.id, Case.severity, Case.due_at, Case.witness_count)


def _windows(
    officer: Officer, walks: Sequence[ColumnElement[bool]], most: int
) -> list[Select[Any]]:
    """Walk each unit's open cases, most urgent first."""
    return [
        cases_of_leads(officer)
        .with_only_columns(*_WINDOW)
        .where(Case.is_open, walk)
        .order_by(*_URGENCY)
        .limit(most)
        for walk in walks
    ]


def _counts(
    officer: Officer, walks: Sequence[ColumnElement[bool]], now: datetime
) -> dict[str, int]:
    """Count the saved views among the ``COUNT_CAP`` most urgent open cases of all units.

    With no more open cases than that every figure is exact; beyond, each is a least one.
    """
    windows = [select(each.subquery()) for each in _windows(officer, walks, COUNT_CAP)]
    if not windows:
        return dict.fromkeys((*VIEWS, *BESIDE_COUNTS), 0)
    every = union_all(*windows).subquery()
    urgency = (every.c.severity.desc(), every.c.due_at, every.c.witness_count.desc(), every.c.id)
    counted = select(every.c.id).order_by(*urgency).limit(COUNT_CAP)
    figures = [
        func.coalesce(func.sum(case((and_(*conditions), 1), else_=0)), 0).label(view)
        for view, conditions in {
            "now": [_is_for_now(now)],
            **{view: _of_view(view, now) for view in ("unseen", "late", "soon", "photos")},
        }.items()
    ]
    row = db.session.execute(
        select(
            *figures,
            func.count().label("everything"),
            _done_count(officer, walks),
            *counts_beside(officer, COUNT_CAP),
        )
        .select_from(Case)
        .where(Case.id.in_(counted))
    )
    return {str(name): int(value) for name, value in row.mappings().one().items()}


def _is_for_now(now: datetime) -> ColumnElement[bool]:
    return or_(Case.status == "new", Case.due_at < now + SOON)


def _done_count(officer: Officer, walks: Sequence[ColumnElement[bool]]) -> Any:
    some = (
        cases_of_leads(officer)
        .with_only_columns(Case.id)
        .where(or_(false(), *walks), Case.status.in_(DONE_STATUSES))
        .limit(COUNT_CAP)
        .correlate(None)
        .subquery()
    )
    return select(func.count()).select_from(some).scalar_subquery().label("done")
