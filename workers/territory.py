"""Jobs of territory: let open cases follow their land on the day new boundaries hold."""

from datetime import date

from webapp.services import territory_turn
from webapp.services.outbox import Lease
from workers.context import job


@job()
def switch_territory(subject: str, lease: Lease) -> None:
    """Switch to the land of the day that ``subject`` names, such as 2025-07-01."""
    territory_turn.switch(date.fromisoformat(subject), lease)
