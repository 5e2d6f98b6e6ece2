"""What stands in the register of a crossing: looked up, set, and appended to its history."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.crossings import Entry, Problem
from webapp.domain.errors import InvalidInput
from webapp.domain.geo import Position, cell_of
from webapp.models import Corridor, Crossing, CrossingInspection, Officer, Unit
from webapp.services import territory
from webapp.services.casework_acts import written
from webapp.services.corridors import Located
from webapp.services.crossings import named_line_at, railway_at
from webapp.services.dated import holds_on
from webapp.services.transaction import Transaction


class EntryRefused(InvalidInput):
    """An entry that cannot be taken; ``problems`` are all that was found, each with its field."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep all problems; the first one speaks for them."""
        first = problems[0]
        super().__init__(first.code, field=first.field, **first.details)
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Settled:
    """An entry with what it names looked up: the unit, the line and the kilometre on it.

    ``chainage_accuracy_m`` says how well the kilometre is known when it was computed.
    """

    entry: Entry
    unit: Unit | None
    line: Corridor | None
    chainage_accuracy_m: float | None = None


def settle(
    session: Session, entry: Entry, on: date, known: Crossing | None = None
) -> tuple[Settled, list[Problem]]:
    """Look up what an entry names: its unit, else that of the land; its line, else by the strip.

    A line that is named must lie at the position; only one that the register already has there
    stays without that. A kilometre that is not given is computed where the line has kilometre
    posts.

    Args:
        session: the session to read with.
        entry: what is to stand in the register.
        on: the day whose units and lines count.
        known: the crossing as it stands, when it is registered.
    """
    problems: list[Problem] = []
    position = Position(entry.latitude, entry.longitude)
    unit = _unit(entry, position, on, problems)
    if entry.line is None:
        located = railway_at(position, on)
        line = located.corridor if located else None
    else:
        line = _line(session, entry.line, on, problems)
        located = named_line_at(position, line, on) if line else None
        if line and not (located or problems or _is_line_kept(entry, known)):
            problems.append(Problem("crossing_line_far", "line", {"text": line.name}))
    settled = Settled(entry, unit, line)
    if entry.chainage_m is None and located:
        settled = _measured(settled, located)
    return settled, problems


def _is_line_kept(entry: Entry, known: Crossing | None) -> bool:
    """Tell whether the register has that very line at that very position already."""
    if known is None or known.corridor is None:
        return False
    was = (known.corridor.code, known.latitude, known.longitude)
    return was == (entry.line, entry.latitude, entry.longitude)


def _measured(settled: Settled, located: Located) -> Settled:
    """Add the kilometre that a position on a railway has, in whole metres, if it has posts."""
    if located.chainage_m is None:
        return settled
    entry = replace(settled.entry, chainage_m=float(round(located.chainage_m)))
    return replace(settled, entry=entry, chainage_accuracy_m=located.chainage_accuracy_m)


def entry_of(crossing: Crossing) -> Entry:
    """Return what the register says of a crossing, as a file has it."""
    return Entry(
        code=crossing.code,
        latitude=crossing.latitude,
        longitude=crossing.longitude,
        name=crossing.name,
        line=crossing.corridor.code if crossing.corridor else None,
        chainage_m=crossing.chainage_m,
        width_m=crossing.width_m,
        surface=crossing.surface,
        measures=tuple(crossing.measures),
        state=crossing.state,
        unit_code=crossing.unit.code if crossing.unit else None,
        note=crossing.note,
    )


def take(crossing: Crossing, settled: Settled) -> bool:
    """Set a crossing to an entry; return whether anything is different now."""
    entry = settled.entry
    wanted = {
        "name": entry.name,
        "corridor": settled.line,
        "chainage_m": entry.chainage_m,
        "chainage_accuracy_m": _accuracy_m(crossing, settled),
        "latitude": entry.latitude,
        "longitude": entry.longitude,
        "width_m": entry.width_m,
        "surface": entry.surface,
        "measures": list(entry.measures),
        "state": entry.state,
        "unit": settled.unit,
        "note": entry.note,
    }
    different = {name: value for name, value in wanted.items() if getattr(crossing, name) != value}
    for name, value in different.items():
        setattr(crossing, name, value)
    crossing.cell = cell_of(entry.latitude, entry.longitude)
    return bool(different)


def _accuracy_m(crossing: Crossing, settled: Settled) -> float | None:
    """Return the doubt of the kilometre; one that nobody touched keeps its own."""
    is_kept = crossing.chainage_m is not None and crossing.chainage_m == settled.entry.chainage_m
    return crossing.chainage_accuracy_m if is_kept else settled.chainage_accuracy_m


def note(
    work: Transaction,
    crossing: Crossing,
    kind: str,
    officer: Officer | None,
    now: datetime,
    words: str = "",
) -> CrossingInspection:
    """Append what happened to a crossing, with the values that hold from then on."""
    crossing.version += 1
    crossing.updated_at = now
    row = CrossingInspection(
        crossing_id=crossing.id,
        kind=kind,
        at=now,
        officer_id=officer.id if officer else None,
        unit_id=officer.unit_id if officer else None,
        words=written(words),
        data=dataclasses.asdict(entry_of(crossing)),
    )
    work.session.add(row)
    work.session.flush()
    return row


def new_crossing(
    settled: Settled, officer: Officer | None, now: datetime, *, is_fabricated: bool = False
) -> Crossing:
    """Return the row of a crossing that was not registered before; ``note`` is to follow."""
    crossing = Crossing(
        code=settled.entry.code,
        version=0,
        is_fabricated=is_fabricated,
        created_at=now,
        created_by_id=officer.id if officer else None,
        updated_at=now,
    )
    take(crossing, settled)
    return crossing


def _unit(entry: Entry, position: Position, on: date, problems: list[Problem]) -> Unit | None:
    if entry.unit_code is None:
        unit = territory.commune_at(position, on)
        if unit is None:
            problems.append(Problem("crossing_outside_land", "position"))
        return unit
    unit = territory.unit_with_code(entry.unit_code, on)
    if unit is None:
        problems.append(Problem("crossing_unit_unknown", "unit", {"text": entry.unit_code}))
    return unit


def _line(session: Session, code: str, on: date, problems: list[Problem]) -> Corridor | None:
    lines = select(Corridor).where(Corridor.code == code, *holds_on(Corridor, on))
    line = session.scalars(lines.order_by(Corridor.valid_from.desc())).first()
    if line is None:
        problems.append(Problem("crossing_line_unknown", "line", {"text": code}))
    elif line.kind != "railway":
        problems.append(Problem("crossing_line_not_railway", "line", {"text": line.name}))
    return line
