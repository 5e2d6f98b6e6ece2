"""What tests of the house look at: its files, and an application that touches no database."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from flask import Flask

from tests.servers.environment import settings_for
from webapp.app import create_app

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON_ROOMS = ("webapp", "workers", "setup", "migrations", "tests")


@pytest.fixture(scope="session")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application, assembled on a database that nobody opens."""
    var = tmp_path_factory.mktemp("house")
    return create_app(settings_for(f"sqlite:///{var / 'nobody.sqlite'}", var))


@cache
def _parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


class House:
    """The files of the house, as tests like to walk through them."""

    root = ROOT

    def python_files(self, *rooms: str) -> list[Path]:
        """Return the Python files of some rooms, of all when none is named."""
        folders = [ROOT / room for room in rooms or PYTHON_ROOMS]
        found = [ROOT / "wsgi.py"] if not rooms else []
        return found + sorted(file for folder in folders for file in folder.rglob("*.py"))

    def templates(self) -> dict[str, str]:
        """Return every template by the name that Jinja knows it by."""
        folder = ROOT / "templates"
        files = sorted(folder.rglob("*.html")) + sorted(folder.rglob("*.xml"))
        return {str(file.relative_to(folder)): file.read_text(encoding="utf-8") for file in files}

    def calls(self, *rooms: str) -> Iterator[tuple[Path, ast.Call]]:
        """Give every call in the Python of some rooms, with the file it stands in."""
        for file in self.python_files(*rooms):
            for node in ast.walk(_parse(file)):
                if isinstance(node, ast.Call):
                    yield file, node

    def tree(self, file: Path) -> ast.Module:
        """Return the syntax of a file."""
        return _parse(file)

    def name(self, file: Path) -> str:
        """Return a file's name as it is read from the top of the house."""
        return str(file.relative_to(ROOT))


@pytest.fixture(scope="session")
def house() -> House:
    """The files of the house."""
    return House()
