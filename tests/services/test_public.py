"""What the public may read: nothing too early, nothing unreviewed, in few statements."""

import re
import secrets
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.factories import (
    make_case,
    make_commune,
    make_officer,
    make_photo,
    make_report,
    somewhere,
)
from tests.servers.counting import SqlCounter
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.disclosure import PUBLIC_KINDS
from webapp.domain.errors import NotFound
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Case,
    Contact,
    Notification,
    Officer,
    Photo,
    Report,
    ReportTriage,
    Tally,
    Unit,
    WordsReview,
)
from webapp.services import casework, public, public_results
from webapp.services.intake import hash_tracking_key
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

KEY = "7" * 26

# Longer than the six hours that a commune has before a case shows by itself.
LONG_ENOUGH = timedelta(hours=7)


def happen(case: Case, kind: str, actor: Officer | None = None, **event: Any) -> None:
    """Let something happen to a case, as the acts of officers do."""
    with transaction() as work:
        fresh = work.session.get_one(Case, case.id, populate_existing=True)
        casework.append(work, fresh, kind, actor=actor, now=clock.now(), **event)


def report_of(case: Case) -> Report:
    """Return the first report of a case."""
    joined = db.select(Report).join(Attachment, Attachment.report_id == Report.id)
    return db.session.scalars(joined.where(Attachment.case_id == case.id)).first()


def give_key(report: Report, key: str = KEY) -> None:
    """Let a report be found by a key."""
    with transaction() as work:
        row = work.session.get_one(Report, report.id)
        row.tracking_key_hash = hash_tracking_key(key)


def shown_photo(store: PhotoStore, report: Report, **values: Any) -> Photo:
    """Make a photo that an officer has shown, with a derivative that exists."""
    sha256 = store.put_derivative(secrets.token_bytes(64))
    hashes = {"large_sha256": sha256, "small_sha256": sha256}
    return make_photo(report, **{"state": "ready", "review": "shown", **hashes, **values})


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """An empty store of photos."""
    return PhotoStore(tmp_path / "photos")


def test_a_fresh_case_is_nobodys_business_for_six_hours() -> None:
    commune = make_commune()
    make_case(commune, opened_at=clock.now() - timedelta(hours=5))
    old = make_case(commune, opened_at=clock.now() - LONG_ENOUGH)
    assert [card.public.number for card in public.newest_cases()] == [old.number]
    assert [card.public.number for card in public.cases_for_map()] == [old.number]


def test_an_acknowledged_case_is_public_at_once() -> None:
    commune = make_commune()
    case = make_case(commune)
    with pytest.raises(NotFound):
        public.public_case_page(case.number)
    happen(case, "acknowledged", make_officer(commune))
    assert public.public_case_page(case.number).public.status == "acknowledged"


def test_reporters_see_their_case_before_everybody_else() -> None:
    case = make_case(make_commune())
    give_key(report_of(case))
    page = public.tracking_page(KEY)
    assert page.case is not None
    assert page.case.public.number == case.number
    assert not page.case.is_on_map


def test_a_key_is_read_however_it_was_typed() -> None:
    give_key(make_report(), "10" * 13)
    assert public.tracking_page("lo" * 13).report.status == "received"


@pytest.mark.parametrize(
    ("key", "code"), [("0" * 26, "tracking_key_unknown"), ("!", "tracking_key_malformed")]
)
def test_a_wrong_key_is_not_found_and_says_which_way(key: str, code: str) -> None:
    with pytest.raises(NotFound) as refused:
        public.tracking_page(key)
    assert refused.value.code == code


def test_why_a_report_is_held_stays_inside() -> None:
    report = make_report()
    give_key(report)
    with transaction() as work:
        standing = work.session.get_one(ReportTriage, report.id)
        standing.status, standing.hold_code = "held", "canary_of_the_desk"
    page = public.tracking_page(KEY)
    assert page.as_json() == {"report": {"status": "held"}, "case": None}
    assert "canary" not in repr(page)


def test_a_report_outside_all_land_is_told_so_to_its_sender_alone() -> None:
    report = make_report()
    give_key(report)
    with transaction() as work:
        standing = work.session.get_one(ReportTriage, report.id)
        standing.status, standing.hold_code = "held", "outside_boundaries"
    page = public.tracking_page(KEY)
    assert page.report.held_because == "outside_boundaries"
    assert page.as_json() == {"report": {"status": "held"}, "case": None}


