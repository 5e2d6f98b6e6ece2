"""Runs the whole application as processes of its own: gunicorn, RQ workers, clock and Redis."""

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers.environment import environment_for, process_environment
from tests.servers.redis import running_redis
from workers.lifeline import dies_with_us

ROOT = Path(__file__).resolve().parent.parent.parent
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 15

WEB = ("gunicorn", "--config", "python:setup.web")
WORKER = ("workers",)
CLOCK = ("workers.schedule",)


class DidNotStart(RuntimeError):
    """A process ended, or said nothing, before it was ready; the message shows its words."""


@dataclass
class LiveServer:
    """An application under test, reached at ``url``; its photos and logs lie in ``var``."""

    url: str
    var: Path
    redis_url: str
    environ: dict[str, str]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, module: tuple[str, ...]) -> subprocess.Popen[bytes]:
        """Start ``python -m module``; it ends with the test, or with the test's process."""
        name = f"{module[0]}.{len(self._processes)}"
        with (self.var / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=ROOT,
                env=self.environ,
                stdout=log,
                stderr=log,
                preexec_fn=dies_with_us(),
            )
        self._processes.append(process)
        return process

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start one more RQ worker."""
        worker = self.start(WORKER)
        self.workers.append(worker)
        return worker

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a process the hard way, as a power cut or the kernel would."""
        process.kill()
        process.wait(timeout=STOP_TIMEOUT_S)

    def words(self) -> str:
        """Return what all processes said, for the message of a failed test."""
        logs = sorted(self.var.glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')}" for log in logs)

    def wait_until_ready(self) -> None:
        """Wait until the application answers.

        Raises:
            DidNotStart: it ended, or did not answer in time.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_ready(self.url):
            has_ended = any(process.poll() is not None for process in self._processes)
            if has_ended or time.monotonic() > deadline:
                raise DidNotStart(self.words())
            time.sleep(0.05)

    def stop(self) -> None:
        """End every process and wait for it."""
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self._processes):
            try:
                process.wait(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill(process)


def is_ready(url: str) -> bool:
    """Tell whether the application at ``url`` says that it can serve."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    """Return a port of the loopback address that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(
    database_url: str, var: Path, *, workers: int = 0, clock: bool = False, **settings: str
) -> Iterator[LiveServer]:
    """Run the application on ``database_url``, with RQ workers and the clock when asked."""
    var.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with running_redis() as redis_url:
        ours = environment_for(
            database_url, var, HOST="127.0.0.1", PORT=str(port), REDIS_URL=redis_url
        )
        environ = process_environment(ours | settings)
        server = LiveServer(f"http://127.0.0.1:{port}", var, redis_url, environ)
        try:
            server.start(WEB)
            for _ in range(workers):
                server.start_worker()
            if clock:
                server.start(CLOCK)
            server.wait_until_ready()
            yield server
        finally:
            server.stop()
            # pytest shows this below a test that failed, and nowhere else.
            print(server.words())


@pytest.fixture
def live_server(database_url: str, tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """Start applications: ``live_server(workers=1, clock=True, ANLO_LEASE_SECONDS="2")``."""
    with ExitStack() as stack:

        def start(**wishes: object) -> LiveServer:
            return stack.enter_context(serving(database_url, tmp_path / "live", **wishes))  # type: ignore[arg-type]

        yield start
