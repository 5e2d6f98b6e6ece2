"""Words of two reports agree with or without diacritics, and common words hardly count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.duplicates_words import overlap, tokens
from webapp.domain.folding import folded


def test_diacritics_and_capitals_make_no_difference() -> None:
    assert folded("Ổ gà ĐƯỜNG Yên Ninh") == "o ga duong yen ninh"
    assert overlap("Ổ gà trước chợ Vĩnh Hải", ["o ga truoc cho vinh hai"]) == 1


def test_common_words_alone_are_nothing_to_compare() -> None:
    assert overlap("xe trên đường rất nguy hiểm", ["ổ gà sâu trước chợ"]) is None
    assert overlap("", ["ổ gà"]) is None
    assert overlap("ổ gà", []) is None


def test_names_and_numbers_count_more_than_what_everybody_writes() -> None:
    told = overlap("hố sâu trước nhà số 12 Yên Ninh", ["nhà số 12, Yên Ninh, nước ngập"])
    vague = overlap("hố sâu trước nhà tôi rất nguy hiểm", ["nhà tôi bị ngập rất nguy hiểm"])
    assert told is not None
    assert vague is not None
    assert told > 0.5 > vague


@given(st.text(), st.text())
def test_agreement_is_a_share_and_has_no_direction(one: str, other: str) -> None:
    there = overlap(one, [other])
    assert there == pytest.approx(overlap(other, [one])) if there is not None else True
    assert there is None or 0 <= there <= 1


@given(st.text())
def test_a_text_agrees_with_itself(words: str) -> None:
    agreed = overlap(words, [words])
    assert agreed is None or agreed == 1
    assert all(token.isascii() for token in tokens(words))
