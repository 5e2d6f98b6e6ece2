"""What a day may change, and what a run has looked at, so that nothing is looked at for ever."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, exists, or_, select, union
from sqlalchemy.orm import Session

from webapp.models import Case, Coordination, Officer, TerritorySwitch
from webapp.services import territory_day
from webapp.services.territory_day import DayOfLand


def referred_to(session: Session) -> set[int]:
    """Return the units that open cases or officers belong to."""
    standing = select(Coordination.unit_id).join(Case, Case.id == Coordination.case_id)
    found: CompoundSelect[int | None] = union(
        select(Case.lead_unit_id).where(Case.is_open),
        select(Case.commune_id).where(Case.is_open),
        select(Case.transfer_to_id).where(Case.is_open),
        standing.where(Case.is_open, Coordination.state != "ended"),
        select(Officer.unit_id),
    )
    return {unit_id for unit_id in session.scalars(found) if unit_id is not None}


def concerned(land: DayOfLand) -> Select[Case]:
    """Return the open cases that a day may change: of units that ended, or gave land up."""
    ended, shrunk = land.ended_ids, set(land.day.shrunk_on)
    return select(Case).where(
        Case.is_open,
        or_(
            Case.commune_id.in_(ended | shrunk),
            Case.lead_unit_id.in_(ended),
            Case.transfer_to_id.in_(ended),
            _has_partner_in(ended),
        ),
    )


def _has_partner_in(unit_ids: Collection[int]) -> ColumnElement[bool]:
    return exists().where(
        Coordination.case_id == Case.id,
        Coordination.unit_id.in_(unit_ids),
        Coordination.state != "ended",
    )


@dataclass(frozen=True)
class Look:
    """What a run could see: the land of its day by name, and how each case stood that it concerns.

    A case is told as (id, commune or 0, lead, who was asked or 0).
    """

    land: str
    cases: tuple[tuple[int, ...], ...]

    def is_covered_by(self, earlier: "Look | None") -> bool:
        """Whether there is nothing that an earlier look did not see as it is now."""
        if not self.cases:
            return True
        return (
            earlier is not None
            and earlier.land == self.land
            and set(self.cases) <= set(earlier.cases)
        )

    def as_details(self) -> dict[str, Any]:
        """Return it as a run keeps it."""
        return {"land": self.land, "cases": [list(case) for case in self.cases]}


def looked_at(session: Session, land: DayOfLand) -> Look:
    """Look at what a day may change, as it stands now."""
    query = concerned(land).with_only_columns(
        Case.id, Case.commune_id, Case.lead_unit_id, Case.transfer_to_id
    )
    rows = session.execute(query.order_by(Case.id))
    return Look(
        territory_day.name_of(land), tuple(tuple(value or 0 for value in row) for row in rows)
    )


def look_of(run: TerritorySwitch | None) -> Look | None:
    """Return what an ended run saw last; None for a run of a time when that was not kept."""
    kept = run.details.get("looked_at") if run else None
    return Look(kept["land"], tuple(tuple(case) for case in kept["cases"])) if kept else None
