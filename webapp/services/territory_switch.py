"""The day new boundaries hold: open cases follow their land, and officers follow their unit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain import passing as rules
from webapp.domain.errors import InvalidInput
from webapp.domain.passing import KeptCode, Passing
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Officer, TerritorySwitch, Unit
from webapp.services import territory, territory_day, territory_looks, territory_moves
from webapp.services.casework import state_of
from webapp.services.territory_day import DayOfLand
from webapp.services.transaction import transaction

# Cases that pass in one transaction: about a second of work, so that an officer who acts on one of
# them meanwhile hardly waits, and a switch that is killed repeats little.
BATCH = 50


@dataclass(frozen=True)
class Move:
    """One case that would pass: from whom to whom; equal ids where only partners change."""

    case_id: int
    number: str
    from_unit_id: int
    to_unit_id: int
    from_commune_id: int | None
    to_commune_id: int | None


@dataclass(frozen=True)
class Kept:
    """One case of a unit that has ended, and why it stays with it."""

    case_id: int
    number: str
    unit_id: int
    code: KeptCode


@dataclass(frozen=True)
class OfficerMove:
    """An officer whose unit has ended goes to the one that took the largest part of its land."""

    officer_id: int
    from_unit_id: int
    to_unit_id: int


@dataclass(frozen=True)
class Plan:
    """What a switch would do; ``units`` holds every unit that is named in it."""

    on: date
    moves: tuple[Move, ...]
    kept: tuple[Kept, ...]
    officers: tuple[OfficerMove, ...]
    units: dict[int, Unit]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.moves and not self.officers

    @property
    def pairs(self) -> list[tuple[Unit, Unit, int]]:
        """Return how many cases pass from which unit to which, in the order of the names."""
        return named_pairs(
            Counter((move.from_unit_id, move.to_unit_id) for move in self.moves), self.units
        )

    @property
    def kept_counts(self) -> Counter[str]:
        """Return how many cases stay, by reason."""
        return Counter(kept.code for kept in self.kept)


def named_pairs(
    counts: Counter[tuple[int, int]], units: dict[int, Unit]
) -> list[tuple[Unit, Unit, int]]:
    """Return counts by pair of units, with the units, in the order of their names."""
    pairs = [(units[old], units[new], count) for (old, new), count in counts.items()]
    by_name = territory.by_name
    return sorted(pairs, key=lambda pair: (by_name(pair[0]), pair[0].id, by_name(pair[1])))


def plan(on: date) -> Plan:
    """Say what a switch on a day would do, without writing anything; any day may be asked for."""
    session = db.session()
    return _plan_of(session, _land_of(session, on))


def _plan_of(session: Session, land: DayOfLand) -> Plan:
    moves: list[Move] = []
    kept: list[Kept] = []
    partners = territory_moves.ended_partners(session, land)
    for case in session.scalars(territory_looks.concerned(land).order_by(Case.id)):
        outcome = _outcome(case, land, partners.get(case.id, ()))
        if isinstance(outcome, str):
            kept.append(Kept(case.id, case.number, rules.home_of(state_of(case)), outcome))
        elif outcome is not None:
            moves.append(_move(case, outcome))
    officers = _officer_moves(session, land)
    ids = {each for move in moves for each in (move.from_unit_id, move.to_unit_id)}
    ids |= {each for move in officers for each in (move.from_unit_id, move.to_unit_id)}
    ids |= {line.unit_id for line in kept}
    return Plan(land.on, tuple(moves), tuple(kept), officers, territory_day.units_of(ids))


def is_needed(on: date) -> bool:
    """Tell quickly whether a switch on a day may have something to do, or was left unfinished.

    What an ended run of the day has looked at is not looked at again, unless the land is another
    since: a case that is kept, or that stays where it is, would be a reason for ever.
    """
    if _unfinished(on) is not None:
        return True
    session = db.session()
    land = _land_of(session, on)
    known = territory_looks.look_of(_last_run(on, "done"))
    is_known = territory_looks.looked_at(session, land).is_covered_by(known)
    return not is_known or bool(_officer_moves(session, land))


def _move(case: Case, passing: Passing) -> Move:
    return Move(
        case_id=case.id,
        number=case.number,
        from_unit_id=case.lead_unit_id,
        to_unit_id=passing.lead_unit_id,
        from_commune_id=case.commune_id,
        to_commune_id=passing.commune_id,
    )


def _outcome(case: Case, land: DayOfLand, partner_ids: Sequence[int]) -> Passing | KeptCode | None:
    """Return what becomes of a case; a partner that ended is reason enough for an event."""
    state = state_of(case)
    outcome = rules.follow(state, land.day)
    if outcome is None and territory_moves.can_pass_part(state, partner_ids, land.day):
        return rules.unmoved(state)
    return outcome


def _officer_moves(session: Session, land: DayOfLand) -> tuple[OfficerMove, ...]:
    query = select(Officer).where(Officer.unit_id.in_(land.ended_ids)).order_by(Officer.id)
    found = [(officer, land.heir_of(officer.unit_id)) for officer in session.scalars(query)]
    return tuple(OfficerMove(officer.id, officer.unit_id, heir) for officer, heir in found if heir)


def switch(
    on: date,
    *,
    officer: Officer | None = None,
    batch: int = BATCH,
    most: int | None = None,
) -> TerritorySwitch | None:
    """Let open cases follow their land to the units of a day, and officers their unit.

    Transactions hold at most ``batch`` cases and leave each of them whole. A run that was killed
    is taken up by the next one for the same day; a second run finds nothing to do. No deadline
    changes. Cases that no unit of the day can take are kept with their unit and named.

    Args:
        on: the day whose land counts; today at the latest.
        officer: who asked for it; the machine when left out.
        batch: cases in one transaction.
        most: look at so many cases at least and then stop, for somebody waits for an answer; the
            run is left unfinished, and the next one takes it up.

    Returns:
        The run, or None when nothing had to change; what was looked at is kept even then.

    Raises:
        InvalidInput: ``switch_in_future``, for a day that has not come.
    """
    if on > clock.today():
        raise InvalidInput("switch_in_future", field="on", day=on)
    officer_id = officer.id if officer else None
    run_id = _unfinished(on)
    if run_id is None:
        if plan(on).is_empty:
            _note_look(on, officer_id)
            return None
        run_id = _begin(on, officer_id)
    land = _land_of(db.session(), on)
    last_id = seen = 0
    while ids := _next_cases(land, last_id, batch):
        if most is not None and seen >= most:
            return db.session.get_one(TerritorySwitch, run_id)
        _pass_batch(run_id, ids, land)
        last_id, seen = ids[-1], seen + len(ids)
    return _finish(run_id, on)


def _last_run(on: date, state: str) -> TerritorySwitch | None:
    query = select(TerritorySwitch).where(
        TerritorySwitch.kind == "switch", TerritorySwitch.on_date == on
    )
    found = db.session.scalars(query.order_by(TerritorySwitch.id.desc()))
    return next((run for run in found if run.details["state"] == state), None)


def is_unfinished(on: date) -> bool:
    """Tell whether a switch on a day was begun and not ended."""
    return _unfinished(on) is not None


def _unfinished(on: date) -> int | None:
    run = _last_run(on, "running")
    return run.id if run else None


def _note_look(on: date, officer_id: int | None) -> None:
    """Let the last run of a day know what was looked at in vain; a first one is written for it."""
    if not is_needed(on):
        return
    run = _last_run(on, "done")
    run_id = run.id if run else _begin(on, officer_id)
    _finish(run_id, on)


def _begin(on: date, officer_id: int | None) -> int:
    with transaction() as work:
        # Two who begin at once wait here for each other, and the second takes up the first's run.
        work.session.execute(select(Unit.id).order_by(Unit.id).limit(1).with_for_update())
        known = _unfinished(on)
        if known is not None:
            return known
        run = TerritorySwitch(
            kind="switch",
            on_date=on,
            ran_at=clock.now(),
            officer_id=officer_id,
            moved=0,
            details={
                "state": "running",
                "pairs": [],
                "officers": [],
                "kept": {},
                # Every event of this run has a greater id.
                "events_before": work.session.scalar(select(func.max(CaseEvent.id))) or 0,
            },
        )
        work.session.add(run)
        work.session.flush()
        return run.id


def _next_cases(land: DayOfLand, after_id: int, batch: int) -> list[int]:
    query = territory_looks.concerned(land).where(Case.id > after_id).order_by(Case.id).limit(batch)
    return list(db.session.scalars(query.with_only_columns(Case.id)))


def _pass_batch(run_id: int, ids: Sequence[int], land: DayOfLand) -> None:
    with transaction() as work:
        session = work.session
        run = locked_run(session, run_id)
        actor = session.get(Officer, run.officer_id) if run.officer_id else None
        moves = []
        cases = locked_cases(session, ids)
        partners = territory_moves.ended_partners(session, land, ids)
        for case in cases:
            outcome = _outcome(case, land, partners.get(case.id, ()))
            if isinstance(outcome, Passing):
                moves.append(_move(case, outcome))
                territory_moves.pass_on(work, case, outcome, land, run, actor)
        add_to_run(run, Counter((move.from_unit_id, move.to_unit_id) for move in moves))


def locked_run(session: Session, run_id: int) -> TerritorySwitch:
    """Return a run for this transaction alone, so that two processes never do the same batch."""
    return session.get_one(TerritorySwitch, run_id, with_for_update=True, populate_existing=True)


def locked_cases(session: Session, ids: Sequence[int]) -> Sequence[Case]:
    """Return those of the cases that are still open, as they stand once nobody else writes them."""
    query = select(Case).where(Case.id.in_(ids), Case.is_open).order_by(Case.id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalars(locked).all()


def add_to_run(run: TerritorySwitch, counts: Counter[tuple[int, int]]) -> None:
    """Add a batch to what a run says of itself."""
    total = pair_counts(run) + counts
    run.moved += counts.total()
    run.details = {
        **run.details,
        "pairs": [[old, new, count] for (old, new), count in sorted(total.items())],
    }


def pair_counts(run: TerritorySwitch) -> Counter[tuple[int, int]]:
    """Return how many cases a run passed from which unit to which."""
    pairs = cast("list[tuple[int, int, int]]", run.details["pairs"])
    return Counter({(old, new): count for old, new, count in pairs})


def _finish(run_id: int, on: date) -> TerritorySwitch:
    with transaction() as work:
        session = work.session
        run = locked_run(session, run_id)
        moves = _officer_moves(session, _land_of(session, on))
        for move in moves:
            session.get_one(Officer, move.officer_id).unit_id = move.to_unit_id
        session.flush()
        # As it stands after the run: less is referred to, and that is what the clock will see.
        land = _land_of(session, on)
        kept = _plan_of(session, land).kept
        run.details = {
            **run.details,
            "state": "done",
            "officers": [
                *run.details["officers"],
                *([move.officer_id, move.from_unit_id, move.to_unit_id] for move in moves),
            ],
            "looked_at": territory_looks.looked_at(session, land).as_details(),
            "kept": {
                code: [line.case_id for line in kept if line.code == code]
                for code in sorted({line.code for line in kept})
            },
        }
    return run


def _land_of(session: Session, on: date) -> DayOfLand:
    return territory_day.day_of_land(on, territory_looks.referred_to(session))


def history() -> list[TerritorySwitch]:
    """Return every run and correction, the newest first."""
    return list(db.session.scalars(select(TerritorySwitch).order_by(TerritorySwitch.id.desc())))
