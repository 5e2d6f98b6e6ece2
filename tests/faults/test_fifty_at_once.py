"""Fifty reports of one spot in the same second, over several workers: exactly one case."""

import io
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from tests import pictures
from tests.servers import triage_scene as scene
from tests.servers.casework_history import check_counts, check_history
from tests.servers.live import LiveServer
from tests.servers.phones import METRES_A_DEGREE, Phone, case_number_of, scattered, send_at_once
from webapp.extensions import db
from webapp.models import Attachment, Case, MergeSuggestion, OutboxEntry, ReportTriage
from webapp.services.casework_figures import is_current_attachment

PHONES = 50

# More than the machine has cores, so that they come in each other's way.
WORKERS = 4

# On a quiet machine of two cores it takes about a tenth of this.
TRIAGED_WITHIN_S = 240

# Once in `make test`, twenty times in a row in `make soak`, another street each time.
ROUNDS = [1, *(pytest.param(number, marks=pytest.mark.soak) for number in range(2, 21))]

A_STREET_FURTHER_M = 120


@pytest.fixture
def server(app: Flask, live_server: Callable[..., LiveServer]) -> LiveServer:
    """The application with several workers, in a district of two communes."""
    with app.app_context():
        scene.build_district()
    # All phones share one address here, as those of a commune share their carrier's.
    return live_server(workers=WORKERS, clock=True, ANLO_REPORTS_PER_ADDRESS_HOUR="1000")


@pytest.mark.parametrize("round_number", ROUNDS)
def test_fifty_phones_around_one_spot_make_one_case(
    app: Flask, server: LiveServer, round_number: int
) -> None:
    check_that_all_make_one(app, server, list(crowd(PHONES, seed=round_number)))


@pytest.mark.parametrize("round_number", ROUNDS)
def test_fifty_photos_that_show_nothing_make_one_case_of_one_spot(
    app: Flask, server: LiveServer, round_number: int
) -> None:
    check_that_all_make_one(app, server, list(crowd_in_the_dark(PHONES, seed=round_number)))


@pytest.mark.parametrize("round_number", ROUNDS)
def test_two_spots_a_street_apart_make_two_cases(
    app: Flask, server: LiveServer, round_number: int
) -> None:
    further = (scene.WEST[0] + A_STREET_FURTHER_M / METRES_A_DEGREE, scene.WEST[1])
    here = list(crowd(PHONES // 2, seed=round_number))
    there = list(crowd(PHONES // 2, seed=round_number + 1000, centre=further))
    report_at_once(app, server, list(chain.from_iterable(zip(here, there, strict=True))))
    with app.app_context():
        one, other = db.session.scalars(select(Case).order_by(Case.latitude))
        check_one_case(one, server, here)
        check_one_case(other, server, there)


def check_that_all_make_one(app: Flask, server: LiveServer, phones: Sequence[Phone]) -> None:
    """Send all at once: there is one case of them all, and nothing is left to suggest."""
    report_at_once(app, server, phones)
    with app.app_context():
        case = db.session.scalars(select(Case)).one()
        check_one_case(case, server, phones)
        assert db.session.scalar(select(func.count(MergeSuggestion.id))) == 0


def crowd(size: int, *, seed: int, centre: tuple[float, float] = scene.WEST) -> Iterator[Phone]:
    """Return phones around a spot that photograph one street front from everywhere."""
    chance, street = random.Random(seed), pictures.street(seed, 480, 360)
    for number in range(size):
        photo = pictures.seen_from(
            street, 2 * number / (size - 1) - 1, quality=chance.randrange(60, 95)
        )
        accuracy_m = float(chance.randrange(5, 16))
        yield Phone(scattered(chance, centre, within_m=4.0, accuracy_m=accuracy_m), photo)


def crowd_in_the_dark(size: int, *, seed: int) -> Iterator[Phone]:
    """Return phones on one spot whose photos are of one colour each, no two the same."""
    chance = random.Random(seed)
    for number in range(size):
        target = io.BytesIO()
        Image.new("RGB", (320, 240), (5 * number, 255 - 5 * number, seed)).save(target, "JPEG")
        spot = scattered(chance, scene.WEST, within_m=0.5, accuracy_m=8.0)
        yield Phone(spot, target.getvalue())


def report_at_once(app: Flask, server: LiveServer, phones: Sequence[Phone]) -> None:
    """Send all reports in one moment, and wait until the workers have decided on each."""
    assert len({phone.photo for phone in phones}) == len(phones)
    started = time.perf_counter()
    send_at_once(server.url, phones)
    taken_s = time.perf_counter() - started
    with app.app_context():
        statuses = wait_until_decided(server, len(phones))
        most_attempts = db.session.scalar(select(func.max(OutboxEntry.attempts)))
    print(
        f"{len(phones)} reports: taken in {taken_s:.1f} s, decided in"
        f" {time.perf_counter() - started:.1f} s, at most {most_attempts} attempts"
    )
    assert statuses == {"triaged": len(phones)}, server.words()


def wait_until_decided(server: LiveServer, reports: int) -> Counter[str]:
    """Wait until no report waits for a decision; return how many came to which status."""
    deadline = time.monotonic() + TRIAGED_WITHIN_S
    while True:
        db.session.rollback()
        statuses = Counter(db.session.scalars(select(ReportTriage.status)))
        if statuses.total() == reports and not statuses["received"]:
            return statuses
        assert time.monotonic() < deadline, f"{statuses}\n{server.words()}"
        time.sleep(0.1)


def check_one_case(case: Case, server: LiveServer, phones: Sequence[Phone]) -> None:
    """Check that a case holds exactly the reports of these phones, and each knows it."""
    attached = select(func.count(Attachment.id)).where(
        Attachment.case_id == case.id, is_current_attachment()
    )
    assert db.session.scalar(attached) == len(phones)
    assert (case.report_count, case.witness_count) == (len(phones), len(phones))
    assert {case_number_of(server.url, phone) for phone in phones} == {case.number}
    check_history(case)
    check_counts()
