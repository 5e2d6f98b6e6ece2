"""``flask territory import-corridors`` says what it did, and why it did nothing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from webapp.extensions import db
from webapp.models import Corridor
from webapp.sentences import SENTENCES, say

ROOT = Path(__file__).resolve().parents[2]
MAKERS = ("domain/corridor_files.py", "services/corridor_import.py")


def road(coordinates: Any = None, **properties: Any) -> dict[str, Any]:
    known = {"code": "QL1A", "name": "Quốc lộ 1A", "kind": "national_road", "half_width_m": 20}
    drawn = {"type": "LineString", "coordinates": coordinates or [[109.0, 11.6], [109.0, 11.7]]}
    return {"type": "Feature", "properties": known | properties, "geometry": drawn}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "lines.geojson"


def run(app: Flask, file: Path, *features: dict[str, Any], words: tuple[str, ...] = ()) -> Result:
    if features:
        text = json.dumps({"type": "FeatureCollection", "features": features})
        file.write_text(text, encoding="utf-8")
    return app.test_cli_runner().invoke(args=["territory", "import-corridors", str(file), *words])


def codes(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Corridor.code)))


def test_an_import_tells_what_it_wrote_and_what_is_lacking(app: Flask, file: Path) -> None:
    words = ("--valid-from", "2024-01-01", "--make-authorities")
    feature = road(authority="Khu Quản lý đường bộ III")
    first = run(app, file, feature, words=words)
    assert first.exit_code == 0, first.output
    assert "Lập đơn vị quản lý: Khu Quản lý đường bộ III." in first.output
    assert "Tuyến chưa có cọc ki-lô-mét: Quốc lộ 1A." in first.output
    assert "Thêm mới 1, thay đổi 0, giữ nguyên 0 tuyến." in first.output
    again = run(app, file, feature, words=words)
    assert "Thêm mới 0, thay đổi 0, giữ nguyên 1 tuyến." in again.output


def test_a_dry_run_writes_no_line(app: Flask, file: Path) -> None:
    result = run(app, file, road(), words=("--dry-run",))
    assert "Thêm mới 1, thay đổi 0, giữ nguyên 0 tuyến.\nChạy thử: chưa ghi gì." in result.output
    assert codes(app) == []


def test_a_later_line_of_the_same_code_is_told_to_end_the_other(app: Flask, file: Path) -> None:
    run(app, file, road(), words=("--valid-from", "2024-01-01"))
    result = run(app, file, words=("--valid-from", "2026-01-01"))
    assert "Hết hiệu lực vì có tuyến mới cùng mã: Quốc lộ 1A (2024-01-01)." in result.output


METRES = [[580_000.0, 1_283_000.0], [580_500.0, 1_284_000.0]]


@pytest.mark.parametrize(
    ("feature", "sentence"),
    [
        (road(METRES), "Quốc lộ 1A: tọa độ 580000, 1283000 là mét của hệ phẳng (như VN-2000)"),
        (road([[11.6, 109.0], [11.7, 109.0]]), "Quốc lộ 1A: tọa độ 11.6, 109 có vẻ đảo"),
        (road([[109.0, 11.6]]), "Quốc lộ 1A: tuyến chỉ có một điểm, cần ít nhất hai điểm"),
        (road(kind="lane"), "Quốc lộ 1A: không có cấp tuyến “lane”"),
        (road(authority="Khu IV"), "Quốc lộ 1A: không có đơn vị nào mang mã hoặc tên “Khu IV”"),
        (road(half_width_m=0), "Quốc lộ 1A: half_width_m là 0; nửa bề rộng phải là số mét"),
        (road(posts=[{"km": 1, "lon": 109, "lat": 11.6}]), "chỉ có một cọc ki-lô-mét"),
    ],
)
def test_a_refused_file_names_the_line_and_the_reason(
    app: Flask, file: Path, feature: dict[str, Any], sentence: str
) -> None:
    result = run(app, file, feature)
    assert result.exit_code == 1
    assert "Không nhận tệp này, chưa ghi gì." in result.output
    assert sentence in result.output
    assert codes(app) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Tệp trống, không có tuyến nào."),
        (b"tuy\xe1\xbb\x87", "không đọc được thành JSON"),
        ("Quốc lộ".encode("utf-16"), "không đọc được thành JSON"),
    ],
)
def test_a_file_that_is_nothing_of_the_kind_is_refused_in_words(
    app: Flask, file: Path, content: bytes, sentence: str
) -> None:
    file.write_bytes(content)
    result = run(app, file)
    assert result.exit_code == 1
    assert sentence in result.output


def test_every_problem_of_a_line_has_its_sentence(context: None) -> None:
    source = "".join((ROOT / "webapp" / room).read_text(encoding="utf-8") for room in MAKERS)
    found = set(re.findall(r'(?:Problem|_problem)\(\s*"(\w+)"', source))
    found |= {"projected_metres", "axes_swapped", "out_of_range"}
    assert len(found) > 15
    assert [code for code in sorted(found) if f"corridor_{code}" not in SENTENCES] == []
    said = [say(f"corridor_{code}", {"line": "QL1A", "detail": "x"}, 422) for code in found]
    assert all(sentence.startswith("QL1A: ") for sentence in said)
