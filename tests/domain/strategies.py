"""What several domain tests draw their examples from."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from webapp.domain.casework import KINDS
from webapp.domain.duplicates import Weights


def moments_between(first: date, last: date) -> st.SearchStrategy[datetime]:
    """Draw aware moments in UTC, from the first day's midnight to the last day's."""
    return st.datetimes(
        datetime.combine(first, time()), datetime.combine(last, time()), timezones=st.just(UTC)
    )


UNIT_IDS = st.integers(7, 9)


def case_data(noon: datetime) -> dict[str, st.SearchStrategy[Mapping[str, Any]]]:
    """Draw what each kind of event carries, but for the first one of a case.

    Args:
        noon: a moment near which the case lives.
    """
    moments = st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
    captured = st.none() | st.just(noon.isoformat())
    counted = {
        "report_count": st.integers(0, 9),
        "witness_count": st.integers(0, 9),
        "last_captured_at": captured,
    }
    due = {"acknowledge_due_at": moments, "resolve_due_at": moments}
    gains = st.fixed_dictionaries({**counted, **due, "severity": st.integers(1, 4)})
    recounts = st.fixed_dictionaries(counted)
    return (
        {kind: st.just({}) for kind in KINDS if kind != "opened"}
        | {
            "report_attached": st.fixed_dictionaries(
                {"witness_count": st.integers(1, 9), "captured_at": captured}
            ),
            "resolved": st.just({"public_sentence": "Xong."}),
            "severity_raised": st.fixed_dictionaries(
                {"severity": st.integers(0, 5), "resolve_due_at": moments}
            ),
            "merged": gains,
            "report_returned": gains,
            "merged_into": st.just({"into_case_id": 9, "into_number": "NH-2026-00009"}),
            "merge_undone": recounts,
            "report_split_off": recounts,
            "separated": recounts,
        }
        | _data_of_the_right_desk()
    )


def _data_of_the_right_desk() -> dict[str, st.SearchStrategy[Mapping[str, Any]]]:
    leads = {"lead_unit_id": UNIT_IDS}
    parts = st.fixed_dictionaries({"coordination_id": st.just(1), "unit_id": UNIT_IDS})
    return {
        "coordination_asked": parts,
        "coordination_replied": parts,
        "coordination_ended": parts,
        "transfer_offered": st.fixed_dictionaries({"to_unit_id": st.none() | UNIT_IDS}),
        "transfer_accepted": st.fixed_dictionaries(leads),
        "transfer_ruled": st.fixed_dictionaries(leads),
        "land_passed": st.fixed_dictionaries(
            {**leads, "commune_id": UNIT_IDS}, optional={"transfer_to_id": st.none() | UNIT_IDS}
        ),
        "crossing_linked": st.fixed_dictionaries({"crossing_id": st.none() | st.just(4)}),
    }


def fitted() -> Weights:
    """Return the weights that decisions really go by."""
    raw = (Path(__file__).resolve().parents[2] / "webapp" / "duplicates.json").read_text("utf-8")
    return Weights.from_json(json.loads(raw))


FITTED = fitted()
