"""Starts a PostgreSQL for one test session: on a socket in a temporary folder, with no fsync."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from setup import environment
from workers.lifeline import dies_with_us

START_TIMEOUT_S = 60

# PostgreSQL refuses root, so root lends the server to one of these.
UNPRIVILEGED_USERS = ("postgres", "nobody")

# The data lives as long as the test session: nothing of it needs to survive a power cut.
FAST_AND_LOOSE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")

HOW_TO_HELP = (
    "The tests need PostgreSQL's initdb and postgres: install Debian's package postgresql,"
    " or run them as root so that they may install it, or use a Python that pgserver has a"
    " wheel for."
)


class NoPostgres(RuntimeError):
    """No PostgreSQL was found, and none could be installed."""


@dataclass(frozen=True)
class Postgres:
    """A running server; ``folder`` holds its socket."""

    folder: Path
    user: str

    def url(self, database: str) -> str:
        """Return the address of one of its databases, as our settings take it."""
        return f"postgresql://{self.user}@/{database}?host={self.folder}"

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction, as CREATE DATABASE wants it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def find_binaries() -> Path:
    """Return the folder of initdb and postgres; install them when that is possible.

    Raises:
        NoPostgres: there are none, and none could be installed.
    """
    for attempt in (_already_there, _from_debian, _from_pypi):
        if folder := attempt():
            return folder
    raise NoPostgres(HOW_TO_HELP)


def _already_there() -> Path | None:
    return next((folder for folder in _usual_folders() if _is_complete(folder)), None)


def _usual_folders() -> Iterator[Path]:
    for name in ("initdb", "postgres"):
        if found := shutil.which(name):
            yield Path(found).resolve().parent
    if shutil.which("pg_config"):
        answer = subprocess.run(
            ["pg_config", "--bindir"], capture_output=True, text=True, check=False
        )
        yield Path(answer.stdout.strip() or "/nonexistent")
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda folder: _number(folder.parent.name), reverse=True)


def _number(name: str) -> int:
    return int(name) if name.isdigit() else 0


def _is_complete(folder: Path) -> bool:
    return (folder / "initdb").exists() and (folder / "postgres").exists()


def _from_debian() -> Path | None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    # Debian's package would otherwise make a cluster of its own and start it.
    wish = Path("/etc/postgresql-common/createcluster.conf")
    if not wish.exists():
        wish.parent.mkdir(parents=True, exist_ok=True)
        wish.write_text("create_main_cluster = false\n", encoding="ascii")
    install_debian_package("postgresql")
    return _already_there()


def install_debian_package(name: str) -> None:
    """Install one Debian package; what goes wrong is shown and left to the caller to notice."""
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    keep_ours = "-oDpkg::Options::=--force-confold"
    print(f"Installing Debian's package {name} for the tests …", file=sys.stderr)
    subprocess.run(["apt-get", "update", "-qq"], env=environ, stdout=sys.stderr, check=False)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", keep_ours, name],
        env=environ,
        stdout=sys.stderr,
        check=False,
    )


def _from_pypi() -> Path | None:
    if not _pgserver_folder():
        try:
            environment.install("requirements-postgres.lock")
        except environment.CannotSetUp as error:
            print(error, file=sys.stderr)
    return _pgserver_folder()


def _pgserver_folder() -> Path | None:
    # A fresh process, because a package installed a moment ago is unknown to this one.
    question = "import pgserver, pathlib; print(pathlib.Path(pgserver.__file__).parent)"
    answer = subprocess.run(
        [sys.executable, "-c", question], capture_output=True, text=True, check=False
    )
    folder = Path(answer.stdout.strip() or "/nonexistent") / "pginstall" / "bin"
    return folder if _is_complete(folder) else None


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server of our own for as long as the block lasts."""
    binaries = find_binaries()
    # A short path: a socket's name may be about a hundred bytes long.
    folder = Path(tempfile.mkdtemp(prefix="anlo-pg-", dir="/tmp"))
    try:
        owner = _lend_to_somebody(folder)
        _make_cluster(binaries, folder, owner)
        with _serving(binaries, folder, owner):
            yield Postgres(folder, "anlo")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lend_to_somebody(folder: Path) -> str | None:
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED_USERS:
        try:
            person = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, person.pw_uid, person.pw_gid)
        return name
    raise NoPostgres("PostgreSQL refuses root, and there is no user postgres or nobody.")


def _as(owner: str | None) -> dict[str, object]:
    if owner is None:
        return {}
    return {"user": owner, "group": pwd.getpwnam(owner).pw_gid, "extra_groups": []}


def _make_cluster(binaries: Path, folder: Path, owner: str | None) -> None:
    subprocess.run(
        [
            str(binaries / "initdb"),
            *("--pgdata", str(folder / "data"), "--username", "anlo", "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
        ],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        **_as(owner),  # type: ignore[call-overload]
    )


@contextmanager
def _serving(binaries: Path, folder: Path, owner: str | None) -> Iterator[None]:
    settings = (*FAST_AND_LOOSE, "listen_addresses=", f"unix_socket_directories={folder}")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(str(binaries / "postgres"), "-D", str(folder / "data")),
                *(word for setting in settings for word in ("-c", setting)),
            ],
            cwd=folder,
            stdout=log,
            stderr=log,
            preexec_fn=dies_with_us(signal.SIGQUIT),
            **_as(owner),  # type: ignore[call-overload]
        )
    try:
        _wait_until_ready(server, folder)
        yield
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(timeout=START_TIMEOUT_S)


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(Postgres(folder, "anlo").url("postgres")).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                log = (folder / "log").read_text(errors="replace")
                raise NoPostgres(f"PostgreSQL did not start:\n{log}") from None
            time.sleep(0.05)
        else:
            return
