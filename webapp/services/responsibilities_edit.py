"""How an administrator writes the next table: a copy, a preview in numbers, a new version."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from webapp import clock
from webapp.domain.errors import Conflict, InvalidInput, NotFound
from webapp.domain.responsibilities import (
    LEADING_TIERS,
    Assignment,
    Rule,
    UnitRef,
    led_by_land,
)
from webapp.domain.responsibilities_draft import (
    MOST_NOTE,
    Draft,
    Fault,
    Known,
    draft_rule,
    faults_of,
    rules_of,
)
from webapp.extensions import db
from webapp.models import Case, Category, Corridor, Officer, ResponsibilityVersion, Unit
from webapp.services import responsibilities, responsibilities_check
from webapp.services.responsibilities_check import Problem
from webapp.services.responsibilities_units import Meanings, by_code, meanings_of
from webapp.services.transaction import transaction

log = structlog.get_logger()


class DraftRefused(InvalidInput):
    """A draft cannot be saved; ``faults`` say where and why, line by line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep every fault: whoever mends one should not wait for the next to be told."""
        super().__init__("duties_refused", count=len(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Effect:
    """What a draft would do to the open cases that one of its rules fits, in numbers.

    ``rule_number`` counts from 1; None stands for cases that no rule of the draft fits. ``held``
    counts those whose like would be held for a person because nobody leads.
    """

    rule_number: int | None
    cases: int
    lead_changes: int
    partner_changes: int
    held: int

    @property
    def is_change(self) -> bool:
        """Tell whether anything would be otherwise for any of them."""
        return bool(self.lead_changes or self.partner_changes)


@dataclass(frozen=True)
class Preview:
    """A draft held against the table that would hold on its first day without it.

    No open case is touched by a save; the numbers say what reports of the same places would get.
    """

    number: int
    valid_from: date
    effects: tuple[Effect, ...]
    problems: tuple[Problem, ...]

    @property
    def cases(self) -> int:
        """Return how many cases are open."""
        return sum(effect.cases for effect in self.effects)

    @property
    def lead_changes(self) -> int:
        """Return how many open cases would have another lead."""
        return sum(effect.lead_changes for effect in self.effects)

    @property
    def partner_changes(self) -> int:
        """Return how many open cases would have other coordinating units."""
        return sum(effect.partner_changes for effect in self.effects)

    @property
    def held(self) -> int:
        """Return how many open cases nobody would lead."""
        return sum(effect.held for effect in self.effects)

    @property
    def changed(self) -> tuple[Effect, ...]:
        """Return the rules under which anything would be otherwise."""
        return tuple(effect for effect in self.effects if effect.is_change)


def begin() -> Draft:
    """Return a copy of the newest version, to begin tomorrow or when that one does."""
    newest = _newest()
    tomorrow = clock.today() + timedelta(days=1)
    if newest is None:
        return Draft(based_on=0, valid_from=tomorrow.isoformat())
    rules = [responsibilities.rule_of(row) for row in newest.rules]
    return Draft(
        based_on=newest.number,
        valid_from=max(tomorrow, newest.valid_from).isoformat(),
        rules=tuple(draft_rule(rule) for rule in rules),
    )


def rebased(draft: Draft) -> Draft:
    """Return the draft as one that knows the newest version, with every word kept."""
    return replace(draft, based_on=_newest_number())


def next_number() -> int:
    """Return the number of the next version; that of a withdrawn one stays taken."""
    return (db.session.scalar(select(func.max(ResponsibilityVersion.number))) or 0) + 1


def preview(draft: Draft) -> Preview:
    """Say in numbers what a draft would change; nothing of any case is shown.

    Raises:
        DraftRefused: a line or the day cannot be used.
    """
    valid_from, rules = _checked(draft)
    around = responsibilities_check.surroundings(valid_from, valid_from)
    return Preview(
        number=next_number(),
        valid_from=valid_from,
        effects=tuple(_effects(rules, valid_from)),
        problems=tuple(responsibilities_check.problems_of(rules, around)),
    )


class HolesNotAccepted(InvalidInput):
    """A table that leaves something to nobody was to be saved, and nobody said that they know."""


def save(officer: Officer, draft: Draft, *, accepts_holes: bool = False) -> int:
    """Write a draft down as the next version and return its number.

    Cases that are open stay as they are; reports received from its first day on go by it.

    Args:
        officer: the administrator.
        draft: the table as typed.
        accepts_holes: whether they know that it leaves something to nobody.

    Raises:
        DraftRefused: a line or the day cannot be used.
        HolesNotAccepted: ``duties_holes_not_accepted``, where it leaves something to nobody.
        Conflict: another version was saved or withdrawn since the draft was copied.
    """
    valid_from, rules = _checked(draft)
    if not accepts_holes and any(hole.is_blocking for hole in preview(draft).problems):
        raise HolesNotAccepted("duties_holes_not_accepted", field="accepts_holes")
    try:
        with transaction() as work:
            _check_newest(draft)
            number = next_number()
            responsibilities.write_version(
                work.session,
                number,
                valid_from,
                rules,
                officer=officer,
                note=draft.note.strip() or None,
            )
    except IntegrityError as error:
        # Two saved at the same instant: the number can be given once.
        raise Conflict("duties_changed") from error
    log.info("duties_saved", number=number, valid_from=str(valid_from), officer=officer.id)
    return number


def withdraw(officer: Officer, number: int) -> bool:
    """Withdraw a version before its first day; it stays in the list, and never holds.

    Returns whether it stood until now: nothing happens to one that is withdrawn already.

    Raises:
        NotFound: there never was a version of that number.
        Conflict: it has begun, and what began is never changed.
    """
    with transaction():
        known = responsibilities.versions(with_withdrawn=True)
        version = next((version for version in known if version.number == number), None)
        if version is None:
            raise NotFound("duties_not_found")
        if version.withdrawn_at is not None:
            return False
        if version.valid_from <= clock.today():
            raise Conflict("duties_begun", number=number)
        version.withdrawn_at = clock.now()
        version.withdrawn_by_id = officer.id
    log.info("duties_withdrawn", number=number, officer=officer.id)
    return True


def _checked(draft: Draft) -> tuple[date, tuple[Rule, ...]]:
    valid_from = _day(draft.valid_from)
    faults = [
        *_faults_of_day(valid_from),
        *([Fault("duty_note_too_long", details={"most": MOST_NOTE})] if _is_long(draft) else []),
        *faults_of(draft.rules, _known(valid_from or clock.today())),
    ]
    if faults or valid_from is None:
        raise DraftRefused(faults)
    return valid_from, rules_of(draft.rules)


def _is_long(draft: Draft) -> bool:
    return len(draft.note.strip()) > MOST_NOTE


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        return None


def _faults_of_day(valid_from: date | None) -> list[Fault]:
    """A version begins today at the earliest, and never before one that was written earlier."""
    if valid_from is None:
        return [Fault("duty_day_unreadable")]
    if valid_from < clock.today():
        return [Fault("duty_day_past")]
    newest = _newest()
    if newest is not None and valid_from < newest.valid_from:
        details = {"number": newest.number, "day": newest.valid_from}
        return [Fault("duty_day_before_last", details=details)]
    return []


def _known(valid_from: date) -> Known:
    units = db.session.scalars(select(Unit).order_by(Unit.valid_from.desc())).all()
    meanings = Meanings(valid_from, by_code(units))
    meant = {code: meanings.meant(code) for code in meanings.bearers}
    return Known(
        category_codes=set(db.session.scalars(select(Category.service_code))),
        commune_codes={unit.code for unit in units if unit.tier == "commune"},
        unit_codes={unit.code for unit in units},
        supervising_codes={
            code for code, unit in meant.items() if unit and unit.tier not in LEADING_TIERS
        },
    )


def _check_newest(draft: Draft) -> None:
    if draft.based_on != _newest_number():
        raise Conflict("duties_changed")


def _newest() -> ResponsibilityVersion | None:
    return next(iter(responsibilities.versions()), None)


def _newest_number() -> int:
    newest = _newest()
    return newest.number if newest else 0


def _effects(rules: Sequence[Rule], on: date) -> list[Effect]:
    """Compare, for every kind of spot with open cases, who is named now and by the draft."""
    table = responsibilities.table_on(on)
    meanings = meanings_of(rules, on)
    old_meanings = meanings_of(table.rules, table.valid_from) if table else None
    sums: dict[int | None, Counter[str]] = {
        number: Counter() for number in range(1, len(rules) + 1)
    }
    for category, corridor, commune, cases in _open_spots():
        new = responsibilities.assign_by(rules, meanings, category, corridor, commune, on)
        old = (
            responsibilities.assign_by(table.rules, old_meanings, category, corridor, commune, on)
            if table and old_meanings
            else led_by_land(UnitRef(commune.id, commune.code))
        )
        sums.setdefault(new.rule_id, Counter()).update(
            cases=cases,
            lead_changes=cases * (old.lead_unit_id != new.lead_unit_id),
            partner_changes=cases * (_partner_ids(old) != _partner_ids(new)),
            held=cases * (new.lead_unit_id is None),
        )
    return [
        Effect(
            number,
            counts["cases"],
            counts["lead_changes"],
            counts["partner_changes"],
            counts["held"],
        )
        for number, counts in sums.items()
    ]


def _partner_ids(assignment: Assignment) -> set[int]:
    return {partner.unit_id for partner in assignment.partners}


def _open_spots() -> list[tuple[str, Corridor | None, Unit, int]]:
    """Return category, line and commune of all open cases, with how many there are of each."""
    commune_id = func.coalesce(Case.commune_id, Case.lead_unit_id)
    query = (
        select(Case.category_code, Case.corridor_id, commune_id, func.count())
        .where(Case.is_open)
        .group_by(Case.category_code, Case.corridor_id, commune_id)
    )
    rows = db.session.execute(query).all()
    lines = select(Corridor).where(Corridor.id.in_({row[1] for row in rows} - {None}))
    communes = select(Unit).where(Unit.id.in_({row[2] for row in rows}))
    corridor_of = {corridor.id: corridor for corridor in db.session.scalars(lines)}
    commune_of = {commune.id: commune for commune in db.session.scalars(communes)}
    return [
        (category, corridor_of.get(corridor_id or 0), commune_of[unit_id], cases)
        for category, corridor_id, unit_id, cases in rows
    ]
