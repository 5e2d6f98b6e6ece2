"""A worker that dies after sending a message, before it is written down, sends it once more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories import make_report
from tests.faults.conftest import SPANS, Watcher
from tests.servers.environment import environment_for, process_environment
from tests.servers.live import CLOCK, LiveServer
from tests.servers.mail_catcher import MailCatcher, catching_mail
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.extensions import db
from webapp.models import Contact, Notification
from webapp.services.transaction import transaction

EMAIL = "nguoi.dan@example.vn"


@pytest.fixture
def mail() -> Iterator[MailCatcher]:
    """A mail server that takes a message and then says nothing."""
    with catching_mail() as catcher:
        catcher.swallows = True
        yield catcher


@pytest.fixture
def telling(
    app: Flask, database_url: str, redis_url: str, tmp_path: Path, mail: MailCatcher
) -> Iterator[LiveServer]:
    """Workers that send to that server; none is started yet."""
    ours = environment_for(
        database_url,
        tmp_path / "var",
        REDIS_URL=redis_url,
        ANLO_SMTP_URL=mail.url,
        ANLO_MAIL_FROM="an-lo@example.vn",
        **SPANS,
    )
    server = LiveServer("", tmp_path / "var", redis_url, process_environment(ours))
    yield server
    server.stop()


def test_a_worker_that_is_killed_after_sending_sends_the_same_message_again(
    app: Flask, telling: LiveServer, mail: MailCatcher, store: PhotoStore
) -> None:
    watch = Watcher(app, store, telling)
    with app.app_context():
        report = make_report()
        with transaction() as work:
            work.session.add(Contact(report_id=report.id, email=EMAIL, consented_at=clock.now()))
            work.ask("confirm_contact", report.id)
    telling.start(CLOCK)
    worker = telling.start_worker()
    mail.wait_for(1)
    telling.kill(worker)
    assert state_of_message(app) == "waiting"
    mail.swallows = False
    telling.start_worker()
    first, second = mail.wait_for(2)
    watch.wait_until(lambda: state_of_message(app) == "sent")
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.to == second.to == (EMAIL,)
    assert len(mail.caught) == 2


def state_of_message(app: Flask) -> str:
    """Return what is written down of the one message."""
    with app.app_context():
        return db.session.scalars(select(Notification.state)).one()
