"""Short messages: POSTs each as signed JSON to a gateway that passes it on, as SMS or by Zalo."""

import hashlib
import hmac
import http.client
import json
import ssl
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from webapp.adapters.delivery import ChannelAway, Letter, Undeliverable
from webapp.config_messages import MessageHook

# A gateway takes a message and sends it later; the worker that waits here does nothing else.
TIMEOUT_S = 10.0

# What says that this very message will never do. Everything else that is no success may pass: a
# gateway that is away, too busy, moved, or does not know us yet.
_NEVER = frozenset({400, 410, 413, 422})
# The gateway took the message before; our worker died before it could write that down.
_KNOWN_ALREADY = 409


class HookMessages:
    """Posts letters to one gateway."""

    def __init__(
        self,
        hook: MessageHook,
        now: Callable[[], datetime],
        *,
        timeout_s: float = TIMEOUT_S,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Remember the gateway; ``now`` stamps each try, so that none can be replayed later."""
        self._hook = hook
        self._now = now
        self._timeout_s = timeout_s
        self._trust = trust

    def carry(self, letter: Letter) -> None:
        """Post one letter; see ``delivery.Carrier``."""
        body = as_json(letter)
        try:
            status = self._post(body, headers(self._hook, letter.id, body, self._now()))
        except (http.client.HTTPException, OSError) as error:
            raise ChannelAway(f"hook {type(error).__name__}") from None
        if status in _NEVER:
            raise Undeliverable(f"hook {status}")
        if not (
            http.client.OK <= status < http.client.MULTIPLE_CHOICES or status == _KNOWN_ALREADY
        ):
            raise ChannelAway(f"hook {status}")

    def _post(self, body: bytes, head: dict[str, str]) -> int:
        parts = urlsplit(self._hook.url)
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", path, body, head)
            return connection.getresponse().status
        finally:
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        context = self._trust or ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)


def as_json(letter: Letter) -> bytes:
    """Return what the gateway reads: ``id``, ``kind``, ``to`` (a phone number) and ``text``."""
    words = {"id": letter.id, "kind": letter.kind, "to": letter.to, "text": letter.short}
    return json.dumps(words, ensure_ascii=False).encode()


def headers(hook: MessageHook, letter_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of one POST.

    ``AnLo-Signature`` is the HMAC-SHA256 (hex) over the timestamp (seconds, Unix), a full stop and
    the body. ``Idempotency-Key`` is the message's id: the same for a message that comes twice.
    """
    stamp = str(int(now.timestamp()))
    signature = hmac.new(hook.secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": letter_id,
        "AnLo-Timestamp": stamp,
        "AnLo-Signature": signature.hexdigest(),
    }
