"""The doors that need no account: home, map, tracking, results, and photos that were reviewed."""

from datetime import date

from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as AnyResponse

from webapp.adapters.photo_store import PhotoStore
from webapp.errors import wants_json
from webapp.extensions import csrf, settings_in_use
from webapp.kept import Kept
from webapp.language import choose_locale, said
from webapp.security import public_door, refuse_other_sites
from webapp.services import public, public_results

blueprint = Blueprint("public", __name__)

# A review may be taken back, so a photo must not outlive it for long in anybody's cache.
PHOTO_SECONDS = 60
# Cases change by the minute at most, land by the year; both are asked for again with an ETag.
CASES_SECONDS = 30
LAND_SECONDS = 3600

# Doors whose request or answer holds a tracking key.
KEY_DOORS = ("public.track", "public.track_form", "public.find_report", "public.withdraw_contact")


@blueprint.get("/")
@public_door
def home() -> str:
    """Show the two ways to a photo, and the newest cases."""
    return render_template("public/home.html", cases=public.newest_cases())


@blueprint.record
def _keep_map(state: BlueprintSetupState) -> None:
    kept: Kept[bytes] = Kept(CASES_SECONDS)
    state.app.extensions["map_cases"] = kept


@blueprint.get("/map")
@public_door
def map_page() -> str:
    """Show the map of cases; without its script, the same cases as a list, in pieces."""
    page = request.args.get("page", 1, type=int)
    return render_template("public/map.html", listed=public.cases_for_list(page))


@blueprint.get("/map/cases.json")
@public_door
def map_cases() -> Response:
    """Give the map its cases, made once in a while for all who ask."""
    kept: Kept[bytes] = current_app.extensions["map_cases"]
    # The words for a status stand in it, so there is one for each language.
    body = kept.get(choose_locale(), _map_cases)
    response = _cached(Response(body, mimetype="application/json"), CASES_SECONDS)
    response.headers["Vary"] = "Cookie"
    return response


def _map_cases() -> bytes:
    cases = [
        {
            **public.map_entry(card),
            "category_name": said(card.category),
            "photo": _photo_url(card.public.small_photo_id),
            "url": url_for("public.case", number=card.public.number),
        }
        for card in public.cases_for_map()
    ]
    return current_app.json.dumps({"cases": cases}).encode()


@blueprint.get("/map/land.json")
@public_door
def map_land() -> Response:
    """Give the map its land and lines."""
    return _cached(jsonify(public.land_for_map()), LAND_SECONDS)


@blueprint.get("/map/cases/<case_number:number>")
@public_door
def case(number: str) -> AnyResponse | str:
    """Show one public case; the number of one that was merged away leads to the one that is."""
    shown = public.public_number(number)
    if shown != number:
        return redirect(url_for("public.case", number=shown))
    page = public.public_case_page(number)
    return render_template("public/track.html", case=page, report=None)


@blueprint.get("/track")
@public_door
def track_form() -> AnyResponse | str:
    """Ask for a tracking key; an old link that brings one in its query leads on."""
    return _to_track(request.args.get("key", ""))


@blueprint.post("/track")
@public_door
def find_report() -> AnyResponse | str:
    """Lead to the page of a key that was typed; by POST, so that no query string holds it."""
    return _to_track(request.form.get("key", ""))


def _to_track(typed: str) -> AnyResponse | str:
    # Whatever stands between the letters; what is wrong with them, the page of the key says.
    key = "".join(sign for sign in typed if sign.isalnum())
    if key:
        return redirect(url_for("public.track", tracking_key=key), 303)
    return render_template("public/track_form.html", key="", message="")


@blueprint.get("/track/<tracking_key>")
@public_door
def track(tracking_key: str) -> Response | str:
    """Show a report and its case to whoever has the key; JSON for a program."""
    page = public.tracking_page(tracking_key)
    if wants_json():
        return jsonify(page.as_json())
    return render_template(
        "public/track.html", case=page.case, report=page.report, named=page.named
    )


@blueprint.post("/track/<tracking_key>/withdraw-contact")
@public_door
def withdraw_contact(tracking_key: str) -> AnyResponse:
    """Erase the contact of a report; whoever has the key may, so no other token is asked for."""
    refuse_other_sites(from_quiet_page=True)
    public.withdraw_contact(tracking_key)
    return redirect(url_for("public.track", tracking_key=tracking_key), 303)


# Neither has a session to protect: the one changes nothing, the other asks for the key itself.
csrf.exempt(find_report)
csrf.exempt(withdraw_contact)


@blueprint.after_request
def keep_keys_quiet(response: Response) -> Response:
    """Let no cache, index or other site learn a tracking key; errors included."""
    if request.endpoint in KEY_DOORS:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Vary"] = "Accept"
    return response


@blueprint.get("/mine")
@public_door
def mine() -> str:
    """Show the reports of this phone; the list lies on the phone, not here."""
    return render_template("public/mine.html")


@blueprint.get("/results")
@public_door
def results() -> str:
    """Show how a month went, everywhere or in one commune."""
    unit_id = request.args.get("unit", type=int)
    month = request.args.get("month", type=_month)
    return render_template("public/results.html", results=public_results.results(unit_id, month))


@blueprint.get("/data-notice")
@public_door
def data_notice() -> str:
    """Say what is kept, what for, and who sees it."""
    return render_template("public/data_notice.html")


@blueprint.get("/offline")
@public_door
def offline() -> str:
    """Show what the service worker answers with when there is no network."""
    return render_template("public/offline.html")


@blueprint.get("/photos/<id:photo_id>/<size>")
@public_door
def photo(photo_id: int, size: str) -> Response:
    """Serve a derivative of a photo that everybody may see."""
    store = PhotoStore(settings_in_use().photo_folder)
    found = public.public_photo(photo_id, size, store=store)
    response = send_file(found.path, mimetype=found.media_type, etag=found.sha256)
    response.headers["Cache-Control"] = f"public, max-age={PHOTO_SECONDS}"
    return response


def _photo_url(photo_id: int | None) -> str | None:
    return url_for("public.photo", photo_id=photo_id, size="small") if photo_id else None


def _month(raw: str) -> date:
    """Read "2026-06"; a ValueError lets the page fall back to its usual month."""
    return date.fromisoformat(f"{raw}-01")


def _cached(response: Response, seconds: int) -> Response:
    response.cache_control.public = True
    response.cache_control.max_age = seconds
    response.add_etag()
    response.make_conditional(request)
    return response
