"""Who is at work in most tests of casework: a small district, and an officer of its commune."""

import pytest

from tests.servers.casework_scene import District, build_district, make_officer
from webapp.models import Officer


@pytest.fixture
def district(context: None) -> District:
    """Two communes and the unit above them."""
    return build_district()


@pytest.fixture
def officer(district: District) -> Officer:
    """An officer of the commune that leads the cases of the scene."""
    return make_officer(district.commune_id)
