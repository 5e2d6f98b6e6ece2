"""Jobs of the register of crossings: prepare one photo."""

from webapp.services import crossings_photos
from webapp.services.outbox import Lease
from workers.context import job, photo_store


@job()
def prepare_crossing_photo(subject: str, lease: Lease) -> None:
    """Make the derivatives of the crossing photo whose id is ``subject``."""
    crossings_photos.prepare(int(subject), lease, photo_store())
