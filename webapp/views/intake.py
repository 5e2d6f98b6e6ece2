"""Doors of residents who report: the form, the one place that takes reports, and the receipt."""

from typing import Any, BinaryIO, cast

from flask import (
    Blueprint,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from webapp import errors, sentences
from webapp.adapters import qr_code
from webapp.adapters.photo_reader import MAX_PHOTO_BYTES, MAX_PHOTO_PIXELS
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.errors import (
    AnLoError,
    Conflict,
    InvalidInput,
    NoRoom,
    TooLarge,
    TooMany,
    UnsupportedPhoto,
)
from webapp.extensions import csrf, settings_in_use
from webapp.language import said
from webapp.security import public_door, refuse_other_sites
from webapp.services import intake, public_named, public_nearby
from webapp.services.public_cases import CaseCard
from webapp.services.submission import (
    MAX_COMMUNE_HINT_CHARACTERS,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_PHOTOS,
    RawSubmission,
    read_case_number,
)

blueprint = Blueprint("intake", __name__)

PHOTO_FIELDS = ("captured_at", "exif_claims", "original_sha256")

LIMITS = {
    "photos": MAX_PHOTOS,
    "photo_bytes": MAX_PHOTO_BYTES,
    "photo_pixels": MAX_PHOTO_PIXELS,
    "description": MAX_DESCRIPTION_CHARACTERS,
    "commune_hint": MAX_COMMUNE_HINT_CHARACTERS,
}

# After these a browser without JavaScript gets its form back, for it keeps no draft by itself.
CAN_SEND_AGAIN = (InvalidInput, UnsupportedPhoto, TooLarge, Conflict, TooMany, NoRoom)


@blueprint.get("/report")
@public_door
def report_form() -> Response:
    """Show the form, with a fresh tracking key for browsers that make none.

    ``?seen=NH-2026-00042`` comes from the page of a case, by "Tôi cũng thấy": the form then names
    that case, if it is public.
    """
    return _form_page(typed={"seen_case": request.args.get("seen", "")})


@blueprint.post("/reports")
@public_door
def submit_report() -> Response:
    """Take one report in: 201 when it is new, 200 when it had arrived before.

    There is neither session nor CSRF token, for a report may have waited on the phone for days;
    other sites are refused by what the browser says of the request instead.
    """
    refuse_other_sites()
    settings = settings_in_use()
    accepted = intake.submit(
        _raw_submission(), settings=settings, store=PhotoStore(settings.photo_folder)
    )
    key = accepted.tracking_key
    if _is_plain_form():
        return _private(redirect(url_for("intake.receipt", tracking_key=key), 303))
    body = jsonify(tracking_key=key, track_url=_track_url(key))
    return _private(make_response(body, 201 if accepted.is_new else 200))


@blueprint.post("/cases/nearby")
@public_door
def nearby_cases() -> Response:
    """Tell the form which public cases lie near the position in its JSON body; nothing is kept.

    The position is in the body and not in the address, so that no log of addresses has it.
    """
    refuse_other_sites()
    most = public_nearby.MAX_QUESTION_BYTES
    if (request.content_length or 0) > most:
        raise TooLarge("nearby_too_long")
    # A body that does not say its length is read no further than one byte too far.
    raw = request.stream.read(most + 1)
    cards = public_nearby.answer(raw, address=request.remote_addr or "", settings=settings_in_use())
    return _private(make_response(jsonify(cases=[_nearby_entry(card) for card in cards])))


# Neither has a session to protect, and a form may have lain open for days.
csrf.exempt(submit_report)
csrf.exempt(nearby_cases)


@blueprint.get("/receipt/<tracking_key>")
@public_door
def receipt(tracking_key: str) -> Response:
    """Show the key of a report that arrived, to copy, to write down or to scan."""
    found = intake.read_receipt(tracking_key)
    track_url = _track_url(found.tracking_key)
    page = render_template(
        "intake/receipt.html",
        receipt=found,
        tracking_key=found.tracking_key,
        groups=found.groups,
        track_url=track_url,
        qr=qr_code.as_svg(track_url, title=_("Mã QR của trang theo dõi")),
    )
    response = _private(make_response(page))
    # The address holds the key: it must not travel to other sites, nor into a search engine.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@blueprint.errorhandler(AnLoError)
def _answer_error(error: AnLoError) -> Response:
    """Show the form again with what was typed, when sending it once more may help."""
    if request.endpoint == "intake.nearby_cases":
        return errors.answer_in_json(error)
    can_send_again = isinstance(error, CAN_SEND_AGAIN)
    if request.endpoint != "intake.submit_report" or not can_send_again or not _is_plain_form():
        return errors.answer_domain_error(error)
    status = errors.status_of(error)
    response = _form_page(
        typed=request.form.to_dict(),
        error={"code": error.code, "field": error.field, "message": _sentence_of(error, status)},
    )
    response.status_code = status
    errors.say_when_to_come_again(response, error)
    return response


def _sentence_of(error: AnLoError, status: int) -> str:
    message = sentences.say(error.code, error.details, status)
    index = error.details.get("index")
    if not isinstance(index, int):
        return message
    return _("Ảnh %(number)s: %(message)s", number=index + 1, message=message)


def _form_page(
    typed: dict[str, str] | None = None, error: dict[str, str | None] | None = None
) -> Response:
    choices = intake.form_choices()
    typed = typed or {}
    number = read_case_number(typed.get("seen_case", ""))
    linked = public_named.case_to_join(number)
    entry = _nearby_entry(linked) if linked else None
    is_open = entry is not None and entry["is_open"]
    page = render_template(
        "intake/report.html",
        # Nothing came under the key that was refused, but a fresh one is never wrong.
        tracking_key=intake.new_tracking_key(),
        categories=choices.categories,
        communes=choices.communes,
        former=choices.former,
        limits=LIMITS,
        typed=typed,
        error=error,
        named=linked if is_open else None,
        ended=None if is_open else linked,
        linked_case=entry,
    )
    return _private(make_response(page))


def _nearby_entry(card: CaseCard) -> dict[str, Any]:
    photo_id = card.public.small_photo_id
    return {
        **public_nearby.as_entry(card),
        "category_name": said(card.category),
        "photo": url_for("public.photo", photo_id=photo_id, size="small") if photo_id else None,
    }


def _raw_submission() -> RawSubmission:
    # A form sends an empty part without a name for every file that was not chosen.
    files = [file for file in request.files.getlist("photo") if file.filename or _has_bytes(file)]
    return RawSubmission(
        fields=request.form.to_dict(),
        photos=[cast(BinaryIO, file.stream) for file in files],
        photo_fields={name: request.form.getlist(name) for name in PHOTO_FIELDS},
        address=request.remote_addr or "",
        needs_photo=_is_plain_form() or "from_form" in request.form,
    )


def _has_bytes(file: FileStorage) -> bool:
    first = file.stream.read(1)
    file.stream.seek(0)
    return bool(first)


def _is_plain_form() -> bool:
    """Return whether a browser sent the form by itself: it asks for a page by name.

    Whatever only says that it takes anything is a program, and gets JSON.
    """
    best = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return best == "text/html"


def _track_url(tracking_key: str) -> str:
    return settings_in_use().public_url + url_for("public.track", tracking_key=tracking_key)


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers.add("Vary", "Accept")
    return response
