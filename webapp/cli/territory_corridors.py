"""The command that takes roads and railways in: lines, authorities and kilometre posts."""

from datetime import datetime
from pathlib import Path

import click
from flask.cli import with_appcontext
from flask_babel import gettext as _

from webapp.cli.speech import read_utf8, speaks_plainly
from webapp.cli.territory import DAY
from webapp.services import corridor_import
from webapp.services.corridor_import import CorridorOrder, CorridorReport


@click.command("import-corridors")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--valid-from", type=DAY, help="Ngày đầu; bỏ trống: sửa tuyến đang dùng.")
@click.option("--make-authorities", is_flag=True, help="Lập đơn vị quản lý chưa có.")
@click.option("--schematic", is_flag=True, help="Tuyến vẽ phỏng, không đo đạc.")
@click.option("--dry-run", is_flag=True, help="Chỉ đọc và báo, không ghi.")
@with_appcontext
@speaks_plainly
def import_corridors(
    file: Path,
    valid_from: datetime | None,
    make_authorities: bool,
    schematic: bool,
    dry_run: bool,
) -> None:
    """Nhập FILE (GeoJSON FeatureCollection, WGS 84) gồm tuyến đường bộ, đường sắt.

    Mỗi tuyến là một LineString có code, name, kind, half_width_m, và nếu biết thì authority,
    posts [{km, lon, lat, accuracy_m}], is_schematic. Nhập lại cùng tệp không đổi gì; cùng mã từ
    một ngày sau thì tuyến cũ hết hiệu lực hôm trước.
    """
    order = CorridorOrder(
        valid_from=valid_from.date() if valid_from else None,
        source=file.name,
        is_schematic=schematic,
        makes_authorities=make_authorities,
    )
    take = corridor_import.preview_corridors if dry_run else corridor_import.import_corridors
    _tell(take(read_utf8(file, "corridors_not_json"), order), is_dry_run=dry_run)


def _tell(report: CorridorReport, *, is_dry_run: bool) -> None:
    _warn(_("Tuyến chưa có cọc ki-lô-mét:"), report.without_posts)
    _warn(_("Tuyến chưa ghi đơn vị quản lý:"), report.without_authority)
    for title in report.authorities_made:
        click.echo(_("Lập đơn vị quản lý: %(unit)s.", unit=title))
    for title in report.ended:
        click.echo(_("Hết hiệu lực vì có tuyến mới cùng mã: %(line)s.", line=title))
    click.echo(
        _(
            "Thêm mới %(added)d, thay đổi %(changed)d, giữ nguyên %(unchanged)d tuyến.",
            added=len(report.added),
            changed=len(report.changed),
            unchanged=len(report.unchanged),
        )
    )
    if is_dry_run:
        click.echo(_("Chạy thử: chưa ghi gì."))


def _warn(words: str, names: list[str]) -> None:
    if names:
        click.echo(f"{words} {', '.join(names)}.", err=True)
