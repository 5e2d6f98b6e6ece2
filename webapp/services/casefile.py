"""All that one case's page shows: its facts, photos, reports, past and timeline, read in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Integer, Select, cast, func, or_, select
from sqlalchemy.orm import joinedload

from webapp import clock
from webapp.domain import casework as rules
from webapp.domain.deadlines import local_day
from webapp.domain.errors import NotFound
from webapp.domain.geo import Position, cells_within, distance_m
from webapp.domain.transfers import MOST_TRANSFERS
from webapp.extensions import db
from webapp.models import Case, Officer, Photo
from webapp.services.case_desk import Desk, read_desk
from webapp.services.case_families import family_of
from webapp.services.case_map import CaseMap, Shown, draw_case, draw_pair
from webapp.services.case_relations import (
    CasePair,
    Relations,
    Reuse,
    relations_of,
    reuses_of,
)
from webapp.services.case_reports import (
    AttachedReport,
    CasePhoto,
    first_photo,
    read_photos,
    read_reports,
)
from webapp.services.case_timeline import MOST_EVENTS, Told, read_timeline
from webapp.services.casework import state_of
from webapp.services.casework_acts import belongs_to
from webapp.services.corridors import label as corridor_label
from webapp.services.crossings_cases import OnCase, on_case
from webapp.services.queue import tone
from webapp.services.queue_rows import first_photos
from webapp.services.scope import parts_of, visible_cases

# A place that is taken again and again: the page tells the last few times, the rest by a number.
MOST_PAST_CASES = 10
# As far as phones err between houses; and no longer a list than one reads.
BESIDE_M = 50.0
MOST_BESIDE = 5
# A pavement that a whole town reports would make a page that no phone can load.
MOST_REPORTS = 20
MOST_PHOTOS = 20
# Steps that the page tells without saying who took them: its lead, unless another unit is named.
_CREDITED = frozenset({"first_viewed", "acknowledged", "started", "resolved"})


@dataclass(frozen=True)
class Tally:
    """How many reports and photos a case has, and how many photos wait for a look."""

    reports: int
    photos: int
    unreviewed_photos: int


@dataclass(frozen=True)
class Beside:
    """A case that ended near by, and how far away."""

    case: Case
    distance_m: float


@dataclass(frozen=True)
class Past:
    """What happened at the place before, as far as the officer may know.

    ``cases`` are the newest ones, ``count`` is how many there are; ``relapses`` counts how often
    trouble came back there within a watch period, the present case included. ``previous`` is the
    case that ended here before this one, if it is among them. ``beside`` are cases that ended
    within the error of a phone's fix, at what the machine took for other places.
    """

    cases: Sequence[Case] = ()
    count: int = 0
    relapses: int = 0
    previous: Case | None = None
    beside: Sequence[Beside] = ()


@dataclass(frozen=True)
class CaseFile:
    """A case as its page shows it to one officer.

    ``reports``, ``photos`` and ``timeline`` hold the newest of each and what waits for a review,
    unless all was asked for; ``tally`` counts all of them. ``pairs`` are the numbers of cases
    that may be the same one; ``relations`` tell more of them, on the full page. ``thumbs`` holds
    a photo of each case that the page names, by the case's id. ``desk`` are the units around it,
    ``crossing`` what the register of crossings says of it, both on the full page alone; ``line``
    is its road or railway with the kilometre, as people say it.
    """

    case: Case
    state: rules.CaseState
    tone: str
    tally: Tally
    reports: Sequence[AttachedReport]
    photos: Sequence[CasePhoto]
    first_photo: CasePhoto | None
    timeline: Sequence[Told]
    past: Past
    map: CaseMap
    acts: frozenset[str]
    is_viewed: bool
    pairs: Sequence[str] = ()
    relations: Relations | None = None
    reuses: Mapping[int, Sequence[Reuse]] = field(default_factory=dict)
    thumbs: Mapping[int, int] = field(default_factory=dict)
    desk: Desk | None = None
    crossing: OnCase | None = None
    line: str | None = None

    @property
    def worded(self) -> list[AttachedReport]:
        """The shown reports with words, those that nobody reviewed first."""
        with_words = [item for item in self.reports if item.report.description]
        return sorted(with_words, key=lambda item: item.words_review != "pending")

    @property
    def by_others(self) -> dict[str, Told]:
        """What counts for the case and was done by a unit that does not lead it now, by kind."""
        lead_ids = {None, self.case.lead_unit_id}
        mine = [told for told in reversed(self.timeline) if told.event.kind in _CREDITED]
        newest = {told.event.kind: told for told in mine}
        return {
            kind: told for kind, told in newest.items() if told.event.actor_unit_id not in lead_ids
        }

    @property
    def can_be_offered(self) -> bool:
        """Whether its lead may still offer it to another unit."""
        return "transfer" in self.acts and self.case.transfer_count < MOST_TRANSFERS

    def since(self, version: int) -> list[Told]:
        """Return what happened after a version, oldest first."""
        later = [told for told in self.timeline if told.event.version > version]
        return sorted(later, key=lambda told: told.event.version)


def read_case(officer: Officer, number: str, *, is_whole: bool = False) -> CaseFile:
    """Read a case for its page; its newest reports, photos and events unless ``is_whole``.

    Raises:
        NotFound: there is no such case, or the officer may not know of it.
    """
    case = visible_case(officer, number)
    now, state = clock.now(), state_of(case)
    reports = read_reports(officer, case.id, None if is_whole else MOST_REPORTS)
    photos, photo_count, unreviewed_count = read_photos(case.id, None if is_whole else MOST_PHOTOS)
    relations = relations_of(officer, case)
    twins = [suggested.case for suggested in relations.suggestions]
    timeline = read_timeline(case.id, None if is_whole else MOST_EVENTS)
    acts = acts_of(officer, case)
    return CaseFile(
        case=case,
        state=state,
        tone=tone(case, now),
        tally=Tally(reports.count, photo_count, unreviewed_count),
        reports=reports.shown,
        photos=photos,
        first_photo=first_photo(case.id),
        timeline=timeline,
        past=_past(officer, case),
        map=_map(case, reports.shown, twins, now),
        acts=acts,
        is_viewed=reports.is_viewed,
        pairs=[twin.number for twin in twins],
        relations=relations,
        reuses=reuses_of(officer, case.id),
        thumbs=first_photos([case.id, *(twin.id for twin in twins)]) if twins else {},
        desk=read_desk(officer, case, acts, [told.event for told in timeline], now),
        crossing=on_case(officer, case),
        line=_line(case),
    )


def glance_at(officer: Officer, case: Case, pairs: Sequence[str]) -> CaseFile:
    """Gather what the pane beside the queue shows of a case that was read with its category.

    Args:
        officer: whoever looks.
        case: the case.
        pairs: the numbers of cases that may be the same one.
    """
    now, state = clock.now(), state_of(case)
    reports = read_reports(officer, case.id, MOST_REPORTS)
    photos, photo_count, unreviewed_count = read_photos(case.id, MOST_PHOTOS)
    return CaseFile(
        case=case,
        state=state,
        tone=tone(case, now),
        tally=Tally(reports.count, photo_count, unreviewed_count),
        reports=reports.shown,
        photos=photos,
        first_photo=None,
        timeline=(),
        past=Past(),
        map=_map(case, reports.shown, (), now),
        acts=acts_of(officer, case),
        is_viewed=reports.is_viewed,
        pairs=pairs,
    )


def _line(case: Case) -> str | None:
    if case.corridor is None:
        return None
    if case.chainage_m is None:
        return case.corridor.name
    return corridor_label(case.corridor, case.chainage_m, case.chainage_accuracy_m)


def visible_case(officer: Officer, number: str) -> Case:
    """Return a case as it is now, with its category and unit.

    Raises:
        NotFound: there is no such case, or the officer may not know of it.
    """
    case = db.session.scalar(
        visible_cases(officer)
        .where(Case.number == number)
        .options(joinedload(Case.category), joinedload(Case.lead_unit))
        .execution_options(populate_existing=True)
    )
    if case is None:
        raise NotFound("case_not_found")
    return case


def check_visible(officer: Officer, number: str) -> None:
    """Make sure that an officer may know of a case.

    Raises:
        NotFound: there is no such case, or the officer may not know of it.
    """
    if not is_visible(officer, number):
        raise NotFound("case_not_found")


def is_visible(officer: Officer, number: str) -> bool:
    """Tell whether there is such a case, and the officer may know of it."""
    known = visible_cases(officer).where(Case.number == number).with_only_columns(Case.id)
    return db.session.scalar(known) is not None


def photo_of(officer: Officer, number: str, photo_id: int) -> Photo:
    """Return a photo of a case that an officer may see.

    Raises:
        NotFound: no such case or photo, or the officer may not know of it.
    """
    case = visible_cases(officer).where(Case.number == number).with_only_columns(Case.id)
    case_id = db.session.scalar(case)
    found = (
        db.session.scalar(select(Photo).where(Photo.id == photo_id, belongs_to(case_id)))
        if case_id
        else None
    )
    if found is None:
        raise NotFound("photo_not_found")
    return found


def shown_on_map(case: Case, reports: Sequence[AttachedReport], label: str = "") -> Shown:
    """Return where a case and its reports stand on a drawing."""
    return Shown(
        Position(case.latitude, case.longitude),
        label,
        tuple(item.position for item in reports if item.position),
    )


def draw_both(officer: Officer, pair: CasePair) -> CaseMap:
    """Draw two cases that are compared on one map, with their newest reports."""
    left, right = (
        shown_on_map(case, read_reports(officer, case.id, MOST_REPORTS).shown, case.number)
        for case in (pair.left.case, pair.right.case)
    )
    return draw_pair(left, right, local_day(clock.now()))


def _map(
    case: Case, reports: Sequence[AttachedReport], twins: Sequence[Case], now: datetime
) -> CaseMap:
    near = [shown_on_map(twin, (), twin.number) for twin in twins]
    return draw_case(shown_on_map(case, reports), near, local_day(now))


def _past(officer: Officer, case: Case) -> Past:
    """Read what was at the place before; a case that was merged away is no story of its own.

    Where a case was merged in, its place's past is told as well.
    """
    relapses = func.sum(cast(Case.is_relapse, Integer)).over()
    earlier = (
        visible_cases(officer)
        .add_columns(func.count().over(), relapses)
        .where(
            Case.place_id.in_(_places_of(case)),
            Case.id != case.id,
            or_(Case.opened_at <= case.opened_at, Case.id == case.previous_case_id),
            Case.merged_into_id.is_(None),
        )
        .order_by(Case.opened_at.desc())
        .limit(MOST_PAST_CASES)
    )
    rows = db.session.execute(earlier).all()
    count, relapses_before = rows[0][1:] if rows else (0, 0)
    cases = [row[0] for row in rows]
    return Past(
        cases=cases,
        count=count,
        relapses=int(relapses_before) + case.is_relapse,
        previous=next((each for each in cases if each.id == case.previous_case_id), None),
        beside=_ended_beside(officer, case),
    )


def _ended_beside(officer: Officer, case: Case) -> tuple[Beside, ...]:
    """Read what ended near by before this case, nearest first: a relapse may hide there.

    Trouble that is photographed from another side looks like other trouble, so a person has to
    be able to see what the machine did not.
    """
    here = Position(case.latitude, case.longitude)
    ended = visible_cases(officer).where(
        ~Case.is_open,
        Case.cell.in_(cells_within(case.latitude, case.longitude, BESIDE_M)),
        Case.lead_unit_id == case.lead_unit_id,
        Case.place_id != case.place_id,
        Case.merged_into_id.is_(None),
        Case.opened_at <= case.opened_at,
    )
    newest = ended.order_by(Case.opened_at.desc()).limit(MOST_PAST_CASES)
    found = [
        Beside(each, distance_m(here, Position(each.latitude, each.longitude)))
        for each in db.session.scalars(newest.options(joinedload(Case.category)))
    ]
    near = [each for each in found if each.distance_m <= BESIDE_M]
    return tuple(sorted(near, key=lambda each: each.distance_m)[:MOST_BESIDE])


def _places_of(case: Case) -> Select[int]:
    family = family_of(case.id)
    return select(Case.place_id).where(Case.id.in_(select(family.c.id)))


def acts_of(officer: Officer, case: Case) -> frozenset[str]:
    """Return the acts of the table that an officer could do on a case now."""
    state, parts = state_of(case), parts_of(db.session(), officer, case)
    moves = rules.possible_acts(state, role=officer.role, parts=parts)
    desk = rules.possible_desk_acts(state, role=officer.role, parts=parts)
    return frozenset(act.act for act in (*moves, *desk))
