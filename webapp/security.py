"""Who may pass a door, and the headers that every answer carries."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

from flask import Flask, Response, g, redirect, request, session, url_for
from flask_login import current_user
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from webapp.config import Settings
from webapp.domain.errors import NotAllowed
from webapp.extensions import settings_in_use
from webapp.models import Officer

# Names of this machine that mean the same server, whichever of them its owner typed.
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")

View = TypeVar("View", bound=Callable[..., Any])


def public_door(view: View) -> View:
    """Declare that anybody may pass this door; the house test wants every route to say so."""
    view.audience = "public"  # type: ignore[attr-defined]
    return view


def officers_only(*roles: str) -> Callable[[View], View]:
    """Let only signed-in officers with one of ``roles`` pass.

    Others who are signed in get 403; whoever is not is asked to sign in, and comes back here.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return _ask_to_sign_in()
            if current_user.role not in roles:
                raise NotAllowed("role_not_allowed")
            return view(*args, **kwargs)

        guarded.audience = roles  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def refuse_other_sites(*, from_quiet_page: bool = False) -> None:
    """Refuse a request that another site made a browser send; for doors without a token.

    Args:
        from_quiet_page: the form stands on a page that tells nobody its address
            (``no-referrer``), from which browsers say ``Origin: null``.

    Raises:
        NotAllowed: the browser says that the request comes from elsewhere.
    """
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise NotAllowed("cross_site")
    origin = request.headers.get("Origin")
    if origin is None or (from_quiet_page and origin == "null"):
        return
    settings = settings_in_use()
    if not _is_our_origin(origin, settings.public_url):
        raise NotAllowed("cross_site")


def _is_our_origin(origin: str, public_url: str) -> bool:
    try:
        theirs, ours = urlsplit(origin), urlsplit(public_url)
    except ValueError:
        return False
    return (theirs.scheme, _host(theirs), _port(theirs)) == (ours.scheme, _host(ours), _port(ours))


def _host(parts: SplitResult) -> str | None:
    return "loopback" if parts.hostname in _LOOPBACK_NAMES else parts.hostname


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None


def current_officer() -> Officer:
    """Return the officer who signed in; only for views behind ``officers_only``."""
    officer = current_user.officer
    if not isinstance(officer, Officer):
        raise TypeError("no officer is signed in")
    return officer


def _ask_to_sign_in() -> AnyResponse:
    session.pop("_flashes", None)
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("accounts.sign_in", next=target))


def register(app: Flask) -> None:
    """Bind the security headers, and trust the proxies that the settings name."""
    settings: Settings = app.extensions["settings"]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        # Nobody is asked to set X-Forwarded-Host, so whoever visits could write it themselves.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    policy = content_security_policy(settings)

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", policy)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "geolocation=(self), camera=(self), microphone=()")
        if settings.is_behind_tls:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        # What an officer saw must not stay in a shared computer's cache.
        if getattr(g, "_login_user", None) is not None and current_user.is_authenticated:
            headers.setdefault("Cache-Control", "no-store")
        return response


def content_security_policy(settings: Settings) -> str:
    """Return the policy: everything from ourselves, map tiles from where the settings say."""
    tiles = ""
    if settings.tile_url:
        scheme, _, rest = settings.tile_url.partition("://")
        host = rest.split("/", 1)[0].replace("{s}", "*")
        tiles = f" {scheme}://{host}"
    return (
        "default-src 'self'; "
        f"img-src 'self' data: blob:{tiles}; "
        "script-src 'self'; style-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
