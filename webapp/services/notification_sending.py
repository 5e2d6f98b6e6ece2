"""Sends messages that were written down: whether it is still wanted, now, and as things stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import cast

import structlog
from sqlalchemy import select, update

from webapp import clock
from webapp.adapters.delivery import Carrier, ChannelAway, Delayed, Letter, Undeliverable
from webapp.config import Settings
from webapp.domain import notifying
from webapp.domain.deadlines import local_day
from webapp.extensions import db
from webapp.models import Attachment, Case, Contact, Notification, Report
from webapp.services import outbox
from webapp.services.casework_figures import is_current_attachment
from webapp.services.notification_rows import address_by, is_told_of_later, quiet_hours
from webapp.services.outbox import Lease
from webapp.services.public_cases import CaseCard, cards_of, cases_with_parts
from webapp.services.transaction import transaction

log = structlog.get_logger()

# What keeps a message waiting although its time has come.
NO_CHANNEL = "no_channel"

# When a channel turns out to be away, its other messages wait as long as the one that found out:
# each try may take a worker half a minute, and reports wait behind it.
CHANNEL_RESTS = timedelta(minutes=5)


@dataclass(frozen=True)
class Notice:
    """What one message is written from.

    Attributes:
        id: the message's; it travels along.
        kind: one of ``notifying.KINDS``.
        channel: one of ``notifying.CHANNELS``.
        to: the address or phone number.
        url: the page behind the link.
        sent_on: the day on which the resident sent the report.
        case: the projection of its case; None in a confirmation, which tells nothing.
    """

    id: str
    kind: str
    channel: str
    to: str = field(repr=False)
    url: str = field(repr=False)
    sent_on: date
    case: CaseCard | None


Writer = Callable[[Notice], Letter]
Carriers = Mapping[str, Carrier | None]


def send_notification(
    notification_id: str, lease: Lease, settings: Settings, write: Writer, carriers: Carriers
) -> None:
    """Send one message, and mark it as sent in the transaction that finishes its work.

    A worker that dies between the two sends it again, under the same id.

    Args:
        notification_id: the row's id.
        lease: the work's.
        settings: the public address, the secret behind links, the quiet hours.
        write: makes the letter.
        carriers: what takes letters outside, by channel; None where nothing is set.

    Raises:
        Delayed: the channel did not take it; it is tried again later.
        LeaseLost: somebody else has this work by now; nothing was changed.
    """
    row, report, contact = _found(notification_id)
    obstacle = _obstacle(row, contact) or (NO_CHANNEL if carriers.get(row.channel) is None else "")
    until = _waits_until(row, settings)
    case = _case_of(row)
    if obstacle or (case is None and row.kind != "confirm"):
        _settle(row, lease, *_end_of(obstacle or "no_case", row))
    elif until is not None:
        with transaction() as work:
            outbox.put_off(work, lease, until)
    else:
        notice = _notice(row, report, contact, case, settings)
        _carry(row, lease, write(notice), cast("Carrier", carriers[row.channel]))


def _found(notification_id: str) -> tuple[Notification, Report, Contact]:
    session = db.session()
    session.rollback()
    row = session.execute(
        select(Notification, Report, Contact)
        .join(Report, Report.id == Notification.report_id)
        .join(Contact, Contact.report_id == Report.id)
        .where(Notification.id == notification_id)
        .execution_options(populate_existing=True)
    ).one()
    return cast("tuple[Notification, Report, Contact]", row)


def _obstacle(row: Notification, contact: Contact) -> str:
    """Return why a message must not go out, or nothing."""
    if row.state != "waiting":
        return "settled"
    if contact.withdrawn_at or contact.unsubscribed_at or not address_by(row.channel, contact):
        return "not_wanted"
    if (contact.confirmed_at is None) != (row.kind == "confirm"):
        return "not_wanted"
    if notifying.is_stale(row.created_at, clock.now()):
        return "stale"
    if row.event_id and is_told_of_later(db.session(), row.report_id, row.event_id):
        return "told_of_later"
    return ""


def _end_of(obstacle: str, row: Notification) -> tuple[str, str | None]:
    """Return the state that an obstacle leaves a message in, and what is written beside it."""
    if obstacle == "settled":
        return row.state, row.last_error
    if obstacle == NO_CHANNEL:
        return "waiting", NO_CHANNEL
    was_tried = row.last_error not in (None, NO_CHANNEL)
    if obstacle == "stale" and was_tried:
        return "failed", row.last_error
    return "dropped", obstacle


def _waits_until(row: Notification, settings: Settings) -> datetime | None:
    """Return until when a message must wait because the night came over it, if it must.

    One that was meant to go at once, though it was night, goes at once.
    """
    now, quiet = clock.now(), quiet_hours(settings)
    is_for_any_hour = notifying.after_quiet(row.due_at, quiet) != row.due_at
    morning = notifying.earliest_sending(row.kind, now, quiet)
    return None if is_for_any_hour or morning == now else morning


def _case_of(row: Notification) -> CaseCard | None:
    """Return the projection of the case that holds the report now."""
    if row.kind == "confirm":
        return None
    held = (
        cases_with_parts()
        .join(Attachment, Attachment.case_id == Case.id)
        .where(Attachment.report_id == row.report_id, is_current_attachment())
    )
    cards = cards_of(db.session.scalars(held).all())
    return cards[0] if cards else None


def _notice(
    row: Notification, report: Report, contact: Contact, case: CaseCard | None, settings: Settings
) -> Notice:
    return Notice(
        id=row.id,
        kind=row.kind,
        channel=row.channel,
        to=address_by(row.channel, contact) or "",
        url=link_of(contact, settings),
        sent_on=local_day(report.received_at),
        case=case,
    )


def link_of(contact: Contact, settings: Settings) -> str:
    """Return the address of the page that a contact's messages lead to."""
    key = notifying.link_key(settings.secret_key)
    seal = notifying.capability(key, contact.report_id, contact.link_version)
    return f"{settings.public_url}/m/{seal}"


def _carry(row: Notification, lease: Lease, letter: Letter, carrier: Carrier) -> None:
    # Nothing is held while a server far away thinks about it.
    db.session.rollback()
    try:
        carrier.carry(letter)
    except Undeliverable as error:
        log.warning("message_undeliverable", message=row.id, why=str(error))
        _settle(row, lease, "failed", str(error))
    except Delayed as error:
        _note_delay(row, error)
        raise
    else:
        _settle(row, lease, "sent", None)


def _settle(row: Notification, lease: Lease, state: str, error: str | None) -> None:
    """Write down what became of a message, and finish its work with it."""
    with transaction() as work:
        work.session.execute(
            update(Notification)
            .where(Notification.id == row.id)
            .values(
                state=state,
                last_error=error,
                sent_at=clock.now() if state == "sent" and row.state == "waiting" else row.sent_at,
            )
        )
        outbox.finish(work, lease)


def _note_delay(row: Notification, error: Delayed) -> None:
    with transaction() as work:
        one = update(Notification).where(Notification.id == row.id)
        work.session.execute(one.values(last_error=str(error)))
        if isinstance(error, ChannelAway):
            same = select(Notification.id).where(
                Notification.state == "waiting", Notification.channel == row.channel
            )
            outbox.let_rest(work, "send_notification", same, clock.now() + CHANNEL_RESTS)
