"""The register of self-opened crossings, written: each change appends what holds from then on."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.domain import crossings as rules
from webapp.domain.crossing_files import read_cells
from webapp.domain.crossings import Entry, Problem
from webapp.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Crossing, Officer
from webapp.services import casefile, crossings_photos, territory
from webapp.services.casework_acts import written
from webapp.services.crossings import (
    is_owner,
    may_choose_unit,
    may_edit,
    near_spot,
    seen_by,
    visible_crossing,
)
from webapp.services.crossings_cases import link_locked
from webapp.services.crossings_entries import (
    EntryRefused,
    Settled,
    entry_of,
    new_crossing,
    note,
    settle,
    take,
)
from webapp.services.photos import CheckedPhoto
from webapp.services.transaction import Transaction, transaction

# Codes that the register gives by itself begin so: "lối đi".
CODE_PREFIX = "LD-"


@dataclass(frozen=True)
class Inspection:
    """What somebody found at a crossing.

    Attributes:
        words: what they saw; may be empty where there are photos or something changed.
        state: how it stands from now on (``domain.crossings.STATES``).
        measures: the measures that are in place from now on.
        photos: seekable streams, at most ``crossings_photos.MOST_PHOTOS``.
    """

    words: str
    state: str
    measures: tuple[str, ...]
    photos: Sequence[BinaryIO] = ()


def register(
    officer: Officer,
    cells: Mapping[str, str],
    store: PhotoStore,
    *,
    photos: Sequence[BinaryIO] = (),
    case_number: str | None = None,
    is_fabricated: bool = False,
) -> int:
    """Take a crossing into the register, and link the case on whose page it was found.

    Args:
        officer: a supervisor, or somebody of the unit whose land or line it is.
        cells: the texts of the form, named as in ``crossing_files.TITLES``; no code means that
            the register gives one. ``is_another`` says that a known crossing near by is not it.
        store: where photos are kept.
        photos: seekable streams.
        case_number: the case to link, which the officer must see.
        is_fabricated: whether it is made up, for a demonstration; its page says so.

    Returns:
        The id of the new crossing.

    Raises:
        EntryRefused: a value cannot be taken, the code is known, the land is nobody's, or a
            registered crossing lies nearer than 25 m.
        NotAllowed: it lies on another unit's land.
        NotFound: there is no such case, or the officer may not know of it.
        InvalidInput, TooLarge, UnsupportedPhoto: a photo cannot be taken.
    """
    entry = _read({**cells, "code": cells.get("code", "").strip() or CODE_PREFIX})
    if not may_choose_unit(officer):
        entry = replace(entry, unit_code=None)
    is_another = bool(cells.get("is_another"))
    if photos:
        # Nobody's bytes are stored before it is known that they may register it at all.
        _registrable(db.session(), officer, entry, is_another=is_another)
        if case_number:
            casefile.check_visible(officer, case_number)
        db.session.rollback()
    checked = crossings_photos.keep(photos, store)
    with transaction() as work:
        now = clock.now()
        settled = _registrable(work.session, officer, entry, is_another=is_another)
        crossing = _insert(work.session, settled, officer, now)
        crossing.is_fabricated = is_fabricated
        row = note(work, crossing, "registered", officer, now, cells.get("words", ""))
        crossings_photos.add(work, checked, crossing, row, officer)
        if case_number:
            link_locked(work, officer, case_number, crossing)
    return crossing.id


def _registrable(session: Session, officer: Officer, entry: Entry, *, is_another: bool) -> Settled:
    """Return an entry looked up, when the officer may take it into the register."""
    settled = _settled(session, entry, clock.today())
    _check_own(officer, settled)
    if not is_another:
        _check_no_twin(session, entry)
    return settled


def change(officer: Officer, crossing_id: int, version: int, cells: Mapping[str, str]) -> None:
    """Change what the register says of a crossing; its code stays.

    Args:
        officer: a supervisor, or somebody of the responsible unit.
        crossing_id: which one.
        version: what stood on the officer's screen.
        cells: the texts of the form; ``words`` may say why. Whoever may not choose the unit
            leaves it as it is, unless the position comes to lie on other land.

    Raises:
        NotFound: there is none, or the officer may not know of it.
        NotAllowed: the officer may not edit it, or would move it to another unit's land.
        Conflict: it changed since the officer saw it.
        EntryRefused: a value cannot be taken.
    """
    with transaction() as work:
        crossing = _lock(work.session, officer, crossing_id, version)
        entry = _read({**cells, "code": crossing.code})
        entry = _with_unit(officer, crossing, entry, clock.today())
        settled = _settled(work.session, entry, clock.today(), crossing)
        _check_own(officer, settled)
        words = written(cells.get("words", ""))
        if take(crossing, settled) or words:
            note(work, crossing, "changed", officer, clock.now(), words or "")


def inspect(
    officer: Officer, crossing_id: int, version: int, found: Inspection, store: PhotoStore
) -> None:
    """Write down an inspection: what was seen, and how the crossing stands from now on.

    Raises:
        NotFound, NotAllowed, Conflict: as ``change``.
        EntryRefused: state or measures are unknown.
        InvalidInput: nothing was found (``crossing_inspection_empty``), or a photo is no photo.
        TooLarge, UnsupportedPhoto: a photo cannot be taken.
    """
    if found.photos:
        # Nobody's bytes are stored before it is known that they may inspect it at all.
        crossing = visible_crossing(officer, crossing_id)
        _check_editable(officer, crossing, version)
        _inspected(crossing, found)
        db.session.rollback()
    checked = crossings_photos.keep(found.photos, store)
    with transaction() as work:
        crossing = _lock(work.session, officer, crossing_id, version)
        entry = _inspected(crossing, found)
        is_changed = take(crossing, Settled(entry, crossing.unit, crossing.corridor))
        _write_inspection(work, crossing, officer, found.words, checked, is_changed=is_changed)


def _inspected(crossing: Crossing, found: Inspection) -> Entry:
    """Return what the register says of a crossing after an inspection."""
    measures = tuple(each for each in rules.MEASURES if each in found.measures)
    unknown = tuple(each for each in found.measures if each not in rules.MEASURES)
    entry = replace(entry_of(crossing), state=found.state, measures=measures + unknown)
    _refuse(rules.problems_of(entry))
    return entry


def _write_inspection(
    work: Transaction,
    crossing: Crossing,
    officer: Officer,
    words: str,
    photos: Sequence[CheckedPhoto],
    *,
    is_changed: bool,
) -> None:
    if not (is_changed or photos or words.strip()):
        raise InvalidInput("crossing_inspection_empty", field="words")
    row = note(work, crossing, "inspected", officer, clock.now(), words)
    crossings_photos.add(work, photos, crossing, row, officer)


def _read(cells: Mapping[str, str]) -> Entry:
    entry, problems = read_cells(cells)
    if entry is None:
        raise EntryRefused(problems)
    return entry


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise EntryRefused(problems)


def _with_unit(officer: Officer, crossing: Crossing, entry: Entry, on: date) -> Entry:
    """Return an entry with the unit that it had, when the officer chooses none and it stays there.

    The unit may be another than that of the land: a supervisor or a file may have said so.
    """
    if may_choose_unit(officer):
        return entry
    unit = crossing.unit and territory.unit_with_code(crossing.unit.code, on)
    was_on = territory.commune_at(Position(crossing.latitude, crossing.longitude), on)
    is_kept = was_on == territory.commune_at(Position(entry.latitude, entry.longitude), on)
    return replace(entry, unit_code=unit.code if unit and is_kept else None)


def _settled(session: Session, entry: Entry, on: date, known: Crossing | None = None) -> Settled:
    settled, problems = settle(session, entry, on, known)
    _refuse(problems)
    return settled


def _check_own(officer: Officer, settled: Settled) -> None:
    if not is_owner(officer, settled.unit.id if settled.unit else None, settled.line):
        raise NotAllowed("crossing_not_yours", field="position")


def _check_no_twin(session: Session, entry: Entry) -> None:
    near = near_spot(session, Position(entry.latitude, entry.longitude))
    if near and near[0].distance_m < rules.TWIN_REACH_M:
        twin = session.get_one(Crossing, near[0].id)
        details = {"text": twin.code, "distance_m": round(near[0].distance_m)}
        raise EntryRefused([Problem("crossing_near_known", "is_another", dict(details))])


def _insert(session: Session, settled: Settled, officer: Officer, now: datetime) -> Crossing:
    crossing = new_crossing(settled, officer, now)
    is_coded = crossing.code != CODE_PREFIX
    if not is_coded:
        # Its own id makes the code; until it has one, something that nobody else has.
        crossing.code = secrets.token_hex(16)
    try:
        with session.begin_nested():
            session.add(crossing)
            session.flush()
    except IntegrityError:
        details = {"text": settled.entry.code}
        raise EntryRefused([Problem("crossing_code_taken", "code", dict(details))]) from None
    if not is_coded:
        crossing.code = _free_code(session, crossing.id)
    return crossing


def _free_code(session: Session, crossing_id: int) -> str:
    """Return a code made of the id; somebody may have imported that very one."""
    code = f"{CODE_PREFIX}{crossing_id:04d}"
    while session.scalar(select(Crossing.id).where(Crossing.code == code)) is not None:
        code += "A"
    return code


def _lock(session: Session, officer: Officer, crossing_id: int, version: int) -> Crossing:
    crossing = session.scalar(
        select(Crossing)
        .where(Crossing.id == crossing_id, seen_by(officer))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if crossing is None:
        raise NotFound("crossing_not_found")
    _check_editable(officer, crossing, version)
    return crossing


def _check_editable(officer: Officer, crossing: Crossing, version: int) -> None:
    if not may_edit(officer, crossing):
        raise NotAllowed("crossing_not_yours")
    if crossing.version != version:
        raise Conflict("crossing_changed", version=crossing.version)
