"""Commands of the register of self-opened crossings: a file in, a file out."""

from pathlib import Path

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from webapp import sentences
from webapp.cli.speech import speaks_plainly
from webapp.domain.errors import InvalidInput
from webapp.services import crossings_files
from webapp.services.crossings_files import WRITERS, Plan

PROBLEMS_SHOWN = 50

crossings_group = AppGroup("crossings", help="Sổ đăng ký lối đi tự mở qua đường sắt.")


@crossings_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Chỉ đọc và báo, không ghi.")
@speaks_plainly
def import_crossings(file: Path, dry_run: bool) -> None:
    """Nhập FILE (CSV hoặc GeoJSON) vào sổ đăng ký, tất cả hoặc không gì cả.

    Một lối đi được nhận ra bằng mã; nhập lại cùng tệp không đổi gì.
    """
    content = file.read_bytes()
    plan = crossings_files.preview(content) if dry_run else _import(content)
    _tell(plan, is_dry_run=dry_run)


@crossings_group.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@speaks_plainly
def export_crossings(file: Path) -> None:
    """Ghi cả sổ đăng ký vào FILE; đuôi .csv hoặc .geojson cho biết kiểu tệp."""
    kind = file.suffix.removeprefix(".").lower()
    if kind not in WRITERS:
        raise InvalidInput("crossings_kind_unknown")
    file.write_bytes(crossings_files.export_all(kind))
    click.echo(_("Đã ghi %(file)s.", file=file.name))


def _import(content: bytes) -> Plan:
    return crossings_files.import_file(None, content)


def _tell(plan: Plan, *, is_dry_run: bool) -> None:
    for each in plan.problems[:PROBLEMS_SHOWN]:
        words = sentences.say(each.problem.code, each.problem.details, 422)
        click.echo(_("Dòng %(row)d: %(words)s", row=each.number, words=words), err=True)
    if plan.problems:
        raise InvalidInput("crossings_file_refused", count=len(plan.problems))
    if is_dry_run:
        click.echo(_("Chạy thử: chưa ghi gì."))
    click.echo(
        _(
            "Thêm mới %(added)d, thay đổi %(changed)d, giữ nguyên %(unchanged)d lối đi.",
            added=len(plan.of("added")),
            changed=len(plan.of("changed")),
            unchanged=len(plan.of("unchanged")),
        )
    )
