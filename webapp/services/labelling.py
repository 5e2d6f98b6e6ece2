"""What officers teach by their choices: pairs of reports that are one trouble, or two."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from webapp.domain import merging
from webapp.models import Attachment, LabelledPair, MergeSuggestion, Officer

Pair = tuple[int, int]


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
    seen = {suggestion.report_id: suggestion.terms for suggestion in suggestions}
    known = [seen.get(one, seen.get(other, {})) for one, other in pairs]
    label(session, choice, pairs, known)


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
    suggestions: Iterable[MergeSuggestion], answer: str | None, officer: Officer, now: datetime
) -> None:
    """Answer suggestions, or open them again with None."""
    for suggestion in suggestions:
        suggestion.answer = answer
        suggestion.answered_at = now if answer else None
        suggestion.answered_by_id = officer.id if answer else None
