"""Prepares photos: reads what their bytes claim, makes the derivatives and the print to compare.

A photo may be damaged, or made to hurt its reader. Every try is counted before it begins, so that
a photo which kills the process is found out as well as one that raises an error. What came of a
photo is committed at once, and a try that failed for another reason than the photo is taken back:
whatever goes wrong later with its report says nothing about the photo.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from webapp.adapters.photo_matcher import PhotoPrint
from webapp.adapters.photo_reader import UnreadablePhoto, make_derivatives, read_exif
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.errors import NotFound
from webapp.extensions import db
from webapp.models import Photo
from webapp.services import outbox, photo_prints
from webapp.services.outbox import Lease
from webapp.services.transaction import transaction

log = structlog.get_logger()

# What fails twice in the same way fails a third time.
MOST_TRIES = 2


@dataclass(frozen=True)
class Waiting:
    """A photo that waits for its derivatives, and how often making them was tried."""

    photo_id: int
    received_sha256: str
    failures: int


@dataclass(frozen=True)
class Prepared:
    """What became of one photo; the hashes are empty when its pixels cannot be read.

    ``print`` is missing where the photo shows nothing to go by, or one of the very same bytes was
    taken before.
    """

    photo_id: int
    exif_read: dict[str, Any] | None
    large_sha256: str | None = None
    small_sha256: str | None = None
    print: PhotoPrint | None = None

    @property
    def is_readable(self) -> bool:
        """Whether there are derivatives to show."""
        return self.large_sha256 is not None


def prepare_photos_of(report_id: int, store: PhotoStore) -> None:
    """Prepare a report's photos that still wait for it; each is committed before the next.

    Raises:
        NotFound: the bytes of a photo are not where they should be.
    """
    for photo in _read(Photo.report_id == report_id):
        _prepare_and_keep(photo, store)


def prepare_photo(photo_id: int, lease: Lease, store: PhotoStore) -> None:
    """Prepare one photo, such as the proof of a resolved case; twice is like once.

    Raises:
        LeaseLost: somebody else has this work by now; the photo is prepared all the same.
        NotFound: its bytes are not where they should be.
    """
    for photo in _read(Photo.id == photo_id):
        _prepare_and_keep(photo, store)
    with transaction() as work:
        outbox.finish(work, lease)


def give_up(photo_id: int, lease: Lease) -> None:
    """Mark a photo as unreadable that could not be prepared in any attempt."""
    with transaction() as work:
        keep(work.session, Prepared(photo_id, None))
        outbox.finish(work, lease)


def keep(session: Session, result: Prepared) -> None:
    """Write down what became of a photo, if it is still pending, and its print."""
    if result.print is not None:
        photo_prints.keep(session, result.print)
    session.execute(
        update(Photo)
        .where(Photo.id == result.photo_id, Photo.state == "pending")
        .values(
            exif_read=result.exif_read,
            state="ready" if result.is_readable else "unreadable",
            large_sha256=result.large_sha256,
            small_sha256=result.small_sha256,
        )
    )


def try_again(session: Session, report_id: int) -> None:
    """Let the unreadable photos of a report be tried once more, as a person asked."""
    session.execute(
        update(Photo)
        .where(Photo.report_id == report_id, Photo.state == "unreadable")
        .values(state="pending", failures=0)
    )


def _read(*which: ColumnElement[bool]) -> list[Waiting]:
    query = select(Photo.id, Photo.received_sha256, Photo.failures).where(
        Photo.state == "pending", *which
    )
    session = db.session()
    session.rollback()
    waiting = [Waiting(*row) for row in session.execute(query.order_by(Photo.sort_order))]
    session.rollback()
    return waiting


def _prepare_and_keep(photo: Waiting, store: PhotoStore) -> None:
    if photo.failures >= MOST_TRIES:
        _keep_at_once(Prepared(photo.photo_id, _exif(photo, store)))
        return
    _keep_at_once(_made_before(photo, store) or _prepare(photo, store))


def _keep_at_once(result: Prepared) -> None:
    with transaction() as work:
        keep(work.session, result)


def _exif(photo: Waiting, store: PhotoStore) -> dict[str, Any]:
    return read_exif(_bytes_of(photo, store)).as_json()


def _bytes_of(photo: Waiting, store: PhotoStore) -> Path:
    path = store.path(photo.received_sha256)
    if not path.exists():
        # Not the photo's fault: the disk may be away. The job fails and comes again.
        raise NotFound("photo_not_kept")
    return path


def _made_before(photo: Waiting, store: PhotoStore) -> Prepared | None:
    """Return what was made of the very same bytes earlier, as when one sends a photo twice."""
    query = select(Photo.exif_read, Photo.large_sha256, Photo.small_sha256).where(
        Photo.received_sha256 == photo.received_sha256, Photo.state == "ready"
    )
    session = db.session()
    row = session.execute(query.order_by(Photo.id).limit(1)).one_or_none()
    session.rollback()
    if row is None or not _are_kept(store, row.large_sha256, row.small_sha256):
        return None
    # Its print stands under the same bytes.
    return Prepared(photo.photo_id, *row)


def _are_kept(store: PhotoStore, *hashes: str | None) -> bool:
    return all(sha256 and store.derivative_path(sha256).exists() for sha256 in hashes)


def _prepare(photo: Waiting, store: PhotoStore) -> Prepared:
    path, exif = _bytes_of(photo, store), _exif(photo, store)
    for _ in range(photo.failures, MOST_TRIES):
        with _counted_try(photo.photo_id):
            try:
                made = make_derivatives(path)
            except UnreadablePhoto as error:
                log.warning("photo_unreadable", photo=photo.photo_id, error=str(error))
            else:
                # Whatever a picture does to the library that looks at it, the try is counted.
                taken = photo_prints.take(made.large, photo.received_sha256)
                large = store.put_derivative(made.large)
                small = store.put_derivative(made.small)
                return Prepared(photo.photo_id, exif, large, small, taken)
    return Prepared(photo.photo_id, exif)


@contextmanager
def _counted_try(photo_id: int) -> Iterator[None]:
    """Count a try before it begins; one that the disk or the machine ended is taken back.

    A photo that kills the process, or uses up its processor time (``OutOfCpu``, no Exception),
    leaves its try counted.
    """
    _count(photo_id, 1)
    try:
        yield
    except OSError:
        _count(photo_id, -1)
        raise


def _count(photo_id: int, change: int) -> None:
    with transaction() as work:
        work.session.execute(
            update(Photo)
            .where(Photo.id == photo_id, Photo.state == "pending")
            .values(failures=Photo.failures + change)
        )
