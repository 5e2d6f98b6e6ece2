"""Commands for whoever keeps the system: reference data, territory, accounts, demonstration."""

import logging
import secrets
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from flask_babel import gettext as _

from webapp import clock, logs, sentences
from webapp.adapters import job_queue
from webapp.config import Settings
from webapp.domain.boundaries import Problem
from webapp.domain.casework import ROLES
from webapp.domain.errors import AnLoError, InvalidInput, NotFound
from webapp.domain.seams import Seam
from webapp.models import Officer, Unit
from webapp.services import accounts, reference, territory, territory_import
from webapp.services.territory_import import ImportOrder, ImportReport

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# 96 bits in 16 letters: long enough to need no second look, short enough to read over a phone.
GENERATED_PASSWORD_BYTES = 12
REPAIRS_SHOWN = 20
LEAST_SAID_IN_KM2_M2 = 100_000

DAY = click.DateTime(["%Y-%m-%d"])


def register(app: Flask) -> None:
    """Hang the command groups on an application."""
    for group in (reference_group, territory_group, accounts_group, demo_group):
        app.cli.add_command(group)


def speaks_plainly(command: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """End a command that meets a domain error with its sentences instead of a traceback."""

    @wraps(command)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except AnLoError as error:
            raise click.ClickException("\n".join(_sentences_of(error))) from None

    return guarded


def _sentences_of(error: AnLoError) -> list[str]:
    lines = [sentences.say(error.code, error.details, 422)]
    problems = error.details.get("problems", ())
    if isinstance(problems, tuple):
        lines += [f"  – {_say_problem(problem)}" for problem in problems]
    return lines


def _say_problem(problem: Problem) -> str:
    gaps = {"unit": problem.unit, "ring": problem.ring or "", "detail": problem.detail or ""}
    return sentences.say(f"boundary_{problem.code}", gaps, 422)


# ---- reference data -------------------------------------------------------------------------

reference_group = AppGroup("reference", help="Danh mục: loại vụ việc và thời hạn.")


@reference_group.command("load")
def load_reference() -> None:
    """Thêm các loại vụ việc và thời hạn còn thiếu; không sửa những gì đã có."""
    load = reference.ensure_reference_data()
    click.echo(
        _(
            "Đã thêm %(categories)d loại và %(rules)d quy tắc thời hạn.",
            categories=load.categories_added,
            rules=load.rules_added,
        )
    )


# ---- territory ------------------------------------------------------------------------------

territory_group = AppGroup("territory", help="Đơn vị và địa giới.")


@territory_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--valid-from", required=True, type=DAY, help="Ngày đầu tiên có hiệu lực.")
@click.option("--valid-to", type=DAY, help="Ngày cuối, cho đơn vị mà tệp không ghi valid_to.")
@click.option("--parent", help="Mã đơn vị giám sát; bỏ trống: đơn vị giám sát đang có.")
@click.option("--parent-name", help="Tên đơn vị giám sát, khi mã đó chưa có.")
@click.option("--schematic", is_flag=True, help="Hình vẽ giản lược, không phải địa giới thật.")
@click.option("--dry-run", is_flag=True, help="Chỉ đọc và báo, không ghi.")
@speaks_plainly
def import_territory(
    file: Path,
    valid_from: datetime,
    valid_to: datetime | None,
    parent: str | None,
    parent_name: str | None,
    schematic: bool,
    dry_run: bool,
) -> None:
    """Nhập FILE (GeoJSON FeatureCollection, WGS 84; thuộc tính code, name, kind).

    Một đơn vị được nhận ra bằng mã và ngày bắt đầu; nhập lại cùng tệp không đổi gì. Đơn vị cũ
    không tự hết hiệu lực: hãy ghi valid_to trong tệp, hoặc nhập lại tệp cũ với --valid-to.
    """
    order = ImportOrder(
        valid_from=valid_from.date(),
        valid_to=valid_to.date() if valid_to else None,
        parent_code=parent,
        parent_name=parent_name or _settings().district_name,
        source=file.name,
        is_schematic=schematic,
    )
    take = territory_import.preview_boundaries if dry_run else territory_import.import_boundaries
    _tell_import(take(_read(file), order), is_dry_run=dry_run)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput("boundaries_not_json") from None


def _tell_import(report: ImportReport, *, is_dry_run: bool) -> None:
    for repair in report.repairs[:REPAIRS_SHOWN]:
        gaps = {"unit": repair.unit, "ring": repair.ring, "count": repair.count}
        click.echo(_("Đã sửa: ") + sentences.say(f"boundary_{repair.code}", gaps, 422))
    if len(report.repairs) > REPAIRS_SHOWN:
        click.echo(_("… và %(n)d chỗ sửa nữa.", n=len(report.repairs) - REPAIRS_SHOWN))
    for seam in (*report.seams, *report.foreign_overlaps):
        click.echo(_("Cảnh báo: ") + _say_seam(seam), err=True)
    if is_dry_run:
        click.echo(_("Chạy thử: chưa ghi gì."))
        return
    click.echo(
        _(
            "Thêm mới %(added)d, thay đổi %(changed)d, giữ nguyên %(unchanged)d đơn vị.",
            added=len(report.added),
            changed=len(report.changed),
            unchanged=len(report.unchanged),
        )
    )
    _tell_parent(report)


def _tell_parent(report: ImportReport) -> None:
    if report.parent is None:
        click.echo(_("Cảnh báo: chưa có đơn vị giám sát; dùng --parent MÃ."), err=True)
    elif report.is_parent_new:
        click.echo(_("Đã lập đơn vị giám sát: %(unit)s.", unit=report.parent))
    else:
        click.echo(_("Đơn vị giám sát: %(unit)s.", unit=report.parent))


def _say_seam(seam: Seam) -> str:
    gaps = {
        "units": ", ".join(seam.units) or "–",
        "area": say_area(seam.area_m2),
        "where": f"{seam.latitude:.5f}, {seam.longitude:.5f}",
    }
    return sentences.say(f"boundary_{seam.kind}", gaps, 422)


def say_area(area_m2: float) -> str:
    """Say an area in m², from a tenth of a square kilometre on in km²."""
    if area_m2 < LEAST_SAID_IN_KM2_M2:
        return f"{area_m2:,.0f} m²".replace(",", ".")
    return f"{area_m2 / 1e6:.2f} km²".replace(".", ",")


# ---- accounts -------------------------------------------------------------------------------

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
        unit = territory_import.ensure_supervising_unit(_settings().district_name)
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


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


# ---- demonstration --------------------------------------------------------------------------

demo_group = AppGroup("demo", help="Huyện trình diễn.")


@demo_group.command("load")
@speaks_plainly
def load_demo() -> None:
    """Nạp huyện trình diễn khi cơ sở dữ liệu còn trống; đã nạp thì không làm gì."""
    # The demonstration reaches into every column; other commands need not wait for it.
    from webapp import demo

    settings = _settings()
    if not settings.demo:
        raise click.ClickException(_("DEMO đang tắt: không nạp gì."))
    # Nobody works while this loads: it does its pending work itself, nothing need be announced
    # to the queue or told in the log.
    job_queue.use(job_queue.NullJobQueue())
    logs.configure(logging.ERROR)
    click.echo(demo.load(settings).in_words())
