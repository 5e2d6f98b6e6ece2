"""The doors of the triage desk: held reports, what may be done with one, and its photos."""

from datetime import datetime

from flask import (
    Blueprint,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp import sentences
from webapp.adapters.derivatives import MEDIA_TYPE
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.errors import Conflict, InvalidInput, NotFound
from webapp.domain.triage import HOLD_CODES
from webapp.extensions import settings_in_use
from webapp.paths import LARGEST_ID
from webapp.security import current_officer, officers_only
from webapp.services import transfers_overview, triage_acts, triage_desk, triage_sheet

blueprint = Blueprint("triage", __name__)

# Who reads the desk; only supervisors act on it.
READERS = ("supervisor", "overseer")


@blueprint.app_context_processor
def count_beside_desk() -> dict[str, object]:
    """Give the pages of whoever has the desk the figure beside its name in the navigation."""
    # The queue has spent its ten statements on itself; every other page has some to spare.
    if request.endpoint == "casework.queue":
        return {}
    if not current_user.is_authenticated or current_user.role not in READERS:
        return {}
    officer = current_officer()
    return {
        "nav_counts": {
            "triage.desk": triage_desk.count_held(officer),
            "transfers.index": transfers_overview.count_to_rule(officer),
        }
    }


@blueprint.get("/triage")
@officers_only(*READERS)
def desk() -> str:
    """Show what is held, one report opened beside the list.

    Raises:
        NotFound: the report that was asked for is not held.
    """
    reason, report_id = _reason(), _id("report")
    found = _desk(reason, report_id)
    if "report" in request.args and (report_id is None or found.opened is None):
        raise NotFound("report_not_held")
    return _page(found, is_chosen=report_id is not None)


@blueprint.post("/triage/<id:report_id>/place")
@officers_only("supervisor")
def place(report_id: int) -> Response:
    """Set position, category, unit or time, and let the machine place the report."""
    back = _back_to_list()
    placing = triage_acts.Placing(
        position=request.form.get("position", ""),
        category_code=request.form.get("category", ""),
        unit_id=_unit_id(),
        words=request.form.get("note", ""),
        captured_at=request.form.get("captured_at", ""),
    )
    triage_acts.place(current_officer(), report_id, placing, seen_at=_seen_at())
    flash(_("Đã ghi. Máy đang xếp; kết quả hiện dưới «Đã làm hôm nay» sau ít giây."))
    return back


@blueprint.post("/triage/<id:report_id>/retry")
@officers_only("supervisor")
def retry(report_id: int) -> Response:
    """Let the machine try once more."""
    back = _back_to_list()
    triage_acts.retry(current_officer(), report_id, seen_at=_seen_at())
    flash(_("Máy đang thử lại; nếu vẫn không xếp được, phản ánh trở lại bàn này."))
    return back


@blueprint.post("/triage/<id:report_id>/dismiss")
@officers_only("supervisor")
def dismiss(report_id: int) -> Response:
    """Mark a report as not a case."""
    back = _back_to_list()
    triage_acts.dismiss(
        current_officer(),
        report_id,
        request.form.get("reason_code", ""),
        request.form.get("words", ""),
        seen_at=_seen_at(),
    )
    flash(_("Đã đánh dấu không phải vụ việc. Có thể lấy lại trong danh sách bên dưới."))
    return back


@blueprint.post("/triage/<id:report_id>/restore")
@officers_only("supervisor")
def restore(report_id: int) -> Response:
    """Take a dismissal back."""
    triage_acts.restore(current_officer(), report_id)
    flash(_("Đã lấy lại: phản ánh trở về bàn phân loại."))
    return redirect(url_for("triage.desk", report=report_id, _anchor="work"))


@blueprint.get("/triage/<id:report_id>/photos/<id:photo_id>/<size>")
@officers_only(*READERS)
def photo(report_id: int, photo_id: int, size: str) -> Response:
    """Send a derivative of a held report's photo."""
    store = PhotoStore(settings_in_use().photo_folder)
    path = triage_sheet.photo_file(current_officer(), report_id, photo_id, size, store)
    response = send_file(path, mimetype=MEDIA_TYPE, etag=path.name)
    # Nobody has reviewed it, and who may see it may change: the browser asks each time. Its
    # bytes never change, so the answer is mostly 304.
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.errorhandler(InvalidInput)
def _answer_invalid(error: InvalidInput) -> tuple[str, int]:
    """Show the desk again with what was typed, and the sentence beside its field."""
    message = sentences.say(error.code, error.details, 422)
    found = _desk(_reason(), (request.view_args or {}).get("report_id"))
    # Without a sheet there is no field to say it beside.
    alert = None if found.opened else message
    return _page(found, is_chosen=True, field=error.field, message=message, alert=alert), 422


@blueprint.errorhandler(Conflict)
def _answer_conflict(error: Conflict) -> tuple[str, int]:
    """Show the fresh desk, and say that nothing was done."""
    return _page(_desk(_reason()), alert=sentences.say(error.code, error.details, 409)), 409


def _desk(reason: str | None, report_id: int | None = None) -> triage_desk.Desk:
    return triage_desk.read_desk(
        current_officer(),
        reason=reason,
        report_id=report_id,
        is_week_shown=request.args.get("acts") == "week",
    )


def _page(found: triage_desk.Desk, **state: object) -> str:
    return render_template(
        "triage/desk.html",
        desk=found,
        can_act=current_officer().role == "supervisor",
        reasons=triage_acts.DISMISSAL_REASONS,
        **state,
    )


def _reason() -> str | None:
    reason = request.values.get("reason") or None
    if reason is not None and reason not in HOLD_CODES:
        raise NotFound("http_404")
    return reason


def _id(name: str) -> int | None:
    """Return a number that may be an id; what no database can hold is none."""
    number = request.values.get(name, type=int)
    return number if number is not None and 0 < number <= LARGEST_ID else None


def _unit_id() -> int | None:
    """Return the chosen unit; None leaves it to the map.

    Raises:
        InvalidInput: something was chosen that is no unit.
    """
    unit_id = _id("unit_id")
    if unit_id is None and request.form.get("unit_id"):
        raise InvalidInput("unit_unknown", field="unit_id")
    return unit_id


def _seen_at() -> datetime:
    try:
        return datetime.fromisoformat(request.form.get("seen_at", ""))
    except ValueError:
        raise Conflict("report_dealt_with") from None


def _back_to_list() -> Response:
    """Return the way back to the list; asked for before an act, for its reason may be unknown.

    Raises:
        NotFound: there is no such reason to hold a report.
    """
    return redirect(url_for("triage.desk", reason=_reason()))
