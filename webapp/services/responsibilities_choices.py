"""What the form of who does what offers in its lists: categories, communes and units of a day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from webapp import clock
from webapp.domain.responsibilities import LEADING_TIERS
from webapp.domain.responsibilities_draft import UNIT_MARK, Draft
from webapp.extensions import db
from webapp.models import Category, Unit
from webapp.services import territory

# In the order in which somebody would look for who could take part.
TIERS = ("authority", "supervising", "commune")
TIERS_OF_LEADS = tuple(tier for tier in TIERS if tier in LEADING_TIERS)


@dataclass(frozen=True)
class Choice:
    """One entry: its code and name; ``is_gone`` when no unit bears the code on the day."""

    code: str
    name: str
    is_gone: bool = False


@dataclass(frozen=True)
class Choices:
    """The lists, for the units of the draft's first day.

    ``leads`` are the units that can lead a case. Besides them every code stands there that the
    draft names, so that opening the form for another day loses nothing that was chosen.
    """

    categories: tuple[Choice, ...]
    communes: tuple[Choice, ...]
    units: tuple[Choice, ...]
    leads: tuple[Choice, ...]


def choices(draft: Draft) -> Choices:
    """Return what the form offers for a draft."""
    on = _day_of(draft)
    communes = [_choice(unit) for unit in territory.units_on(on)]
    units = [_choice(unit) for tier in TIERS for unit in territory.units_on(on, tier)]
    leads = [_choice(unit) for tier in TIERS_OF_LEADS for unit in territory.units_on(on, tier)]
    lands = {rule.commune_code for rule in draft.rules} - {""}
    names = category_names()
    chosen = {code for rule in draft.rules for code in rule.category_codes}
    return Choices(
        categories=(
            *(Choice(code, name) for code, name in names.items()),
            *(Choice(code, code, is_gone=True) for code in sorted(chosen - names.keys())),
        ),
        communes=(*communes, *_gone(lands, communes)),
        units=(*units, *_gone(_named_units(draft), units)),
        leads=(*leads, *_gone(_named_units(draft, leads_only=True), units)),
    )


def category_names() -> dict[str, str]:
    """Return the official names of all categories by their codes, in the order of the tiles."""
    query = select(Category.service_code, Category.name).order_by(Category.sort_order)
    return {row.service_code: row.name for row in db.session.execute(query)}


def _day_of(draft: Draft) -> date:
    try:
        return date.fromisoformat(draft.valid_from.strip())
    except ValueError:
        return clock.today()


def _named_units(draft: Draft, *, leads_only: bool = False) -> set[str]:
    written = [rule.lead for rule in draft.rules]
    if not leads_only:
        written += [task.party for rule in draft.rules for task in rule.partners]
    return {party.removeprefix(UNIT_MARK) for party in written if party.startswith(UNIT_MARK)}


def _gone(codes: Iterable[str], offered: Iterable[Choice]) -> list[Choice]:
    missing = sorted(set(codes) - {choice.code for choice in offered})
    names = _last_names(missing) if missing else {}
    return [Choice(code, names.get(code, code), is_gone=True) for code in missing]


def _last_names(codes: Iterable[str]) -> Mapping[str, str]:
    bearing = select(Unit).where(Unit.code.in_(codes)).order_by(Unit.valid_from)
    return {unit.code: _choice(unit).name for unit in db.session.scalars(bearing)}


def _choice(unit: Unit) -> Choice:
    is_authority = unit.tier == "authority"
    return Choice(unit.code, unit.name if is_authority else f"{unit.kind} {unit.name}")
