"""The case that a resident says they saw as well, as far as the public may know of it."""

from dataclasses import dataclass

from sqlalchemy import select

from webapp import clock
from webapp.extensions import db
from webapp.models import Attachment, Case, Report
from webapp.services.case_families import survivor_id_of
from webapp.services.merge_suggestions import unanswered
from webapp.services.public_cases import (
    CaseCard,
    cards_of,
    cases_with_parts,
    is_public,
    was_public,
)


@dataclass(frozen=True)
class NamedCase:
    """What became of "tôi cũng thấy", for the page of the report that said it.

    Attributes:
        number: the case as it was named.
        merged_into: the number of the case that it was merged into meanwhile, if that is so.
        standing: ``joined`` when the report belongs to it, ``waiting`` while the report belongs
            to no case, ``unsure`` while an officer is asked whether its case is the named one,
            ``elsewhere`` when it was found to be about another spot.
        was_told_by_officer: whether a person took the report out of its case, and no machine.
    """

    number: str
    merged_into: str | None
    standing: str
    was_told_by_officer: bool


def case_to_join(number: str | None) -> CaseCard | None:
    """Return the public case of that number, or None; a merged one leads to where it went.

    A case that ended is told too, so that the form can say so; a refused one is not.
    """
    meant = _case_once_public(number)
    if meant is None:
        return None
    survivor = db.session.scalars(
        cases_with_parts().where(
            Case.id == survivor_id_of(db.session(), meant.id),
            is_public(clock.now()),
            Case.status != "refused",
        )
    ).one_or_none()
    return cards_of([survivor])[0] if survivor else None


def known_number(number: str | None) -> str | None:
    """Return the number itself when everybody may know that there is such a case."""
    return number if _case_once_public(number) is not None else None


def named_case(report: Report, joined: Case | None) -> NamedCase | None:
    """Return what became of the case that a report named; None when the public knows no such case.

    Args:
        report: the report.
        joined: the case to which it belongs now, if there is one.
    """
    meant = _case_once_public(report.meant_case_number)
    if meant is None:
        return None
    survivor_id = survivor_id_of(db.session(), meant.id)
    return NamedCase(
        number=meant.number,
        merged_into=_number_of(survivor_id) if survivor_id != meant.id else None,
        standing=_standing(survivor_id, joined),
        was_told_by_officer=joined is not None and _was_split_off(report.id),
    )


def _standing(survivor_id: int, joined: Case | None) -> str:
    if joined is None:
        return "waiting"
    if joined.id == survivor_id:
        return "joined"
    asked = unanswered([joined.id])
    is_asked = select(asked.c.suggestion_id).where(asked.c.other_id == survivor_id).limit(1)
    return "elsewhere" if db.session.scalar(is_asked) is None else "unsure"


def _case_once_public(number: str | None) -> Case | None:
    if number is None:
        return None
    known = select(Case).where(Case.number == number, was_public(clock.now()))
    return db.session.scalars(known).one_or_none()


def _number_of(case_id: int) -> str | None:
    known = select(Case.number).where(Case.id == case_id, is_public(clock.now()))
    return db.session.scalar(known)


def _was_split_off(report_id: int) -> bool:
    """Tell whether an officer took this report out of its case; a merge moves whole cases."""
    moves = select(Attachment.terms).where(Attachment.report_id == report_id)
    decisions = [
        terms.get("decision") for terms in db.session.scalars(moves.order_by(Attachment.id))
    ]
    splits = [each for each in decisions if each in ("split", "unsplit")]
    return splits[-1:] == ["split"]
