"""Jobs are named by strings, so nothing but these tests would notice a name that leads nowhere."""

import ast
from importlib import import_module

from tests.house.conftest import House
from webapp.adapters.job_queue import JOBS


def test_every_enqueued_name_leads_to_a_job() -> None:
    for kind, dotted_name in JOBS.items():
        module, _, function = dotted_name.rpartition(".")

        assert callable(getattr(import_module(module), function, None)), dotted_name
        assert function == kind


def test_every_kind_of_work_is_asked_for_by_somebody(house: House) -> None:
    assert asked_for(house) >= set(JOBS)


def test_nobody_asks_for_work_that_no_job_does(house: House) -> None:
    assert asked_for(house) <= set(JOBS)


def asked_for(house: House) -> set[str]:
    """Return the kinds that stand in calls of ``work.ask("kind", …)``."""
    return {
        str(call.args[0].value)
        for _, call in house.calls("webapp", "workers")
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "ask"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
