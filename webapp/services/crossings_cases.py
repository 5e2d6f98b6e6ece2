"""Where a case and the register of crossings meet: which crossing it is at, and who says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from webapp.domain import crossings as rules
from webapp.domain.errors import NotFound
from webapp.domain.geo import Position, distance_m
from webapp.extensions import db
from webapp.models import Case, Corridor, Crossing, Officer
from webapp.services.casework import append
from webapp.services.casework_acts import Seen, acting, begin, lock_cases
from webapp.services.crossings import is_owner, near_spot, seen_by
from webapp.services.transaction import Transaction


@dataclass(frozen=True)
class NearBy:
    """A registered crossing near a case, and how far from it."""

    crossing: Crossing
    distance_m: float


@dataclass(frozen=True)
class OnCase:
    """What the page of a case says of the register.

    Attributes:
        crossing: the one that the case is linked to.
        distance_m: how far from the case that one lies.
        is_open_to: whether the officer may open its page in the register.
        near: registered crossings within reach, when the case is linked to none.
        is_asked: whether the officer is asked to register what the case shows.
        may_register: whether the officer may do so.
    """

    crossing: Crossing | None
    distance_m: float | None
    is_open_to: bool
    near: Sequence[NearBy]
    is_asked: bool
    may_register: bool


def on_case(officer: Officer, case: Case) -> OnCase | None:
    """Return what a case's page says of the register, or None when it is no matter of it."""
    crossing = db.session.get(Crossing, case.crossing_id) if case.crossing_id else None
    position = Position(case.latitude, case.longitude)
    is_crossing_case = case.category_code == rules.CROSSING_CATEGORY
    if crossing is None and not is_crossing_case:
        return None
    near = _near(position) if crossing is None else ()
    is_asked = rules.is_registration_asked(
        case.category_code, is_linked=crossing is not None, is_near_one=bool(near)
    )
    return OnCase(
        crossing=crossing,
        distance_m=_away_m(position, crossing) if crossing else None,
        is_open_to=crossing is not None and _is_seen(officer, crossing),
        near=near,
        is_asked=is_asked,
        may_register=_may_register(officer, case),
    )


def link(officer: Officer, seen: Seen, crossing_id: int | None) -> None:
    """Say which registered crossing a case is at; None takes the link away.

    Raises:
        NotFound: no such case, or no such crossing that the officer sees or that lies near it.
        Conflict: the case changed since the officer saw it.
        NotAllowed: the table of moves does not allow it.
    """
    with acting("link_crossing", officer, seen) as act:
        crossing = _linkable(officer, act.case, crossing_id)
        if act.case.crossing_id != crossing_id:
            act.append(data=_data(act.case, crossing))


def link_locked(
    work: Transaction, officer: Officer, number: str, crossing: Crossing | None
) -> None:
    """Link a case to a crossing, or to none, inside a transaction.

    Raises:
        NotFound: there is no such case, or the officer may not know of it.
        NotAllowed: the table of moves does not allow it.
    """
    case = lock_cases(work.session, officer, [number]).get(number)
    if case is None:
        raise NotFound("case_not_found")
    act = begin(work, "link_crossing", officer, case)
    if case.crossing_id == (crossing.id if crossing else None):
        return
    act.append(data=_data(case, crossing))


def carry_link(
    work: Transaction, officer: Officer, merged: Case, survivor: Case, now: datetime
) -> None:
    """Give the case that goes on the crossing of the one merged into it, if it has none itself."""
    crossing = work.session.get(Crossing, merged.crossing_id) if merged.crossing_id else None
    if crossing is not None and survivor.crossing_id is None:
        data = _data(survivor, crossing)
        append(work, survivor, "crossing_linked", actor=officer, now=now, data=data)


def _data(case: Case, crossing: Crossing | None) -> dict[str, object]:
    return {
        "crossing_id": crossing.id if crossing else None,
        "crossing_code": crossing.code if crossing else None,
        "from_crossing_id": case.crossing_id,
    }


def _linkable(officer: Officer, case: Case, crossing_id: int | None) -> Crossing | None:
    """Return the crossing to link: one of the officer's own, or one that the case lies at."""
    if crossing_id is None:
        return None
    crossing = db.session.get(Crossing, crossing_id)
    near = {one.crossing.id for one in _near(Position(case.latitude, case.longitude))}
    if crossing is None or not (crossing.id in near or _is_seen(officer, crossing)):
        raise NotFound("crossing_not_found")
    return crossing


def _near(position: Position) -> list[NearBy]:
    session = db.session()
    found = near_spot(session, position)
    return [NearBy(session.get_one(Crossing, one.id), one.distance_m) for one in found]


def _away_m(position: Position, crossing: Crossing) -> float:
    return distance_m(position, Position(crossing.latitude, crossing.longitude))


def _is_seen(officer: Officer, crossing: Crossing) -> bool:
    known = select(Crossing.id).where(Crossing.id == crossing.id, seen_by(officer))
    return db.session.scalar(known) is not None


def _may_register(officer: Officer, case: Case) -> bool:
    line = db.session.get(Corridor, case.corridor_id) if case.corridor_id else None
    return case.merged_into_id is None and is_owner(officer, case.commune_id, line)
