"""The land of a day beside the land before it: who has ended, who took what, what changed when."""

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from shapely.geometry import shape
from sqlalchemy import select

from webapp.domain.geo import Land, LandIndex
from webapp.domain.passing import Day
from webapp.domain.succession import Inheritance, heirs_standing, inheritances
from webapp.extensions import db
from webapp.models import Boundary, Unit, UnitSuccession
from webapp.services import territory
from webapp.services.territory_index import counting_ids, land_index, land_name


@dataclass(frozen=True)
class DayOfLand:
    """A day as the rules see it, with the units and who inherited what, for those who tell it."""

    on: date
    day: Day
    parts: tuple[Inheritance, ...]
    concerned: frozenset[int]

    @property
    def ended_ids(self) -> frozenset[int]:
        """Return the units that have ended and that something still belongs to."""
        return self.concerned.intersection(self.day.ended_ids)

    def heir_of(self, unit_id: int) -> int | None:
        """Return who took the largest part of a unit that has ended."""
        return next(iter(self.day.heirs.get(unit_id, ())), None)


def ended_units(on: date) -> list[Unit]:
    """Return the units that had begun by a day and do not exist on it, in the order of their ids.

    A unit whose code a newer one bears has ended too, whatever its last day says.
    """
    begun = db.session.scalars(select(Unit).where(Unit.valid_from <= on).order_by(Unit.id)).all()
    newest = {unit.id for unit in territory.newest_of_each_code(begun)}
    return [unit for unit in begun if unit.id not in newest or is_over(unit, on)]


def is_over(unit: Unit, on: date) -> bool:
    """Tell whether a unit had its last day before a day."""
    return unit.valid_to is not None and unit.valid_to < on


def changes_until(day: date) -> list[date]:
    """Return the days up to one, that included, on which land got another owner; the latest last.

    That is where boundaries begin, and the day after one ends.
    """
    begins = db.session.scalars(select(Boundary.valid_from).distinct())
    ends = db.session.scalars(select(Boundary.valid_to).distinct())
    days = {*begins, *(last + timedelta(days=1) for last in ends if last is not None)}
    return sorted(change for change in days if change <= day)


def day_of_land(on: date, concerned: Collection[int]) -> DayOfLand:
    """Return a day for the rules.

    Args:
        on: the day.
        concerned: the units that anything is asked about; of a nation's land only theirs is read.
    """
    ended = frozenset(unit.id for unit in ended_units(on))
    pairs = territory.boundaries_with_units(on) if ended.intersection(concerned) else []
    lands = [_land(boundary) for boundary, _unit in pairs]
    former, shrunk_on = _former(on, ended, concerned)
    gone = [land for unit_id, land in sorted(former.items()) if unit_id in ended]
    parts = inheritances(gone, lands)
    heirs = _heirs(parts, ended.intersection(concerned), ended, on)
    near = {heir for found in heirs.values() for heir in found}
    day = Day(
        land=land_index(on),
        ended_ids=ended,
        heirs=heirs,
        lands={land.unit_id: LandIndex([land]) for land in lands if land.unit_id in near},
        former={unit_id: LandIndex([land]) for unit_id, land in former.items()},
        shrunk_on=shrunk_on,
    )
    return DayOfLand(on, day, parts, frozenset(concerned))


def name_of(land: DayOfLand) -> str:
    """Name what a day's rules go by; another name where who holds, took or gave up land changed."""
    day = land.day
    facts = (
        land_name(land.on),
        sorted(land.ended_ids),
        sorted((unit_id, day.heirs[unit_id]) for unit_id in land.ended_ids & day.heirs.keys()),
        sorted(day.shrunk_on.items()),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _land(boundary: Boundary) -> Land:
    return Land(boundary.unit_id, shape(boundary.geometry))


def _former(
    on: date, ended: Collection[int], concerned: Collection[int]
) -> tuple[dict[int, Land], dict[int, date]]:
    """Return the last land of units before their present one, and since when it is not theirs."""
    counting = set(counting_ids(on))
    earlier = select(Boundary).where(Boundary.valid_from <= on, Boundary.unit_id.in_(concerned))
    former: dict[int, Boundary] = {}
    now: dict[int, Boundary] = {}
    for boundary in db.session.scalars(earlier.order_by(Boundary.valid_from)):
        (now if boundary.id in counting else former)[boundary.unit_id] = boundary
    shrunk = {
        unit_id: _end_of(boundary, now.get(unit_id))
        for unit_id, boundary in former.items()
        if unit_id not in ended
    }
    return {unit_id: _land(boundary) for unit_id, boundary in former.items()}, shrunk


def _end_of(boundary: Boundary, successor: Boundary | None) -> date:
    if successor is not None:
        return successor.valid_from
    # Land that does not count and that no other followed has run out.
    return (boundary.valid_to or date.max - timedelta(days=1)) + timedelta(days=1)


def _heirs(
    parts: Iterable[Inheritance], asked: Collection[int], ended: Collection[int], on: date
) -> dict[int, tuple[int, ...]]:
    heirs: dict[int, tuple[int, ...]] = {}
    for part in parts:
        heirs[part.predecessor_id] = (*heirs.get(part.predecessor_id, ()), part.successor_id)
    written = _written_heirs(on)
    for unit_id in asked:
        found = heirs.get(unit_id) or heirs_standing(written, unit_id, ended)
        if found:
            heirs[unit_id] = found
    return heirs


def heirs_written(on: date, ended: Collection[int]) -> Callable[[int], tuple[int, ...]]:
    """Return what answers who stands on a day for a unit that ended, as it was written down."""
    written = _written_heirs(on)
    return lambda unit_id: heirs_standing(written, unit_id, ended)


def _written_heirs(on: date) -> dict[int, list[int]]:
    """Return the successors that were written down, for units that have no land to measure."""
    rows = select(UnitSuccession).where(UnitSuccession.on_date <= on).order_by(UnitSuccession.id)
    written: dict[int, list[int]] = {}
    for row in db.session.scalars(rows):
        written.setdefault(row.predecessor_id, []).append(row.successor_id)
    return written


def units_of(ids: Collection[int]) -> dict[int, Unit]:
    """Return units by id."""
    found = db.session.scalars(select(Unit).where(Unit.id.in_(ids)))
    return {unit.id: unit for unit in found}
