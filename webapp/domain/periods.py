"""Periods of local days: this week, this month, the quarter, the year, and whatever came before."""

from dataclasses import dataclass
from datetime import date, timedelta

from webapp.domain.errors import InvalidInput

PRESETS = ("week", "month", "quarter", "year")

# The first year that a district may speak of, and one that no plan of ours outlives. Beyond them
# the calendar itself ends, and with it the period before and the day after.
FIRST_YEAR, LAST_YEAR = 2000, 2200

# A tally is kept for every day; ten years of them are still read in one query.
LONGEST_DAYS = 3660


@dataclass(frozen=True)
class Period:
    """The days from ``first`` to ``last``, both included; ``preset`` is None for chosen days."""

    first: date
    last: date
    preset: str | None = None

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def before(self) -> "Period":
        """Return the period of the same length that ended the day before this one began."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def contains(self, day: date) -> bool:
        """Whether a day lies in the period."""
        return self.first <= day <= self.last


def preset_period(preset: str, today: date) -> Period:
    """Return a named period up to today; it begins on a Monday, or on the first of something.

    Raises:
        KeyError: no period has that name.
    """
    first = {
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "quarter": today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1),
        "year": today.replace(month=1, day=1),
    }[preset]
    return Period(first, today, preset)


def chosen_period(first: date, last: date) -> Period:
    """Return the period between two days that a person chose.

    Raises:
        InvalidInput: a day lies outside the years that we count, the last day comes before the
            first, or the period is over ten years long.
    """
    for day, field in ((first, "from"), (last, "to")):
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise InvalidInput("day_out_of_range", field=field, first=FIRST_YEAR, last=LAST_YEAR)
    if last < first:
        raise InvalidInput("period_reversed", field="to")
    period = Period(first, last)
    if period.days > LONGEST_DAYS:
        raise InvalidInput("period_too_long", field="from", years=LONGEST_DAYS // 366)
    return period


def weeks_until(today: date, count: int) -> tuple[Period, ...]:
    """Return the last ``count`` weeks from Monday on, oldest first; the present one ends today."""
    monday = today - timedelta(days=today.weekday())
    starts = [monday - timedelta(weeks=back) for back in range(count - 1, -1, -1)]
    return tuple(Period(start, min(start + timedelta(days=6), today)) for start in starts)
