"""The door that tells a form where a report would go, before it is sent."""

from typing import Any

from flask import Blueprint, jsonify, make_response, request
from werkzeug.wrappers import Response

from webapp import errors
from webapp.domain.errors import AnLoError, TooLarge
from webapp.extensions import csrf, settings_in_use
from webapp.models import Unit
from webapp.security import public_door, refuse_other_sites
from webapp.services import territory_preview
from webapp.services.corridors import Located
from webapp.services.public_nearby import MAX_QUESTION_BYTES

blueprint = Blueprint("territory_preview", __name__)

# A share is told to the hundredth: what the disc is made of is no surer than that.
SHARE_DECIMALS = 2


@blueprint.post("/territory/preview")
@public_door
def preview() -> Response:
    """Tell where a report would go from the position in the JSON body; nothing is kept.

    The position is in the body and not in the address, so that no log of addresses has it.
    """
    refuse_other_sites()
    if (request.content_length or 0) > MAX_QUESTION_BYTES:
        raise TooLarge("nearby_too_long")
    # A body that does not say its length is read no further than one byte too far.
    raw = request.stream.read(MAX_QUESTION_BYTES + 1)
    settings = settings_in_use()
    found = territory_preview.answer(raw, address=request.remote_addr or "", settings=settings)
    body = jsonify(
        unit=_named(found.unit),
        certainty=found.certainty,
        others=[
            {**_named_unit(unit), "share": round(share, SHARE_DECIMALS)}
            for unit, share in found.others
        ],
        corridor=_line(found.corridor),
        leads=_named(found.leads),
    )
    return _private(make_response(body))


# There is no session to protect, and a form may have lain open for days.
csrf.exempt(preview)


@blueprint.errorhandler(AnLoError)
def _answer_error(error: AnLoError) -> Response:
    """Answer programs, whatever they say they read."""
    return errors.answer_in_json(error)


def _named(unit: Unit | None) -> dict[str, Any] | None:
    return None if unit is None else _named_unit(unit)


def _named_unit(unit: Unit) -> dict[str, Any]:
    return {"code": unit.code, "kind": unit.kind, "name": unit.name}


def _line(found: Located | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"code": found.corridor.code, "name": found.corridor.name, "label": found.label}


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
