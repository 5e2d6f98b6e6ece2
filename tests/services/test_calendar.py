"""The public holidays of Vietnam as the working calendar knows them."""

from datetime import UTC, date, datetime

from webapp.services.calendar import calendar_around, working_calendar


def test_new_year_tet_and_the_holidays_of_spring_and_autumn_are_days_off() -> None:
    calendar = working_calendar([2026])
    for day in [
        date(2026, 1, 1),
        date(2026, 2, 17),
        date(2026, 4, 30),
        date(2026, 5, 1),
        date(2026, 9, 2),
    ]:
        assert not calendar.is_working_day(day)


def test_a_holiday_on_a_sunday_is_made_up_on_monday() -> None:
    # The Hung Kings' day of 2026 falls on Sunday 26 April.
    assert not working_calendar([2026]).is_working_day(date(2026, 4, 27))


def test_a_saturday_worked_in_exchange_for_a_long_holiday_is_a_working_day() -> None:
    assert working_calendar([2025]).is_working_day(date(2025, 4, 26))
    assert not working_calendar([2025]).is_working_day(date(2025, 4, 19))


def test_a_calendar_is_built_once_for_the_same_years() -> None:
    assert working_calendar([2026, 2025]) is working_calendar([2025, 2026])


def test_around_new_year_both_years_are_known() -> None:
    calendar = calendar_around(datetime(2026, 12, 31, 20, tzinfo=UTC))
    assert not calendar.is_working_day(date(2027, 1, 1))
    assert not calendar.is_working_day(date(2026, 9, 2))
    assert not calendar.is_working_day(date(2028, 1, 1))
