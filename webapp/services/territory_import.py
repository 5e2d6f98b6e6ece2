"""Takes boundary files into the register of units, as often as one likes, to the same effect."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from shapely.geometry import shape
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.boundaries import Repair, UnitLand, read_boundaries
from webapp.domain.errors import InvalidInput
from webapp.domain.seams import Seam, overlaps
from webapp.models import Boundary, Unit, UnitParent
from webapp.services import territory, territory_succession, territory_switch
from webapp.services.territory_succession import Succession, TakenOver
from webapp.services.transaction import rehearsal, transaction

# What a supervising unit is called when its file says it in one word with its name.
PARENT_KINDS = ("huyện", "thị xã", "quận", "thành phố", "tỉnh")
DEFAULT_PARENT_KIND = "huyện"
LONGEST_SOURCE = 400

# The unit that an empty register begins with; it stands on whatever day land is imported for.
FIRST_UNIT_CODE = "district"
BEFORE_ANY_RECORD = date(1945, 9, 2)


@dataclass(frozen=True)
class ImportOrder:
    """What the administrator says beside the file.

    ``valid_from`` is the first day on which the land holds. ``valid_to`` is the last one for
    units whose own ``valid_to`` the file leaves out. ``parent_code`` names the supervising
    unit; when left out, the one at the root on that day. ``parent_name`` is used to make it
    when no unit bears that code yet. ``is_ending_predecessors`` ends, on the day before the first
    one, every unit whose whole land the file gives to others.
    """

    valid_from: date
    valid_to: date | None = None
    parent_code: str | None = None
    parent_name: str | None = None
    source: str = ""
    is_schematic: bool = False
    is_ending_predecessors: bool = False


@dataclass
class ImportReport:
    """What an import did, or would do; names are "kind name", in the order of the file.

    Of the units that were ``added``, ``continued`` are communes of the day before on the same
    land, and ``reused`` bear the code of another unit. ``is_writing`` is False where everything
    stands in the register already. ``open_cases_moving`` counts those that get another commune,
    not those whose commune is only written down anew.
    """

    repairs: tuple[Repair, ...]
    seams: tuple[Seam, ...]
    foreign_overlaps: tuple[Seam, ...] = ()
    added: list[str] = field(default_factory=list)
    continued: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    parent: str | None = None
    is_parent_new: bool = False
    taken_over: tuple[TakenOver, ...] = ()
    successions: tuple[Succession, ...] = ()
    unknown_predecessors: tuple[str, ...] = ()
    other_first_days: tuple[date, ...] = ()
    open_cases_moving: int | None = None
    is_writing: bool = False


def import_boundaries(
    text: str, order: ImportOrder, check: Callable[[ImportReport], None] | None = None
) -> ImportReport:
    """Read a boundary file and write its units, boundaries and their parent, all or nothing.

    A unit is known by its code *and* ``valid_from``: the same file again changes nothing, the
    same code from another day is another unit. A unit holds until the ``valid_to`` that a file or
    the administrator gives, or until the order ends what the file takes over; until then its land
    counts, unless a newer unit bears its code, and ``foreign_overlaps`` names such double claims.
    Who took whose land is written down wherever both sets are known, whichever came first.

    Args:
        text: the file.
        order: what the administrator says beside it.
        check: is shown what the import did before it counts; what it raises takes all of it back.

    Raises:
        InvalidInput: the file cannot be used (``domain.boundaries.read_boundaries``), or
            ``boundaries_end_before_start`` names a unit whose last day lies before the first.
    """
    with transaction() as work:
        # Two who import at once wait for each other here, so that a check sees what counts.
        work.session.execute(select(Unit.id).order_by(Unit.id).limit(1).with_for_update())
        report = _take(work.session, text, order)
        if check is not None:
            check(report)
    return report


def preview_boundaries(text: str, order: ImportOrder) -> ImportReport:
    """Say what an import would do, how many open cases would pass, and leave nothing of it.

    It is the import itself, taken back at its end: what it says is what happens.

    Raises:
        InvalidInput: as ``import_boundaries``.
    """
    with rehearsal() as work:
        report = _take(work.session, text, order)
        report.open_cases_moving = _moving(work.session, order.valid_from)
    return report


def _moving(session: Session, on: date) -> int:
    """Count the open cases that get another lead or another commune, and not a newer row of it."""
    same = territory_succession.same_communes(session, session.scalars(select(Unit)).all())

    def is_other(before: int | None, after: int | None) -> bool:
        return before != after and (before, after) not in same

    return sum(
        is_other(move.from_unit_id, move.to_unit_id)
        or is_other(move.from_commune_id, move.to_commune_id)
        for move in territory_switch.plan(on).moves
    )


def _take(session: Session, text: str, order: ImportOrder) -> ImportReport:
    with _watched(session) as flushes:
        report = _taken(session, text, order)
        session.flush()
    report.is_writing = bool(flushes)
    return report


@contextmanager
def _watched(session: Session) -> Iterator[list[bool]]:
    """Note every flush that writes a row."""
    flushes: list[bool] = []

    def note(flushing: Session, _context: object) -> None:
        if flushing.new or flushing.deleted or any(map(flushing.is_modified, flushing.dirty)):
            flushes.append(True)

    event.listen(session, "after_flush", note)
    try:
        yield flushes
    finally:
        event.remove(session, "after_flush", note)


def _taken(session: Session, text: str, order: ImportOrder) -> ImportReport:
    found = read_boundaries(text)
    lands = [_dated(land, order) for land in found.units]
    report = ImportReport(found.repairs, found.seams, other_first_days=_other_days(lands, order))
    parent = _parent(session, lands, order, report)
    units = [_write(session, land, parent, order, report) for land in lands]
    session.flush()
    report.taken_over = territory_succession.take_over(
        session, units, parent, order.valid_from, is_ending=order.is_ending_predecessors
    )
    report.foreign_overlaps = _foreign_overlaps(lands, order)
    report.unknown_predecessors = territory_succession.write_named(session, lands, units)
    last_days = {unit.valid_to for unit in units if unit.valid_to is not None}
    report.successions = tuple(
        line
        for day in sorted({order.valid_from, *(day + timedelta(days=1) for day in last_days)})
        for line in territory_succession.write_measured(session, day)
    )
    _tell_codes(session, units, report)
    return report


def _tell_codes(session: Session, units: Sequence[Unit], report: ImportReport) -> None:
    """Say which of the new units are communes of before, and which bear another unit's code."""
    codes = [unit.code for unit in units]
    bearers = session.scalars(select(Unit).where(Unit.code.in_(codes))).all()
    same = {new_id for _old_id, new_id in territory_succession.same_communes(session, bearers)}
    earlier = {unit.code for unit in bearers if unit not in units}
    for unit in units:
        title = territory_succession.title_of(unit)
        if title in report.added and unit.code in earlier:
            (report.continued if unit.id in same else report.reused).append(title)


