"""Files between preview and confirmation: kept by their SHA-256 for a day, then gone."""

import hashlib
import os
import re
import secrets
from datetime import datetime, timedelta
from pathlib import Path

# A file is looked at in the morning and confirmed after a meeting; what nobody confirmed goes.
KEPT_FOR = timedelta(days=1)

_SHA256 = re.compile(r"[0-9a-f]{64}")


class UploadStore:
    """A folder of uploads that are not wanted yet; making one costs nothing."""

    def __init__(self, folder: Path) -> None:
        """Remember where uploads lie; the folder is made when the first one arrives."""
        self._folder = folder

    def keep(self, content: bytes, *, now: datetime) -> str:
        """Keep a file for ``KEPT_FOR`` and return its SHA-256; older files go."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._forget(before=now - KEPT_FOR)
        sha256 = hashlib.sha256(content).hexdigest()
        incoming = self._folder / f"incoming-{secrets.token_hex(8)}"
        descriptor = os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.utime(incoming, (now.timestamp(), now.timestamp()))
        incoming.replace(self._folder / sha256)
        return sha256

    def read(self, sha256: str) -> bytes | None:
        """Return a file that was kept, unless it is gone or not what its name says."""
        if not _SHA256.fullmatch(sha256):
            return None
        try:
            content = (self._folder / sha256).read_bytes()
        except FileNotFoundError:
            return None
        return content if hashlib.sha256(content).hexdigest() == sha256 else None

    def _forget(self, *, before: datetime) -> None:
        for path in self._folder.iterdir():
            if path.is_file() and path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)
