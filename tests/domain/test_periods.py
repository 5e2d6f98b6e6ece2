"""Periods begin where people expect, and compare with as many days before."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.errors import InvalidInput
from webapp.domain.periods import (
    PRESETS,
    Period,
    chosen_period,
    preset_period,
    weeks_until,
)

DAYS = st.dates(date(2009, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("preset", "first"),
    [
        ("week", date(2026, 11, 16)),
        ("month", date(2026, 11, 1)),
        ("quarter", date(2026, 10, 1)),
        ("year", date(2026, 1, 1)),
    ],
)
def test_a_preset_begins_on_the_first_day_of_its_kind(preset: str, first: date) -> None:
    assert preset_period(preset, date(2026, 11, 22)) == Period(first, date(2026, 11, 22), preset)


@given(DAYS, st.sampled_from(PRESETS))
def test_a_preset_ends_today_and_contains_it(today: date, preset: str) -> None:
    period = preset_period(preset, today)
    assert period.contains(today)
    assert not period.contains(today + timedelta(days=1))


@given(DAYS, st.integers(0, 3000))
def test_the_period_before_has_as_many_days_and_touches(first: date, length: int) -> None:
    period = chosen_period(first, first + timedelta(days=length))
    before = period.before()
    assert before.days == period.days
    assert before.last + timedelta(days=1) == period.first


def test_a_reversed_period_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        chosen_period(date(2026, 2, 2), date(2026, 2, 1))
    assert (caught.value.code, caught.value.field) == ("period_reversed", "to")


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1999, 12, 31), date(9999, 12, 31)])
def test_a_day_outside_the_years_we_count_is_refused(day: date) -> None:
    with pytest.raises(InvalidInput) as caught:
        chosen_period(min(day, date(2026, 1, 1)), max(day, date(2026, 1, 1)))
    assert caught.value.code == "day_out_of_range"


def test_a_period_of_more_than_ten_years_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        chosen_period(date(2000, 1, 1), date(2026, 1, 1))
    assert caught.value.code == "period_too_long"


@given(DAYS, st.integers(1, 60))
def test_weeks_follow_each_other_and_the_last_one_ends_today(today: date, count: int) -> None:
    weeks = weeks_until(today, count)
    assert len(weeks) == count
    assert weeks[-1].last == today
    assert all(week.first.weekday() == 0 for week in weeks)
    assert all(a.last + timedelta(days=1) == b.first for a, b in pairwise(weeks))
