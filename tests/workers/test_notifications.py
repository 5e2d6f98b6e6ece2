"""Jobs of telling, as a worker runs them: under a lease, with the application's own settings."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories import make_report
from tests.servers.hook_catcher import HookCatcher, catching_posts
from webapp import clock
from webapp.domain.notifying import NEWS_PAUSE
from webapp.extensions import db
from webapp.models import Contact, Notification, OutboxEntry
from webapp.services.transaction import transaction
from workers import context, notifications

PHONE = "0912345678"
SECRET = "a secret of the gateway"


@pytest.fixture
def gateway() -> Iterator[HookCatcher]:
    """A gateway for short messages."""
    with catching_posts() as catcher:
        yield catcher


@pytest.fixture
def jobs(
    app: Flask, settings: Callable, gateway: HookCatcher, monkeypatch: pytest.MonkeyPatch
) -> Flask:
    """Let jobs run in this process; a report with a phone number came in."""
    app.extensions["settings"] = settings(
        ANLO_MESSAGE_HOOK_URL=gateway.url, ANLO_MESSAGE_HOOK_SECRET=SECRET
    )
    monkeypatch.setattr(context, "application", lambda: app)
    with app.app_context():
        report = make_report()
        with transaction() as work:
            work.session.add(Contact(report_id=report.id, phone=PHONE, consented_at=clock.now()))
            work.ask("confirm_contact", report.id)
    return app


def waiting(app: Flask, kind: str) -> list[str]:
    """Return what waits of a kind of work."""
    with app.app_context():
        query = select(OutboxEntry.subject).where(
            OutboxEntry.kind == kind, OutboxEntry.done_at.is_(None)
        )
        return list(db.session.scalars(query))


def test_a_contact_is_asked_by_the_gateway_once(jobs: Flask, gateway: HookCatcher) -> None:
    for _again in range(2):
        for subject in waiting(jobs, "confirm_contact"):
            notifications.confirm_contact(subject)
        for subject in waiting(jobs, "send_notification"):
            notifications.send_notification(subject)
    [posted] = gateway.posted
    assert posted.words["to"] == PHONE
    assert posted.words["kind"] == "confirm"
    assert "/m/" in posted.words["text"]
    assert posted.headers["Idempotency-Key"] == posted.words["id"]
    assert waiting(jobs, "send_notification") == []


def test_a_gateway_that_fails_is_asked_again_later_and_names_nobody(
    jobs: Flask, gateway: HookCatcher
) -> None:
    gateway.status = 503
    [report] = waiting(jobs, "confirm_contact")
    notifications.confirm_contact(report)
    [message] = waiting(jobs, "send_notification")
    notifications.send_notification(message)
    with jobs.app_context():
        entry = db.session.scalars(select(OutboxEntry).where(OutboxEntry.subject == message)).one()
        row = db.session.get_one(Notification, message)
    assert entry.due_at > clock.now()
    assert entry.last_error == "ChannelAway: hook 503"
    assert (row.state, row.last_error) == ("waiting", "hook 503")


def test_an_event_is_told_by_its_job(jobs: Flask, gateway: HookCatcher) -> None:
    from tests.factories import make_case, make_commune
    from webapp.models import Report
    from webapp.services import casework

    [report] = waiting(jobs, "confirm_contact")
    with jobs.app_context():
        case = make_case(make_commune(name="Vĩnh Hải"))
        with transaction() as work:
            work.session.get_one(Contact, int(report)).confirmed_at = clock.now()
            casework.attach_report(
                work,
                work.session.get_one(Report, int(report)),
                work.session.merge(case),
                terms={},
                actor=None,
                now=clock.now(),
                captured_at=None,
            )
    [event] = waiting(jobs, "tell_reporters")
    with clock.at(clock.now() + NEWS_PAUSE):
        notifications.tell_reporters(event)
    [message] = waiting(jobs, "send_notification")
    with jobs.app_context():
        row = db.session.get_one(Notification, message)
        assert (row.kind, row.channel, row.event_id) == ("received", "webhook", int(event))
