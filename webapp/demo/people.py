"""The demonstration's officers, and the file that holds their passwords."""

import os
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select

from webapp.demo import places
from webapp.extensions import db
from webapp.models import Officer, Unit
from webapp.services import accounts, territory

ACCOUNTS_FILE = "demo-accounts.txt"
PASSWORD_BYTES = 9


@dataclass(frozen=True)
class Person:
    """An invented officer; ``commune_code`` is empty for those of the supervising unit."""

    login: str
    name: str
    role: str
    commune_code: str = ""


PEOPLE = (
    Person("vinhhai", "Chamaléa Thị Hương", "officer", places.VINH_HAI),
    Person("vinhhai.truong", "Nguyễn Văn Tài", "head", places.VINH_HAI),
    Person("khanhhai", "Trần Quốc Bảo", "officer", places.KHANH_HAI),
    Person("khanhhai.truong", "Lê Thị Thu Hà", "head", places.KHANH_HAI),
    Person("hohai", "Phạm Minh Đức", "officer", places.HO_HAI),
    Person("nhonhai", "Võ Thị Kim Ngân", "officer", places.NHON_HAI),
    Person("phuonghai", "Đặng Văn Lợi", "officer", places.PHUONG_HAI),
    Person("tanhai", "Huỳnh Thị Mỹ Duyên", "officer", places.TAN_HAI),
    Person("thanhhai", "Bùi Văn Sơn", "officer", places.THANH_HAI),
    Person("trihai", "Ngô Thị Lệ Quyên", "officer", places.TRI_HAI),
    Person("xuanhai", "Thành Ngọc Có", "officer", places.XUAN_HAI),
    Person("giamsat", "Đàng Năng Thọ", "supervisor"),
    Person("theodoi", "Phan Thị Ánh", "overseer"),
    Person("quantri", "Lưu Quang Vinh", "administrator"),
)


@dataclass(frozen=True)
class Officers:
    """The officers who act in the stories: one of each commune, and the desk's."""

    of_commune: dict[str, Officer]
    supervisor: Officer


def ensure_accounts(var: Path, on: date) -> Officers:
    """Make the accounts that are missing, with the passwords of the accounts file."""
    passwords = _passwords(var / ACCOUNTS_FILE)
    supervising = territory.supervising_unit(on)
    communes = {unit.code: unit for unit in territory.units_on(on)}
    found: dict[str, Officer] = {}
    for person in PEOPLE:
        unit = communes.get(person.commune_code, supervising)
        if unit is None:
            raise LookupError("the demonstration has no supervising unit")
        found[person.login] = _officer(person, unit, passwords[person.login])
    return Officers(
        {person.commune_code: found[person.login] for person in PEOPLE if person.role == "officer"},
        next(found[person.login] for person in PEOPLE if person.role == "supervisor"),
    )


def _officer(person: Person, unit: Unit, password: str) -> Officer:
    known = select(Officer).where(Officer.login == person.login)
    return db.session.scalars(known).first() or accounts.create_officer(
        login=person.login, name=person.name, role=person.role, unit_id=unit.id, password=password
    )


def _passwords(file: Path) -> dict[str, str]:
    """Return login and password of everybody; drawn once, then read from the file.

    The file is whole before the first account is made, so that an interrupted start loses none.
    """
    if not file.exists():
        _write_once(file, {person.login: _password() for person in PEOPLE})
    lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    logins = {person.login for person in PEOPLE}
    return {words[0]: words[1] for words in lines if words and words[0] in logins}


def _password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _write_once(file: Path, passwords: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write("\n".join(_lines(passwords)) + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(file)


def _lines(passwords: dict[str, str]) -> list[str]:
    head = ["Tài khoản trình diễn · demonstration accounts (/sign-in)", ""]
    return head + [
        f"  {person.login:<16} {passwords[person.login]:<14} {person.role:<14} {person.name}"
        for person in PEOPLE
    ]
