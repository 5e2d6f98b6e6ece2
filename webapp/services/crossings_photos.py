"""Photos that officials take of crossings: checked, kept, prepared by a job, sent to officials."""

from collections.abc import Sequence
from typing import BinaryIO

import structlog
from sqlalchemy import select

from webapp import clock
from webapp.adapters.derivatives import MEDIA_TYPE
from webapp.adapters.photo_reader import UnreadablePhoto, make_derivatives
from webapp.adapters.photo_store import PhotoStore
from webapp.adapters.photo_trial import try_photo
from webapp.domain.errors import InvalidInput, NotFound
from webapp.extensions import db
from webapp.models import Crossing, CrossingInspection, CrossingPhoto, Officer
from webapp.services import outbox, photos
from webapp.services.crossings import visible_crossing
from webapp.services.outbox import Lease
from webapp.services.photos import CheckedPhoto, ServedPhoto
from webapp.services.transaction import Transaction, transaction

log = structlog.get_logger()

# As many as a resident's report: the crossing along the road, along the rails, and its sign.
MOST_PHOTOS = 3


def keep(files: Sequence[BinaryIO], store: PhotoStore) -> list[CheckedPhoto]:
    """Check photos and keep their bytes; nothing names them before ``add``.

    Args:
        files: seekable streams.
        store: where bytes are kept.

    Raises:
        InvalidInput: too many, empty, damaged, or nobody could see them
            (``crossing_photo_unreadable``).
        TooLarge, UnsupportedPhoto: a file is no photo that we take.
    """
    if len(files) > MOST_PHOTOS:
        raise InvalidInput("photo_too_many", field="photos", most=MOST_PHOTOS)
    checked = [photos.check_photo(file) for file in files]
    for photo in checked:
        photos.keep_photo(photo, store)
        if not try_photo(store.path(photo.sha256)).is_readable:
            raise InvalidInput("crossing_photo_unreadable", field="photos")
    return checked


def add(
    work: Transaction,
    checked: Sequence[CheckedPhoto],
    crossing: Crossing,
    inspection: CrossingInspection,
    officer: Officer,
) -> None:
    """Write down kept photos of a crossing, and ask for what people will see of them."""
    for photo in checked:
        row = CrossingPhoto(
            crossing_id=crossing.id,
            inspection_id=inspection.id,
            received_sha256=photo.sha256,
            media_type=photo.header.media_type,
            byte_size=photo.header.byte_size,
            received_at=clock.now(),
            added_by_id=officer.id,
        )
        work.session.add(row)
        work.session.flush()
        work.ask("prepare_crossing_photo", row.id)


def prepare(photo_id: int, lease: Lease, store: PhotoStore) -> None:
    """Make the derivatives of one photo; twice is like once.

    A photo that cannot be decoded after all stays without: it was tried when it came, so that
    only a disk or a new version of a library can be the reason.

    Raises:
        LeaseLost: somebody else has this work by now.
        NotFound: its bytes are not where they should be.
    """
    session = db.session()
    sha256 = session.scalar(
        select(CrossingPhoto.received_sha256).where(CrossingPhoto.id == photo_id)
    )
    session.rollback()
    made = _derivatives(sha256, store) if sha256 else None
    with transaction() as work:
        photo = work.session.get(CrossingPhoto, photo_id)
        if photo is not None and made is not None:
            photo.large_sha256, photo.small_sha256 = made
        outbox.finish(work, lease)


def derivative_of(
    officer: Officer, crossing_id: int, photo_id: int, size: str, store: PhotoStore
) -> ServedPhoto:
    """Return a picture of a crossing that an officer may see.

    Args:
        officer: whoever looks.
        crossing_id: the crossing.
        photo_id: one of its photos.
        size: "small" or "large".
        store: where derivatives are kept.

    Raises:
        NotFound: no such crossing, photo or size, or the officer may not know of it.
    """
    crossing = visible_crossing(officer, crossing_id)
    photo = db.session.get(CrossingPhoto, photo_id)
    if photo is None or photo.crossing_id != crossing.id:
        raise NotFound("photo_not_found")
    sha256 = {"large": photo.large_sha256, "small": photo.small_sha256}.get(size)
    if sha256 is None:
        raise NotFound("photo_not_found")
    return ServedPhoto(store.derivative_path(sha256), sha256, MEDIA_TYPE)


def _derivatives(sha256: str, store: PhotoStore) -> tuple[str, str] | None:
    path = store.path(sha256)
    if not path.exists():
        raise NotFound("photo_not_kept")
    try:
        made = make_derivatives(path)
    except UnreadablePhoto as error:
        log.warning("crossing_photo_unreadable", sha256=sha256, error=str(error))
        return None
    return store.put_derivative(made.large), store.put_derivative(made.small)
