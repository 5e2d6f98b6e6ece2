"""What a case goes through: every change an event, one winner among many, nothing lost."""

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from tests import pictures
from tests.servers.casework_history import check_history, events_of, reread, seen
from tests.servers.casework_scene import (
    SPOT,
    District,
    add_photo,
    attach,
    build_district,
    jpeg,
    make_case,
    make_officer,
    moments_ago,
)
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.errors import AnLoError, Conflict, InvalidInput, NotAllowed, NotFound
from webapp.extensions import db
from webapp.models import (
    Case,
    CaseView,
    Officer,
    OutboxEntry,
    Photo,
    Place,
    WordsReview,
)
from webapp.services import casefile, casework, casework_acts
from webapp.services.casework_acts import Review, Seen
from webapp.services.casework_proof import Proof, resolve
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def district(context: None) -> District:
    return build_district()


@pytest.fixture
def officer(district: District) -> Officer:
    return make_officer(district.commune_id)


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    return PhotoStore(tmp_path / "photos")


def sha256_of(stream: BytesIO) -> str:
    return hashlib.sha256(stream.getvalue()).hexdigest()


def test_numbers_count_up_within_a_year(district: District) -> None:
    first, second = make_case(district.commune_id), make_case(district.commune_id)
    year = clock.now().astimezone(clock.LOCAL_ZONE).year
    assert [first.number, second.number] == [f"NH-{year}-00001", f"NH-{year}-00002"]


def test_a_case_goes_from_new_to_resolved(
    district: District, officer: Officer, store: PhotoStore
) -> None:
    case = make_case(district.commune_id, severity=3)
    casework_acts.acknowledge(officer, seen(case))
    casework_acts.start(officer, seen(case), "nhắc 11 hộ")
    resolve(officer, seen(case), Proof(jpeg(), "Đã dọn sạch vỉa hè.", is_shown=True), store)

    done = reread(case)
    assert (done.status, done.is_open, done.version) == ("resolved", False, 5)
    assert done.public_sentence == "Đã dọn sạch vỉa hè."
    assert [event.kind for event in events_of(case)] == [
        "opened",
        "first_viewed",
        "acknowledged",
        "started",
        "resolved",
    ]


def test_the_row_is_what_its_events_add_up_to_and_every_seal_holds(
    district: District, officer: Officer, store: PhotoStore
) -> None:
    case = make_case(district.commune_id)
    attach(case.number, install_key_hash="a" * 64, captured_at=moments_ago(hours=2))
    attach(case.number, install_key_hash="b" * 64, captured_at=moments_ago(hours=3))
    casework_acts.record_view(officer, case.number)
    casework_acts.raise_severity(officer, seen(case), 4, "trẻ em đi qua")
    casework_acts.acknowledge(officer, seen(case))
    resolve(officer, seen(case), Proof(jpeg(), "Đã xong."), store)

    check_history(case)


def test_a_changed_case_without_its_event_is_refused_by_the_database(district: District) -> None:
    case = make_case(district.commune_id)
    with pytest.raises(DBAPIError), transaction() as work:
        work.session.get_one(Case, case.id).severity = 4


def test_of_sixteen_officers_who_act_at_once_one_wins(app: Flask, district: District) -> None:
    case = make_case(district.commune_id)
    ids = [make_officer(district.commune_id).id for _ in range(16)]
    version, number = case.version, case.number
    start = threading.Barrier(len(ids))
    outcomes: list[str] = []

    def act(officer_id: int) -> None:
        with app.app_context():
            start.wait(timeout=30)
            try:
                officer = db.session.get_one(Officer, officer_id)
                casework_acts.acknowledge(officer, Seen(number, version))
                outcomes.append("won")
            except AnLoError as error:
                outcomes.append(error.code if isinstance(error, Conflict) else repr(error))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=act, args=(officer_id,)) for officer_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["case_changed"] * 15 + ["won"]
    assert [event.kind for event in events_of(case)] == ["opened", "first_viewed", "acknowledged"]


