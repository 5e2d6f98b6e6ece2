"""The queue of those above, however many units there are."""

from datetime import timedelta

import pytest

from tests import factories
from webapp import clock
from webapp.models import Unit
from webapp.services import queue
from webapp.services.queue import Wanted
from webapp.services.queue_walks import MOST_WALKED
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")


def make_units(count: int) -> list[Unit]:
    """Make communes without land."""
    units = [
        Unit(
            code=f"u{number}",
            tier="commune",
            kind="xã",
            name=f"Số {number}",
            valid_from=factories.LONG_AGO,
        )
        for number in range(count)
    ]
    with transaction() as work:
        work.session.add_all(units)
    return units


def test_those_above_see_every_list_of_more_units_than_sqlite_joins_queries() -> None:
    supervisor = factories.make_officer(factories.make_supervising_unit(), "supervisor")
    units = make_units(130)
    for unit in units:
        factories.make_case(unit)
    for view in queue.VIEWS:
        queue.read_queue(supervisor, Wanted(view=view))
    found = queue.read_queue(supervisor, Wanted(view="everything"))
    assert (len(found.rows), found.has_more) == (queue.PAGE_SIZE, True)
    assert (found.counts["everything"], found.counts["unseen"]) == (130, 130)
    assert queue.read_queue(supervisor, Wanted(words="xã"))
    one = queue.read_queue(supervisor, Wanted(view="everything", unit_id=units[7].id))
    assert [row.case.lead_unit_id for row in one.rows] == [units[7].id]


def test_units_without_cases_cost_nothing_and_change_no_order() -> None:
    supervisor = factories.make_officer(factories.make_supervising_unit(), "supervisor")
    first, second, *_others = make_units(2 * MOST_WALKED)
    earlier = clock.now() - timedelta(hours=1)
    cases = [factories.make_case(unit, opened_at=earlier) for unit in (first, second, first)]
    found = queue.read_queue(supervisor, Wanted(view="everything"))
    assert {row.case.id for row in found.rows} == {case.id for case in cases}
    assert len(found.units) == 2 * MOST_WALKED
