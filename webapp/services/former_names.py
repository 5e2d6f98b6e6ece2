"""The old names of communes beside those of today, for whoever still calls a place by them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from webapp.extensions import db
from webapp.models import Unit, UnitSuccession
from webapp.services import territory


@dataclass(frozen=True)
class FormerName:
    """A commune that ended, and the communes of today that hold its land."""

    unit: Unit
    now: tuple[Unit, ...]


def former_names(on: date) -> list[FormerName]:
    """Return communes that ended before a day, in the order of their names, each name once.

    Left out are those that still go by the same kind and name, and those whose land nobody of
    that day has taken over: what a resident chooses must lead somewhere.
    """
    standing = {unit.id: unit for unit in territory.units_on(on)}
    today = {_full_name(unit) for unit in standing.values()}
    ended = select(Unit).where(Unit.tier == "commune", Unit.valid_to < on)
    successors = _successors(on)
    found: dict[str, FormerName] = {}
    for unit in sorted(db.session.scalars(ended), key=territory.by_name):
        heirs = tuple(standing[id_] for id_ in _heirs(unit.id, successors) if id_ in standing)
        if heirs and _full_name(unit) not in today:
            found.setdefault(_full_name(unit), FormerName(unit, heirs))
    return list(found.values())


def _full_name(unit: Unit) -> str:
    return f"{unit.kind} {unit.name}"


def _successors(on: date) -> dict[int, list[int]]:
    links = select(UnitSuccession.predecessor_id, UnitSuccession.successor_id)
    found: dict[int, list[int]] = defaultdict(list)
    for old, new in db.session.execute(
        links.where(UnitSuccession.on_date <= on).order_by(UnitSuccession.id)
    ):
        found[old].append(new)
    return found


def _heirs(unit_id: int, successors: dict[int, list[int]]) -> Iterable[int]:
    """Return, once each, the ends of all chains of successions that begin at a unit."""
    ends: dict[int, None] = {}
    waiting, seen = [unit_id], {unit_id}
    while waiting:
        current = waiting.pop(0)
        following = [each for each in successors.get(current, []) if each not in seen]
        if not successors.get(current):
            ends[current] = None
        seen.update(following)
        waiting += following
    return [end for end in ends if end != unit_id]