def _write(
    session: Session,
    land: UnitLand,
    parent: Unit | None,
    order: ImportOrder,
    report: ImportReport,
) -> Unit:
    unit, is_new = _unit(session, land, order)
    is_changed = _take_values(unit, land) | _boundary(session, unit, land, order)
    is_changed |= parent is not None and _link(session, unit, parent, order)
    titles = report.added if is_new else report.changed if is_changed else report.unchanged
    titles.append(land.title)
    return unit


def _other_days(lands: list[UnitLand], order: ImportOrder) -> tuple[date, ...]:
    """Return the first days that the file itself names, other than the administrator's."""
    named = {land.valid_from for land in lands if land.valid_from is not None}
    return tuple(sorted(named - {order.valid_from}))


def _dated(land: UnitLand, order: ImportOrder) -> UnitLand:
    last_day = land.valid_to or order.valid_to
    if last_day is not None and last_day < order.valid_from:
        raise InvalidInput("boundaries_end_before_start", unit=land.title)
    return replace(land, valid_to=last_day)


def _foreign_overlaps(lands: list[UnitLand], order: ImportOrder) -> tuple[Seam, ...]:
    """Find land of the file that a unit outside the file holds on the first day as well."""
    codes = {land.code for land in lands}
    own = [(land.title, land.geometry) for land in lands]
    standing = [
        (f"{unit.kind} {unit.name} {unit.valid_from}", shape(boundary.geometry))
        for boundary, unit in territory.boundaries_with_units(order.valid_from)
        if unit.code not in codes
    ]
    strangers = {name for name, _land in standing}
    found = overlaps([*own, *standing])
    return tuple(seam for seam in found if len(strangers.intersection(seam.units)) == 1)


