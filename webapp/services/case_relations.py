"""What a case has to do with others: likely the same, merged, split, near by, photos reused."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, exists, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from webapp.domain import casework as rules
from webapp.domain import geo, merging
from webapp.domain.duplicates import SEARCH_RADIUS_M
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Case,
    CaseEvent,
    MergeSuggestion,
    Officer,
    Photo,
    PhotoReuse,
)
from webapp.services.case_comparison import (
    CasePair,
    PhotoPair,
    Side,
    compare_cases,
    distance_between,
)
from webapp.services.case_reports import numbered_reports
from webapp.services.casework import state_of
from webapp.services.casework_figures import is_current_attachment
from webapp.services.casework_splitting import origin_in, touches
from webapp.services.merge_suggestions import unanswered
from webapp.services.scope import parts_of, seen_by, visible_cases

__all__ = [
    "CasePair",
    "MergedCase",
    "NearbyCase",
    "PhotoPair",
    "Relations",
    "Reuse",
    "Side",
    "Suggested",
    "compare_cases",
    "relations_of",
    "reuses_of",
]

# More than these nobody reads through; a number can always be typed.
MOST_NEARBY = 5
MOST_SUGGESTIONS = 10
# A market square may hold hundreds of open cases: the nearest are chosen among so many.
_MOST_LOOKED_AT = 200


@dataclass(frozen=True)
class Suggested:
    """A case that may be the same trouble, as the machine saw it.

    ``report_number`` is the place of the report that it was about among those of the case whose
    page this is; None when it belongs to the other. ``is_mine_newer`` says that this case was
    opened although the other one stood there.
    """

    case: Case
    probability: float
    terms: Mapping[str, Any]
    report_number: int | None
    is_mine_newer: bool


@dataclass(frozen=True)
class MergedCase:
    """A case that was merged into this one: when, by whom, and whether this officer may undo it."""

    case: Case
    at: datetime
    by_name: str | None
    can_undo: bool


@dataclass(frozen=True)
class NearbyCase:
    """An open case of the same unit, and how far it is."""

    case: Case
    distance_m: float


@dataclass(frozen=True)
class Relations:
    """All that a case has to do with others, as far as the officer may know of them.

    ``can_undo_merge`` is about the case itself, once it was merged away; ``reports_now`` are the
    cases that hold its reports then, told only where they are not all with ``merged_into``.
    """

    suggestions: tuple[Suggested, ...] = ()
    merged_here: tuple[MergedCase, ...] = ()
    merged_into: Case | None = None
    can_undo_merge: bool = False
    reports_now: tuple[Case, ...] = ()
    split_from: Case | None = None
    split_to: tuple[Case, ...] = ()
    can_undo_split: bool = False
    nearby: tuple[NearbyCase, ...] = ()


@dataclass(frozen=True)
class Reuse:
    """A photo that shows the very picture of an earlier one.

    ``kind`` is elsewhere or other_sender; ``case`` is the earlier photo's, if the officer may
    know of it; ``distance_m`` lies between the two reports, if both have a position.
    """

    kind: str
    distance_m: float | None
    case: Case | None
    at: datetime


@dataclass(frozen=True)
class _Held:
    """A report that a case held at some time: how it came to where it is, and that case."""

    terms: Mapping[str, Any]
    holder: Case
    is_seen: bool


@dataclass(frozen=True)
class _Links:
    """What the case's own events name: where it came from, what was split off, what it did."""

    origin_id: int | None
    split_ids: tuple[int, ...]
    is_untouched: bool


def relations_of(officer: Officer, case: Case) -> Relations:
    """Return what a case has to do with others; five statements at most, whatever there is."""
    links = _links(case)
    related = _related(officer, case, links)
    held = _held_once(officer, case, related)
    by_id = {row.Case.id: row.Case for row in related}
    origin = by_id.get(links.origin_id) if links.origin_id is not None else None
    return Relations(
        suggestions=_suggestions(officer, case),
        merged_here=_merged_here(officer, case, related, held),
        merged_into=by_id.get(case.merged_into_id) if case.merged_into_id else None,
        can_undo_merge=_can_undo_merge(officer, case, held),
        reports_now=_reports_now(case, held),
        split_from=origin,
        split_to=tuple(by_id[each] for each in links.split_ids if each in by_id),
        can_undo_split=links.is_untouched
        and origin is not None
        and _may("unsplit", officer, case)
        and merging.can_take_back(state_of(origin), case.opened_at),
        nearby=_nearby(officer, case),
    )


