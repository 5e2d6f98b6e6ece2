"""Contact data of residents: taken back by whoever holds a report's key or its link."""

from sqlalchemy import update

from webapp import clock
from webapp.models import Contact, Notification
from webapp.services.transaction import Transaction


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
