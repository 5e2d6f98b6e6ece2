"""How many statements one triage sends: not more for more cases near by, nor for more reports."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import triage_scene as scene
from tests.servers.counting import SqlCounter
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.duplicates import MOST_CANDIDATES
from webapp.services import outbox, territory_index, triage

pytestmark = pytest.mark.usefixtures("context", "units", "land_known_by_name")


@pytest.fixture
def units(context: None) -> dict[str, int]:
    """Two communes under a supervising unit."""
    return scene.build_district()


@pytest.fixture
def land_known_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the land be asked for once: else a slow machine asks for it again every second."""
    monkeypatch.setattr(territory_index, "NAME_HOLDS_S", 600.0)


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """Where the photos of a test lie."""
    return scene.store_in(tmp_path)


def test_a_triage_sends_as_many_statements_for_twenty_candidates_as_for_two(
    sql_counter: Callable[[], SqlCounter], store: PhotoStore
) -> None:
    # The first one of a process also reads the land and the calendar.
    send(store, north_m=-2000)
    counts = [count(sql_counter, store, north_m=9.0 * step) for step in range(MOST_CANDIDATES)]
    assert counts[-1] == counts[2], "a statement a candidate"


def test_a_triage_sends_as_many_statements_for_a_case_of_ten_reports_as_for_one(
    sql_counter: Callable[[], SqlCounter], store: PhotoStore
) -> None:
    send(store)
    send(store)
    first = count(sql_counter, store)
    for _ in range(8):
        last = count(sql_counter, store)
    # Past the newest reports of a case, what looks like its photos is read by itself.
    assert last <= first + 1, "a statement a report"


def send(store: PhotoStore, *, north_m: float = 0.0) -> None:
    """Take in a report with a photo like no other, and triage it."""
    fix = (scene.WEST[0] + north_m * scene.TEN_METRES / 10, scene.WEST[1])
    small = scene.jpeg(size=(64, 48))
    report = scene.add_report(fix=fix, accuracy_m=5.0, store=store, photos=(small,))
    lease = outbox.lease("triage_report", str(report), seconds=60)
    assert lease is not None
    triage.triage_report(report, lease, store)


def count(sql_counter: Callable[[], SqlCounter], store: PhotoStore, *, north_m: float = 0.0) -> int:
    """Return how many statements it takes to take a report in and to triage it."""
    with sql_counter() as statements:
        send(store, north_m=north_m)
    return len(statements)
