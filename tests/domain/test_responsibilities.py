"""Who does what: the first rule that fits, the commune always on the case, nobody skipped."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.coordination import Partner
from webapp.domain.responsibilities import (
    COMMUNE,
    CORRIDOR_AUTHORITY,
    CORRIDOR_KINDS,
    GROUNDS,
    KINDS_OF_GROUND,
    SUPERVISING,
    Assignment,
    CorridorKind,
    Party,
    Rule,
    Task,
    UnitRef,
    assign,
    first_match,
    led_by_land,
    reach,
)
from webapp.domain.responsibilities_default import DEFAULT_TABLE

VINH_HAI = UnitRef(1, "22846")
ROAD_MANAGER = 20
RAILWAY_COMPANY = 21
POLICE = Party("unit", "congan")

CATEGORIES = (
    "pavement_encroachment",
    "road_damage",
    "illegal_parking",
    "self_opened_crossing",
    "corridor_encroachment",
    "poor_visibility",
    "traffic_sign",
    "congestion",
    "overloaded_vehicle",
    "other",
)
LANDS = ("22846", "22852", "22867")

categories = st.sampled_from(CATEGORIES)
corridor_kinds = st.sampled_from([None, *CORRIDOR_KINDS])
parties = st.one_of(
    st.sampled_from([COMMUNE, CORRIDOR_AUTHORITY, SUPERVISING]),
    st.builds(Party, st.just("unit"), st.sampled_from(["a", "b", "c"])),
)
communes = st.builds(UnitRef, st.integers(1, 3), st.sampled_from(LANDS))


@st.composite
def tables(draw: st.DrawFn) -> tuple[Rule, ...]:
    """Draw an ordered table whose rules are numbered from 1."""
    count = draw(st.integers(0, 8))
    return tuple(
        Rule(
            id=number,
            category_codes=draw(st.frozensets(categories, max_size=3)),
            ground=draw(st.sampled_from(GROUNDS)),
            lead=draw(parties),
            commune_code=draw(st.none() | st.sampled_from(LANDS)),
            partners=tuple(
                Task(party, draw(st.none() | st.just("việc")))
                for party in draw(st.lists(parties, max_size=4))
            ),
        )
        for number in range(1, count + 1)
    )


@st.composite
def crews(draw: st.DrawFn) -> dict[Party, int | None]:
    """Draw who fills each role; some nobody, some the same unit as another."""
    anybody = st.none() | st.integers(1, 6)
    named = (*(Party("unit", code) for code in "abc"), CORRIDOR_AUTHORITY, SUPERVISING)
    return {party: draw(anybody) for party in named}


def filling(crew: Mapping[Party, int | None], commune: UnitRef) -> dict[Party, int | None]:
    return {**crew, COMMUNE: commune.id}


def assigned(
    rules: tuple[Rule, ...],
    category: str,
    kind: CorridorKind | None,
    crew: Mapping[Party, int | None],
    commune: UnitRef = VINH_HAI,
) -> Assignment:
    return assign(
        rules,
        category_code=category,
        corridor_kind=kind,
        commune=commune,
        parties=filling(crew, commune).get,
    )


@given(tables(), categories, corridor_kinds, communes, crews())
def test_the_first_rule_that_fits_decides_whatever_follows(
    rules: tuple[Rule, ...],
    category: str,
    kind: CorridorKind | None,
    commune: UnitRef,
    crew: dict[Party, int | None],
) -> None:
    fitting = [rule for rule in rules if rule.fits(category, kind, commune.code)]
    outcome = assigned(rules, category, kind, crew, commune)
    assert outcome.rule_id == (fitting[0].id if fitting else None)
    if fitting:
        upto = rules[: rules.index(fitting[0]) + 1]
        assert assigned(upto, category, kind, crew, commune) == outcome


@given(tables(), categories, corridor_kinds, communes, crews())
def test_the_commune_of_the_place_is_always_on_the_case_and_nobody_twice(
    rules: tuple[Rule, ...],
    category: str,
    kind: CorridorKind | None,
    commune: UnitRef,
    crew: dict[Party, int | None],
) -> None:
    outcome = assigned(rules, category, kind, crew, commune)
    units = [outcome.lead_unit_id, *(partner.unit_id for partner in outcome.partners)]
    assert commune.id in units
    present = [unit for unit in units if unit is not None]
    assert len(present) == len(set(present))
    for partner in outcome.partners:
        assert partner.source == "rule" or partner.unit_id == commune.id


@given(tables(), categories, corridor_kinds, communes, crews())
def test_whoever_is_missing_is_named_and_a_case_without_lead_says_why(
    rules: tuple[Rule, ...],
    category: str,
    kind: CorridorKind | None,
    commune: UnitRef,
    crew: dict[Party, int | None],
) -> None:
    outcome = assigned(rules, category, kind, crew, commune)
    rule = first_match(rules, category, kind, commune.code)
    filled = filling(crew, commune)
    named = () if rule is None else rule.parties
    # Who stands above the place rules on cases, and leads none.
    vacant = [p for p in named if filled[p] is None or (rule and p == rule.lead == SUPERVISING)]
    assert list(outcome.missing) == vacant
    assert (outcome.lead_unit_id is None) == (outcome.problem is not None)
    assert (outcome.problem == "no_rule") == (rule is None)
    if rule is not None:
        assert (outcome.problem == "lead_missing") == (rule.lead in outcome.missing)


@given(tables(), categories, corridor_kinds, communes, crews())
def test_the_same_question_has_the_same_answer(
    rules: tuple[Rule, ...],
    category: str,
    kind: CorridorKind | None,
    commune: UnitRef,
    crew: dict[Party, int | None],
) -> None:
    assert assigned(rules, category, kind, crew, commune) == assigned(
        rules, category, kind, crew, commune
    )


@given(tables())
def test_reach_agrees_with_the_first_rule_at_every_spot(rules: tuple[Rule, ...]) -> None:
    found = reach(rules, CATEGORIES, LANDS)
    for rule, spots in zip(rules, found.first_at, strict=True):
        assert all(first_match(rules, *spot) is rule for spot in spots)
    holes = set(found.uncovered)
    for category in CATEGORIES:
        for kind in (None, *CORRIDOR_KINDS):
            lands = [first_match(rules, category, kind, land) for land in (*LANDS, None)]
            assert ((category, kind) in holes) == (None in lands)
    total = len(CATEGORIES) * (1 + len(CORRIDOR_KINDS)) * (len(LANDS) + 1)
    assert sum(map(len, found.first_at)) <= total


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("kind", [None, *CORRIDOR_KINDS])
def test_a_ground_fits_its_own_lines_alone(ground: str, kind: CorridorKind | None) -> None:
    rule = Rule(1, frozenset(), ground, COMMUNE)  # type: ignore[arg-type]
    expected = {
        "anywhere": True,
        "off_corridor": kind is None,
        "any_road": kind in {"national_road", "provincial_road", "local_road"},
    }.get(ground, kind == ground)
    assert rule.fits("other", kind, "22846") is expected


def test_every_line_is_a_ground_of_its_own() -> None:
    assert set(CORRIDOR_KINDS) <= set(KINDS_OF_GROUND)


def test_a_rule_for_one_commune_is_silent_elsewhere() -> None:
    rule = Rule(1, frozenset(), "anywhere", COMMUNE, commune_code="22852")
    assert rule.fits("other", None, "22852")
    assert not rule.fits("other", None, "22846")
    assert not rule.fits("other", None, None)


def test_a_partner_whom_the_rule_names_keeps_its_task_even_on_its_own_land() -> None:
    rule = Rule(
        1, frozenset(), "anywhere", CORRIDOR_AUTHORITY, partners=(Task(COMMUNE, "cảnh báo"),)
    )
    outcome = assigned((rule,), "road_damage", "national_road", {CORRIDOR_AUTHORITY: ROAD_MANAGER})
    assert outcome.partners == (Partner(VINH_HAI.id, "cảnh báo", "rule"),)


def test_a_missing_partner_is_named_and_stops_nothing() -> None:
    rule = Rule(1, frozenset(), "anywhere", COMMUNE, partners=(Task(POLICE),))
    outcome = assigned((rule,), "overloaded_vehicle", None, {POLICE: None})
    assert (outcome.lead_unit_id, outcome.problem) == (VINH_HAI.id, None)
    assert outcome.missing == (POLICE,)


def test_without_any_table_the_commune_leads() -> None:
    assert led_by_land(VINH_HAI) == Assignment(None, VINH_HAI.id)


@pytest.mark.parametrize(("kind", "code"), [("unit", None), ("commune", "22846")])
def test_a_unit_is_named_by_its_code_and_a_role_by_none(kind: str, code: str | None) -> None:
    with pytest.raises(ValueError, match="code"):
        Party(kind, code)  # type: ignore[arg-type]


def test_the_table_that_ships_has_no_hole_and_no_rule_in_vain() -> None:
    found = reach(DEFAULT_TABLE, CATEGORIES, ())
    assert found.uncovered == ()
    assert all(found.first_at)


@pytest.mark.parametrize(
    ("category", "kind", "lead", "partners"),
    [
        ("pavement_encroachment", None, VINH_HAI.id, []),
        ("pavement_encroachment", "national_road", VINH_HAI.id, []),
        ("road_damage", None, VINH_HAI.id, []),
        ("road_damage", "local_road", VINH_HAI.id, []),
        ("road_damage", "provincial_road", ROAD_MANAGER, [VINH_HAI.id]),
        ("corridor_encroachment", "national_road", VINH_HAI.id, [ROAD_MANAGER]),
        ("self_opened_crossing", "railway", VINH_HAI.id, [RAILWAY_COMPANY]),
        ("self_opened_crossing", None, VINH_HAI.id, []),
        ("other", "railway", VINH_HAI.id, []),
    ],
)
def test_the_table_that_ships_puts_the_commune_before_those_who_manage_the_line(
    category: str, kind: CorridorKind | None, lead: int, partners: list[int]
) -> None:
    authority = RAILWAY_COMPANY if kind == "railway" else ROAD_MANAGER
    outcome = assigned(DEFAULT_TABLE, category, kind, {CORRIDOR_AUTHORITY: authority})
    assert outcome.lead_unit_id == lead
    assert [partner.unit_id for partner in outcome.partners] == partners
