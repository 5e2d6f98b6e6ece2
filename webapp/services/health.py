"""Whether the house can take a report: the database and the disk must be there, Redis need not."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from webapp.adapters import job_queue
from webapp.extensions import db

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@dataclass(frozen=True)
class Readiness:
    """The state of each part in one word; only ``redis`` may be away."""

    database: str
    photos: str
    redis: str

    @property
    def is_ready(self) -> bool:
        """Whether a report that comes now would be kept."""
        return self.database == "ready" and self.photos == "ready"


def readiness(photo_folder: Path) -> Readiness:
    """Ask every part for its state."""
    return Readiness(
        database=_database(),
        photos="ready" if _is_writable(photo_folder) else "not writable",
        redis="ready" if job_queue.is_answering() else "away",
    )


def _database() -> str:
    """``ready``, ``migrations missing`` or ``away``."""
    try:
        revision = MigrationContext.configure(db.session.connection()).get_current_revision()
    except SQLAlchemyError:
        return "away"
    return "ready" if revision == newest_revision() else "migrations missing"


@cache
def newest_revision() -> str | None:
    """Return the newest migration that this code brings along."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _is_writable(folder: Path) -> bool:
    # Before the first photo the folder itself does not exist yet; its parent makes it.
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            return True
    except OSError:
        return False
