"""Counts behind limits: in Redis, and in this process's memory while Redis is away."""

import math
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from redis.exceptions import RedisError

from webapp.extensions import limiter

log = structlog.get_logger()
Answer = TypeVar("Answer")

_at_hand = FixedWindowRateLimiter(MemoryStorage())


def ask(question: Callable[[RateLimiter], Answer]) -> Answer:
    """Put a question to the counter that can answer; a Redis that is away turns nobody down."""
    try:
        return question(limiter.limiter)
    except (RedisError, StorageError, OSError) as error:
        log.warning("limit_store_away", error=type(error).__name__)
        return question(_at_hand)


def wait_s(item: RateLimitItem, *keys: str) -> int:
    """Return the seconds until the present window of a limit ends, at least one."""
    ends_at = ask(lambda counter: counter.get_window_stats(item, *keys).reset_time)
    return max(1, math.ceil(ends_at - time.time()))
