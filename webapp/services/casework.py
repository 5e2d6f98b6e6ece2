"""The only writer of cases: every change is an event that is appended and folded into the row."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from webapp import clock
from webapp.domain import casework as rules
from webapp.domain import geo
from webapp.domain.deadlines import Deadlines
from webapp.models import Attachment, Case, CaseEvent, Officer, Place, Report
from webapp.services.casework_figures import due_dates, next_number, witness_count
from webapp.services.notification_asks import ask_to_tell
from webapp.services.transaction import Transaction

_STATE_FIELDS = tuple(field.name for field in fields(rules.CaseState))

# A report brings two events and a busy minute many: one count serves them all. The sweeper picks
# it up, so a figure follows its events within this pause and one sweep.
TALLY_PAUSE = timedelta(seconds=5)

# What a daily tally counts; other happenings do not change any figure.
_TALLIED = frozenset({"opened", "report_attached", "acknowledged", "resolved"})


def open_case(  # noqa: PLR0913 - a case has as many facts, and each is named by its caller
    work: Transaction,
    *,
    place: Place,
    category_code: str,
    unit_id: int,
    position: geo.Position,
    severity: int,
    now: datetime,
    captured_at: datetime | None = None,
    address: str | None = None,
    previous_case_id: int | None = None,
    is_relapse: bool = False,
    terms: Mapping[str, Any] | None = None,
    actor: Officer | None = None,
    due: Deadlines | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Case:
    """Open a case; its reports are attached afterwards with ``attach_report``.

    Args:
        work: the transaction that the case belongs to.
        place: the lasting spot, new or known.
        category_code: Open311's service_code.
        unit_id: the lead unit; unless ``facts`` name another, the land is its own.
        position: where the case lies; its accuracy is not kept.
        severity: 1 to 4.
        now: when it is opened; both deadlines run from here.
        captured_at: when the evidence was captured, if that is known.
        address: where it is, in words.
        previous_case_id: the case that was resolved at this place before, if any.
        is_relapse: whether the trouble came back within that case's watch period.
        terms: the numbers behind the decision, kept in the event.
        actor: who opened it; the machine when left out.
        due: both deadlines, where they do not run from its opening.
        facts: what else the event tells: whose land it is and how surely (commune_id, routing,
            is_border_open), its line (corridor_id, chainage_m, chainage_accuracy_m), crossing_id,
            report_count, split_from_number … (``domain.case_state.Happening``).
    """
    session = work.session
    session.flush()
    due = due or due_dates(session, category_code, severity, now)
    data = {
        "severity": severity,
        "lead_unit_id": unit_id,
        "category_code": category_code,
        "latitude": position.latitude,
        "longitude": position.longitude,
        "place_id": place.id,
        "acknowledge_due_at": due.acknowledge_due_at,
        "resolve_due_at": due.resolve_due_at,
        "last_captured_at": captured_at,
        "address": address,
        "previous_case_id": previous_case_id,
        "is_relapse": is_relapse,
        "terms": dict(terms or {}),
        **(facts or {}),
    }
    return _begin(work, _happening("opened", now, data, actor))


def _begin(work: Transaction, happening: rules.Happening) -> Case:
    case = Case(number=next_number(work.session, happening.at), version=1)
    _write(case, rules.apply(None, happening))
    work.session.add(case)
    work.session.flush()
    _seal(work, case, happening, previous_hash=None)
    return case


def append(
    work: Transaction,
    case: Case,
    kind: str,
    *,
    actor: Officer | None,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    reason_code: str | None = None,
    words: str | None = None,
) -> CaseEvent:
    """Append one happening to a case and fold it into the row.

    Args:
        work: the transaction; the case must have been read inside it.
        case: the case as it stands.
        kind: one of ``domain.casework.KINDS``.
        actor: who did it; the machine when None.
        now: when it happened.
        data: the values that change, and what explains them; moments and numbers.
        reason_code: why, as a code.
        words: why or what, as a person wrote it.
    """
    happening = _happening(kind, now, data or {}, actor, reason_code, words)
    previous_hash = work.session.scalar(
        select(CaseEvent.hash).where(
            CaseEvent.case_id == case.id, CaseEvent.version == case.version
        )
    )
    state = rules.apply(state_of(case), happening)
    # The database wants the event to stand before the row that is made of it.
    event = _seal(work, case, happening, previous_hash=previous_hash, version=case.version + 1)
    case.version += 1
    _write(case, state)
    work.session.flush()
    return event


def attach_report(
    work: Transaction,
    report: Report,
    case: Case,
    *,
    terms: Mapping[str, Any],
    actor: Officer | None,
    now: datetime,
    captured_at: datetime | None,
    supersedes_id: int | None = None,
) -> None:
    """Say that a report belongs to a case, and count it and its witness.

    Args:
        work: the transaction.
        report: the evidence; it is not changed.
        case: the case it belongs to from now on.
        terms: the numbers behind the decision (distance_m, limit_m …).
        actor: the person who decided; the machine when None.
        now: when it was decided.
        captured_at: when the evidence was captured, if that is known.
        supersedes_id: the attachment that this one takes the place of.
    """
    session = work.session
    attachment = Attachment(
        report_id=report.id,
        case_id=case.id,
        supersedes_id=supersedes_id,
        at=now,
        actor_id=actor.id if actor else None,
        terms=dict(terms),
    )
    session.add(attachment)
    session.flush()
    append(
        work,
        case,
        "report_attached",
        actor=actor,
        now=now,
        data={
            "report_id": report.id,
            "witness_count": witness_count(session, case.id),
            "captured_at": captured_at,
            "terms": dict(terms),
        },
    )


def state_of(case: Case) -> rules.CaseState:
    """Return what the events of a case add up to, as its row has it."""
    return rules.CaseState(**{name: getattr(case, name) for name in _STATE_FIELDS})


def _write(case: Case, state: rules.CaseState) -> None:
    for name in _STATE_FIELDS:
        setattr(case, name, getattr(state, name))
    case.is_open = rules.is_open(state.status) and state.merged_into_id is None
    case.due_at = rules.due_at(state)
    case.cell = geo.cell_of(state.latitude, state.longitude)


def _happening(
    kind: str,
    now: datetime,
    data: Mapping[str, Any],
    actor: Officer | None,
    reason_code: str | None = None,
    words: str | None = None,
) -> rules.Happening:
    return rules.Happening(
        kind=kind,
        at=now,
        data=rules.plain_data(data),
        actor_id=actor.id if actor else None,
        actor_unit_id=actor.unit_id if actor else None,
        reason_code=reason_code,
        words=words,
    )


def _seal(
    work: Transaction,
    case: Case,
    happening: rules.Happening,
    *,
    previous_hash: str | None,
    version: int = 1,
) -> CaseEvent:
    event = CaseEvent(
        case_id=case.id,
        version=version,
        kind=happening.kind,
        at=happening.at,
        actor_id=happening.actor_id,
        actor_unit_id=happening.actor_unit_id,
        reason_code=happening.reason_code,
        words=happening.words,
        data=dict(happening.data),
        previous_hash=previous_hash,
        hash=rules.event_hash(previous_hash, case.number, version, happening),
    )
    work.session.add(event)
    if happening.kind in _TALLIED:
        day = happening.at.astimezone(clock.LOCAL_ZONE).date().isoformat()
        work.ask("rebuild_tallies", day, due_at=clock.now() + TALLY_PAUSE)
    work.session.flush()
    ask_to_tell(work, event)
    return event
