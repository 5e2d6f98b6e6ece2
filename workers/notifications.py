"""Jobs of telling: ask a contact, tell the reporters of an event, send one message."""

from webapp.letters import write
from webapp.services import notification_sending, notifications
from webapp.services.notification_channels import carriers
from webapp.services.outbox import Lease
from workers.context import job, settings


@job()
def confirm_contact(subject: str, lease: Lease) -> None:
    """Ask the contact of the report whose id is ``subject`` whether it wants to be told."""
    notifications.confirm_contact(int(subject), lease, settings())


@job()
def tell_reporters(subject: str, lease: Lease) -> None:
    """Write down who is told of the event whose id is ``subject``."""
    notifications.tell_reporters(int(subject), lease, settings())


@job()
def send_notification(subject: str, lease: Lease) -> None:
    """Send the message whose id is ``subject``."""
    notification_sending.send_notification(subject, lease, settings(), write, carriers(settings()))
