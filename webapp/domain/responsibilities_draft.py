"""The next table of who does what while it is written: lines as typed, what is wrong in them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from webapp.domain.responsibilities import (
    KINDS_OF_GROUND,
    PARTY_KINDS,
    Ground,
    Party,
    PartyKind,
    Rule,
    Task,
)

# A named unit as a form writes it: "unit:22846".
UNIT_MARK = "unit:"

# What the columns hold.
MOST_TASK = 200
MOST_BASIS = 400
MOST_NOTE = 400

# Ten categories on seven grounds are 70 pairs: whoever needs more lines repeats himself, and the
# form of so many (about 1 KB each) is still far below what a request may weigh.
MOST_RULES = 80


@dataclass(frozen=True)
class DraftTask:
    """A coordinating party as typed; an empty party is a line that was left open."""

    party: str = ""
    words: str = ""

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was entered."""
        return not self.party and not self.words.strip()


Partners = tuple[DraftTask, ...]


@dataclass(frozen=True)
class DraftRule:
    """One line of the table as typed; ``commune_code`` empty means every land."""

    is_every_category: bool = False
    category_codes: tuple[str, ...] = ()
    ground: str = "anywhere"
    commune_code: str = ""
    lead: str = "commune"
    partners: Partners = ()
    legal_basis: str = ""


@dataclass(frozen=True)
class Draft:
    """The next version as typed; ``based_on`` is the number that it was copied from."""

    based_on: int
    valid_from: str
    note: str = ""
    rules: tuple[DraftRule, ...] = ()

    def moved(self, place: int, by: int) -> "Draft":
        """Return the draft with the line at ``place`` (from 0) moved; it stops at both ends."""
        if not 0 <= place < len(self.rules):
            return self
        rules = list(self.rules)
        line = rules.pop(place)
        rules.insert(max(0, place + by), line)
        return replace(self, rules=tuple(rules))

    def without(self, place: int) -> "Draft":
        """Return the draft without the line at ``place``."""
        kept = (rule for number, rule in enumerate(self.rules) if number != place)
        return replace(self, rules=tuple(kept))

    def with_line(self) -> "Draft":
        """Return the draft with an empty line at its end."""
        return replace(self, rules=(*self.rules, DraftRule()))

    def with_partner(self, place: int) -> "Draft":
        """Return the draft with room for one more coordinating party in a line."""
        return self._with_partners(place, lambda partners: (*partners, DraftTask()))

    def without_partner(self, place: int, order: int) -> "Draft":
        """Return the draft without one coordinating party (``order`` from 0) of a line."""
        return self._with_partners(
            place, lambda partners: (*partners[:order], *partners[order + 1 :])
        )

    def _with_partners(self, place: int, change: Callable[[Partners], Partners]) -> "Draft":
        rules = tuple(
            replace(rule, partners=change(rule.partners)) if number == place else rule
            for number, rule in enumerate(self.rules)
        )
        return replace(self, rules=rules)


@dataclass(frozen=True)
class Fault:
    """What is wrong in a draft: a sentence's code, and the line (from 1) that it stands in."""

    code: str
    rule_number: int | None = None
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """The codes that a draft may name: those that exist or ever did.

    ``supervising_codes`` are those that mean a supervising unit: it coordinates and never leads.
    """

    category_codes: Collection[str]
    commune_codes: Collection[str]
    unit_codes: Collection[str]
    supervising_codes: Collection[str] = ()


def written_party(party: Party) -> str:
    """Return a party as a form writes it."""
    return f"{UNIT_MARK}{party.unit_code}" if party.kind == "unit" else party.kind


def read_party(written: str) -> Party | None:
    """Read a party from a form; None when it names nobody that there could be."""
    if written.startswith(UNIT_MARK):
        code = written.removeprefix(UNIT_MARK)
        return Party("unit", code) if code else None
    if written in PARTY_KINDS and written != "unit":
        return Party(cast("PartyKind", written))
    return None


def draft_rule(rule: Rule) -> DraftRule:
    """Return a rule as a form shows it."""
    return DraftRule(
        is_every_category=not rule.category_codes,
        category_codes=tuple(sorted(rule.category_codes)),
        ground=rule.ground,
        commune_code=rule.commune_code or "",
        lead=written_party(rule.lead),
        partners=tuple(
            DraftTask(written_party(task.party), task.words or "") for task in rule.partners
        ),
        legal_basis=rule.legal_basis or "",
    )


def faults_of(rules: Sequence[DraftRule], known: Known) -> list[Fault]:
    """Return everything that keeps the lines from being saved, line by line."""
    if not rules:
        return [Fault("duty_no_rules")]
    if len(rules) > MOST_RULES:
        return [Fault("duty_too_many_rules", details={"most": MOST_RULES})]
    return [fault for number, rule in enumerate(rules, 1) for fault in _faults(rule, number, known)]


def rules_of(rules: Iterable[DraftRule]) -> tuple[Rule, ...]:
    """Return the lines as rules, numbered from 1; they must have no fault."""
    return tuple(_rule(rule, number) for number, rule in enumerate(rules, 1))


def _rule(rule: DraftRule, number: int) -> Rule:
    return Rule(
        id=number,
        category_codes=frozenset() if rule.is_every_category else frozenset(rule.category_codes),
        ground=cast("Ground", rule.ground),
        lead=_surely(rule.lead),
        commune_code=rule.commune_code or None,
        partners=tuple(
            Task(_surely(task.party), task.words.strip() or None)
            for task in rule.partners
            if not task.is_empty
        ),
        legal_basis=rule.legal_basis.strip() or None,
    )


def _surely(written: str) -> Party:
    party = read_party(written)
    if party is None:
        raise ValueError(f"no party: {written!r}")
    return party


def _faults(rule: DraftRule, number: int, known: Known) -> Iterator[Fault]:
    for code in (*_faults_of_fit(rule, known), *_faults_of_parties(rule, known)):
        yield Fault(code, number)
    if any(len(task.words.strip()) > MOST_TASK for task in rule.partners):
        yield Fault("duty_task_too_long", number, {"most": MOST_TASK})
    if len(rule.legal_basis.strip()) > MOST_BASIS:
        yield Fault("duty_basis_too_long", number, {"most": MOST_BASIS})


def _faults_of_fit(rule: DraftRule, known: Known) -> Iterator[str]:
    if not rule.is_every_category and not rule.category_codes:
        yield "duty_category_missing"
    if not set(rule.category_codes) <= set(known.category_codes):
        yield "duty_category_not_known"
    if rule.ground not in KINDS_OF_GROUND:
        yield "duty_ground_not_known"
    if rule.commune_code and rule.commune_code not in known.commune_codes:
        yield "duty_land_not_known"


def _faults_of_parties(rule: DraftRule, known: Known) -> Iterator[str]:
    tasks = [task for task in rule.partners if not task.is_empty]
    if not rule.lead:
        yield "duty_lead_missing"
    elif not _can_lead(rule.lead, known):
        yield "duty_lead_cannot"
    if any(not task.party for task in tasks):
        yield "duty_task_of_nobody"
    named = [written for written in (rule.lead, *(task.party for task in tasks)) if written]
    if not all(_is_known(written, known) for written in named):
        yield "duty_party_not_known"
    if len(named) > len(set(named)):
        yield "duty_party_twice"


def _can_lead(written: str, known: Known) -> bool:
    party = read_party(written)
    if party is None:
        return True
    return party.kind != "supervising" and party.unit_code not in known.supervising_codes


def _is_known(written: str, known: Known) -> bool:
    party = read_party(written)
    return party is not None and (party.kind != "unit" or party.unit_code in known.unit_codes)
