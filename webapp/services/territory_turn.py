"""What the clock does about boundaries: on the day a set holds, open cases follow by themselves."""

from datetime import date

from sqlalchemy import select

from webapp import clock
from webapp.extensions import db
from webapp.models import Officer, TerritorySwitch
from webapp.services import crossings_land, outbox, territory_day, territory_switch
from webapp.services.outbox import Lease
from webapp.services.transaction import transaction

# Some ten seconds: longer nobody waits for a page, and no server lets them.
MOST_AT_ONCE = 500


def take() -> None:
    """Do what a turn of the clock does: cases follow by a job, registered crossings at once.

    Crossings are few, and nobody's deadline hangs on them. After a correction both wait for the
    person who says when to switch again.
    """
    ask_for_switch()
    if due_on(clock.today()) is not None:
        crossings_land.follow_today()


def ask_for_switch() -> None:
    """Ask for the switch of the last day on which land changed hands, if anything waits for it."""
    day = due_on(clock.today())
    if day is not None and territory_switch.is_needed(day):
        with transaction() as work:
            work.ask("switch_territory", day.isoformat())


def switch_now(day: date, officer: Officer) -> TerritorySwitch | None:
    """Switch while an administrator waits; what is too much for a page a job goes on with.

    Raises:
        InvalidInput: ``switch_in_future``.
    """
    run = territory_switch.switch(day, officer=officer, most=MOST_AT_ONCE)
    if run is not None and territory_switch.is_unfinished(day):
        with transaction() as work:
            work.ask("switch_territory", day.isoformat())
    return run


def switch(day: date, lease: Lease) -> None:
    """Switch as the clock asked; a correction that was made meanwhile has the last word.

    Raises:
        LeaseLost: another worker has this day now; what was done stands, and it goes on from there.
    """
    if due_on(clock.today()) == day or territory_switch.is_unfinished(day):
        territory_switch.switch(day)
    with transaction() as work:
        outbox.finish(work, lease)


def due_on(today: date) -> date | None:
    """Return the day whose switch the clock sees to: the last on which land changed hands.

    None before any boundary, and where a correction said that this day's land was wrong: then a
    person says when to switch again.
    """
    changes = territory_day.changes_until(today)
    if not changes or _waits_for_a_person(changes[-1]):
        return None
    return changes[-1]


def _waits_for_a_person(day: date) -> bool:
    """Tell whether the last word on a day's land is a correction."""
    runs = db.session.scalars(select(TerritorySwitch).order_by(TerritorySwitch.id)).all()
    days = {run.id: run.on_date for run in runs}
    said = [run.kind for run in runs if days[run.corrects_id or run.id] >= day]
    return said[-1:] == ["correction"]
