"""Writes messages down before they are sent: to whom, about which change, each exactly once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, or_, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.config import Settings
from webapp.domain import notifying
from webapp.domain.casework import LEAD_NAMING_KINDS
from webapp.domain.notifying import QuietHours
from webapp.models import Attachment, CaseEvent, Contact, Notification, Report
from webapp.services.case_families import survivor_id_of
from webapp.services.casework_figures import is_current_attachment
from webapp.services.transaction import Transaction, insert_into


@dataclass(frozen=True)
class Addressee:
    """Who is told: a report and its contact, and the channel that the contact was asked by."""

    report: Report
    contact: Contact
    channel: str

    @property
    def person(self) -> tuple[str, str]:
        """Whom a message would reach: two reports of one person name the same."""
        address = address_by(self.channel, self.contact) or ""
        return self.channel, address.casefold().replace("+84", "0", 1)


def quiet_hours(settings: Settings) -> QuietHours:
    """Return the hours in which nobody is woken."""
    hours = settings.messages
    return QuietHours(hours.quiet_from, hours.quiet_until, clock.LOCAL_ZONE)


def is_wanted() -> ColumnElement[bool]:
    """Return the condition that a contact may be written to at all, confirmed or not."""
    return and_(
        or_(Contact.email.is_not(None), Contact.phone.is_not(None)),
        Contact.withdrawn_at.is_(None),
        Contact.unsubscribed_at.is_(None),
    )


def address_by(channel: str, contact: Contact) -> str | None:
    """Return where a contact is reached by a channel."""
    return contact.email if channel == "email" else contact.phone


def channel_for(contact: Contact, settings: Settings) -> str:
    """Return the one channel of a contact: mail where there is an address and a way to send it.

    A contact is asked, and told, by one channel only, for its answer proves only that one.
    """
    can_mail = settings.messages.smtp or settings.messages.folder
    can_text = settings.messages.hook or settings.messages.folder
    is_better_texted = contact.phone and can_text and not can_mail
    return "webhook" if not contact.email or is_better_texted else "email"


def asked_channel(session: Session, contact: Contact, settings: Settings) -> str:
    """Return the channel by which a contact was asked; its usual one if it never was."""
    asked = select(Notification.channel).where(
        Notification.report_id == contact.report_id, Notification.kind == "confirm"
    )
    return session.scalar(asked) or channel_for(contact, settings)


def put(
    work: Transaction,
    to: Addressee,
    kind: str,
    event_id: int | None,
    *,
    due_at: datetime,
) -> bool:
    """Write one message down and ask for it to be sent; the same one twice is one message.

    Returns:
        Whether it is new.
    """
    now = clock.now()
    identity = notifying.message_id(to.report.id, to.report.received_at, kind, to.channel, event_id)
    row = insert_into(work.session, Notification).values(
        id=str(identity),
        report_id=to.report.id,
        event_id=event_id,
        kind=kind,
        channel=to.channel,
        state="waiting",
        created_at=now,
        due_at=due_at,
    )
    done = cast("CursorResult[Any]", work.session.execute(row.on_conflict_do_nothing()))
    if not done.rowcount:
        return False
    work.ask("send_notification", str(identity), due_at=due_at if due_at > now else None)
    return True


def is_told_of_later(session: Session, report_id: int, event_id: int) -> bool:
    """Tell whether a report has a message about something later, which says this as well.

    A message tells how things stand when it goes out, so that of two that wait the later one
    does for both.
    """
    later = select(Notification.id).where(
        Notification.report_id == report_id,
        Notification.event_id > event_id,
        Notification.state.in_(("waiting", "sent")),
    )
    return session.scalar(later.limit(1)) is not None


def told_kind(session: Session, event: CaseEvent) -> str | None:
    """Return the kind of message that tells an event, or None where there is nothing to tell."""
    return notifying.told_kind(event.kind, event.data, _lead_before(session, event))


def _lead_before(session: Session, event: CaseEvent) -> int | None:
    if notifying.KIND_OF_EVENT.get(event.kind) != "moved":
        return None
    earlier = (
        select(CaseEvent)
        .where(
            CaseEvent.case_id == event.case_id,
            CaseEvent.version < event.version,
            CaseEvent.kind.in_(LEAD_NAMING_KINDS),
        )
        .order_by(CaseEvent.version.desc())
        .limit(1)
    )
    found = session.scalars(earlier).one_or_none()
    return found.data.get("lead_unit_id") if found else None


def audience(session: Session, event: CaseEvent, settings: Settings) -> Iterator[Addressee]:
    """Give the confirmed contacts of the reports that an event concerns, wherever they are now.

    Those are the reports that the case held when it happened and that it, or the case that took it
    in since, holds still. A report that came later learns how things stand as it comes.
    """
    rows = session.execute(
        select(Report, Contact, Notification.channel)
        .join(Contact, Contact.report_id == Report.id)
        .outerjoin(
            Notification,
            and_(Notification.report_id == Report.id, Notification.kind == "confirm"),
        )
        .where(_is_concerned(session, event), is_wanted(), Contact.confirmed_at.is_not(None))
        .order_by(Report.id)
    )
    for report, contact, asked_by in rows:
        yield Addressee(report, contact, asked_by or channel_for(contact, settings))


def _is_concerned(session: Session, event: CaseEvent) -> ColumnElement[bool]:
    if event.kind == "report_attached":
        return Report.id == int(event.data["report_id"])
    held = select(Attachment.report_id).where(
        Attachment.case_id == event.case_id, Attachment.at <= event.at
    )
    holds = select(Attachment.report_id).where(
        Attachment.case_id == survivor_id_of(session, event.case_id), is_current_attachment()
    )
    return and_(Report.id.in_(held), Report.id.in_(holds))


def put_current_state(work: Transaction, to: Addressee) -> None:
    """Tell a contact that was just confirmed how its case stands, once and at once.

    The message has the id of the last thing that happened, so that whoever is about to tell just
    that finds it told. A report that is no case yet has nothing to be told of.
    """
    for event in _happened_to(work.session, to.report.id):
        kind = told_kind(work.session, event)
        if kind:
            put(work, to, kind, event.id, due_at=clock.now())
            return


def _happened_to(session: Session, report_id: int) -> Iterator[CaseEvent]:
    """Give what happened to the case of a report since it came, newest first, and how it came.

    How other reports came to the case is nothing that happened to this one.
    """
    attachments = select(Attachment).where(Attachment.report_id == report_id)
    held = session.scalars(attachments.where(is_current_attachment())).one_or_none()
    came = _coming_of(session, report_id)
    if held is None or came is None:
        return
    kinds = [kind for kind in notifying.KIND_OF_EVENT if kind != "report_attached"]
    yield from session.scalars(
        select(CaseEvent)
        .where(CaseEvent.case_id == held.case_id, CaseEvent.kind.in_(kinds), CaseEvent.id > came.id)
        .order_by(CaseEvent.id.desc())
    )
    yield came


def _coming_of(session: Session, report_id: int) -> CaseEvent | None:
    ever = select(Attachment.case_id).where(Attachment.report_id == report_id)
    attached = select(CaseEvent).where(
        CaseEvent.case_id.in_(ever), CaseEvent.kind == "report_attached"
    )
    for event in session.scalars(attached.order_by(CaseEvent.id.desc())):
        if event.data["report_id"] == report_id:
            return event
    return None
