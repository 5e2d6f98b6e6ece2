"""Who took whose land: ends what a new set takes over, and writes predecessors and successors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shapely.geometry import shape
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.boundaries import NamedUnit, UnitLand
from webapp.domain.geo import Land
from webapp.domain.succession import LEAST_SHARE, inheritances, share_taken
from webapp.models import Boundary, Unit, UnitParent, UnitSuccession
from webapp.services import territory, territory_day
from webapp.services.dated import holds_on

# What is left of a unit after this is the strip along a border that was drawn anew.
WHOLE_SHARE = 1 - LEAST_SHARE


@dataclass(frozen=True)
class TakenOver:
    """A unit of the day before whose land a file takes: all of it, or a share (0 to 1).

    ``ends_on`` is its last day: known before, or written now; None when it goes on.
    """

    title: str
    share: float
    ends_on: date | None

    @property
    def is_whole(self) -> bool:
        """Whether nothing but a strip is left."""
        return self.share >= WHOLE_SHARE


@dataclass(frozen=True)
class Succession:
    """A part of a unit's land that passed to another; None where only the names are known."""

    predecessor: str
    successor: str
    share: float


def title_of(unit: Unit) -> str:
    """Return kind and name, as in "xã Vĩnh Hải"."""
    return f"{unit.kind} {unit.name}"


def take_over(
    session: Session, units: Sequence[Unit], parent: Unit | None, day: date, *, is_ending: bool
) -> tuple[TakenOver, ...]:
    """Say whose land the units of a file take on a day, and end those wholly taken if asked to.

    A supervising unit that is left without any commune ends with its last one.
    """
    own = {unit.id for unit in units}
    lands = [_land(boundary) for boundary in _boundaries_of(session, own, day)]
    before = territory.boundaries_with_units(day - timedelta(days=1))
    found: list[TakenOver] = []
    ended: list[Unit] = []
    for boundary, unit in before:
        share = share_taken(_land(boundary), lands) if unit.id not in own else 0.0
        if share >= WHOLE_SHARE and is_ending:
            end(session, unit, day - timedelta(days=1))
            ended.append(unit)
        if share >= LEAST_SHARE:
            found.append(TakenOver(title_of(unit), share, unit.valid_to))
    return (*found, *_emptied(session, ended, parent, day))


def _emptied(
    session: Session, ended: Sequence[Unit], parent: Unit | None, day: date
) -> list[TakenOver]:
    links = select(UnitParent.parent_id).where(
        UnitParent.unit_id.in_([unit.id for unit in ended]),
    )
    emptied = []
    for unit in session.scalars(select(Unit).where(Unit.id.in_(links)).order_by(Unit.id)):
        if parent is None or unit.id == parent.id or _has_child(session, unit, day):
            continue
        end(session, unit, day - timedelta(days=1))
        write(session, unit, parent, day)
        emptied.append(TakenOver(title_of(unit), 1.0, unit.valid_to))
    return emptied


def _has_child(session: Session, unit: Unit, day: date) -> bool:
    children = (
        select(Unit.id)
        .join(UnitParent, UnitParent.unit_id == Unit.id)
        .where(UnitParent.parent_id == unit.id, *holds_on(UnitParent, day), *holds_on(Unit, day))
    )
    return session.scalars(children).first() is not None


def end(session: Session, unit: Unit, last_day: date) -> None:
    """End a unit with its land and its place under others, unless it ended earlier."""
    if unit.valid_to is not None and unit.valid_to <= last_day:
        return
    unit.valid_to = last_day
    first_day = last_day + timedelta(days=1)
    land = select(Boundary).where(Boundary.unit_id == unit.id, *holds_on(Boundary, first_day))
    places = select(UnitParent).where(UnitParent.unit_id == unit.id)
    rows: list[Boundary | UnitParent] = [
        *session.scalars(land),
        *session.scalars(places.where(*holds_on(UnitParent, first_day))),
    ]
    for row in rows:
        if row.valid_from <= last_day:
            row.valid_to = last_day
    session.flush()


