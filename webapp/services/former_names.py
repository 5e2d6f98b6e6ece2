"""The old names of communes beside those of today, for whoever still calls a place by them."""

from dataclasses import dataclass
from datetime import date

from webapp.models import Unit
from webapp.services import territory, territory_day


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
    ended = territory_day.ended_units(on)
    heirs_of = territory_day.heirs_written(on, {unit.id for unit in ended})
    communes = [unit for unit in ended if unit.tier == "commune"]
    found: dict[str, FormerName] = {}
    for unit in sorted(communes, key=territory.by_name):
        heirs = tuple(standing[id_] for id_ in heirs_of(unit.id) if id_ in standing)
        if heirs and _full_name(unit) not in today:
            found.setdefault(_full_name(unit), FormerName(unit, heirs))
    return list(found.values())


def _full_name(unit: Unit) -> str:
    return f"{unit.kind} {unit.name}"
