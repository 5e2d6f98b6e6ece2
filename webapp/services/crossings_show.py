"""All that one crossing's page shows: its history, photos and cases, read in one go."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from webapp import clock
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Case, Crossing, CrossingInspection, CrossingPhoto, Officer, Unit
from webapp.services.case_map import CaseMap, Shown, draw_case
from webapp.services.crossings import may_edit, visible_crossing
from webapp.services.scope import visible_cases

# A crossing that residents report again and again: the page names the newest, and how many.
MOST_CASES = 20
MOST_ROWS = 60
MOST_PHOTOS = 24


@dataclass(frozen=True)
class Difference:
    """One value that an entry of the history changed; ``name`` as in ``domain.crossings.Entry``."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Told:
    """One entry of the history: who, of which unit then, what changed, and photos taken."""

    row: CrossingInspection
    officer_name: str | None
    unit: Unit | None
    differences: Sequence[Difference]
    photos: Sequence[CrossingPhoto]


@dataclass(frozen=True)
class CrossingFile:
    """A crossing as its page shows it to one officer; the history stands newest first.

    ``cases`` are the newest that the officer may see, ``case_count`` how many those are.
    """

    crossing: Crossing
    history: Sequence[Told]
    photos: Sequence[CrossingPhoto]
    cases: Sequence[Case]
    case_count: int
    may_edit: bool
    map: CaseMap

    @property
    def last_inspected(self) -> Told | None:
        """Return the newest inspection, if there was any."""
        return next((told for told in self.history if told.row.kind == "inspected"), None)


def read_crossing(officer: Officer, crossing_id: int) -> CrossingFile:
    """Read what the page of a crossing shows.

    Raises:
        NotFound: there is none with that id, or the officer may not know of it.
    """
    crossing = visible_crossing(officer, crossing_id)
    session = db.session()
    photos = _photos(session, crossing_id)
    cases, case_count = _cases(session, officer, crossing_id)
    return CrossingFile(
        crossing=crossing,
        history=_history(session, crossing_id, photos),
        photos=photos,
        cases=cases,
        case_count=case_count,
        may_edit=may_edit(officer, crossing),
        map=draw_case(
            Shown(Position(crossing.latitude, crossing.longitude), crossing.code),
            (),
            clock.today(),
        ),
    )


def changes_since(officer: Officer, crossing_id: int, version: int) -> list[Told]:
    """Read what others wrote of a crossing after a version that somebody has on the screen.

    Newest first; each entry of the history made one version.

    Raises:
        NotFound: there is none with that id, or the officer may not know of it.
    """
    crossing = visible_crossing(officer, crossing_id)
    session = db.session()
    history = _history(session, crossing_id, _photos(session, crossing_id))
    return history[: max(0, crossing.version - version)]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return the values of the register that are others than they were."""
    return [
        Difference(name, before.get(name), value)
        for name, value in after.items()
        if before.get(name) != value
    ]


def _photos(session: Session, crossing_id: int) -> list[CrossingPhoto]:
    newest = select(CrossingPhoto).where(CrossingPhoto.crossing_id == crossing_id)
    return list(session.scalars(newest.order_by(CrossingPhoto.id.desc()).limit(MOST_PHOTOS)))


def _cases(session: Session, officer: Officer, crossing_id: int) -> tuple[list[Case], int]:
    linked = visible_cases(officer).where(Case.crossing_id == crossing_id)
    newest = linked.order_by(Case.is_open.desc(), Case.opened_at.desc()).limit(MOST_CASES)
    count = session.scalar(linked.with_only_columns(func.count(Case.id))) or 0
    return list(session.scalars(newest.options(joinedload(Case.category)))), count


def _history(session: Session, crossing_id: int, photos: Sequence[CrossingPhoto]) -> list[Told]:
    rows = session.execute(
        select(CrossingInspection, Officer.name, Unit)
        .outerjoin(Officer, Officer.id == CrossingInspection.officer_id)
        .outerjoin(Unit, Unit.id == CrossingInspection.unit_id)
        .where(CrossingInspection.crossing_id == crossing_id)
        .order_by(CrossingInspection.id.desc())
        .limit(MOST_ROWS)
    ).all()
    taken: defaultdict[int | None, list[CrossingPhoto]] = defaultdict(list)
    for photo in reversed(photos):
        taken[photo.inspection_id].append(photo)
    # The first entry of all has none before it.
    older = [*(row[0].data for row in rows[1:]), None][: len(rows)]
    return [
        Told(row, name, unit, differences(before, row.data) if before else (), taken[row.id])
        for (row, name, unit), before in zip(rows, older, strict=True)
    ]
