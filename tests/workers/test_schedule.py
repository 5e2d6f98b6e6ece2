"""The clock: what it announces, what it asks for, and that it goes on."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select

from webapp import clock
from webapp.adapters import job_queue
from webapp.adapters.job_queue import QUEUE_NAME, RedisJobQueue
from webapp.extensions import db
from webapp.models import OutboxEntry
from webapp.services.transaction import transaction
from workers import context, schedule
from workers.schedule import Turn


@pytest.fixture
def queue(app: Flask, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Queue:
    """The one queue, in a real Redis; the clock runs in this process."""
    monkeypatch.setattr(context, "application", lambda: app)
    redis = Redis.from_url(redis_url)
    job_queue.use(RedisJobQueue(redis))
    return Queue(QUEUE_NAME, connection=redis, serializer=JSONSerializer)


def ask(app: Flask, subject: str) -> None:
    with app.app_context(), transaction() as work:
        work.ask("triage_report", subject)


def test_a_sweep_announces_again_what_a_redis_forgot(app: Flask, queue: Queue) -> None:
    ask(app, "1")
    queue.connection.flushall()
    with app.app_context():
        schedule.sweep(queue)
    assert [job.args for job in queue.jobs] == [["1"]]
    assert queue.jobs[0].func_name == "workers.triage.triage_report"


def test_a_sweep_adds_nothing_to_a_long_queue(app: Flask, queue: Queue) -> None:
    for number in range(60):
        ask(app, str(number))
    assert queue.count == 60
    with app.app_context():
        schedule.sweep(queue)
    assert queue.count == 60


def test_a_sweep_outlives_a_redis_that_is_away(app: Flask, tmp_path: object, queue: Queue) -> None:
    """What nobody could be told is found and told by the first sweep after Redis is back."""
    away = Redis(unix_socket_path=f"{tmp_path}/nobody.sock")
    job_queue.use(RedisJobQueue(away))
    ask(app, "1")
    with app.app_context():
        schedule.sweep(Queue(QUEUE_NAME, connection=away, serializer=JSONSerializer))
    assert queue.count == 0

    job_queue.use(RedisJobQueue(queue.connection))
    with app.app_context():
        schedule.sweep(queue)
    assert [job.args for job in queue.jobs] == [["1"]]


@pytest.mark.usefixtures("context")
def test_tallies_are_asked_for_today_and_yesterday() -> None:
    schedule.ask_for_tallies()
    today = clock.now().astimezone(clock.LOCAL_ZONE).date()
    asked = db.session.scalars(
        select(OutboxEntry.subject).where(OutboxEntry.kind == "rebuild_tallies")
    )
    assert set(asked) == {today.isoformat(), (today - timedelta(days=1)).isoformat()}


@pytest.mark.usefixtures("queue")
def test_a_turn_that_fails_does_not_stop_the_others() -> None:
    taken: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError

    schedule.take_turns(
        (Turn("failing", 60, fail), Turn("working", 60, lambda: taken.append("working")))
    )
    assert taken == ["working"]


@pytest.mark.usefixtures("queue")
def test_a_turn_comes_once_in_its_span() -> None:
    taken: list[int] = []
    turn = (Turn("counting", 60, lambda: taken.append(1)),)
    for _ in range(3):
        schedule.take_turns(turn)
    assert taken == [1]


def test_the_spans_that_ship_keep_the_promise_of_a_minute(settings: Callable) -> None:
    shipped = settings()
    # A lost lease runs out, the next sweep comes at most one span and one tick later.
    assert shipped.lease_seconds + shipped.sweep_seconds + schedule.TICK_S <= 40
