"""Commands for the demonstration district."""

import logging

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from webapp import logs
from webapp.adapters import job_queue
from webapp.cli.speech import speaks_plainly
from webapp.extensions import settings_in_use

demo_group = AppGroup("demo", help="Huyện trình diễn.")


@demo_group.command("load")
@speaks_plainly
def load_demo() -> None:
    """Nạp huyện trình diễn khi cơ sở dữ liệu còn trống; đã nạp thì không làm gì."""
    # The demonstration reaches into every column; other commands need not wait for it.
    from webapp import demo

    settings = settings_in_use()
    if not settings.demo:
        raise click.ClickException(_("DEMO đang tắt: không nạp gì."))
    # Nobody works while this loads: it does its pending work itself, nothing need be announced
    # to the queue or told in the log.
    job_queue.use(job_queue.NullJobQueue())
    logs.configure(logging.ERROR)
    click.echo(demo.load(settings).in_words())
