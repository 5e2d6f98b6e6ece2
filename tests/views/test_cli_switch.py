"""The switch by command: counts by pair, case numbers when asked for, and the way back."""

import json
from datetime import UTC, datetime
from pathlib import Path

from click.testing import Result
from flask import Flask

from tests.factories import make_case, make_commune, make_supervising_unit
from webapp import clock
from webapp.extensions import db
from webapp.models import Case

BEFORE = datetime(2025, 6, 20, 3, 0, tzinfo=UTC)
AFTER = datetime(2025, 7, 1, 0, 30, tzinfo=UTC)

RING = [[109.02, 11.6], [109.06, 11.6], [109.06, 11.62], [109.02, 11.62], [109.02, 11.6]]


def run(app: Flask, *words: str) -> Result:
    with clock.at(AFTER):
        return app.test_cli_runner().invoke(args=["territory", *words])


def new_set(folder: Path) -> str:
    """A file of one commune that takes the land of two."""
    feature = {
        "type": "Feature",
        "properties": {"code": "9", "name": "Mới", "kind": "xã"},
        "geometry": {"type": "Polygon", "coordinates": [RING]},
    }
    path = folder / "new.geojson"
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    path.write_text(text, encoding="utf-8")
    return str(path)


def two_communes(app: Flask) -> str:
    """Make two communes of the old land and a case of the first; return its number."""
    with app.app_context(), clock.at(BEFORE):
        district = make_supervising_unit()
        west = make_commune(column=0, code="1", name="Tây", parent=district)
        make_commune(column=1, code="2", name="Đông", parent=district)
        return make_case(west, opened_at=BEFORE).number


def lead(app: Flask) -> str:
    with app.app_context():
        return db.session.query(Case).one().lead_unit.name


def test_a_set_is_imported_tried_switched_and_corrected(app: Flask, tmp_path: Path) -> None:
    number = two_communes(app)
    words = ("import", new_set(tmp_path), "--valid-from", "2025-07-01", "--end-predecessors")
    tried = run(app, *words, "--dry-run")
    assert "Vụ việc đang mở sẽ đổi đơn vị: 1." in tried.output
    taken = run(app, *words)
    assert "Kế tục xã Tây (hết hiệu lực 30/6/2025)." in taken.output

    dry = run(app, "switch", "--on", "2025-07-01", "--dry-run", "--list")
    assert dry.exit_code == 0, dry.output
    assert "Ngày 1/7/2025: 1 vụ việc đang mở và 0 cán bộ đổi đơn vị." in dry.output
    assert "xã Tây (1) → xã Mới (9): 1" in dry.output
    assert number in dry.output
    assert lead(app) == "Tây"

    done = run(app, "switch", "--on", "2025-07-01")
    assert "Đã chuyển 1 vụ việc; lần chuyển số 1." in done.output
    assert number not in done.output
    assert lead(app) == "Mới"
    assert "0 vụ việc" in run(app, "switch", "--on", "2025-07-01").output

    undone = run(app, "switch", "--undo", "1", "--on", "2025-07-01")
    assert "Đã sửa lại lần chuyển số 1:" in undone.output
    assert lead(app) == "Tây"
    again = run(app, "switch", "--undo", "1")
    assert again.exit_code != 0
    assert "Lần chuyển này đã được sửa lại ngày 1/7/2025." in again.output


def test_a_switch_without_a_day_or_ahead_of_its_day_is_refused(app: Flask) -> None:
    two_communes(app)
    assert "--on 2025-07-01" in run(app, "switch").output
    ahead = run(app, "switch", "--on", "2026-07-01")
    assert ahead.exit_code != 0
    assert "Ngày 1/7/2026 chưa đến" in ahead.output
    assert run(app, "switch", "--on", "2026-07-01", "--dry-run").exit_code == 0


def test_a_whole_unit_without_a_last_day_is_named_and_not_ended(app: Flask, tmp_path: Path) -> None:
    two_communes(app)
    taken = run(app, "import", new_set(tmp_path), "--valid-from", "2025-07-01")
    assert "Thay hẳn xã Tây, nhưng đơn vị ấy chưa có ngày hết hiệu lực." in taken.output
