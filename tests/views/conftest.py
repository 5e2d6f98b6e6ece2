"""Who works in the views' tests: a small district with its officers, and how they sign in."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.servers.casework_scene import PASSWORD, District, build_district, make_officer
from tests.servers.visitor import Visitor


@pytest.fixture
def district(app: Flask) -> District:
    """Two communes and the unit above them; an account for each role."""
    with app.app_context():
        district = build_district()
        for role, unit_id in (
            ("officer", district.commune_id),
            ("supervisor", district.district_id),
            ("overseer", district.district_id),
            ("administrator", district.district_id),
        ):
            make_officer(unit_id, role, role)
        make_officer(district.other_commune_id, "officer", "neighbour")
        return district


@pytest.fixture
def sign_in(app: Flask) -> Callable[[str], Visitor]:
    """Sign an officer in, in a browser of their own: ``sign_in("overseer")``."""

    def enter(login: str) -> Visitor:
        visitor = Visitor(app.test_client())
        visitor.sign_in(login, PASSWORD)
        return visitor

    return enter
