"""Real workers and a real clock on a database of the test, and a disk that can be made to hang."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from flask import Flask
from sqlalchemy import select

from tests.servers import triage_scene as scene
from tests.servers.environment import environment_for, process_environment
from tests.servers.live import CLOCK, LiveServer
from webapp.adapters.photo_store import PhotoStore
from webapp.extensions import db
from webapp.models import OutboxEntry, Photo, ReportTriage

# What the product promises, whatever is killed.
PROMISE_S = 60

# Short spans tell the same story sooner; tests/workers/test_schedule.py adds up the real ones.
SPANS = {"ANLO_LEASE_SECONDS": "3", "ANLO_SWEEP_SECONDS": "1"}


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """The store that the processes of the test use."""
    return scene.store_in(tmp_path / "var")


@pytest.fixture
def processes(
    app: Flask, database_url: str, redis_url: str, tmp_path: Path
) -> Iterator[LiveServer]:
    """Workers and clocks of the test's own, none started yet; the district is built."""
    with app.app_context():
        scene.build_district()
    ours = environment_for(database_url, tmp_path / "var", REDIS_URL=redis_url)
    server = LiveServer("", tmp_path / "var", redis_url, process_environment(ours | SPANS))
    with ExitStack() as stack:
        stack.callback(server.stop)
        yield server


@pytest.fixture
def clock_process(processes: LiveServer) -> int:
    """The id of a running clock."""
    return processes.start(CLOCK).pid


class HangingDisk:
    """Makes the bytes of a photo unreadable in the worst way: whoever opens them waits."""

    def __init__(self, path: Path) -> None:
        """Put a pipe that nobody writes to in the photo's place."""
        self._path, self._photo = path, path.read_bytes()
        path.unlink()
        os.mkfifo(path)

    def recover(self) -> None:
        """Put the photo back."""
        self._path.unlink()
        self._path.write_bytes(self._photo)


class Watcher:
    """Looks at what the processes do, from outside."""

    def __init__(self, app: Flask, store: PhotoStore, server: LiveServer) -> None:
        """Remember where to look."""
        self._app, self._store, self._server = app, store, server

    def add_report_on_a_hanging_disk(self) -> tuple[int, HangingDisk]:
        """Take in a report with a photo that cannot be read yet."""
        with self._app.app_context():
            report = scene.add_report(store=self._store, photos=(scene.jpeg(),))
            sha256 = db.session.scalars(
                select(Photo.received_sha256).where(Photo.report_id == report)
            ).one()
        return report, HangingDisk(self._store.path(sha256))

    def status(self, report: int) -> str:
        """Return where a report stands."""
        with self._app.app_context():
            return db.session.get_one(ReportTriage, report).status

    def attempts(self) -> int:
        """Return how often the triage was begun."""
        with self._app.app_context():
            query = select(OutboxEntry.attempts).where(OutboxEntry.kind == "triage_report")
            return db.session.scalars(query).one()

    def wait_for_horse(self, worker_id: int) -> psutil.Process:
        """Wait until a worker's forked work-horse is in the middle of a job."""
        self.wait_until(lambda: bool(psutil.Process(worker_id).children()) and self.attempts() > 0)
        return psutil.Process(worker_id).children()[0]

    def wait_until_triaged(self, report: int) -> None:
        """Wait, no longer than the promise, until a report is triaged."""
        self.wait_until(lambda: self.status(report) == "triaged")

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; fail with the processes' words after the promised time."""
        deadline = time.monotonic() + PROMISE_S
        while not is_so():
            assert time.monotonic() < deadline, self._server.words()
            time.sleep(0.1)


@pytest.fixture
def watch(app: Flask, store: PhotoStore, processes: LiveServer) -> Watcher:
    """Somebody who looks at the processes from outside."""
    return Watcher(app, store, processes)
