"""Photo bytes are kept whole, once, unchanged, private, and durable before anybody is told."""

import hashlib
import io
import os
import threading
from pathlib import Path

import pytest

from webapp.adapters import photo_store
from webapp.adapters.photo_store import PhotoStore, hash_of
from webapp.domain.errors import NotFound

PHOTO = b"\xff\xd8\xff" + b"the bytes of a photo" * 1000
SHA256 = hashlib.sha256(PHOTO).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    return PhotoStore(tmp_path / "photos")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("photo", [PHOTO, io.BytesIO(PHOTO)])
def test_bytes_come_back_unchanged_under_their_hash(
    store: PhotoStore, photo: bytes | io.BytesIO
) -> None:
    assert store.put(photo) == SHA256
    with store.open(SHA256) as file:
        assert file.read() == PHOTO


def test_a_stream_that_was_read_already_is_kept_whole(store: PhotoStore) -> None:
    stream = io.BytesIO(PHOTO)
    stream.read()

    store.put(stream, sha256=SHA256)

    assert store.path(SHA256).read_bytes() == PHOTO


def test_the_same_bytes_are_kept_once(store: PhotoStore, tmp_path: Path) -> None:
    store.put(PHOTO)
    before = store.path(SHA256).stat()
    store.put(PHOTO)

    assert files_in(tmp_path) == [store.path(SHA256)]
    assert store.path(SHA256).stat().st_ino == before.st_ino


def test_many_at_once_leave_one_whole_file(store: PhotoStore, tmp_path: Path) -> None:
    threads = [threading.Thread(target=store.put, args=(PHOTO,)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert files_in(tmp_path) == [store.path(SHA256)]
    assert store.path(SHA256).read_bytes() == PHOTO


def test_originals_and_derivatives_lie_apart(store: PhotoStore) -> None:
    sha256 = store.put_derivative(PHOTO)

    assert store.derivative_path(sha256) != store.path(sha256)
    with pytest.raises(NotFound):
        store.open(sha256)
    with store.open_derivative(sha256) as file:
        assert file.read() == PHOTO


def test_only_the_server_itself_may_read_photos(store: PhotoStore, tmp_path: Path) -> None:
    path = store.path(store.put(PHOTO))

    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "photos").stat().st_mode & 0o077 == 0


def test_the_file_and_its_folder_are_synced_before_the_hash_is_given(
    store: PhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(photo_store.os, "fsync", note)
    path = store.path(store.put(PHOTO))

    written = next(place for place, name in enumerate(synced) if "/incoming/" in name)
    renamed = [place for place, name in enumerate(synced) if name == str(path.parent)]
    assert max(renamed) > written
    # Every new folder on the way down is made durable by syncing the one above it.
    assert {str(path.parent.parent), str(path.parent.parent.parent)} <= set(synced)


def test_a_disk_that_fails_leaves_nothing_behind(
    store: PhotoStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    store.put(b"another one")
    before = files_in(tmp_path)
    monkeypatch.setattr(photo_store.os, "fsync", full)

    with pytest.raises(OSError, match="No space left"):
        store.put(PHOTO)
    assert files_in(tmp_path) == before


def test_an_unknown_hash_is_not_found(store: PhotoStore) -> None:
    with pytest.raises(NotFound):
        store.open(SHA256)


def test_free_space_is_told_before_the_folder_exists(store: PhotoStore, tmp_path: Path) -> None:
    free = os.statvfs(tmp_path)

    assert store.free_mb() == pytest.approx(free.f_bavail * free.f_frsize / 2**20, rel=0.05)
    assert not (tmp_path / "photos").exists()


def test_a_hash_leaves_the_stream_at_its_beginning() -> None:
    stream = io.BytesIO(PHOTO)

    assert hash_of(stream) == SHA256
    assert stream.tell() == 0
