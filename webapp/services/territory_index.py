"""Keeps the land of each day ready in memory: whose a point is, answered without reading polygons.

A nation has 3,300 communes. Which of their boundaries hold on a day is asked of the database once
a second at most, and the polygons themselves are read only when that answer changed.
"""

import hashlib
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import shapely
from sqlalchemy import Engine, Row, Select, Text, cast, event, select
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from webapp.domain.geo import Land, LandIndex
from webapp.extensions import db
from webapp.kept import LastUsed
from webapp.models import Boundary, Unit
from webapp.services.dated import holds_on

# Past and present boundary sets that stay ready; a district changes its land every few years.
INDEXES_KEPT = 4

# Days whose set is known by name. Late reports ask for days of the last weeks.
DAYS_KEPT = 64

# How long another process may go on with the old land after a change. To name a nation's land
# takes some 20 ms, which nobody should spend on each of a hundred questions a second.
NAME_HOLDS_S = 1.0

# Rows at a time: 500 corners are 20 KB of text each, so a hundred of them are 2 MB.
ROWS_AT_ONCE = 100

_CHANGED = "anlo_land_changed"


@dataclass
class _Ready:
    """What one database's land looks like: sets by name, and the name that each day had lately."""

    indexes: LastUsed[str, LandIndex] = field(default_factory=lambda: LastUsed(INDEXES_KEPT))
    names: LastUsed[date, tuple[float, str]] = field(default_factory=lambda: LastUsed(DAYS_KEPT))
    # Reading the land of a nation takes a second; whoever asks meanwhile waits for the same.
    lock: threading.RLock = field(default_factory=threading.RLock)


_ready: "weakref.WeakKeyDictionary[Engine, _Ready]" = weakref.WeakKeyDictionary()


def land_index(on: date) -> LandIndex:
    """Return the index of a day's land; rebuilt only when a boundary of that day changed.

    A change of this process counts at once, one of another within ``NAME_HOLDS_S``.
    """
    ready = _ready_of(db.engine)
    with ready.lock:
        name = _name_of(ready, on)
        return ready.indexes.find(name, lambda: LandIndex(_lands_on(on)))


def land_name(on: date) -> str:
    """Return a name of a day's land: another one as soon as a boundary of that day changed."""
    return _name_of(_ready_of(db.engine), on)


def boundaries_on(on: date) -> Select[Boundary, Unit]:
    """Return the query for all boundaries of communes that hold on a day, with their units."""
    return (
        select(Boundary, Unit)
        .join(Unit, Boundary.unit_id == Unit.id)
        .where(Unit.tier == "commune", *holds_on(Boundary, on), *holds_on(Unit, on))
        .order_by(Boundary.id)
    )


def counting_ids(on: date) -> list[int]:
    """Return the ids of the boundaries that count on a day, in order.

    Where an older unit was never given an end, the newest of its code counts alone; and of a
    unit's several boundaries the one that began last.
    """
    return _counting(_facts_on(on))


def _ready_of(engine: Engine) -> _Ready:
    return _ready.setdefault(engine, _Ready())


def _name_of(ready: _Ready, on: date) -> str:
    """Name a day's land; by memory, unless the present transaction has changed some."""
    if db.session.info.get(_CHANGED):
        return _read_name(on)
    read_at, name = ready.names.get(on) or (0.0, "")
    if not name or time.monotonic() - read_at >= NAME_HOLDS_S:
        read_at, name = time.monotonic(), _read_name(on)
        ready.names.put(on, (read_at, name))
    return name


def _read_name(on: date) -> str:
    """Name a day's land by which boundaries hold, of which units, with which geometry.

    ``source`` ends in the SHA-256 of the geometry (``services.territory_import``), so land that
    was replaced under the same dates has another name.
    """
    facts = repr([tuple(row) for row in _facts_on(on)])
    return hashlib.sha256(facts.encode()).hexdigest()


def _facts_on(on: date) -> list[Row[Any]]:
    facts = boundaries_on(on).with_only_columns(
        Boundary.id,
        Boundary.unit_id,
        Boundary.valid_from,
        Boundary.source,
        Boundary.min_longitude,
        Boundary.min_latitude,
        Boundary.max_longitude,
        Boundary.max_latitude,
        Unit.code,
        Unit.valid_from.label("unit_from"),
    )
    return list(db.session.execute(facts))


def _counting(facts: list[Row[Any]]) -> list[int]:
    newest = {row.code: row.unit_id for row in sorted(facts, key=lambda row: row.unit_from)}
    latest: dict[int, int] = {}
    for row in sorted(facts, key=lambda row: row.valid_from):
        if newest[row.code] == row.unit_id:
            latest[row.unit_id] = row.id
    return sorted(latest.values())


def _lands_on(on: date) -> Iterator[Land]:
    """Read a day's land piece by piece, and from text straight into geometry.

    As Python's lists the corners of a nation would take some 300 MB.
    """
    counting = set(counting_ids(on))
    as_text = boundaries_on(on).with_only_columns(
        Boundary.id, Boundary.unit_id, cast(Boundary.geometry, Text).label("geojson")
    )
    for row in db.session.execute(as_text.execution_options(yield_per=ROWS_AT_ONCE)):
        if row.id in counting:
            yield Land(row.unit_id, shapely.from_geojson(row.geojson))


# ── What changes land in this process ────────────────────────────────────────────────────────


@event.listens_for(Session, "after_flush")
def _note_flush(session: Session, _context: UOWTransaction) -> None:
    touched = (*session.new, *session.dirty, *session.deleted)
    if any(isinstance(row, Boundary | Unit) for row in touched):
        session.info[_CHANGED] = True


@event.listens_for(Session, "do_orm_execute")
def _note_statement(state: ORMExecuteState) -> None:
    mapper = state.bind_mapper
    if mapper is not None and not state.is_select and mapper.class_ in (Boundary, Unit):
        state.session.info[_CHANGED] = True


@event.listens_for(Session, "after_commit")
def _forget_names(session: Session) -> None:
    if session.info.pop(_CHANGED, False):
        for ready in list(_ready.values()):
            ready.names.clear()


@event.listens_for(Session, "after_rollback")
def _forget_change(session: Session) -> None:
    session.info.pop(_CHANGED, None)