def pass_land(case: Case, unit: Unit) -> None:
    """Let the land of a case pass to another unit, as a switch of boundaries does."""
    happen(case, "land_passed", data={"lead_unit_id": unit.id, "commune_id": unit.id})


def test_a_moved_case_names_who_took_it_over_and_who_had_taken_it_up() -> None:
    west, east = make_commune(name="Nhơn Hải"), make_commune(column=1, name="Vĩnh Hải")
    case = make_case(west)
    happen(case, "acknowledged", make_officer(west))
    pass_land(case, east)
    page = public.public_case_page(case.number)
    named = [(mile.kind, mile.unit.name if mile.unit else None) for mile in page.past]
    assert named == [("land_passed", "Vĩnh Hải"), ("acknowledged", "Nhơn Hải"), ("opened", None)]
    assert page.public.unit_name == "Vĩnh Hải"


def test_land_that_passes_without_changing_the_lead_is_no_news_for_the_public() -> None:
    commune = make_commune()
    case = make_case(commune, opened_at=clock.now() - LONG_ENOUGH)
    pass_land(case, commune)
    assert [mile.kind for mile in public.public_case_page(case.number).past] == ["opened"]


def test_words_of_officers_never_leave() -> None:
    commune = make_commune()
    case = make_case(commune)
    officer = make_officer(commune, name="Canary Officer")
    happen(case, "acknowledged", officer, words="canary note", reason_code="canary_reason")
    happen(case, "note_added", officer, words="canary note")
    page = public.public_case_page(case.number)
    assert "canary" not in repr(page).lower()
    assert [mile.kind for mile in page.past] == ["acknowledged", "opened"]


def test_an_unreviewed_photo_is_told_of_and_not_shown(store: PhotoStore) -> None:
    case = make_case(make_commune(), opened_at=clock.now() - LONG_ENOUGH)
    shown_photo(store, report_of(case), review="pending")
    page = public.public_case_page(case.number)
    assert (page.before.state, page.before.photo_id) == ("waiting", None)
    assert page.after.state == "none"


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"review": "private"}, "kept"),
        ({"state": "unreadable", "review": "pending"}, "damaged"),
        ({}, "shown"),
    ],
)
def test_each_side_says_why_it_has_no_photo(
    store: PhotoStore, values: dict[str, str], state: str
) -> None:
    case = make_case(make_commune(), opened_at=clock.now() - LONG_ENOUGH)
    shown_photo(store, report_of(case), **values)
    assert public.public_case_page(case.number).before.state == state


def test_a_damaged_photo_is_told_to_whoever_sent_it(store: PhotoStore) -> None:
    report = make_report()
    give_key(report)
    shown_photo(store, report, state="unreadable", review="pending")
    assert public.tracking_page(KEY).report.has_damaged_photo


def test_the_photo_door_opens_with_its_case(store: PhotoStore) -> None:
    commune = make_commune()
    case = make_case(commune)
    photo = shown_photo(store, report_of(case))
    with pytest.raises(NotFound):
        public.public_photo(photo.id, "small", store=store)
    happen(case, "acknowledged", make_officer(commune))
    assert public.public_photo(photo.id, "small", store=store).path.exists()


@pytest.mark.parametrize(
    "values", [{"review": "pending"}, {"review": "private"}, {"state": "unreadable"}]
)
def test_the_photo_door_stays_shut_for_what_is_not_shown(
    store: PhotoStore, values: dict[str, str]
) -> None:
    case = make_case(make_commune(), opened_at=clock.now() - LONG_ENOUGH)
    photo = shown_photo(store, report_of(case), **values)
    with pytest.raises(NotFound):
        public.public_photo(photo.id, "large", store=store)


def test_the_photo_door_knows_two_sizes(store: PhotoStore) -> None:
    case = make_case(make_commune(), opened_at=clock.now() - LONG_ENOUGH)
    photo = shown_photo(store, report_of(case))
    with pytest.raises(NotFound):
        public.public_photo(photo.id, "received", store=store)


def test_a_photo_of_a_report_that_is_no_case_is_not_public(store: PhotoStore) -> None:
    photo = shown_photo(store, make_report())
    with pytest.raises(NotFound):
        public.public_photo(photo.id, "small", store=store)


