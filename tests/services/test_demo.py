"""The demonstration: loaded through the real services, interrupted, continued, and left alone.

It exists only on SQLite, so it is tested on SQLite only; it is loaded once for all tests here.
"""

import stat
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from tests.servers.databases import SqliteDatabases
from tests.servers.environment import settings_for
from webapp import clock, demo
from webapp.adapters.photo_store import PhotoStore
from webapp.app import create_app
from webapp.config import Settings
from webapp.demo import journal, places
from webapp.demo.stage import PICTURES, Stage
from webapp.domain import casework as rules
from webapp.domain.casework import ROLES
from webapp.domain.triage import HOLD_CODES
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Officer, OutboxEntry, Photo, ReportTriage, Tally, Unit
from webapp.services import accounts, intake, territory, triage

# Everybody here shares one loaded demonstration, so they share one worker of pytest too.
pytestmark = pytest.mark.xdist_group("demo")


class PowerCut(BaseException):
    """What ends a load in the middle."""


@pytest.fixture(scope="module")
def loaded(
    sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """An application whose demonstration was cut off twice while it loaded."""
    folder = tmp_path_factory.mktemp("demo")
    with sqlite_databases.copied(folder) as url:
        app = create_app(settings_for(url, folder / "var"))
        with app.app_context():
            settings: Settings = app.extensions["settings"]
            _load_until(settings, triage, "triage_report", after=20)
            _load_until(settings, Stage, "resolve", after=12)
            assert demo.load(settings).outcome == "loaded"
            yield app
            db.session.remove()
            db.engine.dispose()


def _load_until(settings: Settings, room: object, door: str, *, after: int) -> None:
    """Load until something was done ``after`` times, then lose power."""
    real, done = getattr(room, door), iter(range(after))

    def until_the_cut(*args: object, **kwargs: object) -> object:
        if next(done, None) is None:
            raise PowerCut
        return real(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, door, until_the_cut)
        with pytest.raises(PowerCut):
            demo.load(settings)
    db.session.remove()


@pytest.fixture(autouse=True)
def context(loaded: Flask) -> Iterator[None]:
    """Begin each test with a fresh session on the loaded database."""
    db.session.remove()
    yield
    db.session.rollback()


def test_cases_stand_in_every_state_that_this_version_knows() -> None:
    assert Counter(db.session.scalars(select(Case.status))) == {
        "new": 10,
        "acknowledged": 8,
        "in_progress": 9,
        "resolved": 20,
    }


def test_a_report_is_held_for_every_reason_and_one_is_dismissed() -> None:
    standings = db.session.scalars(select(ReportTriage)).all()
    assert Counter(standing.status for standing in standings) == {
        "triaged": 65,
        "held": 10,
        "dismissed": 1,
    }
    held = {standing.hold_code for standing in standings if standing.status == "held"}
    assert held == set(HOLD_CODES)


def test_every_commune_has_open_and_resolved_work() -> None:
    rows = db.session.execute(
        select(Case.lead_unit_id, Case.is_open).distinct().order_by(Case.lead_unit_id)
    )
    by_unit: dict[int, set[bool]] = {}
    for unit_id, is_open in rows:
        by_unit.setdefault(unit_id, set()).add(is_open)
    assert len(by_unit) == 9
    assert all(states == {True, False} for states in by_unit.values())


def test_there_are_late_cases_unseen_ones_and_many_witnesses() -> None:
    cases = db.session.scalars(select(Case)).all()
    now = clock.now()
    assert sum(case.is_open and case.due_at < now for case in cases) >= 5
    assert sum(case.first_viewed_at is None for case in cases) >= 5
    assert max(case.witness_count for case in cases) == 4
    assert {case.severity for case in cases} == {1, 2, 3, 4}
    assert len({case.category_code for case in cases}) == 9


def test_nothing_happens_in_the_future_or_before_its_report() -> None:
    cases = db.session.scalars(select(Case)).all()
    latest = db.session.scalar(select(func.max(CaseEvent.at)))
    assert latest is not None
    assert latest <= clock.now() + timedelta(minutes=1)
    assert all(case.opened_at <= (case.acknowledged_at or clock.now()) for case in cases)
    assert min(case.opened_at for case in cases) > clock.now() - timedelta(days=91)


def test_the_events_of_every_case_are_sealed_without_a_gap() -> None:
    for case in db.session.scalars(select(Case)):
        events = db.session.scalars(
            select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.version)
        ).all()
        assert [event.version for event in events] == list(range(1, case.version + 1))
        before = None
        for event in events:
            assert event.previous_hash == before
            assert event.hash == rules.event_hash(
                before, case.number, event.version, _happening(event)
            )
            before = event.hash


