"""What officers do with a case: each act is one transaction, checked against the one table."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain import casework as rules
from webapp.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from webapp.models import (
    Attachment,
    Case,
    CaseEvent,
    CaseView,
    Officer,
    Photo,
    Report,
    WordsReview,
)
from webapp.services.case_families import first_opened_at
from webapp.services.casework import append, state_of
from webapp.services.casework_figures import due_dates, is_current_attachment
from webapp.services.scope import UNIT_ROLES, parts_of, visible_cases
from webapp.services.transaction import Transaction, transaction

# As long as a resident's own words may be; longer ones are a letter, not a line of a log.
MOST_WORDS = 2000

# Why a photo or words stay private; the screen words stand in ``labels.PRIVATE_REASON``.
PRIVATE_REASONS = ("person_visible", "plate_visible", "private_place", "not_about_case", "other")

REVIEWS = ("shown", "private")


@dataclass(frozen=True)
class Seen:
    """Which case an officer acts on, and the version that stood on their screen."""

    number: str
    version: int


@dataclass(frozen=True)
class Acting:
    """An act in its transaction: the locked case, the officer, the row of the table, the moment."""

    work: Transaction
    case: Case
    officer: Officer
    transition: rules.Transition
    now: datetime

    def append(self, **event: Any) -> None:
        """Append the event that this act stands for."""
        append(
            self.work,
            self.case,
            self.transition.kind,
            actor=self.officer,
            now=self.now,
            **event,
        )


def acknowledge(officer: Officer, seen: Seen, words: str = "") -> None:
    """Take a new case on.

    Raises:
        NotFound, Conflict, NotAllowed: see ``acting``; so do all acts below.
    """
    with acting("acknowledge", officer, seen) as act:
        act.append(words=written(words))


def start(officer: Officer, seen: Seen, words: str = "") -> None:
    """Say that work on an acknowledged case has begun."""
    with acting("start", officer, seen) as act:
        act.append(words=written(words))


def raise_severity(officer: Officer, seen: Seen, severity: int, words: str = "") -> None:
    """Make a case graver; its deadlines come nearer or stay, they never move away.

    Raises:
        InvalidInput: the severity is not higher than the case's.
    """
    with acting("raise_severity", officer, seen) as act:
        case = act.case
        rules.check_raised(state_of(case), severity)
        data = raised_to(act.work.session, case, severity)
        act.append(data=data, words=written(words))


def raised_to(session: Session, case: Case, severity: int) -> dict[str, Any]:
    """Return what a severity_raised event carries: both severities, and the deadlines they bring.

    The deadlines count from the opening of the first case among those that were merged.
    """
    due = due_dates(session, case.category_code, severity, first_opened_at(session, case))
    return {
        "from_severity": case.severity,
        "severity": severity,
        "acknowledge_due_at": due.acknowledge_due_at,
        "resolve_due_at": due.resolve_due_at,
    }


def add_note(officer: Officer, seen: Seen, words: str) -> None:
    """Leave a line for other officials; it is never public.

    Raises:
        InvalidInput: nothing was written, or too much.
    """
    note = written(words)
    if note is None:
        raise InvalidInput("note_empty", field="note")
    with acting("add_note", officer, seen) as act:
        act.append(words=note)


@dataclass(frozen=True)
class Review:
    """What an officer decided about a photo or words: show, or keep private and why."""

    review: str
    reason_code: str | None = None
    words: str = ""


def review_photo(officer: Officer, seen: Seen, photo_id: int, review: Review) -> None:
    """Show a photo of the case to the public, or keep it private.

    Raises:
        NotFound: the case has no such photo.
        NotAllowed: it has no derivative that could be shown.
        InvalidInput: a photo is kept private without a reason.
    """
    reason = _reason(review)
    with acting("review_photo", officer, seen) as act:
        photo = act.work.session.scalar(
            select(Photo).where(Photo.id == photo_id, belongs_to(act.case.id))
        )
        if photo is None:
            raise NotFound("photo_not_found")
        if review.review == "shown" and photo.state != "ready":
            raise NotAllowed("photo_not_ready")
        photo.review = review.review
        photo.reviewed_at = act.now
        photo.reviewed_by_id = officer.id
        data = {"photo_id": photo.id, "review": review.review}
        act.append(data=data, reason_code=reason, words=written(review.words))


def review_words(officer: Officer, seen: Seen, report_id: int, review: Review) -> None:
    """Show the words of a report to the public, or keep them private.

    Raises:
        NotFound: the case has no such report.
        InvalidInput: words are kept private without a reason.
    """
    reason = _reason(review)
    with acting("review_words", officer, seen) as act:
        session = act.work.session
        if not _has_words(session, report_id, act.case.id):
            raise NotFound("report_not_found")
        row = session.get(WordsReview, report_id) or WordsReview(report_id=report_id)
        row.review = review.review
        row.reviewed_at = act.now
        row.reviewed_by_id = officer.id
        session.add(row)
        data = {"report_id": report_id, "review": review.review}
        act.append(data=data, reason_code=reason, words=written(review.words))


def record_view(officer: Officer, number: str) -> None:
    """Write down that an officer opened a case; the lead unit's first time is an event.

    Safe to repeat; two pages opened at once write one view.
    """
    with transaction() as work:
        case = work.session.scalar(
            visible_cases(officer).where(Case.number == number).with_for_update(key_share=True)
        )
        if case is not None:
            note_view(work, case, officer, clock.now())


def note_view(work: Transaction, case: Case, officer: Officer, now: datetime) -> None:
    """Write down that an officer has the case before them, if that was not written yet."""
    session = work.session
    if session.get(CaseView, (case.id, officer.id)) is None:
        session.add(
            CaseView(case_id=case.id, officer_id=officer.id, unit_id=officer.unit_id, viewed_at=now)
        )
        session.flush()
    is_lead = officer.role in UNIT_ROLES and officer.unit_id == case.lead_unit_id
    # Nobody has to look at a case that was merged away: its reports wait elsewhere.
    is_awaited = case.first_viewed_at is None and case.merged_into_id is None
    if is_lead and is_awaited:
        append(work, case, "first_viewed", actor=officer, now=now)


@contextmanager
def acting(act: str, officer: Officer, seen: Seen) -> Iterator[Acting]:
    """Run one act as one transaction on the locked case.

    Whoever acts has seen the case, so a view that is missing is written before the act. A view
    alone makes nobody's page stale: it changes nothing that an act builds upon.

    Raises:
        NotFound: there is no such case, or the officer may not know of it.
        NotAllowed: the table does not allow the act; the reason is named.
        Conflict: the case changed since the officer saw it.
    """
    with transaction() as work:
        case = lock_cases(work.session, officer, [seen.number]).get(seen.number)
        if case is None:
            raise NotFound("case_not_found")
        check_fresh(work.session, case, seen.version)
        yield begin(work, act, officer, case)


def lock_cases(session: Session, officer: Officer, numbers: Collection[str]) -> dict[str, Case]:
    """Lock the cases of these numbers that an officer may know of, always in the order of ids.

    So two who need the same two cases never wait for each other.
    """
    query = select(Case).where(Case.number.in_(numbers)).order_by(Case.id)
    locked = session.scalars(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).all()
    # Asked once the locks are held: while they were waited for a case may have changed hands.
    ids = [case.id for case in locked]
    known = visible_cases(officer).where(Case.id.in_(ids)).with_only_columns(Case.id)
    visible = set(session.scalars(known))
    return {case.number: case for case in locked if case.id in visible}


def check_fresh(session: Session, case: Case, version: int) -> None:
    """Refuse to act on a case that is not as its officer saw it.

    Raises:
        Conflict: anything but a view happened since.
    """
    if _changed_since(session, case, version):
        raise Conflict("case_changed", number=case.number, version=case.version)


def begin(work: Transaction, act: str, officer: Officer, case: Case) -> Acting:
    """Begin an act on a locked case: the table must allow it, and the officer has seen the case.

    Raises:
        NotAllowed: the table does not allow the act; the reason is named.
    """
    transition = rules.check(
        act,
        state_of(case),
        role=officer.role,
        parts=parts_of(work.session, officer, case),
    )
    now = clock.now()
    note_view(work, case, officer, now)
    return Acting(work, case, officer, transition, now)


def _changed_since(session: Session, case: Case, version: int) -> bool:
    if case.version <= version:
        return case.version < version
    changes = exists().where(
        CaseEvent.case_id == case.id,
        CaseEvent.version > version,
        CaseEvent.kind != "first_viewed",
    )
    return bool(session.scalar(select(changes)))


def belongs_to(case_id: int) -> Any:
    """Return the condition that a photo is evidence or proof of a case."""
    attached = exists().where(
        Attachment.report_id == Photo.report_id,
        Attachment.case_id == case_id,
        is_current_attachment(),
    )
    return (Photo.case_id == case_id) | attached


def _has_words(session: Session, report_id: int, case_id: int) -> bool:
    found = session.scalar(
        select(Report.id)
        .join(Attachment, Attachment.report_id == Report.id)
        .where(
            Report.id == report_id,
            Report.description.is_not(None),
            Attachment.case_id == case_id,
            is_current_attachment(),
        )
    )
    return found is not None


def _reason(review: Review) -> str | None:
    if review.review not in REVIEWS:
        raise InvalidInput("review_unknown", field="review")
    if review.review == "shown":
        return None
    if review.reason_code not in PRIVATE_REASONS:
        raise InvalidInput("private_needs_reason", field="reason_code")
    return review.reason_code


def written(raw: str, field: str = "words") -> str | None:
    """Return what a person wrote, without the blanks around it; None when that is nothing."""
    # PostgreSQL keeps no NUL in a text.
    words = raw.replace("\0", "").replace("\r\n", "\n").strip()
    if len(words) > MOST_WORDS:
        raise InvalidInput("words_too_long", field=field, most=MOST_WORDS)
    return words or None