def write_measured(session: Session, day: date) -> list[Succession]:
    """Write down who took the land of the units that ended the day before; safe to repeat.

    Measured on the land itself: of the units that ended, on the units whose land begins that day.
    """
    titles: dict[int, str] = {}
    gone = _gone(day, titles)
    taking = []
    for boundary, unit in territory.boundaries_with_units(day):
        if boundary.valid_from == day:
            taking.append(_land(boundary))
            titles[unit.id] = title_of(unit)
    parts = inheritances(gone, taking)
    for part in parts:
        _write_ids(session, part.predecessor_id, part.successor_id, day)
    return [
        Succession(titles[part.predecessor_id], titles[part.successor_id], part.share)
        for part in parts
    ]


def _gone(day: date, titles: dict[int, str]) -> list[Land]:
    """Return the land of the units that stood the day before and do not stand on it."""
    ended = {unit.id: unit for unit in territory_day.ended_units(day)}
    last = day - timedelta(days=1)
    gone = []
    for boundary, unit in territory.boundaries_with_units(last):
        if unit.id in ended:
            gone.append(_land(boundary))
            titles[unit.id] = title_of(unit)
    return gone


def write_named(
    session: Session, lands: Sequence[UnitLand], units: Sequence[Unit]
) -> tuple[str, ...]:
    """Write down the predecessors and successors that a file names by their codes.

    Returns:
        The predecessors that no set tells of; a set may bring them later.
    """
    unknown: list[str] = []
    for land, unit in zip(lands, units, strict=True):
        before = unit.valid_from - timedelta(days=1)
        for named in land.formed_from:
            predecessor = _bearer(session, named, before)
            if predecessor is None:
                unknown.append(f"{named.title} ({named.code})")
            elif (
                territory_day.is_over(predecessor, unit.valid_from) or predecessor.code == unit.code
            ):
                write(session, predecessor, unit, unit.valid_from)
        if land.successor and unit.valid_to:
            day = unit.valid_to + timedelta(days=1)
            successor = _bearer(session, land.successor, day)
            if successor is not None and successor.id != unit.id:
                write(session, unit, successor, day)
    return tuple(unknown)


def _bearer(session: Session, named: NamedUnit, on: date) -> Unit | None:
    """Return the commune that bears a code on a day."""
    bearing = select(Unit).where(
        Unit.code == named.code, Unit.tier == "commune", *holds_on(Unit, on)
    )
    return session.scalars(bearing.order_by(Unit.valid_from.desc())).first()


def same_communes(session: Session, units: Sequence[Unit]) -> frozenset[tuple[int, int]]:
    """Return the pairs, older and newer, that are one commune written down anew.

    They bear one code and one name, and the newer took all that the older held and nothing else.
    Whatever else bears a code again is another unit.
    """
    after: dict[int, set[int]] = {}
    before: dict[int, set[int]] = {}
    for row in session.scalars(select(UnitSuccession)):
        after.setdefault(row.predecessor_id, set()).add(row.successor_id)
        before.setdefault(row.successor_id, set()).add(row.predecessor_id)
    known = {unit.id: unit for unit in units}
    return frozenset(
        (old_id, new_id)
        for old_id, heirs in after.items()
        for new_id in heirs
        if heirs == {new_id}
        and before[new_id] == {old_id}
        and old_id in known
        and new_id in known
        and _called(known[old_id]) == _called(known[new_id])
    )


def _called(unit: Unit) -> tuple[str, str]:
    return unit.code, title_of(unit)


def write(session: Session, predecessor: Unit, successor: Unit, day: date) -> None:
    """Write one succession down, once."""
    _write_ids(session, predecessor.id, successor.id, day)


def _write_ids(session: Session, predecessor_id: int, successor_id: int, day: date) -> None:
    known = select(UnitSuccession.id).where(
        UnitSuccession.predecessor_id == predecessor_id,
        UnitSuccession.successor_id == successor_id,
    )
    if session.scalars(known).first() is None:
        session.add(
            UnitSuccession(predecessor_id=predecessor_id, successor_id=successor_id, on_date=day)
        )
        session.flush()


def _boundaries_of(session: Session, unit_ids: set[int], day: date) -> Sequence[Boundary]:
    query = select(Boundary).where(Boundary.unit_id.in_(unit_ids), Boundary.valid_from == day)
    return session.scalars(query).all()


def _land(boundary: Boundary) -> Land:
    return Land(boundary.unit_id, shape(boundary.geometry))
