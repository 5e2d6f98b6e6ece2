"""Units that work on a case beside its lead: what each is asked, and by when it replies."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, Protocol

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


class Partner(Protocol):
    """A unit that shall coordinate, as routing or the table of responsibilities names it."""

    @property
    def unit_id(self) -> int:
        """Return which unit."""

    @property
    def task(self) -> str | None:
        """Return what it is asked to do; None when it is only to know."""

    @property
    def source(self) -> str:
        """Return who asked (``Source``)."""


def first_state(partner: Partner) -> CoordinationState:
    """Return how a unit's part begins: asked where it has a task, else informed."""
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
