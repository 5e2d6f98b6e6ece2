"""Doors of the administrator: units, their land with its dates, imports and switches."""

from datetime import date

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as WerkzeugResponse

from webapp import clock, language, sentences
from webapp.adapters.upload_store import UploadStore
from webapp.domain.boundaries import Problem, Repair
from webapp.domain.errors import AnLoError, Conflict, InvalidInput, NotFound, TooLarge
from webapp.domain.seams import Seam
from webapp.errors import answer_domain_error, status_of
from webapp.extensions import settings_in_use
from webapp.models import TerritorySwitch
from webapp.security import current_officer, officers_only
from webapp.services import (
    corridor_overview,
    notifications,
    responsibilities_overview,
    territory_correction,
    territory_dates,
    territory_overview,
    territory_runs,
    territory_turn,
    territory_upload,
)
from webapp.services.territory_import import ImportOrder
from webapp.services.territory_upload import Preview, Refused

blueprint = Blueprint("territory", __name__)

LONGEST_SOURCE = 200


@blueprint.app_template_filter("boundary_words")
def say_boundary(found: Problem | Repair | Seam) -> str:
    """Say what is wrong in a boundary file, what was mended in it, or where it does not fit."""
    if isinstance(found, Seam):
        return sentences.say_seam(found)
    gaps: dict[str, object] = {"unit": found.unit, "ring": found.ring or ""}
    gaps |= {"detail": getattr(found, "detail", None) or "", "count": getattr(found, "count", 0)}
    return sentences.say(f"boundary_{found.code}", gaps, 422)


@blueprint.app_template_filter("error_words")
def say_error(problem: AnLoError) -> str:
    """Say what is wrong with what was sent."""
    return sentences.say(problem.code, problem.details, 422)


@blueprint.get("/territory")
@officers_only("administrator")
def index() -> str:
    """Show the units and the land of a day; today when none is asked for."""
    day = _day(request.args.get("on", "")) or clock.today()
    return render_template(
        "territory/index.html",
        land=territory_overview.overview(day),
        corridor_lines=corridor_overview.corridors_overview(day),
        duties=responsibilities_overview.read(day),
        messages=notifications.counts(),
    )


@blueprint.get("/territory/import")
@officers_only("administrator")
def import_form() -> str:
    """Ask for a boundary file and the day from which it holds."""
    return _import_page(None)


@blueprint.post("/territory/import")
@officers_only("administrator")
def preview_import() -> tuple[str, int]:
    """Show what an import would do; the file is kept until it is confirmed."""
    file, kept = request.files.get("file"), request.form.get("upload", "")
    order = _order(request.form, file.filename if file else None)
    if file and file.filename:
        found = territory_upload.look_at(file.read(), order, _uploads())
    elif kept:
        found = territory_upload.look_again(kept, order, _uploads())
    else:
        raise InvalidInput("boundaries_file_missing", field="file")
    return _import_page(found), status_of(found.problem) if isinstance(found, Refused) else 200


@blueprint.errorhandler(InvalidInput)
@blueprint.errorhandler(Conflict)
@blueprint.errorhandler(NotFound)
def _answer_refused(error: AnLoError) -> Response:
    """Show the form that was sent once more, and why; nothing that was entered is lost."""
    if request.endpoint in ("territory.preview_import", "territory.confirm_import"):
        return make_response(_import_again(error), status_of(error))
    if request.endpoint == "territory.move_set" and isinstance(error, InvalidInput):
        return make_response(_switch_again(error), status_of(error))
    return answer_domain_error(error)


@blueprint.errorhandler(RequestEntityTooLarge)
def _answer_too_large(_error: RequestEntityTooLarge) -> Response:
    """Say it of a boundary file: what is sent here is no photo."""
    return answer_domain_error(
        TooLarge("boundaries_too_large", field="file", most_mb=territory_upload.LARGEST_MB)
    )


@blueprint.post("/territory/import/confirm")
@officers_only("administrator")
def confirm_import() -> WerkzeugResponse:
    """Import a file as it was previewed."""
    form = request.form
    order = _order(form, None)
    report = territory_upload.take(form["upload"], form["seal"], order, _uploads())
    flash(
        _(
            "Đã nhập: thêm mới %(added)d, thay đổi %(changed)d, giữ nguyên %(unchanged)d đơn vị.",
            added=len(report.added),
            changed=len(report.changed),
            unchanged=len(report.unchanged),
        )
    )
    return redirect(url_for("territory.index", on=order.valid_from.isoformat()), 303)