def _parent(
    session: Session, lands: list[UnitLand], order: ImportOrder, report: ImportReport
) -> Unit | None:
    if order.parent_code is None:
        parent = territory.supervising_unit(order.valid_from)
    else:
        parent = territory.unit_with_code(order.parent_code, order.valid_from)
        if parent is None or parent.tier != "supervising":
            parent = _new_parent(lands, order)
            session.add(parent)
            session.flush()
            report.is_parent_new = True
    report.parent = f"{parent.kind} {parent.name}" if parent else None
    return parent


def _new_parent(lands: list[UnitLand], order: ImportOrder) -> Unit:
    named = [land.parent_name for land in lands if land.parent_code == order.parent_code]
    title = next((name for name in named if name), None) or order.parent_name or order.parent_code
    kind, name = split_title(title or "")
    return Unit(
        code=order.parent_code,
        tier="supervising",
        kind=kind,
        name=name,
        valid_from=order.valid_from,
        valid_to=None,
    )


def split_title(title: str) -> tuple[str, str]:
    """Split "Huyện Ninh Hải" into kind and name; a bare name is taken for a district's."""
    for kind in PARENT_KINDS:
        if title.lower().startswith(kind + " "):
            return kind, title[len(kind) :].strip()
    return DEFAULT_PARENT_KIND, title


def ensure_supervising_unit(title: str) -> Unit:
    """Return the supervising unit of today, made from ``title`` when there is none yet.

    The first administrator needs a unit before any boundary is known.
    """
    with transaction() as work:
        unit = territory.supervising_unit(clock.today())
        if unit is None:
            kind, name = split_title(title)
            unit = Unit(
                code=FIRST_UNIT_CODE,
                tier="supervising",
                kind=kind,
                name=name,
                valid_from=BEFORE_ANY_RECORD,
            )
            work.session.add(unit)
    return unit


def _unit(session: Session, land: UnitLand, order: ImportOrder) -> tuple[Unit, bool]:
    known = select(Unit).where(Unit.code == land.code, Unit.valid_from == order.valid_from)
    unit = session.scalars(known).first()
    if unit is not None:
        return unit, False
    unit = Unit(
        code=land.code,
        tier="commune",
        kind=land.kind,
        name=land.name,
        valid_from=order.valid_from,
        valid_to=land.valid_to,
    )
    session.add(unit)
    session.flush()
    return unit, True


def _take_values(unit: Unit, land: UnitLand) -> bool:
    wanted = {"kind": land.kind, "name": land.name, "valid_to": land.valid_to}
    return _assign(unit, wanted)


def _boundary(session: Session, unit: Unit, land: UnitLand, order: ImportOrder) -> bool:
    known = select(Boundary).where(
        Boundary.unit_id == unit.id, Boundary.valid_from == order.valid_from
    )
    boundary = session.scalars(known).first()
    if boundary is None:
        boundary = Boundary(unit_id=unit.id, valid_from=order.valid_from)
        session.add(boundary)
    elif (boundary.source or "").endswith(_seal(land)):
        dates_and_label = {"valid_to": land.valid_to, "is_schematic": order.is_schematic}
        return _assign(boundary, dates_and_label)
    _assign(boundary, boundary_values(land, order))
    session.flush()
    return True


def boundary_values(land: UnitLand, order: ImportOrder) -> dict[str, Any]:
    """Return what a boundary row holds of a unit's land."""
    west, south, east, north = land.geometry.bounds
    return {
        "geometry": land.as_geojson(),
        "valid_to": land.valid_to,
        "min_longitude": west,
        "min_latitude": south,
        "max_longitude": east,
        "max_latitude": north,
        "is_schematic": order.is_schematic,
        "source": _source(land, order),
    }


def _source(land: UnitLand, order: ImportOrder) -> str:
    seal = _seal(land)
    return f"{order.source[: LONGEST_SOURCE - len(seal) - 1]} {seal}".strip()


def _seal(land: UnitLand) -> str:
    """Seal the geometry: when it changes, the land of its days has another version."""
    canonical = json.dumps(land.as_geojson(), sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _link(session: Session, unit: Unit, parent: Unit, order: ImportOrder) -> bool:
    known = select(UnitParent).where(
        UnitParent.unit_id == unit.id, UnitParent.valid_from == order.valid_from
    )
    link = session.scalars(known).first()
    if link is None:
        link = UnitParent(unit_id=unit.id, parent_id=parent.id, valid_from=order.valid_from)
        session.add(link)
    return _assign(link, {"parent_id": parent.id, "valid_to": unit.valid_to})


def _assign(row: Any, wanted: dict[str, Any]) -> bool:
    """Set the columns that differ; return whether any did."""
    different = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)
