"""Triages of one neighbourhood at the same moment wait for each other, and never in a circle."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.servers import triage_scene as scene
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.domain import geo
from webapp.extensions import db
from webapp.models import Case, MergeSuggestion, Officer, OutboxEntry
from webapp.services import casework, outbox, triage
from webapp.services.casework_acts import lock_cases
from webapp.services.outbox import Lease
from webapp.services.transaction import transaction

ROUNDS = 20

# PostgreSQL finds a deadlock after a second; whoever waits as long as this waits for ever.
AT_MOST_S = 60


@pytest.fixture
def district(app: Flask) -> Flask:
    """The application with a small district in its database."""
    with app.app_context():
        scene.build_district()
    return app


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """Where the photos of a test lie."""
    return scene.store_in(tmp_path)


def test_two_reports_on_either_side_of_a_cells_border_make_one_case(
    district: Flask, store: PhotoStore
) -> None:
    for number, fixes in enumerate(across_borders(ROUNDS), start=1):
        # The very same photo, so that the one joins the other's case as soon as it sees it.
        photos = (scene.jpeg(),)
        with district.app_context():
            reports = [
                scene.add_report(fix=fix, accuracy_m=5.0, store=store, photos=photos)
                for fix in fixes
            ]
        triage_at_once(district, store, reports)
        with district.app_context():
            assert db.session.scalar(select(func.count(Case.id))) == number


def test_neighbourhoods_that_overlap_are_triaged_in_any_order_without_a_deadlock(
    district: Flask, store: PhotoStore
) -> None:
    with district.app_context():
        reports = [
            scene.add_report(fix=(scene.WEST[0] + step * 10 * scene.TEN_METRES, scene.WEST[1]))
            for step in (0, 5, 1, 4, 2, 3)
        ]
    triage_at_once(district, store, reports)
    with district.app_context():
        query = select(func.count()).where(OutboxEntry.kind == "triage_report")
        assert db.session.scalar(query.where(OutboxEntry.done_at.is_(None))) == 0


def test_a_case_is_suggested_while_an_officer_acts_on_it(
    district: Flask, store: PhotoStore
) -> None:
    """Both write down that the day's tallies are due: they must not wait for each other there."""
    with district.app_context(), ThreadPoolExecutor() as threads:
        triage_now(scene.add_report(accuracy_m=5.0), store)
        # Near enough to be suggested, too far to be attached.
        north = (scene.WEST[0] + scene.TEN_METRES, scene.WEST[1])
        twin = scene.add_report(fix=north, accuracy_m=5.0)
        officer = db.session.scalars(select(Officer).where(Officer.role == "officer")).one()
        number = db.session.scalars(select(Case.number)).one()
        with transaction() as work:
            case = lock_cases(work.session, officer, [number])[number]
            triaged = threads.submit(triage_in_context, district, twin, store)
            wait_until_it_waits(triaged, work.session)
            casework.append(work, case, "acknowledged", actor=officer, now=clock.now())
        triaged.result(AT_MOST_S)
        assert db.session.scalar(select(func.count(MergeSuggestion.id))) == 1


def across_borders(count: int) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Return pairs of positions ten metres apart in two cells; the pairs lie a kilometre apart."""
    for number in range(count):
        latitude, longitude = 11.61 + 0.01 * (number % 8), 109.01 + 0.01 * (number // 8)
        while geo.cell_of(latitude, longitude) == geo.cell_of(
            latitude + scene.TEN_METRES, longitude
        ):
            latitude += scene.TEN_METRES / 2
        yield (latitude, longitude), (latitude + scene.TEN_METRES, longitude)


def triage_at_once(app: Flask, store: PhotoStore, reports: Sequence[int]) -> None:
    """Triage reports in as many threads; what one of them raises is raised here."""
    start = threading.Barrier(len(reports))
    with ThreadPoolExecutor(len(reports)) as threads:
        done = [threads.submit(triage_in_context, app, each, store, start) for each in reports]
        for each in done:
            each.result(AT_MOST_S)


def triage_in_context(
    app: Flask, report_id: int, store: PhotoStore, start: threading.Barrier | None = None
) -> None:
    """Triage a report as a worker does, with a session of its own; all begin together."""
    with app.app_context():
        lease = take(report_id)
        if start is not None:
            start.wait(AT_MOST_S)
        triage.triage_report(report_id, lease, store)


def triage_now(report_id: int, store: PhotoStore) -> None:
    """Triage a report in the session of the test."""
    triage.triage_report(report_id, take(report_id), store)


def take(report_id: int) -> Lease:
    """Take the work of triaging a report."""
    lease = outbox.lease("triage_report", str(report_id), seconds=AT_MOST_S)
    assert lease is not None
    return lease


def wait_until_it_waits(work: Future[None], session: Session) -> None:
    """Wait until work is done or waits for a lock; on SQLite it waits for us in any case."""
    if session.get_bind().dialect.name != "postgresql":
        return
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    deadline = time.monotonic() + AT_MOST_S
    while not work.done() and not session.scalar(waits):
        assert time.monotonic() < deadline
        time.sleep(0.01)
