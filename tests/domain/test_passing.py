"""What becomes of an open case when its land has another owner: rules, without any database."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime

import shapely
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain import passing
from webapp.domain.case_state import CaseState
from webapp.domain.geo import Land, LandIndex
from webapp.domain.passing import Day, Passing
from webapp.domain.succession import LEAST_SHARE, inheritances, share_taken

# Four squares of 0.1° from west to east, held by units 1 to 4 then; by 11 and 12 now.
EDGE, SOUTH = 109.0, 11.0
OLD, NEW, AUTHORITY = (1, 2, 3, 4), (11, 12), 90
AUTHORITY_GONE = 91


def box(column: float, width: float = 1.0) -> shapely.Polygon:
    west = EDGE + column * 0.1
    return shapely.box(west, SOUTH, west + width * 0.1, SOUTH + 0.1)


THEN = [Land(unit, box(unit - 1)) for unit in OLD]
NOW = [Land(11, box(0, 2)), Land(12, box(2, 2))]


def day(now: list[Land] = NOW, ended: set[int] | None = None) -> Day:
    gone = set(OLD) | {AUTHORITY_GONE} if ended is None else ended
    heirs: dict[int, tuple[int, ...]] = {}
    for part in inheritances([land for land in THEN if land.unit_id in gone], now):
        heirs[part.predecessor_id] = (*heirs.get(part.predecessor_id, ()), part.successor_id)
    return Day(
        land=LandIndex(now),
        ended_ids=gone,
        heirs=heirs,
        lands={land.unit_id: LandIndex([land]) for land in now},
        former={land.unit_id: LandIndex([land]) for land in THEN},
        shrunk_on={unit: date(2025, 7, 1) for unit in OLD if unit not in gone},
    )


def case(
    column: float, *, commune: int | None, lead: int | None = None, **more: object
) -> CaseState:
    opened = datetime(2025, 6, 20, tzinfo=UTC)
    state = CaseState(
        status="new",
        severity=1,
        lead_unit_id=lead or commune or AUTHORITY,
        category_code="road_damage",
        latitude=SOUTH + 0.05,
        longitude=EDGE + (column + 0.5) * 0.1,
        report_count=1,
        witness_count=1,
        acknowledge_due_at=opened,
        resolve_due_at=opened,
        opened_at=opened,
        place_id=1,
        commune_id=commune,
    )
    return replace(state, **more)  # type: ignore[arg-type]


def test_a_case_goes_with_its_spot() -> None:
    assert passing.follow(case(1, commune=2), day()) == Passing(11, 11, None)
    assert passing.follow(case(2, commune=3), day()) == Passing(12, 12, None)


def test_a_case_of_a_unit_that_was_split_goes_with_its_own_half() -> None:
    halves = [Land(11, box(0, 0.5)), Land(12, box(0.5, 3.5))]
    assert passing.follow(case(-0.4, commune=1), day(halves)) == Passing(11, 11, None)
    assert passing.follow(case(0.4, commune=1), day(halves)) == Passing(12, 12, None)


def test_where_a_person_or_a_border_decided_the_commune_is_followed() -> None:
    # The spot lies on the land of 2, and the case is of 3.
    assert passing.follow(case(1, commune=3), day()) == Passing(12, 12, None)


def test_an_authority_keeps_the_lead_and_the_commune_changes() -> None:
    found = passing.follow(case(0, commune=1, lead=AUTHORITY), day())
    assert found == Passing(AUTHORITY, 11, None)


def test_a_lead_without_successor_is_kept_and_said() -> None:
    found = passing.follow(case(0, commune=1, lead=AUTHORITY_GONE), day())
    assert found == "lead_ended"


def test_a_spot_on_nobodys_land_is_kept_and_said() -> None:
    assert passing.follow(case(3, commune=4), day([Land(11, box(0, 2))])) == "outside"


def test_a_spot_on_nobodys_land_follows_its_commune_to_the_nearest_heir() -> None:
    # Half of the land of 4 has a new holder, and the spot lies in the other half.
    land = [Land(11, box(0, 3)), Land(12, box(3, 0.5))]
    assert passing.follow(case(3.4, commune=4), day(land)) == Passing(12, 12, None)


def test_an_offer_between_units_that_became_one_is_moot() -> None:
    found = passing.follow(case(0, commune=1, transfer_to_id=2), day())
    assert found == Passing(11, 11, None, is_offer_moot=True)


def test_an_offer_to_another_unit_follows_it() -> None:
    found = passing.follow(case(0, commune=1, transfer_to_id=4), day())
    assert found == Passing(11, 11, 12)


def test_a_unit_that_goes_on_loses_only_cases_opened_before_it_gave_land_up() -> None:
    now = [Land(1, box(0, 0.5)), Land(12, box(0.5, 3.5))]
    goes_on = day(now, ended={2, 3, 4})
    given_up = case(0.4, commune=1)
    assert passing.follow(given_up, goes_on) == Passing(12, 12, None)
    kept = case(-0.4, commune=1)
    assert passing.follow(kept, goes_on) is None
    late = replace(given_up, opened_at=datetime(2025, 7, 2, tzinfo=UTC))
    assert passing.follow(late, goes_on) is None


def test_a_partner_that_is_the_places_commune_stays_the_places_commune() -> None:
    state = case(0, commune=1, lead=AUTHORITY)
    found = passing.follow(state, day())
    assert isinstance(found, Passing)
    assert passing.partner_after(1, state, found, day()) == 11
    assert passing.partner_after(4, state, found, day()) == 12
    assert passing.partner_after(AUTHORITY, state, found, day()) == AUTHORITY


cases = st.builds(
    lambda column, commune, lead, asked: case(
        column, commune=commune, lead=lead, transfer_to_id=asked
    ),
    st.floats(-0.45, 3.45),
    st.sampled_from(OLD),
    st.sampled_from([None, *OLD, AUTHORITY]),
    st.sampled_from([None, *OLD, AUTHORITY]),
)


@given(cases)
def test_after_one_day_nothing_more_changes_and_no_unit_that_ended_is_left(
    state: CaseState,
) -> None:
    found = passing.follow(state, day())
    assert isinstance(found, Passing)
    after = replace(
        state,
        lead_unit_id=found.lead_unit_id,
        commune_id=found.commune_id,
        transfer_to_id=found.transfer_to_id,
    )
    assert not {found.lead_unit_id, found.commune_id, found.transfer_to_id} & set(OLD)
    assert found.transfer_to_id != found.lead_unit_id
    assert passing.follow(after, day()) is None
    untouched = {"lead_unit_id", "commune_id", "transfer_to_id"}
    assert all(
        value == asdict(after)[name]
        for name, value in asdict(state).items()
        if name not in untouched
    )


def test_shares_of_land_add_up_and_strips_are_left_out() -> None:
    now = [Land(11, box(0, 1.02)), Land(12, box(1.02, 2.98))]
    found = [(part.predecessor_id, part.successor_id) for part in inheritances(THEN, now)]
    assert found == [(1, 11), (2, 12), (3, 12), (4, 12)]
    assert abs(share_taken(THEN[1], now) - 1) < 1e-9
    assert share_taken(THEN[1], [now[0]]) < LEAST_SHARE


def test_a_small_new_unit_cut_out_of_a_large_one_is_its_heir() -> None:
    large, small = Land(1, box(0, 100)), Land(11, box(0))
    (part,) = inheritances([large], [small])
    assert part.share < LEAST_SHARE < part.of_successor
