"""Lets things happen to cases, and checks that what is left adds up: histories, seals, counts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select

from webapp import clock
from webapp.domain import casework as rules
from webapp.extensions import db
from webapp.models import (
    Attachment,
    Case,
    CaseEvent,
    LabelledPair,
    MergeSuggestion,
    Officer,
    Report,
)
from webapp.services.casework import append, state_of
from webapp.services.casework_acts import Seen
from webapp.services.casework_figures import is_current_attachment, witness_count
from webapp.services.transaction import transaction


def reread(case: Case) -> Case:
    """Return a case as it stands now."""
    return numbered(case.number)


def numbered(number: str) -> Case:
    """Return the case of a number as it stands now."""
    db.session.rollback()
    return db.session.scalars(select(Case).where(Case.number == number)).one()


def seen(case: Case) -> Seen:
    """Return a case as its page would show it now."""
    fresh = reread(case)
    return Seen(fresh.number, fresh.version)


def events_of(case: Case) -> list[CaseEvent]:
    """Return what happened to a case, oldest first."""
    db.session.rollback()
    events = select(CaseEvent).join(Case, Case.id == CaseEvent.case_id)
    return list(
        db.session.scalars(events.where(Case.number == case.number).order_by(CaseEvent.version))
    )


def holder_of(case: Case) -> list[Attachment]:
    """Return the attachments of the reports that a case holds now, oldest report first."""
    db.session.rollback()
    held = select(Attachment).where(Attachment.case_id == case.id, is_current_attachment())
    return list(db.session.scalars(held.order_by(Attachment.report_id)))


def last_report(case: Case) -> int:
    """Return the id of the newest report that a case holds."""
    return holder_of(case)[-1].report_id


def happen(case: Case, officer: Officer | None, *kinds: str, sentence: str = "Đã xong.") -> None:
    """Let things happen to a case one after the other; the machine does them when nobody does.

    How a proof is checked is told elsewhere: a case is resolved by its public sentence alone.
    """
    for kind in kinds:
        with transaction() as work:
            fresh = work.session.get_one(Case, case.id, populate_existing=True)
            data = {"public_sentence": sentence} if kind == "resolved" else {}
            append(work, fresh, kind, actor=officer, now=clock.now(), data=data)


def labels() -> list[tuple[str, bool]]:
    """Return what officers said of pairs of reports, oldest first."""
    db.session.rollback()
    said = db.session.scalars(select(LabelledPair).order_by(LabelledPair.id))
    return [(pair.source, pair.is_same) for pair in said]


def suggest(case: Case, other: Case, report_id: int, terms: Mapping[str, Any]) -> int:
    """Suggest that two cases are one, as triage does; returns the suggestion's id."""
    with transaction() as work:
        suggestion = MergeSuggestion(
            case_id=case.id,
            other_case_id=other.id,
            report_id=report_id,
            probability=0.7,
            terms=dict(terms),
            made_at=clock.now(),
        )
        work.session.add(suggestion)
    return suggestion.id


def states_of(events: Sequence[CaseEvent], number: str) -> list[rules.CaseState]:
    """Fold a history and check each of its seals; returns the state after every event."""
    states: list[rules.CaseState] = []
    previous = None
    for event in events:
        happening = rules.Happening(
            kind=event.kind,
            at=event.at,
            data=event.data,
            actor_id=event.actor_id,
            actor_unit_id=event.actor_unit_id,
            reason_code=event.reason_code,
            words=event.words,
        )
        assert event.previous_hash == previous
        assert event.hash == rules.event_hash(previous, number, event.version, happening)
        previous = event.hash
        states.append(rules.apply(states[-1] if states else None, happening))
    return states


def check_history(*cases: Case) -> None:
    """Check that every seal holds, and that each row is what its events add up to.

    On no step of the way did a severity fall or a deadline move later.
    """
    for case in cases:
        states = states_of(events_of(case), case.number)
        assert asdict(states[-1]) == asdict(state_of(reread(case)))
        for before, after in pairwise(states):
            assert after.severity >= before.severity
            assert after.acknowledge_due_at <= before.acknowledge_due_at
            assert after.resolve_due_at <= before.resolve_due_at


def owed_now() -> dict[int, tuple[int, datetime]]:
    """Return, for each report of an open case, how grave that is and by when it must be resolved.

    A report whose case has ended is owed nothing any more.
    """
    db.session.rollback()
    rows = db.session.execute(
        select(Attachment.report_id, Case.severity, Case.resolve_due_at)
        .join(Case, Case.id == Attachment.case_id)
        .where(is_current_attachment(), Case.is_open)
    )
    return {report_id: (severity, due_at) for report_id, severity, due_at in rows}


def check_owed(before: Mapping[int, tuple[int, datetime]]) -> dict[int, tuple[int, datetime]]:
    """Check that no report is owed less, or later, than before; returns what is owed now."""
    after = owed_now()
    for report_id in before.keys() & after.keys():
        assert after[report_id][0] >= before[report_id][0]
        assert after[report_id][1] <= before[report_id][1]
    return after


def check_counts() -> None:
    """Check that each report has one case, which is not merged away, and every count is true."""
    db.session.rollback()
    current = db.session.scalars(select(Attachment).where(is_current_attachment())).all()
    reports = db.session.scalars(select(Report.id)).all()
    assert sorted(each.report_id for each in current) == sorted(reports)
    held = dict(
        db.session.execute(
            select(Attachment.case_id, func.count())
            .where(is_current_attachment())
            .group_by(Attachment.case_id)
        ).all()
    )
    for case in db.session.scalars(select(Case)):
        assert case.report_count == held.get(case.id, 0)
        assert case.witness_count == witness_count(db.session(), case.id)
        if case.merged_into_id is not None:
            assert case.report_count == 0
            assert not case.is_open
