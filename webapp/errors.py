"""Turns what went wrong into an answer: one sentence for people, the same one in JSON."""

from http import HTTPStatus

import structlog
from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from webapp import sentences
from webapp.domain.errors import (
    AnLoError,
    Conflict,
    InvalidInput,
    NoRoom,
    NotAllowed,
    NotFound,
    TooLarge,
    TooMany,
    UnsupportedPhoto,
)
from webapp.extensions import db

log = structlog.get_logger()

STATUS_OF: dict[type[AnLoError], int] = {
    InvalidInput: 422,
    UnsupportedPhoto: 415,
    TooLarge: 413,
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    TooMany: 429,
    NoRoom: 503,
}

# How long a client should wait when the disk is nearly full: somebody has to make room.
NO_ROOM_RETRY_S = 600


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
    response = _answer(STATUS_OF[type(error)], error.code, error.field, error.details)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.details["retry_after_s"])
    if isinstance(error, NoRoom):
        response.headers["Retry-After"] = str(NO_ROOM_RETRY_S)
    return response


def _answer_rate_limit(error: RateLimitExceeded) -> Response:
    response = _answer(429, "too_many_requests")
    response.headers["Retry-After"] = str(error.limit.limit.get_expiry() if error.limit else 60)
    return response


def _answer_csrf(_error: CSRFError) -> Response:
    return _answer(400, "form_expired")


def _answer_http(error: HTTPException) -> Response:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return make_response(error.get_response())
    response = _answer(error.code, f"http_{error.code}")
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        for name, value in error.get_headers():
            if name.lower() == "allow":
                response.headers["Allow"] = value
    return response


def _answer_crash(error: Exception) -> Response:
    db.session.rollback()
    log.error("request_crashed", method=request.method, endpoint=request.endpoint, exc_info=error)
    return _answer(500, "http_500")


def _answer(
    status: int, code: str, field: str | None = None, details: dict[str, object] | None = None
) -> Response:
    message = sentences.say(code, details or {}, status)
    if wants_json():
        body = jsonify(error={"code": code, "field": field, "message": message})
        response = make_response(body, status)
    else:
        page = render_template(
            "errors/page.html", status=status, code=code, field=field, message=message
        )
        response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept"
    return response
