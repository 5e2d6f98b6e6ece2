"""The demonstration: loaded through the real services, interrupted, continued, and left alone.

It exists only on SQLite, so it is tested on SQLite only; it is loaded once for all tests here.
"""

import hashlib
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from tests.servers.databases import SqliteDatabases
from tests.servers.environment import settings_for
from webapp import clock, demo
from webapp.adapters.photo_matcher import compare, take_print
from webapp.adapters.photo_store import PhotoStore
from webapp.app import create_app
from webapp.config import Settings
from webapp.demo import camera, journal, places
from webapp.demo.camera import PICTURES, Shot
from webapp.demo.stage import Stage
from webapp.demo.telling import Teller
from webapp.domain import casework as rules
from webapp.domain.casework import ROLES
from webapp.domain.triage import HOLD_CODES
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Case,
    CaseEvent,
    Contact,
    Coordination,
    Crossing,
    CrossingPhoto,
    LabelledPair,
    MergeSuggestion,
    Notification,
    Officer,
    OutboxEntry,
    Photo,
    PhotoReuse,
    Report,
    ReportTriage,
    Tally,
    Transfer,
    Unit,
)
from webapp.services import accounts, intake, territory, triage
from webapp.services.crossings_cases import on_case

# Everybody here shares one loaded demonstration, so they share one worker of pytest too.
pytestmark = pytest.mark.xdist_group("demo")


class PowerCut(BaseException):
    """What ends a load in the middle."""


def with_messages_in_files(app: Flask) -> Settings:
    """Let messages be written beside the database, as `make run` does for the demonstration."""
    settings: Settings = app.extensions["settings"]
    messages = replace(settings.messages, folder=settings.var / "mail")
    app.extensions["settings"] = replace(settings, messages=messages)
    return replace(settings, messages=messages)


@pytest.fixture(scope="module")
def loaded(
    sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """An application whose demonstration was cut off three times while it loaded."""
    folder = tmp_path_factory.mktemp("demo")
    with sqlite_databases.copied(folder) as url:
        app = create_app(settings_for(url, folder / "var"))
        with app.app_context():
            settings = with_messages_in_files(app)
            _load_until(settings, triage, "triage_report", after=20)
            _load_until(settings, Stage, "resolve", after=12)
            # Everything was told, merges and splits as well: it is told once more.
            _load_until(settings, Teller, "_count_days", after=0)
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
        "new": 16,
        "acknowledged": 8,
        "in_progress": 9,
        "resolved": 20,
    }


def test_a_report_is_held_for_every_reason_and_one_is_dismissed() -> None:
    standings = db.session.scalars(select(ReportTriage)).all()
    assert Counter(standing.status for standing in standings) == {
        "triaged": 78,
        "held": 11,
        "dismissed": 1,
    }
    held = {standing.hold_code for standing in standings if standing.status == "held"}
    # The table that ships names somebody for every kind of trouble on every ground.
    assert held == set(HOLD_CODES) - {"no_responsible_unit"}


def test_every_commune_has_open_and_resolved_work() -> None:
    rows = db.session.execute(
        select(Case.commune_id, Case.is_open).distinct().order_by(Case.commune_id)
    )
    by_commune: dict[int, set[bool]] = {}
    for commune_id, is_open in rows:
        by_commune.setdefault(commune_id, set()).add(is_open)
    assert len(by_commune) == 9
    assert all(states == {True, False} for states in by_commune.values())


def test_there_are_late_cases_unseen_ones_and_many_witnesses() -> None:
    cases = db.session.scalars(select(Case)).all()
    now = clock.now()
    assert sum(case.is_open and case.due_at < now for case in cases) >= 5
    assert sum(case.first_viewed_at is None for case in cases) >= 5
    assert max(case.witness_count for case in cases) == 11
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
    # The district, its nine communes, and three that manage the roads and the railway.
    assert db.session.scalar(select(func.count(Unit.id))) == 13
    assert db.session.scalar(select(func.count(CaseEvent.id))) == 328


def test_the_register_of_crossings_says_that_it_is_made_up_and_was_told_once() -> None:
    rows = db.session.scalars(select(Crossing)).all()
    assert [row.is_fabricated for row in rows] == [True] * 5
    assert {row.state for row in rows} == {"open", "restricted", "closed"}
    assert any("guarded" in row.measures for row in rows)
    assert sum(row.version for row in rows) == 9
    assert all(photo.large_sha256 for photo in db.session.scalars(select(CrossingPhoto)))
    linked = db.session.scalars(select(Case).where(Case.crossing_id.is_not(None))).all()
    assert len(linked) == 3
    crossing_cases = select(Case).where(Case.category_code == "self_opened_crossing")
    officer = db.session.scalars(select(Officer)).first()
    assert officer is not None
    told = [on_case(officer, case) for case in db.session.scalars(crossing_cases)]
    assert len([each for each in told if each and each.is_asked]) == 1


