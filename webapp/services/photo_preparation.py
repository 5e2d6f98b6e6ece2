"""Prepares photos for people: reads what their bytes claim and makes the derivatives.

A photo may be damaged, or made to hurt its reader. Every try is counted before it begins, so that
a photo which kills the process is found out as well as one that raises an error.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from webapp.adapters.photo_reader import UnreadablePhoto, make_derivatives, read_exif
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.errors import NotFound
from webapp.extensions import db
from webapp.models import Photo
from webapp.services import outbox
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
    """What became of one photo; the hashes are empty when its pixels cannot be read."""

    photo_id: int
    exif_read: dict[str, Any] | None
    large_sha256: str | None = None
    small_sha256: str | None = None

    @property
    def is_readable(self) -> bool:
        """Whether there are derivatives to show."""
        return self.large_sha256 is not None


def prepare_photos_of(report_id: int, store: PhotoStore) -> list[Prepared]:
    """Prepare a report's photos that still wait for it, outside any transaction."""
    return [_prepare(photo, store) for photo in _read(Photo.report_id == report_id)]


def prepare_photo(photo_id: int, lease: Lease, store: PhotoStore) -> None:
    """Prepare one photo, such as the proof of a resolved case; twice is like once.

    Raises:
        LeaseLost: somebody else has this work by now; nothing was changed.
    """
    prepared = [_prepare(photo, store) for photo in _read(Photo.id == photo_id)]
    with transaction() as work:
        keep(work.session, prepared)
        outbox.finish(work, lease)


def give_up(photo_id: int, lease: Lease) -> None:
    """Mark a photo as unreadable that could not be prepared in any attempt."""
    with transaction() as work:
        keep(work.session, [Prepared(photo_id, None)])
        outbox.finish(work, lease)


def keep(session: Session, prepared: Iterable[Prepared]) -> None:
    """Write down what became of photos that were still pending."""
    for result in prepared:
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


def _prepare(photo: Waiting, store: PhotoStore) -> Prepared:
    path = store.path(photo.received_sha256)
    if not path.exists():
        # Not the photo's fault: the disk may be away. The job fails and comes again.
        raise NotFound("photo_not_kept")
    exif = read_exif(path).as_json()
    for _ in range(photo.failures, MOST_TRIES):
        _count_try(photo.photo_id)
        try:
            made = make_derivatives(path)
        except UnreadablePhoto as error:
            log.warning("photo_unreadable", photo=photo.photo_id, error=str(error))
        else:
            large = store.put_derivative(made.large)
            return Prepared(photo.photo_id, exif, large, store.put_derivative(made.small))
    return Prepared(photo.photo_id, exif)


def _count_try(photo_id: int) -> None:
    """Count before trying; a try that succeeds is the last one, so nothing need be taken back."""
    with transaction() as work:
        work.session.execute(
            update(Photo).where(Photo.id == photo_id).values(failures=Photo.failures + 1)
        )
