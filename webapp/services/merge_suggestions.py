"""Suggested merges that nobody answered yet, as the cases stand now, whatever was merged since."""

from collections.abc import Sequence

from sqlalchemy import CTE, false, select, true, union_all

from webapp.models import Case, MergeSuggestion


def unanswered(case_ids: Sequence[int]) -> CTE:
    """Return the suggestions between some open cases and whatever others.

    Both ends of a suggestion follow the case that took their own. Every step of the other end's
    way is a row: whoever asks joins the cases and takes those that are open.

    Returns:
        Columns ``root`` (one of ``case_ids``), ``suggestion_id``, ``other_id`` (a case) and
        ``is_mine`` (the suggestion was made when a case of the root's side was opened).
    """
    family = _families(case_ids)
    sides = [
        select(
            family.c.root,
            MergeSuggestion.id.label("suggestion_id"),
            far.label("other_id"),
            is_mine.label("is_mine"),
        )
        .join_from(family, MergeSuggestion, near == family.c.id)
        .where(MergeSuggestion.answer.is_(None))
        for near, far, is_mine in (
            (MergeSuggestion.case_id, MergeSuggestion.other_case_id, true()),
            (MergeSuggestion.other_case_id, MergeSuggestion.case_id, false()),
        )
    ]
    named = union_all(*sides).cte("named_ends")
    ends = select(named).cte("suggested_ends", recursive=True)
    return ends.union_all(
        select(ends.c.root, ends.c.suggestion_id, Case.merged_into_id, ends.c.is_mine)
        .join_from(ends, Case, Case.id == ends.c.other_id)
        .where(Case.merged_into_id.is_not(None))
    )


def _families(case_ids: Sequence[int]) -> CTE:
    """Return the open cases (column ``root``) with all that were merged into them, at any step."""
    roots = select(Case.id.label("root"), Case.id.label("id")).where(
        Case.id.in_(case_ids), Case.is_open
    )
    family = roots.cte("families", recursive=True)
    merged = select(family.c.root, Case.id).join(family, Case.merged_into_id == family.c.id)
    return family.union_all(merged)
