"""Two cases side by side: their photos and words, which photos agree, what a merge would make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.adapters import photo_matcher
from webapp.domain import casework as rules
from webapp.domain import geo, merging
from webapp.domain.errors import NotFound
from webapp.extensions import db
from webapp.models import Attachment, Case, Officer, Photo, Report
from webapp.services import labelling, photo_prints, triage_policy
from webapp.services.case_families import family_ids
from webapp.services.casework import state_of
from webapp.services.casework_figures import is_current_attachment
from webapp.services.casework_merging import in_order, owed_together, standing_of
from webapp.services.scope import parts_of, visible_cases

# Six photos a side are what two columns of a desktop show without scrolling.
MOST_PHOTOS = 6
MOST_WORDS_SHOWN = 3
# The newest three of each side: nine comparisons of some 15 ms each, before the page appears.
MOST_COMPARED = 3
MOST_PAIRS_SHOWN = 3


@dataclass(frozen=True)
class Side:
    """One of two cases: its newest photos that can be shown, and what its newest reports say."""

    case: Case
    photos: tuple[Photo, ...]
    report_count: int
    witness_count: int
    words: tuple[str, ...]


@dataclass(frozen=True)
class PhotoPair:
    """A photo of each case, and how many points of both agree (same_picture, same_scene …)."""

    left_photo_id: int
    right_photo_id: int
    kind: str
    points: int


@dataclass(frozen=True)
class CasePair:
    """Two cases side by side, and what would become of them.

    ``objection`` is the code of why they cannot be merged by this officer now; the figures of
    the merged case are reckoned all the same.
    """

    left: Side
    right: Side
    pairs: tuple[PhotoPair, ...]
    distance_m: float
    surviving_number: str
    severity: int
    acknowledge_due_at: datetime
    resolve_due_at: datetime
    objection: str | None
    suggestion_terms: Mapping[str, Any] | None


def compare_cases(officer: Officer, number: str, other_number: str) -> CasePair:
    """Put two cases side by side; at most nine pairs of photos are compared.

    Raises:
        NotFound: ``case_not_found`` or ``merge_other_not_found``: there is no such case, or the
            officer may not know of it.
    """
    query = visible_cases(officer).where(Case.number.in_((number, other_number)))
    found = db.session.scalars(query.options(joinedload(Case.category), joinedload(Case.lead_unit)))
    cases = {case.number: case for case in found}
    if number not in cases:
        raise NotFound("case_not_found")
    if other_number not in cases:
        raise NotFound("merge_other_not_found", field="other")
    mine, theirs = cases[number], cases[other_number]
    survivor, merged = in_order(mine, theirs)
    burden = owed_together(db.session(), survivor, merged)
    left, right = _side(mine), _side(theirs)
    return CasePair(
        left=left,
        right=right,
        pairs=_pairs(left.photos, right.photos),
        distance_m=distance_between(mine, theirs),
        surviving_number=survivor.number,
        severity=burden.severity,
        acknowledge_due_at=burden.acknowledge_due_at,
        resolve_due_at=burden.resolve_due_at,
        objection=_objection(officer, mine, theirs),
        suggestion_terms=_suggestion_terms(mine, theirs),
    )


def distance_between(one: Case, other: Case) -> float:
    """Return how far two cases lie apart, in metres."""
    return geo.distance_m(
        geo.Position(one.latitude, one.longitude), geo.Position(other.latitude, other.longitude)
    )


def _objection(officer: Officer, mine: Case, theirs: Case) -> str | None:
    if objection := merging.objection_to_merging(standing_of(mine), standing_of(theirs)):
        return objection
    return rules.objection_to(
        "merge",
        state_of(mine),
        role=officer.role,
        parts=parts_of(db.session(), officer, mine),
    )


def _side(case: Case) -> Side:
    held = select(Attachment.report_id).where(
        Attachment.case_id == case.id, is_current_attachment()
    )
    photos = db.session.scalars(
        select(Photo)
        .where(Photo.report_id.in_(held), Photo.state == "ready")
        .order_by(Photo.report_id.desc(), Photo.sort_order)
        .limit(MOST_PHOTOS)
    )
    words = db.session.scalars(
        select(Report.description)
        .where(Report.id.in_(held), Report.description.is_not(None))
        .order_by(Report.id.desc())
        .limit(MOST_WORDS_SHOWN)
    )
    return Side(
        case=case,
        photos=tuple(photos),
        report_count=case.report_count,
        witness_count=case.witness_count,
        words=tuple(said for said in words if said),
    )


def _pairs(left: Sequence[Photo], right: Sequence[Photo]) -> tuple[PhotoPair, ...]:
    """Compare the newest photos of both sides by their prints, best pair first."""
    left, right = left[:MOST_COMPARED], right[:MOST_COMPARED]
    hashes = [photo.received_sha256 for photo in (*left, *right)]
    prints = photo_prints.prints_of(db.session(), hashes) if left and right else {}
    if not prints:
        return ()
    weigh = triage_policy.fitted_weights().photo.weigh
    found = [
        (
            weigh(
                photo_matcher.compare(prints[mine.received_sha256], prints[theirs.received_sha256])
            ),
            mine.id,
            theirs.id,
        )
        for mine, theirs in product(left, right)
        if {mine.received_sha256, theirs.received_sha256} <= prints.keys()
    ]
    best = sorted(found, key=lambda each: (-each[0].log_odds, each[1], each[2]))
    return tuple(
        PhotoPair(mine_id, theirs_id, evidence.kind, evidence.points)
        for evidence, mine_id, theirs_id in best[:MOST_PAIRS_SHOWN]
    )


def _suggestion_terms(mine: Case, theirs: Case) -> Mapping[str, Any] | None:
    session = db.session()
    suggestions = labelling.suggestions_between(
        session, family_ids(session, mine.id), family_ids(session, theirs.id)
    )
    return suggestions[0].terms if suggestions else None
