"""Photos on their way in and out: checked before they are kept, shown once they were reviewed."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from webapp.adapters.derivatives import MEDIA_TYPE
from webapp.adapters.photo_reader import PhotoHeader, check_header
from webapp.adapters.photo_store import PhotoStore, hash_of
from webapp.domain.errors import NoRoom, NotFound
from webapp.models import Photo


@dataclass(frozen=True)
class CheckedPhoto:
    """A photo that may be kept: its bytes, their hash, and what its header says."""

    stream: BinaryIO
    sha256: str
    header: PhotoHeader


@dataclass(frozen=True)
class ServedPhoto:
    """A derivative as a file; its hash serves as the ETag, for its bytes never change."""

    path: Path
    sha256: str
    media_type: str


def check_photo(stream: BinaryIO) -> CheckedPhoto:
    """Check a photo's size and header, and hash its bytes; nothing is stored.

    Args:
        stream: a seekable stream with the whole file.

    Raises:
        InvalidInput: the file is empty or its header is damaged.
        TooLarge: over 12 MB or over 40 megapixels.
        UnsupportedPhoto: not a JPEG, PNG or WebP photo.
    """
    header = check_header(stream)
    return CheckedPhoto(stream, hash_of(stream), header)


def check_room(store: PhotoStore, *, min_free_mb: int) -> None:
    """Refuse photos while there is still room for everything else that writes.

    Raises:
        NoRoom: less than ``min_free_mb`` MB would be left for others.
    """
    if store.free_mb() < min_free_mb:
        raise NoRoom("disk_nearly_full")


def keep_photo(photo: CheckedPhoto, store: PhotoStore) -> None:
    """Keep the bytes as received; when this returns, they survive a power cut."""
    store.put(photo.stream, sha256=photo.sha256)


def photo_values(
    photo: CheckedPhoto, *, role: str, sort_order: int, now: datetime
) -> dict[str, Any]:
    """Return a photo's columns as its bytes alone tell them; its report or case is still to add.

    Args:
        photo: a photo whose bytes are kept.
        role: "evidence" of a report or proof "after" a case was resolved.
        sort_order: its place among the photos that came with it, from 0.
        now: when it was received.
    """
    return {
        "role": role,
        "sort_order": sort_order,
        "received_sha256": photo.sha256,
        "media_type": photo.header.media_type,
        "byte_size": photo.header.byte_size,
        "width_px": photo.header.width_px,
        "height_px": photo.header.height_px,
        "received_at": now,
        "state": "pending",
        "review": "pending",
    }


def new_photo(photo: CheckedPhoto, *, role: str, sort_order: int, now: datetime) -> Photo:
    """Return a photo's row, made of ``photo_values``; its report or case is still to add."""
    return Photo(**photo_values(photo, role=role, sort_order=sort_order, now=now))


def derivative_of(photo: Photo, size: str, *, store: PhotoStore) -> ServedPhoto:
    """Return one derivative of a photo; whether the asker may see it is for the caller to know.

    Raises:
        NotFound: no such size, or the photo has no derivatives.
    """
    sha256 = {"large": photo.large_sha256, "small": photo.small_sha256}.get(size)
    if sha256 is None:
        raise NotFound("photo_not_found")
    return ServedPhoto(store.derivative_path(sha256), sha256, MEDIA_TYPE)
