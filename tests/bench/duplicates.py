"""What telling duplicates apart costs, each beside the bare primitive that it is made of.

Run: ``python -m tests.bench.duplicates``. Ours and the bare primitive take turns, so that a noisy
machine disturbs both alike; the middle time counts. OpenCV runs on one core, as in the workers.
"""

import logging
import os
import platform
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import combinations, cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from tests import pictures
from tests.bench import million_cases
from tests.bench.million_cases import Point
from tests.servers import triage_scene as scene
from tests.servers.databases import PostgresDatabases, SqliteDatabases
from tests.servers.environment import environment_for, process_environment, settings_for
from tests.servers.live import LiveServer
from tests.servers.postgres import running_postgres
from tests.servers.redis import running_redis
from webapp import logs
from webapp.adapters import photo_matcher
from webapp.adapters.photo_matcher import PhotoPrint
from webapp.adapters.photo_print import WORKING_PX
from webapp.adapters.photo_store import PhotoStore
from webapp.app import create_app
from webapp.config import Settings
from webapp.domain.duplicates import MOST_CANDIDATES, MOST_COMPARISONS
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Case, OutboxEntry, Report, ReportTriage
from webapp.models import PhotoPrint as PrintRow
from webapp.services import candidates, outbox, photo_preparation, triage
from webapp.services.comparisons import Comparisons

Work = Callable[[], object]

# What the issue asks for, on one quiet core.
COMPARISON_MS = 15
DECISION_MS = 400
CANDIDATES_MS = 5
WORKER_MB = 400

ROUNDS = 60
DECISIONS = 15
LOOKS = 200

# A phone's photo; the worker decodes it, makes both derivatives and takes the print.
PHONE_PX = (4000, 3000)
TRIAGED_WITHIN_S = 120


@dataclass(frozen=True)
class Beside:
    """The middle times of ours and of the bare primitive, in milliseconds."""

    ours_ms: float
    bare_ms: float
    slowest_ms: float


def main() -> None:
    """Print what each takes, with the load of the machine."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},")
    print(f"OpenCV {cv2.__version__} with {cv2.getNumThreads()} thread(s)\n")
    compare_prints()
    take_prints()
    with tempfile.TemporaryDirectory(prefix="anlo-bench-") as name, running_postgres() as server:
        folder = Path(name)
        postgres = PostgresDatabases(server, folder, is_filled=True)
        for database, url in databases(folder, postgres):
            var = folder / database
            decide(database, quiet_app(settings_for(url, var)), scene.store_in(var))
        weigh_worker(folder)
        for database, url in databases(folder, postgres):
            look_among_a_million(database, quiet_app(settings_for(url, folder)))


def databases(folder: Path, postgres: PostgresDatabases) -> Iterator[tuple[str, str]]:
    """Return both databases, each fresh, by name and address."""
    with SqliteDatabases(new_folder(folder), is_filled=True).copied(folder) as url:
        yield "SQLite", url
    with postgres.copied(folder) as url:
        yield "PostgreSQL", url


def quiet_app(settings: Settings) -> Flask:
    """Assemble an application that does not write between the figures what it decided."""
    app = create_app(settings)
    logs.configure(logging.WARNING)
    return app


def new_folder(folder: Path) -> Path:
    """Return a folder that was not there."""
    return Path(tempfile.mkdtemp(dir=folder))


# ---- photos ------------------------------------------------------------------------------


def compare_prints() -> None:
    """Compare prints of photos of one street, and of two streets."""
    for words, seeds in (("one scene", (1, 1)), ("two scenes", (1, 2))):
        prints = [
            print_of(pictures.seen_from(pictures.street(seed), side))
            for seed, side in zip(cycle(seeds), (-0.8, -0.4, 0.1, 0.5, 0.9), strict=False)
        ]
        pairs = cycle(combinations(prints, 2))
        measured = side_by_side(
            lambda pairs=pairs: photo_matcher.compare(*next(pairs)),
            lambda pairs=pairs: match_bare(*next(pairs)),
        )
        size = f"{len(prints[0])} features each, {words}"
        tell("one comparison", size, measured, "BFMatcher + findHomography", COMPARISON_MS)


def match_bare(one: PhotoPrint, other: PhotoPrint) -> None:
    """Match the descriptors of two prints and find a homography: nothing but OpenCV's own."""
    left, right = one.descriptors(), other.descriptors()
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(left, right, k=2)
    good = [best for best, second in pairs if best.distance < 0.9 * second.distance]
    if len(good) >= 4:
        here = one.points()[[match.queryIdx for match in good]]
        there = other.points()[[match.trainIdx for match in good]]
        cv2.findHomography(here, there, cv2.RANSAC, 5.0)


