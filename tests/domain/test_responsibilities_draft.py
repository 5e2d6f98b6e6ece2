"""The next table while it is written: moving lines loses none, what is saved is what was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.test_responsibilities import CATEGORIES, LANDS, tables
from webapp.domain.responsibilities import COMMUNE, SUPERVISING, Party, Rule
from webapp.domain.responsibilities_draft import (
    Draft,
    DraftRule,
    DraftTask,
    Known,
    draft_rule,
    faults_of,
    read_party,
    rules_of,
    written_party,
)

KNOWN = Known(CATEGORIES, LANDS, {"a", "b", "c"})
LINES = tuple(DraftRule(legal_basis=str(number)) for number in range(5))


def bases(draft: Draft) -> str:
    return "".join(rule.legal_basis for rule in draft.rules)


@given(tables())
def test_a_table_copied_into_a_draft_comes_out_as_it_was(rules: tuple[Rule, ...]) -> None:
    drafted = tuple(draft_rule(rule) for rule in rules)
    assert rules_of(drafted) == rules


@given(tables())
def test_a_copied_table_has_no_fault_but_parties_named_twice(rules: tuple[Rule, ...]) -> None:
    drafted = tuple(draft_rule(rule) for rule in rules)
    told = {fault.code for fault in faults_of(drafted, KNOWN)}
    assert told <= {"duty_party_twice", "duty_no_rules", "duty_lead_cannot"}
    assert ("duty_lead_cannot" in told) == any(rule.lead == SUPERVISING for rule in rules)
    assert ("duty_no_rules" in told) == (not rules)


@given(st.integers(-2, 8), st.sampled_from([-1, 1]))
def test_moving_a_line_loses_none(place: int, by: int) -> None:
    moved = Draft(1, "2026-07-01", rules=LINES).moved(place, by)
    assert sorted(bases(moved)) == list("01234")


@pytest.mark.parametrize(
    ("place", "by", "expected"),
    [(0, 1, "10234"), (4, -1, "01243"), (0, -1, "01234"), (4, 1, "01234"), (9, 1, "01234")],
)
def test_a_line_moves_by_one_and_stops_at_the_ends(place: int, by: int, expected: str) -> None:
    assert bases(Draft(1, "", rules=LINES).moved(place, by)) == expected


def test_lines_and_partners_come_and_go() -> None:
    draft = Draft(1, "", rules=LINES[:2])
    assert bases(draft.without(0)) == "1"
    assert bases(draft.without(7)) == "01"
    assert draft.with_line().rules[-1] == DraftRule()
    grown = draft.with_partner(1).with_partner(1)
    assert [len(rule.partners) for rule in grown.rules] == [0, 2]
    assert [len(rule.partners) for rule in grown.without_partner(1, 0).rules] == [0, 1]
    assert [len(rule.partners) for rule in grown.without_partner(1, 5).rules] == [0, 2]


@pytest.mark.parametrize("party", [COMMUNE, Party("unit", "22846"), Party("unit", "unit:x")])
def test_a_party_is_read_back_as_it_was_written(party: Party) -> None:
    assert read_party(written_party(party)) == party


@given(st.text(max_size=12))
def test_what_nobody_wrote_is_no_party_and_no_crash(written: str) -> None:
    party = read_party(written)
    assert party is None or written_party(party) == written


@pytest.mark.parametrize("written", ["", "unit", "unit:", "mayor"])
def test_nobody_is_no_party(written: str) -> None:
    assert read_party(written) is None


def test_empty_partners_are_left_out_of_the_rule() -> None:
    rule = DraftRule(is_every_category=True, partners=(DraftTask(), DraftTask("supervising", " ")))
    assert not faults_of([rule], KNOWN)
    (read,) = rules_of([rule])
    assert [(task.party.kind, task.words) for task in read.partners] == [("supervising", None)]


def test_every_category_goes_before_single_ones() -> None:
    rule = DraftRule(is_every_category=True, category_codes=("other",))
    assert rules_of([rule])[0].category_codes == frozenset()
