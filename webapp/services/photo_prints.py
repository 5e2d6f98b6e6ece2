"""Keeps the prints of photos: what comparing needs of each picture, taken once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from sqlalchemy import Select, and_, bindparam, delete, func, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.adapters import photo_matcher
from webapp.adapters.photo_matcher import PRINT_VERSION, PhotoPrint
from webapp.adapters.photo_reader import UnreadablePhoto
from webapp.adapters.photo_store import PhotoStore
from webapp.extensions import db
from webapp.models import Photo
from webapp.models import PhotoPrint as PrintRow
from webapp.services.transaction import insert_into, transaction

log = structlog.get_logger()

_QUARTER_BITS = 16
_QUARTER = (1 << _QUARTER_BITS) - 1
_WORD = 1 << 64
_HIGHEST_SIGNED = (1 << 63) - 1

# No hash has such a quarter, so whatever is looked up by quarters never finds it.
_NO_QUARTER = -1
_NOTHING_TO_SEE = b""

# So many photos are looked at before the next line of progress.
_BATCH = 100

# Made once: every report that comes asks it, and putting it together takes longer than running it.
_PHOTO = Photo.__table__.c
_READY_PHOTOS = (
    select(_PHOTO.id, _PHOTO.report_id, _PHOTO.received_sha256, _PHOTO.large_sha256)
    .where(_PHOTO.report_id.in_(bindparam("report_ids", expanding=True)), _PHOTO.state == "ready")
    .order_by(_PHOTO.report_id, _PHOTO.sort_order)
)

Outcome = Literal["taken", "unprintable", "away"]


@dataclass(frozen=True)
class Picture:
    """What a print is kept under, and the derivative that it is taken of."""

    received_sha256: str
    large_sha256: str


@dataclass(frozen=True)
class Printed:
    """A ready photo of a report as comparisons know it; prints of the very same bytes are one."""

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
    _write(
        session,
        taken.sha256,
        as_signed(taken.perceptual_hash),
        quarters(taken.perceptual_hash),
        taken.to_bytes(),
    )


def keep_unprintable(session: Session, received_sha256: str) -> None:
    """Write down that a picture has nothing to compare, so that nobody tries it again."""
    none = (_NO_QUARTER,) * 4
    _write(session, received_sha256, 0, none, _NOTHING_TO_SEE)


def _write(
    session: Session, sha256: str, word: int, parts: tuple[int, int, int, int], features: bytes
) -> None:
    # A print of another version is of no use to anybody.
    session.execute(
        delete(PrintRow).where(
            PrintRow.received_sha256 == sha256, PrintRow.version != PRINT_VERSION
        )
    )
    row = insert_into(session, PrintRow).values(
        received_sha256=sha256,
        version=PRINT_VERSION,
        perceptual_hash=word,
        **{f"quarter_{at}": value for at, value in enumerate(parts)},
        features=features,
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
    rows = session.execute(_READY_PHOTOS, {"report_ids": tuple(report_ids)})
    return [
        Printed(photo_id, report_id, sha256, large_sha256)
        for photo_id, report_id, sha256, large_sha256 in rows
        if report_id is not None and large_sha256 is not None
    ]


def prints_of(session: Session, hashes: Iterable[str]) -> dict[str, PhotoPrint]:
    """Read the prints of this version, by the hash of the bytes.

    What has none is missing, and so is what cannot be printed: there is nothing to compare.
    """
    wanted = select(PrintRow.received_sha256, PrintRow.features).where(
        PrintRow.received_sha256.in_(set(hashes)), PrintRow.version == PRINT_VERSION
    )
    found = session.execute(wanted)
    return {sha256: PhotoPrint.from_bytes(raw) for sha256, raw in found if raw != _NOTHING_TO_SEE}


def take_missing(photos: Sequence[Printed], store: PhotoStore) -> Counter[Outcome]:
    """Take the prints of photos that came before there were prints, or under an older version.

    Each is committed at once. A picture that cannot be printed is remembered as such; a derivative
    that is away is left out, for the disk may come back.

    Returns:
        How many were taken, were unprintable, were away; of the very same bytes one.
    """
    return _take([Picture(photo.received_sha256, photo.large_sha256) for photo in photos], store)


def _take(pictures: Sequence[Picture], store: PhotoStore) -> Counter[Outcome]:
    of_bytes = {picture.received_sha256: picture for picture in pictures}
    known = select(PrintRow.received_sha256).where(
        PrintRow.received_sha256.in_(of_bytes), PrintRow.version == PRINT_VERSION
    )
    session = db.session()
    missing = of_bytes.keys() - set(session.scalars(known))
    session.rollback()
    return Counter(
        _take_and_keep(picture, store) for sha256, picture in of_bytes.items() if sha256 in missing
    )


def _take_and_keep(picture: Picture, store: PhotoStore) -> Outcome:
    path = store.derivative_path(picture.large_sha256)
    if not path.exists():
        return "away"
    taken = take(path.read_bytes(), picture.received_sha256)
    with transaction() as work:
        if taken is None:
            keep_unprintable(work.session, picture.received_sha256)
            return "unprintable"
        keep(work.session, taken)
    return "taken"


def count_missing() -> int:
    """Return how many ready photos, of reports and of proofs, have no print of this version."""
    session = db.session()
    count = session.scalar(select(func.count()).select_from(_missing().subquery()))
    session.rollback()
    return count or 0


def take_all_missing(store: PhotoStore) -> Iterator[tuple[int, Counter[Outcome]]]:
    """Take the prints of all ready photos that have none, oldest first, in batches.

    Begun again it goes on where it ended, for what was taken is committed and not missing.

    Yields:
        After each batch: how many photos it looked at, and what came of them.
    """
    session, last_id = db.session(), 0
    while True:
        query = _missing().where(Photo.id > last_id).order_by(Photo.id).limit(_BATCH)
        rows = session.execute(query).all()
        session.rollback()
        if not rows:
            return
        last_id = rows[-1][0]
        batch = [Picture(sha256, large) for _, sha256, large in rows if large is not None]
        yield len(batch), _take(batch, store)


def _missing() -> Select[int, str, str | None]:
    """Find the ready photos without a print of this version."""
    is_its_print = and_(
        PrintRow.received_sha256 == Photo.received_sha256, PrintRow.version == PRINT_VERSION
    )
    return (
        select(Photo.id, Photo.received_sha256, Photo.large_sha256)
        .outerjoin(PrintRow, is_its_print)
        .where(
            Photo.state == "ready",
            Photo.large_sha256.is_not(None),
            PrintRow.received_sha256.is_(None),
        )
    )
