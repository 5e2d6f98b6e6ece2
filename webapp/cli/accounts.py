"""Commands for accounts of officers."""

import secrets
import sys

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from webapp import clock
from webapp.cli.speech import speaks_plainly
from webapp.domain.casework import ROLES
from webapp.domain.errors import NotFound
from webapp.extensions import settings_in_use
from webapp.models import Officer, Unit
from webapp.services import accounts, territory, territory_import

# 96 bits in 16 letters: long enough to need no second look, short enough to read over a phone.
GENERATED_PASSWORD_BYTES = 12

accounts_group = AppGroup("accounts", help="Tài khoản cán bộ.")


@accounts_group.command("create-admin")
@click.option("--login", required=True, prompt="Tên đăng nhập")
@click.option("--name", required=True, prompt="Họ tên")
@click.option("--unit", "unit_code", help="Mã đơn vị; bỏ trống: đơn vị giám sát.")
@click.option("--generate-password", is_flag=True, help="Tự đặt mật khẩu và in ra một lần.")
@speaks_plainly
def create_admin(login: str, name: str, unit_code: str | None, generate_password: bool) -> None:
    """Lập tài khoản quản trị; lập luôn đơn vị giám sát khi chưa có."""
    if unit_code:
        unit = _unit(unit_code)
    else:
        unit = territory_import.ensure_supervising_unit(settings_in_use().district_name)
    _create(login, name, "administrator", unit, generate_password)


@accounts_group.command("create")
@click.option("--login", required=True, prompt="Tên đăng nhập")
@click.option("--name", required=True, prompt="Họ tên")
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--unit", "unit_code", required=True, prompt="Mã đơn vị")
@click.option("--generate-password", is_flag=True, help="Tự đặt mật khẩu và in ra một lần.")
@speaks_plainly
def create_account(
    login: str, name: str, role: str, unit_code: str, generate_password: bool
) -> None:
    """Lập tài khoản cho một cán bộ của một đơn vị."""
    _create(login, name, role, _unit(unit_code), generate_password)


def _create(login: str, name: str, role: str, unit: Unit, generate_password: bool) -> Officer:
    is_generated = generate_password or not sys.stdin.isatty()
    password = generated_password() if is_generated else _ask_password()
    officer = accounts.create_officer(
        login=login, name=name, role=role, unit_id=unit.id, password=password
    )
    click.echo(
        _(
            "Đã lập tài khoản %(login)s (%(unit)s).",
            login=officer.login,
            unit=f"{unit.kind} {unit.name}",
        )
    )
    if is_generated:
        click.echo(_("Mật khẩu, chỉ hiện một lần: %(password)s", password=password))
    return officer


def _ask_password() -> str:
    password: str = click.prompt(_("Mật khẩu"), hide_input=True, confirmation_prompt=True)
    return password


def generated_password() -> str:
    """Return a fresh password that nobody has to invent."""
    return secrets.token_urlsafe(GENERATED_PASSWORD_BYTES)


def _unit(code: str) -> Unit:
    unit = territory.unit_with_code(code, clock.today())
    if unit is None:
        raise NotFound("unit_code_unknown", unit_code=code)
    return unit
