"""A gateway of the tests' own: it keeps the messages that are posted to it, with their headers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Posted:
    """One POST: its path, its headers, and its body as bytes."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def words(self) -> dict[str, Any]:
        """What the body says."""
        words: dict[str, Any] = json.loads(self.body)
        return words


@dataclass
class HookCatcher:
    """What the gateway answers with, and what it has got."""

    url: str = ""
    status: int = 202
    posted: list[Posted] = field(default_factory=list)


@contextmanager
def catching_posts() -> Iterator[HookCatcher]:
    """Run a gateway on a free port of the loopback address."""
    catcher = HookCatcher()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            catcher.posted.append(Posted(self.path, dict(self.headers), body))
            self.send_response(catcher.status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        catcher.url = f"http://127.0.0.1:{server.server_address[1]}/send?by=sms"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield catcher
        finally:
            server.shutdown()
            thread.join()
