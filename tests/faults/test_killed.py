"""Processes that are killed in the middle of a job, and a Redis that forgets everything."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from flask import Flask
from redis import Redis

from tests.faults.conftest import Watcher
from tests.servers import triage_scene as scene
from tests.servers.live import CLOCK, ROOT, LiveServer
from workers.__main__ import HORSE_CPU_SECONDS


@pytest.mark.usefixtures("clock_process")
def test_a_worker_that_is_killed_during_a_job_loses_no_report(
    processes: LiveServer, watch: Watcher
) -> None:
    worker = processes.start_worker()
    report, disk = watch.add_report_on_a_hanging_disk()
    horse = watch.wait_for_horse(worker.pid)
    processes.kill(worker)
    # An orphan would go on with a lease that is no longer its own.
    watch.wait_until(lambda: not horse.is_running())
    disk.recover()
    processes.start_worker()
    watch.wait_until_triaged(report)
    assert watch.attempts() == 2


@pytest.mark.usefixtures("clock_process")
def test_a_work_horse_that_is_killed_during_a_job_loses_no_report(
    processes: LiveServer, watch: Watcher
) -> None:
    worker = processes.start_worker()
    report, disk = watch.add_report_on_a_hanging_disk()
    horse = watch.wait_for_horse(worker.pid)
    disk.recover()
    horse.kill()
    watch.wait_until_triaged(report)
    assert worker.poll() is None
    assert watch.attempts() == 2


def test_a_redis_that_forgets_everything_after_the_commit_loses_no_report(
    app: Flask, processes: LiveServer, watch: Watcher
) -> None:
    redis = Redis.from_url(processes.redis_url)
    processes.start_worker()
    watch.wait_until(lambda: bool(redis.scard("rq:workers")))
    with app.app_context():
        report = scene.add_report()
    redis.flushall()
    processes.start(CLOCK)
    watch.wait_until_triaged(report)


@pytest.mark.usefixtures("clock_process")
def test_the_other_clock_goes_on_when_one_is_killed(
    app: Flask, processes: LiveServer, watch: Watcher
) -> None:
    other = processes.start(CLOCK)
    processes.start_worker()
    watch.wait_until(lambda: "clock_ready" in processes.words())
    processes.kill(other)
    with app.app_context():
        report = scene.add_report()
    watch.wait_until_triaged(report)


def test_a_work_horse_runs_under_limits_of_memory_and_time(
    processes: LiveServer, watch: Watcher
) -> None:
    worker = processes.start_worker()
    processes.start(CLOCK)
    _report, disk = watch.add_report_on_a_hanging_disk()
    horse = watch.wait_for_horse(worker.pid)
    memory, _ = horse.rlimit(psutil.RLIMIT_AS)
    cpu, _ = horse.rlimit(psutil.RLIMIT_CPU)
    assert 0 < memory < 4 * 1024**3
    assert 0 < cpu <= HORSE_CPU_SECONDS + 10
    assert psutil.Process(worker.pid).rlimit(psutil.RLIMIT_AS)[0] == psutil.RLIM_INFINITY
    disk.recover()


@pytest.mark.parametrize("module", ["workers", "workers.schedule"])
def test_a_worker_and_a_clock_end_with_their_parent(
    processes: LiveServer, watch: Watcher, tmp_path: Path, module: str
) -> None:
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-m', '{module}'])"
    words = tmp_path / "words"
    with words.open("wb") as log:
        parent = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, env=processes.environ, stderr=log
        )
    try:
        watch.wait_until(lambda: "_ready" in words.read_text())
        child = psutil.Process(parent.pid).children()[0]
    finally:
        parent.kill()
        parent.wait()
    watch.wait_until(lambda: not child.is_running())
