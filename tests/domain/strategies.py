"""What several domain tests draw their examples from."""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

from hypothesis import strategies as st

from webapp.domain.duplicates import Weights


def moments_between(first: date, last: date) -> st.SearchStrategy[datetime]:
    """Draw aware moments in UTC, from the first day's midnight to the last day's."""
    return st.datetimes(
        datetime.combine(first, time()), datetime.combine(last, time()), timezones=st.just(UTC)
    )


def fitted() -> Weights:
    """Return the weights that decisions really go by."""
    raw = (Path(__file__).resolve().parents[2] / "webapp" / "duplicates.json").read_text("utf-8")
    return Weights.from_json(json.loads(raw))


FITTED = fitted()
