"""Lets the residents of the stories be told: their messages become files beside the database."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from webapp import clock
from webapp.config import Settings
from webapp.extensions import db
from webapp.letters import write
from webapp.models import Contact, Notification
from webapp.services import notifications, outbox, subscriptions
from webapp.services.notification_channels import carriers
from webapp.services.notification_sending import link_of, send_notification
from webapp.services.outbox import Lease

# A worker and the clock are that quick; a resident reads a message over the next coffee.
WORK_TAKES = timedelta(seconds=20)
READING_TAKES = timedelta(minutes=12)

LEASE_SECONDS = 20

# One job asks for the next: a contact is asked, answers, is told. Nothing goes on for longer.
MOST_ROUNDS = 6
MOST_JOBS = 500


def catch_up(settings: Settings, moment: datetime) -> None:
    """Do whatever is due in telling residents at a moment of the stories; safe to repeat."""
    for turn in range(1, MOST_ROUNDS):
        with clock.at(moment + WORK_TAKES * turn):
            jobs = _jobs(settings)
            due = outbox.due(clock.now(), limit=MOST_JOBS)
            for kind, subject in due:
                if kind in jobs:
                    _work(kind, subject, jobs[kind])
        with clock.at(moment + READING_TAKES):
            if not _answer(settings) and not any(kind in jobs for kind, _subject in due):
                return


def _jobs(settings: Settings) -> dict[str, Callable[[str, Lease], None]]:
    return {
        "confirm_contact": lambda subject, lease: notifications.confirm_contact(
            int(subject), lease, settings
        ),
        "tell_reporters": lambda subject, lease: notifications.tell_reporters(
            int(subject), lease, settings
        ),
        "send_notification": partial(
            send_notification, settings=settings, write=write, carriers=carriers(settings)
        ),
    }


def _work(kind: str, subject: str, do: Callable[[str, Lease], None]) -> None:
    lease = outbox.lease(kind, subject, seconds=LEASE_SECONDS)
    if lease is not None:
        do(subject, lease)


def _answer(settings: Settings) -> bool:
    """Let everybody who was asked say yes; return whether somebody did."""
    asked = (
        select(Contact)
        .join(Notification, Notification.report_id == Contact.report_id)
        .where(Notification.kind == "confirm", Notification.state == "sent")
        .where(Contact.confirmed_at.is_(None), Contact.withdrawn_at.is_(None))
    )
    found = db.session.scalars(asked).all()
    for contact in found:
        subscriptions.confirm(link_of(contact, settings).rpartition("/")[2], settings)
    return bool(found)
