"""Splitting by hand: a report that was joined wrongly becomes a case of its own, or goes back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from webapp.domain import geo, merging
from webapp.domain.deadlines import Deadlines
from webapp.domain.errors import NotAllowed, NotFound
from webapp.models import (
    Attachment,
    Case,
    CaseEvent,
    Category,
    Officer,
    Place,
    Report,
    ReportTriage,
)
from webapp.services import casework, labelling, territory
from webapp.services.casework import append, state_of
from webapp.services.casework_acts import (
    Acting,
    Seen,
    acting,
    begin,
    check_fresh,
    lock_cases,
    note_view,
    written,
)
from webapp.services.casework_coordination import share_parts
from webapp.services.casework_figures import due_dates
from webapp.services.casework_moves import (
    ask_for_days_of,
    counts,
    current_attachments,
    move,
)
from webapp.services.labelling import Choice
from webapp.services.scope import visible_cases
from webapp.services.transaction import transaction

# What may have happened to a case that was split off for its report to go back.
_UNTOUCHED = ("opened", "first_viewed")

# What a case that is split off has from the one it was part of: whose land it lies on and who must
# say so, its line, and how often it was handed on.
_INHERITED = (
    "commune_id",
    "routing",
    "is_border_open",
    "corridor_id",
    "chainage_m",
    "chainage_accuracy_m",
    "crossing_id",
    "transfer_count",
)


@dataclass(frozen=True)
class Origin:
    """Where a case that was split off came from."""

    case_id: int
    number: str


def split_off(officer: Officer, seen: Seen, report_id: int, words: str = "") -> str:
    """Make a new case of a report that does not belong to its own.

    The new case lies where the report does, is as grave as the old one at least, and is due no
    later; it is open also when the old one has ended.

    Returns:
        The number of the new case.

    Raises:
        NotFound: there is no such case, or it has no such report (``split_report_not_found``).
        NotAllowed: it is the case's only report (``split_last_report``), or the table does not
            allow it.
        Conflict: the case changed since the officer saw it.
    """
    note = written(words)
    with acting("split", officer, seen) as act:
        attachments = current_attachments(act.work.session, act.case.id)
        chosen = next((each for each in attachments if each.report_id == report_id), None)
        if chosen is None:
            raise NotFound("split_report_not_found", field="report_id")
        if len(attachments) == 1:
            raise NotAllowed("split_last_report", field="report_id")
        staying = [each.report_id for each in attachments if each is not chosen]
        return _split(act, chosen, staying, note).number


def _split(act: Acting, chosen: Attachment, staying: Sequence[int], note: str | None) -> Case:
    session, old = act.work.session, act.case
    case = _open(act, session.get_one(Report, chosen.report_id))
    share_parts(act.work, old, case, now=act.now)
    way = merging.came_through(chosen.terms)
    terms = merging.terms_of_move("split", old.number, chosen.terms, (), left_way=list(way))
    move(session, chosen, case, terms=terms, officer=act.officer, now=act.now)
    _label_split(act, chosen, staying)
    # A person has just said that they are two: the machine must not ask about this pair later.
    labelling.remember_separate(session, case, old, chosen.report_id, act.officer, act.now)
    told = {"report_id": chosen.report_id, "to_case_id": case.id, "to_number": case.number}
    act.append(data=told | counts(session, old), words=note)
    note_view(act.work, case, act.officer, act.now)
    return case


def _open(act: Acting, report: Report) -> Case:
    session, old = act.work.session, act.case
    standing = session.get(ReportTriage, report.id)
    position = _position(standing, old)
    category = _category(session, report, standing, old)
    severity = max(category.severity_floor, old.severity)
    own = due_dates(session, category.service_code, severity, act.now)
    return casework.open_case(
        act.work,
        place=_place(session, position, category, act),
        category_code=category.service_code,
        unit_id=old.lead_unit_id,
        position=position,
        severity=severity,
        now=act.now,
        captured_at=standing.captured_at if standing else None,
        address=territory.place_words(position) or None,
        terms={"decision": "split"},
        actor=act.officer,
        due=merging.due_of_split(state_of(old), own),
        facts={
            "report_count": 1,
            "witness_count": 1,
            "split_from_id": old.id,
            "split_from_number": old.number,
            "report_id": report.id,
            **{name: getattr(old, name) for name in _INHERITED},
        },
    )


def _position(standing: ReportTriage | None, old: Case) -> geo.Position:
    if standing is None or standing.latitude is None or standing.longitude is None:
        return geo.Position(old.latitude, old.longitude)
    return geo.Position(standing.latitude, standing.longitude, standing.accuracy_m)


def _category(
    session: Session, report: Report, standing: ReportTriage | None, old: Case
) -> Category:
    """Return what the report says it is, unless a person would have to read that first."""
    code = (standing.set_category_code if standing else None) or report.category_code
    category = session.get_one(Category, code)
    if category.is_active and not category.is_triaged_by_person:
        return category
    return session.get_one(Category, old.category_code)


def _place(session: Session, position: geo.Position, category: Category, act: Acting) -> Place:
    place = Place(
        category_code=category.service_code,
        latitude=position.latitude,
        longitude=position.longitude,
        cell=geo.cell_of(position.latitude, position.longitude),
        created_at=act.now,
    )
    session.add(place)
    return place


def _label_split(act: Acting, chosen: Attachment, staying: Sequence[int]) -> None:
    pairs = merging.closest_pairs([chosen.report_id], staying)
    judged = labelling.judgements_of(act.work.session, chosen.report_id)
    known = labelling.known_of(act.work.session, pairs, judged)
    choice = Choice("split", is_same=False, officer=act.officer, now=act.now)
    labelling.label(act.work.session, choice, pairs, known)


def undo_split(officer: Officer, seen: Seen, words: str = "") -> str:
    """Give a report back to the case that it was split off, while nothing else happened to it.

    The new case is merged into the old one, and its number stays valid.

    Returns:
        The number of the case that the report goes back to.

    Raises:
        NotFound: there is no such case, or the officer may not know of it.
        Conflict: the case changed since the officer saw it.
        NotAllowed: it was not split off or something was done with it (``unsplit_changed``), the
            old case ended or was merged since (``unsplit_old_changed``), or the table does not
            allow it.
    """
    note = written(words)
    with transaction() as work:
        origin = _origin_of(work.session, officer, seen.number)
        cases = lock_cases(work.session, officer, [seen.number, origin.number])
        case, old = cases.get(seen.number), cases.get(origin.number)
        if case is None:
            raise NotFound("case_not_found")
        check_fresh(work.session, case, seen.version)
        act = begin(work, "unsplit", officer, case)
        if not _is_untouched(work.session, case):
            raise NotAllowed("unsplit_changed")
        if old is None or not merging.can_take_back(state_of(old), case.opened_at):
            raise NotAllowed("unsplit_old_changed", number=origin.number)
        _return(act, old, note)
        return old.number


def origin_in(data: Mapping[str, Any]) -> Origin | None:
    """Return where a case was split off, as its first event tells; None when it was not."""
    if "split_from_id" not in data:
        return None
    return Origin(data["split_from_id"], data["split_from_number"])


def _origin_of(session: Session, officer: Officer, number: str) -> Origin:
    visible = visible_cases(officer).where(Case.number == number).with_only_columns(Case.id)
    case_id = session.scalar(visible)
    if case_id is None:
        raise NotFound("case_not_found")
    first = select(CaseEvent).where(CaseEvent.case_id == case_id, CaseEvent.version == 1)
    origin = origin_in(session.scalars(first).one().data)
    if origin is None:
        raise NotAllowed("unsplit_changed")
    return origin


def _is_untouched(session: Session, case: Case) -> bool:
    return session.scalar(select(CaseEvent.id).where(*touches(case.id)).limit(1)) is None


def touches(case_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that an event is something that was done with a case once it was open.

    Units that the machine asked to coordinate came with the case.
    """
    by_machine = and_(CaseEvent.kind == "coordination_asked", CaseEvent.actor_id.is_(None))
    return CaseEvent.case_id == case_id, CaseEvent.kind.not_in(_UNTOUCHED), ~by_machine


