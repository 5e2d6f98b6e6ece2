"""How fast a worker triages reports with one photo of 12 megapixels, beside the bare steps.

Run: ``python -m tests.bench.triage``. The yardstick is one process that does nothing but read the
EXIF, make both derivatives and fsync them. Ours is RQ on SQLite with a real Redis: the lease, the
fork, the limits, the decision, the case, its events and every commit come on top. It is measured
with one worker, like against like, and with the two that `make run` starts. Both sides take turns,
so that a noisy machine disturbs both alike; every photo is one of its own.
"""

import io
import os
import platform
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from tests import pictures
from tests.servers import triage_scene as scene
from tests.servers.databases import SqliteDatabases
from tests.servers.environment import environment_for, process_environment
from tests.servers.live import LiveServer
from tests.servers.redis import running_redis
from webapp.adapters.photo_reader import make_derivatives, read_exif
from webapp.adapters.photo_store import PhotoStore
from webapp.app import create_app
from webapp.config import read_settings
from webapp.extensions import db
from webapp.models import OutboxEntry

WORKERS = (1, 2)
TURNS = 5
REPORTS_A_TURN = 8
LEAST_RATIO = 0.7
TURN_TIMEOUT_S = 300


@dataclass(frozen=True)
class Bench:
    """Running workers, and where their reports and photos lie."""

    app: Flask
    store: PhotoStore
    picture: Image.Image
    workers: tuple[subprocess.Popen[bytes], ...]


def main() -> None:
    """Print both rates and their ratio, with one worker and with two."""
    picture = pictures.scene(4000, 3000)
    photo = unlike_any(picture, 0)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"one JPEG of 12 megapixels and {len(photo) / 1e6:.2f} MB a report,")
    print(f"{TURNS} turns of {REPORTS_A_TURN} reports, SQLite (synchronous=FULL)")
    for count in WORKERS:
        compare(picture, count)


def compare(picture: Image.Image, count: int) -> None:
    """Print the rate of ``count`` workers beside that of one bare process."""
    with TemporaryDirectory() as name, running(Path(name), picture, count) as bench:
        triaged_rate(bench, 0)
        pairs = [
            (bare_rate(bench, turn), triaged_rate(bench, turn)) for turn in range(1, TURNS + 1)
        ]
    bare, ours = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    ratio = statistics.median(triaged / plain for plain, triaged in pairs)
    print(f"\nbare steps, one process  {bare:5.2f} a second")
    print(f"triage, {count} worker(s)      {ours:5.2f} a second")
    print(f"ratio {ratio:.2f} (asked for: at least {LEAST_RATIO})", flush=True)


@contextmanager
def running(folder: Path, picture: Image.Image, count: int) -> Iterator[Bench]:
    """Run ``count`` workers on a fresh database, until the block ends."""
    databases = SqliteDatabases(folder, is_filled=True)
    var = folder / "var"
    var.mkdir()
    with running_redis() as redis_url, databases.copied(folder) as database_url:
        ours = environment_for(database_url, var, REDIS_URL=redis_url)
        app = create_app(read_settings(ours))
        with app.app_context():
            scene.build_district()
        server = LiveServer("", var, redis_url, process_environment(ours))
        workers = tuple(server.start_worker() for _ in range(count))
        try:
            yield Bench(app, scene.store_in(var), picture, workers)
        finally:
            server.stop()


def unlike_any(picture: Image.Image, name: int) -> bytes:
    """Return the picture as a photo with a mark of its own, so that no work was done before."""
    marked = picture.copy()
    marked.paste((name % 256, name // 256 % 256, 128), (100, 100, 900, 900))
    target = io.BytesIO()
    marked.save(target, "JPEG", quality=80)
    return target.getvalue()


def bare_rate(bench: Bench, turn: int) -> float:
    """Do the bare steps in this process; return photos a second."""
    hashes = [bench.store.put(photo) for photo in photos_of(bench, 2 * turn)]
    started = time.perf_counter()
    for sha256 in hashes:
        path = bench.store.path(sha256)
        read_exif(path)
        made = make_derivatives(path)
        bench.store.put_derivative(made.large)
        bench.store.put_derivative(made.small)
    return REPORTS_A_TURN / (time.perf_counter() - started)


def photos_of(bench: Bench, group: int) -> list[bytes]:
    """Return the photos of one turn of one side."""
    first = group * REPORTS_A_TURN
    return [unlike_any(bench.picture, first + number) for number in range(REPORTS_A_TURN)]


def triaged_rate(bench: Bench, turn: int) -> float:
    """Triage reports, each somewhere else; return reports a second."""
    photos = photos_of(bench, 2 * turn + 1)
    with bench.app.app_context():
        # Taking reports in is the front door's work; the clock starts when the worker may begin.
        _signal(bench, signal.SIGSTOP)
        for number, photo in enumerate(photos):
            latitude = 11.61 + 0.001 * (turn * REPORTS_A_TURN + number)
            scene.add_report(store=bench.store, photos=(photo,), fix=(latitude, 109.05))
        started = time.perf_counter()
        _signal(bench, signal.SIGCONT)
        wait_until_done()
        return REPORTS_A_TURN / (time.perf_counter() - started)


def _signal(bench: Bench, number: signal.Signals) -> None:
    for worker in bench.workers:
        worker.send_signal(number)


def wait_until_done() -> None:
    """Wait until nothing is left to triage.

    Raises:
        TimeoutError: the worker does not work.
    """
    deadline = time.monotonic() + TURN_TIMEOUT_S
    waiting = (
        select(func.count())
        .select_from(OutboxEntry)
        .where(OutboxEntry.kind == "triage_report", OutboxEntry.done_at.is_(None))
    )
    while db.session.scalar(waiting):
        db.session.rollback()
        if time.monotonic() > deadline:
            raise TimeoutError("the worker does not work")
        time.sleep(0.01)
    db.session.rollback()


if __name__ == "__main__":
    main()
