"""Who does what, as the territory page shows it: rules, errors and numbers, no case's content."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, cast

from sqlalchemy import func, or_, select

from webapp import clock
from webapp.domain.responsibilities import CorridorKind, Party, Rule, first_match
from webapp.extensions import db
from webapp.models import Case, Corridor, Officer, ReportTriage, ResponsibilityVersion, Unit
from webapp.services import responsibilities, responsibilities_check
from webapp.services.responsibilities import HOLD_CODE, Table
from webapp.services.responsibilities_check import Problem, Surroundings, names_of
from webapp.services.responsibilities_units import as_meant

EditionState = Literal["past", "present", "ahead", "withdrawn"]

# As long as the mockup says, "Khớp, 30 ngày": long enough for a rare rule to show.
MATCHED_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class PartyLine:
    """A party of a rule, who fills it today, and what a coordinating one is asked to do."""

    party: Party
    names: tuple[str, ...]
    task: str | None = None


@dataclass(frozen=True)
class RuleLine:
    """One rule on the page; ``matches`` counts the cases opened lately that it fits first."""

    number: int
    rule: Rule
    categories: tuple[str, ...]
    land: str | None
    lead: PartyLine
    partners: tuple[PartyLine, ...]
    problems: tuple[Problem, ...]
    matches: int

    def problems_in(self, part: str) -> list[Problem]:
        """Return what is wrong in one column: ``fit``, ``lead`` or ``partner``."""
        return [problem for problem in self.problems if problem.part == part]


@dataclass(frozen=True)
class Edition:
    """One version in the list of them, and who saved or withdrew it when.

    ``saved_by`` is None for the table that ships. ``holes`` are the problems, on its first day,
    because of which reports would be held; only one that lies ahead is looked at.
    """

    number: int
    valid_from: date
    state: EditionState
    note: str | None
    saved_at: datetime
    saved_by: str | None
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    holes: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Duties:
    """The table in force on a day; ``table`` is None where none is and the commune leads."""

    on: date
    table: Table | None
    lines: tuple[RuleLine, ...]
    problems: tuple[Problem, ...]
    held: int
    editions: tuple[Edition, ...]

    @property
    def is_provisional(self) -> bool:
        """Tell whether the table is still the one that ships."""
        present = next((edition for edition in self.editions if edition.state == "present"), None)
        return present is not None and present.saved_by is None

    @property
    def next_number(self) -> int:
        """Return the number that the next version will bear."""
        return max((edition.number for edition in self.editions), default=0) + 1

    @property
    def ahead(self) -> tuple[Edition, ...]:
        """Return the versions that wait for their day."""
        return tuple(edition for edition in self.editions if edition.state == "ahead")


def read(on: date) -> Duties:
    """Gather the section for the table and the units of a day."""
    table = responsibilities.table_on(on)
    around = responsibilities_check.surroundings(on, table.valid_from if table else on)
    problems = responsibilities_check.problems_of(table.rules, around) if table else []
    return Duties(
        on=on,
        table=table,
        lines=tuple(_lines(table.rules, problems, around)) if table else (),
        problems=tuple(problems),
        held=held(),
        editions=tuple(editions(on)),
    )


def held() -> int:
    """Return how many reports wait at the desk because the table names nobody for them."""
    waiting = select(func.count()).where(
        ReportTriage.status == "held", ReportTriage.hold_code == HOLD_CODE
    )
    return db.session.scalar(waiting) or 0


def editions(on: date) -> list[Edition]:
    """Return all versions, the newest first, as they stand on a day."""
    present = responsibilities.version_on(on)
    names = _names_of_officers()
    return [
        Edition(
            number=version.number,
            valid_from=version.valid_from,
            state=_state(version, present, on),
            note=version.note,
            saved_at=version.created_at,
            saved_by=names.get(version.created_by_id or 0),
            withdrawn_at=version.withdrawn_at,
            withdrawn_by=names.get(version.withdrawn_by_id or 0),
            holes=_holes(version) if _state(version, present, on) == "ahead" else (),
        )
        for version in responsibilities.versions(with_withdrawn=True)
    ]


def _holes(version: ResponsibilityVersion) -> tuple[Problem, ...]:
    day = version.valid_from
    rules = [responsibilities.rule_of(row) for row in version.rules]
    around = responsibilities_check.surroundings(day, day)
    found = responsibilities_check.problems_of(rules, around)
    return tuple(problem for problem in found if problem.is_blocking)


def _state(
    version: ResponsibilityVersion, present: ResponsibilityVersion | None, on: date
) -> EditionState:
    if version.withdrawn_at is not None:
        return "withdrawn"
    if present is not None and version.id == present.id:
        return "present"
    return "ahead" if version.valid_from > on else "past"


def _names_of_officers() -> dict[int, str]:
    """Return the names of those who saved or withdrew a version."""
    wrote = select(ResponsibilityVersion.created_by_id)
    withdrew = select(ResponsibilityVersion.withdrawn_by_id)
    query = select(Officer.id, Officer.name).where(
        or_(Officer.id.in_(wrote), Officer.id.in_(withdrew))
    )
    return {row.id: row.name for row in db.session.execute(query)}


def _lines(
    rules: Sequence[Rule], problems: Sequence[Problem], around: Surroundings
) -> Iterator[RuleLine]:
    matches = _matches(as_meant(rules, around.meanings, around.on))
    for number, rule in enumerate(rules, 1):
        yield RuleLine(
            number=number,
            rule=rule,
            categories=_category_names(rule, around),
            land=_land_name(rule, around),
            lead=PartyLine(rule.lead, names_of(rule.lead, rule, around)),
            partners=tuple(
                PartyLine(task.party, names_of(task.party, rule, around), task.words)
                for task in rule.partners
            ),
            problems=tuple(problem for problem in problems if problem.rule_number == number),
            matches=matches[rule.id],
        )


def _category_names(rule: Rule, around: Surroundings) -> tuple[str, ...]:
    known = [c.name for code, c in around.categories.items() if code in rule.category_codes]
    return (*known, *sorted(rule.category_codes - around.categories.keys()))


def _land_name(rule: Rule, around: Surroundings) -> str | None:
    if rule.commune_code is None:
        return None
    commune = around.meanings.meant(rule.commune_code)
    return f"{commune.kind} {commune.name}" if commune else rule.commune_code


def _matches(rules: Sequence[Rule]) -> Counter[int]:
    """Count, by rule, the cases opened lately that it is the first to fit."""
    since = clock.now() - MATCHED_WITHIN
    spots = (
        select(Case.category_code, Corridor.kind, Unit.code, func.count().label("cases"))
        .join(Unit, Unit.id == func.coalesce(Case.commune_id, Case.lead_unit_id))
        .outerjoin(Corridor, Corridor.id == Case.corridor_id)
        .where(Case.opened_at >= since)
        .group_by(Case.category_code, Corridor.kind, Unit.code)
    )
    counts: Counter[int] = Counter()
    for category, kind, land, cases in db.session.execute(spots):
        rule = first_match(rules, category, cast("CorridorKind | None", kind), land)
        if rule is not None:
            counts[rule.id] += cases
    return counts
