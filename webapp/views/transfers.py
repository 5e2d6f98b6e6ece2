"""The door of the district's rulings: transfers that are contested, silent, or still in time."""

from flask import Blueprint, render_template

from webapp.security import current_officer, officers_only
from webapp.services import casework_acts, transfers_overview

blueprint = Blueprint("transfers", __name__)


@blueprint.get("/transfers")
@officers_only("supervisor", "overseer")
def index() -> str:
    """Show what waits for an answer, with a form for each ruling, and every unit's figures."""
    return render_template(
        "transfers/index.html",
        overview=transfers_overview.read_overview(current_officer()),
        most_words=casework_acts.MOST_WORDS,
    )
