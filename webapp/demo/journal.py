"""Remembers how far the demonstration was loaded, so that an interrupted start continues."""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from webapp.domain.evidence import tracking_key_from

JOURNAL_FILE = "demo.json"
KEY_BYTES = 16


@dataclass(frozen=True)
class Journal:
    """When loading began, from what all keys are drawn, and whether it came to its end.

    With the same beginning and the same secret the stories are the same, report by report, so
    telling them again adds only what is missing.
    """

    began_at: str
    secret: str
    is_finished: bool = False

    @property
    def moment(self) -> datetime:
        """Return when loading began; every story counts back from here."""
        return datetime.fromisoformat(self.began_at)

    def tracking_key(self, subject: str) -> str:
        """Return the tracking key of one report of the stories."""
        return tracking_key_from(self._digest(f"report:{subject}")[:KEY_BYTES])

    def install_key(self, phone: str) -> str:
        """Return the install key of one phone of the stories."""
        return self._digest(f"phone:{phone}").hex()

    def _digest(self, words: str) -> bytes:
        return hmac.new(self.secret.encode(), words.encode(), hashlib.sha256).digest()


def read(var: Path) -> Journal | None:
    """Return the journal; None when no demonstration was begun here."""
    file = var / JOURNAL_FILE
    return Journal(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def begin(var: Path, now: datetime) -> Journal:
    """Open a fresh journal."""
    began_at = now.replace(second=0, microsecond=0).isoformat()
    return _write(var, Journal(began_at, secrets.token_hex(KEY_BYTES)))


def finish(var: Path, journal: Journal) -> Journal:
    """Note that everything was told."""
    return _write(var, replace(journal, is_finished=True))


def _write(var: Path, journal: Journal) -> Journal:
    var.mkdir(parents=True, exist_ok=True)
    draft = var / f".{JOURNAL_FILE}.{os.getpid()}"
    # The keys open the reports of the stories, so the file is for its owner only.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        json.dump(asdict(journal), handle)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(var / JOURNAL_FILE)
    return journal
