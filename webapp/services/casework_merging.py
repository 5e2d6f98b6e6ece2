"""Merging by hand: two open cases become one, an undone merge gives back what came with it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain import merging
from webapp.domain.errors import Conflict, NotAllowed, NotFound
from webapp.models import Attachment, Case, CaseEvent, Category, Officer
from webapp.services import crossings_cases, labelling
from webapp.services.case_families import (
    family_ids,
    first_opened_at,
    survivor_id_of,
    survivor_of,
)
from webapp.services.casework import append, state_of
from webapp.services.casework_acts import (
    Acting,
    Seen,
    begin,
    check_fresh,
    lock_cases,
    note_view,
    written,
)
from webapp.services.casework_coordination import (
    end_parts,
    restore_parts,
    share_parts,
    take_replies,
)
from webapp.services.casework_figures import due_dates
from webapp.services.casework_moves import (
    ask_for_days_of,
    counts,
    current_attachments,
    ever_attached,
    move,
)
from webapp.services.labelling import Choice
from webapp.services.scope import visible_cases
from webapp.services.transaction import transaction

__all__ = [
    "keep_apart",
    "merge",
    "owed_together",
    "standing_of",
    "survivor_of",
    "unmerge",
]


@dataclass(frozen=True)
class _GivenBack:
    """A report on its way back: where it is now, and how it had come to its earlier case."""

    attachment: Attachment
    way: tuple[str, ...]


def merge(officer: Officer, seen: Seen, other: Seen, words: str = "") -> str:
    """Make one case of two open ones of the officer's unit; every reporter follows.

    The case that is further along goes on, with the highest severity and the earliest deadlines
    of both; the other keeps its number, its status and its history.

    Returns:
        The number of the case that goes on.

    Raises:
        NotFound: ``case_not_found`` or ``merge_other_not_found``.
        Conflict: one of the two changed since the officer saw it.
        NotAllowed: see ``merging.objection_to_merging`` and ``casework.check``.
    """
    note = written(words)
    with transaction() as work:
        cases = lock_cases(work.session, officer, [seen.number, other.number])
        if seen.number not in cases:
            raise NotFound("case_not_found")
        if other.number not in cases:
            raise NotFound("merge_other_not_found", field="other")
        mine, theirs = cases[seen.number], cases[other.number]
        check_fresh(work.session, mine, seen.version)
        check_fresh(work.session, theirs, other.version)
        if objection := merging.objection_to_merging(standing_of(mine), standing_of(theirs)):
            raise NotAllowed(objection, field="other")
        act = begin(work, "merge", officer, mine)
        note_view(work, theirs, officer, act.now)
        survivor, merged = in_order(mine, theirs)
        _merge(act, survivor, merged, note)
        return survivor.number


def standing_of(case: Case) -> merging.Standing:
    """Return a case as merging looks at it."""
    return merging.Standing(case.id, state_of(case))


def in_order(mine: Case, theirs: Case) -> tuple[Case, Case]:
    """Return the case that would go on, and the one that would be merged into it."""
    first, _second = merging.survivor_first(standing_of(mine), standing_of(theirs))
    return (mine, theirs) if first.case_id == mine.id else (theirs, mine)


def owed_together(session: Session, survivor: Case, merged: Case) -> merging.Burden:
    """Return what the case that goes on owes after a merge, reckoned from the oldest of all."""
    states = [state_of(survivor), state_of(merged)]
    codes = [survivor.category_code, merged.category_code]
    floors = session.scalars(
        select(Category.severity_floor).where(Category.service_code.in_(codes))
    ).all()
    severity = merging.severity_together(states, floors)
    opened_at = min(first_opened_at(session, case) for case in (survivor, merged))
    due = due_dates(session, survivor.category_code, severity, opened_at)
    return merging.heaviest(severity, states, due)


def _merge(act: Acting, survivor: Case, merged: Case, note: str | None) -> None:
    session = act.work.session
    from_severity = survivor.severity
    burden = owed_together(session, survivor, merged)
    _label_merge(act, survivor, merged)
    brought = {"reports": merged.report_count, "witnesses": merged.witness_count}
    for attachment in current_attachments(session, merged.id):
        way = (*merging.came_through(attachment.terms), merged.number)
        terms = merging.terms_of_move("merged", merged.number, attachment.terms, way)
        move(session, attachment, survivor, terms=terms, officer=act.officer, now=act.now)
    share_parts(act.work, merged, survivor, now=act.now)
    told = {
        "into_case_id": survivor.id,
        "into_number": survivor.number,
        "brought_reports": brought["reports"],
        "brought_witnesses": brought["witnesses"],
        "ended_parts": end_parts(session, merged),
    }
    append(act.work, merged, "merged_into", actor=act.officer, now=act.now, data=told, words=note)
    data = {
        "other_case_id": merged.id,
        "other_number": merged.number,
        "brought_reports": brought["reports"],
        "brought_witnesses": brought["witnesses"],
        "from_severity": from_severity,
        **counts(session, survivor),
        **asdict(burden),
        **merging.past_together(state_of(survivor), state_of(merged)),
    }
    append(act.work, survivor, "merged", actor=act.officer, now=act.now, data=data, words=note)
    crossings_cases.carry_link(act.work, act.officer, merged, survivor, act.now)
    ask_for_days_of(act.work, [merged])


def _label_merge(act: Acting, survivor: Case, merged: Case) -> None:
    session = act.work.session
    suggestions = labelling.suggestions_between(
        session, family_ids(session, survivor.id), family_ids(session, merged.id)
    )
    labelling.label_cases(
        session,
        Choice("merge", is_same=True, officer=act.officer, now=act.now),
        current_attachments(session, survivor.id),
        current_attachments(session, merged.id),
        suggestions,
    )
    labelling.answer_suggestions(suggestions, "merged", act.officer, act.now)


def unmerge(officer: Officer, seen: Seen, words: str = "") -> str:
    """Undo a merge: the case that was merged away is open again and has its reports back.

    Given back is what came with it, from whatever case took it since; what was reported later
    stays, and so do the severity and the deadlines of the case that took it. These hold for what
    is given back as well: nobody is owed less, or later, than before the undo.

    Returns:
        The number of the case that was merged away.

    Raises:
        NotFound: there is no such case, or the officer may not know of it.
        Conflict: it, or the case that holds its reports, changed meanwhile.
        NotAllowed: it was not merged away (``unmerge_not_merged``), none of its reports is left
            to be given back or none would be left behind (``unmerge_nothing_left``), or the
            table does not allow it.
    """
    note = written(words)
    with transaction() as work:
        session = work.session
        case_id = _id_of(session, officer, seen.number)
        survivor_id = survivor_id_of(session, case_id)
        if survivor_id == case_id:
            raise NotAllowed("unmerge_not_merged")
        survivor_number = session.get_one(Case, survivor_id).number
        cases = lock_cases(session, officer, [seen.number, survivor_number])
        merged, survivor = cases.get(seen.number), cases.get(survivor_number)
        if merged is None:
            raise NotFound("case_not_found")
        check_fresh(session, merged, seen.version)
        if survivor is None or survivor_id_of(session, case_id) != survivor_id:
            raise Conflict("case_changed", number=merged.number, version=merged.version)
        _separate(begin(work, "unmerge", officer, merged), survivor, note)
        return merged.number


def _id_of(session: Session, officer: Officer, number: str) -> int:
    query = visible_cases(officer).where(Case.number == number).with_only_columns(Case.id)
    case_id: int | None = session.scalar(query)
    if case_id is None:
        raise NotFound("case_not_found")
    return case_id


def _separate(act: Acting, survivor: Case, note: str | None) -> None:
    session, merged = act.work.session, act.case
    returned = _given_back(session, merged)
    if not returned or len(returned) == survivor.report_count:
        raise NotAllowed("unmerge_nothing_left")
    _label_separation(act, survivor, returned)
    for each in returned:
        terms = merging.terms_of_move("unmerged", survivor.number, each.attachment.terms, each.way)
        move(session, each.attachment, merged, terms=terms, officer=act.officer, now=act.now)
    _open_again(act, survivor, note)
    told = {"other_case_id": merged.id, "other_number": merged.number}
    append(
        act.work,
        survivor,
        "merge_undone",
        actor=act.officer,
        now=act.now,
        data=told | counts(session, survivor),
        words=note,
    )
    ask_for_days_of(act.work, [merged])


def _open_again(act: Acting, survivor: Case, note: str | None) -> None:
    session, merged = act.work.session, act.case
    merging_event = _last_merge(session, merged)
    restored = restore_parts(session, merged, merging_event.data.get("ended_parts", ()))
    take_replies(act.work, merged, survivor, merging_event.at)
    data = {
        "restored_coordination_ids": restored,
        "from_case_id": survivor.id,
        "from_number": survivor.number,
        "from_severity": merged.severity,
        **counts(session, merged),
        **asdict(merging.owed_after_undo(state_of(merged), state_of(survivor))),
    }
    append(act.work, merged, "separated", actor=act.officer, now=act.now, data=data, words=note)


def _last_merge(session: Session, merged: Case) -> CaseEvent:
    """Return the event that tells of a case's being merged away."""
    told = select(CaseEvent).where(CaseEvent.case_id == merged.id, CaseEvent.kind == "merged_into")
    return session.scalars(told.order_by(CaseEvent.version.desc()).limit(1)).one()