def _happening(event: CaseEvent) -> rules.Happening:
    return rules.Happening(
        kind=event.kind,
        at=event.at,
        data=event.data,
        actor_id=event.actor_id,
        actor_unit_id=event.actor_unit_id,
        reason_code=event.reason_code,
        words=event.words,
    )


def test_an_interrupted_load_did_nothing_twice() -> None:
    doubled = (
        select(CaseEvent.case_id, CaseEvent.kind, CaseEvent.at)
        .where(CaseEvent.kind != "report_attached")
        .group_by(CaseEvent.case_id, CaseEvent.kind, CaseEvent.at)
        .having(func.count() > 1)
    )
    assert db.session.execute(doubled).all() == []
    assert db.session.scalar(select(func.count(Unit.id))) == 10
    assert db.session.scalar(select(func.count(CaseEvent.id))) == 282


def test_no_work_is_left_and_the_figures_are_counted() -> None:
    assert db.session.scalars(select(OutboxEntry).where(OutboxEntry.done_at.is_(None))).all() == []
    assert db.session.scalar(select(func.sum(Tally.opened))) == 47
    assert db.session.scalar(select(func.sum(Tally.resolved))) == 20


def test_every_resolved_case_shows_its_proof(loaded: Flask) -> None:
    proofs = db.session.scalars(select(Photo).where(Photo.role == "after")).all()
    assert len(proofs) == 20
    assert {(photo.state, photo.review) for photo in proofs} == {("ready", "shown")}
    store = PhotoStore(loaded.extensions["settings"].photo_folder)
    with Image.open(store.derivative_path(str(proofs[0].large_sha256))) as image:
        assert image.size == (1280, 960)


def test_every_role_has_an_account_and_its_password_opens_the_door(loaded: Flask) -> None:
    settings: Settings = loaded.extensions["settings"]
    assert {officer.role for officer in db.session.scalars(select(Officer))} == set(ROLES)
    file = settings.var / "demo-accounts.txt"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((settings.var / "demo.json").stat().st_mode) == 0o600
    words = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    password = next(line[1] for line in words if line and line[0] == "vinhhai")
    assert accounts.authenticate("vinhhai", password, "127.0.0.1").officer is not None


def test_a_second_start_changes_nothing(loaded: Flask) -> None:
    settings: Settings = loaded.extensions["settings"]
    before = db.session.scalar(select(func.count(CaseEvent.id)))
    assert demo.load(settings).outcome == "present"
    assert db.session.scalar(select(func.count(CaseEvent.id))) == before


def test_a_report_of_the_stories_can_be_tracked_by_its_key(loaded: Flask) -> None:
    diary = journal.read(loaded.extensions["settings"].var)
    assert diary is not None
    receipt = intake.read_receipt(diary.tracking_key("episode-0-0"))
    assert receipt.photo_count == 1


def test_each_spot_lies_in_the_commune_that_it_names() -> None:
    for name, spot in places.SPOTS.items():
        commune = territory.commune_at(spot.position(), clock.today())
        assert commune is not None, name
        assert commune.code == spot.commune_code, name
    for name, position in places.OUTSIDE.items():
        assert territory.commune_at(position, clock.today()) is None, name


def test_every_photo_was_drawn_and_is_small_enough() -> None:
    pictures = sorted(PICTURES.glob("*.jpg"))
    assert len(pictures) >= 20
    assert max(picture.stat().st_size for picture in pictures) <= 60 * 1024
    assert {p.stem for p in pictures} - {"damaged"} == {p.stem for p in PICTURES.glob("*.svg")}


def test_a_database_that_is_in_use_is_left_alone(
    sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("used")
    with sqlite_databases.copied(folder) as url:
        app = create_app(settings_for(url, folder / "var"))
        with app.app_context():
            db.session.add(
                Unit(
                    code="1",
                    tier="supervising",
                    kind="huyện",
                    name="Ninh Hải",
                    valid_from=clock.today(),
                )
            )
            db.session.commit()
            assert demo.load(app.extensions["settings"]).outcome == "not_empty"
            db.session.remove()
            db.engine.dispose()


def test_a_clock_that_is_set_answers_only_inside_its_block() -> None:
    moment = clock.now() - timedelta(days=30)
    with clock.at(moment):
        assert clock.now() == moment
    assert clock.now() > moment
    with pytest.raises(ValueError, match="time zone"), clock.at(moment.replace(tzinfo=None)):
        pass
