"""Jobs of triage: place one report, prepare one photo."""

from webapp.services import photo_preparation, triage
from webapp.services.outbox import Lease
from workers.context import job, photo_store


def hold_report(subject: str, lease: Lease) -> None:
    """Put a report before a person because the machine tried often enough."""
    triage.hold_as_exhausted(int(subject), lease)


def give_up_photo(subject: str, lease: Lease) -> None:
    """Mark a photo as unreadable because the machine tried often enough."""
    photo_preparation.give_up(int(subject), lease)


@job(gives_up=hold_report)
def triage_report(subject: str, lease: Lease) -> None:
    """Triage the report whose id is ``subject``."""
    triage.triage_report(int(subject), lease, photo_store())


@job(gives_up=give_up_photo)
def prepare_photo(subject: str, lease: Lease) -> None:
    """Make the derivatives of the photo whose id is ``subject``."""
    photo_preparation.prepare_photo(int(subject), lease, photo_store())
