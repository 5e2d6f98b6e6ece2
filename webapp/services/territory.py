"""Which land is whose: communes by position and day, the units above them, corridors, maps."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import shapely
from shapely.geometry import mapping, shape
from sqlalchemy import select

from webapp import clock
from webapp.domain import routing
from webapp.domain.folding import folded
from webapp.domain.geo import Position
from webapp.domain.routing import Ground
from webapp.extensions import db
from webapp.models import Boundary, Corridor, Unit, UnitParent
from webapp.services import corridors
from webapp.services.corridors import corridors_on
from webapp.services.dated import holds_on
from webapp.services.territory_index import boundaries_on, counting_ids, land_index

# On a phone a district is about 360 px wide, some 100 m a pixel: 20 m is below what is seen.
MAP_TOLERANCE_DEGREES = 0.0002
MAP_DECIMALS = 5


def commune_at(position: Position, on: date) -> Unit | None:
    """Return the commune whose land, as it held on that day, contains the position.

    A point on a border belongs to the unit with the smallest id; where an older unit was never
    given an end, the newest unit of its code wins. None outside every boundary.
    """
    unit_id = land_index(on).unit_at(position.latitude, position.longitude)
    return None if unit_id is None else db.session.get(Unit, unit_id)


def ground_at(position: Position, on: date) -> Ground:
    """Say whose land a position with its accuracy lies on, by the boundaries of that day."""
    return routing.ground_of(land_index(on), position)


def units_on(on: date, tier: str = "commune") -> list[Unit]:
    """Return the units of a tier that exist on that day, in the order of the Vietnamese names."""
    standing = select(Unit).where(Unit.tier == tier, *holds_on(Unit, on))
    return sorted(newest_of_each_code(db.session.scalars(standing)), key=by_name)


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


def place_words(position: Position, on: date | None = None, *, commune: Unit | None = None) -> str:
    """Say where a position is, "xã Vĩnh Hải, cách Quốc lộ 1A khoảng 120 m"; empty outside land.

    Args:
        position: the settled position of a report.
        on: the day whose boundaries and corridors count; today when left out.
        commune: whose land it is, where that is settled; else whose land holds the very point.
    """
    day = on or clock.today()
    commune = commune or commune_at(position, day)
    words = [f"{commune.kind} {commune.name}"] if commune else []
    landmark = corridors.landmark(position, day)
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


def boundaries_with_units(on: date) -> list[tuple[Boundary, Unit]]:
    """Return the communes of a day with the land that each one holds on it, by unit id."""
    counting = set(counting_ids(on))
    pairs = [(row[0], row[1]) for row in db.session.execute(boundaries_on(on))]
    return sorted((pair for pair in pairs if pair[0].id in counting), key=lambda pair: pair[1].id)


def by_name(unit: Unit) -> tuple[str, str]:
    """Return what sorts a unit among others: its name without marks, then with them."""
    return folded(unit.name), unit.name


def newest_of_each_code(units: Iterable[Unit]) -> list[Unit]:
    """Return of the units that bear one code the one that began last; codes are used again."""
    newest: dict[str, Unit] = {}
    for unit in sorted(units, key=lambda unit: unit.valid_from):
        newest[unit.code] = unit
    return list(newest.values())


def _parents_on(on: date) -> dict[int, int]:
    links = select(UnitParent).where(*holds_on(UnitParent, on)).order_by(UnitParent.valid_from)
    return {link.unit_id: link.parent_id for link in db.session.scalars(links)}


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
