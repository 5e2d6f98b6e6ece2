"""Whoever runs the machine sees how many messages go out, wait and fail, and nobody's name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from flask import Flask

from tests.factories import make_report
from tests.servers.casework_scene import District
from tests.servers.visitor import Visitor
from webapp import clock
from webapp.models import Notification
from webapp.services.notification_sending import NO_CHANNEL
from webapp.services.transaction import transaction


def test_the_administrator_sees_numbers_only(
    app: Flask, district: District, sign_in: Callable[[str], Visitor]
) -> None:
    states = [("sent", None), ("sent", None), ("waiting", None), ("waiting", NO_CHANNEL)]
    with app.app_context():
        report = make_report()
        for number, (state, error) in enumerate([*states, ("failed", "smtp recipient 550")]):
            with transaction() as work:
                work.session.add(
                    Notification(
                        id=str(number),
                        report_id=report.id,
                        kind="confirm",
                        channel="email",
                        state=state,
                        created_at=clock.now(),
                        due_at=clock.now(),
                        last_error=error,
                    )
                )
    page = sign_in("administrator").client.get("/territory").text
    for words in ("2 tin đã gửi", "1 tin đang chờ", "1 tin không tới nơi", "1 tin chờ vì chưa cài"):
        assert words in page
    assert "550" not in page


def test_the_demonstration_says_where_it_writes_messages(
    app: Flask, district: District, sign_in: Callable[[str], Visitor], tmp_path: Path
) -> None:
    settings = app.extensions["settings"]
    messages = replace(settings.messages, folder=tmp_path / "var" / "mail")
    app.jinja_env.globals["settings"] = replace(settings, messages=messages)
    page = sign_in("administrator").client.get("/territory").text
    assert "không gửi tin ra ngoài" in page
    assert "var/mail" in page
