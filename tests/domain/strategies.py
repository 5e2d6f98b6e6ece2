"""What several domain tests draw their examples from."""

from datetime import UTC, date, datetime, time

from hypothesis import strategies as st


def moments_between(first: date, last: date) -> st.SearchStrategy[datetime]:
    """Draw aware moments in UTC, from the first day's midnight to the last day's."""
    return st.datetimes(
        datetime.combine(first, time()), datetime.combine(last, time()), timezones=st.just(UTC)
    )