def _given_back(session: Session, merged: Case) -> list[_GivenBack]:
    ways = [
        (attachment, merging.way_back_to(merged.number, attachment.terms))
        for attachment in ever_attached(session, merged.id)
    ]
    return [_GivenBack(attachment, way) for attachment, way in ways if way is not None]


def _label_separation(act: Acting, survivor: Case, returned: Sequence[_GivenBack]) -> None:
    session = act.work.session
    moved = {each.attachment.report_id for each in returned}
    held = {attachment.report_id for attachment in current_attachments(session, survivor.id)}
    choice = Choice("unmerge", is_same=False, officer=act.officer, now=act.now)
    labelling.take_back(session, choice, moved, held - moved, source="merge")
    family = family_ids(session, act.case.id)
    others = set(family_ids(session, survivor.id)) - set(family)
    answered = labelling.suggestions_between(session, family, others, answer="merged")
    labelling.answer_suggestions(answered, "separate", act.officer, act.now)
    report_id = returned[0].attachment.report_id
    labelling.remember_separate(session, act.case, survivor, report_id, act.officer, act.now)


def keep_apart(officer: Officer, seen: Seen, other_number: str, words: str = "") -> None:
    """Say that two cases are two; suggestions between them are answered, and none will be made.

    Raises:
        NotFound: there is no such case (``merge_other_not_found`` for the other one).
        Conflict: the case changed since the officer saw it.
        NotAllowed: the two could not be merged either (``merging.objection_to_merging``), or the
            table does not allow it.
    """
    note = written(words)
    with transaction() as work:
        cases = lock_cases(work.session, officer, [seen.number, other_number])
        case, other = cases.get(seen.number), cases.get(other_number)
        if case is None:
            raise NotFound("case_not_found")
        if other is None:
            raise NotFound("merge_other_not_found", field="other")
        check_fresh(work.session, case, seen.version)
        act = begin(work, "keep_apart", officer, case)
        if objection := merging.objection_to_merging(standing_of(case), standing_of(other)):
            raise NotAllowed(objection, field="other")
        _keep_apart(act, other)
        act.append(data={"other_case_id": other.id, "other_number": other.number}, words=note)


def _keep_apart(act: Acting, other: Case) -> None:
    session, case = act.work.session, act.case
    suggestions = labelling.suggestions_between(
        session, family_ids(session, case.id), family_ids(session, other.id)
    )
    mine = current_attachments(session, case.id)
    labelling.label_cases(
        session,
        Choice("separate", is_same=False, officer=act.officer, now=act.now),
        mine,
        current_attachments(session, other.id),
        suggestions,
    )
    labelling.answer_suggestions(suggestions, "separate", act.officer, act.now)
    if mine:
        newest_id = mine[0].report_id
        labelling.remember_separate(session, case, other, newest_id, act.officer, act.now)