def test_no_work_is_left_and_the_figures_are_counted() -> None:
    assert db.session.scalars(select(OutboxEntry).where(OutboxEntry.done_at.is_(None))).all() == []
    assert db.session.scalar(select(func.sum(Tally.opened))) == 52
    assert db.session.scalar(select(func.sum(Tally.resolved))) == 20


def test_residents_who_left_a_number_said_yes_and_were_told_in_files(loaded: Flask) -> None:
    settings: Settings = loaded.extensions["settings"]
    rows = db.session.scalars(select(Notification)).all()
    told = {(row.kind, row.state) for row in rows}
    assert {("confirm", "sent"), ("received", "sent")} <= told
    written_to_files = {file.stem for file in (settings.var / "mail").glob("*.json")}
    assert written_to_files == {row.id for row in rows if row.state == "sent"}
    assert db.session.scalars(select(Contact).where(Contact.confirmed_at.is_(None))).all() == []


def test_every_resolved_case_shows_its_proof(loaded: Flask) -> None:
    proofs = db.session.scalars(select(Photo).where(Photo.role == "after")).all()
    assert len(proofs) == 20
    assert {(photo.state, photo.review) for photo in proofs} == {("ready", "shown")}
    store = PhotoStore(loaded.extensions["settings"].photo_folder)
    with Image.open(store.derivative_path(str(proofs[0].large_sha256))) as image:
        assert image.size == camera.LYING


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


MARKET_PHOTOS = 10


def _market() -> Case:
    """Return the case with the most reports: the pavement before the market of Vĩnh Hải."""
    return db.session.scalars(select(Case).order_by(Case.report_count.desc())).all()[0]


def _attachments(case: Case) -> list[Attachment]:
    """Return every attachment of a case, the report that opened it first."""
    query = select(Attachment).where(Attachment.case_id == case.id).order_by(Attachment.id)
    return list(db.session.scalars(query))


def _photos(attachments: list[Attachment]) -> list[Photo]:
    reports = [attachment.report_id for attachment in attachments]
    return list(db.session.scalars(select(Photo).where(Photo.report_id.in_(reports))))


def test_ten_photos_of_one_market_became_one_case() -> None:
    case = _market()
    opened, *joined = _attachments(case)
    assert opened.terms["decision"] == "open"
    assert {each.terms["decision"] for each in joined} == {"attach"}
    assert len(_photos([opened, *joined])) == MARKET_PHOTOS
    assert (case.report_count, case.witness_count) == (12, 11)
    assert case.is_open
    # Nothing else stands at that place, and nobody had to be asked.
    assert db.session.scalars(select(Case.id).where(Case.place_id == case.place_id)).all() == [
        case.id
    ]


def test_the_machine_saw_that_the_markets_photos_show_one_scene() -> None:
    joined = _attachments(_market())[1:]
    with_photo = [each.terms for each in joined if not each.terms["is_named"]]
    assert len(with_photo) == MARKET_PHOTOS - 1
    assert {terms["photo_kind"] for terms in with_photo} == {"same_scene"}
    assert min(terms["photo_points"] for terms in with_photo) >= 20


def test_two_witnesses_of_the_market_only_said_that_they_saw_it_too() -> None:
    case = _market()
    named = [each for each in _attachments(case) if each.terms.get("is_named")]
    reports = [db.session.get_one(Report, each.report_id) for each in named]
    assert [report.meant_case_number for report in reports] == [case.number] * 2
    assert _photos(named) == []
    assert {each.terms["photo_kind"] for each in named} == {"not_compared"}


def _pair(suggestion: MergeSuggestion) -> tuple[Case, Case]:
    return (
        db.session.get_one(Case, suggestion.other_case_id),
        db.session.get_one(Case, suggestion.case_id),
    )


def test_three_pairs_wait_for_an_officer_and_no_others() -> None:
    waiting = db.session.scalars(
        select(MergeSuggestion)
        .where(MergeSuggestion.answer.is_(None))
        .order_by(MergeSuggestion.made_at)
    ).all()
    pairs = [_pair(suggestion) for suggestion in waiting]
    assert [(one.lead_unit.code, one.category_code) for one, _other in pairs] == [
        (places.KHANH_HAI, "pavement_encroachment"),
        (places.VINH_HAI, "illegal_parking"),
        # In Nhơn Hải, on a provincial road: who manages it leads.
        (places.PROVINCE, "road_damage"),
    ]
    for suggestion, (one, other) in zip(waiting, pairs, strict=True):
        assert (one.is_open, other.is_open) == (True, True)
        assert one.category_code == other.category_code
        assert 10 <= suggestion.terms["distance_m"] <= 25
        assert suggestion.terms["photo_kind"] == "no_match"


