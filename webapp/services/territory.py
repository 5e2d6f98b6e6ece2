"""Which land is whose: communes by position and day, the units above them, corridors, maps."""

import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable
from datetime import date
from typing import Any

import shapely
from shapely.geometry import mapping, shape
from sqlalchemy import Row, Select, or_, select

from webapp import clock
from webapp.domain.areas import distance_to_line_m
from webapp.domain.geo import Land, LandIndex, Position
from webapp.extensions import db
from webapp.models import Boundary, Corridor, Unit, UnitParent

# Past and present boundary sets that stay ready; a district changes its land every few years.
INDEXES_KEPT = 4

# Beyond this a road no longer helps anybody to find the place.
FARTHEST_LANDMARK_M = 1_000.0

# Distances in an address are rounded, for the fix itself is hardly better.
ADDRESS_STEP_M = 10

# On a phone a district is about 360 px wide, some 100 m a pixel: 20 m is below what is seen.
MAP_TOLERANCE_DEGREES = 0.0002
MAP_DECIMALS = 5

_indexes: OrderedDict[tuple[Any, ...], LandIndex] = OrderedDict()
_lock = threading.Lock()


def commune_at(position: Position, on: date) -> Unit | None:
    """Return the commune whose land, as it held on that day, contains the position.

    A point on a border belongs to the unit with the smallest id; where an older unit was never
    given an end, the newest unit of its code wins. None outside every boundary.
    """
    unit_id = _land_index(on).unit_at(position.latitude, position.longitude)
    return None if unit_id is None else db.session.get(Unit, unit_id)


def units_on(on: date, tier: str = "commune") -> list[Unit]:
    """Return the units of a tier that exist on that day, in the order of the Vietnamese names."""
    standing = select(Unit).where(Unit.tier == tier, *holds_on(Unit, on))
    return sorted(_newest_of_each_code(db.session.scalars(standing)), key=by_name)


def unit_with_code(code: str, on: date) -> Unit | None:
    """Return the unit that bears a code on that day; codes are reused for other land."""
    bearing = select(Unit).where(Unit.code == code, *holds_on(Unit, on))
    return db.session.scalars(bearing.order_by(Unit.valid_from.desc())).first()


def supervising_unit_of(unit_id: int, on: date) -> Unit | None:
    """Return the nearest supervising unit above a unit on that day; itself, if it is one."""
    parents = _parents_on(on)
    units = {unit.id: unit for unit in units_on(on, "supervising")}
    seen: set[int] = set()
    current: int | None = unit_id
    while current is not None and current not in seen:
        if current in units:
            return units[current]
        seen.add(current)
        current = parents.get(current)
    return None


def supervising_unit(on: date) -> Unit | None:
    """Return the supervising unit at the root on that day: the desk of held reports is its own.

    One that stands above somebody goes before one that stands alone, such as a district whose
    communes have passed to another.
    """
    parents = _parents_on(on)
    candidates = units_on(on, "supervising")
    ids, above = {unit.id for unit in candidates}, set(parents.values())
    roots = [unit for unit in candidates if parents.get(unit.id) not in ids]
    return min(roots, key=lambda unit: (unit.id not in above, unit.id), default=None)


def place_words(position: Position, on: date | None = None) -> str:
    """Say where a position is, "xã Vĩnh Hải, cách Quốc lộ 1A khoảng 120 m"; empty outside land.

    Args:
        position: the settled position of a report.
        on: the day whose boundaries and corridors count; today when left out.
    """
    day = on or clock.today()
    commune = commune_at(position, day)
    words = [f"{commune.kind} {commune.name}"] if commune else []
    landmark = _landmark(position, day)
    if landmark:
        words.append(landmark)
    return ", ".join(words)


def land_for_maps(on: date) -> dict[str, Any]:
    """Return the land and the corridors of a day as GeoJSON, simplified for a screen.

    Neighbours are simplified together, so that no gap opens between them. Every feature has
    ``layer`` (``commune`` or ``corridor``), ``code``, ``name``, ``kind`` and ``is_schematic``;
    corridors have ``half_width_m`` too, so that a phone says "on the road" where we do.
    """
    boundaries = boundaries_with_units(on)
    lands = [shape(boundary.geometry) for boundary, _unit in boundaries]
    simple = shapely.coverage_simplify(lands, MAP_TOLERANCE_DEGREES) if lands else []
    communes = [
        _feature("commune", unit, outline, boundary.is_schematic)
        for (boundary, unit), outline in zip(boundaries, simple, strict=True)
    ]
    lines = [_line_feature(corridor) for corridor in corridors_on(on)]
    return {"type": "FeatureCollection", "features": [*communes, *lines]}


