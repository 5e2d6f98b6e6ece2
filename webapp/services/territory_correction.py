"""Undoes a switch by a dated correction: new events lead back, and nothing is deleted."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from webapp import clock
from webapp.domain.errors import InvalidInput, NotAllowed, NotFound
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Coordination, Officer, TerritorySwitch, Transfer
from webapp.services import casework_coordination, crossings_land
from webapp.services.casework import append
from webapp.services.territory_moves import open_transfer
from webapp.services.territory_switch import (
    BATCH,
    add_to_run,
    locked_cases,
    locked_run,
)
from webapp.services.transaction import Transaction, transaction


def correct(
    switch_id: int,
    *,
    on: date,
    officer: Officer | None = None,
    batch: int = BATCH,
    most: int | None = None,
) -> TerritorySwitch:
    """Lead the open cases of a switch back to where they were, and the officers with them.

    What was done since stays: a case that was resolved meanwhile remains with whoever resolved
    it, a lead that was transferred since remains where it went. A correction that was killed is
    taken up by the next call. Registered crossings that followed go back as well.

    Args:
        switch_id: the run to correct.
        on: the day of the correction, as it is told; today at the latest.
        officer: who asked for it; the machine when left out.
        batch: cases in one transaction.
        most: look at so many cases at least and then stop; the next call goes on.

    Raises:
        NotFound: ``switch_not_found``.
        NotAllowed: ``switch_corrected`` already, ``switch_running`` still, or a correction itself.
        InvalidInput: ``switch_in_future``.
    """
    if on > clock.today():
        raise InvalidInput("switch_in_future", field="on", day=on)
    officer_id = officer.id if officer else None
    run_id = _begin(switch_id, on, officer_id)
    last_id = seen = 0
    while ids := _next_cases(switch_id, last_id, batch):
        if most is not None and seen >= most:
            return db.session.get_one(TerritorySwitch, run_id)
        _lead_back(run_id, switch_id, ids, officer_id)
        last_id, seen = ids[-1], seen + len(ids)
    return _finish(run_id, switch_id)


def correction_of(switch_id: int) -> TerritorySwitch | None:
    """Return the correction of a switch, if there is one."""
    query = select(TerritorySwitch).where(TerritorySwitch.corrects_id == switch_id)
    return db.session.scalars(query).one_or_none()


def _begin(switch_id: int, on: date, officer_id: int | None) -> int:
    with transaction() as work:
        run = work.session.get(TerritorySwitch, switch_id, with_for_update=True)
        if run is None or run.kind != "switch":
            raise NotFound("switch_not_found")
        if run.details["state"] != "done":
            raise NotAllowed("switch_running")
        known = correction_of(switch_id)
        if known is not None and known.details["state"] == "done":
            raise NotAllowed("switch_corrected", day=known.on_date)
        if known is not None:
            return known.id
        correction = TerritorySwitch(
            kind="correction",
            on_date=on,
            ran_at=clock.now(),
            officer_id=officer_id,
            corrects_id=switch_id,
            moved=0,
            details={"state": "running", "pairs": [], "officers": [], "kept": {}},
        )
        work.session.add(correction)
        work.session.flush()
        return correction.id


def _next_cases(switch_id: int, after_id: int, batch: int) -> list[int]:
    """Return cases that a switch moved and whose land has not passed again since, by id."""
    later = aliased(CaseEvent)
    has_passed_again = exists().where(
        later.case_id == CaseEvent.case_id,
        later.kind == "land_passed",
        later.version > CaseEvent.version,
    )
    query = (
        select(CaseEvent.case_id)
        .join(Case, Case.id == CaseEvent.case_id)
        .where(*_events_of(switch_id), Case.is_open, CaseEvent.case_id > after_id)
        .where(~has_passed_again)
        .order_by(CaseEvent.case_id)
        .limit(batch)
    )
    return list(db.session.scalars(query))


def _events_of(switch_id: int) -> tuple[Any, ...]:
    run = db.session.get_one(TerritorySwitch, switch_id)
    return (
        CaseEvent.kind == "land_passed",
        # By the order of events, not by clocks: another process's clock may stand behind.
        CaseEvent.id > run.details.get("events_before", 0),
        CaseEvent.data["switch_id"].as_integer() == switch_id,
    )


def _lead_back(run_id: int, switch_id: int, ids: Sequence[int], officer_id: int | None) -> None:
    with transaction() as work:
        session = work.session
        run = locked_run(session, run_id)
        actor = session.get(Officer, officer_id) if officer_id else None
        counts: Counter[tuple[int, int]] = Counter()
        for case in locked_cases(session, ids):
            passed = _passed(session, case, switch_id)
            if passed is not None:
                lead_now = case.lead_unit_id
                _return(work, case, passed, run, actor)
                counts[lead_now, case.lead_unit_id] += 1
        add_to_run(run, counts)


def _passed(session: Session, case: Case, switch_id: int) -> dict[str, Any] | None:
    """Return what a switch did to a case, unless its land passed on (or back) since then."""
    query = (
        select(CaseEvent.data)
        .where(CaseEvent.case_id == case.id, CaseEvent.kind == "land_passed")
        .order_by(CaseEvent.version.desc())
        .limit(1)
    )
    last = session.scalars(query).one_or_none()
    return last if last and last["switch_id"] == switch_id else None


def _return(
    work: Transaction,
    case: Case,
    passed: dict[str, Any],
    run: TerritorySwitch,
    actor: Officer | None,
) -> None:
    """Lead one case back; where somebody else leads, its commune of before stays on it."""
    is_lead_kept = case.lead_unit_id != passed["lead_unit_id"]
    lead_unit_id = case.lead_unit_id if is_lead_kept else passed["from_unit_id"]
    data = {
        "lead_unit_id": lead_unit_id,
        "commune_id": passed["from_commune_id"],
        "transfer_to_id": _return_transfer(work.session, case, passed),
        "from_unit_id": case.lead_unit_id,
        "from_commune_id": case.commune_id,
        "switch_id": run.id,
        "corrects_id": run.corrects_id,
        "on": run.on_date.isoformat(),
        "coordinations": _return_partners(work.session, case, lead_unit_id, passed),
    }
    append(work, case, "land_passed", actor=actor, now=clock.now(), data=data)
    casework_coordination.keep_land(work, case, now=clock.now(), actor=actor)


def _return_partners(
    session: Session, case: Case, lead_unit_id: int, passed: dict[str, Any]
) -> list[dict[str, Any]]:
    """Give back the parts that are still as the switch left them; returns what changed."""
    changes = []
    for change in passed["coordinations"]:
        row = session.get_one(Coordination, change["id"])
        before = (row.unit_id, row.state)
        is_as_left = before == (change["to_unit_id"], change["to_state"])
        if is_as_left and not _has_part(session, case, lead_unit_id, change["from_unit_id"], row):
            row.unit_id, row.state = change["from_unit_id"], change["from_state"]
            session.flush()
            after = {"to_unit_id": row.unit_id, "to_state": row.state}
            changes.append(
                {"id": row.id, "from_unit_id": before[0], "from_state": before[1], **after}
            )
    return changes


def _has_part(
    session: Session, case: Case, lead_unit_id: int, unit_id: int, row: Coordination
) -> bool:
    """Tell whether a unit has a part in a case already, beside one row of it."""
    others = select(Coordination.id).where(
        Coordination.case_id == case.id,
        Coordination.unit_id == unit_id,
        Coordination.state != "ended",
        Coordination.id != row.id,
    )
    return unit_id == lead_unit_id or session.scalars(others).first() is not None


def _return_transfer(session: Session, case: Case, passed: dict[str, Any]) -> int | None:
    """Give an open transfer back to its units, or open again the one that the switch ended.

    Returns:
        Who is asked to take the lead after that.
    """
    waiting = open_transfer(session, case)
    for change in passed["transfers"]:
        transfer = session.get_one(Transfer, change["id"])
        after = [transfer.from_unit_id, transfer.to_unit_id, transfer.state]
        if after == change["after"] and waiting in (None, transfer):
            transfer.from_unit_id, transfer.to_unit_id, transfer.state = change["before"]
            transfer.answered_at = None
            session.flush()
            return transfer.to_unit_id
    return case.transfer_to_id


def _finish(run_id: int, switch_id: int) -> TerritorySwitch:
    with transaction() as work:
        session = work.session
        run, corrected = locked_run(session, run_id), session.get_one(TerritorySwitch, switch_id)
        moved_back = []
        for officer_id, from_id, to_id in corrected.details["officers"]:
            officer = session.get_one(Officer, officer_id)
            if officer.unit_id == to_id:
                officer.unit_id = from_id
                moved_back.append([officer_id, to_id, from_id])
        crossings_land.lead_back(work, corrected.on_date, clock.now())
        run.details = {
            **run.details,
            "state": "done",
            "officers": moved_back,
            "ended_meanwhile": _ended_meanwhile(session, switch_id),
        }
    return run


def _ended_meanwhile(session: Session, switch_id: int) -> int:
    """Count the cases of a switch that are not open any more: they stay with who ended them."""
    query = (
        select(func.count(CaseEvent.case_id.distinct()))
        .join(Case, Case.id == CaseEvent.case_id)
        .where(*_events_of(switch_id), Case.is_open.is_(False))
    )
    return session.scalar(query) or 0
