"""Starts the whole house under honcho, says when it is ready, and leaves nothing behind."""

import errno
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any

from honcho import environ as honcho_environ
from honcho.manager import Manager
from honcho.printer import Printer
from honcho.process import Popen, Process

from setup.prepared import is_prepared
from webapp.config import BadSetting, Settings, in_address, read_settings
from workers import redis_server
from workers.lifeline import die_with_parent, dies_with_us, forks_die_with_us

ROOT = Path(__file__).resolve().parent.parent

# How many of each line of the Procfile run; one where nothing is said.
COPIES = {"worker": 2}

# What honcho answers when a person or the system told it to stop.
STOPPED_ON_PURPOSE = (128 + signal.SIGINT, 128 + signal.SIGTERM)


class CannotStart(RuntimeError):
    """The house cannot be started as it is set; the message says why in one line."""


class TiedProcess(Process):
    """A line of the Procfile whose program ends with the process that watches it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Tie the program from its very first moment."""
        super().__init__(*args, **kwargs)
        self._child_ctor = self._start

    @staticmethod
    def _start(command: str, **options: Any) -> Popen:
        return Popen(command, preexec_fn=dies_with_us(), **options)


def main() -> int:
    """Run until Ctrl-C, SIGTERM, or the end of any part."""
    die_with_parent(signal.SIGTERM)
    os.chdir(ROOT)
    try:
        settings = read_settings()
        check_port(settings.host, settings.port)
        settings.redis_address_file.unlink(missing_ok=True)
        prepare_database(settings)
        redis_server.address(settings)
    except (BadSetting, CannotStart, redis_server.NoRedis) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return run_everything(settings)


def check_port(host: str, port: int) -> None:
    """Make sure that the web can be bound.

    Raises:
        CannotStart: the port is taken, or the address is not ours.
    """
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"PORT: {port} is taken on {host}; choose another: make run PORT={port + 1}"
            ) from None
        raise CannotStart(f"HOST, PORT: {host}:{port} cannot be used ({error.strerror}).") from None


def prepare_database(settings: Settings) -> None:
    """Migrate and fill the database, unless that would change nothing.

    It happens in a process of its own, so that this one stays small; what it says is heard only
    when it fails.

    Raises:
        CannotStart: it did not work; what went wrong stands above.
    """
    if is_prepared(settings.database_url, is_demo=settings.demo):
        return
    print("Preparing the database …", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "setup.database"],
        preexec_fn=dies_with_us(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout, end="", file=sys.stderr)
        raise CannotStart("The database could not be prepared (see above).")


def run_everything(settings: Settings) -> int:
    """Run the Procfile; return 0 when it was stopped on purpose."""
    # Honcho watches each program from a process of its own, which must end with this one;
    # hence forks, whatever this Python does by default.
    multiprocessing.set_start_method("fork")
    forks_die_with_us()
    manager = Manager(Printer(sys.stdout, colour=sys.stdout.isatty()))
    manager._process_ctor = TiedProcess  # noqa: SLF001 - honcho offers no other door
    folder = Path(sys.executable).parent
    environ = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    procfile = honcho_environ.parse_procfile((ROOT / "Procfile").read_text(encoding="utf-8"))
    for name, command in procfile.processes.items():
        for number in range(1, COPIES.get(name, 1) + 1):
            manager.add_process(
                f"{name}.{number}", command, env=environ | {"PYTHONUNBUFFERED": "1"}
            )
    # A process and not a thread, because honcho forks: threads and forks do not go together.
    multiprocessing.Process(target=announce, args=(settings,), daemon=True).start()
    manager.loop()
    return 0 if manager.returncode in STOPPED_ON_PURPOSE else 1


def announce(settings: Settings) -> None:
    """Print where the house stands and who may enter, as soon as it is ready."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    while not is_ready(f"http://{in_address(host)}:{settings.port}"):
        time.sleep(0.05)
    print(f"\nAn Lộ is ready: {settings.public_url}\n", flush=True)
    accounts = settings.var / "demo-accounts.txt"
    if settings.demo and accounts.exists():
        print(accounts.read_text(encoding="utf-8"), flush=True)


def is_ready(url: str) -> bool:
    """Tell whether the application says that it can serve."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main())
