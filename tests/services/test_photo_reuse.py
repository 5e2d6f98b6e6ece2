"""Photos used before are found: among many, whichever comes first, and when they are proofs."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete, select

from tests import pictures
from tests.servers import triage_scene as scene
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.duplicates import MOST_COMPARISONS
from webapp.extensions import db
from webapp.models import Attachment, Case, Photo, PhotoPrint, PhotoReuse, Report
from webapp.services import (
    candidates,
    outbox,
    photo_preparation,
    photo_prints,
    photo_reuse,
    triage,
    triage_policy,
)
from webapp.services.comparisons import Comparisons, photos_to_compare
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context", "units")

Send = Callable[..., int]

MARKET = pictures.street(11)
FAR_M = 3_000


@pytest.fixture
def units(context: None) -> dict[str, int]:
    """Two communes under a supervising unit."""
    return scene.build_district()


@pytest.fixture
def store(app: Flask) -> PhotoStore:
    """Where the photos of the application lie, for its commands look there."""
    return PhotoStore(app.extensions["settings"].photo_folder)


@pytest.fixture
def add(store: PhotoStore) -> Send:
    """Take a report in; return its id."""

    def add_one(*photos: bytes, north_m: float = 0.0) -> int:
        fix = (scene.WEST[0] + north_m * scene.TEN_METRES / 10, scene.WEST[1])
        return scene.add_report(store=store, photos=photos, fix=fix)

    return add_one


def run(report_id: int, store: PhotoStore) -> None:
    lease = outbox.lease("triage_report", str(report_id), seconds=60)
    assert lease is not None
    triage.triage_report(report_id, lease, store)


def reuses() -> list[PhotoReuse]:
    db.session.rollback()
    return list(db.session.scalars(select(PhotoReuse).order_by(PhotoReuse.photo_id)))


def photo_of(report_id: int) -> Photo:
    db.session.rollback()
    return db.session.scalars(select(Photo).where(Photo.report_id == report_id)).one()


def add_prints(of: str, count: int, flipped: int) -> None:
    """Keep prints that share the lowest quarter of a picture's hash, and little else."""
    with transaction() as work:
        row = work.session.get_one(PhotoPrint, of)
        word = photo_prints.as_unsigned(row.perceptual_hash) ^ flipped
        first, second, third, fourth = photo_prints.quarters(word)
        for number in range(count):
            work.session.add(
                PhotoPrint(
                    received_sha256=f"{number:064x}",
                    version=row.version,
                    perceptual_hash=photo_prints.as_signed(word),
                    quarter_0=first,
                    quarter_1=second,
                    quarter_2=third,
                    quarter_3=fourth,
                    features=row.features,
                    made_at=clock.now().replace(year=2020),
                )
            )


def test_a_picture_is_found_behind_many_older_ones_that_only_share_a_quarter(
    add: Send, store: PhotoStore
) -> None:
    first = add(pictures.seen_from(MARKET, 0, quality=90))
    run(first, store)
    add_prints(photo_of(first).received_sha256, 60, flipped=0xFFFF << 48)
    second = add(pictures.seen_from(MARKET, 0, quality=55), north_m=FAR_M)
    run(second, store)
    assert [reuse.kind for reuse in reuses()] == ["elsewhere"]


def test_the_later_of_two_is_flagged_though_it_is_triaged_first(
    add: Send, store: PhotoStore
) -> None:
    earlier = add(pictures.seen_from(MARKET, 0, quality=90))
    later = add(pictures.seen_from(MARKET, 0, quality=55), north_m=FAR_M)
    run(later, store)
    assert reuses() == []
    run(earlier, store)
    (reuse,) = reuses()
    assert (reuse.photo_id, reuse.earlier_photo_id) == (photo_of(later).id, photo_of(earlier).id)
    assert (reuse.kind, round(reuse.distance_m or 0, -2)) == ("elsewhere", FAR_M)


def test_what_is_found_before_the_others_place_is_settled_is_told_rightly_in_the_end(
    add: Send, store: PhotoStore
) -> None:
    earlier = add(pictures.seen_from(MARKET, 0))
    later = add(pictures.seen_from(MARKET, 0), north_m=FAR_M)
    photo_preparation.prepare_photos_of(later, store)
    run(earlier, store)
    assert [(reuse.kind, reuse.distance_m) for reuse in reuses()] == [("other_sender", None)]
    run(later, store)
    assert [reuse.kind for reuse in reuses()] == ["elsewhere"]


@pytest.mark.parametrize(("north_m", "kind"), [(0.0, "other_sender"), (FAR_M, "elsewhere")])
def test_the_proof_of_a_case_sent_as_evidence_is_flagged(
    add: Send, store: PhotoStore, north_m: float, kind: str
) -> None:
    report = add(pictures.seen_from(MARKET, 0))
    run(report, store)
    proof = prove(report, pictures.seen_from(pictures.street(12), 0, quality=90), store)
    copy = add(pictures.seen_from(pictures.street(12), 0, quality=60), north_m=north_m)
    run(copy, store)
    (reuse,) = reuses()
    assert (reuse.photo_id, reuse.earlier_photo_id) == (photo_of(copy).id, proof)
    assert reuse.kind == kind


