"""The environment is made of what changed and of nothing else, and complains in one line."""

import sys
from pathlib import Path

import pytest

from setup import environment


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A house of one lock file, with nothing installed."""
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(environment, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    (tmp_path / "some.lock").write_text("one==1\n", encoding="ascii")
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run."""
    seen: list[list[str]] = []
    monkeypatch.setattr(
        environment, "_run", lambda _what, command, *_rest, **_more: seen.append(command)
    )
    return seen


def test_a_lock_is_installed_once(elsewhere: Path, commands: list[list[str]]) -> None:
    environment.install("some.lock")
    environment.install("some.lock")

    assert len(commands) == 1
    assert "--require-hashes" in commands[0]


def test_a_changed_lock_is_installed_again(elsewhere: Path, commands: list[list[str]]) -> None:
    environment.install("some.lock")
    (elsewhere / "some.lock").write_text("one==2\n", encoding="ascii")
    environment.install("some.lock")

    assert len(commands) == 2


def test_an_installation_that_failed_is_tried_again(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.shutil, "which", lambda _name: sys.executable)

    for _ in range(2):
        with pytest.raises(environment.CannotSetUp, match=r"some\.lock"):
            environment.install("some.lock")


def test_an_old_python_is_told_so_in_one_line(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.sys, "version_info", (3, 10, 4))

    with pytest.raises(environment.CannotSetUp, match=r"3\.11 or newer") as complaint:
        environment.make_environment()

    assert "\n" not in str(complaint.value)


def test_a_missing_venv_is_told_with_the_package_that_helps(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.shutil, "which", lambda _name: None)
    # What Debian without python3-venv looks like: a name that cannot be imported.
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    with pytest.raises(environment.CannotSetUp, match=r"apt-get install python3\.\d+-venv") as line:
        environment.make_environment()

    assert "\n" not in str(line.value)


@pytest.mark.parametrize(
    ("version", "is_taken"),
    [("v18.19.0", False), ("v20.0.0", True), ("v24.1.0", True), ("", False)],
)
def test_node_is_taken_from_the_path_when_it_is_recent(
    tmp_path: Path, version: str, is_taken: bool
) -> None:
    for name in ("node", "npm"):
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\necho {version}\n", encoding="ascii")
        file.chmod(0o755)

    assert environment._is_recent_enough(str(tmp_path / "node")) is is_taken


def test_the_fingerprint_knows_names_and_contents(elsewhere: Path) -> None:
    lock = elsewhere / "some.lock"
    before = environment.fingerprint([lock])
    moved = lock.rename(elsewhere / "other.lock")

    assert environment.fingerprint([moved]) != before
