"""Triage of one report: prepare its photos, settle where and when, decide, apply.

Done twice it has the effect of once.
The photos are prepared before, each in a transaction of its own, because decoding takes long and
what came of a photo does not depend on what becomes of its report; they are compared before as
well, as far as the cases are known by then. Everything else is one transaction that also finishes
the lease: a writer who is too late changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import BigInteger, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.domain import geo
from webapp.domain import triage as rules
from webapp.domain.evidence import SettledTime, settle_captured_at, stray_fix
from webapp.extensions import db
from webapp.models import Category, Photo, Report, ReportTriage, Unit
from webapp.services import (
    candidates,
    outbox,
    photo_preparation,
    photo_prints,
    photo_reuse,
    territory,
    triage_claims,
    triage_policy,
    triage_result,
)
from webapp.services.comparisons import Comparisons, photos_to_compare
from webapp.services.outbox import Lease
from webapp.services.photo_prints import Printed
from webapp.services.routing import Route
from webapp.services.transaction import Transaction, transaction

log = structlog.get_logger()

# A report in one of these states waits for a decision; in any other it has one.
UNDECIDED = frozenset({"received", "held"})

# The reason when the machine failed too often; the desk sees what the last error was.
EXHAUSTED = "attempts_exhausted"

# The reason when nobody knows whether a photo is older than the proof.
UNCERTAIN = "uncertain_time"


@dataclass(frozen=True)
class Findings:
    """What is settled about a report before anything is decided."""

    evidence: rules.Evidence
    category: Category
    time: SettledTime
    now: datetime
    photos: Sequence[Printed]
    meant_case_number: str | None
    route: Route


@dataclass(frozen=True)
class Foresight:
    """What would become of a report, under which unit and category."""

    decision: rules.Decision
    unit_id: int | None
    category: Category


def triage_report(report_id: int, lease: Lease, store: PhotoStore) -> None:
    """Triage one report: attach it to a case, open one, or hold it for a person.

    Args:
        report_id: whose turn it is.
        lease: the right to do this work, finished here.
        store: where the photos' bytes lie.

    Raises:
        LeaseLost: somebody else has this work by now; nothing was decided.
        NotFound: the bytes of a photo are not where they should be.
    """
    photo_preparation.prepare_photos_of(report_id, store)
    comparisons = Comparisons()
    _look_ahead(report_id, comparisons, store)
    with transaction() as work:
        triage_in(work, report_id, comparisons)
        outbox.finish(work, lease)


def triage_in(work: Transaction, report_id: int, comparisons: Comparisons) -> None:
    """Settle, decide and apply inside a transaction; a report that has its case keeps it.

    Args:
        work: the transaction.
        report_id: whose turn it is.
        comparisons: the photos that were compared for it before.
    """
    standing = _lock(work.session, report_id)
    if standing.status in UNDECIDED:
        _triage(work, work.session.get_one(Report, report_id), standing, comparisons)


def foresee(session: Session, report: Report, standing: ReportTriage) -> Foresight:
    """Say what the machine would do if a person confirmed a held report as it stands."""
    found = _settle(session, report, standing)
    asked = found.evidence.is_time_asked or standing.hold_code == UNCERTAIN
    evidence = replace(found.evidence, is_set_by_person=True, is_time_asked=asked)
    decision = _decide(session, replace(found, evidence=evidence), Comparisons())
    return Foresight(decision, found.evidence.unit_id, found.category)


def hold_as_exhausted(report_id: int, lease: Lease) -> None:
    """Hold a report for a person because every attempt failed; never lost, never silent.

    Nothing that the report says is read here, for that may be what the machine stumbles over.

    Raises:
        LeaseLost: somebody else has this work by now; nothing was changed.
    """
    with transaction() as work:
        standing = _lock(work.session, report_id)
        if standing.status in UNDECIDED:
            _hold(standing, rules.Hold(EXHAUSTED, {"attempts": lease.attempt - 1}))
        outbox.finish(work, lease)


def _lock(session: Session, report_id: int) -> ReportTriage:
    """Lock a report: on PostgreSQL its row, on SQLite all of the database."""
    session.execute(select(Report.id).where(Report.id == report_id).with_for_update()).one()
    standing = session.get(ReportTriage, report_id)
    if standing is None:
        standing = ReportTriage(report_id=report_id, status="received", updated_at=clock.now())
        session.add(standing)
    return standing


def _look_ahead(report_id: int, comparisons: Comparisons, store: PhotoStore) -> None:
    """Compare the photos with those of the cases that are there now, outside of any lock."""
    session = db.session()
    session.rollback()
    report, standing = session.get(Report, report_id), session.get(ReportTriage, report_id)
    if report is not None and standing is not None and standing.status in UNDECIDED:
        found = _settle(session, report, standing)
        near = _neighbours(session, found)
        session.rollback()
        photo_prints.take_missing(_photos_to_compare(found, near), store)
        _judgeable(session, found, near, comparisons)
        pictures = [photo.received_sha256 for photo in found.photos]
        photo_reuse.look_ahead(session, pictures, comparisons)
    session.rollback()


def _photos_to_compare(found: Findings, near: Sequence[candidates.Neighbour]) -> list[Printed]:
    sighting = rules.sighting_of(found.evidence, found.now)
    return photos_to_compare(sighting, found.photos, near, triage_policy.fitted_weights())


def _triage(
    work: Transaction, report: Report, standing: ReportTriage, comparisons: Comparisons
) -> None:
    session = work.session
    found = _settle(session, report, standing)
    _note_settled(standing, found)
    if found.evidence.position is not None:
        _wait_for_neighbours(session, found.evidence.position)
    decision = _decide_for_good(session, found, comparisons)
    log.info("decided", report=report.id, decision=type(decision).__name__)
    session.flush()
    photo_reuse.flag(session, report, comparisons)
    if isinstance(decision, rules.Hold):
        _hold(standing, decision)
        return
    asked = triage_result.Asked(found.evidence, found.category, found.route)
    triage_result.apply(work, report, decision, asked, found.now)
    _let_go(standing, found.now)


def _settle(session: Session, report: Report, standing: ReportTriage) -> Findings:
    photos = _photos_of(session, report)
    category = session.get_one(Category, standing.set_category_code or report.category_code)
    position, source = triage_claims.settled_position(report, standing, photos)
    time = _settle_time(report, standing, photos)
    set_unit_id = _set_unit_id(session, standing)
    route = triage_claims.route_of(report, position, category.service_code, set_unit_id)
    evidence = rules.Evidence(
        category_code=category.service_code,
        position=position,
        position_source=source,
        captured_at=time.at,
        is_time_certain=time.is_certain,
        is_time_impossible=time.is_impossible,
        is_triaged_by_person=category.is_triaged_by_person or not category.is_active,
        unit_id=route.lead_unit_id,
        land_ids=triage_claims.land_ids(
            position, route, triage_claims.watched_since(time.at, report)
        ),
        problem=route.problem,
        is_set_by_person=_is_set_by_person(standing),
        has_only_unreadable_photos=_has_only_unreadable(photos),
        stray_fix=stray_fix(triage_claims.position_claims(report, photos)),
        received_at=report.received_at,
        words=report.description or "",
        install_key_hash=report.install_key_hash,
        is_time_asked=_is_time_asked(standing),
    )
    return Findings(
        evidence=evidence,
        category=category,
        time=time,
        now=clock.now(),
        photos=[
            Printed(photo.id, report.id, photo.received_sha256, photo.large_sha256)
            for photo in photos
            if photo.state == "ready" and photo.large_sha256
        ],
        meant_case_number=report.meant_case_number,
        route=route,
    )


def _settle_time(report: Report, standing: ReportTriage, photos: Sequence[Photo]) -> SettledTime:
    """Return when the evidence was captured; what a person set goes before every clock."""
    if standing.set_captured_at is not None:
        return SettledTime(standing.set_captured_at, "person", is_certain=True)
    return settle_captured_at(
        triage_claims.photo_claims(photos), report.sent_at, report.received_at
    )


def _decide(session: Session, found: Findings, comparisons: Comparisons) -> rules.Decision:
    return rules.decide(
        found.evidence,
        _judgeable(session, found, _neighbours(session, found), comparisons),
        triage_policy.policy(session),
        now=found.now,
    )


def _decide_for_good(session: Session, found: Findings, comparisons: Comparisons) -> rules.Decision:
    """Decide, and make sure that the case did not end meanwhile: an officer locks it alone."""
    decision = _decide(session, found, comparisons)
    while isinstance(decision, rules.Attach) and triage_result.was_overtaken(session, decision):
        decision = _decide(session, found, comparisons)
    return decision


def _judgeable(
    session: Session,
    found: Findings,
    near: Sequence[candidates.Neighbour],
    comparisons: Comparisons,
) -> list[rules.Candidate]:
    """Return the candidates with what their photos have in common with the report's."""
    sighting = rules.sighting_of(found.evidence, found.now)
    if sighting is None or not near:
        return []
    pictures = [photo.received_sha256 for photo in found.photos]
    return comparisons.judgeable(session, sighting, pictures, near, triage_policy.fitted_weights())


