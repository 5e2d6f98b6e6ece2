"""The register on the command line: a file in, all or not at all, and a file out."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from tests.factories import make_commune, make_supervising_unit, somewhere
from webapp.extensions import db


@pytest.fixture
def land(app: Flask) -> None:
    with app.app_context():
        make_commune(parent=make_supervising_unit())
        db.session.remove()


def run(app: Flask, *arguments: object) -> Result:
    return app.test_cli_runner().invoke(args=["crossings", *map(str, arguments)])


def write(folder: Path, *rows: str) -> Path:
    file = folder / "so.csv"
    file.write_text("\n".join(["Mã;Lý trình;Vĩ độ;Kinh độ", *rows]), encoding="utf-8")
    return file


def row(code: str, km: str = "Km1397+250") -> str:
    spot = somewhere()
    return f"{code};{km};{spot.latitude};{spot.longitude}"


def test_a_file_goes_in_and_comes_out_again(app: Flask, land: None, tmp_path: Path) -> None:
    file = write(tmp_path, row("LD-1"))
    assert "Chạy thử" in run(app, "import", file, "--dry-run").output
    assert "Thêm mới 1, thay đổi 0" in run(app, "import", file).output
    for name in ("ra.csv", "ra.geojson"):
        assert run(app, "export", tmp_path / name).exit_code == 0
        again = run(app, "import", tmp_path / name)
        assert "Thêm mới 0, thay đổi 0, giữ nguyên 1" in again.output


def test_a_bad_row_ends_the_command_with_its_sentence(
    app: Flask, land: None, tmp_path: Path
) -> None:
    result = run(app, "import", write(tmp_path, row("LD-1"), row("LD-2", "xa")))
    assert result.exit_code == 1
    assert "Dòng 3: Lý trình “xa” không đọc được" in result.output
    assert "Chưa ghi gì" in result.output


def test_another_kind_of_file_is_refused(app: Flask, land: None, tmp_path: Path) -> None:
    result = run(app, "export", tmp_path / "ra.xlsx")
    assert result.exit_code == 1
    assert not (tmp_path / "ra.xlsx").exists()