def corridors_on(on: date) -> list[Corridor]:
    """Return the corridors that hold on that day, in the order in which they were entered."""
    standing = select(Corridor).where(*holds_on(Corridor, on)).order_by(Corridor.id)
    return list(db.session.scalars(standing))


def boundaries_with_units(on: date) -> list[tuple[Boundary, Unit]]:
    """Return the communes of a day with the land that each one holds on it, by unit id."""
    pairs = [(boundary, unit) for boundary, unit in db.session.execute(_boundaries_on(on))]
    newest = {unit.id for unit in _newest_of_each_code(unit for _, unit in pairs)}
    latest: dict[int, tuple[Boundary, Unit]] = {}
    for boundary, unit in sorted(pairs, key=lambda pair: pair[0].valid_from):
        if unit.id in newest:
            latest[unit.id] = (boundary, unit)
    return sorted(latest.values(), key=lambda pair: pair[1].id)


def holds_on(table: Any, on: date) -> tuple[Any, Any]:
    """Return the conditions under which a dated row holds on a day, both ends included."""
    return table.valid_from <= on, or_(table.valid_to.is_(None), table.valid_to >= on)


def by_name(unit: Unit) -> tuple[str, str]:
    """Return what sorts a unit among others: its name without marks, then with them."""
    bare = unicodedata.normalize("NFD", unit.name.lower().replace("đ", "d"))
    return "".join(sign for sign in bare if not unicodedata.combining(sign)), unit.name


def _land_index(on: date) -> LandIndex:
    """Return the index of a day's land; rebuilt only when a boundary of that day changed."""
    version = _version_on(on)
    with _lock:
        if version in _indexes:
            _indexes.move_to_end(version)
            return _indexes[version]
    index = LandIndex(
        Land(unit.id, shape(boundary.geometry)) for boundary, unit in boundaries_with_units(on)
    )
    with _lock:
        _indexes[version] = index
        while len(_indexes) > INDEXES_KEPT:
            _indexes.popitem(last=False)
    return index


def _version_on(on: date) -> tuple[Any, ...]:
    """Name a day's land: which boundaries hold, of which units, with which geometry.

    ``source`` ends in the SHA-256 of the geometry (``services.territory_import``), so land that
    was replaced under the same dates has another name.
    """
    rows: Iterable[Row[Any]] = db.session.execute(
        _boundaries_on(on).with_only_columns(
            Boundary.id,
            Boundary.unit_id,
            Boundary.source,
            Boundary.min_longitude,
            Boundary.min_latitude,
            Boundary.max_longitude,
            Boundary.max_latitude,
        )
    )
    return tuple(tuple(row) for row in rows)


def _boundaries_on(on: date) -> Select[Boundary, Unit]:
    return (
        select(Boundary, Unit)
        .join(Unit, Boundary.unit_id == Unit.id)
        .where(Unit.tier == "commune", *holds_on(Boundary, on), *holds_on(Unit, on))
        .order_by(Boundary.id)
    )


def _newest_of_each_code(units: Iterable[Unit]) -> list[Unit]:
    newest: dict[str, Unit] = {}
    for unit in sorted(units, key=lambda unit: unit.valid_from):
        newest[unit.code] = unit
    return list(newest.values())


def _parents_on(on: date) -> dict[int, int]:
    links = select(UnitParent).where(*holds_on(UnitParent, on)).order_by(UnitParent.valid_from)
    return {link.unit_id: link.parent_id for link in db.session.scalars(links)}


def _landmark(position: Position, on: date) -> str | None:
    """Say how far the nearest corridor is; on its own strip of land it is simply named."""
    near = [
        (distance_to_line_m(position.longitude, position.latitude, shape(line.geometry)), line)
        for line in corridors_on(on)
    ]
    if not near:
        return None
    distance_m, line = min(near, key=lambda pair: pair[0])
    if distance_m > FARTHEST_LANDMARK_M:
        return None
    if distance_m <= line.half_width_m:
        return f"trên {line.name}"
    rounded_m = max(ADDRESS_STEP_M, round(distance_m / ADDRESS_STEP_M) * ADDRESS_STEP_M)
    return f"cách {line.name} khoảng {rounded_m} m"


def _line_feature(corridor: Corridor) -> dict[str, Any]:
    feature = _feature("corridor", corridor, shape(corridor.geometry), corridor.is_schematic)
    feature["properties"]["half_width_m"] = corridor.half_width_m
    return feature


def _feature(layer: str, row: Unit | Corridor, outline: Any, is_schematic: bool) -> dict[str, Any]:
    rounded = shapely.set_precision(outline, 10**-MAP_DECIMALS, mode="pointwise")
    return {
        "type": "Feature",
        "properties": {
            "layer": layer,
            "code": row.code,
            "name": row.name,
            "kind": row.kind,
            "is_schematic": is_schematic,
        },
        "geometry": mapping(rounded),
    }
