"""Keeps the prints of photos: what comparing needs of each picture, taken once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp import clock
from webapp.adapters import photo_matcher
from webapp.adapters.photo_matcher import PRINT_VERSION, PhotoPrint
from webapp.adapters.photo_reader import UnreadablePhoto
from webapp.adapters.photo_store import PhotoStore
from webapp.extensions import db
from webapp.models import Photo
from webapp.models import PhotoPrint as PrintRow
from webapp.services.transaction import transaction

log = structlog.get_logger()

_QUARTER_BITS = 16
_QUARTER = (1 << _QUARTER_BITS) - 1
_WORD = 1 << 64
_HIGHEST_SIGNED = (1 << 63) - 1


@dataclass(frozen=True)
class Printed:
    """A ready photo as comparisons know it; prints of the very same bytes are one."""

    photo_id: int
    report_id: int
    received_sha256: str
    large_sha256: str


def take(picture: bytes, received_sha256: str) -> PhotoPrint | None:
    """Take the print of a derivative; None when even that cannot be looked at.

    Args:
        picture: the bytes of the large derivative.
        received_sha256: of the bytes as received; prints are kept under it.
    """
    try:
        return photo_matcher.take_print(picture, sha256=received_sha256)
    except UnreadablePhoto as error:
        log.warning("print_not_taken", sha256=received_sha256, error=str(error))
        return None


def keep(session: Session, taken: PhotoPrint) -> None:
    """Write a print down, in the place of one of an older version; safe to repeat."""
    # A print of another version is of no use to anybody.
    session.execute(
        delete(PrintRow).where(
            PrintRow.received_sha256 == taken.sha256, PrintRow.version != PRINT_VERSION
        )
    )
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if is_postgresql else sqlite.insert
    row = insert(PrintRow).values(
        received_sha256=taken.sha256,
        version=PRINT_VERSION,
        perceptual_hash=as_signed(taken.perceptual_hash),
        **{f"quarter_{at}": value for at, value in enumerate(quarters(taken.perceptual_hash))},
        features=taken.to_bytes(),
        made_at=clock.now(),
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["received_sha256"]))


def as_signed(word: int) -> int:
    """Return 64 bits as the signed number that both databases can keep."""
    return word - _WORD if word > _HIGHEST_SIGNED else word


def as_unsigned(number: int) -> int:
    """Return the 64 bits of a signed number as they were."""
    return number % _WORD


def quarters(word: int) -> tuple[int, int, int, int]:
    """Split 64 bits into four numbers of 16 bits, the highest first."""
    shifts = (3 * _QUARTER_BITS, 2 * _QUARTER_BITS, _QUARTER_BITS, 0)
    first, second, third, fourth = ((word >> shift) & _QUARTER for shift in shifts)
    return first, second, third, fourth


def ready_photos(session: Session, report_ids: Iterable[int]) -> list[Printed]:
    """Return the photos of reports that can be compared, by report and in their order."""
    rows = session.execute(
        select(Photo.id, Photo.report_id, Photo.received_sha256, Photo.large_sha256)
        .where(Photo.report_id.in_(tuple(report_ids)), Photo.state == "ready")
        .order_by(Photo.report_id, Photo.sort_order)
    )
    return [
        Printed(photo_id, report_id, sha256, large_sha256)
        for photo_id, report_id, sha256, large_sha256 in rows
        if report_id is not None and large_sha256 is not None
    ]


def prints_of(session: Session, hashes: Iterable[str]) -> dict[str, PhotoPrint]:
    """Read the prints of this version, by the hash of the bytes; what has none is missing."""
    wanted = select(PrintRow.received_sha256, PrintRow.features).where(
        PrintRow.received_sha256.in_(set(hashes)), PrintRow.version == PRINT_VERSION
    )
    return {sha256: PhotoPrint.from_bytes(raw) for sha256, raw in session.execute(wanted)}


def take_missing(photos: Sequence[Printed], store: PhotoStore) -> None:
    """Take the prints of photos that came before there were prints, or under an older version.

    Each is committed at once; a derivative that is away is left out, for a person can still see
    that nothing was compared.
    """
    hashes = {photo.received_sha256 for photo in photos}
    known = select(PrintRow.received_sha256).where(
        PrintRow.received_sha256.in_(hashes), PrintRow.version == PRINT_VERSION
    )
    session = db.session()
    missing = hashes - set(session.scalars(known))
    session.rollback()
    for photo in {photo.received_sha256: photo for photo in photos}.values():
        path = store.derivative_path(photo.large_sha256)
        if photo.received_sha256 in missing and path.exists():
            _take_and_keep(path, photo.received_sha256)


def _take_and_keep(path: Path, received_sha256: str) -> None:
    taken = take(path.read_bytes(), received_sha256)
    if taken is not None:
        with transaction() as work:
            keep(work.session, taken)
