"""A case that was merged away is counted and listed nowhere; its number leads to the other."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from tests.factories import make_case, make_commune, make_officer, make_supervising_unit
from tests.servers.casework_history import events_of, holder_of, seen
from webapp import clock
from webapp.domain.errors import NotFound
from webapp.domain.evidence import parse_tracking_key
from webapp.domain.periods import Period
from webapp.extensions import db
from webapp.models import Case, Officer, Report, Unit
from webapp.services import (
    case_lists,
    casework_acts,
    outbox,
    public,
    public_results,
    queue,
    statistics,
    tallies,
)
from webapp.services.casework_merging import merge, unmerge
from webapp.services.casework_splitting import split_off, undo_split
from webapp.services.intake import hash_tracking_key
from webapp.services.queue import Wanted
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

# A Wednesday at nine in the morning in Vietnam; no holiday is near.
OPENED = datetime(2026, 6, 17, 2, 0, tzinfo=UTC)
DAY = date(2026, 6, 17)
LATER = OPENED + timedelta(hours=8)
PERIOD = Period(DAY, DAY)
KEY = "0123456789ABCDEFGHJKMNPQRS"


@pytest.fixture
def district(context: None) -> Unit:
    return make_supervising_unit()


@pytest.fixture
def commune(district: Unit) -> Unit:
    return make_commune(name="Vĩnh Hải", parent=district)


@pytest.fixture
def officer(commune: Unit) -> Officer:
    return make_officer(commune)


@pytest.fixture
def pair(commune: Unit) -> tuple[Case, Case]:
    """Two cases of one morning, with two witnesses and one."""
    older = make_case(commune, opened_at=OPENED, witnesses=2)
    return older, make_case(commune, opened_at=OPENED + timedelta(hours=1))


def rebuild() -> None:
    with transaction() as work:
        work.ask("rebuild_tallies", DAY.isoformat())
    lease = outbox.lease("rebuild_tallies", DAY.isoformat(), seconds=20)
    assert lease is not None
    tallies.rebuild_tallies(DAY, lease)


def figures(supervisor: Officer) -> dict[str, int]:
    """The district's numbers, each of which must be as long as its list."""
    rebuild()
    with clock.at(LATER):
        total = statistics.district(PERIOD).total
        lists = {
            name: case_lists.cases_behind(supervisor, name, PERIOD).total
            for name in ("opened", "acknowledged", "resolved", "open", "late", "unviewed")
        }
        reports = case_lists.cases_behind(supervisor, "reports", PERIOD).reports
    assert lists == {
        "opened": total.figures.opened,
        "acknowledged": total.figures.acknowledged,
        "resolved": total.figures.resolved,
        "open": total.open_now.count,
        "late": total.open_now.late,
        "unviewed": total.open_now.unviewed,
    }
    assert reports == total.figures.reports
    return lists | {"reports": total.figures.reports}


def test_the_district_counts_a_merged_case_nowhere_and_its_reports_still(
    district: Unit, officer: Officer, pair: tuple[Case, Case]
) -> None:
    supervisor = make_officer(district, role="supervisor")
    older, newer = pair
    with clock.at(LATER):
        casework_acts.acknowledge(officer, seen(older))
        casework_acts.acknowledge(officer, seen(newer))
    before = figures(supervisor)
    assert (before["opened"], before["acknowledged"], before["reports"]) == (2, 2, 3)
    with clock.at(LATER):
        merge(officer, seen(older), seen(newer))
    merged = figures(supervisor)
    assert (merged["opened"], merged["acknowledged"], merged["open"]) == (1, 1, 1)
    assert merged["reports"] == 3
    with clock.at(LATER):
        unmerge(officer, seen(newer))
    assert figures(supervisor) == before


def test_a_split_is_a_new_case_and_no_new_report(
    district: Unit, officer: Officer, pair: tuple[Case, Case]
) -> None:
    supervisor = make_officer(district, role="supervisor")
    older, _newer = pair
    before = figures(supervisor)
    with clock.at(LATER):
        number = split_off(officer, seen(older), holder_of(older)[0].report_id)
    after = figures(supervisor)
    assert after["opened"] == before["opened"] + 1
    assert after["reports"] == before["reports"]
    with clock.at(LATER):
        undo_split(officer, seen(Case(number=number)))
    assert figures(supervisor)["opened"] == before["opened"]


