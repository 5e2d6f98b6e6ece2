"""Which unit must act."""

from webapp.domain.geo import Position
from webapp.domain.routing import Route, choose_unit

HERE = Position(11.65, 109.1)


def test_the_commune_that_holds_the_point_leads() -> None:
    assert choose_unit(HERE, 7) == Route(7, "clear")


def test_a_point_on_nobodys_land_has_no_lead() -> None:
    assert choose_unit(HERE, None) == Route(None, "outside")


def test_without_a_position_nobody_leads() -> None:
    assert choose_unit(None, None) == Route(None, "unplaced")


def test_what_a_person_set_goes_before_any_map() -> None:
    assert choose_unit(HERE, 7, set_unit_id=3) == Route(3, "set_by_person")
    assert choose_unit(None, None, set_unit_id=3) == Route(3, "set_by_person")
