"""The register of crossings as a file: read with a preview, taken all or not at all, written."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.crossing_files import (
    Reading,
    Row,
    RowProblem,
    read_file,
    write_csv,
    write_geojson,
)
from webapp.domain.crossings import Entry, Problem
from webapp.domain.errors import Conflict
from webapp.extensions import db
from webapp.models import Crossing, Officer
from webapp.services.crossings import Wanted, read_all
from webapp.services.crossings_entries import (
    Settled,
    entry_of,
    new_crossing,
    note,
    settle,
    take,
)
from webapp.services.crossings_show import Difference, differences
from webapp.services.transaction import Transaction, transaction

WRITERS = {"csv": write_csv, "geojson": write_geojson}
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "geojson": "application/geo+json"}


@dataclass(frozen=True)
class Planned:
    """What a row would do: ``differences`` are the values that it changes of a known crossing."""

    number: int
    settled: Settled
    known: Crossing | None
    differences: tuple[Difference, ...] = ()

    @property
    def action(self) -> str:
        """Return added, changed or unchanged."""
        if self.known is None:
            return "added"
        return "changed" if self.differences else "unchanged"


@dataclass(frozen=True)
class Plan:
    """What a file would do to the register; with any problem it does nothing.

    ``seal`` names the plan: it changes when the file or what it would change does.
    """

    rows: Sequence[Planned]
    problems: Sequence[RowProblem]
    seal: str

    def of(self, action: str) -> list[Planned]:
        """Return the rows that add, change, or leave as it is."""
        return [row for row in self.rows if row.action == action]


def preview(content: bytes) -> Plan:
    """Read a file and say what it would do, without writing anything.

    Raises:
        InvalidInput: the file as a whole cannot be read (``crossing_files.read_file``).
    """
    return _plan(db.session(), read_file(content), clock.today())


def import_file(officer: Officer | None, content: bytes, seal: str | None = None) -> Plan:
    """Take a file into the register, all of it or nothing.

    A crossing is known by its code. Rows that say what the register says change nothing, and
    crossings that the file does not name stay as they are.

    Args:
        officer: who imports; None for the command line.
        content: the bytes of a CSV or GeoJSON file.
        seal: the plan that was looked at; None takes whatever the file says.

    Returns:
        What was done; with ``problems`` nothing was.

    Raises:
        InvalidInput: the file as a whole cannot be read.
        Conflict: the file would now do something else than what was looked at.
    """
    reading = read_file(content)
    try:
        with transaction() as work:
            _lock(work.session, reading)
            plan = _plan(work.session, reading, clock.today())
            if seal is not None and seal != plan.seal:
                raise Conflict("crossings_plan_changed", field="file")
            if not plan.problems:
                _carry_out(work, plan, officer, clock.now())
    except IntegrityError:
        # Somebody registered one of the codes at the same moment.
        raise Conflict("crossings_plan_changed", field="file") from None
    return plan


def _carry_out(work: Transaction, plan: Plan, officer: Officer | None, now: datetime) -> None:
    for row in plan.rows:
        if row.action == "unchanged":
            continue
        crossing = row.known or new_crossing(row.settled, officer, now)
        take(crossing, row.settled)
        work.session.add(crossing)
        work.session.flush()
        note(work, crossing, "imported", officer, now)


def export(officer: Officer, wanted: Wanted, kind: str) -> bytes:
    """Write the crossings of a list as a file of a kind in ``WRITERS``."""
    return WRITERS[kind](entry_of(crossing) for crossing in read_all(officer, wanted))


def export_all(kind: str) -> bytes:
    """Write the whole register as a file of a kind in ``WRITERS``, by code."""
    rows = db.session.scalars(select(Crossing).order_by(Crossing.code))
    return WRITERS[kind](entry_of(crossing) for crossing in rows)


def _plan(session: Session, reading: Reading, on: date) -> Plan:
    known = _known(session, [row.entry.code for row in reading.rows])
    planned: list[Planned] = []
    problems = list(reading.problems)
    for row in reading.rows:
        crossing = known.get(row.entry.code)
        settled, found = _settled(session, row, crossing, on)
        problems += [RowProblem(row.number, problem) for problem in found]
        if not found:
            changes = _differences(crossing, settled) if crossing else ()
            planned.append(Planned(row.number, settled, crossing, changes))
    problems.sort(key=lambda each: each.number)
    return Plan(planned, problems, _seal(reading, planned))


def _known(session: Session, codes: Sequence[str]) -> dict[str, Crossing]:
    rows = session.scalars(select(Crossing).where(Crossing.code.in_(codes)))
    return {row.code: row for row in rows}


def _lock(session: Session, reading: Reading) -> None:
    codes = [row.entry.code for row in reading.rows]
    known = select(Crossing.id).where(Crossing.code.in_(codes)).order_by(Crossing.id)
    session.execute(known.with_for_update())


def _settled(
    session: Session, row: Row, known: Crossing | None, on: date
) -> tuple[Settled, list[Problem]]:
    settled, problems = settle(session, row.entry, on, known)
    was_without = known is not None and known.chainage_m is None
    if settled.entry.chainage_m is None and not was_without:
        problems = [*problems, Problem("crossing_km_missing", "km")]
    return settled, problems


def _differences(known: Crossing, settled: Settled) -> tuple[Difference, ...]:
    return tuple(differences(vars(entry_of(known)), vars(_resolved(settled))))


def _resolved(settled: Settled) -> Entry:
    """Return the entry with the unit and the line that were looked up."""
    return replace(
        settled.entry,
        line=settled.line.code if settled.line else None,
        unit_code=settled.unit.code if settled.unit else None,
    )


def _seal(reading: Reading, planned: Sequence[Planned]) -> str:
    entries = [repr(row) for row in reading.rows]
    versions = [(row.action, row.known.version if row.known else 0) for row in planned]
    return hashlib.sha256(json.dumps([entries, versions]).encode()).hexdigest()
