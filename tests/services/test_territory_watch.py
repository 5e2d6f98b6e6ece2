"""Reports that come after new boundaries hold, about what ended or was sent before that day."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from tests import pictures
from tests.servers import triage_scene as scene
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Boundary,
    Case,
    MergeSuggestion,
    Officer,
    Photo,
    Report,
    ReportTriage,
    Unit,
)
from webapp.services import casework, outbox, territory_switch, triage
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

MARKET = pictures.street(11)


@pytest.fixture
def units(context: None) -> dict[str, int]:
    """Two communes under a supervising unit."""
    return scene.build_district()


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """Where the photos of a test lie."""
    return scene.store_in(tmp_path)


def give_land_away(giver_id: int, *, is_ending: bool) -> int:
    """Let a new unit hold a commune's land from today on, and bring its open cases over."""
    today = clock.today()
    with transaction() as work:
        session = work.session
        old = session.scalars(select(Boundary).where(Boundary.unit_id == giver_id)).one()
        old.valid_to = today - timedelta(days=1)
        if is_ending:
            session.get_one(Unit, giver_id).valid_to = old.valid_to
        else:
            session.add(_land_of(giver_id, old, today, away=1.0))
        heir = Unit(code="W-2", tier="commune", kind="xã", name="Kế", valid_from=today)
        session.add(heir)
        session.flush()
        session.add(_land_of(heir.id, old, today))
    territory_switch.switch(today)
    return heir.id


def _land_of(unit_id: int, old: Boundary, day: date, *, away: float = 0.0) -> Boundary:
    ring = [[x + away, y] for x, y in old.geometry["coordinates"][0]]
    return Boundary(
        unit_id=unit_id,
        valid_from=day,
        geometry={"type": "Polygon", "coordinates": [ring]},
        min_longitude=old.min_longitude + away,
        min_latitude=old.min_latitude,
        max_longitude=old.max_longitude + away,
        max_latitude=old.max_latitude,
        source="drawn by a test",
    )


def sent(
    store: PhotoStore, *, captured_ago: timedelta, offset: float = 0.4, **facts: object
) -> int:
    """Take in a view of the market that was captured so long ago; return the report's id."""
    report = scene.add_report(
        store=store,
        photos=(pictures.seen_from(MARKET, offset),),
        category="pavement_encroachment",
        **({"fix": scene.WEST} | facts),
    )
    captured_at = clock.now() - captured_ago
    with transaction() as work:
        for photo in work.session.scalars(select(Photo).where(Photo.report_id == report)):
            photo.captured_at = captured_at
        work.session.get_one(Report, report).device_fix_at = captured_at
    return report


def triaged(report_id: int, store: PhotoStore) -> Case:
    lease = outbox.lease("triage_report", str(report_id), seconds=60)
    assert lease is not None
    triage.triage_report(report_id, lease, store)
    db.session.rollback()
    return db.session.scalars(
        select(Case)
        .join(Attachment)
        .where(Attachment.report_id == report_id)
        .execution_options(populate_existing=True)
    ).one()


@pytest.fixture
def resolved(units: dict[str, int], store: PhotoStore) -> Case:
    """A case of the market that was reported three days ago and resolved two days ago."""
    three_days, two_days = timedelta(days=3), timedelta(days=2)
    report = sent(store, captured_ago=three_days, offset=0.0, received_at=clock.now() - three_days)
    case = triaged(report, store)
    proof_at = clock.now() - two_days
    with transaction() as work:
        row = work.session.get_one(Case, case.id)
        officer = work.session.scalars(select(Officer).where(Officer.role == "officer")).one()
        casework.append(work, row, "acknowledged", actor=officer, now=proof_at, data={})
        data = {"public_sentence": "Đã dọn.", "photo_captured_at": proof_at}
        casework.append(work, row, "resolved", actor=officer, now=proof_at, data=data)
    return db.session.get_one(Case, case.id, populate_existing=True)


@pytest.mark.parametrize("change", ["none", "ended", "given_up"])
def test_a_relapse_stays_one_whoever_holds_the_land_by_now(
    resolved: Case, store: PhotoStore, change: str
) -> None:
    holder_id = resolved.lead_unit_id
    if change != "none":
        holder_id = give_land_away(resolved.lead_unit_id, is_ending=change == "ended")
    case = triaged(sent(store, captured_ago=timedelta(minutes=5)), store)
    assert (case.is_relapse, case.previous_case_id) == (True, resolved.id)
    assert (case.place_id, case.severity) == (resolved.place_id, resolved.severity + 1)
    assert (case.lead_unit_id, case.commune_id) == (holder_id, holder_id)


def test_an_old_photo_joins_its_ended_case_after_the_land_has_passed(
    resolved: Case, store: PhotoStore
) -> None:
    give_land_away(resolved.lead_unit_id, is_ending=True)
    case = triaged(sent(store, captured_ago=timedelta(days=2, hours=12)), store)
    assert (case.id, case.is_open, case.report_count) == (resolved.id, False, 2)


def test_a_relapse_whose_commune_a_person_set_is_one_too(resolved: Case, store: PhotoStore) -> None:
    heir_id = give_land_away(resolved.lead_unit_id, is_ending=True)
    report = sent(store, captured_ago=timedelta(minutes=5))
    with transaction() as work:
        work.session.get_one(ReportTriage, report).set_unit_id = heir_id
    case = triaged(report, store)
    assert (case.is_relapse, case.previous_case_id) == (True, resolved.id)


@pytest.mark.parametrize("is_ending", [True, False])
def test_a_report_from_the_last_evening_that_is_triaged_next_day_goes_to_the_new_holder(
    units: dict[str, int], store: PhotoStore, is_ending: bool
) -> None:
    # Ten minutes to midnight, by the clock on the wall in Vietnam.
    last_evening = clock.now().astimezone(clock.LOCAL_ZONE).replace(hour=0, minute=0, second=0)
    last_evening -= timedelta(minutes=10)
    ago = clock.now() - last_evening
    report = sent(store, captured_ago=ago, received_at=last_evening)
    heir_id = give_land_away(units["west"], is_ending=is_ending)
    case = triaged(report, store)
    assert (case.lead_unit_id, case.commune_id) == (heir_id, heir_id)
    assert db.session.scalars(select(MergeSuggestion)).all() == []
