"""What a form may know before it sends: whose land a spot lies on, how surely, and who will lead.

The answer holds nothing but what the map of units and corridors shows. Neither the question nor
anything of it is kept or logged.
"""

from dataclasses import dataclass

from webapp import clock
from webapp.config import Settings
from webapp.domain.geo import Position
from webapp.domain.routing import Certainty
from webapp.extensions import db
from webapp.models import Unit
from webapp.services import intake_limits, routing
from webapp.services.corridors import Located
from webapp.services.public_nearby import read_question


@dataclass(frozen=True)
class Preview:
    """Where a report would go if it were sent now.

    Attributes:
        certainty: as ``domain.routing.Ground`` has it; never ``unplaced``.
        unit: the commune on whose land the spot lies; None when nobody holds it.
        others: further communes that the disc touches, each with its share, the largest first.
        corridor: the line on whose strip it lies.
        leads: who would have to act; None when nobody holds the land or nobody is responsible.
    """

    certainty: Certainty
    unit: Unit | None
    others: tuple[tuple[Unit, float], ...]
    corridor: Located | None
    leads: Unit | None


def answer(raw: bytes, *, address: str, settings: Settings) -> Preview:
    """Say where a report would go: JSON with latitude, longitude, accuracy_m and category.

    Raises:
        TooLarge, InvalidInput: the question cannot be used (``public_nearby.read_question``).
        TooMany: too many questions from this address in the last minute.
    """
    question = read_question(raw)
    intake_limits.spend_preview_of_address(
        address, per_minute=settings.nearby_per_address_minute, secret_key=settings.secret_key
    )
    spot = Position(question.latitude, question.longitude, question.accuracy_m)
    return preview(spot, question.category_code)


def preview(spot: Position, category_code: str | None) -> Preview:
    """Say where a report from a spot would go today."""
    route = routing.route(spot, spot.accuracy_m, category_code, clock.today())
    ground = route.ground
    return Preview(
        certainty=ground.certainty,
        unit=_unit(route.commune_id),
        others=tuple(
            (db.session.get_one(Unit, each.unit_id), each.share)
            for each in ground.shares
            if each.unit_id != route.commune_id
        ),
        corridor=route.corridor,
        leads=_unit(route.lead_unit_id),
    )


def _unit(unit_id: int | None) -> Unit | None:
    return None if unit_id is None else db.session.get_one(Unit, unit_id)
