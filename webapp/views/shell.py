"""What makes the pages an app that installs: the web manifest and the service worker."""

from pathlib import Path

from flask import Blueprint, Response, current_app, jsonify, url_for
from flask_babel import gettext as _

from webapp.assets import Assets
from webapp.security import public_door

blueprint = Blueprint("shell", __name__)

# The header band and the paper of static/css/tokens.css, light theme.
BAND_COLOUR = "#084e4e"
PAPER_COLOUR = "#fbfaf7"

# The drawn sizes; static/icons/draw.py makes them.
ICON_SIZES_PX = (192, 512)


@blueprint.get("/manifest.webmanifest")
@public_door
def web_manifest() -> Response:
    """Tell the browser what the installed app is called, looks like and opens with."""
    response = jsonify(
        id="/",
        name=_("An Lộ: phản ánh đường không an toàn"),
        short_name="An Lộ",
        description=_("Thấy đường không an toàn? Chụp lại, gửi ngay."),
        lang="vi",
        dir="ltr",
        start_url=url_for("public.home"),
        scope="/",
        display="standalone",
        orientation="any",
        background_color=PAPER_COLOUR,
        theme_color=BAND_COLOUR,
        icons=_icons(),
        shortcuts=_shortcuts(),
    )
    response.mimetype = "application/manifest+json"
    response.cache_control.public = True
    response.cache_control.max_age = 3600
    return response


@blueprint.get("/service-worker.js")
@public_door
def service_worker() -> Response:
    """Serve the built worker from the root, so that its scope is the whole site."""
    folder = Path(str(current_app.static_folder)) / "dist"
    response = Response(_built_worker(folder), mimetype="text/javascript")
    # The browser must notice a new worker at the next visit, not a day later.
    response.cache_control.no_cache = True
    response.headers["Service-Worker-Allowed"] = "/"
    return response


def _built_worker(folder: Path) -> bytes:
    assets: Assets = current_app.extensions["assets"]
    name = assets.url("service-worker.js").rsplit("/", 1)[-1]
    return (folder / name).read_bytes()


def _icons() -> list[dict[str, str]]:
    drawn = [
        {
            "src": url_for("static", filename=f"icons/{name}-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for name, purpose in (("icon", "any"), ("maskable", "maskable"))
        for size in ICON_SIZES_PX
    ]
    vector = {
        "src": url_for("static", filename="icons/icon.svg"),
        "sizes": "any",
        "type": "image/svg+xml",
        "purpose": "any",
    }
    return [vector, *drawn]


def _shortcuts() -> list[dict[str, str]]:
    return [
        {"name": _("Gửi phản ánh"), "url": url_for("intake.report_form")},
        {"name": _("Của tôi"), "url": url_for("public.mine")},
        {"name": _("Bản đồ"), "url": url_for("public.map_page")},
    ]
