"""What a row of the queue shows beside its case: its photos, and cases that may be the same one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Subquery, and_, case, func, select, union_all

from webapp.extensions import db
from webapp.models import Attachment, Case, Coordination, Officer, Photo, Transfer, Unit
from webapp.services.casework_figures import is_current_attachment
from webapp.services.merge_suggestions import unanswered
from webapp.services.scope import seen_by


@dataclass(frozen=True)
class Handing:
    """Who was asked to take a case and by when, and the part that the officer's unit has in it.

    ``to_unit`` is empty where the supervising unit was asked who leads.
    """

    asked_until: datetime | None = None
    to_unit: str | None = None
    part_state: str | None = None
    part_due_at: datetime | None = None

    def is_silent(self, now: datetime) -> bool:
        """Tell whether a unit that was asked to take the case let its day pass."""
        return self.asked_until is not None and self.asked_until < now


def row_figures(officer: Officer, case_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what each case's row shows; one statement.

    Returns:
        By case: ``photo_id`` of the first photo that can be shown, ``photo_count`` of all,
        ``unreviewed_count`` of those that wait for a look, ``pairs``: the numbers of open cases
        that may be the same one, and ``handing``.
    """
    if not case_ids:
        return {}
    photos, twins = _photo_figures(case_ids), _twins(officer, case_ids)
    asked = and_(Transfer.case_id == Case.id, Transfer.state == "open")
    own_part = and_(
        Coordination.case_id == Case.id,
        Coordination.unit_id == officer.unit_id,
        Coordination.state != "ended",
    )
    rows = db.session.execute(
        select(
            Case.id,
            photos.c.first_id,
            func.coalesce(photos.c.count, 0),
            func.coalesce(photos.c.waiting, 0),
            func.coalesce(twins.c.numbers, ""),
            Transfer.due_at,
            Unit.name,
            Coordination.state,
            Coordination.due_at,
        )
        .outerjoin(photos, photos.c.case_id == Case.id)
        .outerjoin(twins, twins.c.root == Case.id)
        .outerjoin(Transfer, asked)
        .outerjoin(Unit, Unit.id == Transfer.to_unit_id)
        .outerjoin(Coordination, own_part)
        .where(Case.id.in_(case_ids))
    )
    return {
        case_id: {
            "photo_id": first_id,
            "photo_count": count,
            "unreviewed_count": int(waiting),
            "pairs": tuple(sorted(filter(None, numbers.split(",")))),
            "handing": Handing(*handing),
        }
        for case_id, first_id, count, waiting, numbers, *handing in rows
    }


def first_photos(case_ids: Sequence[int]) -> dict[int, int]:
    """Return, for each case that has one, the first photo that can be shown."""
    photos = _photo_figures(case_ids)
    rows = db.session.execute(
        select(photos.c.case_id, photos.c.first_id).where(photos.c.first_id.is_not(None))
    )
    return dict(rows.all())


def _photo_figures(case_ids: Sequence[int]) -> Subquery:
    columns = (Photo.id, Photo.role, Photo.state, Photo.review)
    evidence = (
        select(Attachment.case_id, *columns)
        .join(Photo, Photo.report_id == Attachment.report_id)
        .where(Attachment.case_id.in_(case_ids), is_current_attachment())
    )
    proof = select(Photo.case_id, *columns).where(Photo.case_id.in_(case_ids))
    every = union_all(evidence, proof).subquery()
    is_ready = every.c.state == "ready"
    is_waiting = and_(is_ready, every.c.review == "pending")
    is_evidence = and_(is_ready, every.c.role == "evidence")
    return (
        select(
            every.c.case_id,
            func.min(case((is_evidence, every.c.id))).label("first_id"),
            func.count().label("count"),
            func.sum(case((is_waiting, 1), else_=0)).label("waiting"),
        )
        .group_by(every.c.case_id)
        .subquery()
    )


def _twins(officer: Officer, case_ids: Sequence[int]) -> Subquery:
    """Gather what nobody answered yet, also about cases that were merged meanwhile.

    ``case_relations`` tells the same on the case's own page.
    """
    ends = unanswered(case_ids)
    found = (
        select(ends.c.root, Case.number)
        .join_from(ends, Case, Case.id == ends.c.other_id)
        .where(seen_by(officer), Case.is_open, Case.id != ends.c.root)
        .distinct()
        .subquery()
    )
    numbers = func.aggregate_strings(found.c.number, ",").label("numbers")
    return select(found.c.root, numbers).group_by(found.c.root).subquery()
