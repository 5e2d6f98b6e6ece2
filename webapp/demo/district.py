"""The demonstration's land: nine communes, who stands above them, and four lines with theirs."""

from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import Unit
from webapp.services import corridor_import, territory_import
from webapp.services.transaction import transaction

FOLDER = Path(__file__).parent
VALID_FROM = date(2024, 1, 1)
SUPERVISING_CODE = "586"
SOURCE = "Lược đồ tự vẽ cho bản trình diễn (tổ chức hành chính năm 2024)"


def ensure_land() -> None:
    """Write units, boundaries and corridors of the schematic, as often as one likes."""
    territory_import.import_boundaries(
        (FOLDER / "district.geojson").read_text(encoding="utf-8"),
        territory_import.ImportOrder(
            valid_from=VALID_FROM,
            parent_code=SUPERVISING_CODE,
            source=SOURCE,
            is_schematic=True,
        ),
    )
    corridor_import.import_corridors(
        (FOLDER / "corridors.geojson").read_text(encoding="utf-8"),
        corridor_import.CorridorOrder(
            valid_from=VALID_FROM, source=SOURCE, is_schematic=True, makes_authorities=True
        ),
    )
    with transaction() as work:
        _label_units(work.session)


def _label_units(session: Session) -> None:
    for unit in session.scalars(select(Unit)):
        unit.note = SOURCE
