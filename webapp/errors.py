"""Turns what went wrong into an answer: one sentence for people, the same one in JSON."""

from contextlib import suppress
from http import HTTPStatus

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from webapp import sentences
from webapp.domain.errors import (
    AnLoError,
    Conflict,
    Gone,
    InvalidInput,
    NoRoom,
    NotAllowed,
    NotFound,
    TooLarge,
    TooMany,
    UnsupportedPhoto,
)
from webapp.extensions import db, login

log = structlog.get_logger()

STATUS_OF: dict[type[AnLoError], int] = {
    InvalidInput: 422,
    UnsupportedPhoto: 415,
    TooLarge: 413,
    NotFound: 404,
    Gone: 410,
    NotAllowed: 403,
    Conflict: 409,
    TooMany: 429,
    NoRoom: 503,
}

# How long a client should wait when the disk is nearly full: somebody has to make room.
NO_ROOM_RETRY_S = 600

# What is said when even the page of errors cannot be made: whole, for nothing else is left.
LAST_RESORT = """<!doctype html>
<html lang="vi">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>Máy chủ gặp lỗi · An Lộ</title></head>
<body><main><h1>Máy chủ gặp lỗi</h1>
<p>Việc vừa làm có thể chưa được ghi. Phản ánh đang viết vẫn được giữ trên máy này.
Hãy thử lại sau ít phút.</p>
<p><a href="/">Về trang đầu</a></p></main></body>
</html>
"""


def register(app: Flask) -> None:
    """Bind the handlers to an application."""
    app.register_error_handler(AnLoError, answer_domain_error)
    app.register_error_handler(RateLimitExceeded, _answer_rate_limit)
    app.register_error_handler(CSRFError, _answer_csrf)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_crash)


def wants_json() -> bool:
    """Return whether the client would rather read JSON than a page."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def answer_domain_error(error: AnLoError) -> Response:
    """Answer with the sentence and the status of a domain error."""
    response = _answer(status_of(error), error.code, error.field, error.details)
    say_when_to_come_again(response, error)
    return response


def answer_in_json(error: AnLoError) -> Response:
    """Answer a program that may not have said which kind of answer it reads; never kept."""
    status = status_of(error)
    message = sentences.say(error.code, error.details, status)
    body = jsonify(error={"code": error.code, "field": error.field, "message": message})
    response = make_response(body, status)
    response.headers["Cache-Control"] = "no-store"
    say_when_to_come_again(response, error)
    return response


def say_when_to_come_again(response: WerkzeugResponse, error: AnLoError) -> None:
    """Set Retry-After on the answer to an error that passes by itself."""
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.details["retry_after_s"])
    if isinstance(error, NoRoom):
        response.headers["Retry-After"] = str(NO_ROOM_RETRY_S)


def status_of(error: AnLoError) -> int:
    """Return the status of a domain error, or of the class that it is a kind of."""
    known = (STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    return next(known, HTTPStatus.INTERNAL_SERVER_ERROR)


def _answer_rate_limit(error: RateLimitExceeded) -> Response:
    response = _answer(429, "too_many_requests")
    response.headers["Retry-After"] = str(error.limit.limit.get_expiry() if error.limit else 60)
    return response


def _answer_csrf(_error: CSRFError) -> Response:
    return _answer(400, "form_expired")


def _answer_http(error: HTTPException) -> Response:
    # A handler that raised comes back here as a 500 around what it raised.
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, AnLoError):
        return answer_domain_error(cause)
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return make_response(error.get_response())
    response = _answer(error.code, f"http_{error.code}")
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        for name, value in error.get_headers():
            if name.lower() == "allow":
                response.headers["Allow"] = value
    return response


def _answer_crash(error: Exception) -> Response:
    # A database that is away cannot even be told to forget.
    with suppress(SQLAlchemyError):
        db.session.rollback()
    log.error("request_crashed", method=request.method, endpoint=request.endpoint, exc_info=error)
    return _answer(500, "http_500")


def _answer(
    status: int, code: str, field: str | None = None, details: dict[str, object] | None = None
) -> Response:
    details = details or {}
    message = sentences.say(code, details, status)
    if wants_json():
        error: dict[str, object] = {"code": code, "field": field, "message": message}
        if "index" in details:  # which of several, such as the photos of one report
            error["index"] = details["index"]
        response = make_response(jsonify(error=error), status)
    else:
        response = _page(status, code=code, field=field, message=message)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept"
    return response


def _page(status: int, **words: str | None) -> Response:
    """Return the page of an error; whatever goes wrong with it, there is one."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _forget_visitor()
    try:
        return make_response(render_template("errors/page.html", status=status, **words), status)
    except Exception:
        log.exception("error_page_failed", status=status)
    # Whoever visits may be what cannot be read, of a database that is away.
    _forget_visitor()
    try:
        return make_response(render_template("errors/page.html", status=status, **words), status)
    except Exception:  # noqa: BLE001 - said above already
        return make_response(LAST_RESORT, HTTPStatus.INTERNAL_SERVER_ERROR)


def _forget_visitor() -> None:
    """Let templates ask who is signed in without asking the database."""
    g._login_user = login.anonymous_user()  # noqa: SLF001 - where Flask-Login keeps the answer