def _return(act: Acting, old: Case, note: str | None) -> None:
    session, case = act.work.session, act.case
    (attachment,) = current_attachments(session, case.id)
    way = _way_that_still_holds(session, attachment.terms.get("left_way", []), old)
    terms = merging.terms_of_move("unsplit", case.number, attachment.terms, way)
    _label_return(act, attachment, old)
    move(session, attachment, old, terms=terms, officer=act.officer, now=act.now)
    told = {"into_case_id": old.id, "into_number": old.number, "undoes": "split"}
    act.append(data=told, words=note)
    data = {
        "report_id": attachment.report_id,
        "from_case_id": case.id,
        "from_number": case.number,
        **counts(session, old),
        **asdict(_owed_after(case, old)),
    }
    append(act.work, old, "report_returned", actor=act.officer, now=act.now, data=data, words=note)
    ask_for_days_of(act.work, [case])


def _owed_after(case: Case, old: Case) -> merging.Burden:
    """Return what the old case owes; one that has ended is not reckoned anew."""
    due = Deadlines(old.acknowledge_due_at, old.resolve_due_at)
    if not old.is_open:
        return merging.heaviest(old.severity, [], due)
    states = [state_of(old), state_of(case)]
    return merging.heaviest(merging.severity_together(states, ()), states, due)


def _way_that_still_holds(session: Session, way: Sequence[str], old: Case) -> list[str]:
    """Return the end of a way whose cases are still merged one into the next, up to the old one.

    A merge that was undone while the report was away is no longer part of how it came.
    """
    merged = {case.number: case for case in session.scalars(_numbered(way))}
    holding: list[str] = []
    into_id = old.id
    for number in reversed(way):
        if merged[number].merged_into_id != into_id:
            break
        holding.insert(0, number)
        into_id = merged[number].id
    return holding


def _numbered(numbers: Sequence[str]) -> Any:
    return select(Case).where(Case.number.in_(numbers)).execution_options(populate_existing=True)


def _label_return(act: Acting, attachment: Attachment, old: Case) -> None:
    session = act.work.session
    staying = [each.report_id for each in current_attachments(session, old.id)]
    choice = Choice("unsplit", is_same=True, officer=act.officer, now=act.now)
    labelling.take_back(session, choice, [attachment.report_id], staying, source="split")
