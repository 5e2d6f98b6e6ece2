"""Commands for reference data: categories, deadlines, who does what."""

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from webapp.services import reference

reference_group = AppGroup("reference", help="Danh mục: loại vụ việc, thời hạn, phân công.")


@reference_group.command("load")
def load_reference() -> None:
    """Thêm loại vụ việc, thời hạn và bảng phân công còn thiếu; không sửa những gì đã có."""
    load = reference.ensure_reference_data()
    click.echo(
        _(
            "Đã thêm %(categories)d loại, %(rules)d quy tắc thời hạn"
            " và %(duties)d quy tắc phân công.",
            categories=load.categories_added,
            rules=load.rules_added,
            duties=load.responsibilities_added,
        )
    )
