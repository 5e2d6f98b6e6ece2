"""The doors of officers: sign in, sign out, another password, and who a session belongs to."""

import re
from datetime import timedelta

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_login import UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from webapp import clock, sentences
from webapp.domain.casework import ROLES
from webapp.domain.errors import InvalidInput, TooMany
from webapp.extensions import login
from webapp.models import Officer
from webapp.security import current_officer, officers_only, public_door
from webapp.services import accounts

blueprint = Blueprint("accounts", __name__)

# A town hall's computer is shared: a session nobody uses ends, and none outlives a working day.
IDLE_LIMIT = timedelta(minutes=30)
SESSION_LIMIT = timedelta(hours=10)
# How exactly we know when a session was last used; a cookie is not rewritten on every request.
IDLE_STEP = timedelta(minutes=1)

# A path of ours begins with one slash; browsers read a backslash as a slash, and skip blanks and
# control characters.
OWN_PATH = re.compile(r"/(?![/\\])[^\\\s\x00-\x1f\x7f]*")

_FIRST_PAGE = {
    "officer": "casework.queue",
    "head": "casework.queue",
    "supervisor": "statistics.district",
    "overseer": "statistics.district",
    "administrator": "territory.index",
}


class SignedIn(UserMixin):
    """What Flask-Login knows of a session: the officer, and the epoch that can end it."""

    def __init__(self, officer: Officer) -> None:
        """Wrap an officer; models know nothing of sessions."""
        self.officer = officer
        self.role = officer.role

    def get_id(self) -> str:
        """Name the officer and the epoch, so that a new epoch ends every older session."""
        return f"{self.officer.id}:{self.officer.session_epoch}"


@login.user_loader
def _load_session(session_id: str) -> SignedIn | None:
    officer_id, _colon, epoch = session_id.partition(":")
    if not (officer_id.isdecimal() and epoch.isdecimal()) or _is_session_over():
        return None
    officer = accounts.officer_in_session(int(officer_id), int(epoch))
    return SignedIn(officer) if officer else None


def _is_session_over() -> bool:
    moment = clock.now().timestamp()
    began_at, used_at = session.get("began_at", 0.0), session.get("used_at", 0.0)
    if moment - began_at > SESSION_LIMIT.total_seconds():
        return True
    if moment - used_at > IDLE_LIMIT.total_seconds():
        return True
    if moment - used_at > IDLE_STEP.total_seconds():
        session["used_at"] = moment
    return False


@blueprint.get("/start")
@officers_only(*ROLES)
def start() -> Response:
    """Send an officer to the first page of their role."""
    return redirect(url_for(_FIRST_PAGE[current_officer().role]))


@blueprint.get("/sign-in")
@public_door
def sign_in() -> Response | str:
    """Show the form; whoever is signed in already goes on."""
    if current_user.is_authenticated:
        return redirect(_safe_next() or url_for("accounts.start"))
    return _sign_in_page()


@blueprint.post("/sign-in")
@public_door
def enter() -> Response | tuple[str, int]:
    """Check login and password, and begin a session that knows nothing of an older one."""
    result = accounts.authenticate(
        request.form.get("login", ""),
        request.form.get("password", ""),
        request.remote_addr or "",
    )
    if result.officer is None:
        return _sign_in_page(attempts_left=result.attempts_left), 422
    _begin_session(result.officer)
    return redirect(_safe_next() or url_for("accounts.start"))


@blueprint.post("/sign-out")
@public_door
def sign_out() -> Response:
    """End this officer's sessions, on the server too: a cookie somebody copied opens nothing."""
    if current_user.is_authenticated:
        accounts.end_sessions(current_officer().id)
    logout_user()
    session.clear()
    flash(_("Đã đăng xuất, trên mọi máy đang mở bằng tài khoản này."))
    return redirect(url_for("accounts.sign_in"))


@blueprint.get("/password")
@officers_only(*ROLES)
def password() -> str:
    """Show the form for another password."""
    return _password_page()


@blueprint.post("/password")
@officers_only(*ROLES)
def change_password() -> Response:
    """Change the password; this session goes on, all others end."""
    repeated = request.form.get("repeated_password", "")
    if repeated != request.form.get("new_password", ""):
        raise InvalidInput("password_not_repeated", field="repeated_password")
    officer = accounts.change_password(
        current_officer().id,
        request.form.get("old_password", ""),
        repeated,
        request.remote_addr or "",
    )
    _begin_session(officer)
    flash(_("Đã đổi mật khẩu. Các phiên làm việc khác của bạn đã đóng."))
    return redirect(url_for("accounts.start"))


@blueprint.errorhandler(TooMany)
def _answer_too_many(error: TooMany) -> Response:
    wait_s = int(str(error.details["retry_after_s"]))
    response = make_response(_waiting_page(error, max(1, round(wait_s / 60))), 429)
    response.headers["Retry-After"] = str(wait_s)
    return response


@blueprint.errorhandler(InvalidInput)
def _answer_password(error: InvalidInput) -> tuple[str, int]:
    message = sentences.say(error.code, error.details, 422)
    return _password_page(field=error.field, message=message), 422


def _waiting_page(error: TooMany, minutes: int) -> str:
    if current_user.is_authenticated:
        message = sentences.say(error.code, error.details, 429)
        return _password_page(field="old_password", message=message)
    return _sign_in_page(wait_minutes=minutes)


def _begin_session(officer: Officer) -> None:
    session.clear()
    moment = clock.now().timestamp()
    session["began_at"] = session["used_at"] = moment
    login_user(SignedIn(officer))


def _sign_in_page(**state: object) -> str:
    return render_template("accounts/sign_in.html", next=_safe_next(), **state)


def _password_page(**state: object) -> str:
    return render_template("accounts/password.html", least=accounts.LEAST_PASSWORD_LETTERS, **state)


def _safe_next() -> str | None:
    """Return where to go on to, if it is a path of ours; never another host."""
    target = request.values.get("next", "")
    return target if OWN_PATH.fullmatch(target) else None
