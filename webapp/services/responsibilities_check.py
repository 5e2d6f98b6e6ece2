"""What is wrong with a table on a day: duties without a rule, rules that name nobody."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sqlalchemy import select

from webapp.domain.responsibilities import (
    KINDS_OF_GROUND,
    LEADING_TIERS,
    CorridorKind,
    Party,
    Reach,
    Rule,
    Spot,
    reach,
)
from webapp.extensions import db
from webapp.models import Category, Corridor, Unit
from webapp.services import responsibilities, territory
from webapp.services.corridors import corridors_on
from webapp.services.dated import stands_on
from webapp.services.responsibilities_units import Meanings, as_meant, by_code

Part = Literal["fit", "lead", "partner"]


@dataclass(frozen=True)
class Problem:
    """One thing wrong, by the code of its sentence and what fills the gaps.

    ``rule_number`` counts from 1 and is None where no rule is to blame; ``part`` says in which
    column of the rule it stands. Where ``is_blocking``, reports are held because of it.
    """

    code: str
    rule_number: int | None = None
    part: Part = "fit"
    is_blocking: bool = False
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Surroundings:
    """What a table meets on a day: categories, communes, lines, and all units that bear a code.

    ``units`` holds every unit of a code, past and coming ones too, the newest first.
    """

    on: date
    categories: Mapping[str, Category]
    communes: tuple[Unit, ...]
    corridors: tuple[Corridor, ...]
    units: Mapping[str, Sequence[Unit]]
    by_id: Mapping[int, Unit]
    written_for: date

    @property
    def meanings(self) -> Meanings:
        """Return what the codes of the table mean, by its first day."""
        return Meanings(self.written_for, self.units)

    def standing(self, unit_code: str) -> Unit | None:
        """Return the unit that the table means by a code, if it stands on the day."""
        return self.meanings.standing(unit_code, self.on)

    def lines_of(self, kinds: Iterable[CorridorKind | None]) -> list[Corridor]:
        """Return the lines of some kinds."""
        wanted = set(kinds)
        return [corridor for corridor in self.corridors if corridor.kind in wanted]

    def authority_of(self, corridor: Corridor) -> Unit | None:
        """Return who manages a line, standing on the day or not."""
        return self.by_id.get(corridor.authority_id or 0)


def problems(on: date) -> list[Problem]:
    """Return what is wrong with the table in force on a day; nothing where there is none."""
    table = responsibilities.table_on(on)
    return problems_of(table.rules, surroundings(on, table.valid_from)) if table else []


def surroundings(on: date, written_for: date) -> Surroundings:
    """Gather what a table that begins on ``written_for`` is held against on a day."""
    everybody = list(db.session.scalars(select(Unit).order_by(Unit.valid_from.desc())))
    categories = db.session.scalars(select(Category).order_by(Category.sort_order))
    return Surroundings(
        on=on,
        categories={category.service_code: category for category in categories},
        communes=tuple(territory.units_on(on)),
        corridors=tuple(corridors_on(on)),
        units=by_code(everybody),
        by_id={unit.id: unit for unit in everybody},
        written_for=written_for,
    )


def problems_of(rules: Sequence[Rule], around: Surroundings) -> list[Problem]:
    """Hold rules against what there is: holes first, then rule by rule."""
    rules = as_meant(rules, around.meanings, around.on)
    active = [code for code, category in around.categories.items() if category.is_active]
    found = reach(rules, active, [commune.code for commune in around.communes])
    return [*_holes(found), *_of_rules(rules, found, around)]


def _holes(found: Reach) -> Iterator[Problem]:
    grounds: dict[str, list[CorridorKind | None]] = {}
    for category, kind in found.uncovered:
        grounds.setdefault(category, []).append(kind)
    for category, kinds in grounds.items():
        yield Problem(
            "duty_hole",
            is_blocking=True,
            details={"category_code": category, "corridor_kinds": tuple(kinds)},
        )


def _of_rules(rules: Sequence[Rule], found: Reach, around: Surroundings) -> Iterator[Problem]:
    for number, (rule, spots) in enumerate(zip(rules, found.first_at, strict=True), 1):
        unknown = list(_unknown_codes(rule, number, around))
        yield from unknown
        if not spots and not unknown:
            yield Problem("duty_never_reached", number)
        yield from _of_parties(rule, number, spots, around)


def _unknown_codes(rule: Rule, number: int, around: Surroundings) -> Iterator[Problem]:
    for code in sorted(rule.category_codes - around.categories.keys()):
        yield Problem("duty_category_gone", number, details={"code": code})
    land = rule.commune_code
    if land and (other := around.meanings.taken_over(land, around.on)):
        yield Problem("duty_code_reused", number, "fit", True, _reused(land, other))
    elif land and land not in {commune.code for commune in around.communes}:
        name = next((_name(unit) for unit in around.units.get(land, ())), None)
        yield Problem("duty_land_gone", number, details={"land": name or land})


def _of_parties(
    rule: Rule, number: int, spots: Sequence[Spot], around: Surroundings
) -> Iterator[Problem]:
    cannot_lead = _cannot_lead(rule.lead, around)
    if cannot_lead:
        yield Problem("duty_lead_cannot", number, "lead", True)
    for place, party in enumerate(rule.parties):
        is_lead = place == 0
        if is_lead and cannot_lead:
            continue
        # A commune is always there: no spot is without one.
        missing = MISSING[party.kind](party, spots, around) if party.kind in MISSING else ()
        for code, details in missing:
            yield Problem(code, number, "lead" if is_lead else "partner", is_lead, details)


def _cannot_lead(lead: Party, around: Surroundings) -> bool:
    if lead.kind == "supervising":
        return True
    unit = around.standing(lead.unit_code or "")
    return unit is not None and unit.tier not in LEADING_TIERS


def _reused(code: str, other: Unit) -> Mapping[str, object]:
    return {"code": code, "day": other.valid_from, "unit": _name(other)}


Missing = tuple[str, Mapping[str, object]]


def _unit_missing(party: Party, spots: Sequence[Spot], around: Surroundings) -> Iterator[Missing]:
    code = party.unit_code or ""
    if not spots or around.standing(code):
        return
    meant = around.meanings.meant(code)
    if meant is None:
        yield "duty_unit_unknown", {"code": code}
    elif other := around.meanings.taken_over(code, around.on):
        yield "duty_code_reused", _reused(code, other)
    elif meant.valid_from > around.on:
        yield "duty_unit_not_yet", {"unit": _name(meant), "day": meant.valid_from}
    else:
        yield "duty_unit_ended", {"unit": _name(meant), "day": meant.valid_to}


def _authority_missing(
    _party: Party, spots: Sequence[Spot], around: Surroundings
) -> Iterator[Missing]:
    kinds = {spot[1] for spot in spots}
    if None in kinds:
        yield "duty_no_line_here", {}
    without = []
    for line in around.lines_of(kinds):
        authority = around.authority_of(line)
        if authority is None:
            without.append(line.name)
        elif not stands_on(authority, around.on):
            details = {"line": line.name, "unit": _name(authority), "day": authority.valid_to}
            yield "duty_authority_ended", details
    if without:
        yield "duty_line_without_authority", {"lines": ", ".join(without)}


def _supervising_missing(
    _party: Party, spots: Sequence[Spot], around: Surroundings
) -> Iterator[Missing]:
    lands = {spot[2] for spot in spots}
    orphans = [
        _name(commune)
        for commune in around.communes
        if commune.code in lands and not territory.supervising_unit_of(commune.id, around.on)
    ]
    if orphans:
        yield "duty_no_supervising", {"communes": ", ".join(orphans)}


# How it shows that nobody fills a role, at the spots where a rule is the first that fits.
MISSING: dict[str, Callable[[Party, Sequence[Spot], Surroundings], Iterator[Missing]]] = {
    "unit": _unit_missing,
    "corridor_authority": _authority_missing,
    "supervising": _supervising_missing,
}


def names_of(party: Party, rule: Rule, around: Surroundings) -> tuple[str, ...]:
    """Return who fills a role under a rule on the day, as far as it can be told beforehand."""
    if party.kind == "unit":
        unit = around.standing(party.unit_code or "")
        return (_name(unit),) if unit else ()
    if party.kind != "corridor_authority":
        return ()
    managing = [around.authority_of(line) for line in around.lines_of(KINDS_OF_GROUND[rule.ground])]
    standing = [u for u in managing if u and stands_on(u, around.on)]
    return tuple(dict.fromkeys(_name(unit) for unit in standing))


def _name(unit: Unit) -> str:
    return unit.name if unit.tier == "authority" else f"{unit.kind} {unit.name}"
