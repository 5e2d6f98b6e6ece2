"""The doors of casework: the queue, the page of one case, and the acts on it."""

from collections.abc import Callable
from datetime import datetime

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from webapp import clock, labels, language, sentences
from webapp.adapters.photo_store import PhotoStore
from webapp.config import Settings
from webapp.domain.casework import ROLES
from webapp.domain.errors import (
    AnLoError,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    TooLarge,
    UnsupportedPhoto,
)
from webapp.errors import STATUS_OF
from webapp.models import Officer
from webapp.security import current_officer, officers_only
from webapp.services import casefile, casework_acts, casework_proof, photos
from webapp.services import queue as queues
from webapp.services.casework_acts import Review, Seen

blueprint = Blueprint("casework", __name__)

# Who has a queue. The page of a case is open to every role, and the scope decides: whoever may
# not see a case is told the same as when there is none.
READERS = ("officer", "head", "supervisor", "overseer")

# More digits than any id of ours; SQLite's integers end at nineteen.
LONGEST_NUMBER = 18

# What is said after an act; the page below shows the rest.
DONE = {
    "acknowledge": lazy_gettext("Đã tiếp nhận. Người dân thấy điều này trên trang theo dõi."),
    "start": lazy_gettext("Đã ghi: bắt đầu xử lý."),
    "resolve": lazy_gettext("Đã xử lý, có ảnh sau. Người gửi sẽ thấy trên trang theo dõi."),
    "raise-severity": lazy_gettext("Đã nâng mức độ."),
    "note": lazy_gettext("Đã ghi vào diễn biến, chỉ nội bộ đọc được."),
    "review-photo": lazy_gettext("Đã xét ảnh."),
    "review-words": lazy_gettext("Đã xét lời người gửi."),
}


@blueprint.app_template_filter("hour")
def hour(moment: datetime) -> str:
    """Say the time of day of a moment: "14:32"."""
    return f"{moment.astimezone(clock.LOCAL_ZONE):%H:%M}"


@blueprint.app_template_filter("span")
def span(until: datetime, since: datetime) -> str:
    """Say how long it took from one moment to a later one: "44 phút"."""
    return language.say_span(until - since)


@blueprint.get("/queue")
@officers_only(*READERS)
def queue() -> str:
    """Show one page of the queue, and beside it the case that is selected."""
    officer, wanted = current_officer(), _wanted()
    found = queues.read_queue(officer, wanted)
    chosen = _chosen(found)
    return render_template(
        "casework/queue.html",
        queue=found,
        wanted=wanted,
        views=_view_names(),
        cap=queues.COUNT_CAP,
        most_pages=queues.MOST_PAGES,
        chosen=casefile.glance_at(officer, chosen.case) if chosen else None,
    )


@blueprint.get("/cases/<number>")
@officers_only(*ROLES)
def case(number: str) -> Response | str:
    """Show a case, and write down who opened it; ``?pane`` is the part beside the queue."""
    officer = current_officer()
    found = casefile.read_case(officer, number)
    if not found.is_viewed:
        casework_acts.record_view(officer, found.case.number)
        found = casefile.read_case(current_officer(), number)
    if "pane" in request.args:
        return render_template("casework/_pane.html", file=found)
    return _case_page(found)


@blueprint.post("/cases/<number>/<act>")
@officers_only(*ROLES)
def act(number: str, act: str) -> Response:
    """Do one act on the case as the officer saw it, and show it again."""
    do = ACTS.get(act)
    if do is None:
        raise NotFound("act_unknown")
    do(current_officer(), Seen(number.upper(), _whole("version")))
    flash(str(DONE[act]))
    return redirect(url_for("casework.case", number=number, _anchor=_anchor(act)))


@blueprint.get("/cases/<number>/photos/<int:photo_id>/<size>")
@officers_only(*ROLES)
def photo(number: str, photo_id: int, size: str) -> Response:
    """Send a photo to an officer who may see its case; ``received`` are the bytes as sent."""
    found = casefile.photo_of(current_officer(), number, photo_id)
    store = _store()
    if size == "received":
        return _received(store, found.received_sha256, found.media_type)
    served = photos.derivative_of(found, size, store=store)
    response = send_file(served.path, mimetype=served.media_type, etag=served.sha256)
    # The address names the photo and its bytes never change, but only this officer may keep it.
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def _acknowledge(officer: Officer, seen: Seen) -> None:
    casework_acts.acknowledge(officer, seen, _text("words"))


def _start(officer: Officer, seen: Seen) -> None:
    casework_acts.start(officer, seen, _text("words"))


def _resolve(officer: Officer, seen: Seen) -> None:
    upload = request.files.get("after_photo")
    proof = casework_proof.Proof(
        photo=upload.stream if upload and upload.filename else None,  # type: ignore[arg-type]
        public_sentence=_text("public_sentence"),
        is_shown=_text("photo_review") == "shown",
    )
    casework_proof.resolve(officer, seen, proof, _store())