def test_whoever_may_not_see_a_case_is_told_that_there_is_none(district: District) -> None:
    case = make_case(district.commune_id)
    for stranger in (
        make_officer(district.other_commune_id),
        make_officer(district.district_id, "administrator"),
    ):
        with pytest.raises(NotFound):
            casefile.read_case(stranger, case.number)
        with pytest.raises(NotFound):
            casework_acts.acknowledge(stranger, seen(case))


def test_those_above_read_every_case_and_do_no_casework(district: District) -> None:
    case = make_case(district.commune_id)
    supervisor = make_officer(district.district_id, "supervisor")
    overseer = make_officer(district.district_id, "overseer")
    allowed = {"raise_severity", "add_note", "link_crossing"}
    assert casefile.read_case(supervisor, case.number).acts == allowed
    assert casefile.read_case(overseer, case.number).acts == frozenset()
    with pytest.raises(NotAllowed):
        casework_acts.acknowledge(supervisor, seen(case))
    with pytest.raises(NotAllowed):
        casework_acts.raise_severity(overseer, seen(case), 4)


def test_the_lead_units_first_view_is_an_event_and_each_officers_is_kept(
    district: District, officer: Officer
) -> None:
    case = make_case(district.commune_id)
    supervisor = make_officer(district.district_id, "supervisor")
    for viewer in (supervisor, officer, officer, make_officer(district.commune_id)):
        casework_acts.record_view(viewer, case.number)
    first = [event for event in events_of(case) if event.kind == "first_viewed"]
    assert [event.actor_id for event in first] == [officer.id]
    assert len(db.session.scalars(select(CaseView)).all()) == 3
    assert reread(case).first_viewed_at == first[0].at


def test_witnesses_are_phones_and_anonymous_repeats_count_once_a_day(district: District) -> None:
    case = make_case(district.commune_id)
    # At ten in the morning there: five minutes later is the same day.
    monday = moments_ago(days=2).replace(hour=3)
    for install_key_hash, moment in (
        ("a" * 64, monday),
        ("a" * 64, clock.now()),
        ("b" * 64, monday),
        (None, monday),
        (None, monday + timedelta(minutes=5)),
        (None, clock.now()),
    ):
        attach(case.number, install_key_hash=install_key_hash, received_at=moment)
    fresh = reread(case)
    assert (fresh.report_count, fresh.witness_count) == (6, 4)


def test_raising_the_severity_never_moves_a_deadline_away(
    district: District, officer: Officer
) -> None:
    case = make_case(district.commune_id, severity=1)
    before = (case.acknowledge_due_at, case.resolve_due_at)
    casework_acts.raise_severity(officer, seen(case), 3)
    raised = reread(case)
    assert raised.severity == 3
    assert raised.acknowledge_due_at <= before[0]
    assert raised.resolve_due_at < before[1]
    with pytest.raises(InvalidInput, match="severity_not_higher"):
        casework_acts.raise_severity(officer, seen(case), 2)


def test_resolving_needs_a_photo_and_a_sentence(
    district: District, officer: Officer, store: PhotoStore
) -> None:
    case = make_case(district.commune_id)
    casework_acts.acknowledge(officer, seen(case))
    with pytest.raises(InvalidInput, match="after_photo_needed"):
        resolve(officer, seen(case), Proof(None, "Đã xong."), store)
    with pytest.raises(InvalidInput, match="public_sentence_needed"):
        resolve(officer, seen(case), Proof(jpeg(), "  "), store)
    assert reread(case).status == "acknowledged"
    assert db.session.scalars(select(Photo)).all() == []


def test_the_proof_is_kept_as_received_and_waits_for_its_derivatives(
    district: District, officer: Officer, store: PhotoStore
) -> None:
    case = make_case(district.commune_id)
    casework_acts.acknowledge(officer, seen(case))
    photo_bytes = jpeg().getvalue()
    resolve(officer, seen(case), Proof(jpeg(), "Đã xong."), store)
    photo = db.session.scalars(select(Photo)).one()
    assert (photo.role, photo.case_id, photo.review) == ("after", reread(case).id, "pending")
    assert store.path(photo.received_sha256).read_bytes() == photo_bytes
    asked = db.session.scalars(select(OutboxEntry).where(OutboxEntry.kind == "prepare_photo")).one()
    assert asked.subject == str(photo.id)


