"""Triage that compares: photos of one scene, twins, photos used before, and what ended before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from tests import pictures
from tests.servers import triage_scene as scene
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Case,
    MergeSuggestion,
    Officer,
    Photo,
    PhotoPrint,
    PhotoReuse,
    Report,
    ReportTriage,
)
from webapp.services import (
    casework,
    outbox,
    photo_prints,
    photo_reuse,
    triage,
    triage_acts,
    triage_policy,
)
from webapp.services.comparisons import Comparisons
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context", "units")

Send = Callable[..., int]

MARKET = pictures.street(11)
CORNER = pictures.street(12)


@pytest.fixture
def units(context: None) -> dict[str, int]:
    """Two communes under a supervising unit."""
    return scene.build_district()


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """Where the photos of a test lie."""
    return scene.store_in(tmp_path)


@pytest.fixture
def send(store: PhotoStore) -> Send:
    """Take a report in and triage it at once; return its id."""

    def send_one(*photos: bytes, north_m: float = 0.0, **facts: object) -> int:
        here = (scene.WEST[0] + north_m * scene.TEN_METRES / 10, scene.WEST[1])
        report = scene.add_report(store=store, photos=photos, **({"fix": here} | facts))
        run(report, store)
        return report

    return send_one


def run(report_id: int, store: PhotoStore) -> None:
    lease = outbox.lease("triage_report", str(report_id), seconds=60)
    assert lease is not None
    triage.triage_report(report_id, lease, store)


def run_again(report_id: int, store: PhotoStore) -> None:
    with transaction() as work:
        work.ask("triage_report", report_id)
    run(report_id, store)


def case_of(report_id: int) -> Case:
    db.session.rollback()
    return db.session.scalars(
        select(Case)
        .join(Attachment)
        .where(Attachment.report_id == report_id)
        .execution_options(populate_existing=True)
    ).one()


def terms_of(report_id: int) -> dict[str, object]:
    db.session.rollback()
    return db.session.scalars(
        select(Attachment.terms).where(Attachment.report_id == report_id)
    ).one()


def standing(report_id: int) -> ReportTriage:
    db.session.rollback()
    return db.session.get_one(ReportTriage, report_id)


def resolve(case: Case, *, proof_ago: timedelta, resolved_ago: timedelta | None = None) -> None:
    """Let a case be resolved in the past, with a proof that was captured then."""
    resolved_at = clock.now() - (proof_ago if resolved_ago is None else resolved_ago)
    with transaction() as work:
        again = work.session.get_one(Case, case.id)
        officer = work.session.scalars(select(Officer).where(Officer.role == "officer")).one()
        for kind, data in (
            ("acknowledged", {}),
            (
                "resolved",
                {"public_sentence": "Đã dọn.", "photo_captured_at": clock.now() - proof_ago},
            ),
        ):
            casework.append(work, again, kind, actor=officer, now=resolved_at, data=data)


# ---- photos that look alike --------------------------------------------------------------


def test_a_scene_from_another_side_joins_its_case_though_the_position_is_coarse(send: Send) -> None:
    first = send(pictures.seen_from(MARKET, -0.5), accuracy_m=30.0)
    second = send(pictures.seen_from(MARKET, 0.6), north_m=35, accuracy_m=30.0)
    assert case_of(second).id == case_of(first).id
    terms = terms_of(second)
    assert (terms["decision"], terms["photo_kind"]) == ("attach", "same_scene")
    assert int(str(terms["photo_points"])) > 30


def test_another_scene_near_by_opens_a_case_of_its_own(send: Send) -> None:
    first = send(pictures.seen_from(MARKET, 0), accuracy_m=30.0)
    second = send(pictures.seen_from(CORNER, 0), north_m=35, accuracy_m=30.0)
    assert case_of(second).id != case_of(first).id


def test_a_print_is_taken_once_and_kept_small(send: Send) -> None:
    photo = pictures.seen_from(MARKET, 0)
    send(photo), send(photo)
    kept = db.session.scalars(select(PhotoPrint)).all()
    assert len(kept) == 1
    assert len(kept[0].features) <= 65_536


def test_prints_of_photos_from_before_there_were_prints_are_taken_when_needed(
    send: Send,
    store: PhotoStore,
) -> None:
    send(pictures.seen_from(MARKET, -0.5))
    with transaction() as work:
        for kept in work.session.scalars(select(PhotoPrint)):
            work.session.delete(kept)
    second = send(pictures.seen_from(MARKET, 0.5))
    assert terms_of(second)["photo_kind"] == "same_scene"


def test_a_hash_comes_back_from_the_database_as_it_was() -> None:
    for word in (0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        assert photo_prints.as_signed(word) % (1 << 64) == word
        assert -(1 << 63) <= photo_prints.as_signed(word) < 1 << 63


# ---- twins ---------------------------------------------------------------------------------


def suggestions() -> list[MergeSuggestion]:
    db.session.rollback()
    return list(db.session.scalars(select(MergeSuggestion)))


@pytest.fixture
def careful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that attach nothing by themselves and suggest nearly everything."""
    fitted = triage_policy.fitted_weights()
    careful = replace(fitted, attach=1 - 1e-12, suggest=1e-6)
    monkeypatch.setattr(triage_policy, "fitted_weights", lambda: careful)


