"""A mail server of the tests' own: it speaks enough SMTP to be sent to, and keeps what it gets."""

import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("localhost.pem")

Security = str


def trusting() -> ssl.SSLContext:
    """Return a context that trusts the test's own certificate and no other."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


@dataclass(frozen=True)
class Caught:
    """One message as it came: the envelope, and the message itself."""

    sender: str
    to: tuple[str, ...]
    message: EmailMessage


@dataclass
class MailCatcher:
    """What the server does and has got.

    Attributes:
        security: none, starttls or tls.
        replies: what is said instead of the usual, by the beginning of a command ("RCPT", "DATA";
            "." is the end of a message).
        swallows: whether the end of a message is taken and then answered with silence.
        caught: every message that was taken, also those that were answered with silence.
        commands: everything that was said to it, without the messages.
    """

    security: Security = "none"
    port: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    swallows: bool = False
    caught: list[Caught] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """What ANLO_SMTP_URL would be."""
        scheme = {"none": "smtp", "starttls": "smtp+starttls", "tls": "smtps"}[self.security]
        return f"{scheme}://127.0.0.1:{self.port}"

    def wait_for(self, count: int, *, within_s: float = 60.0) -> list[Caught]:
        """Wait until that many messages came.

        Raises:
            AssertionError: they did not.
        """
        deadline = time.monotonic() + within_s
        while len(self.caught) < count:
            assert time.monotonic() < deadline, f"{len(self.caught)} of {count} messages came"
            time.sleep(0.05)
        return list(self.caught)


class _Talk(socketserver.StreamRequestHandler):
    """One connection."""

    server: "_Server"

    def setup(self) -> None:
        if self.server.catcher.security == "tls":
            self.request = self._secured()
        super().setup()

    def _secured(self) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        return context.wrap_socket(self.request, server_side=True)

    def handle(self) -> None:
        self.sender, self.to = "", []
        self._say("220 catcher")
        while line := self.rfile.readline():
            command = line.decode().strip()
            self.server.catcher.commands.append(command)
            if not self._answer(command):
                return

    def _answer(self, command: str) -> bool:
        """Answer one command; say whether the talk goes on."""
        verb = command.replace(":", " ").partition(" ")[0].upper()
        unusual = self.server.catcher.replies.get(verb)
        if unusual:
            self._say(unusual)
        elif verb == "EHLO":
            offers = ["AUTH PLAIN", "STARTTLS"][
                : 2 if self.server.catcher.security == "starttls" else 1
            ]
            self._say("\r\n".join(["250-catcher", *(f"250-{o}" for o in offers), "250 8BITMIME"]))
        elif verb == "STARTTLS":
            self._say("220 go")
            self.request = self._secured()
            super().setup()
        elif verb == "DATA":
            return self._take()
        else:
            self._note(verb, command)
            self._say({"QUIT": "221 bye", "AUTH": "235 in"}.get(verb, "250 ok"))
        return verb != "QUIT"

    def _note(self, verb: str, command: str) -> None:
        address = command.partition("<")[2].partition(">")[0]
        if verb == "MAIL":
            self.sender, self.to = address, []
        elif verb == "RCPT":
            self.to.append(address)

    def _take(self) -> bool:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        catcher = self.server.catcher
        if unusual := catcher.replies.get("."):
            self._say(unusual)
            return True
        message = BytesParser(policy=default).parsebytes(b"".join(lines))
        catcher.caught.append(Caught(self.sender, tuple(self.to), message))
        if catcher.swallows:
            # Silence until whoever is there goes away.
            self.rfile.readline()
            return False
        self._say("250 taken")
        return True

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, catcher: MailCatcher) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.catcher = catcher

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that break off are what the tests are about."""


@contextmanager
def catching_mail(security: Security = "none") -> Iterator[MailCatcher]:
    """Run a mail server on a free port of the loopback address."""
    catcher = MailCatcher(security)
    with _Server(catcher) as server:
        catcher.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield catcher
        finally:
            server.shutdown()
            thread.join()
