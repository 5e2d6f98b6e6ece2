"""Makes what tests begin with: units on square land, officers, reports, cases, by real services.

Everything here runs inside an application's context and commits.
"""

import itertools
import math
import secrets
from datetime import date, datetime, timedelta
from typing import Any

from tests.servers.passwords import sealed
from tests.servers.visitor import PASSWORD
from webapp import clock
from webapp.domain.geo import Position, cell_of
from webapp.extensions import db
from webapp.models import Boundary, Case, Officer, Photo, Place, Report, Unit, UnitParent
from webapp.services import casework
from webapp.services.transaction import transaction

# Square land begins here and goes east, one square a commune; the corner lies in Ninh Hải.
SOUTH_WEST = (11.60, 109.02)
SIDE_DEGREES = 0.02

LONG_AGO = date(2020, 1, 1)

_numbers = itertools.count(1)


def make_supervising_unit(code: str = "ninh-hai", name: str = "Huyện Ninh Hải") -> Unit:
    """Make the unit that stands above the communes."""
    return _make_unit(code=code, tier="supervising", kind="huyện", name=name)


def make_commune(
    *,
    column: int = 0,
    code: str | None = None,
    name: str | None = None,
    parent: Unit | None = None,
    valid_from: date = LONG_AGO,
    valid_to: date | None = None,
) -> Unit:
    """Make a commune that holds the square of land in a column; column 0 lies furthest west."""
    number = next(_numbers)
    unit = _make_unit(
        code=code or f"xa-{number}",
        tier="commune",
        kind="xã",
        name=name or f"Xã {number}",
        valid_from=valid_from,
        valid_to=valid_to,
    )
    with transaction() as work:
        work.session.add(_square(unit.id, column, valid_from, valid_to))
        if parent is not None:
            work.session.add(
                UnitParent(unit_id=unit.id, parent_id=parent.id, valid_from=valid_from)
            )
    return unit


def _make_unit(**values: Any) -> Unit:
    with transaction() as work:
        unit = Unit(**({"valid_from": LONG_AGO} | values))
        work.session.add(unit)
    return unit


def _square(unit_id: int, column: int, valid_from: date, valid_to: date | None) -> Boundary:
    south, west = SOUTH_WEST[0], SOUTH_WEST[1] + column * SIDE_DEGREES
    north, east = south + SIDE_DEGREES, west + SIDE_DEGREES
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return Boundary(
        unit_id=unit_id,
        valid_from=valid_from,
        valid_to=valid_to,
        geometry={"type": "Polygon", "coordinates": [ring]},
        min_longitude=west,
        min_latitude=south,
        max_longitude=east,
        max_latitude=north,
        is_schematic=True,
        source="drawn by the tests",
    )


def somewhere(
    column: int = 0,
    *,
    east_m: float = 0.0,
    north_m: float = 0.0,
    accuracy_m: float | None = 10.0,
) -> Position:
    """Return a position in the middle of a commune's square, moved by some metres."""
    latitude = SOUTH_WEST[0] + SIDE_DEGREES / 2
    longitude = SOUTH_WEST[1] + (column + 0.5) * SIDE_DEGREES
    metres_a_degree = math.pi * 6_371_008.8 / 180
    return Position(
        latitude + north_m / metres_a_degree,
        longitude + east_m / (metres_a_degree * math.cos(math.radians(latitude))),
        accuracy_m,
    )


def make_officer(
    unit: Unit, role: str = "officer", login: str | None = None, **values: Any
) -> Officer:
    """Make an account whose password is ``visitor.PASSWORD``."""
    login = login or f"{role}-{next(_numbers)}"
    officer = Officer(
        **{
            "login": login,
            "name": f"Nguyễn Văn {login}",
            "password_hash": sealed(PASSWORD),
            "role": role,
            "unit_id": unit.id,
            "is_active": True,
            "session_epoch": 0,
            "created_at": clock.now(),
            **values,
        }
    )
    with transaction() as work:
        work.session.add(officer)
    return db.session.get_one(Officer, officer.id)


def make_report(
    position: Position | None = None,
    *,
    category_code: str = "pavement_encroachment",
    received_at: datetime | None = None,
    asks_for_triage: bool = False,
    **values: Any,
) -> Report:
    """Make a report as intake leaves it; ``asks_for_triage`` puts its work into the outbox."""
    from webapp.models import ReportTriage

    received_at = received_at or clock.now()
    report = Report(
        **{
            "tracking_key_hash": secrets.token_hex(32),
            "content_hash": secrets.token_hex(32),
            "channel": "web",
            "category_code": category_code,
            "received_at": received_at,
            "sent_at": received_at,
            **_fix(position, received_at),
            **values,
        }
    )
    with transaction() as work:
        work.session.add(report)
        work.session.flush()
        work.session.add(
            ReportTriage(report_id=report.id, status="received", updated_at=received_at)
        )
        if asks_for_triage:
            work.ask("triage_report", report.id)
    return report


def _fix(position: Position | None, at: datetime) -> dict[str, Any]:
    if position is None:
        return {}
    return {
        "device_latitude": position.latitude,
        "device_longitude": position.longitude,
        "device_accuracy_m": position.accuracy_m,
        "device_fix_at": at - timedelta(seconds=5),
    }


def make_photo(report: Report, **values: Any) -> Photo:
    """Make the row of a photo whose bytes exist nowhere; for tests of lists and reviews."""
    photo = Photo(
        **{
            "report_id": report.id,
            "role": "evidence",
            "sort_order": next(_numbers),
            "received_sha256": secrets.token_hex(32),
            "media_type": "image/jpeg",
            "byte_size": 1_000,
            "width_px": 640,
            "height_px": 480,
            "received_at": report.received_at,
            "state": "pending",
            "failures": 0,
            "review": "pending",
            **values,
        }
    )
    with transaction() as work:
        work.session.add(photo)
    return photo


def make_case(
    unit: Unit,
    position: Position | None = None,
    *,
    category_code: str = "pavement_encroachment",
    severity: int = 1,
    opened_at: datetime | None = None,
    witnesses: int = 1,
) -> Case:
    """Open a case by the casework service and attach ``witnesses`` reports of several phones."""
    position = position or somewhere()
    opened_at = opened_at or clock.now()
    reports = [
        make_report(
            position,
            category_code=category_code,
            received_at=opened_at,
            install_key_hash=secrets.token_hex(32),
        )
        for _ in range(witnesses)
    ]
    with transaction() as work:
        place = _make_place(position, category_code, opened_at)
        work.session.add(place)
        case = casework.open_case(
            work,
            place=place,
            category_code=category_code,
            unit_id=unit.id,
            position=position,
            severity=severity,
            now=opened_at,
        )
        for report in reports:
            casework.attach_report(
                work, report, case, terms={}, actor=None, now=opened_at, captured_at=opened_at
            )
    return case


def _make_place(position: Position, category_code: str, at: datetime) -> Place:
    return Place(
        category_code=category_code,
        latitude=position.latitude,
        longitude=position.longitude,
        cell=cell_of(position.latitude, position.longitude),
        created_at=at,
    )
