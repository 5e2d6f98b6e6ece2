"""How fast reports are taken in, beside a bare Flask view that fsyncs the same bytes.

Run: ``python -m tests.bench.front_door``. Both run under gunicorn with the same workers and
threads, on the same disk, and take turns, so that a noisy machine disturbs both alike. Every
request is a report of its own with a photo of its own: nothing is a repeat.
"""

import http.client
import itertools
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from tests import pictures
from tests.servers.databases import SqliteDatabases
from tests.servers.live import free_port, is_ready, serving
from webapp.services.intake import new_tracking_key
from workers.lifeline import die_with_parent

ROOT = pictures.ROOT
CONCURRENCY = 8
REQUESTS_A_TURN = 96
TURNS = 5
PHOTO_BYTES = 2_300_000

# What the issue asks for.
LEAST_RATIO = 0.5

BOUNDARY = "anlo-front-door"
HEADERS = {
    "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    "Accept": "application/json",
}

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Turn:
    """One turn of one door: reports a second, and the time of the middle and the slowest ones."""

    rate: float
    median_ms: float
    slowest_ms: float


def main() -> None:
    """Print the rates of both doors and their ratio."""
    photo = a_photo()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"one JPEG of {len(photo) / 1e6:.2f} MB a report, {CONCURRENCY} at a time,")
    print(f"{TURNS} turns of {REQUESTS_A_TURN} reports, SQLite (WAL, synchronous=FULL)\n")
    with TemporaryDirectory() as name, bare(Path(name)) as bare_url, ours(Path(name)) as our_url:
        for url in (bare_url, our_url):
            turn(url, photo, CONCURRENCY * 2)
        pairs = [
            (turn(bare_url, photo, REQUESTS_A_TURN), turn(our_url, photo, REQUESTS_A_TURN))
            for _ in range(TURNS)
        ]
    tell("bare view", [pair[0] for pair in pairs])
    tell("front door", [pair[1] for pair in pairs])
    ratio = statistics.median(pair[1].rate / pair[0].rate for pair in pairs)
    print(f"\nratio {ratio:.2f} (asked for: at least {LEAST_RATIO})")


def a_photo() -> bytes:
    """Return a JPEG of 12 megapixels and about 2.3 MB."""
    candidates = (
        pictures.photo(size=(4000, 3000), quality=quality) for quality in range(95, 40, -3)
    )
    return next(photo for photo in candidates if len(photo) <= PHOTO_BYTES)


@contextmanager
def bare(folder: Path) -> Iterator[str]:
    """Serve the bare view with the settings of the application's own gunicorn."""
    port, files = free_port(), folder / "bare"
    files.mkdir()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *bare_options(), "-b", f"127.0.0.1:{port}"],
        cwd=ROOT,
        env=os.environ | {"BARE_FOLDER": str(files)},
        preexec_fn=die_with_parent,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while not is_ready(url):
            time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=15)


def bare_options() -> list[str]:
    """Return the same workers and threads as setup/web.py has."""
    workers = str(min(4, os.cpu_count() or 1))
    plain = ["tests.bench.bare_door:app", "--worker-class", "gthread", "--log-level", "warning"]
    return [*plain, "--workers", workers, "--threads", "16", "--keep-alive", "5"]


@contextmanager
def ours(folder: Path) -> Iterator[str]:
    """Serve the application on SQLite, with a Redis and without workers."""
    databases = SqliteDatabases(folder, is_filled=True)
    with (
        databases.copied(folder) as database_url,
        # All requests come from one address here, as they never would.
        serving(database_url, folder / "var", ANLO_REPORTS_PER_ADDRESS_HOUR="1000000") as server,
    ):
        yield server.url


def turn(url: str, photo: bytes, requests: int) -> Turn:
    """Send reports at the fixed concurrency, and measure from the first to the last answer."""
    times: list[float] = []
    bodies = [report(photo) for _ in range(requests)]
    started = time.perf_counter()
    at_once(lambda: send_all(url, bodies, times))
    rate = requests / (time.perf_counter() - started)
    if len(times) != requests:
        raise RuntimeError(f"{requests - len(times)} of {requests} reports had no answer")
    return Turn(rate, statistics.median(times) * 1000, max(times) * 1000)


def at_once(work: Callable[[], None]) -> None:
    """Do the same in as many threads as the concurrency says."""
    threads = [threading.Thread(target=work) for _ in range(CONCURRENCY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def send_all(url: str, bodies: list[bytes], times: list[float]) -> None:
    """Send reports over one connection until none is left."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    while True:
        try:
            body = bodies.pop()
        except IndexError:
            break
        started = time.perf_counter()
        connection.request("POST", "/reports", body, HEADERS)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.CREATED:
            raise RuntimeError(f"{url} answered {answer.status}")
        times.append(time.perf_counter() - started)
    connection.close()


def report(photo: bytes) -> bytes:
    """Return a request's body with what a phone sends; bytes behind the photo make it unique."""
    fields = {
        "tracking_key": new_tracking_key(),
        "install_key": new_tracking_key(),
        "category": "pavement_encroachment",
        "device_latitude": "11.705",
        "device_longitude": "109.2",
        "device_accuracy_m": "12.5",
        "device_fix_at": "2026-06-18T07:31:00Z",
        "sent_at": "2026-06-18T07:33:00Z",
        "description": "Bày hàng kín vỉa hè",
        "captured_at": "2026-06-18T07:30:30Z",
    }
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="1.jpg"\r\n'
    head = "".join(parts) + file + "Content-Type: image/jpeg\r\n\r\n"
    tail = f"{next(_numbers):016d}\r\n--{BOUNDARY}--\r\n"
    return head.encode() + photo + tail.encode()


def tell(name: str, turns: list[Turn]) -> None:
    """Print the middle of all turns."""
    rate = statistics.median(turn.rate for turn in turns)
    median_ms = statistics.median(turn.median_ms for turn in turns)
    slowest_ms = max(turn.slowest_ms for turn in turns)
    line = f"{name:12} {rate:6.1f} reports a second, median {median_ms:5.0f} ms"
    print(f"{line}, slowest {slowest_ms:5.0f} ms")


if __name__ == "__main__":
    main()
