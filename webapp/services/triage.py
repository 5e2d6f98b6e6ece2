"""Triage of one report: prepare its photos, settle where and when, decide, apply.

Done twice it has the effect of once.
The photos are prepared before, each in a transaction of its own, because decoding takes long and
what came of a photo does not depend on what becomes of its report. Everything else is one
transaction that also finishes the lease: a writer who is too late changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.domain import geo
from webapp.domain import triage as rules
from webapp.domain.duplicates import GREATEST_LIMIT_M
from webapp.domain.evidence import SettledTime, settle_captured_at, stray_fix
from webapp.domain.routing import choose_unit
from webapp.models import Case, Category, Photo, Place, Report, ReportTriage, Unit
from webapp.services import casework, outbox, photo_preparation, territory, triage_claims
from webapp.services.outbox import Lease
from webapp.services.transaction import Transaction, transaction

log = structlog.get_logger()

# A report in one of these states waits for a decision; in any other it has one.
UNDECIDED = frozenset({"received", "held"})

# The reason when the machine failed too often; the desk sees what the last error was.
EXHAUSTED = "attempts_exhausted"


@dataclass(frozen=True)
class Findings:
    """What is settled about a report before anything is decided."""

    evidence: rules.Evidence
    category: Category
    time: SettledTime
    now: datetime


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
    with transaction() as work:
        triage_in(work, report_id)
        outbox.finish(work, lease)


def triage_in(work: Transaction, report_id: int) -> None:
    """Settle, decide and apply inside a transaction; a report that has its case keeps it."""
    standing = _lock(work.session, report_id)
    if standing.status in UNDECIDED:
        _triage(work, work.session.get_one(Report, report_id), standing)


def foresee(session: Session, report: Report, standing: ReportTriage) -> Foresight:
    """Say what the machine would do if a person confirmed a held report as it stands."""
    found = _settle(session, report, standing)
    confirmed = replace(found, evidence=replace(found.evidence, is_set_by_person=True))
    return Foresight(_decide(session, confirmed), found.evidence.unit_id, found.category)


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


def _triage(work: Transaction, report: Report, standing: ReportTriage) -> None:
    session = work.session
    found = _settle(session, report, standing)
    _note_settled(standing, found)
    if found.evidence.unit_id is not None:
        _wait_for_neighbours(session, found.evidence.unit_id)
    decision = _decide(session, found)
    log.info("decided", report=report.id, decision=type(decision).__name__)
    if isinstance(decision, rules.Hold):
        _hold(standing, decision)
        return
    case = _case_for(work, decision, found)
    casework.attach_report(
        work,
        report,
        case,
        terms=decision.terms,
        actor=None,
        now=found.now,
        captured_at=found.time.at,
    )
    _let_go(standing, found.now)


def _settle(session: Session, report: Report, standing: ReportTriage) -> Findings:
    photos = _photos_of(session, report)
    category = session.get_one(Category, standing.set_category_code or report.category_code)
    position, source = triage_claims.settled_position(report, standing, photos)
    time = settle_captured_at(
        triage_claims.photo_claims(photos), report.sent_at, report.received_at
    )
    route = choose_unit(
        position, _commune_id(position, report), set_unit_id=_set_unit_id(session, standing)
    )
    evidence = rules.Evidence(
        category_code=category.service_code,
        position=position,
        position_source=source,
        captured_at=time.at,
        is_time_certain=time.is_certain,
        is_time_impossible=time.is_impossible,
        is_triaged_by_person=category.is_triaged_by_person or not category.is_active,
        unit_id=route.lead_unit_id,
        is_set_by_person=_is_set_by_person(standing),
        has_only_unreadable_photos=_has_only_unreadable(photos),
        stray_fix=stray_fix(triage_claims.position_claims(report, photos)),
    )
    return Findings(evidence, category, time, clock.now())


def _decide(session: Session, found: Findings) -> rules.Decision:
    return rules.decide(found.evidence, _candidates(session, found.evidence), now=found.now)


def _photos_of(session: Session, report: Report) -> Sequence[Photo]:
    query = select(Photo).where(Photo.report_id == report.id).order_by(Photo.sort_order)
    # What was kept a moment ago by a statement must be seen here.
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _commune_id(position: geo.Position | None, report: Report) -> int | None:
    if position is None:
        return None
    commune = triage_claims.commune_of(position, report)
    return commune.id if commune else None


def _set_unit_id(session: Session, standing: ReportTriage) -> int | None:
    """Return the unit that a person set, unless it has ended since."""
    unit = session.get(Unit, standing.set_unit_id) if standing.set_unit_id else None
    return unit.id if unit and triage_claims.is_standing(unit) else None


def _is_set_by_person(standing: ReportTriage) -> bool:
    return any(
        value is not None
        for value in (standing.set_latitude, standing.set_category_code, standing.set_unit_id)
    )


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


def _wait_for_neighbours(session: Session, unit_id: int) -> None:
    """Let the triage of one commune happen one at a time, so that one spot becomes one case.

    SQLite has one writer anyway. On PostgreSQL the unit's row is locked, in the mode that leaves
    those alone who only refer to it.
    """
    session.execute(select(Unit.id).where(Unit.id == unit_id).with_for_update(key_share=True))


def _candidates(session: Session, evidence: rules.Evidence) -> list[rules.Candidate]:
    """Return the open cases around a position, found by their cells."""
    position = evidence.position
    if position is None:
        return []
    cells = geo.cells_within(position.latitude, position.longitude, GREATEST_LIMIT_M)
    near = select(Case).where(Case.is_open, Case.cell.in_(cells)).order_by(Case.id)
    return [_candidate(case) for case in session.scalars(near)]


def _candidate(case: Case) -> rules.Candidate:
    return rules.Candidate(
        case_id=case.id,
        place_id=case.place_id,
        category_code=case.category_code,
        position=geo.Position(case.latitude, case.longitude),
        opened_at=case.opened_at,
        status=case.status,
        unit_id=case.lead_unit_id,
    )


def _case_for(
    work: Transaction, decision: rules.Attach | rules.Relapse | rules.Open, found: Findings
) -> Case:
    if isinstance(decision, rules.Attach):
        # Another act on the case must be over before this one is folded in.
        query = select(Case).where(Case.id == decision.case_id).with_for_update()
        return work.session.scalars(query.execution_options(populate_existing=True)).one()
    evidence = found.evidence
    if evidence.position is None or evidence.unit_id is None:
        raise ValueError("a case opens only with a position and a unit")
    return casework.open_case(
        work,
        place=_place_for(work.session, decision, evidence.position, found),
        category_code=evidence.category_code,
        unit_id=evidence.unit_id,
        position=evidence.position,
        severity=found.category.severity_floor,
        now=found.now,
        captured_at=found.time.at,
        address=territory.place_words(evidence.position) or None,
        previous_case_id=getattr(decision, "previous_case_id", None),
        terms=decision.terms,
    )


def _place_for(
    session: Session,
    decision: rules.Relapse | rules.Open,
    position: geo.Position,
    found: Findings,
) -> Place:
    if decision.place_id is not None:
        return session.get_one(Place, decision.place_id)
    place = Place(
        category_code=found.evidence.category_code,
        latitude=position.latitude,
        longitude=position.longitude,
        cell=geo.cell_of(position.latitude, position.longitude),
        created_at=found.now,
    )
    session.add(place)
    return place


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