@pytest.mark.parametrize("copy", ["received", "original", "shown"])
def test_a_photo_of_the_case_is_no_proof_of_its_end(
    district: District, officer: Officer, store: PhotoStore, copy: str
) -> None:
    case = make_case(district.commune_id)
    sha256 = sha256_of(jpeg())
    other = {"sha256": "1" * 64}
    photo = add_photo(attach(case.number).id, **{"sha256": sha256} if copy == "shown" else other)
    if copy != "shown":
        with transaction() as work:
            setattr(work.session.get_one(Photo, photo.id), f"{copy}_sha256", sha256)
    casework_acts.acknowledge(officer, seen(case))
    with pytest.raises(InvalidInput, match="after_photo_known"):
        resolve(officer, seen(case), Proof(jpeg(), "Đã xong."), store)
    assert reread(case).status == "acknowledged"


def test_the_proof_of_an_earlier_case_at_the_place_is_no_proof_again(
    district: District, officer: Officer, store: PhotoStore
) -> None:
    first, beside = make_case(district.commune_id), make_case(district.commune_id)
    with transaction() as work:
        relapse = casework.open_case(
            work,
            place=work.session.get_one(Place, first.place_id),
            category_code=first.category_code,
            unit_id=district.commune_id,
            position=SPOT,
            severity=1,
            now=clock.now(),
        )
    for case in (first, relapse, beside):
        casework_acts.acknowledge(officer, seen(case))
    resolve(officer, seen(first), Proof(jpeg(), "Đã xong."), store)
    with pytest.raises(InvalidInput, match="after_photo_known"):
        resolve(officer, seen(relapse), Proof(jpeg(), "Đã xong."), store)
    resolve(officer, seen(beside), Proof(jpeg(), "Cùng một ảnh, hai điểm cạnh nhau."), store)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_proof_without_its_pixels_does_not_resolve_a_case(
    district: District, officer: Officer, store: PhotoStore, share: float
) -> None:
    case = make_case(district.commune_id)
    casework_acts.acknowledge(officer, seen(case))
    whole = pictures.photo(size=(1200, 900))
    with pytest.raises(InvalidInput, match="after_photo_unreadable"):
        resolve(officer, seen(case), Proof(BytesIO(whole[: int(len(whole) * share)]), "X."), store)
    assert reread(case).status == "acknowledged"
    assert db.session.scalars(select(Photo)).all() == []


def test_what_a_proof_claims_is_read_and_compared_with_the_evidence(
    district: District, officer: Officer, store: PhotoStore
) -> None:
    case = make_case(district.commune_id)
    captured_at = datetime(2026, 6, 18, 5, 0, tzinfo=UTC)
    attach(case.number, captured_at=captured_at)
    casework_acts.acknowledge(officer, seen(case))

    def proof(moment: str) -> Proof:
        claims = pictures.exif(captured_at=moment, offset="+07:00", position=(11.6402, 109.15))
        return Proof(BytesIO(pictures.photo(exif=claims)), "Đã xong.")

    with pytest.raises(InvalidInput, match="after_photo_too_early"):
        resolve(officer, seen(case), proof("2026:06:18 12:00:00"), store)
    resolve(officer, seen(case), proof("2026:06:18 12:00:01"), store)
    photo = db.session.scalars(select(Photo)).one()
    assert photo.captured_at == captured_at + timedelta(seconds=1)
    assert events_of(case)[-1].data["photo_distance_m"] == 0


def test_a_new_case_cannot_be_resolved(
    district: District, officer: Officer, store: PhotoStore
) -> None:
    case = make_case(district.commune_id)
    with pytest.raises(NotAllowed) as refused:
        resolve(officer, seen(case), Proof(jpeg(), "Đã xong."), store)
    assert refused.value.details["reason"] == "wrong_status"


