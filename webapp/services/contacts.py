"""Contact data of residents: taken back by whoever holds a report's key or its link."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, update

from webapp import clock
from webapp.extensions import db
from webapp.models import Contact, Notification
from webapp.services.transaction import Transaction


@dataclass(frozen=True)
class ContactStanding:
    """How a contact stands, in what its owner may read: never who or where it is.

    ``state`` is ``asked`` (a message waits for the answer), ``confirmed``, ``off`` (no news is
    wanted) or ``kept`` (nobody has been asked). ``is_mail`` tells a letter from a short message.
    """

    state: Literal["asked", "confirmed", "off", "kept"]
    is_mail: bool


def standing_of(contact: Contact | None) -> ContactStanding | None:
    """Return how a contact stands; None where there is none, or it was taken back."""
    if contact is None or not (contact.phone or contact.email):
        return None
    asked_by = db.session.scalar(
        select(Notification.channel).where(
            Notification.report_id == contact.report_id,
            Notification.kind == "confirm",
            Notification.state.in_(("waiting", "sent")),
        )
    )
    is_mail = asked_by == "email" if asked_by else contact.email is not None
    if contact.unsubscribed_at is not None:
        return ContactStanding("off", is_mail)
    if contact.confirmed_at is not None:
        return ContactStanding("confirmed", is_mail)
    return ContactStanding("asked" if asked_by else "kept", is_mail)


def take_back(work: Transaction, report_id: int) -> None:
    """Erase phone and e-mail of a report, with every link and message to them; safe to repeat."""
    contact = work.session.get(Contact, report_id, with_for_update=True, populate_existing=True)
    if contact is None or contact.withdrawn_at is not None:
        return
    contact.phone = contact.email = None
    contact.withdrawn_at = clock.now()
    # What lies in a mailbox, or on a telephone that changed hands, opens nothing any more.
    contact.link_version += 1
    drop_waiting(work, report_id)


def drop_waiting(work: Transaction, report_id: int) -> None:
    """Drop the messages of a report that were not sent yet."""
    waiting = update(Notification).where(
        Notification.report_id == report_id, Notification.state == "waiting"
    )
    work.session.execute(waiting.values(state="dropped", last_error="not_wanted"))
