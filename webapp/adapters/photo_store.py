"""Photo bytes on disk, each file named by its SHA-256; originals and derivatives lie apart."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO

from webapp.domain.errors import NotFound

# One read of a photo: large enough that Python's share of the work does not show.
CHUNK_BYTES = 1024 * 1024


class PhotoStore:
    """A folder of photos that only grows by whole, durable files.

    Making one costs nothing and touches no disk, so every caller may make its own.
    """

    def __init__(self, folder: Path) -> None:
        """Remember where the photos lie; folders are made when the first one arrives."""
        self._originals = folder / "originals"
        self._derivatives = folder / "derivatives"
        self._incoming = folder / "incoming"

    def put(self, photo: bytes | BinaryIO, *, sha256: str | None = None) -> str:
        """Keep bytes as received, and return their SHA-256 once they would survive a power cut.

        Keeping the same bytes again changes nothing.

        Args:
            photo: the bytes, or a stream that is read from its beginning.
            sha256: the hash, when the caller has just computed it over the same bytes.
        """
        return self._keep(self._originals, photo, sha256)

    def put_derivative(self, photo: bytes) -> str:
        """Keep a derivative, and return its SHA-256; derivatives can always be made again."""
        return self._keep(self._derivatives, photo, None)

    def path(self, sha256: str) -> Path:
        """Return where the bytes with that hash lie; whether they do is not checked."""
        return _file_in(self._originals, sha256)

    def open(self, sha256: str) -> BinaryIO:
        """Open bytes as received for reading.

        Raises:
            NotFound: nothing is kept under that hash.
        """
        return _open(self.path(sha256))

    def derivative_path(self, sha256: str) -> Path:
        """Return where the derivative with that hash lies; whether it does is not checked."""
        return _file_in(self._derivatives, sha256)

    def open_derivative(self, sha256: str) -> BinaryIO:
        """Open a derivative for reading.

        Raises:
            NotFound: no derivative is kept under that hash.
        """
        return _open(self.derivative_path(sha256))

    def free_mb(self) -> int:
        """Return the free space, in MB, of the disk that the photos lie on."""
        folder = self._incoming
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free // (1024 * 1024)

    def _keep(self, folder: Path, photo: bytes | BinaryIO, sha256: str | None) -> str:
        stream = BytesIO(photo) if isinstance(photo, bytes) else photo
        sha256 = sha256 or hash_of(stream)
        target = _file_in(folder, sha256)
        if not target.exists():
            _make_folder(target.parent)
            with self._incoming_file() as (path, file):
                _copy(stream, file)
                file.flush()
                os.fsync(file.fileno())
                path.replace(target)
        # Also when the file was there: whoever put it may not have come this far yet.
        _sync_folder(target.parent)
        return sha256

    @contextmanager
    def _incoming_file(self) -> Iterator[tuple[Path, IO[bytes]]]:
        _make_folder(self._incoming)
        path = self._incoming / secrets.token_hex(16)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield path, file
        finally:
            path.unlink(missing_ok=True)


def hash_of(stream: BinaryIO) -> str:
    """Return the SHA-256 of a whole stream, which is left at its beginning."""
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
    stream.seek(0)
    return digest.hexdigest()


def _file_in(folder: Path, sha256: str) -> Path:
    # Two letters make 256 folders: none of them grows too long to list.
    return folder / sha256[:2] / sha256


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise NotFound("photo_not_kept") from None


def _copy(source: BinaryIO, target: IO[bytes]) -> None:
    source.seek(0)
    shutil.copyfileobj(source, target, CHUNK_BYTES)


def _make_folder(folder: Path) -> None:
    """Make a folder that survives a power cut, with its parents, readable by ourselves only."""
    if folder.exists():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
