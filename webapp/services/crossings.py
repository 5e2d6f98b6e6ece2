"""The register of self-opened crossings, read: who sees what, lists, and what lies near a spot."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Select, String, cast, false, func, or_, select, true
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.elements import ColumnElement

from webapp import clock
from webapp.domain import crossings as rules
from webapp.domain.crossings import Near, Spot
from webapp.domain.errors import NotFound
from webapp.domain.folding import folded
from webapp.domain.geo import Position, cells_within
from webapp.extensions import db
from webapp.models import Case, Corridor, Crossing, Officer, Unit
from webapp.services import corridors, territory
from webapp.services.corridors import Located
from webapp.services.scope import DISTRICT_ROLES, UNIT_ROLES

# One screen of a district's register; Ninh Hải's railway has fewer than this all along.
PAGE_ROWS = 50
# A map shows as many pins, the first along the lines, and says how many it leaves out: with more
# of them a phone takes seconds for each step of the zoom.
MOST_PINS = 1_000

_LOADED = (joinedload(Crossing.corridor), joinedload(Crossing.unit))


def link_for(
    session: Session, position: Position, accuracy_m: float | None, category_code: str
) -> Crossing | None:
    """Return the registered crossing that a report is about, or None.

    A report of a self-opened crossing is at the nearest one within reach (50 m and what the fix
    errs by, 100 m at most); any other report only when it lies on a railway's own strip.
    A closed crossing is found as well: that it is reported is the news.

    Args:
        session: the session to read with, that of the transaction which opens the case.
        position: the settled position of the report.
        accuracy_m: radius of its 68% circle in metres; None when nobody knows.
        category_code: what was reported.
    """
    spot = Position(position.latitude, position.longitude, accuracy_m)
    near = near_spot(session, spot)
    if not near or not _is_looked_up(spot, category_code):
        return None
    return session.get(Crossing, near[0].id)


def near_spot(session: Session, position: Position) -> list[Near]:
    """Return the registered crossings within reach of a position, nearest first."""
    cells = cells_within(position.latitude, position.longitude, rules.reach_m(position))
    query = select(Crossing.id, Crossing.latitude, Crossing.longitude)
    rows = session.execute(query.where(Crossing.cell.in_(cells)))
    spots = [Spot(id_, Position(latitude, longitude)) for id_, latitude, longitude in rows]
    return rules.within_reach(position, spots)


def _is_looked_up(position: Position, category_code: str) -> bool:
    if rules.is_looked_up(category_code, is_on_railway=False):
        return True
    return railway_at(position, clock.today()) is not None


def railway_at(position: Position, on: date) -> Located | None:
    """Return where on a railway's own strip a position lies, as far as its fix can tell."""
    return next(iter(_railways_at(position, on)), None)


def named_line_at(position: Position, line: Corridor, on: date) -> Located | None:
    """Return where on a line that somebody named a position lies; None when it lies elsewhere.

    A position without an accuracy may lie ``POSITION_DOUBT_M`` beside the line's own strip.
    """
    in_doubt = replace(position, accuracy_m=position.accuracy_m or rules.POSITION_DOUBT_M)
    found = (*_railways_at(position, on), *_railways_at(in_doubt, on))
    return next((each for each in found if each.corridor.id == line.id), None)


def _railways_at(position: Position, on: date) -> list[Located]:
    found = corridors.locate(
        position, position.accuracy_m, on, category_code=rules.CROSSING_CATEGORY
    )
    lines = (found, *found.others) if found else ()
    return [line for line in lines if line.corridor.kind == "railway"]


@dataclass(frozen=True)
class Wanted:
    """Which crossings a list shows; None and "" leave a filter out.

    ``measure`` "none" means those without any measure.
    """

    state: str | None = None
    measure: str | None = None
    unit_id: int | None = None
    words: str = ""
    page: int = 1


@dataclass(frozen=True)
class Listed:
    """A crossing in a list, with how many open cases it has."""

    crossing: Crossing
    open_cases: int


@dataclass(frozen=True)
class Page:
    """One page of the register: its rows, and how many there are of each state in all of it."""

    rows: Sequence[Listed]
    count: int
    pages: int
    by_state: dict[str, int]
    units: Sequence[Unit]
    is_fabricated: bool


@dataclass(frozen=True)
class Pins:
    """What the map shows of a list, and how many crossings of the list it has no room for."""

    crossings: Sequence[Crossing]
    left_out: int


def seen_by(officer: Officer) -> ColumnElement[bool]:
    """Return the condition that a crossing meets when an officer may know of it.

    A unit sees what lies on its land and what lies on a line of its own.
    """
    if officer.role in DISTRICT_ROLES:
        return true()
    if officer.role not in UNIT_ROLES:
        return false()
    own_lines = select(Corridor.id).where(Corridor.authority_id == officer.unit_id)
    return or_(Crossing.unit_id == officer.unit_id, Crossing.corridor_id.in_(own_lines))


def is_owner(officer: Officer, unit_id: int | None, line: Corridor | None) -> bool:
    """Tell whether an officer may register and edit what lies on a unit's land and on a line.

    Supervisors may everywhere; people of a unit on its land and on its line.
    """
    if officer.role == "supervisor":
        return True
    owners = (unit_id, line.authority_id if line else None)
    return officer.role in UNIT_ROLES and officer.unit_id in owners


