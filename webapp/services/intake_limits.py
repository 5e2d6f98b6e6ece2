"""How many reports may come: strict per phone, loose per address, none when the disk is full.

Residents of a whole commune share one carrier's address, so the strict limit is the phone's. It is
counted in the reports table: exact for every process, kept through any loss of Redis, and only
what was accepted counts. Addresses are personal data that no table keeps; they are counted hashed,
for an hour, in the limits' storage (Redis; this process's memory while Redis is away).
"""

import hashlib
import hmac
import ipaddress
import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from limits import RateLimitItemPerHour
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from redis.exceptions import RedisError
from sqlalchemy import func, select

from webapp.domain.errors import TooMany
from webapp.extensions import db, limiter
from webapp.models import Report

log = structlog.get_logger()
Answer = TypeVar("Answer")

WINDOW = timedelta(hours=1)

# A provider gives each subscriber at least a /64 of IPv6, so the rest of the address is theirs.
# An IPv4 address has 32 bits, and all of them count.
_PREFIX_BITS = 64

_at_hand = FixedWindowRateLimiter(MemoryStorage())


def check_install(install_key_hash: str | None, *, per_hour: int, now: datetime) -> None:
    """Refuse a phone that sent its share of the last hour; a phone without a key has no share.

    Raises:
        TooMany: until the oldest of those reports is an hour old.
    """
    if install_key_hash is None:
        return
    recent = select(func.count(), func.min(Report.received_at)).where(
        Report.install_key_hash == install_key_hash, Report.received_at > now - WINDOW
    )
    count, oldest = db.session.execute(recent).one()
    if count >= per_hour:
        wait_s = math.ceil((oldest + WINDOW - now).total_seconds())
        raise TooMany("too_many_reports_of_phone", retry_after_s=max(1, wait_s))


def spend_of_address(address: str, *, per_hour: int, secret_key: str) -> None:
    """Count one report from an address that is about to be accepted.

    Raises:
        TooMany: until the present window of an hour ends.
    """
    item = RateLimitItemPerHour(per_hour, namespace="reports-address")
    key = _address_key(address, secret_key)
    if not _ask(lambda counter: counter.hit(item, key)):
        ends_at = _ask(lambda counter: counter.get_window_stats(item, key).reset_time)
        wait_s = max(1, math.ceil(ends_at - time.time()))
        raise TooMany("too_many_reports_of_address", retry_after_s=wait_s)


def _address_key(address: str, secret_key: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        network = address
    else:
        bits = min(_PREFIX_BITS, ip.max_prefixlen)
        network = str(ipaddress.ip_network((ip, bits), strict=False))
    return hmac.new(secret_key.encode(), f"address:{network}".encode(), hashlib.sha256).hexdigest()


def _ask(question: Callable[[RateLimiter], Answer]) -> Answer:
    try:
        return question(limiter.limiter)
    except (RedisError, StorageError, OSError) as error:
        log.warning("limit_store_away", error=type(error).__name__)
        return question(_at_hand)