def _may(act: str, officer: Officer, case: Case) -> bool:
    acts = rules.possible_desk_acts(
        state_of(case), role=officer.role, parts=parts_of(db.session(), officer, case)
    )
    return act in {row.act for row in acts}


def _links(case: Case) -> _Links:
    of_case = CaseEvent.case_id == case.id
    is_touched = exists().where(*touches(case.id))
    rows = db.session.execute(
        select(CaseEvent.kind, CaseEvent.data, is_touched.correlate(None))
        .where(of_case, or_(CaseEvent.version == 1, CaseEvent.kind == "report_split_off"))
        .order_by(CaseEvent.version)
    ).all()
    origin = next((origin_in(data) for kind, data, _ in rows if kind == "opened"), None)
    return _Links(
        origin_id=origin.case_id if origin else None,
        split_ids=tuple(data["to_case_id"] for kind, data, _ in rows if kind != "opened"),
        is_untouched=not any(touched for *_, touched in rows),
    )


def _related(officer: Officer, case: Case, links: _Links) -> Sequence[Row[Case, CaseEvent, str]]:
    """Read the cases that are named, and those merged into this one with their last event.

    Nothing happens to a case after it was merged away, so that event says who merged it.
    """
    named = [links.origin_id, case.merged_into_id, *links.split_ids]
    ids = [each for each in named if each is not None]
    return db.session.execute(
        select(Case, CaseEvent, Officer.name)
        .join(CaseEvent, and_(CaseEvent.case_id == Case.id, CaseEvent.version == Case.version))
        .outerjoin(Officer, Officer.id == CaseEvent.actor_id)
        .where(seen_by(officer), or_(Case.id.in_(ids), Case.merged_into_id == case.id))
        .options(joinedload(Case.category))
        .order_by(Case.id)
    ).all()


def _held_once(
    officer: Officer, case: Case, related: Iterable[Row[Case, CaseEvent, str]]
) -> Mapping[int, Sequence[_Held]]:
    """Read where the reports are now of all merged cases here, by the case that held them once."""
    gone = [row.Case.id for row in related if row.Case.merged_into_id == case.id]
    gone += [case.id] if case.merged_into_id else []
    if not gone:
        return {}
    once = aliased(Attachment)
    rows = db.session.execute(
        select(once.case_id, Attachment, Case, seen_by(officer).label("is_seen"))
        .join(Attachment, Attachment.report_id == once.report_id)
        .join(Case, Case.id == Attachment.case_id)
        .where(once.case_id.in_(gone), is_current_attachment())
        .order_by(Attachment.report_id)
    )
    # A report that came and went several times still is one.
    found: dict[int, dict[int, _Held]] = defaultdict(dict)
    for case_id, attachment, holder, is_seen in rows:
        found[case_id][attachment.id] = _Held(attachment.terms, holder, bool(is_seen))
    return {case_id: tuple(each.values()) for case_id, each in found.items()}


def _can_undo_merge(officer: Officer, merged: Case, held: Mapping[int, Sequence[_Held]]) -> bool:
    """Tell whether undoing would give something back and leave something behind."""
    back = [
        each
        for each in held.get(merged.id, ())
        if merging.way_back_to(merged.number, each.terms) is not None
    ]
    is_possible = bool(back) and len(back) < back[0].holder.report_count
    return is_possible and _may("unmerge", officer, merged)


def _reports_now(case: Case, held: Mapping[int, Sequence[_Held]]) -> tuple[Case, ...]:
    holders = {each.holder.id: each for each in held.get(case.id, ())}
    if not case.merged_into_id or set(holders) <= {case.merged_into_id}:
        return ()
    return tuple(each.holder for each in holders.values() if each.is_seen)


