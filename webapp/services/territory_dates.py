"""Moves the day of a set of boundaries that has not begun, with all that hangs on that day."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.errors import InvalidInput, NotAllowed, NotFound
from webapp.models import Boundary, Unit, UnitParent, UnitSuccession
from webapp.services.transaction import transaction

Dated = TypeVar("Dated", Unit, Boundary, UnitParent)


def move_set(first_day: date, to: date) -> int:
    """Let a set that waits for its day begin on another one; returns how many units it has.

    The units that it takes over then end on the day before the new one.

    Raises:
        NotFound: ``set_not_found``, when no boundaries begin on ``first_day``.
        NotAllowed: ``set_has_begun``: what was in force is never re-dated.
        InvalidInput: ``set_day_not_ahead``, ``set_day_taken`` by units of the same codes, or
            ``set_day_before_predecessor``, which would end before it began.
    """
    if first_day <= clock.today():
        raise NotAllowed("set_has_begun")
    if to <= clock.today():
        raise InvalidInput("set_day_not_ahead", field="to")
    with transaction() as work:
        session = work.session
        land = _beginning(session, Boundary, first_day)
        if not land:
            raise NotFound("set_not_found")
        units = _beginning(session, Unit, first_day)
        _check_codes(session, units, to)
        _move_ends(session, first_day, to)
        places = _beginning(session, UnitParent, first_day)
        beginning: list[Unit | Boundary | UnitParent] = [*units, *land, *places]
        for row in beginning:
            if row.valid_to is not None and row.valid_to < to:
                raise InvalidInput("boundaries_end_before_start", unit=_name(row))
            row.valid_from = to
        for succession in _successions(session, first_day):
            succession.on_date = to
    return len(land)


def _beginning(session: Session, table: type[Dated], day: date) -> Sequence[Dated]:
    return session.scalars(select(table).where(table.valid_from == day)).all()


def _successions(session: Session, day: date) -> Sequence[UnitSuccession]:
    return session.scalars(select(UnitSuccession).where(UnitSuccession.on_date == day)).all()


def _check_codes(session: Session, units: Sequence[Unit], to: date) -> None:
    codes = [unit.code for unit in units]
    taken = select(Unit.id).where(Unit.code.in_(codes), Unit.valid_from == to)
    if session.scalars(taken).first() is not None:
        raise InvalidInput("set_day_taken", field="to")


def _move_ends(session: Session, first_day: date, to: date) -> None:
    """Move the last day of the units that end because the set begins."""
    last_day, moved_to = first_day - timedelta(days=1), to - timedelta(days=1)
    ids = [row.predecessor_id for row in _successions(session, first_day)]
    units = select(Unit).where(Unit.id.in_(ids), Unit.valid_to == last_day)
    land = select(Boundary).where(Boundary.unit_id.in_(ids), Boundary.valid_to == last_day)
    places = select(UnitParent).where(UnitParent.unit_id.in_(ids), UnitParent.valid_to == last_day)
    ending: list[Unit | Boundary | UnitParent] = [
        *session.scalars(units),
        *session.scalars(land),
        *session.scalars(places),
    ]
    for row in ending:
        if row.valid_from > moved_to:
            raise InvalidInput("set_day_before_predecessor", field="to", unit=_name(row))
        row.valid_to = moved_to


def _name(row: Unit | Boundary | UnitParent) -> str:
    return f"{row.kind} {row.name}" if isinstance(row, Unit) else ""
