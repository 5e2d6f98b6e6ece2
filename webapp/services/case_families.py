"""Cases that were merged: which one goes on, which ones it took in, when the first was opened."""

from datetime import datetime

from sqlalchemy import CTE, func, select
from sqlalchemy.orm import Session

from webapp.models import Case

# A chain this long cannot come about by hand; whoever follows it further follows a circle.
MOST_STEPS = 1_000


def survivor_of(session: Session, case: Case) -> Case:
    """Return the case that holds the reports of ``case`` now: itself unless it was merged away.

    Read without a lock; ``lock_survivor`` is for whoever is about to change it.
    """
    return session.get_one(Case, survivor_id_of(session, case.id))


def survivor_id_of(session: Session, case_id: int) -> int:
    """Return the id of the case that holds the reports of a case now, as the database has it."""
    for _step in range(MOST_STEPS):
        into_id = session.scalar(select(Case.merged_into_id).where(Case.id == case_id))
        if into_id is None:
            return case_id
        case_id = into_id
    raise ValueError("cases merged in a circle")


def lock_survivor(session: Session, case_id: int) -> Case:
    """Lock and return the case that holds the reports of a case, for whoever attaches one.

    A case that is merged away while its lock is waited for leads on to the one that took it.
    The lock, like every lock on a case, leaves the key free (FOR NO KEY UPDATE): who merely names
    the case in a row of another table need not wait, and so nobody waits in a circle.
    """
    for _step in range(MOST_STEPS):
        survivor_id = survivor_id_of(session, case_id)
        query = select(Case).where(Case.id == survivor_id).with_for_update(key_share=True)
        case = session.scalars(query.execution_options(populate_existing=True)).one()
        if case.merged_into_id is None:
            return case
    raise ValueError("cases merged in a circle")


def family_of(case_id: int) -> CTE:
    """Return the ids (column ``id``) of a case and of all that were merged into it, at any step."""
    family = select(Case.id).where(Case.id == case_id).cte(f"family_{case_id}", recursive=True)
    return family.union(select(Case.id).join(family, Case.merged_into_id == family.c.id))


def family_ids(session: Session, case_id: int) -> list[int]:
    """Return the ids of a case and of all that were merged into it, at any step."""
    return list(session.scalars(select(family_of(case_id).c.id)))


def first_opened_at(session: Session, case: Case) -> datetime:
    """Return when the first of a case and all that were merged into it was opened.

    A case that took in an older one owes what the older one owed.
    """
    family = family_of(case.id)
    opened_at = session.scalar(
        select(func.min(Case.opened_at)).where(Case.id.in_(select(family.c.id)))
    )
    return opened_at or case.opened_at
