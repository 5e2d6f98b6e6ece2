"""The demonstration's land: nine communes, their supervising unit and four lines."""

import json
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import Corridor, Unit
from webapp.services import territory_import
from webapp.services.transaction import transaction

FOLDER = Path(__file__).parent
VALID_FROM = date(2024, 1, 1)
SUPERVISING_CODE = "586"
SOURCE = "Lược đồ tự vẽ cho bản trình diễn (tổ chức hành chính năm 2024)"


def ensure_land() -> None:
    """Write units, boundaries and corridors of the schematic; what stands already stays."""
    territory_import.import_boundaries(
        (FOLDER / "district.geojson").read_text(encoding="utf-8"),
        territory_import.ImportOrder(
            valid_from=VALID_FROM,
            parent_code=SUPERVISING_CODE,
            source=SOURCE,
            is_schematic=True,
        ),
    )
    with transaction() as work:
        _label_units(work.session)
        _add_corridors(work.session)


def _label_units(session: Session) -> None:
    for unit in session.scalars(select(Unit)):
        unit.note = SOURCE


def _add_corridors(session: Session) -> None:
    known = set(session.scalars(select(Corridor.code)))
    collection = json.loads((FOLDER / "corridors.geojson").read_text(encoding="utf-8"))
    for feature in collection["features"]:
        properties = feature["properties"]
        if properties["code"] not in known:
            session.add(
                Corridor(
                    **properties,
                    geometry=feature["geometry"],
                    valid_from=VALID_FROM,
                    is_schematic=True,
                    source=SOURCE,
                )
            )
