"""`make run` with real processes: one line when it cannot start, nothing left when it ends."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from redis import Redis

from tests.servers.environment import SECRET_KEY, process_environment
from tests.servers.live import free_port, is_ready
from workers.lifeline import dies_with_us

ROOT = Path(__file__).resolve().parent.parent.parent
START_TIMEOUT_S = 90

# Honcho waits five seconds before it kills, and everything else waits less.
END_TIMEOUT_S = 15


@dataclass
class House:
    """A running house."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def everybody(self) -> list[psutil.Process]:
        """Return all of its processes, the first one included."""
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def one_of(self, words: str) -> psutil.Process:
        """Return the process of its that was started with these words, its oldest one."""
        found = [one for one in self.everybody() if words in command_of(one)]
        return min(found, key=lambda one: (one.create_time(), one.pid))


def environment_of(var: Path, port: int, **changes: str) -> dict[str, str]:
    """Return the environment of a house without the demonstration, with its own folder."""
    ours = {"ANLO_VAR": str(var), "PORT": str(port), "DEMO": "0", "SECRET_KEY": SECRET_KEY}
    return process_environment(ours | changes)


@contextmanager
def running(var: Path) -> Iterator[House]:
    """Run a house until the block ends, whatever the block does to it."""
    port = free_port()
    var.mkdir(parents=True, exist_ok=True)
    log = var / "run.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "setup.run"],
            cwd=ROOT,
            env=environment_of(var, port),
            stdout=out,
            stderr=out,
            preexec_fn=dies_with_us(),
        )
    try:
        house = House(process, f"http://127.0.0.1:{port}", log)
        wait_until_ready(house)
        yield house
    finally:
        process.kill()
        process.wait()


def wait_until_ready(house: House) -> None:
    """Wait until the house answers and has said so."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (is_ready(house.url) and "An Lộ is ready" in house.log.read_text("utf-8")):
        if house.process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(house.log.read_text("utf-8"))
        time.sleep(0.05)


def still_alive(processes: list[psutil.Process]) -> list[str]:
    """Wait for processes to end; return the command lines of those that did not."""
    _, alive = psutil.wait_procs(processes, timeout=END_TIMEOUT_S)
    return [command for one in alive if (command := command_of(one))]


def command_of(process: psutil.Process) -> str:
    """Return the words that a process was started with; none when it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def test_everything_of_the_procfile_runs(tmp_path: Path) -> None:
    with running(tmp_path / "var") as house:
        commands = [command_of(one) for one in house.everybody()]

        assert sum(command.endswith("-m workers") for command in commands) == 2
        assert sum(command.endswith("-m workers.schedule") for command in commands) == 1
        assert sum("gunicorn" in command for command in commands) >= 2
        assert sum("--unixsocket" in command or "unixsocket" in command for command in commands)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_being_told_to_stop_ends_everything_in_good_order(tmp_path: Path, name: str) -> None:
    with running(tmp_path / "var") as house:
        processes = house.everybody()
        house.process.send_signal(signal.Signals[name])

        assert house.process.wait(timeout=END_TIMEOUT_S) == 0
        assert still_alive(processes) == []
        assert "Traceback" not in house.log.read_text("utf-8")


def test_kill_of_the_parent_leaves_no_orphan(tmp_path: Path) -> None:
    with running(tmp_path / "var") as house:
        processes = house.everybody()
        house.process.kill()
        house.process.wait()

        assert len(processes) > 8
        assert still_alive(processes) == []


def test_kill_of_whoever_started_the_parent_leaves_no_orphan(tmp_path: Path) -> None:
    port, var = free_port(), tmp_path / "var"
    var.mkdir()
    with (var / "run.log").open("wb") as out:
        shell = subprocess.Popen(
            ["/bin/sh", "-c", f"{sys.executable} -m setup.run; true"],
            cwd=ROOT,
            env=environment_of(var, port),
            stdout=out,
            stderr=out,
            preexec_fn=dies_with_us(),
        )
    house = House(shell, f"http://127.0.0.1:{port}", var / "run.log")
    wait_until_ready(house)
    processes = house.everybody()
    shell.kill()
    shell.wait()

    assert still_alive(processes) == []


@pytest.mark.parametrize("words", ["-m gunicorn", "-m workers.schedule", "-m workers.redis_server"])
def test_the_end_of_one_part_ends_the_house(tmp_path: Path, words: str) -> None:
    with running(tmp_path / "var") as house:
        processes = house.everybody()
        house.one_of(words).kill()

        assert house.process.wait(timeout=END_TIMEOUT_S) == 1
        assert still_alive(processes) == []


def test_a_second_start_finds_everything_as_it_was(tmp_path: Path) -> None:
    for round_trip in range(2):
        with running(tmp_path / "var") as house:
            address = (tmp_path / "var" / "redis.url").read_text("utf-8")
            assert Redis.from_url(address).incr("starts") == round_trip + 1
            house.process.terminate()
            assert house.process.wait(timeout=END_TIMEOUT_S) == 0


def complaint(environ: dict[str, str]) -> str:
    """Start a house that cannot start; return the one line that it says."""
    done = subprocess.run(
        [sys.executable, "-m", "setup.run"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = occupant.getsockname()[1]

        assert complaint(environment_of(tmp_path, port)).startswith(f"PORT: {port} is taken")


def test_a_foreign_address_is_said_in_one_line(tmp_path: Path) -> None:
    # TEST-NET-1 of RFC 5737: no machine has it.
    environ = environment_of(tmp_path, free_port(), HOST="192.0.2.1", PUBLIC_URL="http://x")

    assert complaint(environ).startswith("HOST, PORT: 192.0.2.1")


def test_an_unknown_setting_is_said_in_one_line(tmp_path: Path) -> None:
    environ = environment_of(tmp_path, free_port(), ANLO_PROT="8001")

    assert complaint(environ).startswith("ANLO_PROT: unknown setting.")


def test_a_bad_value_is_said_in_one_line(tmp_path: Path) -> None:
    environ = environment_of(tmp_path, free_port()) | {"PORT": "eight thousand"}

    assert complaint(environ).startswith("PORT: 'eight thousand'")


def test_a_district_without_a_secret_is_refused(tmp_path: Path) -> None:
    environ = environment_of(tmp_path, free_port())
    del environ["SECRET_KEY"]

    assert complaint(environ).startswith("SECRET_KEY: needed")


def test_an_open_address_without_a_public_one_is_said_in_one_line(tmp_path: Path) -> None:
    environ = environment_of(tmp_path, free_port(), HOST="0.0.0.0")  # noqa: S104 - refused

    assert complaint(environ).startswith("PUBLIC_URL: needed when HOST is 0.0.0.0")
