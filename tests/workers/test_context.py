"""What every job runs in: a lease that is kept alive, attempts that count, errors that are told."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import structlog
from flask import Flask
from sqlalchemy import select
from structlog.contextvars import merge_contextvars
from structlog.testing import LogCapture

from webapp import clock
from webapp.extensions import db
from webapp.models import OutboxEntry
from webapp.services import outbox
from webapp.services.outbox import Lease
from webapp.services.transaction import transaction
from workers import context
from workers.context import job

KIND, SUBJECT = "rebuild_tallies", "2026-06-18"
SHORT_LEASE_S = 2


@pytest.fixture
def jobs(settings: Callable, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Let jobs run in this process, on the test's database, with leases of two seconds."""
    app.extensions["settings"] = settings(ANLO_LEASE_SECONDS=str(SHORT_LEASE_S))
    monkeypatch.setattr(context, "application", lambda: app)
    with app.app_context(), transaction() as work:
        work.ask(KIND, SUBJECT)
    return app


@pytest.fixture
def log() -> LogCapture:
    """Every line that is logged, with what is bound to it."""
    captured = LogCapture()
    before = structlog.get_config()["processors"]
    structlog.configure(processors=[merge_contextvars, captured])
    yield captured
    structlog.configure(processors=before)


def entry(app: Flask) -> OutboxEntry:
    with app.app_context():
        return db.session.scalars(select(OutboxEntry)).one()


def change(app: Flask, **values: object) -> None:
    with app.app_context(), transaction() as work:
        row = work.session.scalars(select(OutboxEntry)).one()
        for name, value in values.items():
            setattr(row, name, value)


def finish(lease: Lease) -> None:
    with transaction() as work:
        outbox.finish(work, lease)


def test_a_job_that_ends_well_leaves_nothing_to_do(jobs: Flask) -> None:
    @job()
    def rebuild_tallies(subject: str, lease: Lease) -> None:
        assert subject == SUBJECT
        finish(lease)

    rebuild_tallies(SUBJECT)
    assert entry(jobs).done_at is not None


def test_a_job_that_is_announced_twice_runs_once(jobs: Flask) -> None:
    runs = []

    @job()
    def rebuild_tallies(_subject: str, lease: Lease) -> None:
        runs.append(lease.attempt)
        finish(lease)

    rebuild_tallies(SUBJECT)
    rebuild_tallies(SUBJECT)
    assert runs == [1]
    assert entry(jobs).attempts == 1


def test_a_job_that_raises_is_told_with_its_kind_its_subject_and_its_attempt(
    jobs: Flask, log: LogCapture
) -> None:
    @job()
    def rebuild_tallies(_subject: str, _lease: Lease) -> None:
        raise ZeroDivisionError("by nothing")

    rebuild_tallies(SUBJECT)
    line = next(line for line in log.entries if line["event"] == "job_failed")
    assert (line["job"], line["subject"], line["attempt"]) == (KIND, SUBJECT, 1)
    assert line["error"] == "ZeroDivisionError"
    assert entry(jobs).last_error == "ZeroDivisionError: by nothing"


def test_a_job_that_raises_comes_again_later_and_not_through_rq(jobs: Flask) -> None:
    @job()
    def rebuild_tallies(_subject: str, _lease: Lease) -> None:
        raise ZeroDivisionError

    before = clock.now()
    rebuild_tallies(SUBJECT)
    assert entry(jobs).due_at - before >= timedelta(minutes=1)


def test_a_long_job_keeps_its_lease(jobs: Flask) -> None:
    def is_taken() -> bool:
        with jobs.app_context():
            return outbox.lease(KIND, SUBJECT, seconds=1) is None

    looks = []

    @job()
    def rebuild_tallies(_subject: str, lease: Lease) -> None:
        for _ in range(4):
            time.sleep(SHORT_LEASE_S / 2.5)
            looks.append(is_taken())
        finish(lease)

    rebuild_tallies(SUBJECT)
    assert looks == [True] * 4
    assert entry(jobs).done_at is not None


def test_a_job_that_comes_too_late_is_no_failure(jobs: Flask, log: LogCapture) -> None:
    @job()
    def rebuild_tallies(_subject: str, lease: Lease) -> None:
        with transaction() as work:
            work.ask(KIND, SUBJECT)
        finish(lease)

    rebuild_tallies(SUBJECT)
    assert "job_too_late" in [line["event"] for line in log.entries]
    assert entry(jobs).done_at is None
    assert entry(jobs).last_error is None


def test_when_every_attempt_is_used_up_the_work_is_given_up(jobs: Flask) -> None:
    runs = []

    def give_up(_subject: str, lease: Lease) -> None:
        runs.append("gave up")
        finish(lease)

    @job(gives_up=give_up)
    def rebuild_tallies(_subject: str, _lease: Lease) -> None:
        runs.append("tried")
        raise ZeroDivisionError

    for _ in range(outbox.MOST_ATTEMPTS + 1):
        change(jobs, due_at=clock.now())
        rebuild_tallies(SUBJECT)
    assert runs == ["tried"] * outbox.MOST_ATTEMPTS + ["gave up"]
    assert entry(jobs).done_at is not None


def test_a_job_whose_process_is_killed_every_time_is_given_up_too(jobs: Flask) -> None:
    given_up = []

    def give_up(subject: str, lease: Lease) -> None:
        given_up.append(subject)
        finish(lease)

    @job(gives_up=give_up)
    def rebuild_tallies(_subject: str, _lease: Lease) -> None:
        raise AssertionError("this attempt must not be made")

    # Killed processes leave counted attempts and leases that ran out, and nothing else.
    change(jobs, attempts=outbox.MOST_ATTEMPTS, leased_until=clock.now())
    rebuild_tallies(SUBJECT)
    assert given_up == [SUBJECT]