def test_lateness_counts_days_after_the_deadline() -> None:
    case = make_case(make_commune(), opened_at=clock.now() - timedelta(days=60))
    page = public.public_case_page(case.number)
    assert page.late_days == (clock.today() - page.public.due_on).days > 0
    assert page.ahead == ()
    assert page.past[0].kind == "due_passed"


def test_lists_take_the_same_statements_for_any_number_of_cases(
    store: PhotoStore, sql_counter: Callable[[], SqlCounter]
) -> None:
    commune = make_commune()
    counts = []
    for _ in range(2):
        for _ in range(4):
            case = make_case(commune, opened_at=clock.now() - LONG_ENOUGH)
            shown_photo(store, report_of(case))
        db.session.expire_all()
        with sql_counter() as statements:
            cards = public.cases_for_map()
        counts.append(len(statements))
    assert len(cards) == 8
    assert all(card.public.small_photo_id for card in cards)
    assert counts[0] == counts[1] <= 3


def test_land_comes_with_its_corners() -> None:
    make_commune(column=0, name="Vĩnh Hải")
    make_commune(column=1, name="Nhơn Hải")
    land = public.land_for_map()
    names = {unit["properties"]["name"] for unit in land["units"]["features"]}
    assert names == {"Vĩnh Hải", "Nhơn Hải"}
    (south, west), (north, east) = land["bounds"]
    assert north - south == pytest.approx(0.02)
    assert east - west == pytest.approx(0.04)


def test_a_map_with_no_land_has_no_corners() -> None:
    assert public.land_for_map()["bounds"] is None


def add_tally(unit_id: int, day: date, *, resolved: int, on_time: int) -> None:
    """Write down one day of a unit."""
    with transaction() as work:
        work.session.add(
            Tally(
                day=day,
                unit_id=unit_id,
                category_code="road_damage",
                reports=resolved,
                opened=resolved,
                acknowledged=resolved,
                resolved=resolved,
                resolved_on_time=on_time,
                acknowledge_hours=[2.0] * resolved,
                resolve_hours=[20.0] * resolved,
            )
        )


