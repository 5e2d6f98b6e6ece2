"""One case that follows its land: its event, its partners, and the transfer that was open."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.case_state import CaseState
from webapp.domain.passing import Day, Passing, partner_after, unmoved
from webapp.models import Case, Coordination, Officer, TerritorySwitch, Transfer
from webapp.services import casework_coordination
from webapp.services.casework import append, state_of
from webapp.services.territory_day import DayOfLand
from webapp.services.transaction import Transaction


def ended_partners(
    session: Session, land: DayOfLand, case_ids: Collection[int] | None = None
) -> Mapping[int, tuple[int, ...]]:
    """Return, by open case, the units that have ended and still coordinate on it; one statement.

    Args:
        session: where to look.
        land: the day.
        case_ids: look at these alone; at all when left out.
    """
    query = (
        select(Coordination.case_id, Coordination.unit_id)
        .join(Case, Case.id == Coordination.case_id)
        .where(
            Case.is_open,
            Coordination.state != "ended",
            Coordination.unit_id.in_(land.ended_ids),
        )
    )
    if case_ids is not None:
        query = query.where(Case.id.in_(case_ids))
    found: dict[int, tuple[int, ...]] = {}
    for case_id, unit_id in session.execute(query):
        found[case_id] = (*found.get(case_id, ()), unit_id)
    return found


def can_pass_part(state: CaseState, partner_ids: Iterable[int], day: Day) -> bool:
    """Tell whether another unit can take the part of one of these in a case that itself stays."""
    stays = unmoved(state)
    return any(
        partner_after(unit_id, state, stays, day) != unit_id
        for unit_id in partner_ids
        if unit_id in day.ended_ids
    )


def pass_on(
    work: Transaction,
    case: Case,
    passing: Passing,
    land: DayOfLand,
    run: TerritorySwitch,
    actor: Officer | None,
) -> None:
    """Let a case pass with its partners and its open transfer; the event tells all of it.

    Where somebody else leads, the commune of the land stays on the case.
    """
    state = state_of(case)
    data = {
        **_event_data(state, passing, run, land.on),
        "coordinations": _pass_partners(work.session, case, passing, land.day),
        "transfers": _pass_transfer(work.session, case, passing),
    }
    append(work, case, "land_passed", actor=actor, now=clock.now(), data=data)
    casework_coordination.keep_land(work, case, now=clock.now(), actor=actor)


def _event_data(state: CaseState, to: Passing, run: TerritorySwitch, on: date) -> dict[str, Any]:
    return {
        "lead_unit_id": to.lead_unit_id,
        "commune_id": to.commune_id,
        "transfer_to_id": to.transfer_to_id,
        "from_unit_id": state.lead_unit_id,
        "from_commune_id": state.commune_id,
        "from_transfer_to_id": state.transfer_to_id,
        "switch_id": run.id,
        "on": on.isoformat(),
    }


def _standing(session: Session, case: Case) -> list[Coordination]:
    query = select(Coordination).where(
        Coordination.case_id == case.id, Coordination.state != "ended"
    )
    return list(session.scalars(query.order_by(Coordination.id)))


def _pass_partners(
    session: Session, case: Case, passing: Passing, day: Day
) -> list[dict[str, Any]]:
    """Give each part in the case to whoever stands for its unit; one part a unit, none the lead's.

    Returns:
        What changed: id, from_unit_id, to_unit_id, from_state, to_state of each.
    """
    state, rows = state_of(case), _standing(session, case)
    after = [partner_after(row.unit_id, state, passing, day) for row in rows]
    # Whoever stays has their part first; what comes to the same unit beside it ends.
    taken = {
        row.unit_id for row, unit_id in zip(rows, after, strict=True) if row.unit_id == unit_id
    }
    taken.add(passing.lead_unit_id)
    changes = []
    for row, unit_id in zip(rows, after, strict=True):
        is_staying = row.unit_id == unit_id and unit_id != passing.lead_unit_id
        if is_staying:
            continue
        changes.append(_give(row, unit_id, is_ended=unit_id in taken))
        taken.add(unit_id)
    session.flush()
    return changes


def _give(row: Coordination, unit_id: int, *, is_ended: bool) -> dict[str, Any]:
    change = {"id": row.id, "from_unit_id": row.unit_id, "from_state": row.state}
    if is_ended:
        row.state = "ended"
    else:
        row.unit_id = unit_id
    return {**change, "to_unit_id": row.unit_id, "to_state": row.state}


def open_transfer(session: Session, case: Case) -> Transfer | None:
    """Return the transfer of a case that waits for an answer, if any."""
    query = select(Transfer).where(Transfer.case_id == case.id, Transfer.state == "open")
    return session.scalars(query).one_or_none()


def _pass_transfer(session: Session, case: Case, passing: Passing) -> list[dict[str, Any]]:
    """Let an open transfer follow both of its units; one to the unit that leads now is over."""
    transfer = open_transfer(session, case)
    if transfer is None:
        return []
    before = (transfer.from_unit_id, transfer.to_unit_id, transfer.state)
    if transfer.from_unit_id == case.lead_unit_id:
        transfer.from_unit_id = passing.lead_unit_id
    if passing.is_offer_moot:
        transfer.state, transfer.answered_at = "withdrawn", clock.now()
    elif transfer.to_unit_id is not None:
        transfer.to_unit_id = passing.transfer_to_id
    after = (transfer.from_unit_id, transfer.to_unit_id, transfer.state)
    session.flush()
    return [] if after == before else [{"id": transfer.id, "before": before, "after": after}]
