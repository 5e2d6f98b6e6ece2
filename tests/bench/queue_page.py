"""Times the queue page with 1,000 and with 100,000 cases on SQLite, and prints the ratio."""

import hashlib
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import insert

from tests.servers.casework_scene import PASSWORD, SPOT, District, build_district, make_officer
from tests.servers.databases import build
from tests.servers.environment import settings_for
from tests.servers.visitor import Visitor
from webapp import clock
from webapp.app import create_app
from webapp.domain.geo import cell_of
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Place
from webapp.services.transaction import transaction

SIZES = (1_000, 100_000)
ROUNDS = 40
BATCH = 5_000
# All of them open and of one commune: the worst that a queue can be asked for.
DAYS_SPREAD = 300


def main() -> None:
    """Measure each size in a database of its own."""
    medians = {size: _median_ms(size) for size in SIZES}
    for size, median in medians.items():
        print(f"queue page with {size:>7,} open cases of one commune: {median:7.1f} ms (median)")
    small, large = (medians[size] for size in SIZES)
    print(f"ratio {large / small:.2f} (goal: at most 1.50), {ROUNDS} rounds, {sys.platform}")


def _median_ms(size: int) -> float:
    with tempfile.TemporaryDirectory(prefix="anlo-bench-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'bench.sqlite'}"
        build(url, folder / "var", is_filled=True)
        app = create_app(settings_for(url, folder / "var"))
        with app.app_context():
            district = build_district()
            make_officer(district.commune_id, login="bench")
            _fill(district, size)
            db.session.remove()
        return _measure(app)


def _measure(app: Flask) -> float:
    visitor = Visitor(app.test_client())
    visitor.sign_in("bench", PASSWORD)
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        answer = visitor.client.get("/queue")
        times.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200 or answer.text.count("data-number=") != 20:
            raise AssertionError("the queue page did not show twenty cases")
    return statistics.median(times[5:])


def _fill(district: District, size: int) -> None:
    now = clock.now()
    with transaction() as work:
        place = Place(
            category_code="road_damage",
            latitude=SPOT.latitude,
            longitude=SPOT.longitude,
            cell=cell_of(SPOT.latitude, SPOT.longitude),
            created_at=now,
        )
        work.session.add(place)
        work.session.flush()
        for begin in range(0, size, BATCH):
            ids = range(begin + 1, min(begin + BATCH, size) + 1)
            cases = [_case(number, district, place.id, size) for number in ids]
            work.session.execute(insert(Case), cases)
            work.session.execute(insert(CaseEvent), [_event(number) for number in ids])


def _case(number: int, district: District, place_id: int, size: int) -> dict[str, object]:
    opened_at = clock.now() - timedelta(days=DAYS_SPREAD * number / size)
    due_at = opened_at + timedelta(days=150)
    return {
        "id": number,
        "number": f"NH-2026-{number:06d}",
        "version": 1,
        "place_id": place_id,
        "category_code": "road_damage",
        "status": "new",
        "is_open": True,
        "severity": number % 4 + 1,
        "lead_unit_id": district.commune_id,
        "latitude": SPOT.latitude,
        "longitude": SPOT.longitude,
        "cell": cell_of(SPOT.latitude, SPOT.longitude),
        "address": f"thôn {number}",
        "report_count": 1,
        "witness_count": number % 7 + 1,
        "opened_at": opened_at,
        "acknowledge_due_at": due_at,
        "resolve_due_at": due_at,
        "due_at": due_at,
    }


def _event(number: int) -> dict[str, object]:
    return {
        "case_id": number,
        "version": 1,
        "kind": "opened",
        "at": clock.now(),
        "data": {},
        "hash": hashlib.sha256(str(number).encode()).hexdigest(),
    }


if __name__ == "__main__":
    main()
