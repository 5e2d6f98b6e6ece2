"""Who does what: one ordered table of rules, the first that fits decides, nobody is left out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from webapp.domain.coordination import Partner

CorridorKind = Literal["national_road", "provincial_road", "local_road", "railway"]
PartyKind = Literal["commune", "corridor_authority", "supervising", "unit"]
Ground = Literal[
    "anywhere",
    "off_corridor",
    "any_road",
    "national_road",
    "provincial_road",
    "local_road",
    "railway",
]
AssignmentProblem = Literal["no_rule", "lead_missing"]

ROADS: tuple[CorridorKind, ...] = ("national_road", "provincial_road", "local_road")
CORRIDOR_KINDS: tuple[CorridorKind, ...] = (*ROADS, "railway")

# On what kinds of line each ground lies; None is land that belongs to no line.
KINDS_OF_GROUND: dict[Ground, frozenset[CorridorKind | None]] = {
    "anywhere": frozenset((None, *CORRIDOR_KINDS)),
    "off_corridor": frozenset((None,)),
    "any_road": frozenset(ROADS),
    "national_road": frozenset(("national_road",)),
    "provincial_road": frozenset(("provincial_road",)),
    "local_road": frozenset(("local_road",)),
    "railway": frozenset(("railway",)),
}
GROUNDS: tuple[Ground, ...] = tuple(KINDS_OF_GROUND)
PARTY_KINDS: tuple[PartyKind, ...] = ("commune", "corridor_authority", "supervising", "unit")

# Who works on cases: a supervising unit rules on them and has nobody who could act on one.
LEADING_TIERS = frozenset({"commune", "authority"})


@dataclass(frozen=True)
class Party:
    """A role that the place fills, or with ``unit`` the unit of that code on that day."""

    kind: PartyKind
    unit_code: str | None = None

    def __post_init__(self) -> None:
        """Refuse a named unit without its name, and a name without a named unit.

        Raises:
            ValueError: ``unit_code`` does not go with ``kind``.
        """
        if (self.kind == "unit") != (self.unit_code is not None):
            raise ValueError("a unit's code goes with the kind 'unit' and with no other")


# Finds who fills a role at one spot on one day; None when nobody does.
Resolver = Callable[[Party], int | None]

# Tells whether a unit works on cases, so that it can lead one.
LeadTest = Callable[[int], bool]

COMMUNE = Party("commune")
CORRIDOR_AUTHORITY = Party("corridor_authority")
SUPERVISING = Party("supervising")


@dataclass(frozen=True)
class Task:
    """A party that coordinates, and what the rule asks of it."""

    party: Party
    words: str | None = None


@dataclass(frozen=True)
class Rule:
    """For these categories, on this ground, on this land: who leads and who coordinates.

    Empty ``category_codes`` means every category, no ``commune_code`` every land. ``id`` is
    whatever the caller knows the rule by; the order of rules is the order of their sequence.
    ``is_void`` says that the code of its land means another unit by now: it fits nowhere.
    """

    id: int
    category_codes: frozenset[str]
    ground: Ground
    lead: Party
    commune_code: str | None = None
    partners: tuple[Task, ...] = ()
    legal_basis: str | None = None
    is_void: bool = False

    def fits(
        self, category_code: str, corridor_kind: CorridorKind | None, commune_code: str | None
    ) -> bool:
        """Tell whether the rule speaks of this category, on this ground and this land."""
        return (
            not self.is_void
            and (not self.category_codes or category_code in self.category_codes)
            and corridor_kind in KINDS_OF_GROUND[self.ground]
            and (self.commune_code is None or self.commune_code == commune_code)
        )

    @property
    def parties(self) -> tuple[Party, ...]:
        """Return everybody whom the rule names, the lead first, each once."""
        return tuple(dict.fromkeys((self.lead, *(task.party for task in self.partners))))


@dataclass(frozen=True)
class UnitRef:
    """The commune of a place: the unit of that day, and the code that the rules know it by."""

    id: int
    code: str


@dataclass(frozen=True)
class Assignment:
    """Who leads, who coordinates, and whom the rule names without anybody being there.

    Without a lead, ``problem`` says why: ``no_rule`` fits, or ``lead_missing``. Partners that
    nobody fills stand in ``missing`` alone: the case is led all the same.
    """

    rule_id: int | None
    lead_unit_id: int | None
    partners: tuple[Partner, ...] = ()
    problem: AssignmentProblem | None = None
    missing: tuple[Party, ...] = ()


def first_match(
    rules: Iterable[Rule],
    category_code: str,
    corridor_kind: CorridorKind | None,
    commune_code: str | None,
) -> Rule | None:
    """Return the first rule that fits; later ones are not asked, even if this one names nobody."""
    fitting = (rule for rule in rules if rule.fits(category_code, corridor_kind, commune_code))
    return next(fitting, None)


def led_by_land(commune: UnitRef) -> Assignment:
    """Return what holds where there is no table at all: the place's commune leads."""
    return Assignment(rule_id=None, lead_unit_id=commune.id)


