"""Who works on a case beside its lead, and where a transfer of it stands, as its page shows it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from webapp.domain import transfers as rules
from webapp.domain.coordination import ENDABLE_SOURCES
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Coordination, Officer, Transfer, Unit
from webapp.services.casework import state_of
from webapp.services.casework_coordination import units_to_ask
from webapp.services.casework_transfers import as_offer
from webapp.services.scope import UNIT_ROLES

# A reply that is due within a day is for today's work, as a case is.
SOON = timedelta(hours=24)

# What needs a list of units to choose from.
_NAMING_UNITS = frozenset({"coordinate", "rule_transfer", "name_lead"})

# Under which names an event's data speak of units.
_UNIT_KEYS = (
    "unit_id",
    "from_unit_id",
    "to_unit_id",
    "lead_unit_id",
    "commune_id",
    "from_commune_id",
)


@dataclass(frozen=True)
class PartShown:
    """One unit's part in a case.

    ``tone`` is how it stands to its deadline: late, soon, calm, done, or none where no reply is
    owed. ``can_end`` says that the lead may let the unit go.
    """

    part: Coordination
    unit: Unit
    asked_by: str | None
    replied_by: str | None
    tone: str
    can_end: bool


@dataclass(frozen=True)
class TransferShown:
    """A transfer; ``number`` says which one of ``most`` it is, None before the district."""

    transfer: Transfer
    from_unit: Unit
    to_unit: Unit | None
    asked_by: str | None
    answered_by: str | None
    number: int | None
    is_silent: bool
    most: int = rules.MOST_TRANSFERS


@dataclass(frozen=True)
class Desk:
    """The units around a case.

    ``parts`` are those that stand. ``open`` is the transfer that nobody has answered, ``refused``
    the last one when it was refused. ``own_part`` is that of whoever looks. ``units`` are whom the
    lead may ask, or whom the district may name; ``neighbours`` those across the border among them.
    """

    commune: Unit | None
    parts: Sequence[PartShown] = ()
    own_part: PartShown | None = None
    open: TransferShown | None = None
    refused: TransferShown | None = None
    units: Sequence[Unit] = ()
    neighbours: Sequence[Unit] = ()
    transfers_left: int = 0
    most_transfers: int = rules.MOST_TRANSFERS
    can_offer: bool = False
    can_contest: bool = False
    can_rule: bool = False
    can_withdraw: bool = False
    unit_of: Mapping[int, Unit] = field(default_factory=dict)


def read_desk(
    officer: Officer, case: Case, acts: frozenset[str], events: Iterable[CaseEvent], now: datetime
) -> Desk:
    """Read who works on a case and what waits for an answer.

    Args:
        officer: whoever looks.
        case: the case.
        acts: what the table of moves allows the officer now.
        events: those that the page tells; the units that they name are read along.
        now: the moment to which deadlines are compared.
    """
    transfers = _transfers_of(case)
    units = units_to_ask(now) if acts & _NAMING_UNITS else ()
    last = transfers[-1] if transfers else None
    unit_of = _units_of(case, transfers, events, units)
    parts = _parts_of(case, now)
    shown = _shown(last, case, unit_of, now) if last else None
    offer = as_offer(last[0]) if last else None
    objection = rules.objection_to_contest(state_of(case), offer, now)
    is_open = shown is not None and shown.transfer.state == "open"
    return Desk(
        commune=unit_of.get(case.commune_id) if case.commune_id else None,
        parts=parts,
        own_part=_own(officer, parts),
        open=shown if is_open else None,
        refused=shown if shown and shown.transfer.state == "refused" else None,
        units=[unit for unit in units if unit.id != case.lead_unit_id or "rule_transfer" in acts],
        neighbours=[each.unit for each in parts if each.part.source == "border"],
        transfers_left=max(0, rules.MOST_TRANSFERS - case.transfer_count),
        can_offer="transfer" in acts and case.transfer_count < rules.MOST_TRANSFERS,
        can_contest="contest" in acts and objection is None,
        can_rule=_can_rule(acts, offer, now),
        can_withdraw="withdraw_transfer" in acts and _can_withdraw(offer, now),
        unit_of=unit_of,
    )


def _can_rule(acts: frozenset[str], offer: rules.Offer | None, now: datetime) -> bool:
    if "rule_transfer" not in acts or offer is None:
        return False
    return rules.objection_to_ruling(offer, now) is None


def _can_withdraw(offer: rules.Offer | None, now: datetime) -> bool:
    return offer is not None and rules.objection_to_withdrawal(offer, now) is None


def _own(officer: Officer, parts: Sequence[PartShown]) -> PartShown | None:
    if officer.role not in UNIT_ROLES:
        return None
    return next((each for each in parts if each.unit.id == officer.unit_id), None)


_AskedBy, _AnsweredBy = aliased(Officer), aliased(Officer)


def _parts_of(case: Case, now: datetime) -> list[PartShown]:
    rows = db.session.execute(
        select(Coordination, Unit, _AskedBy.name, _AnsweredBy.name)
        .join(Unit, Unit.id == Coordination.unit_id)
        .outerjoin(_AskedBy, _AskedBy.id == Coordination.asked_by_id)
        .outerjoin(_AnsweredBy, _AnsweredBy.id == Coordination.replied_by_id)
        .where(Coordination.case_id == case.id, Coordination.state != "ended")
        .order_by(Coordination.id)
    )
    return [
        PartShown(
            part,
            unit,
            asked_by,
            replied_by,
            part_tone(part, now),
            part.source in ENDABLE_SOURCES and part.unit_id != case.commune_id,
        )
        for part, unit, asked_by, replied_by in rows
    ]


def part_tone(part: Coordination, now: datetime) -> str:
    """Say how a unit's part stands to its deadline: late, soon, calm, done, or none."""
    if part.state == "replied":
        return "done"
    if part.state != "asked" or part.due_at is None:
        return "none"
    if part.due_at < now:
        return "late"
    return "soon" if part.due_at < now + SOON else "calm"


