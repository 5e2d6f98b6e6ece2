"""The door where a visitor chooses a language."""

from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp.extensions import settings_in_use
from webapp.language import KEY_PAGES, LANGUAGES
from webapp.security import public_door

blueprint = Blueprint("language", __name__)

REMEMBERED_S = 365 * 24 * 3600


@blueprint.get("/language/<code>")
@public_door
def choose(code: str) -> Response:
    """Remember a language for a year, and go back to the page where it was chosen."""
    if code not in LANGUAGES:
        abort(404)
    return _remember(code, redirect(_page_before()))


@blueprint.before_app_request
def choose_on_key_page() -> Response | None:
    """Remember a language chosen on a page whose address nobody else may learn; then show it."""
    code = request.args.get("language")
    if request.endpoint not in KEY_PAGES or code not in LANGUAGES or request.method != "GET":
        return None
    answer = redirect(url_for(request.endpoint, **(request.view_args or {})))
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return _remember(code, answer)


def _remember(code: str, answer: Response) -> Response:
    settings = settings_in_use()
    answer.set_cookie(
        "language",
        code,
        max_age=REMEMBERED_S,
        secure=settings.is_behind_tls,
        httponly=True,
        samesite="Lax",
    )
    return answer


def _page_before() -> str:
    """Return the path that the visitor came from, if it is one of ours."""
    try:
        came_from = urlsplit(request.referrer or "")
    except ValueError:
        return url_for("public.home")
    if came_from.netloc != request.host or not came_from.path.startswith("/"):
        return url_for("public.home")
    # Two slashes at the start would name another host.
    path = "/" + came_from.path.lstrip("/")
    return f"{path}?{came_from.query}" if came_from.query else path
