"""People behind a case: each once, however many phones, contacts or repeats they have."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.witnesses import Voice, count_witnesses

TODAY = date(2026, 7, 15)

# A few names for many reports, so that they meet.
voices = st.builds(
    Voice,
    day=st.sampled_from([TODAY, date(2026, 7, 16)]),
    cell=st.sampled_from([None, "8a65", "8a66"]),
    install_key_hash=st.sampled_from([None, None, "one", "two", "three", "four"]),
    phone=st.sampled_from([None, None, "0912345678", "+84912345678", "0900000000"]),
    email=st.sampled_from([None, None, "lan@example.vn", "Lan@Example.vn", "tu@example.vn"]),
)
many_voices = st.lists(voices, max_size=12)


def voice(**names: str) -> Voice:
    return Voice(TODAY, **names)


def test_nobody_is_nobody() -> None:
    assert count_witnesses([]) == 0


def test_one_phone_is_one_person_whatever_contacts_it_names() -> None:
    assert (
        count_witnesses(
            [
                voice(install_key_hash="one", phone="0912345678"),
                voice(install_key_hash="one", phone="0900000000"),
                voice(install_key_hash="one"),
            ]
        )
        == 1
    )


@pytest.mark.parametrize(
    ("mine", "again"),
    [
        ({"phone": "0912345678"}, {"phone": "+84912345678"}),
        ({"email": "lan@example.vn"}, {"email": "LAN@example.vn"}),
    ],
)
def test_one_contact_is_one_person_whichever_phones_sent_it(
    mine: dict[str, str], again: dict[str, str]
) -> None:
    first = voice(install_key_hash="one", **mine)
    second = voice(install_key_hash="two", **again)
    assert count_witnesses([first, second]) == 1
    assert count_witnesses([first, second, voice(install_key_hash="two")]) == 1
    assert count_witnesses([first, second, voice(install_key_hash="three")]) == 2


def test_a_chain_of_names_is_one_person() -> None:
    chain = [
        voice(install_key_hash="one", phone="0912345678"),
        voice(phone="0912345678", email="lan@example.vn"),
        voice(email="lan@example.vn", install_key_hash="two"),
        voice(install_key_hash="two"),
    ]
    assert count_witnesses(chain) == 1


def test_a_phone_and_an_e_mail_that_read_alike_are_not_the_same_name() -> None:
    assert count_witnesses([voice(phone="lan"), voice(email="lan")]) == 2


def test_anonymous_repeats_count_once_for_a_day_and_a_cell() -> None:
    here, there = Voice(TODAY, cell="8a65"), Voice(TODAY, cell="8a66")
    tomorrow = Voice(date(2026, 7, 16), cell="8a65")
    assert count_witnesses([here, here, there, tomorrow, tomorrow]) == 3


@given(many_voices, st.randoms())
def test_the_order_does_not_matter(said: list[Voice], chance: object) -> None:
    shuffled = list(said)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert count_witnesses(shuffled) == count_witnesses(said)


@given(many_voices)
def test_a_repeat_never_raises_the_count(said: list[Voice]) -> None:
    assert count_witnesses(said + said) == count_witnesses(said)


@given(many_voices, voices)
def test_a_further_voice_adds_at_most_one(said: list[Voice], more: Voice) -> None:
    assert count_witnesses([*said, more]) <= count_witnesses(said) + 1


@given(many_voices, voices)
def test_a_further_voice_lowers_the_count_only_by_joining_people(
    said: list[Voice], more: Voice
) -> None:
    # Of two names that met nobody's, or of one name, there is nothing to join.
    known = frozenset(name for one in said for name in one.names())
    joinable = len(more.names() & known)
    lost = count_witnesses(said) - count_witnesses([*said, more])
    assert lost <= max(0, joinable - 1)


@given(many_voices)
def test_the_count_lies_between_one_and_the_number_of_voices(said: list[Voice]) -> None:
    counts = [count_witnesses(said[:size]) for size in range(len(said) + 1)]
    assert all(after - before <= 1 for before, after in pairwise(counts))
    assert (counts[-1] >= 1) == bool(said)
