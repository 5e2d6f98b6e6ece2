"""The doors of the triage desk: held reports, what may be done with one, and its photos."""

from datetime import datetime

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from webapp import sentences
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.errors import Conflict, InvalidInput, NotFound
from webapp.domain.triage import HOLD_CODES
from webapp.security import current_officer, officers_only
from webapp.services import triage_acts, triage_desk, triage_sheet

blueprint = Blueprint("triage", __name__)

# A derivative never changes, and only who may see it may change; an hour is short enough.
PHOTO_CACHE_S = 3600


@blueprint.get("/triage")
@officers_only("supervisor", "overseer")
def desk() -> str:
    """Show what is held, one report opened beside the list."""
    return _page(report_id=request.args.get("report", type=int))


@blueprint.post("/triage/<int:report_id>/place")
@officers_only("supervisor")
def place(report_id: int) -> Response:
    """Set position, category or unit, and let the machine place the report."""
    placing = triage_acts.Placing(
        position=request.form.get("position", ""),
        category_code=request.form.get("category", ""),
        unit_id=request.form.get("unit_id", type=int),
        words=request.form.get("note", ""),
    )
    triage_acts.place(current_officer(), report_id, placing, seen_at=_seen_at())
    flash(_("Đã ghi. Máy đang xếp; kết quả hiện dưới «Đã làm hôm nay» sau ít giây."))
    return _back_to_list()


@blueprint.post("/triage/<int:report_id>/retry")
@officers_only("supervisor")
def retry(report_id: int) -> Response:
    """Let the machine try once more."""
    triage_acts.retry(current_officer(), report_id, seen_at=_seen_at())
    flash(_("Máy đang thử lại; nếu vẫn không xếp được, phản ánh trở lại bàn này."))
    return _back_to_list()


@blueprint.post("/triage/<int:report_id>/dismiss")
@officers_only("supervisor")
def dismiss(report_id: int) -> Response:
    """Mark a report as not a case."""
    triage_acts.dismiss(
        current_officer(),
        report_id,
        request.form.get("reason_code", ""),
        request.form.get("words", ""),
        seen_at=_seen_at(),
    )
    flash(_("Đã đánh dấu không phải vụ việc. Có thể xem lại trong danh sách bên dưới."))
    return _back_to_list()


@blueprint.post("/triage/<int:report_id>/restore")
@officers_only("supervisor")
def restore(report_id: int) -> Response:
    """Take a dismissal back."""
    triage_acts.restore(current_officer(), report_id)
    flash(_("Phản ánh đã trở lại bàn phân loại."))
    return redirect(url_for("triage.desk", report=report_id, _anchor="work"))


@blueprint.get("/triage/<int:report_id>/photos/<int:photo_id>/<size>")
@officers_only("supervisor", "overseer")
def photo(report_id: int, photo_id: int, size: str) -> Response:
    """Send a derivative of a held report's photo."""
    store = PhotoStore(current_app.extensions["settings"].photo_folder)
    path = triage_sheet.photo_file(report_id, photo_id, size, store)
    response = send_file(path, mimetype="image/jpeg", etag=path.name, max_age=PHOTO_CACHE_S)
    response.headers["Cache-Control"] = f"private, max-age={PHOTO_CACHE_S}"
    return response


@blueprint.errorhandler(InvalidInput)
def _answer_invalid(error: InvalidInput) -> tuple[str, int]:
    """Show the desk again with what was typed, and the sentence beside its field."""
    message = sentences.say(error.code, error.details, 422)
    report_id = (request.view_args or {}).get("report_id")
    return _page(report_id=report_id, field=error.field, message=message), 422


@blueprint.errorhandler(Conflict)
def _answer_conflict(error: Conflict) -> tuple[str, int]:
    """Show the fresh desk, and say that nothing was done."""
    return _page(alert=sentences.say(error.code, error.details, 409)), 409


def _page(report_id: int | None = None, **state: object) -> str:
    found = triage_desk.read_desk(
        reason=_reason(),
        report_id=report_id,
        is_week_shown=request.args.get("acts") == "week",
    )
    return render_template(
        "triage/desk.html",
        desk=found,
        can_act=current_officer().role == "supervisor",
        reasons=triage_acts.DISMISSAL_REASONS,
        nav_counts={"triage.desk": found.total},
        is_chosen=report_id is not None,
        **state,
    )


def _reason() -> str | None:
    reason = request.values.get("reason") or None
    if reason is not None and reason not in HOLD_CODES:
        raise NotFound("http_404")
    return reason


def _seen_at() -> datetime:
    try:
        return datetime.fromisoformat(request.form.get("seen_at", ""))
    except ValueError:
        raise Conflict("report_dealt_with") from None


def _back_to_list() -> Response:
    return redirect(url_for("triage.desk", reason=_reason()))
