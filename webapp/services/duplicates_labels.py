"""What officers said of pairs of reports, for the next fitting of duplicates."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from webapp.domain.duplicates import log_days
from webapp.domain.duplicates_fit import Label
from webapp.extensions import db
from webapp.models import LabelledPair


def labels() -> tuple[Label, ...]:
    """Return the latest word on each pair, as far as its terms tell what the model had seen."""
    latest: dict[tuple[int, int], LabelledPair] = {}
    for pair in db.session.scalars(select(LabelledPair).order_by(LabelledPair.id)):
        latest[pair.report_id, pair.other_report_id] = pair
    return tuple(
        _label(pair.is_same, pair.terms) for pair in latest.values() if "log_odds" in pair.terms
    )


def _label(is_same: bool, terms: Mapping[str, Any]) -> Label:
    parts = terms.get("parts", {})
    left_out = parts.get("time", 0.0) + parts.get("words", 0.0)
    return Label(
        is_same=is_same,
        category_level=terms.get("category_level", "same"),
        is_same_phone=terms.get("same_phone"),
        is_named=bool(terms.get("is_named")),
        log_days=log_days(terms.get("hours", 0.0)),
        overlap=terms.get("words_overlap"),
        other_log_odds=terms["log_odds"] - left_out,
    )
