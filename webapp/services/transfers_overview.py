"""What the supervising unit sees of transfers: who waits for a ruling, who is silent, how often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from webapp import clock
from webapp.domain import transfers as rules
from webapp.extensions import db
from webapp.models import Case, Officer, Transfer, Unit
from webapp.services.casework_coordination import units_to_ask
from webapp.services.casework_transfers import as_offer
from webapp.services.scope import lead_is_gone, seen_by

# Longer than any dispute should last; a list that is longer than this is no list to work through.
MOST_WAITING = 200
# What happened longer ago says little of how units treat each other now.
PERIOD = timedelta(days=90)


@dataclass(frozen=True)
class Waiting:
    """A transfer that nobody has answered: before the district, silent, or still in its day.

    ``most`` is how often the lead of a case may pass on.
    """

    case: Case
    transfer: Transfer
    from_unit: Unit
    to_unit: Unit | None
    asked_by: str
    is_silent: bool
    refusal: str | None
    most: int = rules.MOST_TRANSFERS

    @property
    def can_be_ruled(self) -> bool:
        """Whether the supervising unit may name the lead now."""
        return self.to_unit is None or self.is_silent


@dataclass(frozen=True)
class Counted:
    """How a unit dealt with transfers within the period.

    ``offered`` counts what it wanted to hand on and ``passed`` what another unit took from it;
    ``accepted``, ``refused`` and ``silent`` what it was asked itself. An answer after its day, or
    none, is silence, whatever the answer was.
    """

    unit: Unit
    offered: int
    passed: int
    accepted: int
    refused: int
    silent: int


@dataclass(frozen=True)
class Overview:
    """All that waits, the most pressing first, and how each unit did since a moment.

    ``orphaned`` are open cases whose lead exists no longer; none of them waits for an answer.
    """

    contested: Sequence[Waiting]
    silent: Sequence[Waiting]
    in_time: Sequence[Waiting]
    counted: Sequence[Counted]
    since: datetime
    units: Sequence[Unit]
    orphaned: Sequence[Case] = ()


def read_overview(officer: Officer) -> Overview:
    """Read every transfer that waits in the cases an officer may see, and each unit's figures."""
    now = clock.now()
    waiting = _waiting(officer, now)
    return Overview(
        contested=[each for each in waiting if each.to_unit is None],
        silent=[each for each in waiting if each.to_unit is not None and each.is_silent],
        in_time=[each for each in waiting if each.to_unit is not None and not each.is_silent],
        counted=_counted(now),
        since=now - PERIOD,
        units=units_to_ask(now),
        orphaned=_orphaned(officer),
    )


def count_to_rule(officer: Officer) -> int:
    """Return how many cases wait for a word of the supervising unit on who leads them."""
    now = clock.now()
    is_due = or_(Transfer.to_unit_id.is_(None), Transfer.due_at < now)
    disputed = (
        select(func.count())
        .select_from(Transfer)
        .join(Case, Case.id == Transfer.case_id)
        .where(Transfer.state == "open", is_due, Case.is_open, seen_by(officer))
    )
    orphaned = select(func.count()).select_from(Case).where(_is_orphaned(officer))
    return db.session.scalar(select(disputed.scalar_subquery() + orphaned.scalar_subquery())) or 0


def _orphaned(officer: Officer) -> Sequence[Case]:
    return db.session.scalars(
        select(Case)
        .where(_is_orphaned(officer))
        .order_by(Case.due_at, Case.id)
        .limit(MOST_WAITING)
        .options(joinedload(Case.category), joinedload(Case.lead_unit))
    ).all()


def _is_orphaned(officer: Officer) -> ColumnElement[bool]:
    waits = exists().where(Transfer.case_id == Case.id, Transfer.state == "open")
    return and_(Case.is_open, lead_is_gone(clock.today()), seen_by(officer), ~waits)


_From, _To, _Earlier = aliased(Unit), aliased(Unit), aliased(Transfer)


def _waiting(officer: Officer, now: datetime) -> list[Waiting]:
    rows = db.session.execute(
        select(Case, Transfer, _From, _To, Officer.name, _last_refusal())
        .join(Transfer, and_(Transfer.case_id == Case.id, Transfer.state == "open"))
        .join(_From, _From.id == Transfer.from_unit_id)
        .outerjoin(_To, _To.id == Transfer.to_unit_id)
        .join(Officer, Officer.id == Transfer.asked_by_id)
        .where(Case.is_open, seen_by(officer))
        .order_by(Transfer.due_at, Transfer.id)
        .limit(MOST_WAITING)
        .options(joinedload(Case.category))
    )
    return [_as_waiting(now, *row) for row in rows]


def _as_waiting(
    now: datetime,
    found: Case,
    transfer: Transfer,
    from_unit: Unit,
    to_unit: Unit | None,
    asked_by: str,
    refusal: str | None,
) -> Waiting:
    # The lead is whoever offers the case: known, so that the page asks nothing more.
    set_committed_value(found, "lead_unit", from_unit)
    is_silent = to_unit is not None and rules.is_silent(as_offer(transfer), now)
    return Waiting(found, transfer, from_unit, to_unit, asked_by, is_silent, refusal)


def _last_refusal() -> Any:
    """Select the words with which the unit that was asked before said no."""
    return (
        select(_Earlier.answer_words)
        .where(_Earlier.case_id == Transfer.case_id, _Earlier.state == "refused")
        .order_by(_Earlier.id.desc())
        .limit(1)
        .correlate(Transfer)
        .scalar_subquery()
    )


def _counted(now: datetime) -> list[Counted]:
    since = now - PERIOD
    is_silent = or_(
        and_(Transfer.state == "open", Transfer.due_at < now),
        and_(Transfer.answered_at.is_not(None), Transfer.answered_at > Transfer.due_at),
    )
    sent = _sums(
        Transfer.from_unit_id, since, offered=Transfer.id > 0, passed=Transfer.state == "accepted"
    )
    asked = _sums(
        Transfer.to_unit_id,
        since,
        accepted=Transfer.state == "accepted",
        refused=Transfer.state == "refused",
        silent=is_silent,
    )
    concerned = select(Unit).where(Unit.id.in_(sent.keys() | asked.keys())).order_by(Unit.name)
    nothing_sent = {"offered": 0, "passed": 0}
    nothing_asked = {"accepted": 0, "refused": 0, "silent": 0}
    return [
        Counted(unit, **sent.get(unit.id, nothing_sent), **asked.get(unit.id, nothing_asked))
        for unit in db.session.scalars(concerned)
    ]


def _sums(
    unit_id: Any, since: datetime, **conditions: ColumnElement[bool]
) -> Mapping[int, dict[str, int]]:
    """Count, for each unit, the transfers to another named unit that meet each condition."""
    figures = [func.sum(case((each, 1), else_=0)) for each in conditions.values()]
    rows = db.session.execute(
        select(unit_id, *figures)
        .where(Transfer.asked_at >= since, Transfer.to_unit_id.is_not(None))
        .group_by(unit_id)
    )
    return {row[0]: dict(zip(conditions, map(int, row[1:]), strict=True)) for row in rows}
