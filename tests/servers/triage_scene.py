"""A small district for tests of triage: two square communes side by side, officers, reports."""

import io
import itertools
import secrets
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from tests.servers.passwords import sealed
from tests.servers.visitor import PASSWORD
from webapp import clock
from webapp.adapters.photo_store import PhotoStore
from webapp.models import Boundary, Contact, Officer, Photo, Report, ReportTriage, Unit, UnitParent
from webapp.services.transaction import transaction

LONG_AGO = date(2020, 1, 1)

# In the middle of the western commune, of the eastern one, and in the sea beyond both.
WEST = (11.65, 109.05)
EAST = (11.65, 109.15)
AT_SEA = (11.65, 109.95)
ON_THE_BORDER = (11.65, 109.1)

# 0.00009 degrees of latitude are ten metres.
TEN_METRES = 0.00009

_numbers = itertools.count(1)

# Hashing is slow on purpose; one hash serves every officer of the tests.


def build_district() -> dict[str, int]:
    """Make a supervising unit over two communes, with their officers; return the units' ids."""
    with transaction() as work:
        units = {
            "district": _unit("D", "supervising", "huyện", "Ninh Hải"),
            "west": _unit("W", "commune", "xã", "Tri Hải"),
            "east": _unit("E", "commune", "xã", "Vĩnh Hải"),
        }
        work.session.add_all(units.values())
        work.session.flush()
        work.session.add(_square(units["west"], 109.0, 109.1))
        work.session.add(_square(units["east"], 109.1, 109.2))
        for name in ("west", "east"):
            work.session.add(
                UnitParent(
                    unit_id=units[name].id, parent_id=units["district"].id, valid_from=LONG_AGO
                )
            )
        for role in ("supervisor", "overseer"):
            work.session.add(_officer(role, units["district"]))
        work.session.add(_officer("officer", units["west"]))
        return {name: unit.id for name, unit in units.items()}


def _unit(code: str, tier: str, kind: str, name: str) -> Unit:
    return Unit(code=code, tier=tier, kind=kind, name=name, valid_from=LONG_AGO)


def _square(unit: Unit, west: float, east: float) -> Boundary:
    corners = [[west, 11.6], [east, 11.6], [east, 11.7], [west, 11.7], [west, 11.6]]
    return Boundary(
        unit_id=unit.id,
        valid_from=LONG_AGO,
        geometry={"type": "Polygon", "coordinates": [corners]},
        min_longitude=west,
        min_latitude=11.6,
        max_longitude=east,
        max_latitude=11.7,
        source="drawn by a test",
    )


def _officer(role: str, unit: Unit) -> Officer:
    return Officer(
        login=role,
        name=f"Nguyễn Thị {role}",
        password_hash=sealed(PASSWORD),
        role=role,
        unit_id=unit.id,
        is_active=True,
        created_at=clock.now(),
    )


def jpeg(
    position: tuple[float, float] | None = None,
    captured_at: str | None = None,
    size: tuple[int, int] = (640, 480),
) -> bytes:
    """Draw a photo; no two are alike. ``captured_at`` as EXIF has it: "2026:06:18 14:32:00"."""
    picture = Image.new("RGB", size, tuple(secrets.token_bytes(3)))
    exif = Image.Exif()
    if position is not None:
        exif.get_ifd(0x8825).update(
            {1: "N", 2: _degrees(position[0]), 3: "E", 4: _degrees(position[1])}
        )
    if captured_at is not None:
        exif.get_ifd(0x8769).update({0x9003: captured_at, 0x9011: "+07:00"})
    target = io.BytesIO()
    picture.save(target, "JPEG", exif=exif)
    return target.getvalue()


def damaged(photo: bytes) -> bytes:
    """Return a photo whose header is whole and whose pixels end in the middle."""
    return photo[: len(photo) // 2]


def _degrees(value: float) -> tuple[float, float, float]:
    minutes = (value - int(value)) * 60
    return float(int(value)), float(int(minutes)), round((minutes - int(minutes)) * 60, 4)


def add_report(
    *,
    store: PhotoStore | None = None,
    photos: tuple[bytes, ...] = (),
    fix: tuple[float, float] | None = WEST,
    accuracy_m: float | None = 10.0,
    category: str = "road_damage",
    received_at: datetime | None = None,
    phone: str | None = None,
    **columns: Any,
) -> int:
    """Take a report in as the front door does, and ask for its triage; return its id."""
    moment = received_at or clock.now()
    facts = {"sent_at": moment, "description": "Ổ gà lớn gần cầu Tri Thủy.", **columns}
    if fix is not None:
        facts |= {
            "device_latitude": fix[0],
            "device_longitude": fix[1],
            "device_accuracy_m": accuracy_m,
            "device_fix_at": moment - timedelta(minutes=1),
        }
    number = next(_numbers)
    with transaction() as work:
        report = Report(
            tracking_key_hash=f"{number:064d}",
            content_hash=f"{number:064d}",
            install_key_hash=f"{number:064d}",
            category_code=category,
            received_at=moment,
            **facts,
        )
        work.session.add(report)
        work.session.flush()
        work.session.add(ReportTriage(report_id=report.id, status="received", updated_at=moment))
        if phone is not None:
            work.session.add(Contact(report_id=report.id, phone=phone, consented_at=moment))
        for order, photo in enumerate(photos):
            assert store is not None
            work.session.add(_photo(report.id, order, photo, store.put(photo), moment))
        work.ask("triage_report", report.id)
        return report.id


def _photo(report_id: int, order: int, photo: bytes, sha256: str, moment: datetime) -> Photo:
    return Photo(
        report_id=report_id,
        role="evidence",
        sort_order=order,
        received_sha256=sha256,
        media_type="image/jpeg",
        byte_size=len(photo),
        width_px=640,
        height_px=480,
        received_at=moment,
        state="pending",
        review="pending",
    )


def store_in(folder: Path) -> PhotoStore:
    """Return a store of photos in a folder of a test."""
    return PhotoStore(folder / "photos")
