"""Triage of one report, with the real photo reader and store, on both databases."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DataError

from tests.servers import triage_scene as scene
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.errors import NotFound
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Boundary,
    Case,
    CaseEvent,
    Category,
    OutboxEntry,
    Photo,
    Place,
    Report,
    ReportTriage,
    Unit,
)
from webapp.services import outbox, photo_preparation, triage, triage_rehearsal
from webapp.services.outbox import LeaseLost
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context", "units")


@pytest.fixture
def units(context: None) -> dict[str, int]:
    """Two communes under a supervising unit."""
    return scene.build_district()


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """Where the photos of a test lie."""
    return scene.store_in(tmp_path)


def run(report_id: int, store: PhotoStore) -> None:
    lease = outbox.lease("triage_report", str(report_id), seconds=20)
    assert lease is not None
    triage.triage_report(report_id, lease, store)


def run_again(report_id: int, store: PhotoStore) -> None:
    with transaction() as work:
        work.ask("triage_report", report_id)
    run(report_id, store)


def standing(report_id: int) -> ReportTriage:
    db.session.rollback()
    return db.session.get_one(ReportTriage, report_id)


def case_of(report_id: int) -> Case:
    db.session.rollback()
    return db.session.scalars(
        select(Case).join(Attachment).where(Attachment.report_id == report_id)
    ).one()


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def photo_of(report_id: int) -> Photo:
    db.session.rollback()
    return db.session.scalars(select(Photo).where(Photo.report_id == report_id)).one()


def test_a_report_on_a_communes_land_opens_a_case_of_that_commune(
    units: dict[str, int], store: PhotoStore
) -> None:
    report = scene.add_report(fix=scene.EAST, category="traffic_sign")
    run(report, store)
    case = case_of(report)
    assert case.lead_unit_id == units["east"]
    assert (case.status, case.severity, case.report_count) == ("new", 2, 1)
    assert case.category_code == "traffic_sign"
    assert standing(report).status == "triaged"
    assert standing(report).position_source == "fix"


def test_the_case_stands_at_a_place_of_its_own(store: PhotoStore) -> None:
    report = scene.add_report()
    run(report, store)
    place = db.session.get_one(Place, case_of(report).place_id)
    assert (place.latitude, place.longitude) == scene.WEST


def test_a_second_report_near_the_first_joins_its_case(store: PhotoStore) -> None:
    first = scene.add_report()
    run(first, store)
    near = (scene.WEST[0] + 0.4 * scene.TEN_METRES, scene.WEST[1])
    second = scene.add_report(fix=near)
    run(second, store)
    assert case_of(second).id == case_of(first).id
    assert (case_of(first).report_count, case_of(first).witness_count) == (2, 2)
    terms = db.session.scalars(select(Attachment.terms).where(Attachment.report_id == second)).one()
    assert terms["distance_m"] == pytest.approx(4, abs=0.2)
    assert (terms["decision"], terms["photo_kind"]) == ("attach", "not_compared")


def test_a_report_of_another_category_at_the_same_spot_opens_its_own_case(
    store: PhotoStore,
) -> None:
    first, second = scene.add_report(), scene.add_report(category="illegal_parking")
    run(first, store)
    run(second, store)
    assert case_of(first).id != case_of(second).id


def test_a_report_whose_accuracy_is_unknown_never_joins(store: PhotoStore) -> None:
    first, second = scene.add_report(), scene.add_report(accuracy_m=None)
    run(first, store)
    run(second, store)
    assert count(Case) == 2


def test_triage_twice_has_the_effect_of_once(store: PhotoStore) -> None:
    report = scene.add_report(store=store, photos=(scene.jpeg(),))
    run(report, store)
    events = count(CaseEvent)
    run_again(report, store)
    assert (count(Case), count(Attachment), count(CaseEvent)) == (1, 1, events)
    assert standing(report).status == "triaged"


def test_a_report_with_no_position_is_held_for_the_supervising_unit(
    units: dict[str, int], store: PhotoStore
) -> None:
    report = scene.add_report(fix=None, commune_hint="gần cầu Tri Thủy")
    run(report, store)
    held = standing(report)
    assert (held.status, held.hold_code) == ("held", "no_position")
    assert held.supervising_unit_id == units["district"]
    assert count(Case) == 0


def test_a_report_from_the_sea_is_held_with_its_position(store: PhotoStore) -> None:
    report = scene.add_report(fix=scene.AT_SEA)
    run(report, store)
    assert standing(report).hold_code == "outside_boundaries"
    assert standing(report).hold_details == {"latitude": 11.65, "longitude": 109.95}


def test_a_report_of_no_named_category_is_held_for_a_person(store: PhotoStore) -> None:
    report = scene.add_report(category="other")
    run(report, store)
    assert standing(report).hold_code == "category_needs_person"


def test_a_photo_from_the_future_is_held(store: PhotoStore) -> None:
    photo = scene.jpeg(captured_at="2039:01:01 12:00:00")
    report = scene.add_report(store=store, photos=(photo,))
    run(report, store)
    assert standing(report).hold_code == "impossible_time"


@pytest.mark.parametrize(
    "claimed",
    ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59"],
)
def test_a_photo_from_beyond_the_calendar_is_held_for_its_time(
    store: PhotoStore, claimed: str
) -> None:
    report = scene.add_report(store=store, photos=(scene.jpeg(),))
    with transaction() as work:
        work.session.scalars(select(Photo)).one().exif_claims = {"captured_at": claimed}
    run(report, store)
    assert standing(report).hold_code == "impossible_time"
    assert standing(report).captured_at is None


def test_a_fix_that_was_made_long_after_the_photo_is_held_with_both_moments(
    store: PhotoStore,
) -> None:
    photo = scene.jpeg(captured_at="2026:06:18 14:32:00")
    report = scene.add_report(store=store, photos=(photo,))
    run(report, store)
    held = standing(report)
    assert (held.hold_code, held.latitude) == ("fix_not_of_photo", None)
    assert held.hold_details is not None
    assert held.hold_details["captured_at"] == "2026-06-18T07:32:00+00:00"
    assert count(Case) == 0


def test_a_report_of_a_category_that_was_given_up_meanwhile_is_held(store: PhotoStore) -> None:
    report = scene.add_report(category="congestion")
    with transaction() as work:
        work.session.get_one(Category, "congestion").is_active = False
    run(report, store)
    assert standing(report).hold_code == "category_needs_person"


def end_of_west(units: dict[str, int], *, heir: str | None) -> None:
    """End the western commune yesterday; its land goes to the eastern one, or to nobody."""
    yesterday = clock.today() - timedelta(days=1)
    with transaction() as work:
        work.session.get_one(Unit, units["west"]).valid_to = yesterday
        land = work.session.scalars(select(Boundary).filter_by(unit_id=units["west"])).one()
        land.valid_to = yesterday
        if heir is None:
            return
        work.session.scalars(
            select(Boundary).filter_by(unit_id=units[heir])
        ).one().valid_to = yesterday
        grown = scene._square(work.session.get_one(Unit, units[heir]), 109.0, 109.2)
        grown.valid_from = clock.today()
        work.session.add(grown)


def test_a_report_that_came_before_its_commune_ended_goes_to_the_holder_of_today(
    units: dict[str, int], store: PhotoStore
) -> None:
    end_of_west(units, heir="east")
    report = scene.add_report(fix=scene.WEST, received_at=clock.now() - timedelta(days=3))
    run(report, store)
    assert case_of(report).lead_unit_id == units["east"]


def test_a_report_whose_commune_ended_without_an_heir_is_held(
    units: dict[str, int], store: PhotoStore
) -> None:
    end_of_west(units, heir=None)
    report = scene.add_report(fix=scene.WEST, received_at=clock.now() - timedelta(days=3))
    run(report, store)
    assert standing(report).hold_code == "outside_boundaries"


def test_a_held_report_that_is_tried_again_stays_held_since_the_first_time(
    store: PhotoStore,
) -> None:
    report = scene.add_report(fix=None)
    run(report, store)
    since = standing(report).updated_at
    run_again(report, store)
    assert standing(report).updated_at == since


def test_a_position_in_the_photos_bytes_places_a_report_without_a_fix(
    units: dict[str, int], store: PhotoStore
) -> None:
    photo = scene.jpeg(position=scene.EAST, captured_at="2026:06:18 14:32:00")
    report = scene.add_report(store=store, photos=(photo,), fix=None)
    run(report, store)
    assert case_of(report).lead_unit_id == units["east"]
    assert standing(report).position_source == "exif"
    assert photo_of(report).exif_read["latitude"] == pytest.approx(scene.EAST[0])


def test_a_photo_gets_both_derivatives(store: PhotoStore) -> None:
    report = scene.add_report(store=store, photos=(scene.jpeg(size=(3000, 2000)),))
    run(report, store)
    photo = photo_of(report)
    assert photo.state == "ready"
    for sha256 in (photo.large_sha256, photo.small_sha256):
        assert sha256 is not None
        assert store.derivative_path(sha256).stat().st_size > 0


def test_a_damaged_photo_is_marked_and_the_report_goes_on_without_it(store: PhotoStore) -> None:
    photo = scene.damaged(scene.jpeg())
    report = scene.add_report(store=store, photos=(photo,))
    run(report, store)
    assert photo_of(report).state == "unreadable"
    assert photo_of(report).failures == photo_preparation.MOST_TRIES
    assert standing(report).status == "triaged"
    assert store.path(photo_of(report).received_sha256).read_bytes() == photo


def test_a_photo_that_ended_the_process_twice_is_not_opened_a_third_time(store: PhotoStore) -> None:
    report = scene.add_report(store=store, photos=(scene.jpeg(),))
    with transaction() as work:
        photo = work.session.scalars(select(Photo)).one()
        # What the counter says when both tries ended with the process that made them.
        photo.failures = photo_preparation.MOST_TRIES
    run(report, store)
    assert photo_of(report).state == "unreadable"
    assert standing(report).status == "triaged"


def test_a_photo_whose_bytes_are_away_fails_the_job_and_not_the_photo(store: PhotoStore) -> None:
    report = scene.add_report(store=store, photos=(scene.jpeg(),))
    store.path(photo_of(report).received_sha256).unlink()
    with pytest.raises(NotFound):
        run(report, store)
    assert (photo_of(report).state, photo_of(report).failures) == ("pending", 0)


def fail_too_often(report: Report, store: PhotoStore, words: str) -> None:
    """Run the triage once more than a photo is tried, and see it fail every time."""
    for _ in range(photo_preparation.MOST_TRIES + 1):
        with pytest.raises(OSError, match=words):
            run_again(report, store)


def test_what_fails_after_a_photo_was_prepared_says_nothing_about_the_photo(
    store: PhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    report = scene.add_report(store=store, photos=(scene.jpeg(),))
    with monkeypatch.context() as broken:
        broken.setattr(triage, "triage_in", fail)
        fail_too_often(report, store, "Input/output")
    assert photo_of(report).state == "ready"
    run_again(report, store)
    assert (photo_of(report).state, standing(report).status) == ("ready", "triaged")


def test_a_disk_that_takes_no_derivative_does_not_make_the_photo_unreadable(
    store: PhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    report = scene.add_report(store=store, photos=(scene.jpeg(),))
    with monkeypatch.context() as broken:
        broken.setattr(PhotoStore, "put_derivative", full)
        fail_too_often(report, store, "No space left")
    assert (photo_of(report).state, photo_of(report).failures) == ("pending", 0)
    run_again(report, store)
    assert photo_of(report).state == "ready"


def test_the_same_bytes_are_decoded_once(
    store: PhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = scene.jpeg(captured_at="2026:06:18 14:32:00", position=scene.WEST)
    first, second = (scene.add_report(store=store, photos=(photo,), fix=None) for _ in range(2))
    run(first, store)
    monkeypatch.setattr(photo_preparation, "make_derivatives", None)
    run(second, store)
    one, other = photo_of(first), photo_of(second)
    assert other.state == "ready"
    assert (other.large_sha256, other.small_sha256) == (one.large_sha256, one.small_sha256)
    assert other.exif_read == one.exif_read


def test_a_derivative_that_was_lost_is_made_again(store: PhotoStore) -> None:
    photo = scene.jpeg()
    first, second = (scene.add_report(store=store, photos=(photo,)) for _ in range(2))
    run(first, store)
    lost = store.derivative_path(photo_of(first).small_sha256 or "")
    lost.unlink()
    run(second, store)
    assert photo_of(second).state == "ready"
    assert lost.exists()


def test_a_late_writer_opens_no_second_case(store: PhotoStore) -> None:
    report = scene.add_report(store=store, photos=(scene.jpeg(),))
    late = outbox.lease("triage_report", str(report), seconds=20)
    assert late is not None
    with transaction() as work:
        entry = work.session.scalars(
            select(OutboxEntry).where(OutboxEntry.kind == "triage_report")
        ).one()
        entry.leased_until = clock.now() - timedelta(seconds=1)
    run(report, store)
    with pytest.raises(LeaseLost):
        triage.triage_report(report, late, store)
    assert (count(Case), count(Attachment)) == (1, 1)


def test_a_report_that_the_machine_cannot_triage_is_put_before_a_person() -> None:
    report = scene.add_report()
    lease = outbox.lease("triage_report", str(report), seconds=20)
    assert lease is not None
    triage.hold_as_exhausted(report, lease)
    assert (standing(report).status, standing(report).hold_code) == ("held", "attempts_exhausted")
    assert outbox.due(clock.now()) == []


def test_a_report_whose_row_cannot_even_be_read_is_put_before_a_person() -> None:
    report = scene.add_report()
    is_sqlite = db.engine.dialect.name == "sqlite"
    with transaction() as work:
        # Neither driver can turn this into a moment.
        broken = "'no moment'" if is_sqlite else "'20000-01-01T00:00:00Z'"
        work.session.execute(text(f"UPDATE reports SET sent_at = {broken}"))  # noqa: S608
    with pytest.raises((ValueError, DataError)):
        db.session.get(Report, report)
    lease = outbox.lease("triage_report", str(report), seconds=20)
    assert lease is not None
    triage.hold_as_exhausted(report, lease)
    assert (standing(report).status, standing(report).hold_code) == ("held", "attempts_exhausted")


def test_ten_reports_of_one_spot_triaged_at_once_make_one_case(
    app: Flask, store: PhotoStore
) -> None:
    reports = [scene.add_report() for _ in range(10)]
    at_once = threading.Barrier(5)
    failures: list[BaseException] = []

    def work_off(mine: list[int]) -> None:
        with app.app_context():
            at_once.wait()
            for report in mine:
                try:
                    run(report, store)
                except BaseException as error:  # noqa: BLE001 - told to the test below
                    failures.append(error)

    threads = [threading.Thread(target=work_off, args=(reports[n::5],)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (count(Case), count(Attachment), count(Place)) == (1, 10, 1)
    assert case_of(reports[0]).report_count == 10


def test_a_rehearsal_leaves_nothing_behind() -> None:
    triage_rehearsal.rehearse()
    assert [count(model) for model in (Case, Attachment, Place, Report, OutboxEntry)] == [0] * 5
