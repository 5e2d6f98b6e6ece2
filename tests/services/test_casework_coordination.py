"""Units beside the lead: who is asked, who sees the case for it, what they may do in it."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.servers.casework_history import check_history, events_of, reread, seen
from tests.servers.casework_scene import (
    District,
    build_district,
    make_case,
    make_officer,
    moments_ago,
)
from webapp import clock
from webapp.domain.coordination import Partner
from webapp.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from webapp.extensions import db
from webapp.models import Case, Coordination, Officer
from webapp.services import casefile, casework_acts
from webapp.services import casework_coordination as coordination
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")


@dataclass(frozen=True)
class Asked:
    """A unit with a task, as the table of responsibilities names it."""

    unit_id: int
    task: str | None
    source: str = "rule"


@pytest.fixture
def district(context: None) -> District:
    return build_district()


@pytest.fixture
def officer(district: District) -> Officer:
    return make_officer(district.commune_id)


@pytest.fixture
def neighbour(district: District) -> Officer:
    return make_officer(district.other_commune_id)


def parts_in(case: Case) -> list[tuple[int, str, str]]:
    """Return unit, source and state of every part in a case, oldest first."""
    db.session.rollback()
    rows = db.session.query(Coordination).filter_by(case_id=case.id).order_by(Coordination.id)
    return [(row.unit_id, row.source, row.state) for row in rows]


def ask(case: Case, *partners: Asked | Partner) -> None:
    """Ask units as the machine does when it opens a case."""
    with transaction() as work:
        found = work.session.get_one(Case, case.id, populate_existing=True)
        coordination.ask_by_machine(work, found, partners, now=clock.now())


def is_seen_by(officer: Officer, case: Case) -> bool:
    return casefile.is_visible(db.session.get_one(Officer, officer.id), case.number)


def test_the_machine_asks_each_unit_once_and_the_lead_never(district: District) -> None:
    case = make_case(district.commune_id)
    other_id = district.other_commune_id

    for _ in range(2):
        ask(
            case,
            Partner(other_id, None, "land"),
            Asked(other_id, "Kiểm tra hành lang"),
            Asked(district.commune_id, "Chủ trì"),
        )

    assert parts_in(case) == [(other_id, "rule", "asked")]
    asked = events_of(case)[-1]
    assert (asked.kind, asked.actor_id) == ("coordination_asked", None)
    assert asked.data["task"] == "Kiểm tra hành lang"
    check_history(case)


def test_a_neighbour_across_a_border_is_informed_and_owes_no_reply(district: District) -> None:
    case = make_case(district.commune_id)
    ask(case, Asked(district.other_commune_id, "Điểm gần ranh giới", "border"))
    assert parts_in(case) == [(district.other_commune_id, "border", "informed")]
    assert db.session.query(Coordination).one().due_at is None


def test_a_reply_is_due_in_three_working_days_and_never_after_the_case(district: District) -> None:
    long, short = (make_case(district.commune_id, severity=level) for level in (1, 4))
    for case in (long, short):
        ask(case, Asked(district.other_commune_id, "Cùng kiểm tra"))
    due = {row.case_id: row.due_at for row in db.session.query(Coordination)}
    assert clock.now() + timedelta(days=2) < due[long.id] < reread(long).resolve_due_at
    assert due[short.id] == reread(short).resolve_due_at


def test_a_coordinating_unit_sees_the_case_as_long_as_its_part_stands(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    assert not is_seen_by(neighbour, case)
    coordination.coordinate(officer, seen(case), neighbour.unit_id, "Nhắc hộ kinh doanh bên kia")
    assert is_seen_by(neighbour, case)
    (part,) = db.session.query(Coordination).all()
    coordination.end(officer, seen(case), part.id, "Không cần nữa")
    assert not is_seen_by(neighbour, case)
    kinds = [event.kind for event in events_of(case)[-2:]]
    assert kinds == ["coordination_asked", "coordination_ended"]


def test_a_coordinating_unit_replies_once_until_it_is_asked_again(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    coordination.coordinate(officer, seen(case), neighbour.unit_id, "Đo bề rộng vỉa hè")
    coordination.reply(neighbour, seen(case), "Rộng 1,2 m.")
    with pytest.raises(NotAllowed, match="coordination_replied"):
        coordination.reply(neighbour, seen(case), "Rộng 1,3 m.")
    coordination.coordinate(officer, seen(case), neighbour.unit_id, "Đo lại")
    coordination.reply(neighbour, seen(case), "Rộng 1,3 m.")
    assert parts_in(case) == [(neighbour.unit_id, "officer", "replied")]
    said = [event.words for event in events_of(case) if event.kind == "coordination_replied"]
    assert said == ["Rộng 1,2 m.", "Rộng 1,3 m."]
    check_history(case)


def test_a_unit_that_has_not_replied_is_not_asked_twice(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    coordination.coordinate(officer, seen(case), neighbour.unit_id, "Đo bề rộng vỉa hè")
    with pytest.raises(NotAllowed, match="coordination_waits"):
        coordination.coordinate(officer, seen(case), neighbour.unit_id, "Đo lại")


def test_a_coordinating_unit_raises_the_severity_and_moves_no_status(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    coordination.coordinate(officer, seen(case), neighbour.unit_id, "Cùng kiểm tra")
    casework_acts.add_note(neighbour, seen(case), "Có trẻ em qua lại.")
    casework_acts.raise_severity(neighbour, seen(case), 3)
    assert reread(case).severity == 3
    with pytest.raises(NotAllowed) as caught:
        casework_acts.acknowledge(neighbour, seen(case))
    assert caught.value.details["reason"] == "not_lead_unit"
    with pytest.raises(NotAllowed) as caught:
        coordination.reply(officer, seen(case), "Tôi tự trả lời.")
    assert caught.value.details["reason"] == "not_coordinating_unit"


def test_rules_and_land_keep_their_unit_on_the_case(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    for source in ("rule", "land"):
        case = make_case(district.commune_id)
        ask(case, Asked(neighbour.unit_id, None, source))
        part = db.session.query(Coordination).filter_by(case_id=case.id).one()
        with pytest.raises(NotAllowed, match="coordination_stays"):
            coordination.end(officer, seen(case), part.id)
        assert is_seen_by(neighbour, case)


def test_what_is_asked_needs_a_task_and_a_unit_of_today(
    district: District, officer: Officer
) -> None:
    case = make_case(district.commune_id)
    with pytest.raises(InvalidInput, match="coordination_task_needed"):
        coordination.coordinate(officer, seen(case), district.other_commune_id, "  ")
    with pytest.raises(NotFound, match="unit_unknown"):
        coordination.coordinate(officer, seen(case), district.district_id, "Cùng kiểm tra")
    with pytest.raises(NotAllowed, match="coordinate_with_itself"):
        coordination.coordinate(officer, seen(case), district.commune_id, "Cùng kiểm tra")
    assert parts_in(case) == []


def test_a_reply_after_its_day_is_taken_and_shows(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    coordination.coordinate(officer, seen(case), neighbour.unit_id, "Cùng kiểm tra")
    with transaction() as work:
        work.session.query(Coordination).one().due_at = moments_ago(hours=1)
    coordination.reply(neighbour, seen(case), "Xin lỗi vì chậm.")
    assert events_of(case)[-1].data["is_late"] is True


def test_a_page_that_is_out_of_date_asks_nobody(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    stale = seen(case)
    casework_acts.acknowledge(officer, stale)
    with pytest.raises(Conflict):
        coordination.coordinate(officer, stale, neighbour.unit_id, "Cùng kiểm tra")
    assert parts_in(case) == []


def test_a_border_is_confirmed_with_one_tap_and_only_where_it_is_open(
    district: District, officer: Officer
) -> None:
    case = make_case(district.commune_id, facts={"is_border_open": True, "routing": "straddling"})
    coordination.confirm_border(officer, seen(case))
    assert not reread(case).is_border_open
    with pytest.raises(NotAllowed) as caught:
        coordination.confirm_border(officer, seen(case))
    assert caught.value.details["reason"] == "border_not_open"
