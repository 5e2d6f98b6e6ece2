"""Commands for territory: units and their boundaries."""

from datetime import datetime
from pathlib import Path

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from webapp import sentences
from webapp.cli.speech import read_utf8, speaks_plainly
from webapp.extensions import settings_in_use
from webapp.language import day as say_day
from webapp.services import territory_import
from webapp.services.territory_import import ImportOrder, ImportReport
from webapp.services.territory_succession import TakenOver

REPAIRS_SHOWN = 20

DAY = click.DateTime(["%Y-%m-%d"])

territory_group = AppGroup("territory", help="Đơn vị và địa giới.")


@territory_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--valid-from", required=True, type=DAY, help="Ngày đầu tiên có hiệu lực.")
@click.option("--valid-to", type=DAY, help="Ngày cuối, cho đơn vị mà tệp không ghi valid_to.")
@click.option("--parent", help="Mã đơn vị giám sát; bỏ trống: đơn vị giám sát đang có.")
@click.option("--parent-name", help="Tên đơn vị giám sát, khi mã đó chưa có.")
@click.option("--schematic", is_flag=True, help="Hình vẽ giản lược, không phải địa giới thật.")
@click.option(
    "--end-predecessors",
    is_flag=True,
    help="Kết thúc các đơn vị cũ mà tệp thay hẳn, vào ngày trước ngày hiệu lực.",
)
@click.option("--dry-run", is_flag=True, help="Chỉ đọc và báo, không ghi.")
@speaks_plainly
def import_territory(
    file: Path,
    valid_from: datetime,
    valid_to: datetime | None,
    parent: str | None,
    parent_name: str | None,
    schematic: bool,
    end_predecessors: bool,
    dry_run: bool,
) -> None:
    """Nhập FILE (GeoJSON FeatureCollection, WGS 84; thuộc tính code, name, kind).

    Một đơn vị được nhận ra bằng mã và ngày bắt đầu; nhập lại cùng tệp không đổi gì. Đơn vị cũ
    không tự hết hiệu lực: hãy dùng --end-predecessors, ghi valid_to trong tệp, hoặc nhập lại tệp
    cũ với --valid-to.
    """
    order = ImportOrder(
        valid_from=valid_from.date(),
        valid_to=valid_to.date() if valid_to else None,
        parent_code=parent,
        parent_name=parent_name or settings_in_use().district_name,
        source=file.name,
        is_schematic=schematic,
        is_ending_predecessors=end_predecessors,
    )
    take = territory_import.preview_boundaries if dry_run else territory_import.import_boundaries
    _tell_import(take(read_utf8(file, "boundaries_not_json"), order), is_dry_run=dry_run)


def _tell_import(report: ImportReport, *, is_dry_run: bool) -> None:
    for repair in report.repairs[:REPAIRS_SHOWN]:
        gaps = {"unit": repair.unit, "ring": repair.ring, "count": repair.count}
        click.echo(_("Đã sửa: ") + sentences.say(f"boundary_{repair.code}", gaps, 422))
    if len(report.repairs) > REPAIRS_SHOWN:
        click.echo(_("… và %(n)d chỗ sửa nữa.", n=len(report.repairs) - REPAIRS_SHOWN))
    for seam in (*report.seams, *report.foreign_overlaps):
        click.echo(_("Cảnh báo: ") + sentences.say_seam(seam), err=True)
    _tell_predecessors(report)
    if is_dry_run:
        cases = report.open_cases_moving or 0
        click.echo(_("Vụ việc đang mở sẽ đổi đơn vị: %(cases)d.", cases=cases))
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


def _tell_predecessors(report: ImportReport) -> None:
    for line in report.taken_over:
        click.echo(_say_taken_over(line))
    for name in report.unknown_predecessors:
        click.echo(_("Cảnh báo: tệp nêu đơn vị cũ chưa có ở đây: ") + name, err=True)
    for day in report.other_first_days:
        said = _("Cảnh báo: tệp ghi ngày bắt đầu %(day)s.", day=say_day(day, weekday=False))
        click.echo(said, err=True)


def _say_taken_over(line: TakenOver) -> str:
    if line.ends_on is not None:
        ends_on = say_day(line.ends_on, weekday=False)
        return _("Kế tục %(unit)s (hết hiệu lực %(day)s).", unit=line.title, day=ends_on)
    if line.is_whole:
        return _("Thay hẳn %(unit)s, nhưng đơn vị ấy chưa có ngày hết hiệu lực.", unit=line.title)
    share = f"{line.share:.0%}"
    return _("Lấy %(share)s đất của %(unit)s.", share=share, unit=line.title)


def _tell_parent(report: ImportReport) -> None:
    if report.parent is None:
        click.echo(_("Cảnh báo: chưa có đơn vị giám sát; dùng --parent MÃ."), err=True)
    elif report.is_parent_new:
        click.echo(_("Đã lập đơn vị giám sát: %(unit)s.", unit=report.parent))
    else:
        click.echo(_("Đơn vị giám sát: %(unit)s.", unit=report.parent))
