"""How many people stand behind a case: phones and confirmed contacts, each person once.

A person is known by what their reports have in common. Two reports from one phone are one
person's, whatever contacts they name; two reports with one confirmed phone number or e-mail are
one person's, whichever phones sent them; and so on along the chain. A report that names neither
is anonymous: however often it is sent, it counts once for its day and its cell of ground.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date

# Vietnamese numbers are written with a 0, or with the country's code in the place of it.
COUNTRY_CODE = "+84"


@dataclass(frozen=True)
class Voice:
    """What one report tells of who sent it.

    ``phone`` and ``email`` are only given once they are confirmed, and not any more when they
    were withdrawn. ``day`` is the local day on which the report came, ``cell`` the H3 cell
    (resolution 10) in which it lies, if that is known.
    """

    day: date
    cell: str | None = None
    install_key_hash: str | None = None
    phone: str | None = None
    email: str | None = None

    def names(self) -> frozenset[tuple[str, str]]:
        """Return by what its sender is known, each with its kind; empty for an anonymous one."""
        named = {
            "install": self.install_key_hash,
            "phone": _same_phone(self.phone),
            "email": _same_email(self.email),
        }
        return frozenset((kind, name) for kind, name in named.items() if name)


def count_witnesses(voices: Iterable[Voice]) -> int:
    """Return how many people the voices are, in whatever order they come.

    A repeat never raises the count. A further voice lowers it only by proving that those who
    were counted as two are one: it must bear two names, each known from another person.
    """
    people = _People()
    spots = set()
    for voice in voices:
        names = voice.names()
        if names:
            people.meet(names)
        else:
            spots.add((voice.day, voice.cell))
    return people.count() + len(spots)


def _same_phone(phone: str | None) -> str | None:
    if phone is None or not phone.startswith(COUNTRY_CODE):
        return phone
    return "0" + phone.removeprefix(COUNTRY_CODE)


def _same_email(email: str | None) -> str | None:
    return email.casefold() if email else None


class _People:
    """Names that belong together (disjoint sets): whoever bears two names is one person."""

    def __init__(self) -> None:
        self._leader: dict[Hashable, Hashable] = {}

    def meet(self, names: Iterable[Hashable]) -> None:
        """Learn that all these names are one person's."""
        first, *others = names
        for other in others:
            self._leader[self._find(other)] = self._find(first)
        self._find(first)

    def count(self) -> int:
        """Return how many people there are."""
        return sum(name == leader for name, leader in self._leader.items())

    def _find(self, name: Hashable) -> Hashable:
        leader = self._leader.setdefault(name, name)
        while leader != name:
            # Halving the way as one goes keeps every way short, and needs no second walk.
            self._leader[name] = self._leader[leader]
            name = self._leader[name]
            leader = self._leader[name]
        return name
