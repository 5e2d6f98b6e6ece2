"""What decisions of triage go by: the fitted weights, and how long cases are watched."""

import json
from functools import cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.duplicates import Weights
from webapp.domain.triage import Policy
from webapp.models import Category

# Written by `flask duplicates fit`, and by nobody's hand.
WEIGHTS_FILE = Path(__file__).resolve().parents[1] / "duplicates.json"


def policy(session: Session) -> Policy:
    """Return the policy that holds now."""
    rows = session.execute(select(Category.service_code, Category.watch_days))
    return Policy(fitted_weights(), dict(rows.all()))


@cache
def fitted_weights() -> Weights:
    """Read the fitted weights, once a process."""
    return Weights.from_json(json.loads(WEIGHTS_FILE.read_text(encoding="utf-8")))