@blueprint.get("/territory/switch")
@officers_only("administrator")
def switch_page() -> str:
    """Show how many open cases follow their land on a day, and every switch so far."""
    day = _day(request.args.get("on", ""))
    return render_template("territory/switch.html", page=territory_runs.read(day))


@blueprint.post("/territory/switch")
@officers_only("administrator")
def switch() -> WerkzeugResponse:
    """Let open cases follow their land to the units of a day."""
    day = _day(request.form.get("on", ""))
    if day is None:
        raise InvalidInput("day_unreadable", field="on")
    run = territory_turn.switch_now(day, current_officer())
    flash(_say_run(run) if run else _("Không có gì đổi đơn vị: mọi vụ việc đã theo đất của mình."))
    return redirect(url_for("territory.switch_page", on=day.isoformat()), 303)


@blueprint.post("/territory/sets/<day>/date")
@officers_only("administrator")
def move_set(day: str) -> WerkzeugResponse:
    """Let a set that has not begun begin on another day."""
    first_day, to = _day(day), _day(request.form.get("to", ""))
    if first_day is None or to is None:
        raise InvalidInput("day_unreadable", field="to")
    territory_dates.move_set(first_day, to)
    flash(_("Bộ địa giới nay có hiệu lực từ %(day)s.", day=language.day(to, weekday=False)))
    return redirect(url_for("territory.switch_page", on=to.isoformat()), 303)


@blueprint.post("/territory/switch/<id:run_id>/correct")
@officers_only("administrator")
def correct(run_id: int) -> WerkzeugResponse:
    """Lead the cases of a switch back by a correction of today."""
    run = territory_correction.correct(
        run_id, on=clock.today(), officer=current_officer(), most=territory_turn.MOST_AT_ONCE
    )
    flash(_say_run(run))
    return redirect(url_for("territory.switch_page") + "#history", 303)


def _say_run(run: TerritorySwitch) -> str:
    if run.details["state"] != "done":
        return _("Mới chuyển được một phần, phần còn lại đang được làm tiếp.")
    count = language.number(run.moved)
    said = (
        ngettext(
            "Đã đưa %(count)s vụ việc về lại.",
            "Đã đưa %(count)s vụ việc về lại.",
            run.moved,
            count=count,
        )
        if run.kind == "correction"
        else ngettext(
            "Đã chuyển %(count)s vụ việc.", "Đã chuyển %(count)s vụ việc.", run.moved, count=count
        )
    )
    return str(said)


def _import_again(problem: AnLoError) -> str:
    """Keep the file that was looked at; one that changed meanwhile is shown as it is now."""
    if isinstance(problem, NotFound):
        return _import_page(Refused(None, problem))
    upload = request.form.get("upload", "")
    if isinstance(problem, Conflict):
        order = _order(request.form, None)
        return _import_page(territory_upload.look_again(upload, order, _uploads()), problem)
    return _import_page(Refused(None, problem, upload))


def _switch_again(problem: AnLoError) -> str:
    return render_template(
        "territory/switch.html",
        page=territory_runs.read(_day((request.view_args or {})["day"])),
        problem=problem,
        typed=request.form.get("to", ""),
    )


def _import_page(found: Preview | Refused | None, problem: AnLoError | None = None) -> str:
    return render_template(
        "territory/import.html",
        preview=found if isinstance(found, Preview) else None,
        refused=found if isinstance(found, Refused) else None,
        problem=found.problem if isinstance(found, Refused) else problem,
        typed=request.form,
        today=clock.today(),
        largest_mb=territory_upload.LARGEST_MB,
    )


def _order(form: MultiDict[str, str], file_name: str | None) -> ImportOrder:
    first_day = _day(form.get("valid_from", ""))
    if first_day is None:
        raise InvalidInput("day_missing", field="valid_from")
    return ImportOrder(
        valid_from=first_day,
        valid_to=_day(form.get("valid_to", "")),
        parent_code=form.get("parent_code", "").strip() or None,
        source=(file_name or form.get("source", ""))[:LONGEST_SOURCE],
        is_schematic="is_schematic" in form,
        is_ending_predecessors="is_ending_predecessors" in form,
    )


def _uploads() -> UploadStore:
    settings = settings_in_use()
    return UploadStore(settings.var / "uploads")


def _day(asked: str) -> date | None:
    try:
        return date.fromisoformat(asked) if asked else None
    except ValueError:
        raise InvalidInput("day_unreadable", field="on") from None
