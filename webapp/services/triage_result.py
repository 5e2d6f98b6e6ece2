"""Carries out what was decided about a report: attach it, open a case, name likely twins.

A case that opens gets its land, line and crossing, and its coordinating units are asked at once.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain import geo
from webapp.domain import triage as rules
from webapp.models import Case, Category, MergeSuggestion, Place, Report, Unit
from webapp.services import casework, casework_coordination, crossings, territory
from webapp.services.case_families import lock_survivor
from webapp.services.casework_acts import raised_to
from webapp.services.routing import Route
from webapp.services.transaction import Transaction, insert_into


@dataclass(frozen=True)
class Asked:
    """What was decided about: the settled evidence, its category, and onto whose desk it goes."""

    evidence: rules.Evidence
    category: Category
    route: Route


class _Overtaken(Exception):
    """The case ended, or was merged away, while its lock was waited for."""


def was_overtaken(session: Session, decision: rules.Attach) -> bool:
    """Lock the case that a report is to join, and tell whether it ended or was merged meanwhile."""
    if decision.is_late_evidence:
        return False
    # Another act on the case must be over before the report is folded in. The lock of a case that
    # is not joined after all is given back: whoever holds two takes them in the order of their ids.
    with suppress(_Overtaken), session.begin_nested():
        query = select(Case).where(Case.id == decision.case_id).with_for_update(key_share=True)
        if session.scalars(query.execution_options(populate_existing=True)).one().is_open:
            return False
        raise _Overtaken
    return True


def apply(
    work: Transaction,
    report: Report,
    decision: rules.Attach | rules.Relapse | rules.Open,
    asked: Asked,
    now: datetime,
) -> None:
    """Give a report its case, and write down which other cases may be the same."""
    case = _case_for(work, decision, asked, now)
    casework.attach_report(
        work,
        report,
        case,
        terms=decision.terms,
        actor=None,
        now=now,
        captured_at=asked.evidence.captured_at,
    )
    _raise_to_floor(work, case, asked.category, now)
    if isinstance(decision, rules.Attach):
        _tell_land(work, case, asked.route, now)
    else:
        casework_coordination.ask_by_machine(work, case, asked.route.partners, now=now)
    _suggest(work.session, case, report, decision.likely, now)


def _case_for(
    work: Transaction,
    decision: rules.Attach | rules.Relapse | rules.Open,
    asked: Asked,
    now: datetime,
) -> Case:
    if isinstance(decision, rules.Attach):
        # A case that was merged into another takes its late evidence along.
        return lock_survivor(work.session, decision.case_id)
    evidence, route = asked.evidence, asked.route
    if evidence.position is None or route.lead_unit_id is None:
        raise ValueError("a case opens only with a position and a unit")
    is_relapse = isinstance(decision, rules.Relapse)
    severity = asked.category.severity_floor
    if isinstance(decision, rules.Relapse):
        severity = max(severity, decision.severity)
    return casework.open_case(
        work,
        place=_place_for(work.session, decision, evidence.position, evidence.category_code, now),
        category_code=evidence.category_code,
        unit_id=route.lead_unit_id,
        position=evidence.position,
        severity=severity,
        now=now,
        captured_at=evidence.captured_at,
        address=_address(work.session, evidence.position, route),
        previous_case_id=decision.previous_case_id,
        is_relapse=is_relapse,
        terms=decision.terms,
        facts=_where(work.session, evidence, route),
    )


def _where(session: Session, evidence: rules.Evidence, route: Route) -> dict[str, Any]:
    """Return whose land a new case lies on and how surely, its line and its crossing."""
    position, line = evidence.position, route.corridor
    crossing = (
        crossings.link_for(session, position, position.accuracy_m, evidence.category_code)
        if position
        else None
    )
    return {
        "commune_id": route.commune_id,
        "routing": route.routing,
        "is_border_open": route.is_border_open,
        "corridor_id": line.corridor.id if line else None,
        "chainage_m": line.chainage_m if line else None,
        "chainage_accuracy_m": line.chainage_accuracy_m if line else None,
        "crossing_id": crossing.id if crossing else None,
    }


def _address(session: Session, position: geo.Position, route: Route) -> str | None:
    commune = session.get(Unit, route.commune_id) if route.commune_id else None
    return territory.place_words(position, commune=commune) or None


def _tell_land(work: Transaction, case: Case, route: Route, now: datetime) -> None:
    """Inform the commune on whose land a report lies that joined a case across the border."""
    commune_id = route.commune_id
    if case.is_open and commune_id is not None and commune_id != case.commune_id:
        casework_coordination.inform(work, case, commune_id, source="border", now=now)


def _place_for(
    session: Session,
    decision: rules.Relapse | rules.Open,
    position: geo.Position,
    category_code: str,
    now: datetime,
) -> Place:
    if decision.place_id is not None:
        return session.get_one(Place, decision.place_id)
    place = Place(
        category_code=category_code,
        latitude=position.latitude,
        longitude=position.longitude,
        cell=geo.cell_of(position.latitude, position.longitude),
        created_at=now,
    )
    session.add(place)
    return place


def _raise_to_floor(work: Transaction, case: Case, category: Category, now: datetime) -> None:
    """Raise an open case to the floor of a category under which somebody reported it."""
    if case.is_open and case.severity < category.severity_floor:
        casework.append(
            work,
            case,
            "severity_raised",
            actor=None,
            now=now,
            data=raised_to(work.session, case, category.severity_floor),
        )


def _suggest(
    session: Session, case: Case, report: Report, likely: Sequence[rules.Likely], now: datetime
) -> None:
    """Write down which cases may be the same; a pair that was asked about is not asked again."""
    for twin in likely:
        if twin.case_id == case.id or _is_asked(session, twin.case_id, case.id):
            continue
        row = insert_into(session, MergeSuggestion).values(
            case_id=case.id,
            other_case_id=twin.case_id,
            report_id=report.id,
            probability=twin.probability,
            terms=dict(twin.terms),
            made_at=now,
        )
        session.execute(row.on_conflict_do_nothing(index_elements=["case_id", "other_case_id"]))


def _is_asked(session: Session, case_id: int, other_case_id: int) -> bool:
    """Tell whether the same pair was named the other way round."""
    asked = select(MergeSuggestion.id).where(
        MergeSuggestion.case_id == case_id, MergeSuggestion.other_case_id == other_case_id
    )
    return session.scalar(asked) is not None
