"""Settings of messages to residents: the mail server, the gateway, and the hours of the night."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from webapp.config_values import BadSetting, is_loopback

MESSAGE_NAMES = (
    "ANLO_SMTP_URL",
    "ANLO_MAIL_FROM",
    "ANLO_MESSAGE_HOOK_URL",
    "ANLO_MESSAGE_HOOK_SECRET",
    "ANLO_QUIET_HOURS",
)

# As with SECRET_KEY: shorter ones were typed by hand, and are guessed.
LEAST_HOOK_SECRET_LENGTH = 16

# Nobody wants the telephone to ring for a pothole after nine in the evening or before seven.
DEFAULT_QUIET_HOURS = "21:00-07:00"

Security = Literal["none", "starttls", "tls"]

# Scheme, how the line is secured, and the port where such servers listen (RFC 8314).
_SCHEMES: dict[str, tuple[Security, int]] = {
    "smtp": ("none", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
}
_SPAN = re.compile(r"([01]?\d|2[0-3])(?::([0-5]\d))?\s*-\s*([01]?\d|2[0-3])(?::([0-5]\d))?")


@dataclass(frozen=True)
class SmtpServer:
    """The server that takes our mail; ``sender`` is what stands in From."""

    host: str
    port: int
    security: Security
    sender: Address
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class MessageHook:
    """The gateway that passes short messages on, as SMS or by Zalo; the secret signs them."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class MessageSettings:
    """How residents are told; a channel that is None makes its messages wait.

    ``folder`` is where the demonstration writes messages instead of sending them; None outside
    of it. The quiet hours are local; equal ends mean that there are none.
    """

    smtp: SmtpServer | None
    hook: MessageHook | None
    folder: Path | None
    quiet_from: time
    quiet_until: time


def read_message_settings(
    environ: Mapping[str, str], *, is_demo: bool, folder: Path
) -> MessageSettings:
    """Read and check what the environment says about messages.

    Args:
        environ: the environment.
        is_demo: whether this is the demonstration, which writes what it cannot send.
        folder: where it writes.

    Raises:
        BadSetting: a value cannot be used; no password or secret is repeated.
    """
    quiet_from, quiet_until = _quiet_hours(environ)
    return MessageSettings(
        smtp=_smtp_server(environ),
        hook=_message_hook(environ),
        folder=folder if is_demo else None,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
    )


def _smtp_server(environ: Mapping[str, str]) -> SmtpServer | None:
    raw = environ.get("ANLO_SMTP_URL")
    if not raw:
        return None
    parts, host, port = _address("ANLO_SMTP_URL", raw, "smtp+starttls://name:password@host")
    security, usual_port = _SCHEMES.get(parts.scheme, (None, 0))
    if security is None or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BadSetting(
            "ANLO_SMTP_URL: use smtp+starttls://, smtps:// or smtp://, then [name:password@]host"
            " and perhaps :port."
        )
    if not unquote(parts.netloc).isascii():
        raise BadSetting("ANLO_SMTP_URL: name and password in ASCII only; SMTP knows no others.")
    if security == "none" and parts.password and not is_loopback(host):
        raise BadSetting("ANLO_SMTP_URL: smtp:// would send the password in the clear.")
    return SmtpServer(
        host=host,
        port=port or usual_port,
        security=security,
        sender=_sender(environ),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _address(name: str, raw: str, example: str) -> tuple[SplitResult, str, int | None]:
    """Split an address, without a word of it in the error: it may hold a password."""
    try:
        parts = urlsplit(raw)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise BadSetting(f"{name}: not an address such as {example}.")
    return parts, host, port


def _sender(environ: Mapping[str, str]) -> Address:
    raw = environ.get("ANLO_MAIL_FROM")
    if not raw:
        raise BadSetting(
            'ANLO_MAIL_FROM: needed with ANLO_SMTP_URL, such as "An Lộ <anlo@example.vn>".'
        )
    name, address = parseaddr(raw)
    try:
        sender = Address(name, addr_spec=address)
    except (ValueError, IndexError, MessageError):
        sender = Address()
    if not sender.username or not sender.domain or not sender.addr_spec.isascii():
        raise BadSetting(f"ANLO_MAIL_FROM: {raw!r} is not of the form An Lộ <anlo@example.vn>.")
    return sender


def _message_hook(environ: Mapping[str, str]) -> MessageHook | None:
    raw = environ.get("ANLO_MESSAGE_HOOK_URL")
    if not raw:
        return None
    parts, host, _port = _address("ANLO_MESSAGE_HOOK_URL", raw, "https://gateway.example.vn/send")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not is_safe or parts.username or parts.fragment:
        raise BadSetting(
            "ANLO_MESSAGE_HOOK_URL: an https:// address without a password in it; http:// is for"
            " a loopback address only, for phone numbers go that way."
        )
    secret = environ.get("ANLO_MESSAGE_HOOK_SECRET") or ""
    if len(secret) < LEAST_HOOK_SECRET_LENGTH:
        raise BadSetting(
            "ANLO_MESSAGE_HOOK_SECRET: needed with ANLO_MESSAGE_HOOK_URL,"
            f" at least {LEAST_HOOK_SECRET_LENGTH} characters."
        )
    return MessageHook(raw, secret)


def _quiet_hours(environ: Mapping[str, str]) -> tuple[time, time]:
    raw = environ.get("ANLO_QUIET_HOURS") or DEFAULT_QUIET_HOURS
    if raw.strip().lower() == "none":
        return time(0), time(0)
    found = _SPAN.fullmatch(raw.strip())
    if found is None:
        raise BadSetting(f"ANLO_QUIET_HOURS: {raw!r} is neither like 21:00-07:00 nor none.")
    start_hour, start_minute, end_hour, end_minute = (int(part or 0) for part in found.groups())
    return time(start_hour, start_minute), time(end_hour, end_minute)
