"""The queue of jobs: RQ on Redis. It is only a nudge; the outbox table is the truth."""

from typing import Protocol

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

log = structlog.get_logger()

QUEUE_NAME = "anlo"

# Kind of work -> dotted name of the job. The web never imports the workers.
JOBS = {
    "triage_report": "workers.triage.triage_report",
    "prepare_photo": "workers.triage.prepare_photo",
    "prepare_crossing_photo": "workers.crossings.prepare_crossing_photo",
    "rebuild_tallies": "workers.statistics.rebuild_tallies",
    "switch_territory": "workers.territory.switch_territory",
    "confirm_contact": "workers.notifications.confirm_contact",
    "tell_reporters": "workers.notifications.tell_reporters",
    "send_notification": "workers.notifications.send_notification",
}


# Residents' news can wait: what moves a case, and may have been lost with a worker, goes before it.
PATIENT_JOBS = ("confirm_contact", "tell_reporters", "send_notification")


class JobQueue(Protocol):
    """Whatever can be told that work of a kind is pending for a subject."""

    def put(self, kind: str, subject: str) -> None:
        """Announce one piece of pending work."""

    def is_answering(self) -> bool:
        """Tell whether the queue is there at this moment."""


class RedisJobQueue:
    """Announces work on the one RQ queue that all workers listen to."""

    def __init__(self, redis: Redis) -> None:
        """Keep the connection; nothing is sent yet."""
        self._queue = Queue(QUEUE_NAME, connection=redis, serializer=JSONSerializer)

    def put(self, kind: str, subject: str) -> None:
        """Enqueue the job of that kind, with the subject as its only argument."""
        # Results and failures are kept in the database, so RQ need not keep any.
        self._queue.enqueue(JOBS[kind], subject, result_ttl=0, failure_ttl=0, job_timeout=180)

    def is_answering(self) -> bool:
        """Ask Redis for a sign of life."""
        try:
            return bool(self._queue.connection.ping())
        except RedisError:
            return False


class NullJobQueue:
    """Remembers what was announced; work waits for the sweeper, as when Redis is away."""

    def __init__(self) -> None:
        """Begin with nothing announced."""
        self.announced: list[tuple[str, str]] = []

    def put(self, kind: str, subject: str) -> None:
        """Remember the announcement."""
        self.announced.append((kind, subject))

    def is_answering(self) -> bool:
        """Say no: nobody listens."""
        return False


_queue: JobQueue = NullJobQueue()


def use(queue: JobQueue) -> None:
    """Make ``queue`` the one that is nudged from now on."""
    global _queue  # noqa: PLW0603 - one queue a process, chosen when the app is assembled
    _queue = queue


def nudge(kind: str, subject: str) -> None:
    """Announce pending work; when Redis is away, the sweeper announces it again later."""
    try:
        _queue.put(kind, subject)
    except RedisError as error:
        log.warning("queue_away", kind=kind, error=type(error).__name__)


def is_answering() -> bool:
    """Tell whether announcements are heard at this moment."""
    return _queue.is_answering()