@pytest.mark.parametrize("view", queue.VIEWS)
def test_no_view_of_the_queue_holds_a_merged_case(
    officer: Officer, pair: tuple[Case, Case], view: str
) -> None:
    older, newer = pair
    with clock.at(LATER):
        merge(officer, seen(older), seen(newer))
        shown = queue.read_queue(officer, Wanted(view=view))
    assert newer.number not in [row.case.number for row in shown.rows]
    assert shown.counts["now"] == shown.counts["everything"] == 1


def test_a_search_by_number_still_finds_it(officer: Officer, pair: tuple[Case, Case]) -> None:
    older, newer = pair
    with clock.at(LATER):
        merge(officer, seen(older), seen(newer))
        shown = queue.read_queue(officer, Wanted(words=newer.number))
    assert [row.case.number for row in shown.rows] == [newer.number]


def test_the_public_sees_one_case_with_all_its_witnesses(
    officer: Officer, pair: tuple[Case, Case]
) -> None:
    older, newer = pair
    with clock.at(LATER):
        merge(officer, seen(older), seen(newer), "CANARY-words")
        for cards in (public.newest_cases(), public.cases_for_map(), public.cases_for_list().cards):
            assert [card.public.number for card in cards] == [older.number]
        assert public.public_number(newer.number) == older.number
        assert public.public_number(older.number) == older.number
        with pytest.raises(NotFound):
            public.public_case_page(newer.number)
        page = public.public_case_page(older.number)
        assert page.public.witnesses == "2–4"
        told = str(page)
        assert newer.number not in told
        assert "CANARY" not in told
        assert [event.kind for event in page.public.events] == ["opened"]
        assert public_results.results().open_now == 1


def test_a_number_that_was_never_public_leads_nowhere(
    officer: Officer, pair: tuple[Case, Case]
) -> None:
    older, newer = pair
    with clock.at(OPENED + timedelta(hours=6, minutes=30)):
        merge(officer, seen(older), seen(newer))
        with pytest.raises(NotFound, match="case_not_public"):
            public.public_number(newer.number)
        with pytest.raises(NotFound, match="case_not_public"):
            public.public_number("NH-2026-99999")


def test_the_old_number_redirects_on_the_map(
    client: FlaskClient, officer: Officer, pair: tuple[Case, Case]
) -> None:
    older, newer = pair
    with clock.at(LATER):
        merge(officer, seen(older), seen(newer))
        answer = client.get(f"/map/cases/{newer.number}")
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith(f"/map/cases/{older.number}")
        assert newer.number not in client.get("/map").text
        assert newer.number not in client.get("/map/cases.json").text
        assert newer.number not in client.get(f"/map/cases/{older.number}").text


def test_a_reporters_page_follows_every_move(
    client: FlaskClient, officer: Officer, pair: tuple[Case, Case]
) -> None:
    older, newer = pair
    report_id = holder_of(newer)[0].report_id
    with transaction() as work:
        report = work.session.get_one(Report, report_id)
        report.tracking_key_hash = hash_tracking_key(parse_tracking_key(KEY))

    def followed() -> str:
        db.session.rollback()
        answer = client.get(f"/track/{KEY}", headers={"Accept": "application/json"})
        number = public.tracking_page(KEY).case
        assert number is not None
        assert answer.json is not None
        assert answer.json["case"]["number"] == number.public.number
        assert "CANARY" not in client.get(f"/track/{KEY}").text
        return str(answer.json["case"]["number"])

    assert followed() == newer.number
    with clock.at(LATER):
        merge(officer, seen(older), seen(newer), "CANARY-words")
        assert followed() == older.number
        number = split_off(officer, seen(older), report_id, "CANARY-words")
        assert followed() == number
        undo_split(officer, seen(Case(number=number)), "CANARY-words")
        assert followed() == older.number
        unmerge(officer, seen(newer), "CANARY-words")
        assert followed() == newer.number
    assert "CANARY-words" in [event.words for event in events_of(newer)]
