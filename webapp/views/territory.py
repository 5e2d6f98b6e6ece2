"""Doors of the administrator: units, their land with its dates, lines and rules."""

from datetime import date

from flask import Blueprint, render_template, request

from webapp import clock
from webapp.domain.errors import InvalidInput
from webapp.security import officers_only
from webapp.services import notifications, territory_overview

blueprint = Blueprint("territory", __name__)


@blueprint.get("/territory")
@officers_only("administrator")
def index() -> str:
    """Show the units and the land of a day; today when none is asked for."""
    return render_template(
        "territory/index.html",
        land=territory_overview.overview(_day()),
        messages=notifications.counts(),
    )


def _day() -> date:
    asked = request.args.get("on", "")
    try:
        return date.fromisoformat(asked) if asked else clock.today()
    except ValueError:
        raise InvalidInput("day_unreadable", field="on") from None
