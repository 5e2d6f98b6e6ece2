"""A resident leaves an address, says yes, and is told by mail until the trouble is over."""

import re
import urllib.request
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import select

from tests.servers import triage_scene as scene
from tests.servers.live import LiveServer
from tests.servers.mail_catcher import Caught, MailCatcher, catching_mail
from tests.servers.phones import Phone, case_number_of, send_at_once
from webapp import clock
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Case, Contact
from webapp.services import casework
from webapp.services.transaction import transaction

EMAIL = "nguoi.dan@example.vn"


def link_in(caught: Caught) -> str:
    """Return the link of a message: there is one, and it is also the way to unsubscribe."""
    body = caught.message.get_body(["plain"])
    assert body is not None
    links = set(re.findall(r"https?://\S+", body.get_content()))
    assert len(links) == 1
    [link] = links
    assert caught.message["List-Unsubscribe"] == f"<{link}>"
    return link


def post(url: str, **fields: str) -> int:
    """Send a form; a browser would follow the answer, and so does this."""
    request = urllib.request.Request(url, urlencode(fields).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(answer.status)


def read(url: str) -> str:
    """Open a page."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


def let_it_be_resolved(app: Flask, number: str) -> None:
    """Let the commune end the trouble."""
    with app.app_context(), transaction() as work:
        case = work.session.scalars(select(Case).where(Case.number == number)).one()
        for kind in ("acknowledged", "started"):
            casework.append(work, case, kind, actor=None, now=clock.now())
        data = {"public_sentence": "Đã vá ổ gà."}
        casework.append(work, case, "resolved", actor=None, now=clock.now(), data=data)


@pytest.fixture
def mail() -> MailCatcher:
    """A mail server behind a lock."""
    with catching_mail() as catcher:
        yield catcher


@pytest.fixture
def server(app: Flask, live_server: Callable[..., LiveServer], mail: MailCatcher) -> LiveServer:
    """The whole application, with a worker and a clock."""
    with app.app_context():
        scene.build_district()
    return live_server(
        workers=1,
        clock=True,
        ANLO_SWEEP_SECONDS="1",
        ANLO_SMTP_URL=mail.url,
        ANLO_MAIL_FROM="An Lộ <an-lo@example.vn>",
        ANLO_QUIET_HOURS="none",
    )


def test_a_resident_is_asked_told_and_left_in_peace(
    app: Flask, server: LiveServer, mail: MailCatcher
) -> None:
    phone = Phone(Position(*scene.WEST, 5.0), scene.jpeg(), contact_email=EMAIL)
    send_at_once(server.url, [phone])

    [asked] = mail.wait_for(1)
    assert asked.to == (EMAIL,)
    link = link_in(asked)
    assert "Đồng ý nhận tin" in read(link)
    with app.app_context():
        assert db.session.scalars(select(Contact)).one().confirmed_at is None

    assert post(f"{link}/confirm") == 200
    received = mail.wait_for(2)[1]
    number = case_number_of(server.url, phone)
    assert number in received.message["Subject"]
    assert number in read(link_in(received))

    let_it_be_resolved(app, number)
    resolved = mail.wait_for(3)[2]
    body = resolved.message.get_body(["plain"])
    assert body is not None
    assert "Đã vá ổ gà." in body.get_content()
    assert "UBND xã Tri Hải" in body.get_content()

    assert post(link_in(resolved), **{"List-Unsubscribe": "One-Click"}) == 200
    assert "Đã thôi nhận tin" in read(link)
    assert len({caught.message["Message-ID"] for caught in mail.caught}) == 3
