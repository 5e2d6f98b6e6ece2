"""How many reports may come: strict per phone, loose per address, none when the disk is full.

And how many questions about a spot (what lies near by, whose land it is), per address.

Residents of a whole commune share one carrier's address, so the strict limit is the phone's. It is
counted in the reports table, inside the transaction that writes the report: exact for every
process, kept through any loss of Redis, and only what was accepted counts. Addresses are personal
data that no table keeps; they are counted hashed, for an hour, in the limits' storage (Redis; this
process's memory while Redis is away).
"""

import hashlib
import hmac
import ipaddress
import math
from datetime import datetime, timedelta

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from sqlalchemy import func, select

from webapp.domain.errors import TooMany
from webapp.extensions import db
from webapp.models import Report
from webapp.services.limit_counts import ask, wait_s
from webapp.services.transaction import Transaction

WINDOW = timedelta(hours=1)

# A provider gives each subscriber at least a /64 of IPv6, so the rest of the address is theirs.
# An IPv4 address has 32 bits, and all of them count.
_PREFIX_BITS = 64


def wait_for_phone(work: Transaction, install_key_hash: str | None) -> None:
    """Let one phone's reports be written one after the other, so that counting them is exact.

    SQLite has one writer anyway. On PostgreSQL an advisory lock on the phone's hash is held until
    the transaction ends; 64 of its bits are enough, for two phones that share them only wait.
    """
    if install_key_hash is None or work.session.get_bind().dialect.name != "postgresql":
        return
    key = int.from_bytes(bytes.fromhex(install_key_hash)[:8], "big", signed=True)
    work.session.execute(select(func.pg_advisory_xact_lock(key)))


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
        wait = math.ceil((oldest + WINDOW - now).total_seconds())
        raise TooMany("too_many_reports_of_phone", retry_after_s=max(1, wait))


def spend_of_address(address: str, *, per_hour: int, secret_key: str) -> None:
    """Count one report from an address that is about to be accepted.

    Raises:
        TooMany: until the present window of an hour ends.
    """
    item = RateLimitItemPerHour(per_hour, namespace="reports-address")
    _spend(item, _address_key(address, secret_key), "too_many_reports_of_address")


def spend_nearby_of_address(address: str, *, per_minute: int, secret_key: str) -> None:
    """Count one question about what lies near by; reports have a budget of their own.

    Raises:
        TooMany: until the present window of a minute ends.
    """
    item = RateLimitItemPerMinute(per_minute, namespace="nearby-address")
    _spend(item, _address_key(address, secret_key), "too_many_requests")


def spend_preview_of_address(address: str, *, per_minute: int, secret_key: str) -> None:
    """Count one question about whose land a spot is; the other questions have their own budget.

    Raises:
        TooMany: until the present window of a minute ends.
    """
    item = RateLimitItemPerMinute(per_minute, namespace="preview-address")
    _spend(item, _address_key(address, secret_key), "too_many_requests")


def _spend(item: RateLimitItem, key: str, code: str) -> None:
    if not ask(lambda counter: counter.hit(item, key)):
        raise TooMany(code, retry_after_s=wait_s(item, key))


def _address_key(address: str, secret_key: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        network = address
    else:
        bits = min(_PREFIX_BITS, ip.max_prefixlen)
        network = str(ipaddress.ip_network((ip, bits), strict=False))
    return hmac.new(secret_key.encode(), f"address:{network}".encode(), hashlib.sha256).hexdigest()
