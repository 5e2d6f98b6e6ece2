"""Old names of communes: each leads to those of today, and none leads nowhere."""

from datetime import date

import pytest

from tests.factories import make_commune
from webapp.models import Unit, UnitSuccession
from webapp.services.former_names import former_names
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

LAST_DAY, FIRST_DAY, TODAY = date(2025, 6, 30), date(2025, 7, 1), date(2026, 7, 15)


def ended(name: str, column: int = 0, *, last_day: date = LAST_DAY) -> Unit:
    """Make a commune that is no more."""
    return make_commune(name=name, column=column, valid_to=last_day)


def begun(name: str, column: int = 0) -> Unit:
    """Make a commune of today."""
    return make_commune(name=name, column=column, valid_from=FIRST_DAY)


def pass_to(old: Unit, *heirs: Unit, day: date = FIRST_DAY) -> None:
    """Write down who took the land of a commune."""
    with transaction() as work:
        work.session.add_all(
            UnitSuccession(predecessor_id=old.id, successor_id=heir.id, on_date=day)
            for heir in heirs
        )


def told() -> list[tuple[str, list[str]]]:
    """Return the old names with those of today."""
    return [(one.unit.name, [unit.name for unit in one.now]) for one in former_names(TODAY)]


def test_an_old_name_leads_to_the_commune_of_today() -> None:
    new = begun("Ninh Hải")
    for column, name in enumerate(("Phương Hải", "Bắc Sơn")):
        pass_to(ended(name, column), new)
    assert told() == [("Bắc Sơn", ["Ninh Hải"]), ("Phương Hải", ["Ninh Hải"])]


def test_land_that_was_divided_leads_to_all_that_hold_it() -> None:
    pass_to(ended("Tri Hải"), begun("Ninh Hải"), begun("Ninh Chử", 1))
    assert told() == [("Tri Hải", ["Ninh Hải", "Ninh Chử"])]


def test_a_name_that_still_holds_is_offered_once() -> None:
    pass_to(ended("Vĩnh Hải"), begun("Vĩnh Hải"))
    assert told() == []


def test_a_name_from_two_divisions_ago_leads_to_today() -> None:
    oldest = ended("Phan Rang", last_day=date(2021, 12, 31))
    between = make_commune(name="Văn Hải", column=1, valid_from=date(2022, 1, 1), valid_to=LAST_DAY)
    pass_to(oldest, between, day=date(2022, 1, 1))
    pass_to(between, begun("Ninh Chử"))
    assert told() == [("Phan Rang", ["Ninh Chử"]), ("Văn Hải", ["Ninh Chử"])]


def test_a_name_that_leads_nowhere_is_not_offered() -> None:
    ended("Hộ Hải")
    assert told() == []


def test_nothing_is_old_while_it_still_holds() -> None:
    old, new = ended("Phương Hải"), begun("Ninh Hải")
    pass_to(old, new)
    assert former_names(LAST_DAY) == []


def test_a_circle_of_successions_ends() -> None:
    one, other = ended("Tân Hải"), ended("Hộ Hải", 1)
    pass_to(one, other)
    pass_to(other, one)
    assert told() == []


def test_a_heir_that_gave_a_part_on_is_still_the_heir() -> None:
    old, heir, neighbour = ended("Tri Hải"), begun("Ninh Hải"), begun("Ninh Chử", 1)
    pass_to(old, heir)
    pass_to(heir, neighbour, day=date(2026, 1, 1))
    assert told() == [("Tri Hải", ["Ninh Hải"])]
