"""Wrong passwords, counted by login and address; in this process alone while Redis is away."""

import math
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from redis.exceptions import RedisError

from webapp.domain.errors import TooMany
from webapp.extensions import limiter

log = structlog.get_logger()
Answer = TypeVar("Answer")

# Five tries in a quarter of an hour: a person recovers from a typing error, a guesser gets
# under 500 tries a day.
TRIES = RateLimitItemPerMinute(5, 15, namespace="sign-in")
# One address may stand for a whole town hall, so it may err more often, but not try every login.
TRIES_OF_ADDRESS = RateLimitItemPerMinute(60, 15, namespace="sign-in-address")

_at_hand = FixedWindowRateLimiter(MemoryStorage())


def spend(login: str, address: str) -> int:
    """Count one try before its password is looked at.

    Returns:
        How many more tries are left in this window.

    Raises:
        TooMany: none was left; ``retry_after_s`` says when the window ends.
    """
    for item, keys in ((TRIES, (login, address)), (TRIES_OF_ADDRESS, (address,))):
        if not _ask(lambda counter, item=item, keys=keys: counter.hit(item, *keys)):  # type: ignore[misc]
            raise TooMany("sign_in_too_often", retry_after_s=_wait_s(item, *keys))
    return int(_ask(lambda counter: counter.get_window_stats(TRIES, login, address).remaining))


def forgive(login: str, address: str) -> None:
    """Forget the tries of a login at an address: the right password came."""
    _ask(lambda counter: counter.clear(TRIES, login, address))


def _wait_s(item: RateLimitItem, *keys: str) -> int:
    ends_at = _ask(lambda counter: counter.get_window_stats(item, *keys).reset_time)
    return max(1, math.ceil(ends_at - time.time()))


def _ask(question: Callable[[RateLimiter], Answer]) -> Answer:
    try:
        return question(limiter.limiter)
    except (RedisError, StorageError, OSError) as error:
        log.warning("limit_store_away", error=type(error).__name__)
        return question(_at_hand)
