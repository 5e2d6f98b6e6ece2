"""A small district for tests of casework: two communes, one supervising unit, officers, cases."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

from PIL import Image

from tests.servers.passwords import sealed
from webapp import clock
from webapp.domain.geo import Position, cell_of
from webapp.extensions import db
from webapp.models import Case, Officer, Photo, Place, Report, ReportTriage, Unit
from webapp.services import casework
from webapp.services.transaction import transaction

PASSWORD = "một câu dài dễ nhớ"

SPOT = Position(11.6402, 109.1500)
_serial = itertools.count(1)

# What the first rule wrote down, and what the rule of today does.
NEAREST_TERMS = {"distance_m": 12.4, "limit_m": 25.0, "accuracy_m": 12.0, "same_category": True}
LIKELY_TERMS: dict[str, Any] = {
    "decision": "attach",
    "rule": "likeliest_case_1",
    "weights": "of the tests",
    "probability": 0.9912,
    "log_odds": 4.724,
    "parts": {
        "prior": -2.0,
        "position": 1.3,
        "photo": 4.9,
        "category": 0.4,
        "time": -0.076,
        "words": 0.2,
        "phone": 0.0,
        "named": 0.0,
    },
    "distance_m": 12.3,
    "accuracy_m": 8.0,
    "case_accuracy_m": 15.0,
    "same_category": True,
    "photo_kind": "same_scene",
    "photo_points": 84,
    "hours": 0.6,
    "same_phone": False,
    "is_named": False,
}


@dataclass(frozen=True)
class District:
    """Ids of what stands in the scene."""

    commune_id: int
    other_commune_id: int
    district_id: int


def build_district() -> District:
    """Make two communes and the unit above them, with no land."""
    with transaction() as work:
        units = [
            Unit(
                code="22855",
                tier="commune",
                kind="xã",
                name="Nhơn Hải",
                valid_from=date(2024, 1, 1),
            ),
            Unit(
                code="22858",
                tier="commune",
                kind="xã",
                name="Thanh Hải",
                valid_from=date(2024, 1, 1),
            ),
            Unit(
                code="586",
                tier="supervising",
                kind="huyện",
                name="Ninh Hải",
                valid_from=date(2024, 1, 1),
            ),
        ]
        work.session.add_all(units)
    return District(*(unit.id for unit in units))


def make_unit(tier: str, name: str) -> int:
    """Make one more unit of today, and return its id."""
    with transaction() as work:
        unit = Unit(
            code=f"{tier}-{next(_serial)}",
            tier=tier,
            kind="chi cục" if tier == "authority" else "xã",
            name=name,
            valid_from=date(2024, 1, 1),
        )
        work.session.add(unit)
    return unit.id


def make_officer(unit_id: int, role: str = "officer", login: str | None = None) -> Officer:
    """Make an account with the scene's password."""
    number = next(_serial)
    with transaction() as work:
        officer = Officer(
            login=login or f"{role}.{number}",
            name=f"Lê Thị Hạnh {number}",
            password_hash=sealed(PASSWORD),
            role=role,
            unit_id=unit_id,
            is_active=True,
            session_epoch=0,
            created_at=clock.now(),
        )
        work.session.add(officer)
    db.session.refresh(officer)
    return officer


def make_case(
    unit_id: int,
    *,
    severity: int = 1,
    now: datetime | None = None,
    category: str = "pavement_encroachment",
    address: str = "xã Nhơn Hải, cách Tỉnh lộ 704 20 m",
    position: Position = SPOT,
    facts: Mapping[str, Any] | None = None,
) -> Case:
    """Open a case with no report yet; ``facts`` are what else its first event tells."""
    with transaction() as work:
        place = _place(category, position)
        work.session.add(place)
        case = casework.open_case(
            work,
            place=place,
            category_code=category,
            unit_id=unit_id,
            position=position,
            severity=severity,
            now=now or clock.now(),
            address=address,
            facts=facts,
        )
    return case


def attach(
    case_number: str,
    *,
    install_key_hash: str | None = None,
    description: str | None = None,
    received_at: datetime | None = None,
    captured_at: datetime | None = None,
    terms: Mapping[str, Any] = NEAREST_TERMS,
    category: str | None = None,
) -> Report:
    """Attach one more report to a case, as triage does; ``terms`` say why."""
    moment = received_at or clock.now()
    with transaction() as work:
        case = work.session.query(Case).filter_by(number=case_number).one()
        report = _report(category or case.category_code, moment, install_key_hash, description)
        work.session.add(report)
        work.session.flush()
        work.session.add(
            ReportTriage(
                report_id=report.id,
                status="triaged",
                updated_at=moment,
                latitude=case.latitude + 0.0001,
                longitude=case.longitude,
                accuracy_m=12.0,
                captured_at=captured_at,
            )
        )
        casework.attach_report(
            work, report, case, terms=terms, actor=None, now=moment, captured_at=captured_at
        )
    return report


def add_photo(
    report_id: int, *, state: str = "ready", sha256: str = "0" * 64, sort_order: int = 0
) -> Photo:
    """Give a report a photo whose derivatives exist, if only by name."""
    with transaction() as work:
        photo = Photo(
            report_id=report_id,
            role="evidence",
            sort_order=sort_order,
            received_sha256=sha256,
            media_type="image/jpeg",
            byte_size=1000,
            width_px=640,
            height_px=480,
            received_at=clock.now(),
            state=state,
            failures=0,
            review="pending",
            large_sha256=sha256,
            small_sha256=sha256,
        )
        work.session.add(photo)
    return photo


def jpeg(colour: str = "#2e7d4f") -> BytesIO:
    """Return a small photo made by ourselves, which says nothing of where or when."""
    stream = BytesIO()
    Image.new("RGB", (64, 48), colour).save(stream, "JPEG")
    stream.seek(0)
    return stream


def moments_ago(**span: float) -> datetime:
    """Return a moment in the past: ``moments_ago(days=3)``."""
    return clock.now() - timedelta(**span)


def _place(category: str, position: Position) -> Place:
    return Place(
        category_code=category,
        latitude=position.latitude,
        longitude=position.longitude,
        cell=cell_of(position.latitude, position.longitude),
        created_at=clock.now(),
    )


def _report(
    category: str, moment: datetime, install_key_hash: str | None, description: str | None
) -> Report:
    number = next(_serial)
    return Report(
        tracking_key_hash=f"{number:064d}",
        content_hash=f"{number:064d}",
        install_key_hash=install_key_hash,
        channel="web",
        category_code=category,
        received_at=moment,
        description=description,
    )
