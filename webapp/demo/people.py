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
    """An invented officer; ``unit_code`` is empty for those of the supervising unit."""

    login: str
    name: str
    role: str
    unit_code: str = ""


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
    Person("duongbo", "Trương Công Hậu", "officer", places.ROAD_AUTHORITY),
    Person("soxaydung", "Mai Thị Bích Trâm", "officer", places.PROVINCE),
    Person("duongsat", "Lý Thanh Tùng", "officer", places.RAILWAY),
    Person("giamsat", "Đàng Năng Thọ", "supervisor"),
    Person("theodoi", "Phan Thị Ánh", "overseer"),
    Person("quantri", "Lưu Quang Vinh", "administrator"),
)


@dataclass(frozen=True)
class Officers:
    """The officers who act in the stories: one of each unit by its code, and the desk's."""

    of_unit: dict[str, Officer]
    supervisor: Officer


def ensure_accounts(var: Path, on: date) -> Officers:
    """Make the accounts that are missing, with the passwords of the accounts file."""
    passwords = _passwords(var / ACCOUNTS_FILE)
    supervising = territory.supervising_unit(on)
    tiers = ("commune", "authority")
    units = {unit.code: unit for tier in tiers for unit in territory.units_on(on, tier)}
    found: dict[str, Officer] = {}
    for person in PEOPLE:
        unit = units.get(person.unit_code, supervising)
        if unit is None:
            raise LookupError("the demonstration has no supervising unit")
        found[person.login] = _officer(person, unit, passwords[person.login])
    return Officers(
        {person.unit_code: found[person.login] for person in PEOPLE if person.role == "officer"},
        next(found[person.login] for person in PEOPLE if person.role == "supervisor"),
    )


def _officer(person: Person, unit: Unit, password: str) -> Officer:
    known = select(Officer).where(Officer.login == person.login)
    return db.session.scalars(known).first() or accounts.create_officer(
        login=person.login, name=person.name, role=person.role, unit_id=unit.id, password=password
    )


def _passwords(file: Path) -> dict[str, str]:
    """Return login and password of everybody; each drawn once, then read from the file.

    The file is whole before the first account is made, so that an interrupted start loses none;
    who joined the demonstration since it was written is added to it.
    """
    known = _known_passwords(file)
    missing = {person.login: _password() for person in PEOPLE if person.login not in known}
    if missing:
        _write(file, known | missing)
    return known | missing


def _known_passwords(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    logins = {person.login for person in PEOPLE}
    words = [line.split() for line in lines]
    return {found[0]: found[1] for found in words if found and found[0] in logins}


def _password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _write(file: Path, passwords: dict[str, str]) -> None:
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
