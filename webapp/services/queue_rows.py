"""What a row of the queue shows beside its case: its photos, and cases that may be the same one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, Subquery, and_, case, func, or_, select, union_all

from webapp.extensions import db
from webapp.models import Attachment, Case, MergeSuggestion, Officer, Photo
from webapp.services.casework_figures import is_current_attachment
from webapp.services.scope import seen_by


def row_figures(officer: Officer, case_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what each case's row shows; one statement.

    Returns:
        By case: ``photo_id`` of the first photo that can be shown, ``photo_count`` of all,
        ``unreviewed_count`` of those that wait for a look, and ``pairs``: the numbers of open
        cases that may be the same one.
    """
    if not case_ids:
        return {}
    photos, twins = _photo_figures(case_ids), _twins(officer, case_ids)
    rows = db.session.execute(
        select(
            Case.id,
            photos.c.first_id,
            func.coalesce(photos.c.count, 0),
            func.coalesce(photos.c.waiting, 0),
            func.coalesce(twins.c.numbers, ""),
        )
        .outerjoin(photos, photos.c.case_id == Case.id)
        .outerjoin(twins, twins.c.root == Case.id)
        .where(Case.id.in_(case_ids))
    )
    return {
        case_id: {
            "photo_id": first_id,
            "photo_count": count,
            "unreviewed_count": int(waiting),
            "pairs": tuple(sorted(filter(None, numbers.split(",")))),
        }
        for case_id, first_id, count, waiting, numbers in rows
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
    """Gather what nobody answered yet, also about cases that were merged into one of these.

    ``case_relations`` tells the same on the case's own page.
    """
    family = _families(case_ids)
    is_mine = MergeSuggestion.case_id == family.c.id
    is_about_mine = MergeSuggestion.other_case_id == family.c.id
    is_other = or_(
        and_(is_mine, Case.id == MergeSuggestion.other_case_id),
        and_(is_about_mine, Case.id == MergeSuggestion.case_id),
    )
    found = (
        select(family.c.root, Case.number)
        .join_from(family, MergeSuggestion, or_(is_mine, is_about_mine))
        .join(Case, is_other)
        .where(
            MergeSuggestion.answer.is_(None),
            seen_by(officer),
            Case.is_open,
            Case.id != family.c.root,
        )
        .distinct()
        .subquery()
    )
    numbers = func.aggregate_strings(found.c.number, ",").label("numbers")
    return select(found.c.root, numbers).group_by(found.c.root).subquery()


def _families(case_ids: Sequence[int]) -> CTE:
    """Return the open cases (column ``root``) with all that were merged into them, at any step."""
    roots = select(Case.id.label("root"), Case.id.label("id")).where(
        Case.id.in_(case_ids), Case.is_open
    )
    family = roots.cte("families", recursive=True)
    merged = select(family.c.root, Case.id).join(family, Case.merged_into_id == family.c.id)
    return family.union_all(merged)
