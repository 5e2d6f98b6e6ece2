"""The district's pages say their figures in sentences, and every figure opens its list."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from tests.factories import make_case, make_commune, make_officer, make_supervising_unit
from tests.servers.visitor import Visitor
from webapp import clock
from webapp.charts import two_lines
from webapp.language import hours
from webapp.services import outbox, tallies
from webapp.services.transaction import transaction


def rebuild_today() -> None:
    """Count today anew, as the job does."""
    today = clock.today()
    with transaction() as work:
        work.ask("rebuild_tallies", today.isoformat())
    lease = outbox.lease("rebuild_tallies", today.isoformat(), seconds=20)
    assert lease is not None
    tallies.rebuild_tallies(today, lease)


@pytest.fixture
def supervisor(app: Flask, signed_in: Callable[[str], Visitor]) -> Visitor:
    """A supervisor over one commune with two cases, signed in."""
    with app.app_context():
        district = make_supervising_unit()
        commune = make_commune(name="Vĩnh Hải", parent=district)
        make_officer(district, role="supervisor", login="giam-sat")
        make_case(commune, witnesses=2)
        make_case(commune, category_code="road_damage")
        rebuild_today()
    return signed_in("giam-sat")


def test_the_district_page_names_each_commune_and_its_figures(supervisor: Visitor) -> None:
    page = supervisor.client.get("/district")
    assert page.status_code == 200
    assert "Vĩnh Hải" in page.text
    assert "Kỳ này chưa có vụ việc nào xử lý xong." in page.text


def test_every_figure_opens_a_list_that_exists(supervisor: Visitor) -> None:
    page = supervisor.client.get("/district").text
    found = re.findall(r'href="(/district/cases[^"]*)"', page)
    links = {link.replace("&amp;", "&") for link in found}
    assert len(links) > 10
    for link in links:
        assert supervisor.client.get(link).status_code == 200, link


def test_a_list_shows_its_cases_and_says_when_it_is_empty(supervisor: Visitor) -> None:
    assert supervisor.client.get("/district/cases?list=open").text.count('href="/cases/NH-') == 2
    empty = supervisor.client.get("/district/cases?list=resolved").text
    assert "Không có vụ việc nào trong danh sách này." in empty


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("period=week", 200),
        ("period=nonsense", 200),
        ("from=2026-06-01&to=2026-06-30", 200),
        ("from=2026-06-30&to=2026-06-01", 422),
        ("from=hôm qua&to=2026-06-01", 422),
        ("from=2026-06-30", 422),
        ("from=0001-01-01&to=2026-06-01", 422),
    ],
)
def test_a_period_is_understood_or_refused_with_a_sentence(
    supervisor: Visitor, query: str, status: int
) -> None:
    assert supervisor.client.get(f"/district?{query}").status_code == status


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("unit=99999999999999999999999", 404),
        ("unit=7777", 404),
        ("unit=x", 404),
        ("list=open&page=99999999999999999999", 200),
        ("list=open&page=-3", 200),
        ("list=opened&from=9999-12-30&to=9999-12-31", 422),
        ("from=0001-01-01&to=0001-01-02", 422),
        ("category=%00", 200),
    ],
)
def test_an_odd_address_is_answered_plainly(supervisor: Visitor, query: str, status: int) -> None:
    assert supervisor.client.get(f"/district/cases?{query}").status_code == status


def test_the_list_of_reports_says_how_many_they_are(supervisor: Visitor) -> None:
    page = supervisor.client.get("/district/cases?list=reports").text
    assert "<b>3</b> phản ánh trong <b>2</b> vụ việc" in page


def test_an_unknown_list_is_not_found(supervisor: Visitor) -> None:
    assert supervisor.client.get("/district/cases?list=secrets").status_code == 404


def test_a_chart_keeps_its_points_inside_the_drawing() -> None:
    chart = two_lines([0, 3, 17], [1, 0, 9])
    for point in (*chart.first, *chart.second):
        assert chart.left <= point.x <= chart.right
        assert 0 <= point.y <= chart.bottom
    assert [mark.value for mark in chart.marks] == [0, 5, 10, 15, 20]


def test_a_chart_of_nothing_is_a_flat_line() -> None:
    chart = two_lines([0, 0], [0, 0])
    assert {point.y for point in chart.first} == {float(chart.bottom)}


def test_an_odd_period_keeps_the_form_with_what_was_typed(supervisor: Visitor) -> None:
    answer = supervisor.client.get("/district?from=2026-06-30&to=2026-06-01")
    assert answer.status_code == 422
    assert "Ngày cuối đang đứng trước ngày đầu." in answer.text
    assert 'name="from" value="2026-06-30"' in answer.text
    assert 'name="to" value="2026-06-01"' in answer.text
    assert 'class="masthead"' in answer.text
    assert "Vĩnh Hải" in answer.text


def test_an_odd_period_of_a_list_is_said_in_the_officials_frame(supervisor: Visitor) -> None:
    answer = supervisor.client.get("/district/cases?from=2026-06-30&to=2026-06-01")
    assert answer.status_code == 422
    assert 'class="masthead"' in answer.text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "30 phút"),
        (2.1, "2,1 giờ"),
        (24.0, "24,0 giờ"),
        (134.9, "18 ngày làm việc"),
    ],
)
def test_working_time_is_said_in_what_people_count(app: Flask, value: float, words: str) -> None:
    with app.test_request_context():
        assert hours(value) == words
