"""What officers teach by their choices: pairs of reports that are one trouble, or two."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, tuple_
from sqlalchemy.orm import Session

from webapp.domain import merging
from webapp.models import Attachment, Case, LabelledPair, MergeSuggestion, Officer

Pair = tuple[int, int]


# Decisions whose terms are about the very case that the report was attached to.
JOINED = ("attach", "late_evidence")


@dataclass(frozen=True)
class Judged:
    """What the machine saw between a report and a case, and when."""

    report_id: int
    case_id: int
    at: datetime
    terms: Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """What an officer chose, and when; source is merge, unmerge, split, unsplit or separate."""

    source: str
    is_same: bool
    officer: Officer
    now: datetime


def label(
    session: Session, choice: Choice, pairs: Iterable[Pair], known: Sequence[Mapping[str, Any]]
) -> None:
    """Keep what an officer said of pairs of reports.

    Args:
        session: the transaction's.
        choice: what they said.
        pairs: the ids of two reports each, in any order.
        known: for each pair the numbers that the machine saw between the two; may be empty.
    """
    for pair, terms in zip(pairs, known, strict=True):
        report_id, other_report_id = merging.ordered(pair)
        session.add(
            LabelledPair(
                report_id=report_id,
                other_report_id=other_report_id,
                is_same=choice.is_same,
                source=choice.source,
                terms=dict(terms),
                at=choice.now,
                officer_id=choice.officer.id,
                unit_id=choice.officer.unit_id,
            )
        )
    session.flush()


def label_cases(
    session: Session,
    choice: Choice,
    mine: Sequence[Attachment],
    others: Sequence[Attachment],
    suggestions: Sequence[MergeSuggestion],
) -> None:
    """Keep what an officer said of two cases, as pairs of their newest reports.

    Args:
        session: the transaction's.
        choice: what they said.
        mine: the attachments of one case, the newest report first.
        others: those of the other case.
        suggestions: what the machine saw between the two.
    """
    pairs = merging.closest_pairs(
        [attachment.report_id for attachment in mine],
        [attachment.report_id for attachment in others],
    )
    judged = [
        Judged(each.report_id, each.other_case_id, each.made_at, each.terms) for each in suggestions
    ]
    label(session, choice, pairs, known_of(session, pairs, judged))


def known_of(
    session: Session, pairs: Sequence[Pair], judgements: Iterable[Judged]
) -> list[Mapping[str, Any]]:
    """Return, for each pair, what the machine saw between just these two; empty for the others.

    A judgement speaks for one pair: its report, and the first that the case held by then.
    """
    known: list[Mapping[str, Any]] = [{} for _ in pairs]
    for judged in judgements:
        held = _held_by_then(session, judged) - {judged.report_id}
        for at, pair in enumerate(pairs):
            if not known[at] and judged.report_id in pair and held & set(pair):
                known[at] = judged.terms
                break
    return known


def _held_by_then(session: Session, judged: Judged) -> set[int]:
    held = select(Attachment.report_id).where(
        Attachment.case_id == judged.case_id, Attachment.at <= judged.at
    )
    return set(session.scalars(held))


def judgements_of(session: Session, report_id: int) -> list[Judged]:
    """Return how the machine judged a report and the case to which it first attached it.

    Nothing when it judged another case, or when a case was opened for the report.
    """
    first = session.scalars(
        select(Attachment).where(
            Attachment.report_id == report_id, Attachment.supersedes_id.is_(None)
        )
    ).one()
    if first.terms.get("decision") not in JOINED:
        return []
    return [Judged(report_id, first.case_id, first.at, first.terms)]


def take_back(
    session: Session, choice: Choice, moved: Collection[int], left: Collection[int], source: str
) -> None:
    """Say the opposite of what was said last of pairs, one of which is moved away from the other.

    Args:
        session: the transaction's.
        choice: what is said now.
        moved: ids of the reports that are moved.
        left: ids of the reports that they are moved away from, or back to.
        source: whose pairs are taken back: merge or split.
    """
    between = or_(
        and_(LabelledPair.report_id.in_(moved), LabelledPair.other_report_id.in_(left)),
        and_(LabelledPair.report_id.in_(left), LabelledPair.other_report_id.in_(moved)),
    )
    found = session.scalars(select(LabelledPair).where(between).order_by(LabelledPair.id))
    latest = {(pair.report_id, pair.other_report_id): pair for pair in found}
    wrong = [pair for pair in latest.values() if pair.source == source]
    label(
        session,
        choice,
        [(pair.report_id, pair.other_report_id) for pair in wrong],
        [pair.terms for pair in wrong],
    )


def suggestions_between(
    session: Session, ones: Collection[int], others: Collection[int], answer: str | None = None
) -> Sequence[MergeSuggestion]:
    """Return the suggestions between two groups of cases that have this answer, or none yet."""
    between = or_(
        and_(MergeSuggestion.case_id.in_(ones), MergeSuggestion.other_case_id.in_(others)),
        and_(MergeSuggestion.case_id.in_(others), MergeSuggestion.other_case_id.in_(ones)),
    )
    is_so = MergeSuggestion.answer.is_(None) if answer is None else MergeSuggestion.answer == answer
    return session.scalars(
        select(MergeSuggestion).where(between, is_so).order_by(MergeSuggestion.id)
    ).all()


def answer_suggestions(
    suggestions: Iterable[MergeSuggestion], answer: str, officer: Officer, now: datetime
) -> None:
    """Answer suggestions: merged or separate."""
    for suggestion in suggestions:
        suggestion.answer = answer
        suggestion.answered_at = now
        suggestion.answered_by_id = officer.id


def remember_separate(
    session: Session, case: Case, other: Case, report_id: int, officer: Officer, now: datetime
) -> None:
    """Keep that two cases are two although nobody was asked, so that nobody will be.

    The row has no terms and a probability of 0: the machine saw nothing between the two.
    """
    pairs = ((case.id, other.id), (other.id, case.id))
    known = tuple_(MergeSuggestion.case_id, MergeSuggestion.other_case_id).in_(pairs)
    if session.scalar(select(MergeSuggestion.id).where(known).limit(1)) is not None:
        return
    session.add(
        MergeSuggestion(
            case_id=case.id,
            other_case_id=other.id,
            report_id=report_id,
            probability=0.0,
            terms={},
            made_at=now,
            answer="separate",
            answered_at=now,
            answered_by_id=officer.id,
        )
    )
    session.flush()
