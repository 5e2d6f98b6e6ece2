"""The doors of casework: the queue, the page of one case, and the acts on it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import (
    Blueprint,
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
from webapp.domain.errors import (
    AnLoError,
    Conflict,
    InvalidInput,
    NoRoom,
    NotAllowed,
    NotFound,
    TooLarge,
    UnsupportedPhoto,
)
from webapp.domain.grounds import Grounds, read_grounds
from webapp.errors import answer_domain_error, say_when_to_come_again, status_of
from webapp.extensions import settings_in_use
from webapp.models import Officer
from webapp.security import current_officer, officers_only
from webapp.services import casefile, casework_acts, casework_proof, photos
from webapp.services import queue as queues
from webapp.services.casework_acts import Review, Seen
from webapp.services.queue_beside import views_beside

blueprint = Blueprint("casework", __name__)

# Who has a queue and may open cases. The scope decides which ones: whoever may not see a case,
# administrators always, is told the same as when there is none.
READERS = ("officer", "head", "supervisor", "overseer")

# More digits than any id of ours; the integers of both databases end at nineteen.
LONGEST_NUMBER = 18

# Lists that hold forms of acts, and to which an officer returns from one: what the form says.
BACK = {"transfers": "transfers.index"}

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
    return f"{moment.astimezone(clock.LOCAL_ZONE):%H:%M}" if language.is_sayable(moment) else "–"


@blueprint.app_template_filter("span")
def span(until: datetime, since: datetime) -> str:
    """Say how long it took from one moment to a later one: "44 phút"."""
    return language.say_span(until - since)


@blueprint.app_template_filter("lasting")
def lasting(hours: float) -> str:
    """Say how long a number of hours is: "36 phút"."""
    return language.say_span(timedelta(hours=abs(hours)))


@blueprint.app_template_filter("grounds")
def grounds(terms: Mapping[str, Any]) -> Grounds:
    """Read the stored terms of an attachment or a suggestion, for their sentence."""
    return read_grounds(terms)


@blueprint.get("/queue")
@officers_only(*READERS)
def queue() -> str:
    """Show one page of the queue, and beside it a case: the selected one, else the first.

    Selecting a case is viewing it, and is written down; the first one merely lies there.
    """
    wanted, selected = _wanted(), request.args.get("selected", "").upper()
    found, chosen = _read_queue(wanted, selected)
    if chosen and chosen.case.number == selected and not chosen.is_viewed:
        casework_acts.record_view(current_officer(), selected)
        found, chosen = _read_queue(wanted, selected)
    return render_template(
        "casework/queue.html",
        queue=found,
        wanted=wanted,
        views=_names_of_views(),
        cap=queues.COUNT_CAP,
        most_pages=queues.MOST_PAGES,
        chosen=chosen,
    )


@blueprint.get("/cases/<case_number:number>")
@officers_only(*READERS)
def case(number: str) -> Response | str:
    """Show a case, and write down who opened it; ``?pane`` is the part beside the queue."""
    found = _open_case(number)
    if "pane" in request.args:
        return render_template("casework/_pane.html", file=found)
    return case_page(found)


@blueprint.post("/cases/<case_number:number>/<act>")
@officers_only(*READERS)
def act(number: str, act: str) -> Response:
    """Do one act on the case as the officer saw it, and show it again."""
    do = ACTS.get(act)
    if do is None:
        raise NotFound("act_unknown")
    casefile.check_visible(current_officer(), number)
    do(current_officer(), Seen(number, whole("version")))
    flash(str(DONE[act]))
    return redirect(_after(act, number))


def _after(act: str, number: str) -> str:
    """Return where an officer goes after an act: to the case, unless it is theirs no more."""
    if text("back") in BACK:
        return url_for(BACK[text("back")])
    if not casefile.is_visible(current_officer(), number):
        return url_for("casework.queue")
    return url_for("casework.case", number=number, _anchor=_anchor(act))


@blueprint.get("/cases/<case_number:number>/photos/<id:photo_id>/<size>")
@officers_only(*READERS)
def photo(number: str, photo_id: int, size: str) -> Response:
    """Send a photo to an officer who may see its case; ``received`` are the bytes as sent.

    Small ones are thumbnails of a list; whoever opens a larger one looks at the case.
    """
    if size != "small":
        casework_acts.record_view(current_officer(), number)
    found = casefile.photo_of(current_officer(), number, photo_id)
    store = _store()
    if size == "received":
        return _received(store, found.received_sha256, found.media_type)
    served = photos.derivative_of(found, size, store=store)
    # A file that is gone is not found; it is no crash.
    store.open_derivative(served.sha256).close()
    response = send_file(served.path, mimetype=served.media_type, etag=served.sha256)
    # Nobody reviewed it yet: on a shared computer it is shown again only to whom we let see it.
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _acknowledge(officer: Officer, seen: Seen) -> None:
    casework_acts.acknowledge(officer, seen, text("words"))


def _start(officer: Officer, seen: Seen) -> None:
    casework_acts.start(officer, seen, text("words"))


def _resolve(officer: Officer, seen: Seen) -> None:
    upload = request.files.get("after_photo")
    has_photo = bool(upload and upload.filename)
    if has_photo:
        photos.check_room(_store(), min_free_mb=settings_in_use().min_free_mb)
    proof = casework_proof.Proof(
        photo=upload.stream if upload and has_photo else None,  # type: ignore[arg-type]
        public_sentence=text("public_sentence"),
        is_shown=text("photo_review") == "shown",
    )
    casework_proof.resolve(officer, seen, proof, _store())


def _raise_severity(officer: Officer, seen: Seen) -> None:
    casework_acts.raise_severity(officer, seen, whole("severity"), text("words"))


def _note(officer: Officer, seen: Seen) -> None:
    casework_acts.add_note(officer, seen, text("note"))


def _review_photo(officer: Officer, seen: Seen) -> None:
    casework_acts.review_photo(officer, seen, whole("photo_id"), _review())


def _review_words(officer: Officer, seen: Seen) -> None:
    casework_acts.review_words(officer, seen, whole("report_id"), _review())


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
@blueprint.errorhandler(NotFound)
@blueprint.errorhandler(UnsupportedPhoto)
@blueprint.errorhandler(TooLarge)
@blueprint.errorhandler(NoRoom)
def _answer_refused_act(error: AnLoError) -> Response:
    """Show the fresh case, say what was not done, and keep every word that was typed."""
    if error.code == "role_not_allowed" and "number" in (request.view_args or {}):
        return answer_domain_error(NotFound("case_not_found"))
    show = SHOWN_AGAIN.get(request.endpoint or "")
    # A case that is not found has no page; what a form named wrongly stands beside its field.
    is_page = isinstance(error, NotFound) and error.field is None
    if show is None or is_page or error.code == "role_not_allowed":
        return answer_domain_error(error)
    status = status_of(error)
    response = make_response(show(error, status), status)
    say_when_to_come_again(response, error)
    return response


def case_page(
    found: casefile.CaseFile, *, error: AnLoError | None = None, status: int = 200
) -> str:
    """Return the page of a case, with what was not done above it, if anything was not."""
    changes = found.since(whole("version")) if isinstance(error, Conflict) else []
    return render_template(
        "casework/case.html",
        file=found,
        error=error,
        message=say(error, status) if error else None,
        is_stale=isinstance(error, Conflict),
        changes=changes,
        typed=request.values if error else {},
        failed_act=_failed_act() if error else None,
        reasons=casework_acts.PRIVATE_REASONS,
        most_words=casework_acts.MOST_WORDS,
    )


def case_again(error: AnLoError, status: int) -> str:
    """Return the page of the case that an act was refused on, as it is now."""
    found = casefile.read_case(current_officer(), (request.view_args or {})["number"])
    return case_page(found, error=error, status=status)


# How the page that a form was sent from is shown again when it was refused, by endpoint.
SHOWN_AGAIN: dict[str, Callable[[AnLoError, int], str]] = {"casework.act": case_again}


def _failed_act() -> str:
    own_name = (request.endpoint or "").rpartition(".")[2].replace("_", "-")
    return str((request.view_args or {}).get("act", own_name))


def say(error: AnLoError, status: int) -> str:
    """Say what went wrong in the words of this page."""
    if error.code == "act_not_possible":
        return str(labels.OBJECTION[str(error.details["reason"])])
    return sentences.say(error.code, error.details, status)


def _open_case(number: str) -> casefile.CaseFile:
    """Read a case for whoever opens it; the first time is written down before it is read."""
    is_whole = "all" in request.args
    found = casefile.read_case(current_officer(), number, is_whole=is_whole)
    if found.is_viewed:
        return found
    casework_acts.record_view(current_officer(), number)
    return casefile.read_case(current_officer(), number, is_whole=is_whole)


def _read_queue(
    wanted: queues.Wanted, selected: str
) -> tuple[queues.Queue, casefile.CaseFile | None]:
    officer = current_officer()
    found = queues.read_queue(officer, wanted)
    by_number = {row.case.number: row for row in found.rows}
    row = by_number.get(selected) or next(iter(found.rows), None)
    return found, casefile.glance_at(officer, row.case, row.pairs) if row else None


def _wanted() -> queues.Wanted:
    view = request.args.get("view", "now")
    return queues.Wanted(
        view=view if view in (*queues.VIEWS, *views_beside(current_officer())) else "now",
        severity=min(max(request.args.get("severity", 1, int), 1), 4),
        category=_plain(request.args.get("category", "")) or None,
        unit_id=request.args.get("unit", None, int),
        words=_plain(request.args.get("q", "")).strip()[:80],
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


def _names_of_views() -> dict[str, str]:
    """Return the views of whoever looks, in the order of their tabs."""
    beside = {"incoming": _("Chờ nhận"), "coordinating": _("Phối hợp")}
    mine = views_beside(current_officer())
    return _view_names() | {view: beside[view] for view in mine}


def _review() -> Review:
    return Review(text("review"), text("reason_code") or None, text("words"))


def text(name: str) -> str:
    """Return what was typed into a field."""
    return _plain(request.form.get(name, ""))


def _plain(text: str) -> str:
    # PostgreSQL takes no NUL in a text; nobody types one.
    return text.replace("\0", "")


def whole(name: str) -> int:
    """Return the whole number of a field.

    Raises:
        InvalidInput: it holds none, or one that no column holds.
    """
    value = request.form.get(name, "")
    if not (value.isascii() and value.isdigit()) or len(value) > LONGEST_NUMBER:
        raise InvalidInput("form_incomplete", field=name)
    return int(value)


def _anchor(act: str) -> str | None:
    if act == "review-photo":
        return f"photo-{whole('photo_id')}"
    return {"note": "h-line", "review-words": "h-words"}.get(act)


def _received(store: PhotoStore, sha256: str, media_type: str) -> Response:
    store.open(sha256).close()
    response = send_file(store.path(sha256), mimetype=media_type, etag=sha256)
    response.headers["Cache-Control"] = "no-store"
    # Bytes from a stranger: they may be looked at as a picture and be nothing else.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _store() -> PhotoStore:
    return PhotoStore(settings_in_use().photo_folder)