def _neighbours(session: Session, found: Findings) -> list[candidates.Neighbour]:
    position, land_ids = found.evidence.position, found.evidence.land_ids
    if position is None or not land_ids:
        return []
    return candidates.neighbours(session, position, land_ids, named_number=found.meant_case_number)


def _photos_of(session: Session, report: Report) -> Sequence[Photo]:
    query = select(Photo).where(Photo.report_id == report.id).order_by(Photo.sort_order)
    # What was kept a moment ago by a statement must be seen here.
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _set_unit_id(session: Session, standing: ReportTriage) -> int | None:
    """Return the unit that a person set, unless it has ended since."""
    unit = session.get(Unit, standing.set_unit_id) if standing.set_unit_id else None
    return unit.id if unit and triage_claims.is_standing(unit) else None


def _is_set_by_person(standing: ReportTriage) -> bool:
    return any(
        value is not None
        for value in (
            standing.set_latitude,
            standing.set_category_code,
            standing.set_unit_id,
            standing.set_captured_at,
        )
    )


def _is_time_asked(standing: ReportTriage) -> bool:
    """Tell whether a person who placed the report had the question of its time before them."""
    is_answered = standing.hold_code == UNCERTAIN and _is_set_by_person(standing)
    return is_answered or standing.set_captured_at is not None