_Asked = tuple[Transfer, str | None, str | None]


def _transfers_of(case: Case) -> list[_Asked]:
    rows = db.session.execute(
        select(Transfer, _AskedBy.name, _AnsweredBy.name)
        .outerjoin(_AskedBy, _AskedBy.id == Transfer.asked_by_id)
        .outerjoin(_AnsweredBy, _AnsweredBy.id == Transfer.answered_by_id)
        .where(Transfer.case_id == case.id)
        .order_by(Transfer.id)
    )
    return [(transfer, asked_by, answered_by) for transfer, asked_by, answered_by in rows]


def _shown(asked: _Asked, case: Case, unit_of: Mapping[int, Unit], now: datetime) -> TransferShown:
    transfer, asked_by, answered_by = asked
    return TransferShown(
        transfer=transfer,
        from_unit=unit_of[transfer.from_unit_id],
        to_unit=unit_of[transfer.to_unit_id] if transfer.to_unit_id else None,
        asked_by=asked_by,
        answered_by=answered_by,
        number=case.transfer_count + 1 if transfer.to_unit_id else None,
        is_silent=rules.is_silent(as_offer(transfer), now),
    )


def _units_of(
    case: Case, transfers: Sequence[_Asked], events: Iterable[CaseEvent], known: Sequence[Unit]
) -> dict[int, Unit]:
    """Read the units that the page names; those of the list to choose from are known already."""
    found = {unit.id: unit for unit in (*known, case.lead_unit)}
    wanted: set[Any] = {case.commune_id, case.transfer_to_id}
    for transfer, *_names in transfers:
        wanted |= {transfer.from_unit_id, transfer.to_unit_id, transfer.ruled_unit_id}
    for event in events:
        wanted |= {event.data.get(key) for key in _UNIT_KEYS}
    missing = {each for each in wanted if isinstance(each, int)} - found.keys()
    if missing:
        rows = db.session.scalars(select(Unit).where(Unit.id.in_(missing)))
        found |= {unit.id: unit for unit in rows}
    return found
