"""The doors of the register of crossings: list and map, one crossing, its form, a case's link."""

from collections.abc import Callable
from typing import Any, BinaryIO, cast

from flask import (
    Blueprint,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from webapp import labels, sentences
from webapp.adapters.photo_store import PhotoStore
from webapp.domain import crossings as rules
from webapp.domain.crossing_files import MEASURE_WORDS, TITLES
from webapp.domain.crossings import Problem
from webapp.domain.errors import (
    AnLoError,
    Conflict,
    InvalidInput,
    NoRoom,
    NotAllowed,
    TooLarge,
    UnsupportedPhoto,
)
from webapp.domain.linear_reference import say_chainage
from webapp.errors import answer_domain_error, say_when_to_come_again, status_of
from webapp.extensions import settings_in_use
from webapp.models import Crossing
from webapp.security import current_officer, officers_only
from webapp.services import (
    casefile,
    crossings,
    crossings_cases,
    crossings_edit,
    crossings_photos,
    crossings_show,
    photos,
)
from webapp.services.casework_acts import Seen
from webapp.services.crossings_entries import EntryRefused
from webapp.services.crossings_show import Told
from webapp.views import casework
from webapp.views.casework import LONGEST_NUMBER, SHOWN_AGAIN, case_again, text, whole

blueprint = Blueprint("crossings", __name__)

# Who has the register before them; the scope decides which crossings of it.
READERS = ("officer", "head", "supervisor", "overseer")
EDITORS = ("officer", "head", "supervisor")

Cells = dict[str, str]


@blueprint.app_template_filter("kilometre")
def kilometre(chainage_m: float | None, accuracy_m: float | None = None) -> str:
    """Say a distance along a line: "Km1397+250", "Km1397+300 ±400"; "–" when nobody knows it."""
    return "–" if chainage_m is None else say_chainage(chainage_m, accuracy_m)


@blueprint.get("/crossings")
@officers_only(*READERS)
def index() -> str:
    """Show one page of the register as a list, and the same crossings on a map."""
    wanted = wanted_list()
    return render_template(
        "crossings/index.html",
        found=crossings.read_page(current_officer(), wanted),
        wanted=wanted,
        keep=_kept(wanted),
        may_register=current_officer().role in EDITORS,
        may_import=current_officer().role == "supervisor",
    )


@blueprint.get("/crossings/pins")
@officers_only(*READERS)
def pins() -> Response:
    """Answer the map with the crossings of the list, and how many more there are than pins."""
    found = crossings.read_pins(current_officer(), wanted_list())
    pins_shown = [_pin(crossing) for crossing in found.crossings]
    return jsonify(crossings=pins_shown, left_out=found.left_out)


@blueprint.get("/crossings/new")
@officers_only(*EDITORS)
def new() -> str:
    """Show the form of a crossing, filled in from a case when one is named."""
    number = request.args.get("case", "").upper()
    cells = {"state": "open", "surface": "unknown"}
    if number:
        found = casefile.visible_case(current_officer(), number)
        cells |= {"latitude": f"{found.latitude:.6f}", "longitude": f"{found.longitude:.6f}"}
    return _form(cells, case_number=number)


@blueprint.post("/crossings/new")
@officers_only(*EDITORS)
def register() -> Response:
    """Take a crossing into the register, and link the case that it was found from."""
    number = text("case").upper()
    crossing_id = crossings_edit.register(
        current_officer(), _cells(), _store(), photos=_photos(), case_number=number or None
    )
    if number:
        flash(_("Đã đăng ký lối đi và gắn vụ việc %(number)s vào đó.", number=number))
    else:
        flash(_("Đã đăng ký lối đi."))
    return redirect(url_for("crossings.show", crossing_id=crossing_id))


@blueprint.get("/crossings/<id:crossing_id>")
@officers_only(*READERS)
def show(crossing_id: int) -> str:
    """Show a crossing with its history, photos and cases."""
    return _show(crossing_id)


@blueprint.get("/crossings/<id:crossing_id>/edit")
@officers_only(*EDITORS)
def edit(crossing_id: int) -> str:
    """Show the form of a registered crossing."""
    crossing = crossings.visible_crossing(current_officer(), crossing_id)
    if not crossings.may_edit(current_officer(), crossing):
        raise NotAllowed("crossing_not_yours")
    return _form(_cells_of(crossing), crossing=crossing, version=crossing.version)


@blueprint.post("/crossings/<id:crossing_id>/edit")
@officers_only(*EDITORS)
def change(crossing_id: int) -> Response:
    """Change what the register says of a crossing."""
    crossings_edit.change(current_officer(), crossing_id, whole("version"), _cells())
    flash(_("Đã ghi vào sổ đăng ký."))
    return redirect(url_for("crossings.show", crossing_id=crossing_id))


@blueprint.post("/crossings/<id:crossing_id>/inspections")
@officers_only(*EDITORS)
def inspect(crossing_id: int) -> Response:
    """Write down an inspection with its photos."""
    found = crossings_edit.Inspection(
        words=text("words"),
        state=text("state"),
        measures=tuple(request.form.getlist("measures")),
        photos=_photos(),
    )
    crossings_edit.inspect(current_officer(), crossing_id, whole("version"), found, _store())
    flash(_("Đã ghi lần kiểm tra này."))
    return redirect(url_for("crossings.show", crossing_id=crossing_id, _anchor="history"))


@blueprint.get("/crossings/<id:crossing_id>/photos/<id:photo_id>/<size>")
@officers_only(*READERS)
def photo(crossing_id: int, photo_id: int, size: str) -> Response:
    """Send a photo of a crossing to an officer who may see it."""
    store = _store()
    served = crossings_photos.derivative_of(current_officer(), crossing_id, photo_id, size, store)
    # A file that is gone is not found; it is no crash.
    store.open_derivative(served.sha256).close()
    response = send_file(served.path, mimetype=served.media_type, etag=served.sha256)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@casework.blueprint.post("/cases/<case_number:number>/crossing")
@officers_only(*READERS)
def link_crossing(number: str) -> Response:
    """Say which registered crossing a case is at, or take that back."""
    casefile.check_visible(current_officer(), number)
    crossing_id = whole("crossing_id") if text("crossing_id") else None
    crossings_cases.link(current_officer(), Seen(number, whole("version")), crossing_id)
    flash(_("Đã gắn vào lối đi đã đăng ký.") if crossing_id else _("Đã bỏ gắn với lối đi."))
    return redirect(url_for("casework.case", number=number, _anchor="h-crossing"))


SHOWN_AGAIN["casework.link_crossing"] = case_again


@blueprint.errorhandler(Conflict)
@blueprint.errorhandler(InvalidInput)
@blueprint.errorhandler(NotAllowed)
@blueprint.errorhandler(TooLarge)
@blueprint.errorhandler(UnsupportedPhoto)
@blueprint.errorhandler(NoRoom)
def _answer_refused(error: AnLoError) -> Response:
    """Show the form that was refused with everything that was typed, and say why."""
    show_again = AGAIN.get(request.endpoint or "")
    if show_again is None or error.code == "role_not_allowed":
        # A blueprint's handler stands before the application's.
        return make_response(answer_domain_error(error))
    response = make_response(show_again(error), status_of(error))
    say_when_to_come_again(response, error)
    return response


def _new_again(error: AnLoError) -> str:
    return _form(_cells(), case_number=text("case").upper(), error=error)


def _change_again(error: AnLoError) -> str:
    crossing = crossings.visible_crossing(current_officer(), _crossing_id())
    version = _version_again(error)
    return _form(_cells(), crossing=crossing, version=version, error=error)


def _inspect_again(error: AnLoError) -> str:
    return _show(_crossing_id(), error=error)


def _version_again(error: AnLoError) -> object:
    """Return the version that a form carries which is shown again.

    Only who is told what others changed may write over it; any other refusal keeps the version
    that was on the screen.
    """
    if isinstance(error, Conflict):
        return error.details["version"]
    return request.form.get("version", "")


def _since(error: AnLoError | None) -> list[Told]:
    """Return what others wrote since the page was opened whose form was refused for that."""
    if not isinstance(error, Conflict):
        return []
    return crossings_show.changes_since(current_officer(), _crossing_id(), whole("version"))


def _crossing_id() -> int:
    return int((request.view_args or {})["crossing_id"])


# How the page that a form was sent from is shown again, by endpoint.
AGAIN: dict[str, Callable[[AnLoError], str]] = {
    "crossings.register": _new_again,
    "crossings.change": _change_again,
    "crossings.inspect": _inspect_again,
}


def _show(crossing_id: int, *, error: AnLoError | None = None) -> str:
    return render_template(
        "crossings/show.html",
        file=crossings_show.read_crossing(current_officer(), crossing_id),
        version=_version_again(error) if error else None,
        since=_since(error),
        error=error,
        wrong_field=_wrong_field(error),
        message=say(error),
        typed=request.form,
        choose_again=_has_files(error),
        most_photos=crossings_photos.MOST_PHOTOS,
    )


def _form(
    cells: Cells,
    *,
    crossing: Crossing | None = None,
    version: object = None,
    case_number: str = "",
    error: AnLoError | None = None,
) -> str:
    problems = error.problems if isinstance(error, EntryRefused) else ()
    return render_template(
        "crossings/edit.html",
        crossing=crossing,
        version=version,
        since=_since(error) if crossing else (),
        cells=cells,
        case_number=case_number,
        error=error,
        wrong_field=_wrong_field(error),
        message=say(error),
        problems={problem.field: say_problem(problem) for problem in reversed(problems)},
        most_photos=crossings_photos.MOST_PHOTOS,
        choose_again=_has_files(error),
        may_choose_unit=crossings.may_choose_unit(current_officer()),
    )


def _wrong_field(error: AnLoError | None) -> str | None:
    """Return the field that a refusal is about; every photo came in one."""
    field = error.field if error else None
    return "photos" if field == "photo" else field


def _has_files(error: AnLoError | None) -> bool:
    """Tell whether files came with a refused form: no browser keeps them chosen."""
    return error is not None and any(each.filename for each in request.files.values())


def say_problem(problem: Problem) -> str:
    """Say what is wrong with one value of an entry."""
    return sentences.say(problem.code, problem.details, 422)


def say(error: AnLoError | None) -> str | None:
    """Say what went wrong, if anything did."""
    return sentences.say(error.code, error.details, status_of(error)) if error else None


def _cells() -> Cells:
    cells = {name: text(name) for name in (*TITLES, "words", "is_another")}
    cells["measures"] = ", ".join(request.form.getlist("measures"))
    return cells


def _cells_of(crossing: Crossing) -> Cells:
    return {
        "code": crossing.code,
        "name": crossing.name or "",
        "line": crossing.corridor.code if crossing.corridor else "",
        "km": "" if crossing.chainage_m is None else say_chainage(crossing.chainage_m),
        "latitude": repr(crossing.latitude),
        "longitude": repr(crossing.longitude),
        "width_m": "" if crossing.width_m is None else f"{crossing.width_m:g}".replace(".", ","),
        "surface": crossing.surface,
        "measures": ", ".join(crossing.measures),
        "state": crossing.state,
        "unit": crossing.unit.code if crossing.unit else "",
        "note": crossing.note or "",
    }


def _photos() -> list[BinaryIO]:
    chosen = [each for each in request.files.getlist("photos") if each.filename]
    if chosen:
        photos.check_room(_store(), min_free_mb=settings_in_use().min_free_mb)
    return [cast(BinaryIO, each.stream) for each in chosen]


def _pin(crossing: Crossing) -> dict[str, Any]:
    measures = [str(labels.CROSSING_MEASURE[measure]) for measure in crossing.measures]
    return {
        "id": crossing.id,
        "code": crossing.code,
        "name": crossing.name,
        "line": crossing.corridor.code if crossing.corridor else None,
        "kilometre": kilometre(crossing.chainage_m, crossing.chainage_accuracy_m),
        "state": crossing.state,
        "state_name": str(labels.CROSSING_STATE[crossing.state]),
        "measures": ", ".join(measures),
        "latitude": crossing.latitude,
        "longitude": crossing.longitude,
        "address": url_for("crossings.show", crossing_id=crossing.id),
    }


def wanted_list() -> crossings.Wanted:
    """Return which crossings the address asks for."""
    args = request.args
    return crossings.Wanted(
        state=_one_of(args.get("state"), rules.STATES),
        measure=_one_of(args.get("measure"), ("none", *MEASURE_WORDS)),
        unit_id=_id(args.get("unit", "")),
        words=args.get("q", "").replace("\0", "").strip()[:80],
        page=max(args.get("page", 1, int), 1),
    )


def _id(typed: str) -> int | None:
    """Return an id that a row can have, or None."""
    is_number = typed.isascii() and typed.isdigit() and len(typed) <= LONGEST_NUMBER
    return int(typed) if is_number else None


def _one_of(value: str | None, allowed: tuple[str, ...]) -> str | None:
    return value if value in allowed else None


def _kept(wanted: crossings.Wanted) -> dict[str, Any]:
    """Return what the addresses of other pages of the same list carry."""
    kept = {
        "state": wanted.state,
        "measure": wanted.measure,
        "unit": wanted.unit_id,
        "q": wanted.words,
    }
    return {name: value for name, value in kept.items() if value}


def _store() -> PhotoStore:
    return PhotoStore(settings_in_use().photo_folder)
