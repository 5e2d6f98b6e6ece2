"""What the district sees of transfers: who waits for it, and how each unit answers."""

import pytest

from tests.servers.casework_history import seen
from tests.servers.casework_scene import (
    District,
    build_district,
    make_case,
    make_officer,
    moments_ago,
)
from webapp import clock
from webapp.extensions import db
from webapp.models import Case, Officer, Transfer, Unit
from webapp.services import casework_transfers as transfers
from webapp.services import transfers_overview
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def district(context: None) -> District:
    return build_district()


@pytest.fixture
def officer(district: District) -> Officer:
    return make_officer(district.commune_id)


@pytest.fixture
def neighbour(district: District) -> Officer:
    return make_officer(district.other_commune_id)


def offered(officer: Officer, neighbour: Officer) -> Case:
    case = make_case(officer.unit_id)
    transfers.offer(officer, seen(case), neighbour.unit_id, "other_land", "Bên kia mốc 12.")
    return case


def let_the_day_pass(case: Case) -> None:
    with transaction() as work:
        work.session.query(Transfer).filter_by(case_id=case.id).one().due_at = moments_ago(days=1)


def test_each_unit_is_counted_by_what_it_asked_and_how_it_answered(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    refused, taken, late, silent = (offered(officer, neighbour) for _ in range(4))
    transfers.refuse(neighbour, seen(refused), "Không phải.")
    transfers.accept(neighbour, seen(taken))
    for case in (late, silent):
        let_the_day_pass(case)
    transfers.accept(neighbour, seen(late))
    transfers.contest(officer, seen(refused), "Không thống nhất.")

    db.session.rollback()
    supervisor = make_officer(district.district_id, "supervisor")
    found = transfers_overview.read_overview(supervisor)

    figures = {
        each.unit.id: (each.offered, each.passed, each.accepted, each.refused, each.silent)
        for each in found.counted
    }
    assert figures == {officer.unit_id: (4, 2, 0, 0, 0), neighbour.unit_id: (0, 0, 2, 1, 2)}
    assert [each.case.number for each in found.contested] == [refused.number]
    assert found.contested[0].refusal == "Không phải."
    assert [each.case.number for each in found.silent] == [silent.number]
    assert transfers_overview.count_to_rule(supervisor) == 2


def test_a_case_whose_lead_ended_waits_for_the_district(
    district: District, officer: Officer
) -> None:
    supervisor = make_officer(district.district_id, "supervisor")
    case = make_case(officer.unit_id)
    with transaction() as work:
        old = work.session.get_one(Unit, officer.unit_id)
        # Never given an end: its code is another unit's by now.
        successor = Unit(code=old.code, tier="commune", kind="xã", name="Mới")
        successor.valid_from = clock.today()
        work.session.add(successor)
    found = transfers_overview.read_overview(supervisor)
    assert [each.number for each in found.orphaned] == [case.number]
    assert transfers_overview.count_to_rule(supervisor) == 1
    # Nor is it offered as one to be asked.
    assert officer.unit_id not in {unit.id for unit in found.units}
    assert successor.id in {unit.id for unit in found.units}


def test_what_is_still_in_its_day_waits_and_is_not_ruled(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = offered(officer, neighbour)
    supervisor = make_officer(district.district_id, "supervisor")
    found = transfers_overview.read_overview(supervisor)
    assert [each.case.number for each in found.in_time] == [case.number]
    assert not found.in_time[0].can_be_ruled
    assert transfers_overview.count_to_rule(supervisor) == 0
