"""What every job runs in: the application's context, a living lease, one account of errors.

A job takes one subject, an id or a day, as text. The wrapper takes the lease of that work, which
counts the attempt before anything is done; the service finishes the work inside its own
transaction. What a job raises is written down here and never reaches RQ: the database decides
when the work comes again.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from importlib import import_module

import structlog
from flask import Flask
from sqlalchemy.orm import configure_mappers

from webapp.adapters import job_queue
from webapp.adapters.photo_store import PhotoStore
from webapp.app import create_app, redis_address
from webapp.config import Settings, read_settings
from webapp.extensions import db
from webapp.services import outbox, triage_rehearsal
from webapp.services.outbox import Lease, LeaseLost
from workers.redis_server import NoRedis, is_answering

log = structlog.get_logger()

Work = Callable[[str, Lease], None]

# A lease is renewed this many times before it would run out: two renewals may fail.
RENEWALS_PER_LEASE = 3

# Redis is started beside us and reads its log first; a minute is enough for a large one.
REDIS_WAIT_S = 60.0
REDIS_LOOK_S = 0.1


def wait_for_redis() -> str:
    """Return the address of Redis once it answers.

    A Redis that is started beside us writes its address down when it starts; the application must
    not be assembled before, or it would have no queue.

    Raises:
        BadSetting: the environment holds a setting that cannot be used.
        NoRedis: none answered in time.
    """
    settings = read_settings()
    deadline = time.monotonic() + REDIS_WAIT_S
    while time.monotonic() < deadline:
        url = redis_address(settings)
        if url and is_answering(url):
            return url
        time.sleep(REDIS_LOOK_S)
    raise NoRedis(f"Redis did not answer within {REDIS_WAIT_S:.0f} seconds.")


@cache
def application() -> Flask:
    """Return this process's application, assembled on the first call."""
    return create_app()


def settings() -> Settings:
    """Return the settings of this process's application."""
    found: Settings = application().extensions["settings"]
    return found


def photo_store() -> PhotoStore:
    """Return the store that holds the photos' bytes."""
    return PhotoStore(settings().photo_folder)


def preload() -> None:
    """Load what every job needs, once, so that a forked work-horse starts with it.

    No database connection is left open: two processes must not speak through one.
    """
    for dotted_name in job_queue.JOBS.values():
        import_module(dotted_name.rpartition(".")[0])
    configure_mappers()
    with application().app_context():
        _rehearse()
        db.engine.dispose()
    # What lives now lives on: a work-horse need not look through it, and so copy it, to find
    # garbage.
    gc.freeze()


def _rehearse() -> None:
    try:
        triage_rehearsal.rehearse()
    except Exception as error:  # noqa: BLE001 - logged; the first jobs are slower, that is all
        log.warning("rehearsal_failed", error=type(error).__name__)


def job(*, gives_up: Work | None = None) -> Callable[[Work], Callable[[str], None]]:
    """Make a job of a function that takes a subject and the lease of its work.

    The function's name is the kind of work. It must finish its lease in the transaction that
    does the work.

    Args:
        gives_up: runs instead once every attempt was used up; it asks a person. Without it the
            work is tried for ever, with the longest pause.
    """

    def decorate(run: Work) -> Callable[[str], None]:
        kind = run.__name__

        @wraps(run)
        def perform(subject: str) -> None:
            with application().app_context():
                _perform(kind, subject, run, gives_up)

        return perform

    return decorate


def _perform(kind: str, subject: str, run: Work, gives_up: Work | None) -> None:
    lease = outbox.lease(kind, subject, seconds=settings().lease_seconds)
    if lease is None:
        log.debug("job_not_free", job=kind, subject=subject)
        return
    work = gives_up if gives_up and lease.is_beyond_last_attempt else run
    with (
        structlog.contextvars.bound_contextvars(job=kind, subject=subject, attempt=lease.attempt),
        kept_alive(lease),
    ):
        _run_and_account(work, lease)


def _run_and_account(work: Work, lease: Lease) -> None:
    try:
        work(lease.subject, lease)
    except LeaseLost:
        log.warning("job_too_late")
    except Exception as error:
        log.exception("job_failed", error=type(error).__name__)
        outbox.fail(lease, error)
    else:
        log.info("job_done")


@contextmanager
def kept_alive(lease: Lease) -> Iterator[None]:
    """Renew a lease from a thread of its own for as long as the block runs."""
    is_over = threading.Event()
    thread = threading.Thread(
        target=_keep_alive, args=(application(), lease, is_over), name="lease", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _keep_alive(app: Flask, lease: Lease, is_over: threading.Event) -> None:
    while not is_over.wait(lease.seconds / RENEWALS_PER_LEASE):
        with app.app_context():
            if not _is_renewed(lease):
                return


def _is_renewed(lease: Lease) -> bool:
    try:
        return outbox.renew(lease)
    except Exception as error:  # noqa: BLE001 - logged; the lease decides
        # The database may be away for a moment; until the lease runs out there is time to retry.
        log.warning("lease_not_renewed", subject=lease.subject, error=type(error).__name__)
        return True
