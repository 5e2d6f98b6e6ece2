"""Registered crossings follow their land: to who holds it now, and back when a switch is undone."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.deadlines import local_day
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Boundary, Crossing, CrossingInspection, Unit
from webapp.services import territory, territory_day
from webapp.services.crossings_entries import note
from webapp.services.transaction import Transaction, transaction


def follow_today() -> int:
    """Give crossings to whoever holds their land today; returns how many.

    The clock does it on every turn; on nearly all of them there is nothing to do.
    """
    today = clock.today()
    if not any(True for _pair in _stale(db.session(), today)):
        return 0
    with transaction() as work:
        return follow_land(work, today, clock.now())


def follow_land(work: Transaction, on: date, now: datetime) -> int:
    """Give crossings whose unit ended, or gave up their land, to whoever holds it on a day.

    Twice is like once. A crossing on nobody's land stays with the unit that it had, and so does
    one that an officer wrote down since that land changed hands: the unit stood before them.
    """
    moved = list(_stale(work.session, on, is_locking=True))
    for crossing, heir in moved:
        crossing.unit = heir
        note(work, crossing, "changed", None, now)
    return len(moved)


def lead_back(work: Transaction, switched_on: date, now: datetime) -> int:
    """Give crossings that followed the land of a day back to the units that had them before.

    What an officer wrote down since stays. Twice is like once.
    """
    moved = 0
    query = select(Crossing).where(_was_moved_by_machine()).order_by(Crossing.id).with_for_update()
    for crossing in work.session.scalars(query):
        before = _unit_before(work.session, crossing, switched_on)
        if before is not None and before.id != crossing.unit_id:
            crossing.unit = before
            note(work, crossing, "changed", None, now)
            moved += 1
    return moved


def _stale(
    session: Session, on: date, *, is_locking: bool = False
) -> Iterator[tuple[Crossing, Unit]]:
    """Name the crossings that another unit should have, with that one."""
    query = _candidates(on).order_by(Crossing.id)
    found = session.scalars(query.with_for_update(of=Crossing) if is_locking else query).all()
    pairs = [(crossing, territory.commune_at(_spot(crossing), on)) for crossing in found]
    elsewhere = [(c, heir) for c, heir in pairs if heir is not None and heir.id != c.unit_id]
    land = territory_day.day_of_land(on, {c.unit_id for c, _heir in elsewhere if c.unit_id})
    for crossing, heir in elsewhere:
        unit = crossing.unit
        if unit is None or not unit.valid_from <= on or territory_day.is_over(unit, on):
            yield crossing, heir
        elif land.day.held(unit.id, _spot(crossing)):
            since = land.day.shrunk_on.get(unit.id)
            if since is not None and not _is_written_since(session, crossing, since):
                yield crossing, heir


def _candidates(on: date) -> Select[Crossing]:
    """Return the query for crossings whose unit does not exist on a day, or had other land."""
    is_gone = or_(Unit.valid_to < on, Unit.valid_from > on)
    had_other_land = exists().where(Boundary.unit_id == Unit.id, Boundary.valid_to < on)
    return (
        select(Crossing).join(Unit, Unit.id == Crossing.unit_id).where(or_(is_gone, had_other_land))
    )


def _is_written_since(session: Session, crossing: Crossing, since: date) -> bool:
    entries = _entries(session, crossing)
    return any(row.officer_id is not None and local_day(row.at) >= since for row in entries)


def _entries(session: Session, crossing: Crossing) -> Sequence[CrossingInspection]:
    """Return what was written of a crossing, the newest first, without mere inspections."""
    written = select(CrossingInspection).where(
        CrossingInspection.crossing_id == crossing.id, CrossingInspection.kind != "inspected"
    )
    return session.scalars(written.order_by(CrossingInspection.id.desc())).all()


def _was_moved_by_machine() -> ColumnElement[bool]:
    return exists().where(
        CrossingInspection.crossing_id == Crossing.id,
        CrossingInspection.kind == "changed",
        CrossingInspection.officer_id.is_(None),
    )


def _unit_before(session: Session, crossing: Crossing, switched_on: date) -> Unit | None:
    """Return who had a crossing before it followed the land of a day; None when it did not.

    Codes are used again, so the code of the entry before is read as on the day before.
    """
    newest, *older = [*_entries(session, crossing), None]
    if newest is None or newest.officer_id is not None or local_day(newest.at) < switched_on:
        return None
    holder = territory.commune_at(_spot(crossing), switched_on)
    if holder is None or holder.id != crossing.unit_id:
        return None
    day_before = switched_on - timedelta(days=1)
    code = older[0].data.get("unit_code") if older[0] else None
    return (
        territory.unit_with_code(code, day_before)
        if code
        else territory.commune_at(_spot(crossing), day_before)
    )


def _spot(crossing: Crossing) -> Position:
    return Position(crossing.latitude, crossing.longitude)
