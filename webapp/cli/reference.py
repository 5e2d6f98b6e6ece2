"""Commands for reference data: categories and deadlines."""

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from webapp.services import reference

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