def test_an_officer_merged_a_pair_by_hand() -> None:
    merged = db.session.scalars(select(Case).where(Case.merged_into_id.is_not(None))).one()
    survivor = db.session.get_one(Case, merged.merged_into_id)
    assert (survivor.category_code, survivor.report_count, survivor.witness_count) == (
        "poor_visibility",
        2,
        2,
    )
    answered = db.session.scalars(
        select(MergeSuggestion).where(MergeSuggestion.answer == "merged")
    ).one()
    assert answered.case_id == merged.id
    assert _kinds(survivor)[-1] == "merged"
    assert _kinds(merged)[-1] == "merged_into"


def test_an_officer_split_a_report_off() -> None:
    event = db.session.scalars(select(CaseEvent).where(CaseEvent.kind == "report_split_off")).one()
    old = db.session.get_one(Case, event.case_id)
    new = db.session.scalars(select(Case).where(Case.number == event.data["to_number"])).one()
    assert (old.report_count, new.report_count) == (1, 1)
    (attachment,) = _attachments(new)
    words = db.session.get_one(Report, attachment.report_id).description
    assert words is not None
    assert "hố ga" in words
    # The machine had seen one road in both photos, and it was one.
    assert _attachments(old)[1].terms["photo_kind"] == "same_scene"


def _kinds(case: Case) -> list[str]:
    query = select(CaseEvent.kind).where(CaseEvent.case_id == case.id).order_by(CaseEvent.version)
    return list(db.session.scalars(query))


def test_units_help_each_other_and_two_cases_wait_for_who_leads() -> None:
    parts = db.session.scalars(select(Coordination).where(Coordination.source == "officer"))
    assert [part.state for part in parts] == ["replied"]
    transfers = db.session.scalars(select(Transfer).order_by(Transfer.id)).all()
    assert [each.state for each in transfers] == ["refused", "open", "open"]
    contested = transfers[1]
    assert contested.to_unit_id is None
    assert db.session.get_one(Case, contested.case_id).is_ruling_asked


def test_what_the_officers_chose_is_kept_as_labelled_pairs() -> None:
    assert Counter(db.session.scalars(select(LabelledPair.source))) == {"merge": 1, "split": 1}


def test_one_trouble_came_back_while_its_place_was_watched() -> None:
    relapse = db.session.scalars(select(Case).where(Case.is_relapse)).one()
    before = db.session.get_one(Case, relapse.previous_case_id)
    assert relapse.lead_unit.code == places.NHON_HAI
    assert relapse.place_id == before.place_id
    assert relapse.severity == before.severity + 1
    assert before.resolved_at is not None
    assert timedelta(0) < relapse.opened_at - before.resolved_at < timedelta(days=30)


def test_one_trouble_came_back_long_after() -> None:
    later = db.session.scalars(
        select(Case).where(Case.previous_case_id.is_not(None), Case.is_relapse.is_(False))
    ).one()
    before = db.session.get_one(Case, later.previous_case_id)
    assert later.lead_unit.code == places.KHANH_HAI
    assert later.place_id == before.place_id
    assert later.severity == before.severity
    assert before.resolved_at is not None
    assert later.opened_at - before.resolved_at > timedelta(days=30)


def test_the_photo_that_came_from_another_village_is_flagged_and_no_other() -> None:
    reuse = db.session.scalars(select(PhotoReuse)).one()
    assert reuse.kind == "elsewhere"
    assert reuse.distance_m is not None
    assert reuse.distance_m > 10_000
    own, earlier = (
        db.session.get_one(Photo, photo_id) for photo_id in (reuse.photo_id, reuse.earlier_photo_id)
    )
    # It was made smaller on its way, so it is not the same file.
    assert own.received_sha256 != earlier.received_sha256


def test_every_photo_of_the_stories_is_a_picture_of_its_own() -> None:
    hashes = db.session.scalars(select(Photo.received_sha256).where(Photo.role != "after")).all()
    assert len(hashes) == len(set(hashes))


def test_who_stands_elsewhere_takes_another_photo_of_the_same_scene() -> None:
    spot = [
        Shot("pavement-market", "a market", side, hour)
        for side, hour in (("here", 8.0), ("there", 17.0), ("over there", 19.0))
    ]
    one, *others = (take_print(camera.take(shot), sha256=_sha256(shot)) for shot in spot)
    for other in others:
        likeness = compare(one, other)
        assert likeness.hash_distance > 8
        assert likeness.inliers >= 20
    elsewhere = Shot("pavement-street", "a market", "here")
    assert compare(one, take_print(camera.take(elsewhere), sha256="0" * 64)).score < 1


def _sha256(shot: Shot) -> str:
    return hashlib.sha256(camera.take(shot)).hexdigest()


def test_the_same_shot_is_the_same_bytes_and_its_copy_a_smaller_picture() -> None:
    shot = Shot("road-coast", "a road", "here", 7.5)
    assert camera.take(shot) == camera.take(shot)
    with Image.open(BytesIO(camera.take(shot.copied()))) as copy:
        assert max(copy.size) == camera.COPY_WIDTH_PX


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
