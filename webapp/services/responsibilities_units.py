"""Which unit a rule means by a code: codes are used again, a rule follows the unit and not them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select

from webapp.domain.responsibilities import Rule
from webapp.extensions import db
from webapp.models import Unit
from webapp.services.dated import stands_on


@dataclass(frozen=True)
class Meanings:
    """The units behind the codes of one version.

    A code means the unit that bore it on ``written_for``, the version's first day, or the first
    one to bear it after that. ``bearers`` holds every unit of a code, the newest first.
    """

    written_for: date
    bearers: Mapping[str, Sequence[Unit]]

    def meant(self, code: str) -> Unit | None:
        """Return the unit that a rule means by a code; None when there never was one."""
        bearing = self.bearers.get(code, ())
        later = [unit for unit in bearing if unit.valid_from > self.written_for]
        newest = next(iter(bearing), None)
        return self.bearer(code, self.written_for) or (later[-1] if later else newest)

    def standing(self, code: str, on: date) -> Unit | None:
        """Return the unit that a rule means by a code, as long as it stands and bears the code."""
        unit, bearer = self.meant(code), self.bearer(code, on)
        return unit if unit and bearer and unit.id == bearer.id else None

    def taken_over(self, code: str, on: date) -> Unit | None:
        """Return the other unit that a code means on a day; None when it means no other one."""
        unit, bearer = self.meant(code), self.bearer(code, on)
        return bearer if unit and bearer and unit.id != bearer.id else None

    def bearer(self, code: str, on: date) -> Unit | None:
        """Return the unit that bears a code on a day, whatever a rule means."""
        return next((unit for unit in self.bearers.get(code, ()) if stands_on(unit, on)), None)


def meanings_of(rules: Iterable[Rule], written_for: date) -> Meanings:
    """Read the units of all codes that rules name; one statement, or none without any code."""
    codes = {code for rule in rules for code in _codes(rule)}
    if not codes:
        return Meanings(written_for, {})
    bearing = select(Unit).where(Unit.code.in_(codes)).order_by(Unit.valid_from.desc())
    return Meanings(written_for, by_code(db.session.scalars(bearing)))


def by_code(units: Iterable[Unit]) -> dict[str, list[Unit]]:
    """Return units by their codes, in the order in which they came."""
    found: dict[str, list[Unit]] = {}
    for unit in units:
        found.setdefault(unit.code, []).append(unit)
    return found


def as_meant(rules: Iterable[Rule], meanings: Meanings, on: date) -> tuple[Rule, ...]:
    """Return the rules with those void whose land is another unit's by its code on a day."""
    return tuple(replace(rule, is_void=_is_void(rule, meanings, on)) for rule in rules)


def _is_void(rule: Rule, meanings: Meanings, on: date) -> bool:
    code = rule.commune_code
    return code is not None and meanings.taken_over(code, on) is not None


def _codes(rule: Rule) -> set[str]:
    codes = {rule.commune_code, *(party.unit_code for party in rule.parties)}
    return {code for code in codes if code is not None}
