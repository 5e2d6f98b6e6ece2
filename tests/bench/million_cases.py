"""Fills a database with a million open cases, spread evenly over the demonstration's land.

Written by SQL from a table of points: by the services it would take a day. The rows are as the
services make them, one report a case, but for the seals of the events, which nobody reads here.
"""

from datetime import timedelta
from typing import Any

import h3
import numpy as np
import shapely
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)

from webapp import clock
from webapp.demo import district
from webapp.domain.geo import CELL_RESOLUTION
from webapp.extensions import db
from webapp.models import Attachment, Boundary, Case, CaseEvent, Place, Report, ReportTriage
from webapp.models.base import Json, UtcDateTime

CASES = 1_000_000
SEED = 3

POINTS = Table(
    "bench_points",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("cell", String(16)),
    Column("unit_id", Integer),
)

Point = tuple[int, float, float, str, int]


def fill(size: int = CASES) -> list[Point]:
    """Fill the database of the application's context, and return where its cases lie."""
    district.ensure_land()
    points = spread(size)
    engine = db.engine
    with engine.begin() as connection:
        POINTS.create(connection)
    _copy(engine, points)
    with engine.connect() as connection:
        _stop_checking(connection)
        for statement in _statements():
            connection.execute(statement)
        connection.commit()
    # PostgreSQL does this by itself within a minute; SQLite never does unless it is told.
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    # Connections that check nothing are not given back.
    engine.dispose()
    return points


def spread(size: int) -> list[Point]:
    """Return points drawn evenly from the land of all communes, numbered from 1."""
    chance = np.random.default_rng(SEED)
    lands = [
        (row.unit_id, shapely.geometry.shape(row.geometry))
        for row in db.session.scalars(select(Boundary).order_by(Boundary.unit_id))
    ]
    db.session.rollback()
    whole = sum(land.area for _, land in lands)
    points: list[Point] = []
    for unit_id, land in lands:
        for longitude, latitude in _inside(land, round(size * land.area / whole), chance):
            cell = h3.latlng_to_cell(latitude, longitude, CELL_RESOLUTION)
            points.append((len(points) + 1, latitude, longitude, cell, unit_id))
    return points


def _inside(land: Any, size: int, chance: np.random.Generator) -> list[list[float]]:
    west, south, east, north = land.bounds
    shapely.prepare(land)
    found = np.empty((0, 2))
    while len(found) < size:
        tried = chance.uniform((west, south), (east, north), (size, 2))
        found = np.concatenate([found, tried[shapely.contains_xy(land, tried)]])
    inside: list[list[float]] = found[:size].tolist()
    return inside


def _copy(engine: Engine, points: list[Point]) -> None:
    """Write the points down in the quickest way that each driver has."""
    connection = engine.raw_connection()
    cursor: Any = connection.cursor()
    if engine.dialect.name == "postgresql":
        with cursor.copy("COPY bench_points FROM STDIN") as copy:
            for point in points:
                copy.write_row(point)
    else:
        cursor.execute("BEGIN")
        cursor.executemany("INSERT INTO bench_points VALUES (?, ?, ?, ?, ?)", points)
    connection.commit()
    connection.close()


def _stop_checking(connection: Connection) -> None:
    """Let rows be written in any order: checking five million of them is not what is measured."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET session_replication_role = replica"))
        return
    connection.commit()
    driver: Any = connection.connection
    for pragma in ("foreign_keys = OFF", "synchronous = OFF", "cache_size = -400000"):
        driver.execute(f"PRAGMA {pragma}")
    driver.execute("DROP TRIGGER case_events_in_order")


def _statements() -> list[Any]:
    now = literal(clock.now(), UtcDateTime)
    due = literal(clock.now() + timedelta(days=10), UtcDateTime)
    nothing = literal({}, Json)
    point, key = POINTS.c, func.substr(cast(POINTS.c.id, String), 1, 64)
    where = {"latitude": point.latitude, "longitude": point.longitude}
    ours = {"category_code": literal("road_damage")}
    place = {"id": point.id, **ours, **where, "cell": point.cell, "created_at": now}
    event = {
        "id": point.id,
        "case_id": point.id,
        "version": literal(1),
        "kind": literal("opened"),
        "at": now,
        "data": nothing,
        "hash": key,
    }
    case = {
        "id": point.id,
        "number": literal("NH-2026-") + key,
        "version": literal(1),
        **ours,
        "place_id": point.id,
        "status": literal("new"),
        "is_open": literal(True),
        **where,
        "severity": point.id % 4 + 1,
        "lead_unit_id": point.unit_id,
        "commune_id": point.unit_id,
        "cell": point.cell,
        "report_count": literal(1),
        "witness_count": literal(1),
        "opened_at": now,
        "acknowledge_due_at": due,
        "resolve_due_at": due,
        "due_at": due,
        "is_relapse": literal(False),
    }
    report = {
        "id": point.id,
        "tracking_key_hash": key,
        "content_hash": key,
        **ours,
        "channel": literal("web"),
        "received_at": now,
        "install_key_hash": key,
    }
    standing = {
        "report_id": point.id,
        "status": literal("triaged"),
        "updated_at": now,
        **where,
        "accuracy_m": literal(10.0),
    }
    attachment = {
        "id": point.id,
        "report_id": point.id,
        "case_id": point.id,
        "at": now,
        "terms": nothing,
    }
    return [
        _from_points(Place, place),
        _from_points(CaseEvent, event),
        _from_points(Case, case),
        _from_points(Report, report),
        _from_points(ReportTriage, standing),
        _from_points(Attachment, attachment),
    ]


def _from_points(model: Any, columns: dict[str, Any]) -> Any:
    rows: Select[Any] = select(*columns.values()).order_by(POINTS.c.id)
    return insert(model).from_select(list(columns), rows)
