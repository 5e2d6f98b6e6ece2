"""The working calendar of Vietnam: public holidays and make-up days of the `holidays` library."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

import holidays

from webapp.domain.deadlines import WorkingCalendar, local_day


def working_calendar(years: Iterable[int]) -> WorkingCalendar:
    """Return the calendar that knows the public holidays of those years; built once a set."""
    return _built(tuple(sorted(set(years))))


def calendar_around(moment: datetime) -> WorkingCalendar:
    """Return the calendar for anything near a moment: the year before it to the year after."""
    year = local_day(moment).year
    return working_calendar(range(year - 1, year + 2))


@lru_cache(maxsize=32)
def _built(years: tuple[int, ...]) -> WorkingCalendar:
    vietnam = holidays.country_holidays("VN", years=years, expand=False)
    return WorkingCalendar(
        holidays=frozenset(vietnam),
        make_up_days=frozenset(vietnam.weekend_workdays),
    )
