"""Who does what on a day: the version of the table in force, and whom it names at a spot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, lazyload

from webapp import clock
from webapp.domain import responsibilities
from webapp.domain.responsibilities import (
    Assignment,
    CorridorKind,
    Ground,
    Party,
    PartyKind,
    Resolver,
    Rule,
    Task,
    UnitRef,
)
from webapp.extensions import db
from webapp.kept import LastUsed
from webapp.models import (
    Corridor,
    Officer,
    ResponsibilityPartner,
    ResponsibilityRule,
    ResponsibilityVersion,
    Unit,
)
from webapp.services import territory
from webapp.services.dated import stands_on
from webapp.services.responsibilities_units import Meanings, as_meant, meanings_of

# What a report is held with when the table names nobody for it.
HOLD_CODE = "no_responsible_unit"

# Past, present and coming versions that stay ready; a district writes a few in a year.
TABLES_KEPT = 16

_tables: LastUsed[tuple[str | None, int, datetime], tuple[Rule, ...]] = LastUsed(TABLES_KEPT)


@dataclass(frozen=True)
class Table:
    """One version as the rules of the domain read it; without one the commune leads."""

    version_id: int
    number: int
    valid_from: date
    rules: tuple[Rule, ...]


def versions(*, with_withdrawn: bool = False) -> list[ResponsibilityVersion]:
    """Return the versions of the table, the newest number first; their rules come when asked."""
    query = (
        select(ResponsibilityVersion)
        .order_by(ResponsibilityVersion.number.desc())
        .options(lazyload(ResponsibilityVersion.rules))
    )
    if not with_withdrawn:
        query = query.where(ResponsibilityVersion.withdrawn_at.is_(None))
    return list(db.session.scalars(query))


def version_on(on: date) -> ResponsibilityVersion | None:
    """Return the version in force: of those begun the one that began last, then the newest."""
    return db.session.scalars(_in_force(on).options(lazyload(ResponsibilityVersion.rules))).first()


def table_on(on: date) -> Table | None:
    """Return the table in force on a day; None before the first one."""
    columns = (
        ResponsibilityVersion.id,
        ResponsibilityVersion.number,
        ResponsibilityVersion.valid_from,
        ResponsibilityVersion.created_at,
    )
    row = db.session.execute(_in_force(on).with_only_columns(*columns)).first()
    if row is None:
        return None
    return Table(row.id, row.number, row.valid_from, _rules_of(row.id, row.created_at))


def rules_on(on: date) -> tuple[Rule, ...]:
    """Return the rules in force on a day, in their order; none before the first version."""
    table = table_on(on)
    return table.rules if table else ()


def assign_at(category_code: str, corridor: Corridor | None, commune: Unit, on: date) -> Assignment:
    """Say who leads and who coordinates at a spot, by the table in force on a day.

    With no version in force the commune leads. ``Assignment.problem`` says why nobody leads.

    Args:
        category_code: Open311's service_code.
        corridor: the line on whose strip the spot lies; None off every line.
        commune: whose land it is on that day.
        on: the day whose table and units count: when the report was received.
    """
    table = table_on(on)
    if table is None:
        return responsibilities.led_by_land(UnitRef(commune.id, commune.code))
    meanings = meanings_of(table.rules, table.valid_from)
    return assign_by(table.rules, meanings, category_code, corridor, commune, on)


def assign_by(
    rules: Sequence[Rule],
    meanings: Meanings,
    category_code: str,
    corridor: Corridor | None,
    commune: Unit,
    on: date,
) -> Assignment:
    """Assign by rules that need not be in force, such as a draft; codes as ``meanings`` says."""
    return responsibilities.assign(
        as_meant(rules, meanings, on),
        category_code=category_code,
        corridor_kind=cast("CorridorKind | None", corridor.kind if corridor else None),
        commune=UnitRef(commune.id, commune.code),
        parties=resolver(corridor, commune, on, meanings),
        may_lead=works_on_cases,
    )


def works_on_cases(unit_id: int) -> bool:
    """Tell whether a unit has officers who act on cases: a supervising one rules on them only."""
    return db.session.get_one(Unit, unit_id).tier in responsibilities.LEADING_TIERS


def resolver(corridor: Corridor | None, commune: Unit, on: date, meanings: Meanings) -> Resolver:
    """Return what finds the unit that fills a role at a spot; only units that stand on the day."""

    def unit_id_of(party: Party) -> int | None:
        if party.kind == "commune":
            return commune.id
        if party.kind == "corridor_authority":
            return _standing_authority_id(corridor, on)
        found = (
            territory.supervising_unit_of(commune.id, on)
            if party.kind == "supervising"
            else meanings.standing(party.unit_code or "", on)
        )
        return found.id if found else None

    return unit_id_of


def write_version(
    session: Session,
    number: int,
    valid_from: date,
    rules: Sequence[Rule],
    *,
    officer: Officer | None = None,
    note: str | None = None,
) -> ResponsibilityVersion:
    """Add a version with its rules in their order; the caller's transaction commits it."""
    version = ResponsibilityVersion(
        number=number,
        valid_from=valid_from,
        created_at=clock.now(),
        created_by_id=officer.id if officer else None,
        note=note,
        rules=[_row_of(rule, place) for place, rule in enumerate(rules, start=1)],
    )
    session.add(version)
    return version


