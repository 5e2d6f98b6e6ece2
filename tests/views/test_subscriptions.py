"""Links in messages: opening one changes nothing, and a page shows what the public may know."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import make_case, make_commune, make_officer, make_report, somewhere
from webapp import clock
from webapp.config import Settings
from webapp.extensions import db
from webapp.models import Case, Contact, Notification, Report
from webapp.services import casework
from webapp.services.notification_sending import link_of
from webapp.services.transaction import transaction

EMAIL = "nguoi.dan@example.vn"


@pytest.fixture
def report(app: Flask) -> int:
    """A report with a contact that was not asked yet."""
    with app.app_context():
        row = make_report(somewhere())
        with transaction() as work:
            work.session.add(
                Contact(report_id=row.id, email=EMAIL, phone="0912345678", consented_at=clock.now())
            )
        return row.id


@pytest.fixture
def link(app: Flask, report: int) -> str:
    """The path of the link in its messages."""
    return path_of(app, report)


def path_of(app: Flask, report: int) -> str:
    with app.app_context():
        settings: Settings = app.extensions["settings"]
        return link_of(db.session.get_one(Contact, report), settings).removeprefix(
            settings.public_url
        )


def contact(app: Flask, report: int) -> Contact:
    with app.app_context():
        return db.session.get_one(Contact, report)


def open_case(app: Flask, report: int) -> str:
    """Attach the report to a case that holds every kind of canary; return the case's number."""
    with app.app_context():
        commune = make_commune(name="Vĩnh Hải")
        officer = make_officer(commune, name="Canary Officer")
        case = make_case(commune)
        with transaction() as work:
            row = work.session.get_one(Case, case.id)
            casework.attach_report(
                work,
                work.session.get_one(Report, report),
                row,
                terms={"canary": "terms"},
                actor=None,
                now=clock.now(),
                captured_at=clock.now(),
            )
            casework.append(
                work, row, "note_added", actor=officer, now=clock.now(), words="canary note"
            )
        return case.number


def test_opening_a_link_changes_nothing_and_tells_a_stranger_nothing(
    app: Flask, client: FlaskClient, report: int, link: str
) -> None:
    number = open_case(app, report)
    for _look in range(2):
        page = client.get(link)
        assert page.status_code == 200
        assert "Đồng ý nhận tin" in page.text
        assert number not in page.text
        assert EMAIL not in page.text
    assert client.head(link).status_code == 200
    assert contact(app, report).confirmed_at is None
    assert contact(app, report).unsubscribed_at is None


def test_saying_yes_shows_how_the_report_stands(
    app: Flask, client: FlaskClient, report: int, link: str
) -> None:
    number = open_case(app, report)
    answer = client.post(f"{link}/confirm")
    assert (answer.status_code, answer.headers["Location"]) == (303, link)
    page = client.get(link).text
    assert number in page
    assert "UBND xã Vĩnh Hải" in page
    assert "Bạn đang nhận tin" in page
    assert contact(app, report).confirmed_at is not None


def test_the_page_says_no_more_than_the_tracking_page(
    app: Flask, client: FlaskClient, report: int, link: str
) -> None:
    open_case(app, report)
    client.post(f"{link}/confirm")
    page = client.get(link).text
    assert "canary" not in page.lower()
    assert EMAIL not in page
    assert "0912345678" not in page


def test_a_report_that_is_no_case_yet_has_its_page_as_well(client: FlaskClient, link: str) -> None:
    client.post(f"{link}/confirm")
    page = client.get(link)
    assert page.status_code == 200
    assert "Đã nhận phản ánh" in page.text.replace("\u00a0", " ")


def test_nobody_is_told_any_more_after_unsubscribing_and_may_come_back(
    app: Flask, client: FlaskClient, report: int, link: str
) -> None:
    open_case(app, report)
    client.post(f"{link}/confirm")
    assert client.post(f"{link}/unsubscribe").status_code == 303
    assert contact(app, report).unsubscribed_at is not None
    assert "Đã thôi nhận tin" in client.get(link).text
    client.post(f"{link}/confirm")
    assert contact(app, report).unsubscribed_at is None


