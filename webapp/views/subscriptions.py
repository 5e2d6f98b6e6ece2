"""Doors behind the links in messages: confirm, read how things stand, unsubscribe, take back.

Opening a link changes nothing, for mail programs open links before their readers do. Whoever has
the link may do what its page offers, so no other token is asked for.
"""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp.domain.errors import NotFound
from webapp.extensions import csrf, settings_in_use
from webapp.security import public_door, refuse_other_sites
from webapp.services import subscriptions

blueprint = Blueprint("subscriptions", __name__, url_prefix="/m")


@blueprint.get("/<capability>")
@public_door
def page(capability: str) -> str:
    """Ask whether to tell, or show how the report stands, as its tracking page does."""
    found = subscriptions.subscription(capability, settings_in_use())
    if found.page is None:
        return render_template("subscriptions/ask.html", state=found.state)
    tracked = found.page
    return render_template(
        "subscriptions/page.html",
        state=found.state,
        case=tracked.case,
        report=tracked.report,
        named=tracked.named,
    )


@blueprint.post("/<capability>")
@public_door
def unsubscribe_in_one_click(capability: str) -> Response:
    """Take the POST of a mail program whose reader wants no more (RFC 8058)."""
    if request.form.get("List-Unsubscribe") != "One-Click":
        raise NotFound("act_unknown")
    subscriptions.unsubscribe(capability, settings_in_use())
    return Response("OK", mimetype="text/plain")


@blueprint.post("/<capability>/confirm")
@public_door
def confirm(capability: str) -> AnyResponse:
    """Let somebody say yes, for the first time or again."""
    refuse_other_sites(from_quiet_page=True)
    subscriptions.confirm(capability, settings_in_use())
    return redirect(url_for("subscriptions.page", capability=capability), 303)


@blueprint.post("/<capability>/unsubscribe")
@public_door
def unsubscribe(capability: str) -> AnyResponse:
    """Let somebody say no, or no more."""
    refuse_other_sites(from_quiet_page=True)
    subscriptions.unsubscribe(capability, settings_in_use())
    return redirect(url_for("subscriptions.page", capability=capability), 303)


@blueprint.post("/<capability>/withdraw")
@public_door
def withdraw(capability: str) -> str:
    """Erase phone and e-mail, and say so here: the link opens nothing after this."""
    refuse_other_sites(from_quiet_page=True)
    subscriptions.withdraw(capability, settings_in_use())
    return render_template("subscriptions/erased.html")


for _door in (unsubscribe_in_one_click, confirm, unsubscribe, withdraw):
    csrf.exempt(_door)


@blueprint.after_request
def keep_links_quiet(response: Response) -> Response:
    """Let no cache, index or other site learn a link; errors included."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
