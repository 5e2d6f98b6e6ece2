"""The triage desk and a photo of which nobody knows whether it came before or after the proof."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from tests.servers import triage_scene as scene
from tests.servers.visitor import Visitor
from webapp import clock
from webapp.extensions import db
from webapp.models import ReportTriage
from webapp.services.transaction import transaction

SignedIn = Callable[[str], Visitor]


@pytest.fixture
def supervisor(app: Flask, signed_in: SignedIn) -> Visitor:
    """Somebody of the supervising unit, over two communes."""
    with app.app_context():
        scene.build_district()
    return signed_in("supervisor")


@pytest.fixture
def held(app: Flask, supervisor: Visitor) -> int:
    """A report that is held because its time is uncertain, as triage leaves it."""
    with app.app_context():
        report = scene.add_report()
        with transaction() as work:
            standing = work.session.get_one(ReportTriage, report)
            standing.status, standing.hold_code = "held", "uncertain_time"
            standing.hold_details = {
                "case_id": 1,
                "proof_at": (clock.now() - timedelta(days=1)).isoformat(),
            }
    return report


def place(app: Flask, visitor: Visitor, report: int, captured_at: str) -> tuple[int, str]:
    with app.app_context():
        seen_at = db.session.get_one(ReportTriage, report).updated_at
    fields = {
        "position": "",
        "category": "road_damage",
        "unit_id": "",
        "captured_at": captured_at,
        "seen_at": seen_at.isoformat(),
    }
    answer = visitor.post(f"/triage/{report}/place", fields, form=f"/triage?report={report}")
    return answer.status_code, answer.text


def test_the_sheet_asks_when_the_photo_was_taken(supervisor: Visitor, held: int) -> None:
    page = supervisor.client.get(f"/triage?report={held}").text
    assert "chỗ này vừa được xử lý" in page
    assert 'name="captured_at" type="datetime-local"' in page


def test_what_a_person_says_of_the_time_is_kept_and_the_machine_decides_again(
    app: Flask, supervisor: Visitor, held: int
) -> None:
    moment = (clock.now() - timedelta(days=2)).astimezone(clock.LOCAL_ZONE)
    status, _page = place(app, supervisor, held, moment.strftime("%Y-%m-%dT%H:%M"))
    assert status == 302
    with app.app_context():
        standing = db.session.get_one(ReportTriage, held)
        assert standing.set_captured_at == moment.replace(second=0, microsecond=0)
        assert standing.status == "received"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("hôm qua", "Không đọc được ngày giờ chụp"),
        ("2014-12-31T10:00", "Ảnh không thể chụp lúc đó"),
        ("2999-01-01T10:00", "Ảnh không thể chụp lúc đó"),
        ("0001-01-01T00:00", "Ảnh không thể chụp lúc đó"),
    ],
)
def test_a_time_that_cannot_be_is_refused_beside_its_field(
    app: Flask, supervisor: Visitor, held: int, typed: str, sentence: str
) -> None:
    status, page = place(app, supervisor, held, typed)
    assert status == 422
    assert sentence in page
    assert 'name="captured_at"' in page