def _row_of(rule: Rule, place: int) -> ResponsibilityRule:
    return ResponsibilityRule(
        sort_order=place,
        category_codes=sorted(rule.category_codes),
        ground=rule.ground,
        commune_code=rule.commune_code,
        lead_party=rule.lead.kind,
        lead_unit_code=rule.lead.unit_code,
        legal_basis=rule.legal_basis,
        partners=[
            ResponsibilityPartner(
                sort_order=order,
                party=task.party.kind,
                unit_code=task.party.unit_code,
                task=task.words,
            )
            for order, task in enumerate(rule.partners, start=1)
        ],
    )


def rule_of(row: ResponsibilityRule) -> Rule:
    """Return a stored line of the table as the domain's rule."""
    return Rule(
        id=row.id,
        category_codes=frozenset(row.category_codes),
        ground=cast("Ground", row.ground),
        lead=_party(row.lead_party, row.lead_unit_code),
        commune_code=row.commune_code,
        partners=tuple(Task(_party(p.party, p.unit_code), p.task) for p in row.partners),
        legal_basis=row.legal_basis,
    )


def _party(kind: str, unit_code: str | None) -> Party:
    return Party(cast("PartyKind", kind), unit_code)


def _standing_authority_id(corridor: Corridor | None, on: date) -> int | None:
    if corridor is None or corridor.authority_id is None:
        return None
    authority = db.session.get(Unit, corridor.authority_id)
    return authority.id if authority and stands_on(authority, on) else None


def _in_force(on: date) -> Select[ResponsibilityVersion]:
    return (
        select(ResponsibilityVersion)
        .where(ResponsibilityVersion.valid_from <= on, ResponsibilityVersion.withdrawn_at.is_(None))
        .order_by(ResponsibilityVersion.valid_from.desc(), ResponsibilityVersion.number.desc())
        .limit(1)
    )


def _rules_of(version_id: int, created_at: datetime) -> tuple[Rule, ...]:
    """Return the rules of a version; no version is ever changed, so they are read once."""
    # A process that serves several databases must not take one's version 2 for another's.
    key = (db.engine.url.database, version_id, created_at)
    return _tables.find(key, lambda: _read_rules(version_id))


def _read_rules(version_id: int) -> tuple[Rule, ...]:
    rows = db.session.scalars(
        select(ResponsibilityRule)
        .where(ResponsibilityRule.version_id == version_id)
        .order_by(ResponsibilityRule.sort_order)
    )
    return tuple(rule_of(row) for row in rows)
