"""What the link in a message opens: how the report stands, and whether its sender is told of it."""

from dataclasses import dataclass

from webapp import clock
from webapp.config import Settings
from webapp.domain import notifying
from webapp.domain.errors import Gone, NotFound
from webapp.extensions import db
from webapp.models import Contact, Report
from webapp.services import contacts, public
from webapp.services.notification_rows import Addressee, asked_channel, put_current_state
from webapp.services.public import TrackingPage
from webapp.services.transaction import Transaction, transaction


@dataclass(frozen=True)
class Subscription:
    """The page behind a link.

    ``state`` is asked (nobody has said yes or no), on, or off. ``page`` is None until the contact
    was confirmed: before that, the link may lie in a stranger's mailbox.
    """

    state: str
    page: TrackingPage | None


def subscription(raw: str, settings: Settings) -> Subscription:
    """Return what a link opens; nothing is changed, for programs open links as well.

    Raises:
        NotFound: ``link_unknown``.
        Gone: ``link_revoked``.
    """
    contact = _check(db.session.get(Contact, _report_id(raw)), raw, settings)
    if contact.unsubscribed_at is not None:
        state = "off"
    else:
        state = "asked" if contact.confirmed_at is None else "on"
    is_shown = contact.confirmed_at is not None
    return Subscription(state, public.tracking_page_of(contact.report_id) if is_shown else None)


def confirm(raw: str, settings: Settings) -> None:
    """Note that whoever reads the messages wants them, and tell them once how things stand.

    Raises:
        NotFound, Gone: as for ``subscription``.
    """
    with transaction() as work:
        contact = _lock(work, raw, settings)
        is_news = contact.confirmed_at is None or contact.unsubscribed_at is not None
        contact.confirmed_at = contact.confirmed_at or clock.now()
        contact.unsubscribed_at = None
        work.session.flush()
        if is_news:
            report = work.session.get_one(Report, contact.report_id)
            channel = asked_channel(work.session, contact, settings)
            put_current_state(work, Addressee(report, contact, channel))


def unsubscribe(raw: str, settings: Settings) -> None:
    """Note that whoever reads the messages wants no more of them; safe to repeat.

    Raises:
        NotFound, Gone: as for ``subscription``.
    """
    with transaction() as work:
        contact = _lock(work, raw, settings)
        contact.unsubscribed_at = contact.unsubscribed_at or clock.now()
        contacts.drop_waiting(work, contact.report_id)


def withdraw(raw: str, settings: Settings) -> None:
    """Erase phone and e-mail; the link itself opens nothing afterwards.

    Raises:
        NotFound, Gone: as for ``subscription``.
    """
    with transaction() as work:
        contact = _lock(work, raw, settings)
        contacts.take_back(work, contact.report_id)


def _lock(work: Transaction, raw: str, settings: Settings) -> Contact:
    found = work.session.get(Contact, _report_id(raw), with_for_update=True, populate_existing=True)
    return _check(found, raw, settings)


def _report_id(raw: str) -> int:
    report_id = notifying.report_id_of(raw)
    if report_id is None:
        raise NotFound("link_unknown")
    return report_id


def _check(contact: Contact | None, raw: str, settings: Settings) -> Contact:
    """Return the contact that a link opens; nothing is said of whose it is before that."""
    key = notifying.link_key(settings.secret_key)
    if contact is None:
        raise NotFound("link_unknown")
    if notifying.opens(raw, key, contact.report_id, contact.link_version):
        return contact
    if notifying.was_revoked(raw, key, contact.report_id, contact.link_version):
        raise Gone("link_revoked")
    raise NotFound("link_unknown")
