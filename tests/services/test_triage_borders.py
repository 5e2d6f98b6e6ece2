"""Reports at borders, on beaches and where nobody is responsible: one case, one desk that acts."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.servers import triage_scene as scene
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.domain.errors import InvalidInput
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Case,
    CaseEvent,
    Coordination,
    Corridor,
    Crossing,
    KilometrePost,
    Officer,
    ReportTriage,
    ResponsibilityRule,
    ResponsibilityVersion,
    Unit,
)
from webapp.services import casework, outbox, triage, triage_acts, triage_claims
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context", "units")

# A degree of longitude is a little shorter here than one of latitude.
METRE_EAST = scene.TEN_METRES / 10 / 0.9794
LATITUDE, BORDER = scene.ON_THE_BORDER
SOUTH_EDGE = 11.6


@pytest.fixture
def units(context: None) -> dict[str, int]:
    """Two communes under a supervising unit."""
    return scene.build_district()


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    """Where the photos of a test lie."""
    return scene.store_in(tmp_path)


def east_of_border(metres: float) -> tuple[float, float]:
    return LATITUDE, BORDER + metres * METRE_EAST


def triaged(
    store: PhotoStore, fix: tuple[float, float], accuracy_m: float = 10.0, **facts: str
) -> int:
    report = scene.add_report(fix=fix, accuracy_m=accuracy_m, **facts)
    again(report, store)
    return report


def again(report: int, store: PhotoStore) -> None:
    with transaction() as work:
        work.ask("triage_report", report)
    lease = outbox.lease("triage_report", str(report), seconds=20)
    assert lease is not None
    triage.triage_report(report, lease, store)


def case_of(report: int) -> Case:
    db.session.rollback()
    return db.session.scalars(
        select(Case).join(Attachment).where(Attachment.report_id == report)
    ).one()


def standing(report: int) -> ReportTriage:
    db.session.rollback()
    return db.session.get_one(ReportTriage, report)


def parts_in(case: Case) -> list[tuple[int, str, str]]:
    query = select(Coordination).where(Coordination.case_id == case.id).order_by(Coordination.id)
    return [(part.unit_id, part.source, part.state) for part in db.session.scalars(query)]


def count_cases() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Case)) or 0


def write_rule(ground: str, lead: str, lead_code: str | None = None) -> None:
    """Write a table of one rule that takes the place of the one that ships."""
    with transaction() as work:
        version = ResponsibilityVersion(
            number=2, valid_from=date(2024, 1, 1), created_at=clock.now()
        )
        version.rules = [
            ResponsibilityRule(
                sort_order=0,
                category_codes=[],
                ground=ground,
                lead_party=lead,
                lead_unit_code=lead_code,
            )
        ]
        work.session.add(version)


def place(report: int, *, unit_id: int | None) -> None:
    """Confirm a held report at the desk as it stands, with or without a unit."""
    supervisor = db.session.scalars(select(Officer).filter_by(login="supervisor")).one()
    placing = triage_acts.Placing(position="", category_code="road_damage", unit_id=unit_id)
    triage_acts.place(supervisor, report, placing, seen_at=standing(report).updated_at)


# ── Borders ──────────────────────────────────────────────────────────────────────────────────


def test_a_case_of_clear_land_knows_whose_it_is(units: dict[str, int], store: PhotoStore) -> None:
    case = case_of(triaged(store, scene.EAST))
    assert (case.lead_unit_id, case.commune_id) == (units["east"], units["east"])
    assert (case.routing, case.is_border_open) == ("clear", False)
    assert parts_in(case) == []


def test_two_reports_either_side_of_a_border_make_one_case(
    units: dict[str, int], store: PhotoStore
) -> None:
    west, east = triaged(store, east_of_border(-2)), triaged(store, east_of_border(2))
    case = case_of(west)
    assert case_of(east).id == case.id
    assert (case.report_count, case.lead_unit_id) == (2, units["west"])
    assert (case.routing, case.is_border_open) == ("straddling", True)
    assert parts_in(case) == [(units["east"], "border", "informed")]


def test_a_dozen_reports_along_a_border_make_one_case(
    units: dict[str, int], store: PhotoStore
) -> None:
    for number in range(12):
        triaged(store, east_of_border(2 if number % 2 else -2))
    assert count_cases() == 1


def test_a_report_from_the_neighbours_land_that_joins_informs_the_neighbour(
    units: dict[str, int], store: PhotoStore
) -> None:
    first = triaged(store, east_of_border(-2), accuracy_m=1.9)
    assert (case_of(first).routing, parts_in(case_of(first))) == ("clear", [])
    second = triaged(store, east_of_border(2), accuracy_m=10.0)
    case = case_of(second)
    assert case.id == case_of(first).id
    assert parts_in(case) == [(units["east"], "border", "informed")]


def test_two_sure_reports_either_side_of_a_border_stay_two_cases(
    units: dict[str, int], store: PhotoStore
) -> None:
    west = triaged(store, east_of_border(-4), accuracy_m=3.0)
    east = triaged(store, east_of_border(4), accuracy_m=3.0)
    assert case_of(west).id != case_of(east).id
    assert [case_of(west).routing, case_of(east).routing] == ["clear", "clear"]


def test_a_case_whose_lead_changed_is_still_found_by_its_land(
    units: dict[str, int], store: PhotoStore
) -> None:
    first = triaged(store, scene.WEST)
    with transaction() as work:
        case = work.session.get_one(Case, case_of(first).id)
        for kind, field in (
            ("transfer_offered", "to_unit_id"),
            ("transfer_accepted", "lead_unit_id"),
        ):
            data = {"transfer_id": 1, field: units["east"]}
            casework.append(work, case, kind, actor=None, now=clock.now(), data=data)
    assert case_of(triaged(store, scene.WEST)).id == case_of(first).id


def test_triage_twice_at_a_border_has_the_effect_of_once(
    units: dict[str, int], store: PhotoStore
) -> None:
    report = triaged(store, east_of_border(-2))
    case = case_of(report)
    again(report, store)
    assert (case_of(report).version, parts_in(case)) == (
        case.version,
        [(units["east"], "border", "informed")],
    )


def test_the_address_names_the_commune_that_the_case_went_to(
    units: dict[str, int], store: PhotoStore
) -> None:
    # On the beach no land holds the point itself.
    beach = (SOUTH_EDGE - 5 * scene.TEN_METRES, scene.EAST[1])
    case = case_of(triaged(store, beach))
    assert (case.routing, case.lead_unit_id) == ("near_outside", units["east"])
    assert (case.is_border_open, case.address) == (True, "xã Vĩnh Hải")


def test_a_fix_that_errs_by_kilometres_waits_for_one_tap(
    units: dict[str, int], store: PhotoStore
) -> None:
    case = case_of(triaged(store, scene.WEST, accuracy_m=25_000.0))
    assert (case.routing, case.is_border_open) == ("straddling", True)
    assert case.lead_unit_id == units["west"]


# ── Lines and crossings ──────────────────────────────────────────────────────────────────────


def lay_railway() -> tuple[int, int]:
    """Lay a railway with two posts through the west, and register a crossing on it."""
    south, north = LATITUDE - 0.02, LATITUDE + 0.02
    with transaction() as work:
        line = Corridor(
            code="DSTN",
            name="Đường sắt Thống Nhất",
            kind="railway",
            half_width_m=15,
            geometry={
                "type": "LineString",
                "coordinates": [[scene.WEST[1], south], [scene.WEST[1], north]],
            },
            valid_from=date(2020, 1, 1),
        )
        work.session.add(line)
        work.session.flush()
        for chainage_m, latitude in ((1_395_000.0, south), (1_399_450.0, north)):
            work.session.add(
                KilometrePost(
                    corridor_id=line.id,
                    chainage_m=chainage_m,
                    latitude=latitude,
                    longitude=scene.WEST[1],
                    accuracy_m=20.0,
                )
            )
        crossing = Crossing(
            code="LD-1",
            version=1,
            corridor_id=line.id,
            latitude=LATITUDE,
            longitude=scene.WEST[1],
            cell=triage.geo.cell_of(LATITUDE, scene.WEST[1]),
            surface="earth",
            measures=[],
            state="open",
            created_at=clock.now(),
            updated_at=clock.now(),
        )
        work.session.add(crossing)
        work.session.flush()
        return line.id, crossing.id


def test_a_case_on_a_railway_has_its_kilometre_and_its_crossing(store: PhotoStore) -> None:
    line_id, crossing_id = lay_railway()
    case = case_of(triaged(store, scene.WEST, category="self_opened_crossing"))
    assert (case.corridor_id, case.crossing_id) == (line_id, crossing_id)
    assert case.chainage_m == pytest.approx(1_397_225, abs=5)
    assert case.chainage_accuracy_m is not None
    event = db.session.scalars(select(CaseEvent).filter_by(case_id=case.id, version=1)).one()
    assert event.data["corridor_id"] == line_id


# ── Nobody responsible ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("ground", "lead", "code", "problem"),
    [("railway", "commune", None, "no_rule"), ("anywhere", "unit", "gone", "lead_missing")],
)
def test_a_report_for_which_the_table_names_nobody_is_held_before_a_person(
    units: dict[str, int],
    store: PhotoStore,
    ground: str,
    lead: str,
    code: str | None,
    problem: str,
) -> None:
    write_rule(ground, lead, code)
    held = standing(triaged(store, scene.WEST))
    assert (held.status, held.hold_code) == ("held", "no_responsible_unit")
    assert held.hold_details == {
        "problem": problem, "category_code": "road_damage", "commune_id": units["west"]
    }  # fmt: skip
    assert held.supervising_unit_id == units["district"]
    assert count_cases() == 0


def test_the_unit_that_a_person_sets_ends_that_hold(
    units: dict[str, int], store: PhotoStore
) -> None:
    write_rule("railway", "commune")
    report = triaged(store, scene.WEST)
    with pytest.raises(InvalidInput) as refused:
        place(report, unit_id=None)
    assert (refused.value.code, refused.value.field) == ("responsible_unit_missing", "unit_id")
    place(report, unit_id=units["west"])
    again(report, store)
    case = case_of(report)
    assert (case.lead_unit_id, case.routing) == (units["west"], "set_by_person")


def test_an_authority_that_leads_keeps_the_lands_commune_beside_it(
    units: dict[str, int], store: PhotoStore
) -> None:
    with transaction() as work:
        authority = Unit(
            code="KQL",
            tier="authority",
            kind="cơ quan",
            name="Khu Quản lý đường bộ III",
            valid_from=scene.LONG_AGO,
        )
        work.session.add(authority)
    write_rule("anywhere", "unit", "KQL")
    first, second = triaged(store, scene.WEST), triaged(store, scene.WEST)
    case = case_of(first)
    assert (case.lead_unit_id, case.commune_id) == (authority.id, units["west"])
    assert parts_in(case) == [(units["west"], "land", "informed")]
    assert case_of(second).id == case.id


def test_the_day_that_counts_is_the_day_the_report_came(units: dict[str, int]) -> None:
    report = db.session.get_one(triage.Report, scene.add_report())
    assert triage_claims.day_that_counts(None, report) == triage_claims.local_day(report)