def test_a_stranger_may_say_no(app: Flask, client: FlaskClient, report: int, link: str) -> None:
    client.post(f"{link}/unsubscribe")
    assert contact(app, report).confirmed_at is None
    assert "không gửi tin nào tới bạn nữa" in client.get(link).text


def test_a_mail_program_unsubscribes_in_one_click(
    app: Flask, client: FlaskClient, report: int, link: str
) -> None:
    client.post(f"{link}/confirm")
    answer = client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert contact(app, report).unsubscribed_at is not None


def test_a_post_that_says_nothing_does_nothing(
    app: Flask, client: FlaskClient, report: int, link: str
) -> None:
    assert client.post(link).status_code == 404
    assert contact(app, report).unsubscribed_at is None


def test_taking_the_address_back_erases_it_and_the_link(
    app: Flask, client: FlaskClient, report: int, link: str
) -> None:
    client.post(f"{link}/confirm")
    answer = client.post(f"{link}/withdraw")
    assert answer.status_code == 200
    assert "Đã xoá cách liên hệ" in answer.text
    row = contact(app, report)
    assert (row.email, row.phone) == (None, None)
    assert row.withdrawn_at is not None
    gone = client.get(link)
    assert gone.status_code == 410
    assert "không còn hiệu lực" in gone.text
    assert client.post(f"{link}/confirm").status_code == 410


def test_what_is_erased_on_the_tracking_page_is_gone_here_as_well(
    app: Flask, client: FlaskClient, report: int, link: str
) -> None:
    key = "7" * 26
    with app.app_context(), transaction() as work:
        from webapp.services.intake import hash_tracking_key

        work.session.get_one(Report, report).tracking_key_hash = hash_tracking_key(key)
    client.post(f"/track/{key}/withdraw-contact")
    assert client.get(link).status_code == 410


def test_a_raised_version_revokes_the_links_that_were_sent(
    app: Flask, client: FlaskClient, report: int, link: str
) -> None:
    with app.app_context(), transaction() as work:
        work.session.get_one(Contact, report).link_version += 1
    assert client.get(link).status_code == 410
    assert client.get(path_of(app, report)).status_code == 200


@pytest.mark.parametrize("spoil", [lambda raw: raw[:-1] + "2", str.upper, lambda raw: raw + "0"])
def test_a_garbled_link_leads_to_a_kind_sentence(
    client: FlaskClient, link: str, spoil: Callable[[str], str]
) -> None:
    head, _, capability = link.rpartition("/")
    answer = client.get(f"{head}/{spoil(capability)}")
    assert answer.status_code == 404
    assert "Liên kết này không đúng" in answer.text
    assert client.post(f"{head}/{spoil(capability)}/withdraw").status_code == 404


@pytest.mark.parametrize("raw", ["x", "%00", "7" * 5000, "đường"])
def test_any_garbage_is_answered(client: FlaskClient, raw: str) -> None:
    assert client.get(f"/m/{raw}").status_code == 404


def test_links_stay_out_of_caches_indexes_and_other_sites(client: FlaskClient, link: str) -> None:
    for answer in (
        client.get(link),
        client.post(f"{link}/confirm"),
        client.get(link),
        client.get("/m/x"),
        client.get(f"{link}?language=en"),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert client.get(link).headers["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.parametrize("act", ["confirm", "unsubscribe", "withdraw"])
def test_no_other_site_acts_in_a_visitors_name(
    app: Flask, client: FlaskClient, report: int, link: str, act: str
) -> None:
    answer = client.post(f"{link}/{act}", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    row = contact(app, report)
    assert (row.confirmed_at, row.unsubscribed_at, row.withdrawn_at) == (None, None, None)


def test_saying_yes_writes_one_message_and_asks_for_it(
    app: Flask, client: FlaskClient, report: int, link: str
) -> None:
    open_case(app, report)
    client.post(f"{link}/confirm")
    client.post(f"{link}/confirm")
    with app.app_context():
        [row] = db.session.scalars(db.select(Notification)).all()
    assert (row.kind, row.state) == ("received", "waiting")
    assert row.due_at - row.created_at < timedelta(seconds=1)
