"""Mail: makes a letter an e-mail that no header can be smuggled into, and sends it by SMTP."""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy

from webapp.adapters.delivery import ChannelAway, Delayed, Letter, Undeliverable
from webapp.config_messages import SmtpServer

# A server answers each command within seconds, and the worker that waits here does nothing else.
TIMEOUT_S = 20.0

# From here on an SMTP reply means "never" (RFC 5321, 4.2.1).
_PERMANENT = 500

# An address without comments, quotes, lists or routes: nobody has any, and each hides something.
_PLAIN_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]{2,}")
_MOST_ADDRESS_CHARACTERS = 254


class _UnfoldedLinks(EmailPolicy):
    """Folds headers as usual, but leaves a link whole: Python would write a long one in code."""

    def fold(self, name: str, value: str) -> str:
        """Return one header as it is written."""
        return _whole(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return one header as it is sent."""
        return _whole(name, value).encode("ascii") or super().fold_binary(name, value)


def _whole(name: str, value: str) -> str:
    return f"{name}: {value}\r\n" if name == "List-Unsubscribe" else ""


_POLICY = _UnfoldedLinks(linesep=SMTP.linesep)


class SmtpMail:
    """Hands letters to one mail server, one connection each: messages to residents are few."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        timeout_s: float = TIMEOUT_S,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Remember the server, and whose certificates to ``trust`` if not the machine's own."""
        self._server = server
        self._timeout_s = timeout_s
        self._trust = trust

    def carry(self, letter: Letter) -> None:
        """Send one letter; see ``delivery.Carrier``."""
        message = as_message(letter, self._server.sender)
        try:
            with self._connected() as server:
                self._say(server, message, letter.to)
        except (smtplib.SMTPException, OSError) as error:
            # Without what the server said: it repeats the address, and this is written down.
            raise ChannelAway(_name(error)) from None

    def _say(self, server: smtplib.SMTP, message: EmailMessage, to: str) -> None:
        """Hand the message over; what the server says of it or its reader for ever is told apart.

        A refused sender or password is the installation's trouble, and no fault of the letter.
        """
        try:
            server.send_message(message, self._server.sender.addr_spec, [to])
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _words in refused.recipients.values()]
            _refuse("recipient", max(codes, default=0))
        except smtplib.SMTPDataError as refused:
            _refuse("data", refused.smtp_code)
        except smtplib.SMTPNotSupportedError:
            raise Undeliverable("smtp no SMTPUTF8") from None

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Give a connection that is secured and signed in as the settings say, never less."""
        server = self._server
        context = self._trust or ssl.create_default_context()
        if server.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._timeout_s, context=context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)
        try:
            if server.security == "starttls":
                connection.starttls(context=context)
            if server.user:
                connection.login(server.user, server.password or "")
            yield connection
        finally:
            # A letter that was taken is taken, whatever becomes of the farewell.
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()


def _refuse(what: str, code: int) -> None:
    if code >= _PERMANENT:
        raise Undeliverable(f"smtp {what} {code}") from None
    raise Delayed(f"smtp {what} {code}") from None


def _name(error: Exception) -> str:
    code = getattr(error, "smtp_code", None)
    return f"smtp {type(error).__name__}{f' {code}' if code else ''}"


def as_message(letter: Letter, sender: Address) -> EmailMessage:
    """Return a letter as an e-mail: plain text, and the same as simple HTML.

    Raises:
        Undeliverable: what should be its address is none.
    """
    message = EmailMessage(policy=_POLICY)
    message["Message-ID"] = f"<{letter.id}@{sender.domain}>"
    message["Date"] = _date(letter.written_at)
    message["From"] = sender
    message["To"] = _recipient(letter.to)
    message["Subject"] = " ".join(letter.subject.split())
    message["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # Away notes are not sent in answer to this (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", charset="utf-8", cte="quoted-printable")
    return message


def _date(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _recipient(address: str) -> Address:
    is_plain = len(address) <= _MOST_ADDRESS_CHARACTERS and _PLAIN_ADDRESS.fullmatch(address)
    if not is_plain or not address.isprintable():
        raise Undeliverable("address unusable")
    username, _, domain = address.rpartition("@")
    try:
        return Address(username=username, domain=domain)
    except ValueError:
        raise Undeliverable("address unusable") from None
