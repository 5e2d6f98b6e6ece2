"""Chooses what takes messages to the outside: mail server and gateway, or files in a folder."""

from webapp import clock
from webapp.adapters.delivery import Carrier
from webapp.adapters.mail import SmtpMail
from webapp.adapters.message_files import MessageFiles
from webapp.adapters.message_hook import HookMessages
from webapp.config import Settings
from webapp.services.notification_sending import Carriers


def carriers(settings: Settings) -> Carriers:
    """Return what carries the messages of each channel; None where nothing is set.

    The demonstration writes files where nothing is set, and never claims to have sent them.
    """
    smtp, hook = settings.messages.smtp, settings.messages.hook
    return {
        "email": SmtpMail(smtp) if smtp else _files(settings, ".eml"),
        "webhook": HookMessages(hook, clock.now) if hook else _files(settings, ".json"),
    }


def _files(settings: Settings, suffix: str) -> Carrier | None:
    folder = settings.messages.folder
    return MessageFiles(folder, suffix) if folder else None
