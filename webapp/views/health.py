"""Doors for whoever watches the machine: is the process alive, and can it serve."""

from flask import Blueprint, Response, jsonify

from webapp.extensions import settings_in_use
from webapp.security import public_door
from webapp.services import health

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public_door
def alive() -> Response:
    """Say that the process answers."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
@public_door
def ready() -> tuple[Response, int]:
    """Say whether reports can be taken, and what stands in the way."""
    settings = settings_in_use()
    state = health.readiness(settings.photo_folder)
    body = jsonify(
        status="ready" if state.is_ready else "not ready",
        database=state.database,
        photos=state.photos,
        redis=state.redis,
    )
    return body, 200 if state.is_ready else 503