def take_prints() -> None:
    """Take the print of a derivative, decoding included, and run bare SIFT on the same pixels."""
    photo = pictures.seen_from(pictures.street(1, 1600, 1200), 0.3)
    grey = np.asarray(Image.open(BytesIO(photo)).convert("L"))
    small = cv2.resize(grey, (WORKING_PX, WORKING_PX * 3 // 4), interpolation=cv2.INTER_AREA)
    sift = cv2.SIFT_create()  # type: ignore[attr-defined]
    measured = side_by_side(
        lambda: print_of(photo), lambda: sift.detectAndCompute(small, None), rounds=ROUNDS // 3
    )
    tell("one print", f"1600 x 1200 px, looked at in {WORKING_PX}", measured, "SIFT", None)


def print_of(photo: bytes) -> PhotoPrint:
    """Take the print of a photo."""
    return photo_matcher.take_print(photo, sha256=f"{hash(photo) % 16**64:064x}")


# ---- decisions ---------------------------------------------------------------------------


def decide(database: str, app: Flask, store: PhotoStore) -> None:
    """Decide about a report with twenty cases around, each with two photos of its own street."""
    with app.app_context():
        scene.build_district()
        for number in range(MOST_CANDIDATES):
            street = pictures.street(100 + number)
            photos = tuple(pictures.seen_from(street, side) for side in (-0.4, 0.4))
            north = scene.WEST[0] + (number - MOST_CANDIDATES / 2) * 2 * scene.TEN_METRES
            triaged(store, photos, (north, scene.WEST[1]))
        cases = db.session.scalar(select(func.count(Case.id)))
        report = added(store, (pictures.seen_from(pictures.street(99), 0.2),), scene.WEST)
        photo_preparation.prepare_photos_of(report, store)
        measured = side_by_side(
            lambda: decide_once(report), bare_comparisons(report), rounds=DECISIONS
        )
        db.engine.dispose()
    size = f"{database}, {cases} candidates, {MOST_COMPARISONS} comparisons"
    tell("one decision", size, measured, "the comparisons alone", DECISION_MS)


def decide_once(report_id: int) -> None:
    """Settle and decide as triage does, with nothing compared before; nothing is written."""
    session = db.session()
    session.rollback()
    report = session.get_one(Report, report_id)
    found = triage._settle(session, report, session.get_one(ReportTriage, report_id))
    triage._decide(session, found, Comparisons())
    session.rollback()


def bare_comparisons(report_id: int) -> Work:
    """Return what compares as many prints, all of them read before."""
    rows = [PhotoPrint.from_bytes(raw) for raw in db.session.scalars(select(PrintRow.features))]
    db.session.rollback()
    own, others = rows[-1], rows[:MOST_COMPARISONS]
    return lambda: [photo_matcher.compare(own, other) for other in others]


def added(store: PhotoStore, photos: tuple[bytes, ...], fix: tuple[float, float]) -> int:
    """Take a report in."""
    return scene.add_report(store=store, photos=photos, fix=fix, accuracy_m=5.0)


def triaged(store: PhotoStore, photos: tuple[bytes, ...], fix: tuple[float, float]) -> None:
    """Take a report in and triage it."""
    report = added(store, photos, fix)
    lease = outbox.lease("triage_report", str(report), seconds=60)
    if lease is None:
        raise RuntimeError("somebody else triages here")
    triage.triage_report(report, lease, store)


# ---- candidates among a million ----------------------------------------------------------


def look_among_a_million(database: str, app: Flask) -> None:
    """Look for candidates at random cases' spots, and where most cases lie in one cell."""
    with app.app_context():
        begun = time.perf_counter()
        points = million_cases.fill()
        print(f"{database}: {len(points):,} open cases in {time.perf_counter() - begun:.0f} s")
        fullest, most = Counter(point[3] for point in points).most_common(1)[0]
        spots = points[:: len(points) // LOOKS]
        crowded = [point for point in points if point[3] == fullest]
        for words, some in (
            (f"{database}, {len(spots)} spots", spots),
            (f"{database}, the fullest cell ({most} cases)", crowded),
        ):
            tell("candidates", words, looked_at(some), "SELECT id … cell IN", CANDIDATES_MS)
        db.engine.dispose()


def looked_at(points: list[Point]) -> Beside:
    """Measure the search around points."""
    ours, bare = cycle(points), cycle(points)
    return side_by_side(
        lambda: look(*next(ours)), lambda: look_bare(*next(bare)), rounds=min(LOOKS, len(points))
    )


def look(_id: int, latitude: float, longitude: float, _cell: str, unit_id: int) -> None:
    """Find the candidates around a point, with their reports and photos."""
    session = db.session()
    found = candidates.neighbours(session, Position(latitude, longitude, 10.0), [unit_id])
    session.rollback()
    if len(found) != MOST_CANDIDATES:
        raise AssertionError("so many cases, and not enough of them found")


def look_bare(_id: int, latitude: float, longitude: float, _cell: str, unit_id: int) -> None:
    """Read nothing but the ids of the open cases in the same cells."""
    session = db.session()
    cells = candidates.cells_around(Position(latitude, longitude))
    where = (Case.is_open, Case.cell.in_(cells), Case.commune_id == unit_id)
    session.scalars(select(Case.id).where(*where)).all()
    session.rollback()


# ---- memory ------------------------------------------------------------------------------


def weigh_worker(folder: Path) -> None:
    """Watch a worker and its work-horse triage a report with three photos of a phone."""
    with worker(folder) as (app, store, process), app.app_context():
        street = pictures.street(1, *PHONE_PX)
        photos = tuple(pictures.seen_from(street, side) for side in (-0.5, 0.0, 0.5))
        scene.add_report(store=store, photos=photos)
        of_worker, of_horse = most_memory(process)
    print(f"memory of a worker: {of_worker} MB; of its work-horse at most {of_horse} MB")
    print(f"    3 photos of {PHONE_PX[0]} x {PHONE_PX[1]} px (aim: at most {WORKER_MB} MB)")
    tell_load()


@contextmanager
def worker(folder: Path) -> Iterator[tuple[Flask, PhotoStore, psutil.Process]]:
    """Run one worker on a fresh SQLite database."""
    var = folder / "worker"
    var.mkdir()
    with (
        running_redis() as redis_url,
        SqliteDatabases(var, is_filled=True).copied(var) as url,
    ):
        ours = environment_for(url, var, REDIS_URL=redis_url)
        app = quiet_app(settings_for(url, var, REDIS_URL=redis_url))
        with app.app_context():
            scene.build_district()
        server = LiveServer("", var, redis_url, process_environment(ours))
        try:
            process = server.start_worker()
            wait_until(lambda: "worker_ready" in server.words())
            yield app, scene.store_in(var), psutil.Process(process.pid)
        finally:
            server.stop()


def most_memory(process: psutil.Process) -> tuple[str, str]:
    """Return the most memory of a worker and of its work-horses, until the work is done."""
    most = {"worker": (0.0, 0.0), "horse": (0.0, 0.0)}

    def is_done() -> bool:
        for name, each in [("worker", process), *(("horse", one) for one in process.children())]:
            most[name] = max(most[name], memory_mb(each))
        db.session.rollback()
        undone = select(OutboxEntry.id).where(
            OutboxEntry.kind == "triage_report", OutboxEntry.done_at.is_(None)
        )
        return db.session.scalars(undone).first() is None

    wait_until(is_done)
    db.session.rollback()
    of_worker, of_horse = most["worker"], most["horse"]
    return as_words(of_worker), as_words(of_horse)


def memory_mb(process: psutil.Process) -> tuple[float, float]:
    """Return what a process holds, and its part of it when shared pages are shared out."""
    try:
        full: Any = process.memory_full_info()
    except psutil.Error:
        return 0.0, 0.0
    return full.rss / 2**20, full.pss / 2**20


def as_words(memory: tuple[float, float]) -> str:
    """Return RSS and PSS as they are printed."""
    return f"RSS {memory[0]:.0f}, PSS {memory[1]:.0f}"


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it never was.
    """
    deadline = time.monotonic() + TRIAGED_WITHIN_S
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the worker does not work")
        time.sleep(0.005)


# ---- telling -----------------------------------------------------------------------------


def side_by_side(ours: Work, bare: Work, *, rounds: int = ROUNDS) -> Beside:
    """Do both in turns; the first turns warm caches and do not count."""
    times: dict[Work, list[float]] = {ours: [], bare: []}
    for turn in range(rounds + 3):
        for work, spent in times.items():
            begun = time.perf_counter()
            work()
            if turn >= 3:
                spent.append((time.perf_counter() - begun) * 1000)
    middle = statistics.median
    return Beside(middle(times[ours]), middle(times[bare]), max(times[ours]))


def tell(name: str, size: str, measured: Beside, primitive: str, aim_ms: float | None) -> None:
    """Print a line on what was measured, and one on what stands beside it."""
    aim = "" if aim_ms is None else f" (aim: at most {aim_ms} ms)"
    print(f"{name}: {measured.ours_ms:.2f} ms, slowest {measured.slowest_ms:.2f} ms{aim}")
    ratio = measured.ours_ms / measured.bare_ms
    print(f"    {size}; {primitive}: {measured.bare_ms:.2f} ms, ratio {ratio:.2f}")
    tell_load()


def tell_load() -> None:
    """Print how busy the machine is."""
    print(f"    load {os.getloadavg()[0]:.2f}", flush=True)


if __name__ == "__main__":
    main()
