"""A start skips preparing only what is prepared, whatever happened to the file meanwhile."""

import shutil
import sqlite3
from pathlib import Path

from setup.prepared import is_prepared, note_prepared


def test_a_database_that_is_not_there_is_not_prepared(tmp_path: Path) -> None:
    assert not is_prepared(f"sqlite:///{tmp_path / 'none.sqlite'}", is_demo=True)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_is_not_prepared(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "empty.sqlite").close()
    (tmp_path / "empty.sqlite").touch()

    assert not is_prepared(f"sqlite:///{tmp_path / 'empty.sqlite'}", is_demo=True)


def test_a_file_that_is_no_database_is_not_prepared(tmp_path: Path) -> None:
    (tmp_path / "text.sqlite").write_text("not a database " * 100, encoding="ascii")

    assert not is_prepared(f"sqlite:///{tmp_path / 'text.sqlite'}", is_demo=True)


def test_a_prepared_database_is_known_and_so_is_its_copy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.sqlite'}"
    note_prepared(url, is_demo=True)
    shutil.copy(tmp_path / "one.sqlite", tmp_path / "copy.sqlite")

    assert is_prepared(url, is_demo=True)
    assert is_prepared(f"sqlite:///{tmp_path / 'copy.sqlite'}", is_demo=True)


def test_switching_the_demonstration_on_prepares_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.sqlite'}"
    note_prepared(url, is_demo=False)

    assert not is_prepared(url, is_demo=True)


def test_postgresql_is_always_asked() -> None:
    note_prepared("postgresql+psycopg://nobody@/nothing", is_demo=False)

    assert not is_prepared("postgresql+psycopg://nobody@/nothing", is_demo=False)