def prove(report_id: int, picture: bytes, store: PhotoStore) -> int:
    """Give the case of a report an after-photo, prepared as the worker does it; return its id."""
    with transaction() as work:
        case_id = work.session.scalars(
            select(Attachment.case_id).where(Attachment.report_id == report_id)
        ).one()
        photo = Photo(
            case_id=case_id,
            role="after",
            sort_order=0,
            received_sha256=store.put(picture),
            media_type="image/jpeg",
            byte_size=len(picture),
            width_px=640,
            height_px=480,
            received_at=clock.now(),
            state="pending",
            review="shown",
        )
        work.session.add(photo)
        work.session.flush()
        photo_id = photo.id
        work.ask("prepare_photo", photo_id)
    lease = outbox.lease("prepare_photo", str(photo_id), seconds=60)
    assert lease is not None
    photo_preparation.prepare_photo(photo_id, lease, store)
    return photo_id


def test_flagging_twice_writes_once(add: Send, store: PhotoStore) -> None:
    reports = [add(pictures.seen_from(MARKET, 0), north_m=far) for far in (0.0, FAR_M)]
    for report in reports * 2:
        if photo_of(report).state == "pending":
            run(report, store)
        with transaction() as work:
            photo_reuse.flag(work.session, work.session.get_one(Report, report), Comparisons())
    assert [reuse.kind for reuse in reuses()] == ["elsewhere"]


# ---- prints that are missing -----------------------------------------------------------------


def forget_prints() -> None:
    with transaction() as work:
        work.session.execute(delete(PhotoPrint))


def test_only_photos_that_will_be_compared_are_printed(add: Send, store: PhotoStore) -> None:
    run(add(pictures.seen_from(MARKET, 0)), store)
    case = db.session.scalars(select(Case)).one()
    (near,) = candidates.neighbours(db.session(), scene_position(case), [case.lead_unit_id])
    many = tuple(
        photo_prints.Printed(number, number, f"{number:064x}", f"{number:064x}")
        for number in range(200)
    )
    own = [photo_prints.Printed(900, 900, "f" * 64, "f" * 64)]
    crowd = [candidates.Neighbour(near.candidate, many)]
    weights = triage_policy.fitted_weights()
    (sighting,) = near.candidate.sightings
    chosen = photos_to_compare(sighting, own, crowd, weights)
    assert chosen[0] == own[0]
    assert len(chosen) == 1 + MOST_COMPARISONS
    assert photos_to_compare(None, own, crowd, weights) == own


def scene_position(case: Case) -> candidates.geo.Position:
    return candidates.geo.Position(case.latitude, case.longitude)


def test_a_photo_that_cannot_be_printed_is_tried_once(add: Send, store: PhotoStore) -> None:
    report = add(pictures.seen_from(MARKET, 0))
    run(report, store)
    forget_prints()
    (photo,) = photo_prints.ready_photos(db.session(), [report])
    path = store.derivative_path(photo.large_sha256)
    path.chmod(0o600)
    path.write_bytes(scene.damaged(path.read_bytes()))
    assert photo_prints.take_missing([photo], store) == {"unprintable": 1}
    assert photo_prints.take_missing([photo], store) == {}
    sha256 = photo.received_sha256
    assert photo_prints.prints_of(db.session(), [sha256]) == {}
    assert Comparisons().likenesses(db.session(), [(sha256, "a" * 64)]) == [None]
    with transaction() as work:
        photo_reuse.flag(work.session, work.session.get_one(Report, report), Comparisons())
    assert reuses() == []


def test_a_derivative_that_is_away_is_tried_again(add: Send, store: PhotoStore) -> None:
    report = add(pictures.seen_from(MARKET, 0))
    run(report, store)
    forget_prints()
    (photo,) = photo_prints.ready_photos(db.session(), [report])
    path = store.derivative_path(photo.large_sha256)
    away = path.rename(path.with_suffix(".away"))
    assert photo_prints.take_missing([photo], store) == {"away": 1}
    away.rename(path)
    assert photo_prints.take_missing([photo], store) == {"taken": 1}


def test_a_command_takes_the_prints_of_older_photos_and_goes_on_where_it_stopped(
    app: Flask, add: Send, store: PhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_prints, "_BATCH", 2)
    reports = [add(pictures.seen_from(pictures.street(seed), 0)) for seed in (11, 12, 13)]
    for report in reports:
        run(report, store)
    prove(reports[0], pictures.seen_from(pictures.street(14), 0), store)
    forget_prints()
    next(photo_prints.take_all_missing(store))
    assert photo_prints.count_missing() == 2
    result = app.test_cli_runner().invoke(args=["duplicates", "prints"])
    assert result.exit_code == 0, result.output
    assert "Đã xem 2/2 ảnh." in result.output
    assert "Đã lấy 2 dấu ảnh; 0 ảnh không đọc được; 0 ảnh chưa thấy tệp." in result.output
    assert photo_prints.count_missing() == 0
