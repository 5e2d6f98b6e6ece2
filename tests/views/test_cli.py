"""The commands say what they did, in plain words, and end with an error when they did not."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from webapp.extensions import db
from webapp.models import Officer, Unit

LAND = {
    "type": "Feature",
    "properties": {"code": "22846", "name": "Vĩnh Hải", "kind": "xã"},
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[109.0, 11.0], [109.1, 11.0], [109.1, 11.1], [109.0, 11.1]]],
    },
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A boundary file with one open ring."""
    return write(tmp_path, LAND)


def write(folder: Path, *features: dict[str, Any]) -> Path:
    path = folder / "land.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=list(words))


def names(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Unit.name).order_by(Unit.id)))


def test_an_import_tells_what_it_added_and_mended(app: Flask, file: Path) -> None:
    words = ("territory", "import", str(file), "--valid-from", "2024-01-01", "--parent", "586")
    first = run(app, *words)
    assert first.exit_code == 0, first.output
    assert "xã Vĩnh Hải, vòng 1: nối kín vòng." in first.output
    assert "Thêm mới 1, thay đổi 0, giữ nguyên 0 đơn vị." in first.output
    assert "Đã lập đơn vị giám sát: huyện Ninh Hải." in first.output
    again = run(app, *words)
    assert "Thêm mới 0, thay đổi 0, giữ nguyên 1 đơn vị." in again.output
    assert names(app) == ["Ninh Hải", "Vĩnh Hải"]


def test_an_import_without_supervising_unit_warns(app: Flask, file: Path) -> None:
    result = run(app, "territory", "import", str(file), "--valid-from", "2024-01-01")
    assert result.exit_code == 0
    assert "chưa có đơn vị giám sát" in result.output


def test_a_dry_run_writes_nothing(app: Flask, file: Path) -> None:
    result = run(app, "territory", "import", str(file), "--valid-from", "2024-01-01", "--dry-run")
    assert "Chạy thử: chưa ghi gì." in result.output
    assert names(app) == []


def test_a_refused_file_names_the_unit_and_the_ring(app: Flask, tmp_path: Path) -> None:
    metres = [[[580000.0, 1280000.0], [581000.0, 1280000.0], [581000.0, 1281000.0]]]
    bad = write(tmp_path, {**LAND, "geometry": {"type": "Polygon", "coordinates": metres}})
    result = run(app, "territory", "import", str(bad), "--valid-from", "2024-01-01")
    assert result.exit_code == 1
    assert "xã Vĩnh Hải, vòng 1: tọa độ 580000, 1280000 là mét" in result.output
    assert names(app) == []


def test_a_file_of_another_encoding_is_refused_in_words(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "land.geojson"
    path.write_bytes("Vĩnh Hải".encode("utf-16"))
    result = run(app, "territory", "import", str(path), "--valid-from", "2024-01-01")
    assert result.exit_code == 1
    assert "không đọc được thành JSON" in result.output


def test_an_overlap_is_warned_of_in_square_kilometres(app: Flask, tmp_path: Path) -> None:
    other = {**LAND, "properties": {"code": "2", "name": "Tri Hải", "kind": "xã"}}
    path = write(tmp_path, LAND, other)
    result = run(app, "territory", "import", str(path), "--valid-from", "2024-01-01")
    assert "Cảnh báo: xã Vĩnh Hải, xã Tri Hải chồng lên nhau 120,8" in result.output


def test_the_first_administrator_brings_the_supervising_unit(app: Flask) -> None:
    result = run(app, "accounts", "create-admin", "--login", "quan-tri", "--name", "Lưu Quang Vinh")
    assert result.exit_code == 0, result.output
    assert "Mật khẩu, chỉ hiện một lần:" in result.output
    with app.app_context():
        officer = db.session.scalars(select(Officer)).one()
        assert (officer.role, officer.unit.tier) == ("administrator", "supervising")


def test_an_account_belongs_to_the_unit_that_bears_the_code_today(app: Flask, file: Path) -> None:
    run(app, "territory", "import", str(file), "--valid-from", "2024-01-01")
    words = ("--login", "vinhhai", "--name", "Hương", "--role", "officer", "--unit")
    assert run(app, "accounts", "create", *words, "22846").exit_code == 0
    unknown = run(app, "accounts", "create", *words, "99999")
    assert unknown.exit_code == 1
    assert "không có đơn vị nào mang mã 99999" in unknown.output
    taken = run(app, "accounts", "create", *words, "22846")
    assert taken.exit_code == 1


def test_reference_data_is_loaded_once(app: Flask) -> None:
    said = run(app, "reference", "load").output
    assert "Đã thêm 0 loại, 0 quy tắc thời hạn và 0 quy tắc phân công" in said


def test_the_demonstration_is_not_loaded_where_it_is_off(app: Flask) -> None:
    result = run(app, "demo", "load")
    assert result.exit_code == 1
    assert "DEMO đang tắt" in result.output