@pytest.mark.usefixtures("careful")
def test_a_report_that_may_belong_to_a_case_opens_its_own_and_names_the_twin(send: Send) -> None:
    first, second = send(), send(north_m=5)
    assert case_of(first).id != case_of(second).id
    (suggestion,) = suggestions()
    assert (suggestion.case_id, suggestion.other_case_id) == (case_of(second).id, case_of(first).id)
    assert (suggestion.report_id, suggestion.answer) == (second, None)
    assert suggestion.terms["decision"] == "suggest"
    assert suggestion.terms["probability"] == pytest.approx(suggestion.probability, abs=1e-3)


@pytest.mark.usefixtures("careful")
def test_triage_twice_suggests_once(send: Send, store: PhotoStore) -> None:
    send()
    second = send(north_m=5)
    run_again(second, store)
    assert len(suggestions()) == 1


@pytest.mark.usefixtures("careful")
def test_a_pair_that_a_person_answered_is_not_asked_again(send: Send) -> None:
    send(), send(north_m=5)
    with transaction() as work:
        asked = work.session.scalars(select(MergeSuggestion)).one()
        asked.answer, asked.answered_at = "separate", clock.now()
    send(north_m=3)
    answered = [each for each in suggestions() if each.answer == "separate"]
    assert len(answered) == 1
    pairs = {frozenset((each.case_id, each.other_case_id)) for each in suggestions()}
    assert len(pairs) == len(suggestions())


def test_a_resident_who_says_i_see_it_too_joins_without_a_photo(send: Send) -> None:
    first = send(pictures.seen_from(MARKET, 0), accuracy_m=15.0)
    second = send(north_m=14, accuracy_m=15.0, meant_case_number=case_of(first).number)
    assert case_of(second).id == case_of(first).id
    assert terms_of(second)["is_named"] is True


def test_naming_a_case_is_evidence_and_no_order(send: Send) -> None:
    first = send(pictures.seen_from(MARKET, 0), accuracy_m=5.0)
    second = send(north_m=160, accuracy_m=5.0, meant_case_number=case_of(first).number)
    assert case_of(second).id != case_of(first).id


def test_a_photo_taken_far_away_is_stronger_than_the_case_that_is_named(send: Send) -> None:
    first = send(pictures.seen_from(MARKET, 0), accuracy_m=5.0)
    three_km_north = (scene.WEST[0] + 300 * scene.TEN_METRES, scene.WEST[1])
    number = case_of(first).number
    second = send(scene.jpeg(position=three_km_north), fix=None, meant_case_number=number)
    assert case_of(second).id != case_of(first).id


def test_naming_a_case_without_any_position_is_for_a_person(send: Send) -> None:
    first = send(pictures.seen_from(MARKET, 0), accuracy_m=5.0)
    second = send(fix=None, meant_case_number=case_of(first).number)
    assert (standing(second).status, standing(second).hold_code) == ("held", "no_position")
    assert case_of(first).report_count == 1


def test_naming_a_case_that_does_not_exist_harms_nobody(send: Send) -> None:
    report = send(meant_case_number="NH-2026-99999")
    assert standing(report).status == "triaged"


def test_a_graver_kind_that_joins_a_lighter_case_raises_it(send: Send) -> None:
    photo = pictures.seen_from(MARKET, 0)
    first = send(photo, category="pavement_encroachment", accuracy_m=5.0)
    deadline = case_of(first).resolve_due_at
    second = send(photo, category="corridor_encroachment", accuracy_m=5.0)
    assert case_of(second).id == case_of(first).id
    assert (case_of(first).severity, case_of(first).category_code) == (2, "pavement_encroachment")
    assert case_of(first).resolve_due_at < deadline


# ---- photos used before --------------------------------------------------------------------


def reuses() -> list[PhotoReuse]:
    db.session.rollback()
    return list(db.session.scalars(select(PhotoReuse)))


def test_a_picture_from_elsewhere_is_flagged_and_opens_a_case(send: Send) -> None:
    first = send(pictures.seen_from(MARKET, 0, quality=90))
    second = send(pictures.seen_from(MARKET, 0, quality=55), north_m=3_000)
    assert case_of(first).id != case_of(second).id
    assert [(reuse.kind, round(reuse.distance_m or 0, -2)) for reuse in reuses()] == [
        ("elsewhere", 3_000)
    ]


def test_a_picture_that_another_phone_sent_before_is_flagged_where_it_joins(send: Send) -> None:
    photo = pictures.seen_from(MARKET, 0)
    first, second = send(photo), send(photo)
    assert case_of(first).id == case_of(second).id
    assert [reuse.kind for reuse in reuses()] == ["other_sender"]


