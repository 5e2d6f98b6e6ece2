"""Tells residents what happens to their reports: at least once, each message under one id.

A contact is asked first whether it wants to be told at all, with the one message that it gets
unless it says yes. What any message says of a case is the public projection of that case, as it
stands when the message goes out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import structlog
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.config import Settings
from webapp.domain import notifying
from webapp.extensions import db
from webapp.models import CaseEvent, Contact, Notification, Report
from webapp.services import outbox
from webapp.services.notification_rows import (
    Addressee,
    audience,
    channel_for,
    is_told_of_later,
    is_wanted,
    put,
    put_current_state,
    quiet_hours,
    told_kind,
)
from webapp.services.notification_sending import NO_CHANNEL, Carriers
from webapp.services.outbox import Lease
from webapp.services.transaction import Transaction, transaction

log = structlog.get_logger()

# As many as are woken in one turn of the clock, so that triage is not kept waiting.
WAKEN_AT_ONCE = 50

# Failures of the last month are for whoever runs the machine; older ones are history.
FAILURES_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class MessageCounts:
    """How many messages wait, wait for a channel that is not set, and failed in 30 days."""

    waiting: int
    without_channel: int
    failed: int
    sent: int


def confirm_contact(report_id: int, lease: Lease, settings: Settings) -> None:
    """Ask the contact of a report whether it wants to be told; once, and never again.

    Whoever confirmed the same contact on the same phone before has answered already. An address
    that was asked several times today is left in peace: somebody plays with it.

    Raises:
        LeaseLost: somebody else has this work by now; nothing was changed.
    """
    with transaction() as work:
        row = _unasked(work.session, report_id)
        if row is not None:
            _ask(work, Addressee(*row, channel_for(row[1], settings)))
        outbox.finish(work, lease)


def _unasked(session: Session, report_id: int) -> tuple[Report, Contact] | None:
    asked = select(Notification.report_id).where(
        Notification.report_id == report_id, Notification.kind == "confirm"
    )
    row = session.execute(
        select(Report, Contact)
        .join(Contact, Contact.report_id == Report.id)
        .where(Report.id == report_id, is_wanted(), Contact.confirmed_at.is_(None))
        .where(~asked.exists())
        .with_for_update(of=Contact)
    ).one_or_none()
    if row is None or notifying.is_stale(row[0].received_at, clock.now()):
        return None
    return cast("tuple[Report, Contact]", row)


def _ask(work: Transaction, to: Addressee) -> None:
    now = clock.now()
    if _is_known(work.session, to):
        to.contact.confirmed_at = now
        work.session.flush()
        put_current_state(work, to)
    elif _asked_lately(work.session, to, now) < notifying.MOST_CONFIRMATIONS_A_DAY:
        put(work, to, "confirm", None, due_at=now)
    else:
        log.info("contact_left_in_peace", report=to.report.id)


def _is_known(session: Session, to: Addressee) -> bool:
    """Tell whether the same phone confirmed the same contact for an earlier report."""
    key = to.report.install_key_hash
    confirmed = (
        select(Contact.report_id)
        .join(Report, Report.id == Contact.report_id)
        .where(
            Report.install_key_hash == key,
            Contact.report_id != to.report.id,
            Contact.confirmed_at.is_not(None),
            Contact.email.is_not_distinct_from(to.contact.email),
            Contact.phone.is_not_distinct_from(to.contact.phone),
            is_wanted(),
        )
    )
    return key is not None and session.scalar(confirmed.limit(1)) is not None


def _asked_lately(session: Session, to: Addressee, now: datetime) -> int:
    """Count how often an address was asked within a day, for whatever reports."""
    is_same = (
        func.lower(Contact.email) == (to.contact.email or "").lower()
        if to.channel == "email"
        else Contact.phone == to.contact.phone
    )
    asked = (
        select(func.count())
        .select_from(Notification)
        .join(Contact, Contact.report_id == Notification.report_id)
        .where(
            Notification.state.in_(("waiting", "sent", "failed")),
            Notification.due_at > now - timedelta(days=1),
            Notification.kind == "confirm",
            is_same,
        )
    )
    return session.scalar(asked) or 0


def tell_reporters(event_id: int, lease: Lease, settings: Settings) -> None:
    """Write down one message for each confirmed contact that an event concerns.

    Whoever reported the same trouble twice is told once.

    Raises:
        LeaseLost: somebody else has this work by now; nothing was changed.
    """
    with transaction() as work:
        event = work.session.get_one(CaseEvent, event_id)
        kind = told_kind(work.session, event)
        if kind is not None:
            soon = clock.now() + notifying.NEWS_PAUSE
            due_at = notifying.earliest_sending(kind, soon, quiet_hours(settings))
            people = {to.person: to for to in audience(work.session, event, settings)}
            for to in people.values():
                if not is_told_of_later(work.session, to.report.id, event.id):
                    put(work, to, kind, event.id, due_at=due_at)
        outbox.finish(work, lease)


def wake(carriers: Carriers) -> int:
    """Ask again for messages that waited for a channel which is there now.

    Returns:
        How many were asked for.
    """
    channels = [channel for channel, carrier in carriers.items() if carrier is not None]
    with transaction() as work:
        waiting = work.session.scalars(
            select(Notification)
            .where(
                Notification.state == "waiting",
                Notification.last_error == NO_CHANNEL,
                Notification.channel.in_(channels),
            )
            .order_by(Notification.due_at)
            .limit(WAKEN_AT_ONCE)
        ).all()
        for row in waiting:
            row.last_error = None
            work.ask("send_notification", row.id)
    return len(waiting)


def counts() -> MessageCounts:
    """Count messages for whoever runs the machine: numbers only, nobody's name."""
    is_waiting = Notification.state == "waiting"
    has_none = Notification.last_error.is_not_distinct_from(NO_CHANNEL)
    lately = Notification.due_at > clock.now() - FAILURES_KEPT
    row = db.session.execute(
        select(
            func.count().filter(is_waiting, ~has_none),
            func.count().filter(is_waiting, has_none),
            func.count().filter(Notification.state == "failed"),
            func.count().filter(Notification.state == "sent"),
        )
        .select_from(Notification)
        .where(or_(is_waiting, and_(Notification.state.in_(("failed", "sent")), lately)))
    ).one()
    return MessageCounts(*row)
