"""Onto whose desk a report goes: the land under it, the line beside it, the table of who does what.

The one use case that joins the three; triage, the desk and the resident's form all ask here.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from sqlalchemy import select

from webapp.domain import routing
from webapp.domain.coordination import Partner
from webapp.domain.geo import Position
from webapp.domain.responsibilities import Assignment, UnitRef, led_by_land
from webapp.domain.routing import Certainty, Ground
from webapp.extensions import db
from webapp.models import Unit
from webapp.services import corridors, responsibilities, territory, territory_day
from webapp.services.corridors import Located
from webapp.services.dated import stands_on

# Nobody's ground, or ground on which nobody is responsible: ``no_rule`` fits the spot, or the one
# that fits names somebody who is not there (``lead_missing``).
Problem = Literal["no_rule", "lead_missing"]


@dataclass(frozen=True)
class Route:
    """Who leads, who coordinates, and why.

    Attributes:
        ground: whose land it is, and how surely.
        lead_unit_id: None when nobody holds the land, or when ``problem`` says why nobody leads.
        partners: each unit once, never the lead.
        corridor: the line on whose strip it lies, with the kilometre.
        rule_id: the rule that decided; None without a table, and when a person set the unit.
        problem: why the table names nobody.
    """

    ground: Ground
    lead_unit_id: int | None = None
    partners: tuple[Partner, ...] = ()
    corridor: Located | None = None
    rule_id: int | None = None
    problem: Problem | None = None

    @property
    def commune_id(self) -> int | None:
        """The commune on whose land it lies, whoever leads."""
        return self.ground.commune_id

    @property
    def routing(self) -> Certainty:
        """How the commune is known."""
        return self.ground.certainty

    @property
    def is_border_open(self) -> bool:
        """Whether an officer has to confirm whose land it is."""
        return self.ground.is_border


def route(
    position: Position | None,
    accuracy_m: float | None,
    category_code: str | None,
    on: date,
    *,
    set_unit_id: int | None = None,
    acting_on: date | None = None,
) -> Route:
    """Say who must act on what was seen at a position.

    Args:
        position: where it is; None when nobody knows.
        accuracy_m: radius of its disc in metres; None when unknown.
        category_code: what was seen; None while that is open: then the land's commune leads.
        on: the day whose boundaries, lines, units and table count: when the report came.
        set_unit_id: the commune that a person at the desk chose. It goes before any map, and it
            leads; whoever leads by the table then coordinates.
        acting_on: the later day on which the units must be there to act, when that is another
            one: in the place of one that ended in between acts who stands for it then.
    """
    spot = None if position is None else replace(position, accuracy_m=accuracy_m)
    ground = _ground(spot, on, set_unit_id)
    corridor = corridors.locate(spot, accuracy_m, on, category_code=category_code) if spot else None
    if ground.commune_id is None:
        return Route(ground, corridor=corridor)
    commune = db.session.get_one(Unit, ground.commune_id)
    assigned = _assign(category_code, corridor, commune, on)
    gone = _gone(assigned, acting_on) if acting_on else frozenset()
    if spot and acting_on and gone:
        line = corridors.locate(spot, accuracy_m, acting_on, category_code=category_code)
        assigned = _followed(assigned, gone, acting_on) or _assign(
            category_code, line, commune, acting_on
        )
    if set_unit_id is not None:
        return Route(ground, set_unit_id, _beside(set_unit_id, assigned, ground), corridor)
    return Route(
        ground,
        assigned.lead_unit_id,
        _beside(assigned.lead_unit_id, assigned, ground),
        corridor,
        assigned.rule_id,
        assigned.problem,
    )


def _ground(spot: Position | None, on: date, set_unit_id: int | None) -> Ground:
    if set_unit_id is not None:
        return routing.set_by_person(set_unit_id)
    return territory.ground_at(spot, on) if spot else routing.UNPLACED


def _assign(
    category_code: str | None, corridor: Located | None, commune: Unit, on: date
) -> Assignment:
    if category_code is None:
        return led_by_land(UnitRef(commune.id, commune.code))
    line = corridor.corridor if corridor else None
    return responsibilities.assign_at(category_code, line, commune, on)


def _gone(assigned: Assignment, on: date) -> frozenset[int]:
    """Return those of the units that were named who do not exist on a day."""
    ids = {assigned.lead_unit_id, *(partner.unit_id for partner in assigned.partners)} - {None}
    named = db.session.scalars(select(Unit).where(Unit.id.in_(ids)))
    return frozenset(unit.id for unit in named if not stands_on(unit, on))


def _followed(assigned: Assignment, gone: Collection[int], on: date) -> Assignment | None:
    """Put who took over in the place of units that ended, as open cases follow them.

    None where one of them left nobody who may act: then the table of the day has to be asked.
    """
    heirs_of = territory_day.heirs_written(on, {unit.id for unit in territory_day.ended_units(on)})
    after = {unit_id: next(iter(heirs_of(unit_id)), None) for unit_id in gone}
    lead = after.get(assigned.lead_unit_id or 0, assigned.lead_unit_id)
    if None in after.values() or (lead and not responsibilities.works_on_cases(lead)):
        return None
    partners = tuple(
        replace(each, unit_id=after.get(each.unit_id) or each.unit_id) for each in assigned.partners
    )
    return replace(assigned, lead_unit_id=lead, partners=partners)


def _beside(lead_id: int | None, assigned: Assignment, ground: Ground) -> tuple[Partner, ...]:
    """Return everybody beside the lead: whom the rule names, the land's commune, neighbours."""
    named = list(assigned.partners)
    if assigned.lead_unit_id is not None:
        named.append(Partner(assigned.lead_unit_id, None, "rule"))
    if ground.is_border:
        named += [Partner(unit_id, None, "border") for unit_id in ground.neighbour_ids]
    first = {partner.unit_id: partner for partner in reversed(named)}
    return tuple(p for p in named if p.unit_id != lead_id and first[p.unit_id] is p)
