"""A process that decodes strangers' pictures may take so much, and is ended beyond it."""

import signal
import subprocess
import sys
import time

from tests.pictures import ROOT

LIMITED = "from webapp.adapters.limits import OutOfCpu, limit_this_process\n"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LIMITED + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_memory_within_the_limit_is_given() -> None:
    assert run("limit_this_process(100, 10); bytearray(60 * 2**20)").returncode == 0


def test_memory_beyond_the_limit_raises() -> None:
    ended = run("limit_this_process(100, 10); bytearray(140 * 2**20)")

    assert "MemoryError" in ended.stderr


def test_what_the_process_had_before_does_not_count() -> None:
    ended = run("had = bytearray(300 * 2**20); limit_this_process(100, 10); bytearray(60 * 2**20)")

    assert ended.returncode == 0, ended.stderr


def test_processor_time_beyond_the_limit_raises_what_no_reader_swallows() -> None:
    code = """
limit_this_process(500, 1)
try:
    while True:
        try:
            sum(range(1000))
        except Exception:
            pass
except OutOfCpu:
    print("ended")
"""
    started = time.monotonic()
    ended = run(code)

    assert ended.stdout == "ended\n", ended.stderr
    assert time.monotonic() - started < 30


def test_a_process_that_cannot_listen_is_killed() -> None:
    code = """
import signal
limit_this_process(500, 1)
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
while True:
    pass
"""
    assert run(code).returncode == -signal.SIGKILL
