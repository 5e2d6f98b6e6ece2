"""The clock: ``python -m workers.schedule`` sweeps the outbox and asks for what is periodic.

Any number of clocks may run. Each turn is claimed in the database, so one of them does it; when
one dies, another takes the next turn.
"""

import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from webapp import clock, logs
from webapp.adapters.job_queue import QUEUE_NAME
from webapp.config import BadSetting
from webapp.services import notifications, outbox, territory_turn
from webapp.services.notification_channels import carriers
from webapp.services.transaction import transaction
from workers import context
from workers.lifeline import die_with_parent
from workers.redis_server import NoRedis

log = structlog.get_logger()

# How often a clock looks whether a turn is due: one row read by its key.
TICK_S = 1.0

# Tallies are asked for by every change too; this heals what a change could not say.
TALLY_SECONDS = 180

# New boundaries hold from midnight: ten minutes later at most, open cases begin to follow.
TERRITORY_SECONDS = 600

# Messages that waited for a channel go out within a minute of the restart that brought it.
MESSAGES_SECONDS = 60


@dataclass(frozen=True)
class Turn:
    """Something periodic: its name, the seconds between two turns, and what is done."""

    name: str
    every_s: float
    act: Callable[[], object]


def turns(queue: Queue, sweep_seconds: float) -> tuple[Turn, ...]:
    """Return everything periodic."""
    return (
        Turn("sweep", sweep_seconds, lambda: sweep(queue)),
        Turn("tallies", TALLY_SECONDS, ask_for_tallies),
        Turn("territory", TERRITORY_SECONDS, territory_turn.take),
        Turn("messages", MESSAGES_SECONDS, wake_messages),
    )


def sweep(queue: Queue) -> None:
    """Announce pending work; an empty or absent Redis makes no difference to what is found."""
    try:
        waiting = queue.count
    except RedisError:
        waiting = 0
    if announced := outbox.sweep(already_queued=waiting):
        log.info("swept", announced=announced)


def ask_for_tallies() -> None:
    """Ask for the tallies of today and of yesterday, which may have changed up to midnight."""
    today = clock.now().astimezone(clock.LOCAL_ZONE).date()
    with transaction() as work:
        for day in (today - timedelta(days=1), today):
            work.ask("rebuild_tallies", day.isoformat())


def wake_messages() -> None:
    """Ask again for messages that waited for a mail server or a gateway which is set by now."""
    if woken := notifications.wake(carriers(context.settings())):
        log.info("messages_woken", count=woken)


def take_turns(due: tuple[Turn, ...]) -> None:
    """Take every turn that is due and not another clock's."""
    for turn in due:
        try:
            with context.application().app_context():
                if outbox.take_turn(turn.name, every_s=turn.every_s):
                    turn.act()
        except Exception as error:
            # The clock must outlive a database that is away: nothing else announces lost work.
            log.exception("turn_failed", turn=turn.name, error=type(error).__name__)


def main() -> int:
    """Take turns until told to stop."""
    logs.configure()
    die_with_parent()
    is_over = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: is_over.set())
    try:
        redis = Redis.from_url(context.wait_for_redis())
    except (BadSetting, NoRedis) as error:
        print(error, file=sys.stderr)
        return 1
    queue = Queue(QUEUE_NAME, connection=redis, serializer=JSONSerializer)
    due = turns(queue, context.settings().sweep_seconds)
    log.info("clock_ready")
    while not is_over.wait(TICK_S):
        take_turns(due)
    return 0


if __name__ == "__main__":
    sys.exit(main())
