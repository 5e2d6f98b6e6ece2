"""Officers' accounts: made by hand, guarded by argon2 and by a limit on wrong passwords."""

import unicodedata
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from webapp import clock
from webapp.domain.casework import ROLES
from webapp.domain.errors import InvalidInput, NotFound
from webapp.extensions import db
from webapp.models import Officer, Unit
from webapp.services import attempts
from webapp.services.transaction import transaction

# NIST SP 800-63B asks for eight; an account that opens residents' reports gets two more.
LEAST_PASSWORD_LETTERS = 10
# Argon2 reads every byte: nobody types more, and a longer one would only cost us time.
MOST_PASSWORD_LETTERS = 200
MOST_LOGIN_LETTERS = 80
MOST_NAME_LETTERS = 120

# Those who act on cases belong to a unit that may lead one: a commune, or who manages a road or
# railway; supervision stands above.
_CASEWORK_TIERS = ("commune", "authority")
_TIERS_OF_ROLE = {
    "officer": _CASEWORK_TIERS,
    "head": _CASEWORK_TIERS,
    "supervisor": ("supervising",),
}

# The library's defaults are RFC 9106's low-memory profile: 64 MiB and three passes.
_hasher = PasswordHasher()


@dataclass(frozen=True)
class SignIn:
    """How a try to sign in ended: the officer, or how many tries are left for now."""

    officer: Officer | None
    attempts_left: int


def authenticate(login: str, password: str, address: str) -> SignIn:
    """Check a login and a password.

    An unknown login costs as much time as a wrong password, so that neither tells them apart.

    Args:
        login: as typed; case and surrounding spaces do not count.
        password: as typed.
        address: where the try comes from; wrong tries are counted by login and address.

    Raises:
        TooMany: too many wrong tries; even the right password has to wait.
    """
    name = normalised(login)
    left = attempts.spend(name, address)
    officer = db.session.scalar(select(Officer).where(Officer.login == name))
    is_right = _matches(officer.password_hash if officer else _nobodys_hash(), password)
    if officer is None or not officer.is_active or not is_right:
        return SignIn(None, left)
    attempts.forgive(name, address)
    if _hasher.check_needs_rehash(officer.password_hash):
        _store_password(officer.id, password)
    return SignIn(officer, left)


def create_officer(*, login: str, name: str, role: str, unit_id: int, password: str) -> Officer:
    """Make an account.

    Raises:
        InvalidInput: the login is taken or empty, the role is unknown or does not fit the
            unit's tier, or the password is too short or too long.
        NotFound: there is no such unit.
    """
    login, name = normalised(login), " ".join(name.split())
    _check_names(login, name)
    _check_password(password, login)
    if role not in ROLES:
        raise InvalidInput("role_unknown", field="role")
    with transaction() as work:
        unit = work.session.get(Unit, unit_id)
        if unit is None:
            raise NotFound("unit_not_found")
        if unit.tier not in _TIERS_OF_ROLE.get(role, (unit.tier,)):
            raise InvalidInput("role_does_not_fit_unit", field="role")
        if work.session.scalar(select(Officer.id).where(Officer.login == login)):
            raise InvalidInput("login_taken", field="login")
        officer = Officer(
            login=login,
            name=name,
            password_hash=_hasher.hash(password),
            role=role,
            unit=unit,
            is_active=True,
            session_epoch=0,
            created_at=clock.now(),
        )
        work.session.add(officer)
    return officer


def change_password(officer_id: int, old: str, new: str, address: str) -> Officer:
    """Give an officer a new password; every session opened with the old one ends.

    Raises:
        InvalidInput: the old password is wrong, or the new one is too short, too long or the same.
        TooMany: the old password was wrong too often.
    """
    officer = get_officer(officer_id)
    attempts.spend(officer.login, address)
    if not _matches(officer.password_hash, old):
        raise InvalidInput("password_wrong", field="old_password")
    attempts.forgive(officer.login, address)
    _check_password(new, officer.login)
    if new == old:
        raise InvalidInput("password_same", field="new_password")
    return _store_password(officer_id, new, ends_sessions=True)


def get_officer(officer_id: int) -> Officer:
    """Return an officer with their unit.

    Raises:
        NotFound: there is none.
    """
    officer = db.session.get(Officer, officer_id)
    if officer is None:
        raise NotFound("officer_not_found")
    return officer


def officer_in_session(officer_id: int, epoch: int) -> Officer | None:
    """Return the officer whose session this is; None when it was ended or the account closed."""
    officer = db.session.get(Officer, officer_id)
    if officer is None or not officer.is_active or officer.session_epoch != epoch:
        return None
    return officer


def end_sessions(officer_id: int) -> None:
    """End every session of an officer, on all machines; a copied cookie opens nothing more."""
    with transaction() as work:
        work.session.get_one(Officer, officer_id).session_epoch += 1


def normalised(login: str) -> str:
    """Return a login as it is stored: composed small letters, no spaces around, no NUL."""
    return (
        unicodedata.normalize("NFKC", login.replace("\0", ""))
        .strip()
        .casefold()[: MOST_LOGIN_LETTERS + 1]
    )


def _store_password(officer_id: int, password: str, *, ends_sessions: bool = False) -> Officer:
    sealed = _hasher.hash(password)
    with transaction() as work:
        officer = work.session.get_one(Officer, officer_id)
        officer.password_hash = sealed
        if ends_sessions:
            officer.session_epoch += 1
    return officer


def _matches(sealed: str, password: str) -> bool:
    try:
        return _hasher.verify(sealed, password[: MOST_PASSWORD_LETTERS + 1])
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody signs in with this")


def _check_names(login: str, name: str) -> None:
    if not login or len(login) > MOST_LOGIN_LETTERS or any(letter.isspace() for letter in login):
        raise InvalidInput("login_unusable", field="login")
    if not name or len(name) > MOST_NAME_LETTERS:
        raise InvalidInput("name_unusable", field="name")


def _check_password(password: str, login: str) -> None:
    if len(password) < LEAST_PASSWORD_LETTERS:
        raise InvalidInput("password_short", field="new_password", least=LEAST_PASSWORD_LETTERS)
    if len(password) > MOST_PASSWORD_LETTERS:
        raise InvalidInput("password_long", field="new_password", most=MOST_PASSWORD_LETTERS)
    if password.casefold() == login:
        raise InvalidInput("password_is_login", field="new_password")
