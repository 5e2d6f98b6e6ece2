"""The door that tells what lies near by, the form that names a case, and what became of it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.factories import make_case, make_commune, make_officer, somewhere
from tests.servers.counting import SqlCounter
from webapp import clock
from webapp.app import create_app
from webapp.config import Settings
from webapp.extensions import db
from webapp.models import Case, MergeSuggestion, Officer, Report, Unit
from webapp.services import casework, casework_merging
from webapp.services.casework_acts import Seen
from webapp.services.intake import hash_tracking_key
from webapp.services.transaction import transaction

KEY = "0123456789ABCDEFGHJKMNPQRS"
PAGE = {"Accept": "text/html,application/xhtml+xml"}
HERE = somewhere()
QUESTION = {"latitude": HERE.latitude, "longitude": HERE.longitude, "accuracy_m": 8.0}


@pytest.fixture
def case(app: Flask) -> str:
    """The number of a case in the middle of a commune, public since yesterday."""
    with app.app_context():
        opened_at = clock.now() - timedelta(days=1)
        return make_case(make_commune(name="Vĩnh Hải"), HERE, opened_at=opened_at).number


@pytest.fixture
def ask(client: FlaskClient) -> Callable[..., TestResponse]:
    """Ask the door: ``ask(accuracy_m=None)``, or with other bytes and headers."""

    def send(
        raw: bytes | None = None, headers: dict[str, str] | None = None, **changes: Any
    ) -> TestResponse:
        body = json.dumps(QUESTION | changes).encode() if raw is None else raw
        return client.post("/cases/nearby", data=body, headers=headers or {})

    return send


Ask = Callable[..., TestResponse]


def send_report(client: FlaskClient, *, is_plain: bool = False, **fields: str) -> TestResponse:
    plain = {"tracking_key": KEY, "category": "pavement_encroachment"} | fields
    headers = PAGE if is_plain else {"Accept": "application/json"}
    return client.post("/reports", data=plain, headers=headers)


def meant(app: Flask) -> list[str | None]:
    with app.app_context():
        return list(
            db.session.scalars(
                select(Report.meant_case_number).where(
                    Report.tracking_key_hash == hash_tracking_key(KEY)
                )
            )
        )


# ── What lies near by ────────────────────────────────────────────────────────────────────────


def test_the_near_case_is_told_and_nothing_of_it_is_kept(ask: Ask, case: str) -> None:
    answer = ask()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    (told,) = answer.get_json()["cases"]
    assert told["number"] == case
    assert told["category_name"] == "Vỉa hè bị chiếm"
    assert (told["is_open"], told["witnesses"], told["photo"]) == (True, "1", None)


def test_a_spot_without_any_case_gets_an_empty_list(ask: Ask, case: str) -> None:
    assert ask(latitude=HERE.latitude + 0.01).get_json() == {"cases": []}


def test_three_statements_answer_a_question(
    ask: Ask, case: str, sql_counter: Callable[[], SqlCounter]
) -> None:
    with sql_counter() as statements:
        assert ask().status_code == 200
    assert len(statements) <= 3, "\n".join(statements)


@pytest.mark.parametrize(
    ("raw", "status", "field"),
    [
        (b"no json", 422, None),
        (b'{"latitude": NaN, "longitude": 1}', 422, None),
        (b'{"latitude": 0, "longitude": 0}', 422, "longitude"),
        (b'{"latitude": "11", "longitude": 109}', 422, "latitude"),
        (b'{"latitude": 11, "longitude": 109, "accuracy_m": []}', 422, "accuracy_m"),
        (b'{"latitude": 11, "longitude": 109, "category": {}}', 422, "category"),
        (b" " * 5_000, 413, None),
        (b" " * 40_000_000, 413, None),
    ],
)
@pytest.mark.parametrize(
    "headers", [{}, PAGE, {"Content-Type": "application/x-www-form-urlencoded"}]
)
def test_what_cannot_be_used_is_refused_in_words_and_as_json(
    ask: Ask, raw: bytes, status: int, field: str | None, headers: dict[str, str]
) -> None:
    answer = ask(raw, headers)
    assert answer.status_code == status
    error = answer.get_json()["error"]
    assert error["field"] == field
    assert error["code"].startswith("nearby_")
    assert len(error["message"]) > 20
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}]
)
def test_other_sites_learn_nothing(ask: Ask, case: str, headers: dict[str, str]) -> None:
    answer = ask(headers=headers)
    assert answer.status_code == 403
    assert "cases" not in answer.get_json()


def test_questions_have_a_budget_of_their_own(
    settings: Callable[..., Settings], client: FlaskClient
) -> None:
    app = create_app(settings(ANLO_NEARBY_PER_ADDRESS_MINUTE="3"))
    asking = app.test_client()
    statuses = [asking.post("/cases/nearby", json=QUESTION).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    answer = asking.post("/cases/nearby", json=QUESTION)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    # A form whose question was refused sends its report all the same.
    assert send_report(asking).status_code == 201
    with app.app_context():
        db.engine.dispose()


def test_the_position_is_in_no_log_line(
    ask: Ask, case: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    ask()
    ask(b"{" + json.dumps(QUESTION).encode())
    written = "".join(capfd.readouterr()) + caplog.text
    assert str(HERE.latitude)[:7] not in written
    assert str(HERE.longitude)[:8] not in written


# ── A report that names a case ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("said", ["{}", " {} ", "lower"])
def test_the_named_case_is_kept_as_we_write_it(
    app: Flask, client: FlaskClient, case: str, said: str
) -> None:
    number = case.lower() if said == "lower" else said.format(case)
    assert send_report(client, seen_case=number).status_code == 201
    assert meant(app) == [case]


@pytest.mark.parametrize(
    "said", ["", "yes", "NH-2026", "NH-2026-1 OR 1=1", "N" * 5_000, "NH-2026-0000000042", "\x00"]
)
def test_what_is_no_number_names_nothing_and_loses_no_report(
    app: Flask, client: FlaskClient, said: str
) -> None:
    assert send_report(client, seen_case=said).status_code == 201
    assert meant(app) == [None]


def test_whether_there_is_such_a_case_is_not_asked(app: Flask, client: FlaskClient) -> None:
    assert send_report(client, seen_case="TH-1999-7").status_code == 201
    assert meant(app) == ["TH-1999-7"]


def test_the_named_case_is_part_of_what_the_report_says(client: FlaskClient, case: str) -> None:
    assert send_report(client, seen_case=case).status_code == 201
    assert send_report(client, seen_case=case.lower()).status_code == 200
    assert send_report(client).status_code == 409


def test_the_plain_form_asks_for_a_photo_unless_a_case_is_named(
    client: FlaskClient, case: str
) -> None:
    refused = send_report(client, is_plain=True, from_form="1", seen_case="nothing")
    assert refused.status_code == 422
    taken = send_report(client, is_plain=True, from_form="1", seen_case=case)
    assert taken.status_code == 303
    receipt = client.get(f"/receipt/{KEY}", headers=PAGE).text
    assert f"Bạn nói cũng thấy vụ việc {case}" in receipt


def test_a_link_opens_the_form_with_the_case_named(client: FlaskClient, case: str) -> None:
    page = client.get(f"/report?seen={case.lower()}").text
    assert f'name="seen_case" value="{case}"' in page
    # The case's own point is nobody's sighting: where the resident stands is not said here.
    assert 'name="pin_latitude"' not in page
    assert "Máy chưa biết bạn đang ở đâu" in page
    assert re.search(r'<div class="stack" data-unlocated>', page)
    assert 'value="pavement_encroachment" required checked' in page


@pytest.mark.parametrize("seen", ["NH-1999-1", "nothing", "<script>", "NH-2026-" + "9" * 40])
def test_a_link_to_no_public_case_opens_the_usual_form(client: FlaskClient, seen: str) -> None:
    page = client.get("/report", query_string={"seen": seen})
    assert page.status_code == 200
    assert 'name="seen_case"' not in page.text


def test_the_named_case_comes_back_when_the_plain_form_is_refused(
    client: FlaskClient, case: str
) -> None:
    answer = send_report(client, is_plain=True, from_form="1", seen_case=case, contact_phone="1")
    assert answer.status_code == 422
    assert f'name="seen_case" value="{case}"' in answer.text


# ── Where it really went ─────────────────────────────────────────────────────────────────────


def join(app: Flask, number: str, *, by_officer: bool = False) -> None:
    """Let the report belong to a case, by the machine or by an officer."""
    with app.app_context(), transaction() as work:
        session = work.session
        report = session.scalars(
            select(Report).where(Report.tracking_key_hash == hash_tracking_key(KEY))
        ).one()
        joined = session.scalars(select(Case).where(Case.number == number)).one()
        actor = session.scalars(select(Officer)).first() if by_officer else None
        casework.attach_report(
            work,
            report,
            joined,
            terms={"decision": "split"} if by_officer else {},
            actor=actor,
            now=clock.now(),
            captured_at=None,
        )


def other_case(app: Flask) -> str:
    """Open one more case, further along the street, and an officer who works on it."""
    with app.app_context():
        unit = make_commune(column=1)
        make_officer(unit)
        return make_case(unit, somewhere(1)).number


def test_the_page_tells_that_the_report_is_being_looked_at(client: FlaskClient, case: str) -> None:
    send_report(client, seen_case=case)
    page = client.get(f"/track/{KEY}", headers=PAGE).text
    assert "Bạn nói cũng thấy vụ việc" in page
    assert "đang được xem cùng vụ việc ấy" in page


def test_the_page_tells_that_the_report_joined_it(
    app: Flask, client: FlaskClient, case: str
) -> None:
    send_report(client, seen_case=case)
    join(app, case)
    assert "nằm trong vụ việc ấy" in client.get(f"/track/{KEY}", headers=PAGE).text


@pytest.mark.parametrize(
    ("by_officer", "who"), [(False, "Máy so vị trí"), (True, "Cán bộ xem lại")]
)
def test_the_page_tells_calmly_that_it_was_another_spot(
    app: Flask, client: FlaskClient, case: str, by_officer: bool, who: str
) -> None:
    send_report(client, seen_case=case)
    other = other_case(app)
    join(app, other, by_officer=by_officer)
    page = client.get(f"/track/{KEY}", headers=PAGE).text
    assert who in page
    assert f"thuộc vụ việc {other}" in page


def merge_away(app: Flask, number: str) -> str:
    """Let an officer merge a case into an older one beside it; return the number that goes on."""
    with app.app_context():
        merged = db.session.scalars(select(Case).where(Case.number == number)).one()
        unit = db.session.get_one(Unit, merged.lead_unit_id)
        opened_at = clock.now() - timedelta(days=2)
        older = make_case(unit, somewhere(east_m=10), opened_at=opened_at)
        officer = make_officer(unit)
        seen = [
            Seen(each.number, reread.version)
            for each in (merged, older)
            if (reread := db.session.get_one(Case, each.id, populate_existing=True))
        ]
        return casework_merging.merge(officer, seen[0], seen[1])


def test_a_report_about_a_case_that_was_merged_follows_it(
    app: Flask, client: FlaskClient, case: str
) -> None:
    send_report(client, seen_case=case)
    join(app, case)
    survivor = merge_away(app, case)
    assert survivor != case
    page = client.get(f"/track/{KEY}", headers=PAGE).text
    assert f"nay gộp vào {survivor}" in page
    # Whoever comes by an old link means the case that goes on.
    form = client.get(f"/report?seen={case}").text
    assert f'name="seen_case" value="{survivor}"' in form


def test_a_merge_of_the_machines_case_is_not_an_officers_word_on_the_report(
    app: Flask, client: FlaskClient, case: str
) -> None:
    send_report(client, seen_case=case)
    other = other_case(app)
    join(app, other)
    survivor = merge_away(app, other)
    page = client.get(f"/track/{KEY}", headers=PAGE).text
    assert f"thuộc vụ việc {survivor}" in page
    assert "Máy so vị trí" in page
    assert "Cán bộ xem lại" not in page


def test_a_case_that_nobody_may_know_of_is_not_told(app: Flask, client: FlaskClient) -> None:
    fresh = other_case(app)
    send_report(client, seen_case=fresh)
    assert "Bạn nói" not in client.get(f"/track/{KEY}", headers=PAGE).text
    assert "Bạn nói" not in client.get(f"/receipt/{KEY}", headers=PAGE).text


def test_the_public_page_offers_it_while_the_case_is_open(
    app: Flask, client: FlaskClient, case: str
) -> None:
    link = f'href="/report?seen={case}"'
    assert link in client.get(f"/map/cases/{case}").text
    send_report(client, seen_case=case)
    assert link not in client.get(f"/track/{KEY}", headers=PAGE).text


def test_while_an_officer_is_asked_the_page_says_that_nobody_is_sure(
    app: Flask, client: FlaskClient, case: str
) -> None:
    send_report(client, seen_case=case)
    other = other_case(app)
    join(app, other)
    with app.app_context(), transaction() as work:
        cases = dict(work.session.execute(select(Case.number, Case.id)).all())
        work.session.add(
            MergeSuggestion(
                case_id=cases[other],
                other_case_id=cases[case],
                report_id=work.session.scalars(select(Report.id)).first(),
                probability=0.6,
                terms={},
                made_at=clock.now(),
            )
        )
    page = client.get(f"/track/{KEY}", headers=PAGE).text
    assert "Máy chưa chắc đó là một chỗ" in page
    assert "thấy đây là một chỗ khác" not in page