def test_ones_own_picture_sent_again_at_its_place_is_not_flagged(send: Send) -> None:
    photo, key = pictures.seen_from(MARKET, 0), "a" * 64
    reports = [send(photo), send(photo)]
    with transaction() as work:
        for report_id in reports:
            work.session.get_one(Report, report_id).install_key_hash = key
        work.session.execute(delete(PhotoReuse))
    with transaction() as work:
        photo_reuse.flag(work.session, work.session.get_one(Report, reports[1]), Comparisons())
    assert reuses() == []


def test_plain_pictures_are_no_copies_of_each_other(send: Send) -> None:
    send(scene.jpeg())
    send(scene.jpeg(), north_m=3_000)
    assert reuses() == []


# ---- what ended before ----------------------------------------------------------------------


def captured(report_id: int, at_ago: timedelta) -> None:
    """Say of a report's photos that the phone took them so long ago."""
    with transaction() as work:
        for photo in work.session.scalars(select(Photo).where(Photo.report_id == report_id)):
            photo.captured_at = clock.now() - at_ago
        work.session.get_one(Report, report_id).device_fix_at = clock.now() - at_ago


@pytest.fixture
def resolved(send: Send) -> Case:
    """A case of the market that was reported three days ago and resolved two days ago."""
    report = send(
        pictures.seen_from(MARKET, 0),
        category="pavement_encroachment",
        received_at=clock.now() - timedelta(days=3),
    )
    case = case_of(report)
    resolve(case, proof_ago=timedelta(days=2))
    return case_of(report)


def again(store: PhotoStore, captured_ago: timedelta | None, **facts: object) -> int:
    """Send the market once more, captured so long ago, and triage that."""
    report = scene.add_report(
        store=store,
        photos=(pictures.seen_from(MARKET, 0.4),),
        category="pavement_encroachment",
        **facts,
    )
    if captured_ago is not None:
        captured(report, captured_ago)
    run(report, store)
    return report


def test_trouble_that_is_back_within_the_watch_period_is_a_relapse(
    resolved: Case, store: PhotoStore
) -> None:
    case = case_of(again(store, timedelta(minutes=5)))
    assert case.id != resolved.id
    assert (case.is_relapse, case.previous_case_id) == (True, resolved.id)
    assert (case.place_id, case.severity) == (resolved.place_id, resolved.severity + 1)
    assert case.is_open


def test_an_old_photo_that_arrives_late_joins_the_resolved_case_and_reopens_nothing(
    resolved: Case, store: PhotoStore
) -> None:
    report = again(store, timedelta(days=2, hours=12))
    case = case_of(report)
    assert (case.id, case.status, case.is_open) == (resolved.id, "resolved", False)
    assert terms_of(report)["decision"] == "late_evidence"
    assert case.report_count == 2


def test_a_photo_without_a_time_is_held_and_a_person_settles_it(
    resolved: Case, store: PhotoStore
) -> None:
    report = again(store, None)
    held = standing(report)
    assert (held.status, held.hold_code) == ("held", "uncertain_time")
    assert held.hold_details is not None
    assert held.hold_details["case_id"] == resolved.id
    supervisor = db.session.scalars(select(Officer).where(Officer.role == "supervisor")).one()
    before_proof = clock.now() - timedelta(days=2, hours=6)
    triage_acts.place(
        supervisor,
        report,
        triage_acts.Placing(
            position="",
            category_code="pavement_encroachment",
            unit_id=None,
            captured_at=before_proof.astimezone(clock.LOCAL_ZONE).strftime("%Y-%m-%dT%H:%M"),
        ),
        seen_at=held.updated_at,
    )
    run(report, store)
    assert case_of(report).id == resolved.id
    assert standing(report).captured_source == "person"


def test_after_the_watch_period_a_new_case_opens_at_the_same_place(
    send: Send, store: PhotoStore
) -> None:
    report = send(
        pictures.seen_from(MARKET, 0),
        category="pavement_encroachment",
        received_at=clock.now() - timedelta(days=90),
    )
    old = case_of(report)
    resolve(old, proof_ago=timedelta(days=80))
    case = case_of(again(store, timedelta(minutes=5)))
    assert (case.is_relapse, case.previous_case_id) == (False, old.id)
    assert (case.place_id, case.severity) == (old.place_id, 1)


@pytest.mark.parametrize(("accuracy_m", "cases"), [(5.0, 2), (12.0, 1)])
def test_a_case_of_another_commune_is_a_candidate_only_at_the_border_itself(
    store: PhotoStore, accuracy_m: float, cases: int
) -> None:
    photo = pictures.seen_from(MARKET, 0)
    latitude, border = scene.ON_THE_BORDER
    reports = [
        scene.add_report(
            store=store, photos=(photo,), fix=(latitude, border + away), accuracy_m=accuracy_m
        )
        for away in (-scene.TEN_METRES, scene.TEN_METRES)
    ]
    for report in reports:
        run(report, store)
    assert len({case_of(report).id for report in reports}) == cases