def test_a_photo_is_shown_or_kept_private_with_a_reason(
    district: District, officer: Officer
) -> None:
    case = make_case(district.commune_id)
    report = attach(case.number)
    photo = add_photo(report.id)
    with pytest.raises(InvalidInput, match="private_needs_reason"):
        casework_acts.review_photo(officer, seen(case), photo.id, Review("private"))
    hidden = Review("private", "plate_visible", "biển số xe tải")
    casework_acts.review_photo(officer, seen(case), photo.id, hidden)
    assert db.session.get_one(Photo, photo.id).review == "private"
    casework_acts.review_photo(officer, seen(case), photo.id, Review("shown"))
    last = events_of(case)[-1]
    assert (last.kind, last.data) == (
        "photo_reviewed",
        {"photo_id": photo.id, "review": "shown"},
    )


def test_a_photo_of_another_case_or_without_pixels_is_not_shown(
    district: District, officer: Officer
) -> None:
    case, other = make_case(district.commune_id), make_case(district.commune_id)
    foreign = add_photo(attach(other.number).id)
    broken = add_photo(attach(case.number).id, state="unreadable")
    with pytest.raises(NotFound):
        casework_acts.review_photo(officer, seen(case), foreign.id, Review("shown"))
    with pytest.raises(NotAllowed, match="photo_not_ready"):
        casework_acts.review_photo(officer, seen(case), broken.id, Review("shown"))


def test_words_are_reviewed_apart_from_photos(district: District, officer: Officer) -> None:
    case = make_case(district.commune_id)
    report = attach(case.number, description="Sạp bày hết vỉa hè.")
    silent = attach(case.number)
    casework_acts.review_words(officer, seen(case), report.id, Review("shown"))
    assert db.session.get_one(WordsReview, report.id).review == "shown"
    with pytest.raises(NotFound):
        casework_acts.review_words(officer, seen(case), silent.id, Review("shown"))


def test_whoever_acts_has_viewed_the_case(district: District, officer: Officer) -> None:
    case = make_case(district.commune_id)
    casework_acts.acknowledge(officer, seen(case))
    viewed, acknowledged = events_of(case)[1:]
    assert (viewed.kind, acknowledged.kind) == ("first_viewed", "acknowledged")
    assert viewed.actor_id == officer.id
    assert reread(case).first_viewed_at == viewed.at
    assert db.session.get(CaseView, (case.id, officer.id)) is not None


def test_a_mere_view_makes_no_page_stale(district: District, officer: Officer) -> None:
    case = make_case(district.commune_id)
    before = seen(case)
    casework_acts.record_view(make_officer(district.commune_id), case.number)
    casework_acts.acknowledge(officer, before)
    assert reread(case).status == "acknowledged"


def test_a_version_that_never_was_is_a_conflict(district: District, officer: Officer) -> None:
    case = make_case(district.commune_id)
    with pytest.raises(Conflict):
        casework_acts.acknowledge(officer, Seen(case.number, case.version + 1))


def test_words_are_kept_without_what_no_database_takes(
    district: District, officer: Officer
) -> None:
    case = make_case(district.commune_id)
    casework_acts.add_note(officer, seen(case), "gọi\0 trưởng thôn")
    assert events_of(case)[-1].words == "gọi trưởng thôn"


def test_a_stale_version_changes_nothing(district: District, officer: Officer) -> None:
    case = make_case(district.commune_id)
    stale = seen(case)
    casework_acts.add_note(officer, stale, "gọi trưởng thôn")
    with pytest.raises(Conflict, match="case_changed"):
        casework_acts.add_note(officer, stale, "gọi lại")
    assert [event.words for event in events_of(case)] == [None, None, "gọi trưởng thôn"]


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda o, s: casework_acts.add_note(o, s, "   "), "note_empty"),
        (lambda o, s: casework_acts.add_note(o, s, "a" * 2001), "words_too_long"),
    ],
)
def test_a_note_says_something_and_not_too_much(
    district: District, officer: Officer, act: Callable[[Officer, Seen], None], code: str
) -> None:
    case = make_case(district.commune_id)
    with pytest.raises(InvalidInput, match=code):
        act(officer, seen(case))