def assign(
    rules: Sequence[Rule],
    *,
    category_code: str,
    corridor_kind: CorridorKind | None,
    commune: UnitRef,
    parties: Resolver,
    may_lead: LeadTest = lambda _unit_id: True,
) -> Assignment:
    """Say who leads and who coordinates, by the first rule that fits.

    The place's commune is always the lead or a partner: by the rule, with its task, or else
    because the land is its own. No unit is named twice, and a lead does not coordinate.

    Args:
        rules: in their order.
        category_code: Open311's service_code.
        corridor_kind: of the line on whose strip the place lies; None off every line.
        commune: whose land it is, as of the day that counts.
        parties: finds the unit that fills a role at this place on that day.
        may_lead: tells whether a unit that was found works on cases; the role of the supervising
            unit never does.
    """
    rule = first_match(rules, category_code, corridor_kind, commune.code)
    if rule is None:
        return Assignment(None, None, (_by_land(commune),), "no_rule")
    filled = {party: parties(party) for party in rule.parties}
    lead_id = _lead(rule, filled, may_lead)
    missing = [party for party, unit_id in filled.items() if unit_id is None]
    if lead_id is None and rule.lead not in missing:
        missing.insert(0, rule.lead)
    return Assignment(
        rule_id=rule.id,
        lead_unit_id=lead_id,
        partners=tuple(_partners(rule, lead_id, commune, filled)),
        problem="lead_missing" if lead_id is None else None,
        missing=tuple(missing),
    )


def _lead(rule: Rule, filled: Mapping[Party, int | None], may_lead: LeadTest) -> int | None:
    unit_id = filled[rule.lead]
    if unit_id is None or rule.lead.kind == "supervising" or not may_lead(unit_id):
        return None
    return unit_id


def _partners(
    rule: Rule, lead_id: int | None, commune: UnitRef, filled: Mapping[Party, int | None]
) -> Iterator[Partner]:
    named = {lead_id, None}
    for task in rule.partners:
        unit_id = filled[task.party]
        if unit_id is not None and unit_id not in named:
            named.add(unit_id)
            yield Partner(unit_id, task.words, "rule")
    if commune.id not in named:
        yield _by_land(commune)


def _by_land(commune: UnitRef) -> Partner:
    return Partner(commune.id, None, "land")


# A category, on a line of a kind or on none, on the land of a commune or on any other land.
Spot = tuple[str, CorridorKind | None, str | None]


@dataclass(frozen=True)
class Reach:
    """What an ordered table covers: where nothing fits, and where each rule is the first.

    ``first_at`` has an entry for every rule, in their order; an empty one is never reached.
    """

    uncovered: tuple[tuple[str, CorridorKind | None], ...]
    first_at: tuple[tuple[Spot, ...], ...]


def reach(
    rules: Sequence[Rule], category_codes: Iterable[str], commune_codes: Iterable[str]
) -> Reach:
    """Try every category on every ground and every land, and note which rule comes first.

    Besides the known communes a land that no rule names is tried (code None), so that a table
    that speaks of named communes alone is seen to have a hole.
    """
    lands = (*dict.fromkeys(commune_codes), None)
    uncovered: dict[tuple[str, CorridorKind | None], None] = {}
    first_at: list[list[Spot]] = [[] for _ in rules]
    for spot in product(category_codes, (None, *CORRIDOR_KINDS), lands):
        place = next((place for place, rule in enumerate(rules) if rule.fits(*spot)), None)
        if place is None:
            uncovered[spot[:2]] = None
        else:
            first_at[place].append(spot)
    return Reach(tuple(uncovered), tuple(tuple(spots) for spots in first_at))