def may_choose_unit(officer: Officer) -> bool:
    """Tell whether an officer says whose crossing it is; for everybody else the land says it."""
    return officer.role == "supervisor"


def may_edit(officer: Officer, crossing: Crossing) -> bool:
    """Tell whether an officer may inspect and change a crossing."""
    return is_owner(officer, crossing.unit_id, crossing.corridor)


def read_page(officer: Officer, wanted: Wanted) -> Page:
    """Read one page of the crossings that an officer may know of, along each line."""
    session = db.session()
    seen = select(Crossing).where(seen_by(officer))
    found = _filtered(seen, wanted)
    count = session.scalar(found.with_only_columns(func.count(Crossing.id))) or 0
    pages = max(1, -(-count // PAGE_ROWS))
    page = min(max(wanted.page, 1), pages)
    rows = session.scalars(
        _in_order(found).limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS).options(*_LOADED)
    ).all()
    open_cases = _open_cases(session, [row.id for row in rows])
    return Page(
        rows=[Listed(row, open_cases.get(row.id, 0)) for row in rows],
        count=count,
        pages=pages,
        by_state=_by_state(session, seen),
        units=_units(session, seen),
        is_fabricated=_has_fabricated(session, seen),
    )


def read_pins(officer: Officer, wanted: Wanted) -> Pins:
    """Read what the map shows: the crossings of the list without its pages, as many as it holds."""
    session = db.session()
    found = _filtered(select(Crossing).where(seen_by(officer)), wanted)
    shown = session.scalars(_in_order(found).limit(MOST_PINS).options(*_LOADED)).all()
    count = session.scalar(found.with_only_columns(func.count(Crossing.id))) or 0
    return Pins(shown, max(0, count - len(shown)))


def read_all(officer: Officer, wanted: Wanted) -> list[Crossing]:
    """Read the same crossings as the list, all of its pages."""
    found = _filtered(select(Crossing).where(seen_by(officer)), wanted)
    return list(db.session.scalars(_in_order(found).options(*_LOADED)))


def visible_crossing(officer: Officer, crossing_id: int) -> Crossing:
    """Return a crossing as it is now.

    Raises:
        NotFound: there is none with that id, or the officer may not know of it.
    """
    found = db.session.scalar(
        select(Crossing)
        .where(Crossing.id == crossing_id, seen_by(officer))
        .options(*_LOADED)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("crossing_not_found")
    return found


def _filtered(query: Select[Crossing], wanted: Wanted) -> Select[Crossing]:
    if wanted.state:
        query = query.where(Crossing.state == wanted.state)
    if wanted.unit_id:
        query = query.where(Crossing.unit_id == wanted.unit_id)
    if wanted.measure:
        # JSON is a text in both databases; no measure's name is part of another's.
        measures = cast(Crossing.measures, String)
        is_none = measures == "[]"
        query = query.where(
            is_none if wanted.measure == "none" else measures.contains(f'"{wanted.measure}"')
        )
    if wanted.words:
        query = query.where(Crossing.id.in_(_ids_saying(query, wanted.words)))
    return query


def _ids_saying(query: Select[Crossing], words: str) -> list[int]:
    """Return the ids whose code, name or note holds words, in any case and without marks.

    Neither database can fold Vietnamese letters by itself; a register of some hundred crossings
    is read through in a moment.
    """
    said = query.with_only_columns(Crossing.id, Crossing.code, Crossing.name, Crossing.note)
    sought = _bare(words)
    return [
        id_
        for id_, *texts in db.session.execute(said)
        if any(sought in _bare(text) for text in texts if text)
    ]


def _bare(words: str) -> str:
    return " ".join(folded(words).split())


def _in_order(query: Select[Crossing]) -> Select[Crossing]:
    """Order by line and kilometre; what has none comes last."""
    return query.order_by(
        Crossing.corridor_id.is_(None),
        Crossing.corridor_id,
        Crossing.chainage_m.is_(None),
        Crossing.chainage_m,
        Crossing.id,
    )


def _open_cases(session: Session, ids: Sequence[int]) -> dict[int, int]:
    counted = (
        select(Case.crossing_id, func.count(Case.id))
        .where(Case.crossing_id.in_(ids), Case.is_open)
        .group_by(Case.crossing_id)
    )
    return {int(id_): count for id_, count in session.execute(counted) if id_ is not None}


def _by_state(session: Session, seen: Select[Crossing]) -> dict[str, int]:
    counted = seen.with_only_columns(Crossing.state, func.count(Crossing.id))
    rows = session.execute(counted.group_by(Crossing.state))
    found = {state: int(count) for state, count in rows}
    return {state: found.get(state, 0) for state in rules.STATES}


def _units(session: Session, seen: Select[Crossing]) -> list[Unit]:
    ids = seen.with_only_columns(Crossing.unit_id)
    return sorted(session.scalars(select(Unit).where(Unit.id.in_(ids))), key=territory.by_name)


def _has_fabricated(session: Session, seen: Select[Crossing]) -> bool:
    fabricated = seen.where(Crossing.is_fabricated).with_only_columns(Crossing.id).limit(1)
    return session.scalar(fabricated) is not None
