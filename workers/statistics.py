"""Jobs of statistics: count one day anew."""

from datetime import date

from webapp.services import tallies
from webapp.services.outbox import Lease
from workers.context import job


@job()
def rebuild_tallies(subject: str, lease: Lease) -> None:
    """Rebuild the tallies of the local day that ``subject`` names, such as 2026-11-22."""
    tallies.rebuild_tallies(date.fromisoformat(subject), lease)
