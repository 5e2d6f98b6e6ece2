"""Asks for reporters to be told of what happened to their case, where there is anybody to tell."""

from sqlalchemy import Select, or_, select

from webapp import clock
from webapp.domain import notifying
from webapp.models import Attachment, CaseEvent, Contact
from webapp.services.transaction import Transaction


def ask_to_tell(work: Transaction, event: CaseEvent) -> None:
    """Ask for the reporters of a case to be told of an event, if one of them can be reached.

    Most reports name no contact; a look at a key is cheaper than a job for each of them. Whether
    a contact was confirmed is asked later, for it may be confirmed in this very moment.

    Args:
        work: the transaction in which the event was appended.
        event: the event, which has its id already.
    """
    if event.kind in notifying.KIND_OF_EVENT and work.session.scalar(_anybody(event)):
        work.ask("tell_reporters", event.id, due_at=clock.now() + notifying.NEWS_PAUSE)


def _anybody(event: CaseEvent) -> Select[int]:
    reached = select(Contact.report_id).where(
        or_(Contact.email.is_not(None), Contact.phone.is_not(None))
    )
    if event.kind == "report_attached":
        return reached.where(Contact.report_id == event.data["report_id"])
    joined = reached.join(Attachment, Attachment.report_id == Contact.report_id)
    return joined.where(Attachment.case_id == event.case_id).limit(1)
