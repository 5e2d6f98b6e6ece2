"""The drawn map shows what it says: reports with their accuracy, and every case that it names."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.geo import Position, distance_m
from webapp.services import case_map
from webapp.services.case_map import HEIGHT, WIDTH, CaseMap, Shown, draw_case, draw_pair

ON = date(2026, 6, 18)
HERE = Position(11.6402, 109.15)
METRE = 1 / 111_195


def north(metres: float, accuracy_m: float | None = None) -> Position:
    return Position(HERE.latitude + metres * METRE, HERE.longitude, accuracy_m)


@pytest.fixture
def nothing_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """No land and no road, so that only what the test gives is drawn."""
    monkeypatch.setattr(case_map, "_lands", lambda _paper, _on: [])
    monkeypatch.setattr(case_map, "corridors_on", lambda _on: [])


def is_inside(drawing: CaseMap) -> bool:
    return all(0 <= each.x <= WIDTH and 0 <= each.y <= HEIGHT for each in drawing.pins)


@pytest.mark.usefixtures("nothing_around")
@pytest.mark.parametrize(("metres", "is_shown"), [(0, True), (12, True), (130, True), (240, False)])
def test_reports_and_named_cases_within_reach_are_on_the_drawing(
    metres: float, is_shown: bool
) -> None:
    case = Shown(HERE, reports=(north(metres, 8.0),))
    drawing = draw_case(case, [Shown(north(-metres), "NH-2026-00002")], ON)
    assert len(drawing.reports) == is_shown
    assert [pin.side for pin in drawing.pins] == [0, 2][: 1 + is_shown]
    assert is_inside(drawing)


@pytest.mark.usefixtures("nothing_around")
@pytest.mark.parametrize(
    ("accuracy_m", "has_halo"), [(8.0, True), (None, False), (0.0, False), (5_000.0, False)]
)
def test_a_report_shows_its_accuracy_when_that_says_anything(
    accuracy_m: float | None, has_halo: bool
) -> None:
    (dot,) = draw_case(Shown(HERE, reports=(north(3, accuracy_m),)), [], ON).reports
    assert (dot.halo > 0) is has_halo


@given(st.floats(0, 20_000), st.sampled_from([(0.0, 1.0), (1.0, 0.0), (0.7, 0.7)]))
def test_two_cases_that_are_compared_are_both_drawn(
    metres: float, way: tuple[float, float]
) -> None:
    other = Position(
        HERE.latitude + way[0] * metres * METRE, HERE.longitude + way[1] * metres * METRE
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case_map, "_lands", lambda _paper, _on: [])
        patch.setattr(case_map, "corridors_on", lambda _on: [])
        drawing = draw_pair(Shown(HERE, "A"), Shown(other, "B"), ON)
    assert [pin.label for pin in drawing.pins] == ["A", "B"]
    assert is_inside(drawing)
    (one, two), metres_an_unit = drawing.pins, drawing.scale_m / drawing.scale
    drawn_m = ((one.x - two.x) ** 2 + (one.y - two.y) ** 2) ** 0.5 * metres_an_unit
    assert drawn_m == pytest.approx(distance_m(HERE, other), rel=0.02, abs=1.0)