def month_before(day: date) -> date:
    """Return the first day of the month before a day's."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def test_results_without_any_tally_are_empty() -> None:
    results = public_results.results()
    assert (results.months, results.month, results.figures, results.proof) == ([], None, None, None)


def test_results_are_those_of_the_last_whole_month() -> None:
    unit = make_commune()
    last = month_before(clock.today())
    add_tally(unit.id, month_before(last), resolved=10, on_time=5)
    add_tally(unit.id, last, resolved=10, on_time=8)
    results = public_results.results(unit.id)
    assert results.month == last
    assert results.figures is not None
    assert results.figures.on_time.percent == 80
    assert results.comparison is not None
    assert (results.comparison.direction, results.comparison.points) == ("up", 30)


def test_below_five_cases_nobody_speaks_of_a_percentage() -> None:
    unit = make_commune()
    add_tally(unit.id, month_before(clock.today()), resolved=4, on_time=3)
    figures = public_results.results(unit.id).figures
    assert figures is not None
    assert figures.on_time.percent is None
    assert (figures.on_time.part, figures.on_time.total) == (3, 4)


def test_results_of_one_commune_leave_the_others_out() -> None:
    mine, other = make_commune(column=0), make_commune(column=1)
    last = month_before(clock.today())
    add_tally(mine.id, last, resolved=6, on_time=6)
    add_tally(other.id, last, resolved=9, on_time=0)
    figures = public_results.results(mine.id).figures
    everywhere = public_results.results().figures
    assert figures is not None
    assert everywhere is not None
    assert (figures.resolved, everywhere.resolved) == (6, 15)


def test_a_month_with_no_figures_gives_way_to_the_nearest() -> None:
    unit = make_commune()
    last = month_before(clock.today())
    add_tally(unit.id, last, resolved=5, on_time=5)
    results = public_results.results(unit.id, date(2001, 1, 1))
    assert results.is_other_month
    assert results.month == last


def test_the_proof_is_the_newest_case_with_both_photos_shown(store: PhotoStore) -> None:
    commune = make_commune()
    officer = make_officer(commune)
    for review in ("shown", "pending"):
        case = make_case(commune, somewhere(), opened_at=clock.now() - LONG_ENOUGH)
        shown_photo(store, report_of(case))
        happen(case, "acknowledged", officer)
        happen(case, "started", officer)
        happen(case, "resolved", officer, data={"public_sentence": "Đã dọn."})
        after = {"report_id": None, "case_id": case.id, "role": "after", "review": review}
        shown_photo(store, report_of(case), **after)
        if review == "shown":
            proven = case.number
    proof = public_results.results(commune.id).proof
    assert proof is not None
    assert proof.public.number == proven


def test_words_are_public_only_once_an_officer_has_shown_them() -> None:
    commune = make_commune()
    officer = make_officer(commune, name="Canary Officer")
    case = make_case(commune, opened_at=clock.now() - LONG_ENOUGH, witnesses=3)
    joined = db.select(Report).join(Attachment, Attachment.report_id == Report.id)
    reports = db.session.scalars(joined.where(Attachment.case_id == case.id)).all()
    with transaction() as work:
        for report, review in zip(reports, ("shown", "private", None), strict=True):
            row = work.session.get_one(Report, report.id)
            row.description = f"canary {review}"
            if review:
                work.session.add(
                    WordsReview(
                        report_id=report.id,
                        review=review,
                        reviewed_at=clock.now(),
                        reviewed_by_id=officer.id,
                    )
                )
    page = public.public_case_page(case.number)
    assert page.public.quotes == ("canary shown",)
    assert not re.search("canary (private|None|officer)", repr(page), re.IGNORECASE)


def give_contact(report: Report) -> None:
    """Let a report have a contact."""
    with transaction() as work:
        work.session.add(
            Contact(
                report_id=report.id,
                phone="0912345678",
                email="an@example.com",
                consented_at=clock.now(),
            )
        )


def test_whoever_has_the_key_takes_the_contact_back_for_good() -> None:
    report = make_report()
    give_key(report)
    give_contact(report)
    assert public.tracking_page(KEY).report.contact is not None
    for _ in range(2):
        public.withdraw_contact(KEY)
        db.session.expire_all()
    contact = db.session.get_one(Contact, report.id)
    assert (contact.phone, contact.email) == (None, None)
    assert contact.withdrawn_at is not None
    standing = public.tracking_page(KEY).report
    assert (standing.contact, standing.contact_withdrawn_on) == (None, clock.today())


def test_the_key_tells_whether_a_contact_was_asked_and_what_it_answered() -> None:
    report = make_report()
    give_key(report)
    give_contact(report)
    told = [public.tracking_page(KEY).report.contact]
    now = clock.now()
    asked = Notification(
        id="1", report_id=report.id, kind="confirm", channel="webhook", state="sent", created_at=now
    )
    for change in ({"confirmed_at": None}, {"confirmed_at": now}, {"unsubscribed_at": now}):
        with transaction() as work:
            asked.due_at = now
            work.session.add(asked)
            contact = work.session.get_one(Contact, report.id)
            for name, value in change.items():
                setattr(contact, name, value)
        told.append(public.tracking_page(KEY).report.contact)
    states = [(each.state, each.is_mail) for each in told if each]
    assert states == [("kept", True), ("asked", False), ("confirmed", False), ("off", False)]


def test_a_report_without_a_contact_has_none_to_take_back() -> None:
    give_key(make_report())
    public.withdraw_contact(KEY)
    standing = public.tracking_page(KEY).report
    assert (standing.contact, standing.contact_withdrawn_on) == (None, None)


def test_nobody_takes_a_contact_back_without_its_key() -> None:
    give_contact(make_report())
    with pytest.raises(NotFound):
        public.withdraw_contact("0" * 26)


def test_the_list_of_the_map_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public, "CASES_ON_LIST", 2)
    commune = make_commune()
    numbers = [make_case(commune, opened_at=clock.now() - LONG_ENOUGH).number for _ in range(3)]
    first, second = public.cases_for_list(1), public.cases_for_list(2)
    assert (first.total, first.next_page, second.next_page) == (3, 2, None)
    cards = first.cards + second.cards
    assert [card.public.number for card in cards] == numbers[::-1]
    assert public.cases_for_list(-5) == first


def test_every_public_event_has_its_words_on_the_page() -> None:
    page = Path(__file__).parents[2] / "templates/public/track.html"
    words = page.read_text(encoding="utf-8")
    assert [kind for kind in (*PUBLIC_KINDS, "due_passed") if f'"{kind}": _(' not in words] == []
