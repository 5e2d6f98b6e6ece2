"""Times the queue page with 1,000 and with 100,000 cases on SQLite, and prints the ratio."""

import hashlib
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

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
from webapp.services.queue import PAGE_SIZE
from webapp.services.transaction import transaction

SIZES = (1_000, 100_000)
ROUNDS = 40
BATCH = 5_000
# All of them open and of one commune: the worst that a queue can be asked for.
DAYS_SPREAD = 300


def main() -> None:
    """Measure both sizes in turn, so that a busy moment of the machine meets both."""
    with tempfile.TemporaryDirectory(prefix="anlo-bench-") as name:
        visitors = {size: _visitor(Path(name) / str(size), size) for size in SIZES}
        times: dict[int, list[float]] = {size: [] for size in SIZES}
        for _ in range(ROUNDS):
            for size, visitor in visitors.items():
                times[size].append(_page_ms(visitor))
    # The first rounds warm caches and templates.
    medians = {size: statistics.median(rounds[5:]) for size, rounds in times.items()}
    for size, median in medians.items():
        print(f"queue page with {size:>7,} open cases of one commune: {median:7.1f} ms (median)")
    small, large = (medians[size] for size in SIZES)
    print(f"ratio {large / small:.2f} (goal: at most 1.50), {ROUNDS} rounds, {sys.platform}")


def _visitor(folder: Path, size: int) -> Visitor:
    folder.mkdir()
    url = f"sqlite:///{folder / 'bench.sqlite'}"
    build(url, folder / "var", is_filled=True)
    app = create_app(settings_for(url, folder / "var"))
    with app.app_context():
        district = build_district()
        make_officer(district.commune_id, login="bench")
        _fill(district, size)
        db.session.remove()
    visitor = Visitor(app.test_client())
    visitor.sign_in("bench", PASSWORD)
    return visitor


def _page_ms(visitor: Visitor) -> float:
    begun = time.perf_counter()
    answer = visitor.client.get("/queue")
    elapsed_ms = (time.perf_counter() - begun) * 1000
    if answer.status_code != 200 or answer.text.count("data-number=") != PAGE_SIZE:
        raise AssertionError("the queue page did not show a full page of cases")
    return elapsed_ms


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