def _raise_severity(officer: Officer, seen: Seen) -> None:
    casework_acts.raise_severity(officer, seen, _whole("severity"), _text("words"))


def _note(officer: Officer, seen: Seen) -> None:
    casework_acts.add_note(officer, seen, _text("note"))


def _review_photo(officer: Officer, seen: Seen) -> None:
    casework_acts.review_photo(officer, seen, _whole("photo_id"), _review())


def _review_words(officer: Officer, seen: Seen) -> None:
    casework_acts.review_words(officer, seen, _whole("report_id"), _review())


ACTS: dict[str, Callable[[Officer, Seen], None]] = {
    "acknowledge": _acknowledge,
    "start": _start,
    "resolve": _resolve,
    "raise-severity": _raise_severity,
    "note": _note,
    "review-photo": _review_photo,
    "review-words": _review_words,
}


@blueprint.errorhandler(Conflict)
@blueprint.errorhandler(InvalidInput)
@blueprint.errorhandler(NotAllowed)
@blueprint.errorhandler(UnsupportedPhoto)
@blueprint.errorhandler(TooLarge)
def _answer_refused_act(error: AnLoError) -> Response:
    """Show the fresh case, say what was not done, and keep every word that was typed."""
    if request.endpoint != "casework.act":
        return _answer_generally(error)
    number = (request.view_args or {})["number"]
    found = casefile.read_case(current_officer(), str(number))
    status = STATUS_OF[type(error)]
    return make_response(_case_page(found, error=error, status=status), status)


def _answer_generally(error: AnLoError) -> Response:
    """Answer as everywhere else; a blueprint's handler stands before the application's."""
    handlers = current_app.error_handler_spec[None][None]
    return make_response(handlers[AnLoError](error))


def _case_page(
    found: casefile.CaseFile, *, error: AnLoError | None = None, status: int = 200
) -> str:
    seen_version = request.form.get("version", "")
    changes = found.since(int(seen_version)) if error and seen_version.isdigit() else []
    return render_template(
        "casework/case.html",
        file=found,
        error=error,
        message=_say(error, status) if error else None,
        is_stale=isinstance(error, Conflict),
        changes=changes,
        typed=request.form if error else {},
        failed_act=(request.view_args or {}).get("act") if error else None,
        reasons=casework_acts.PRIVATE_REASONS,
        most_words=casework_acts.MOST_WORDS,
    )


def _say(error: AnLoError, status: int) -> str:
    if error.code == "act_not_possible":
        return str(labels.OBJECTION[str(error.details["reason"])])
    return sentences.say(error.code, error.details, status)


def _chosen(found: queues.Queue) -> queues.Row | None:
    selected = request.args.get("selected", "").upper()
    by_number = {row.case.number: row for row in found.rows}
    return by_number.get(selected) or next(iter(found.rows), None)


def _wanted() -> queues.Wanted:
    view = request.args.get("view", "now")
    return queues.Wanted(
        view=view if view in queues.VIEWS else "now",
        severity=min(max(request.args.get("severity", 1, int), 1), 4),
        category=request.args.get("category") or None,
        unit_id=request.args.get("unit", None, int),
        words=request.args.get("q", "").strip()[:80],
        page=max(request.args.get("page", 1, int), 1),
    )


def _view_names() -> dict[str, str]:
    return {
        "now": _("Cần làm ngay"),
        "unseen": _("Chưa ai xem"),
        "late": _("Trễ hạn"),
        "soon": _("Sắp đến hạn"),
        "photos": _("Ảnh chưa xét"),
        "done": _("Đã xử lý"),
        "everything": _("Tất cả"),
    }


def _review() -> Review:
    return Review(_text("review"), _text("reason_code") or None, _text("words"))


def _text(name: str) -> str:
    return request.form.get(name, "")


def _whole(name: str) -> int:
    value = request.form.get(name, "")
    if not value.isdigit() or len(value) > LONGEST_NUMBER:
        raise InvalidInput("form_incomplete", field=name)
    return int(value)


def _anchor(act: str) -> str | None:
    if act == "review-photo":
        return f"photo-{_whole('photo_id')}"
    return {"note": "h-line", "review-words": "h-words"}.get(act)


def _received(store: PhotoStore, sha256: str, media_type: str) -> Response:
    response = send_file(store.path(sha256), mimetype=media_type, etag=sha256)
    response.headers["Cache-Control"] = "no-store"
    # Bytes from a stranger: they may be looked at as a picture and be nothing else.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _store() -> PhotoStore:
    settings: Settings = current_app.extensions["settings"]
    return PhotoStore(settings.photo_folder)
