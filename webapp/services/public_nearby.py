"""What a resident who is about to report may know of the spot: which public cases lie near by.

The answer holds nothing that the public map does not show. Even how near a case lies is counted
from its published point, so that asking from many sides cannot undo the coarsening. Neither the
question nor anything of it is kept or logged.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from sqlalchemy import Row, and_, or_, select

from webapp import clock
from webapp.config import Settings
from webapp.domain import casework as rules
from webapp.domain import disclosure
from webapp.domain.errors import InvalidInput, TooLarge
from webapp.domain.geo import Position, cells_within, distance_m, is_usable
from webapp.extensions import db
from webapp.models import Case, Place
from webapp.services import intake_limits
from webapp.services.public import MAP_MEMORY, map_entry
from webapp.services.public_cases import CaseCard, cards_of, cases_with_parts, is_public

# Four values with their names are a tenth of this; whatever is longer is no question of ours.
MAX_QUESTION_BYTES = 2_000
MAX_CATEGORY_CHARACTERS = 64

# As many as one compares at a glance; the form folds those after the second.
MOST_CASES = 5

# The largest thing that is one case, a row of parked coaches, is 60 m long: its place may lie at
# the other end of it.
REACH_M = 60.0
# A phone that errs by more asks for the pin instead, and within this distance FixMyStreet takes
# reports of one category for the same; further away nobody means the same spot.
MOST_REACH_M = 250.0

# A crossroads of a town holds some dozen places; the newest of these are enough to choose from.
MOST_LOOKED_AT = 300


@dataclass(frozen=True)
class Question:
    """Where somebody is about to report, and what, if they have chosen it already."""

    latitude: float
    longitude: float
    accuracy_m: float | None = None
    category_code: str | None = None

    @property
    def radius_m(self) -> float:
        """Return how far to look: the reach of one case, and as far as the phone may err."""
        return min(REACH_M + (self.accuracy_m or 0.0), MOST_REACH_M)


def answer(raw: bytes, *, address: str, settings: Settings) -> list[CaseCard]:
    """Return at most ``MOST_CASES`` public cases around the position that a form asks about.

    Open ones come first, then those that were resolved here lately (``public.MAP_MEMORY``); among
    them those of the category that was asked about, then the nearest.

    Raises:
        TooLarge, InvalidInput: the question cannot be used.
        TooMany: too many questions from this address in the last minute.
    """
    question = read_question(raw)
    intake_limits.spend_nearby_of_address(
        address, per_minute=settings.nearby_per_address_minute, secret_key=settings.secret_key
    )
    return cases_near(question)


def as_entry(card: CaseCard) -> dict[str, Any]:
    """Return what the form reads about a case; the address of its photo is the view's."""
    return {**map_entry(card), "is_open": rules.is_open(card.public.status)}


# ── The question ─────────────────────────────────────────────────────────────────────────────


def read_question(raw: bytes) -> Question:
    """Read a question: JSON with latitude, longitude and, if known, accuracy_m and category.

    An accuracy that no receiver has (zero or less) counts as not said, as in a report.

    Raises:
        TooLarge: more bytes than any question of ours has.
        InvalidInput: it is no JSON object, or a value is of the wrong kind or no place on Earth.
    """
    if len(raw) > MAX_QUESTION_BYTES:
        raise TooLarge("nearby_too_long")
    said = _json_object(raw)
    latitude, longitude = (_finite(said.get(name)) for name in ("latitude", "longitude"))
    if latitude is None or longitude is None or not is_usable(latitude, longitude):
        field = "latitude" if latitude is None else "longitude"
        raise InvalidInput("nearby_position_unusable", field=field)
    return Question(latitude, longitude, _accuracy(said), _category(said))


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise InvalidInput("nearby_not_json")
    return said


def _no_constant(name: str) -> NoReturn:
    # NaN and Infinity are Python's JSON only.
    raise ValueError(name)


def _finite(value: object) -> float | None:
    # In Python True is a whole number, in JSON it is none.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _accuracy(said: dict[str, Any]) -> float | None:
    value = said.get("accuracy_m")
    if value is None:
        return None
    accuracy_m = _finite(value)
    if accuracy_m is None:
        raise InvalidInput("nearby_accuracy_unusable", field="accuracy_m")
    return accuracy_m if accuracy_m > 0 else None


def _category(said: dict[str, Any]) -> str | None:
    value = said.get("category")
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_CATEGORY_CHARACTERS:
        raise InvalidInput("nearby_category_unusable", field="category")
    return value or None


# ── The answer ───────────────────────────────────────────────────────────────────────────────


def cases_near(question: Question) -> list[CaseCard]:
    """Return the cases to show, best first; three statements at most."""
    looked_at = db.session.execute(_places_with_cases(question)).all()
    chosen = [row.id for row in _best(looked_at, question)]
    if not chosen:
        return []
    found = {
        case.id: case for case in db.session.scalars(cases_with_parts().where(Case.id.in_(chosen)))
    }
    return cards_of([found[id_] for id_ in chosen])


def _places_with_cases(question: Question) -> Any:
    """Return the query for public cases at places near the position, the newest first.

    Those that were merged away are not public; nothing that was refused is told.

    Cells are those of the places, not of the cases: a case may have moved a little from its
    place, and where it is must not show, not even by being found or not.
    """
    # A published point lies a little off its place.
    reach_m = question.radius_m + disclosure.PUBLIC_SPREAD_M
    cells = cells_within(question.latitude, question.longitude, reach_m)
    now = clock.now()
    is_ended_lately = and_(
        Case.status.in_(("resolved", "closed")), Case.resolved_at >= now - MAP_MEMORY
    )
    return (
        select(
            Case.id,
            Case.place_id,
            Case.is_open,
            Case.category_code,
            Place.latitude,
            Place.longitude,
        )
        .join(Place, Place.id == Case.place_id)
        .where(
            Place.cell.in_(cells),
            or_(Case.is_open, is_ended_lately),
            is_public(now),
        )
        .order_by(Case.id.desc())
        .limit(MOST_LOOKED_AT)
    )


def _best(looked_at: Sequence[Row[Any]], question: Question) -> list[Row[Any]]:
    near = [row for row in looked_at if _metres(row, question) <= question.radius_m]
    near.sort(
        key=lambda row: (
            not row.is_open,
            row.category_code != question.category_code,
            _metres(row, question),
            -row.id,
        )
    )
    return _newest_end_of_each_place(near)[:MOST_CASES]


def _newest_end_of_each_place(ranked: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Leave out of several ends of one place all but the newest: that one tells how it stands."""
    told: set[int] = set()
    kept = []
    for row in ranked:
        if row.is_open or row.place_id not in told:
            kept.append(row)
        if not row.is_open:
            told.add(row.place_id)
    return kept


def _metres(row: Row[Any], question: Question) -> float:
    latitude, longitude = disclosure.public_spot(row.latitude, row.longitude)
    here = Position(question.latitude, question.longitude)
    return distance_m(here, Position(latitude, longitude))
