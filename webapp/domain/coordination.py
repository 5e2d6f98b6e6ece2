"""Units that work on a case beside its lead: what each is asked, and by when it replies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from webapp.domain.deadlines import WorkingCalendar, add_working_days

# Who asked: a rule of the table, a border nearby, the land that the case lies on, or an officer.
Source = Literal["rule", "border", "land", "officer"]
CoordinationState = Literal["informed", "asked", "replied", "ended"]

# Working days for a reply when nobody says otherwise, and what an officer may choose from.
REPLY_DAYS = 3
REPLY_DAYS_TO_CHOOSE = (1, 2, REPLY_DAYS, 5)

# A rule and the land keep their unit on the case: only who was asked by hand or lies across a
# border can be let go.
ENDABLE_SOURCES = frozenset({"officer", "border"})


@dataclass(frozen=True)
class Partner:
    """A unit that shall coordinate, as routing, the table of responsibilities or an act names it.

    Without a ``task`` it is only to know. ``source`` tells who asked.
    """

    unit_id: int
    task: str | None
    source: Source


@dataclass(frozen=True)
class Share:
    """A unit's part in a case, as it is handed on to another case; moments are in UTC."""

    source: str
    state: str
    task: str | None
    asked_at: datetime
    asked_by_id: int | None
    due_at: datetime | None
    reply: str | None = None
    replied_at: datetime | None = None
    replied_by_id: int | None = None


# What a unit still owes goes before what it has said, and that before only having to know.
_WEIGHT: dict[str, int] = {"informed": 0, "replied": 1, "asked": 2}


def together(standing: Share | None, brought: Share) -> Share:
    """Return the part of a unit in a case that takes over another case's units and tasks.

    The weightier part stands; where both still ask, both tasks do, with the earlier deadline.
    A rule and the land keep their unit, whichever of the two cases they did it in.
    """
    if standing is None:
        return brought
    kept, other = standing, brought
    if _WEIGHT[brought.state] > _WEIGHT[standing.state]:
        kept, other = brought, standing
    if kept.state == other.state == "asked":
        kept = _both_asked(kept, other)
    is_lasting = kept.source in ENDABLE_SOURCES and other.source not in ENDABLE_SOURCES
    return replace(kept, source=other.source) if is_lasting else kept


def _both_asked(kept: Share, other: Share) -> Share:
    tasks = dict.fromkeys(task for task in (kept.task, other.task) if task)
    due = [due_at for due_at in (kept.due_at, other.due_at) if due_at is not None]
    return replace(kept, task="\n".join(tasks) or None, due_at=min(due, default=None))


def first_state(partner: Partner) -> CoordinationState:
    """Return how a part begins that the machine gives: asked with a task, else informed.

    A neighbour across a border is only told by the machine; an officer may ask it by hand.
    """
    return "asked" if partner.task and partner.source != "border" else "informed"


def reply_due_at(
    now: datetime, resolve_due_at: datetime, calendar: WorkingCalendar, days: int = REPLY_DAYS
) -> datetime:
    """Return by when a coordinating unit replies (UTC), never past the case's own deadline.

    A case that is late already leaves no time; then the reply is due within a working day.
    """
    if resolve_due_at <= now:
        return add_working_days(now, 1, calendar)
    return min(add_working_days(now, days, calendar), resolve_due_at)


def each_unit_once(partners: Sequence[Partner], lead_unit_id: int) -> Iterator[Partner]:
    """Name each unit once and the lead never: who leads has no part beside its own.

    Of two tasks for one unit the first that asks for something stands.
    """
    ranked = sorted(partners, key=lambda each: first_state(each) != "asked")
    known = {lead_unit_id}
    for partner in ranked:
        if partner.unit_id not in known:
            known.add(partner.unit_id)
            yield partner
