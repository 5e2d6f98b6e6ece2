"""The page of switches: what a day would change in numbers, and every run so far."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from webapp import clock
from webapp.extensions import db
from webapp.models import Boundary, Officer, TerritorySwitch, Unit
from webapp.services import territory_day, territory_switch
from webapp.services.territory_switch import Plan, named_pairs, pair_counts


@dataclass(frozen=True)
class Run:
    """One switch or correction, in numbers."""

    row: TerritorySwitch
    by: Officer | None
    pairs: tuple[tuple[Unit, Unit, int], ...]
    correction: TerritorySwitch | None

    @property
    def is_done(self) -> bool:
        """Whether it came to its end."""
        return bool(self.row.details["state"] == "done")

    @property
    def is_corrected(self) -> bool:
        """Whether a correction led its cases back."""
        return self.correction is not None and self.correction.details["state"] == "done"

    @property
    def kept_count(self) -> int:
        """How many cases stayed with units that had ended."""
        return sum(len(ids) for ids in self.row.details["kept"].values())


@dataclass(frozen=True)
class Runs:
    """Everything on the page; ``plan`` is None where no boundaries are known at all."""

    on: date | None
    today: date
    plan: Plan | None
    days: tuple[date, ...]
    history: tuple[Run, ...]
    is_first_day: bool

    @property
    def can_switch(self) -> bool:
        """Whether the day has come and something would change."""
        if self.plan is None or self.on is None or self.on > self.today:
            return False
        return not self.plan.is_empty or territory_switch.is_unfinished(self.on)

    @property
    def is_movable(self) -> bool:
        """Whether a set begins on the day, and the day is still ahead."""
        return self.on is not None and self.on > self.today and self.is_first_day


def read(on: date | None) -> Runs:
    """Gather the page for a day; the next one that waits, or the last one, when left out."""
    today = clock.today()
    days = territory_day.changes_until(date.max)
    if on is None and days:
        on = next((day for day in days if day > today), days[-1])
    return Runs(
        on=on,
        today=today,
        plan=territory_switch.plan(on) if on else None,
        days=tuple(days),
        history=tuple(_history()),
        is_first_day=on is not None and _begins(on),
    )


def _begins(day: date) -> bool:
    land = select(Boundary.id).where(Boundary.valid_from == day).limit(1)
    return db.session.scalar(land) is not None


def _history() -> list[Run]:
    rows = db.session.scalars(select(TerritorySwitch).order_by(TerritorySwitch.id.desc())).all()
    corrections = {row.corrects_id: row for row in rows if row.corrects_id}
    counts = {row.id: pair_counts(row) for row in rows}
    named = {unit_id for each in counts.values() for pair in each for unit_id in pair}
    units = territory_day.units_of(named)
    people = select(Officer).where(Officer.id.in_([row.officer_id for row in rows]))
    officers = {officer.id: officer for officer in db.session.scalars(people)}
    return [
        Run(
            row=row,
            by=officers.get(row.officer_id or 0),
            pairs=tuple(named_pairs(counts[row.id], units)),
            correction=corrections.get(row.id),
        )
        for row in rows
    ]