def _has_only_unreadable(photos: Sequence[Photo]) -> bool:
    return bool(photos) and all(photo.state == "unreadable" for photo in photos)


def _note_settled(standing: ReportTriage, found: Findings) -> None:
    position = found.evidence.position
    standing.latitude = position.latitude if position else None
    standing.longitude = position.longitude if position else None
    standing.accuracy_m = position.accuracy_m if position else None
    standing.position_source = found.evidence.position_source
    standing.captured_at = found.time.at
    standing.captured_source = found.time.source


def _wait_for_neighbours(session: Session, position: geo.Position) -> None:
    """Let the triage of one neighbourhood happen one at a time, so that one spot becomes one case.

    SQLite has one writer anyway. On PostgreSQL every cell in which a case is looked for is
    locked until the transaction ends, in the cells' order, so that nobody waits in a circle: two
    reports that could find each other's case share the cell in which the first one opens it.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    cells = sorted(int(cell, 16) for cell in candidates.cells_around(position))
    # PostgreSQL promises to unnest an array in its order, so one statement locks in that order.
    in_order = func.unnest(literal(cells, ARRAY(BigInteger))).column_valued("cell")
    session.execute(select(func.pg_advisory_xact_lock(in_order)))


def _hold(standing: ReportTriage, decision: rules.Hold) -> None:
    # Who supervises today looks at it, whoever did on the day when the report came.
    supervising = territory.supervising_unit(clock.today())
    details: dict[str, Any] = dict(decision.details)
    if standing.status != "held" or standing.hold_code != decision.code:
        standing.updated_at = clock.now()
    standing.status = "held"
    standing.hold_code = decision.code
    standing.hold_details = details
    standing.supervising_unit_id = supervising.id if supervising else None


def _let_go(standing: ReportTriage, now: datetime) -> None:
    standing.status = "triaged"
    standing.updated_at = now
    standing.hold_code = None
    standing.hold_details = None
