"""Starts a Redis for one test session, by the same chain as ``make run``."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers import redis_server

START_TIMEOUT_S = 20


@contextmanager
def running_redis() -> Iterator[str]:
    """Run a Redis of our own for as long as the block lasts; gives its address."""
    folder = Path(tempfile.mkdtemp(prefix="anlo-redis-", dir="/tmp"))
    socket_file = folder / "redis.sock"
    server = redis_server.start(folder, socket_file, quiet=True)
    try:
        url = f"unix://{socket_file}"
        if not redis_server.wait_until_answering(url, START_TIMEOUT_S):
            raise redis_server.NoRedis(
                f"Redis (process {server.pid}, {os.uname().sysname}) is mute."
            )
        yield url
    finally:
        server.terminate()
        server.wait(timeout=START_TIMEOUT_S)
        shutil.rmtree(folder, ignore_errors=True)
