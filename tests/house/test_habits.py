"""Habits that keep the house in order and that no checker knows."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.house.conftest import House
from webapp.config import OWN_NAMES, SHARED_NAMES

# A room of these names takes in whatever has no place; soon everything stands there.
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "manager", "misc"}

# What cannot be read in one sitting is two rooms.
MOST_LINES = 400

# Tests are read one at a time, so their files may be longer.
MOST_TEST_LINES = 700

# A function that reads like a sentence ends on the screen where it begins.
MOST_FUNCTION_LINES = 60

TRACES = {
    "a path of one machine": re.compile(r"/(?:work|root|home|Users)/\w"),
    "a package registry": re.compile(r"\b(?:pypi|npmjs)\.(?:org|com)|registry\.|/simple/"),
}
TEXT_SUFFIXES = {
    *(".py", ".js", ".mjs", ".css", ".html", ".xml", ".md", ".toml", ".yaml", ".json"),
    *(".lock", ".po", ".svg", ".ini", ".mako", ".example", ".txt", ".geojson", ""),
}


def test_only_the_transaction_commits(house: House) -> None:
    assert files_that_call(house, "commit") == {"webapp/services/transaction.py"}


def test_only_the_clock_asks_for_the_time(house: House) -> None:
    asking = {
        house.name(file)
        for file, call in house.calls("webapp", "workers")
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("now", "utcnow", "today")
        and ast.unparse(call.func.value) in ("datetime", "date", "datetime.datetime", "dt.datetime")
    }

    assert asking == {"webapp/clock.py"}


def test_views_never_hold_the_database(house: House) -> None:
    holding = [
        house.name(file)
        for file in house.python_files("webapp/views")
        for node in ast.walk(house.tree(file))
        if isinstance(node, ast.ImportFrom)
        and node.module == "webapp.extensions"
        and any(name.name == "db" for name in node.names)
    ]

    assert holding == []


def test_views_catch_nothing_but_a_value_that_cannot_be_read(house: House) -> None:
    caught = {
        ast.unparse(node.type) if node.type else "everything"
        for file in house.python_files("webapp/views")
        for node in ast.walk(house.tree(file))
        if isinstance(node, ast.ExceptHandler)
    }

    assert caught <= {"ValueError"}


def test_no_room_is_called_utils(house: House) -> None:
    parts = {part for file in tracked(house) for part in (file.stem, *file.parent.parts)}

    assert parts & FORBIDDEN_NAMES == set()


def test_no_module_is_longer_than_one_can_read(house: House) -> None:
    sizes = {
        house.name(file): len(file.read_text(encoding="utf-8").splitlines())
        for file in house.python_files("webapp", "workers", "setup", "tests")
    }

    limits = {name: MOST_TEST_LINES if "/test_" in name else MOST_LINES for name in sizes}

    assert {name: size for name, size in sizes.items() if size > limits[name]} == {}


def test_no_function_is_longer_than_a_screen(house: House) -> None:
    long = {
        f"{house.name(file)}:{node.name}": length
        for file in house.python_files("webapp", "workers", "setup")
        for node in ast.walk(house.tree(file))
        if isinstance(node, ast.FunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MOST_FUNCTION_LINES
    }

    assert long == {}


def test_every_module_opens_with_what_it_is_for(house: House) -> None:
    silent = [
        house.name(file) for file in house.python_files() if not ast.get_docstring(house.tree(file))
    ]

    assert silent == []


@pytest.mark.parametrize("name", [*SHARED_NAMES, *OWN_NAMES])
def test_every_setting_stands_in_the_example(house: House, name: str) -> None:
    example = (house.root / ".env.example").read_text(encoding="utf-8")

    assert re.search(rf"^#{name}=", example, re.MULTILINE)


def test_the_example_holds_no_setting_that_nobody_reads(house: House) -> None:
    example = (house.root / ".env.example").read_text(encoding="utf-8")

    assert set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) == {*SHARED_NAMES, *OWN_NAMES}


def test_no_file_tells_on_which_machine_it_was_made(house: House) -> None:
    found = [
        f"{file}: {what}: {match[0]}"
        for file in tracked(house)
        if file.suffix in TEXT_SUFFIXES and file != Path("tests/house/test_habits.py")
        for what, pattern in TRACES.items()
        if (match := pattern.search((house.root / file).read_text(encoding="utf-8")))
    ]

    assert found == []


def files_that_call(house: House, method: str) -> set[str]:
    """Return the files of the application that call ``something.method(…)``."""
    return {
        house.name(file)
        for file, call in house.calls("webapp", "workers", "setup")
        if isinstance(call.func, ast.Attribute) and call.func.attr == method
    }


def tracked(house: House) -> list[Path]:
    """Return the files that belong to the project, as git sees them."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=house.root,
        capture_output=True,
        text=True,
        check=True,
    )
    files = (Path(line) for line in listing.stdout.splitlines())
    return [file for file in files if (house.root / file).is_file()]
