"""The territory as the administrator sees it: units, boundary sets, lines, rules; numbers only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from shapely.geometry import shape
from sqlalchemy import func, select

from webapp import clock
from webapp.domain.areas import area_m2
from webapp.domain.seams import Seam, gaps, overlaps
from webapp.domain.sheet import Sheet, draw_sheet
from webapp.extensions import db
from webapp.models import (
    Boundary,
    Case,
    Category,
    Corridor,
    DeadlineRule,
    Officer,
    Unit,
    UnitParent,
    UnitSuccession,
)
from webapp.services import territory, territory_succession, territory_switch
from webapp.services.corridors import corridors_on
from webapp.services.dated import holds_on, stands_on

# Those without whom a commune's queue has no reader.
CASEWORK_ROLES = ("officer", "head")


@dataclass(frozen=True)
class UnitLine:
    """One unit: its dates, land, who took it over, and how much stands open; no case content."""

    unit: Unit
    area_km2: float | None
    is_code_reused: bool
    parent: Unit | None
    open_cases: int
    officers: int
    successors: tuple[Unit, ...] = ()
    predecessors: tuple[Unit, ...] = ()


@dataclass(frozen=True)
class SetLine:
    """All boundaries that begin and end on the same days.

    ``state`` is ``past``, ``present`` or ``ahead``; ``days_ahead`` is 0 unless it lies ahead.
    ``cases_moving`` is how many open cases pass to another unit on its first day; None where that
    day's land is over.
    """

    valid_from: date
    valid_to: date | None
    unit_count: int
    area_km2: float
    is_schematic: bool
    seams: tuple[Seam, ...]
    state: str
    days_ahead: int
    cases_moving: int | None = None


@dataclass(frozen=True)
class Overview:
    """Everything on the page, for the boundaries that hold ``on`` a day."""

    on: date
    today: date
    communes: tuple[UnitLine, ...]
    others: tuple[UnitLine, ...]
    sets: tuple[SetLine, ...]
    corridors: tuple[Corridor, ...]
    categories: tuple[Category, ...]
    rules: tuple[DeadlineRule, ...]
    sheet: Sheet

    @property
    def without_officer(self) -> tuple[UnitLine, ...]:
        """Return the communes of today whose queue nobody can open."""
        return tuple(line for line in self.communes if line.officers == 0)

    @property
    def set_days(self) -> tuple[date, ...]:
        """Return a day of each set, in order, for a map of each."""
        return tuple(sorted({line.valid_from for line in self.sets}))

    @property
    def drawn_set(self) -> date | None:
        """Return the first day of the set that is drawn."""
        begun = [day for day in self.set_days if day <= self.on]
        return begun[-1] if begun else None

    @property
    def warnings(self) -> int:
        """Return how many sets have overlaps or gaps."""
        return sum(1 for line in self.sets if line.seams)

    @property
    def left_behind(self) -> SetLine | None:
        """Return the set of today whose open cases have not all followed their land, if any."""
        behind = [line for line in self.sets if line.state == "present" and line.cases_moving]
        return max(behind, key=lambda line: line.valid_from, default=None)

    @property
    def next_set(self) -> SetLine | None:
        """Return the set that comes into force next, if one waits."""
        ahead = [line for line in self.sets if line.state == "ahead"]
        return min(ahead, key=lambda line: line.valid_from, default=None)


def overview(on: date) -> Overview:
    """Gather the page for the land that holds on a day."""
    units = db.session.scalars(select(Unit).order_by(Unit.valid_from)).all()
    boundaries = db.session.scalars(select(Boundary).order_by(Boundary.id)).all()
    corridors = tuple(corridors_on(on))
    lines = _unit_lines(list(units), list(boundaries), on)
    return Overview(
        on=on,
        today=clock.today(),
        communes=tuple(line for line in lines if line.unit.tier == "commune"),
        others=tuple(line for line in lines if line.unit.tier != "commune"),
        sets=tuple(_set_lines(list(boundaries), {unit.id: unit for unit in units})),
        corridors=corridors,
        categories=tuple(db.session.scalars(select(Category).order_by(Category.sort_order))),
        rules=tuple(db.session.scalars(select(DeadlineRule).order_by(DeadlineRule.severity))),
        sheet=draw_sheet(
            [
                (line.unit.name, shape(_land(line.unit, boundaries, on).geometry))
                for line in lines
                if line.unit.tier == "commune" and line.area_km2 is not None
            ],
            [(line.kind, shape(line.geometry)) for line in corridors],
        ),
    )


def _unit_lines(units: list[Unit], boundaries: list[Boundary], on: date) -> list[UnitLine]:
    reused = _reused(units)
    standing = [unit for unit in units if stands_on(unit, on)]
    newest = {unit.code: unit.id for unit in standing}
    by_id = {unit.id: unit for unit in units}
    parents = _parents_on(on)
    open_cases, officers = _open_cases(), _officers()
    successors, predecessors = _successions(by_id)
    land = {b.unit_id: _area_km2(b) for b in boundaries if stands_on(b, on)}
    lines = [
        UnitLine(
            unit=unit,
            area_km2=land.get(unit.id),
            is_code_reused=unit.id in reused,
            parent=by_id.get(parents.get(unit.id, 0)),
            open_cases=open_cases.get(unit.id, 0),
            officers=officers.get(unit.id, 0),
            successors=successors.get(unit.id, ()),
            predecessors=predecessors.get(unit.id, ()),
        )
        for unit in standing
        if newest[unit.code] == unit.id
    ]
    return sorted(lines, key=lambda line: territory.by_name(line.unit))


def _reused(units: list[Unit]) -> set[int]:
    """Return the units whose code another unit bears at another time, as one with other land."""
    same = territory_succession.same_communes(db.session(), units)
    bearers: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        bearers[unit.code].append(unit)
    others = [
        pair
        for bearing in bearers.values()
        for pair in pairwise(bearing)
        if (pair[0].id, pair[1].id) not in same
    ]
    return {unit.id for pair in others for unit in pair}


def _successions(
    units: dict[int, Unit],
) -> tuple[dict[int, tuple[Unit, ...]], dict[int, tuple[Unit, ...]]]:
    """Return who took over each unit, and whom each unit took over, by unit id."""
    after: dict[int, tuple[Unit, ...]] = {}
    before: dict[int, tuple[Unit, ...]] = {}
    for row in db.session.scalars(select(UnitSuccession).order_by(UnitSuccession.id)):
        old, new = units[row.predecessor_id], units[row.successor_id]
        after[old.id] = (*after.get(old.id, ()), new)
        before[new.id] = (*before.get(new.id, ()), old)
    return after, before


def _set_lines(boundaries: list[Boundary], units: dict[int, Unit]) -> list[SetLine]:
    groups: dict[tuple[date, date | None], list[Boundary]] = defaultdict(list)
    for boundary in boundaries:
        groups[boundary.valid_from, boundary.valid_to].append(boundary)
    keys = sorted(groups, key=lambda key: (key[0], key[1] or date.max))
    return [_set_line(*key, groups[key], units) for key in keys]


def _set_line(
    valid_from: date, valid_to: date | None, boundaries: list[Boundary], units: dict[int, Unit]
) -> SetLine:
    today = clock.today()
    is_past = valid_to is not None and valid_to < today
    state = "past" if is_past else "ahead" if valid_from > today else "present"
    lands = [(_title(units[b.unit_id]), shape(b.geometry)) for b in boundaries]
    return SetLine(
        valid_from=valid_from,
        valid_to=valid_to,
        unit_count=len(boundaries),
        area_km2=sum(_area_km2(boundary) for boundary in boundaries),
        is_schematic=any(boundary.is_schematic for boundary in boundaries),
        seams=(*overlaps(lands), *gaps(lands)),
        state=state,
        days_ahead=max(0, (valid_from - today).days),
        cases_moving=None if is_past else len(territory_switch.plan(valid_from).moves),
    )


def _land(unit: Unit, boundaries: Sequence[Boundary], on: date) -> Boundary:
    return next(b for b in reversed(boundaries) if b.unit_id == unit.id and stands_on(b, on))


def _area_km2(boundary: Boundary) -> float:
    return area_m2(shape(boundary.geometry)) / 1e6


def _title(unit: Unit) -> str:
    return f"{unit.kind} {unit.name}"


def _parents_on(on: date) -> dict[int, int]:
    links = select(UnitParent.unit_id, UnitParent.parent_id).where(*holds_on(UnitParent, on))
    return {row[0]: row[1] for row in db.session.execute(links)}


def _open_cases() -> dict[int, int]:
    counts = select(Case.lead_unit_id, func.count()).where(Case.is_open).group_by(Case.lead_unit_id)
    return {row[0]: row[1] for row in db.session.execute(counts)}


def _officers() -> dict[int, int]:
    counts = (
        select(Officer.unit_id, func.count())
        .where(Officer.is_active, Officer.role.in_(CASEWORK_ROLES))
        .group_by(Officer.unit_id)
    )
    return {row[0]: row[1] for row in db.session.execute(counts)}
