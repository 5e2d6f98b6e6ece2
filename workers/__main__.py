"""An RQ worker on the one queue: ``python -m workers``. It ends when its parent ends."""

import gc
import os
import sys

import structlog
from redis import Redis
from rq import Worker
from rq.serializers import JSONSerializer

from webapp import logs
from webapp.adapters.job_queue import QUEUE_NAME
from webapp.adapters.limits import limit_this_process
from webapp.config import BadSetting
from workers import context
from workers.lifeline import die_with_parent, forks_die_with_us
from workers.redis_server import NoRedis

log = structlog.get_logger()

# The hungriest photo of 40 megapixels, a WebP, took 693 MB to decode, turn and scale; the rest is
# room for Python and the encoder.
HORSE_MEMORY_MB = 1024

# Three photos of 40 megapixels take some ten seconds; a decoder that spins is ended after this.
HORSE_CPU_SECONDS = 60


def main() -> int:
    """Work until told to stop; a running job is finished first."""
    logs.configure()
    die_with_parent()
    try:
        url = context.wait_for_redis()
    except (BadSetting, NoRedis) as error:
        print(error, file=sys.stderr)
        return 1
    context.preload()
    guard_work_horses()
    _keep_memory_shared()
    log.info("worker_ready", pid=os.getpid())
    make_worker(url).work(logging_level="WARNING")
    return 0


def _keep_memory_shared() -> None:
    """Put everything loaded so far out of the garbage collector's sight.

    A collection in a fork would write into every object that it shares with us, and the system
    would copy page after page for it.
    """
    gc.collect()
    gc.freeze()


def guard_work_horses() -> None:
    """Let every process forked from here end with us, under limits of memory and time.

    RQ forks one work-horse for each job. Photos are decoded there, and a photo that wants all
    the memory or never ends must not take the worker along.
    """
    forks_die_with_us()
    os.register_at_fork(
        after_in_child=lambda: limit_this_process(HORSE_MEMORY_MB, HORSE_CPU_SECONDS)
    )


def make_worker(url: str) -> Worker:
    """Return a worker that listens to the one queue of the Redis at ``url``."""
    return Worker(
        [QUEUE_NAME],
        connection=Redis.from_url(url),
        serializer=JSONSerializer,
        log_job_description=False,
    )


if __name__ == "__main__":
    sys.exit(main())