def _merged_here(
    officer: Officer,
    case: Case,
    related: Iterable[Row[Case, CaseEvent, str]],
    held: Mapping[int, Sequence[_Held]],
) -> tuple[MergedCase, ...]:
    return tuple(
        MergedCase(merged, event.at, name, _can_undo_merge(officer, merged, held))
        for merged, event, name in related
        # A split that was taken back leaves a case that never was trouble of its own.
        if merged.merged_into_id == case.id and event.data.get("undoes") != "split"
    )


def _suggestions(officer: Officer, case: Case) -> tuple[Suggested, ...]:
    """Read what nobody answered yet, the likeliest once for each other case as it stands now."""
    if not case.is_open:
        return ()
    ends, numbered = unanswered([case.id]), numbered_reports(case.id)
    likeliest = (MergeSuggestion.probability.desc(), MergeSuggestion.id)
    ranked = (
        select(
            ends.c.suggestion_id,
            ends.c.other_id,
            ends.c.is_mine,
            func.row_number().over(partition_by=ends.c.other_id, order_by=likeliest).label("rank"),
        )
        .join_from(ends, MergeSuggestion, MergeSuggestion.id == ends.c.suggestion_id)
        .subquery()
    )
    rows = db.session.execute(
        select(MergeSuggestion, Case, numbered.c.number, ranked.c.is_mine)
        .join_from(ranked, MergeSuggestion, MergeSuggestion.id == ranked.c.suggestion_id)
        .join(Case, Case.id == ranked.c.other_id)
        .outerjoin(numbered, numbered.c.report_id == MergeSuggestion.report_id)
        .where(ranked.c.rank == 1, seen_by(officer), Case.is_open, Case.id != case.id)
        .options(joinedload(Case.category))
        .order_by(*likeliest)
        .limit(MOST_SUGGESTIONS)
    )
    return tuple(
        Suggested(other, found.probability, found.terms, number, bool(mine))
        for found, other, number, mine in rows
    )


def _nearby(officer: Officer, case: Case) -> tuple[NearbyCase, ...]:
    if not case.is_open:
        return ()
    here = geo.Position(case.latitude, case.longitude)
    cells = geo.cells_within(here.latitude, here.longitude, SEARCH_RADIUS_M)
    found = db.session.scalars(
        visible_cases(officer)
        .where(
            Case.is_open,
            Case.cell.in_(cells),
            Case.lead_unit_id == case.lead_unit_id,
            Case.id != case.id,
        )
        .options(joinedload(Case.category))
        .order_by(Case.id.desc())
        .limit(_MOST_LOOKED_AT)
    )
    near = [NearbyCase(other, distance_between(case, other)) for other in found]
    inside = [each for each in near if each.distance_m <= SEARCH_RADIUS_M]
    return tuple(sorted(inside, key=lambda each: (each.distance_m, each.case.id))[:MOST_NEARBY])


def reuses_of(officer: Officer, case_id: int) -> Mapping[int, tuple[Reuse, ...]]:
    """Return, for each photo of a case that was used before, where; one statement."""
    mine, theirs = aliased(Attachment), aliased(Attachment)
    own, earlier = aliased(Photo), aliased(Photo)
    rows = db.session.execute(
        select(PhotoReuse, Case)
        .join(own, own.id == PhotoReuse.photo_id)
        .join(mine, and_(mine.report_id == own.report_id, is_current_attachment(mine)))
        .join(earlier, earlier.id == PhotoReuse.earlier_photo_id)
        .outerjoin(
            theirs, and_(theirs.report_id == earlier.report_id, is_current_attachment(theirs))
        )
        .outerjoin(
            Case,
            and_(or_(Case.id == theirs.case_id, Case.id == earlier.case_id), seen_by(officer)),
        )
        .where(mine.case_id == case_id)
        .order_by(PhotoReuse.photo_id, PhotoReuse.earlier_photo_id)
    )
    found: dict[int, list[Reuse]] = defaultdict(list)
    for reuse, of in rows:
        found[reuse.photo_id].append(Reuse(reuse.kind, reuse.distance_m, of, reuse.found_at))
    return {photo_id: tuple(reuses) for photo_id, reuses in found.items()}
