"""Finds communes by the names people call them: old or new, with or without marks and kinds."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, false, select

from webapp import clock
from webapp.domain.folding import folded
from webapp.extensions import db
from webapp.models import Case, Unit
from webapp.services import territory, territory_day

# What stands before a commune's name, without marks; the longest first, for "thị xã" holds "xã".
KINDS = ("thi tran", "dac khu", "phuong", "xa")

# How letters are sent that carry these before a name: "P. Ninh Chử", "TT Khánh Hải".
SHORT_KINDS = {"p": "phuong", "x": "xa", "tt": "thi tran"}

_NOT_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Match:
    """A commune of a day that words name.

    ``via`` is the commune of another time that bears the name, when it is not the unit's own;
    ``is_whole`` says that the words are the name and nothing else.
    """

    unit: Unit
    via: Unit | None
    is_whole: bool


@dataclass(frozen=True)
class _Called:
    """A unit under one of its names: words without marks, and with them."""

    unit: Unit
    bare: str
    marked: str


def find_units(words: str, on: date) -> list[Match]:
    """Return the communes of a day that words name, their own names before old ones.

    The name is looked for as the whole of the words, with its kind or without; where they are
    nobody's name, in a longer sentence. Marks decide where they are written ("Thanh Hải" is not
    "Thành Hải"); without any, both are found. An old name leads to every commune that took over
    its land. Letters' case and signs between words do not count.
    """
    said, marked = _words(words), _words(words, keeps_marks=True)
    if not said:
        return []
    called = list(_called(on))
    named = [each for each in called if said in _titles(each.unit)]
    of_kind = [each for each in named if said == f"{_words(each.unit.kind)} {each.bare}"]
    whole = _by_marks(of_kind or named, marked, said)
    spoken_of = whole or _by_marks(_inside(said, called), marked, said)
    return _matches(spoken_of, on, is_whole=bool(whole))


def search_condition_units(words: str) -> ColumnElement[bool]:
    """Return the condition that a case lies on the land of a commune whose name the words are.

    For the officials' search: "xã Phương Hải" finds the cases of today's xã Ninh Hải, and those
    which ended before the land had another owner.
    """
    ids: set[int] = set()
    for match in find_units(words, clock.today()):
        if match.is_whole:
            ids |= {match.unit.id} | ({match.via.id} if match.via else set())
    return Case.commune_id.in_(sorted(ids)) if ids else false()


def _words(words: str, *, keeps_marks: bool = False) -> str:
    """Return words apart by single spaces; a short kind before a name is written out."""
    composed = unicodedata.normalize("NFC", words.casefold())
    parts = _NOT_WORDS.sub(" ", composed if keeps_marks else folded(words)).split()
    if not keeps_marks and len(parts) > 1:
        parts[0] = SHORT_KINDS.get(parts[0], parts[0])
    return " ".join(parts)


def _called(on: date) -> Iterable[_Called]:
    """Return every commune that stands on a day or stood before it."""
    begun = select(Unit).where(Unit.tier == "commune", Unit.valid_from <= on)
    for unit in db.session.scalars(begun.order_by(Unit.id)):
        yield _Called(unit, _words(unit.name), _words(unit.name, keeps_marks=True))


def _titles(unit: Unit) -> tuple[str, ...]:
    """Return what a unit may be called when nothing else is said; any kind before the name."""
    name = _words(unit.name)
    return (name, *(f"{kind} {name}" for kind in KINDS))


def _inside(said: str, called: Iterable[_Called]) -> list[_Called]:
    """Return whose names stand in a sentence, the longest alone where one holds another."""
    found = [each for each in called if f" {each.bare} " in f" {said} "]
    names = {each.bare for each in found}
    return [
        each
        for each in found
        if not any(each.bare != name and f" {each.bare} " in f" {name} " for name in names)
    ]


def _by_marks(found: list[_Called], marked: str, said: str) -> list[_Called]:
    """Keep whose name is written mark by mark, where the words have marks at all."""
    if marked == said:
        return found
    exact = [each for each in found if f" {each.marked} " in f" {marked} "]
    return exact or found


def _matches(found: list[_Called], on: date, *, is_whole: bool) -> list[Match]:
    ended = {unit.id for unit in territory_day.ended_units(on)}
    own = [Match(each.unit, None, is_whole) for each in found if each.unit.id not in ended]
    known = {match.unit.id for match in own}
    heirs = territory_day.heirs_written(on, ended)
    old: dict[int, Match] = {}
    for each in found:
        for heir_id in heirs(each.unit.id) if each.unit.id in ended else ():
            if heir_id not in known:
                heir = db.session.get_one(Unit, heir_id)
                old.setdefault(heir_id, Match(heir, each.unit, is_whole))
    return [*_sorted(own), *_sorted(old.values())]


def _sorted(matches: Iterable[Match]) -> list[Match]:
    return sorted(matches, key=lambda match: (territory.by_name(match.unit), match.unit.id))
