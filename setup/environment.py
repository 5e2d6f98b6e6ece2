"""Makes what the house needs: .venv, translations, static/dist; only what changed is redone.

Run by whatever Python is there (3.11 or newer), before anything is installed, so it imports
nothing but the standard library: ``python3 -m setup.environment [--dev]``.
"""

# An older Python must get as far as the line that tells it that it is too old.
from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
TRANSLATIONS = ROOT / "webapp" / "translations"
MANIFEST = ROOT / "static" / "dist" / "manifest.json"

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20


class CannotSetUp(RuntimeError):
    """Something is missing that we cannot bring; the message says in one line what would help."""


def main(arguments: list[str]) -> int:
    """Bring everything up to date; ``--dev`` adds what tests and checks need."""
    try:
        make_environment()
        install("requirements-dev.lock" if "--dev" in arguments else "requirements.lock")
        compile_translations()
        build_front_end()
    except CannotSetUp as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def make_environment() -> None:
    """Make .venv, by uv when it is there.

    Raises:
        CannotSetUp: this Python is too old, or cannot make environments.
    """
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:2]))
        raise CannotSetUp(f"An Lộ needs Python 3.11 or newer; {sys.executable} is {found}.")
    if PYTHON.exists():
        return
    if uv := shutil.which("uv"):
        _run("uv venv", [uv, "venv", "--quiet", "--python", sys.executable, str(VENV)])
        return
    if not _can_make_environments():
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise CannotSetUp(
            f"Python's venv is missing: apt-get install {package} (or install uv), then try again."
        )
    print("Making .venv …")
    _run("python -m venv", [sys.executable, "-m", "venv", str(VENV)])


def _can_make_environments() -> bool:
    # Debian takes ensurepip out of Python and ships it in python3-venv.
    try:
        import ensurepip
        import venv
    except ImportError:
        return False
    return bool(ensurepip.version() and venv.__name__)


def install(lock: str) -> None:
    """Install what a lock file names, hashes checked, unless it was installed already."""
    wanted = fingerprint([ROOT / lock])
    if _stamp(lock) == wanted:
        return
    print(f"Installing {lock} …", flush=True)
    if uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    else:
        command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run(f"installing {lock}", [*command, "--require-hashes", "-r", str(ROOT / lock)])
    _set_stamp(lock, wanted)


def compile_translations() -> None:
    """Turn the translations that people edit (.po) into those that are read (.mo)."""
    sources = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/*.po"))
    wanted = fingerprint(sources)
    if _stamp("translations") == wanted and all(po.with_suffix(".mo").exists() for po in sources):
        return
    if sources:
        pybabel = str(VENV / "bin" / "pybabel")
        _run("pybabel compile", [pybabel, "compile", "-d", str(TRANSLATIONS)], quiet=True)
    _set_stamp("translations", wanted)


def build_front_end() -> None:
    """Bring node_modules and static/dist up to date with their sources."""
    _install_node_packages()
    wanted = fingerprint(_front_end_sources())
    if _stamp("front-end") == wanted and MANIFEST.exists():
        return
    print("Building static/dist …", flush=True)
    node, environ = find_node()
    _run("building static/dist", [node, "static/build.mjs"], environ, quiet=True)
    _set_stamp("front-end", wanted)


def _front_end_sources() -> list[Path]:
    static = ROOT / "static"
    built = (static / "dist").parts
    files = (path for path in static.rglob("*") if path.is_file())
    ours = [path for path in files if path.parts[: len(built)] != built]
    return [*sorted(ours), ROOT / "package-lock.json"]


def _install_node_packages() -> None:
    wanted = fingerprint([ROOT / "package-lock.json"])
    if _stamp("package-lock.json") == wanted and (ROOT / "node_modules").exists():
        return
    print("Installing package-lock.json …", flush=True)
    node, environ = find_node()
    npm = str(Path(node).with_name("npm"))
    _run("npm ci", [npm, "ci", "--no-audit", "--no-fund"], environ, quiet=True)
    _set_stamp("package-lock.json", wanted)


def find_node() -> tuple[str, dict[str, str]]:
    """Return Node's path and the environment to run it in: PATH's own, else PyPI's."""
    for name in (shutil.which("node"), str(VENV / "bin" / "node")):
        if name and _is_recent_enough(name):
            return name, _with_path(Path(name).parent)
    install("requirements-node.lock")
    return str(VENV / "bin" / "node"), _with_path(VENV / "bin")


def _is_recent_enough(node: str) -> bool:
    if not Path(node).with_name("npm").exists():
        return False
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    version = re.match(r"v(\d+)\.", answer.stdout)
    return version is not None and int(version[1]) >= OLDEST_NODE


def _with_path(folder: Path) -> dict[str, str]:
    return os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def fingerprint(files: Iterable[Path]) -> str:
    """Return a hash of some files' names and contents, and of the Python that runs us."""
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for file in files:
        digest.update(f"\0{file.relative_to(ROOT)}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _stamp(name: str) -> str | None:
    try:
        return (STAMPS / name).read_text(encoding="ascii")
    except FileNotFoundError:
        return None


def _set_stamp(name: str, value: str) -> None:
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / name).write_text(value, encoding="ascii")


def _run(
    what: str, command: list[str], environ: dict[str, str] | None = None, *, quiet: bool = False
) -> None:
    """Run a program; a quiet one is heard only when it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=environ, check=False, text=True, capture_output=quiet
    )
    if done.returncode != 0:
        print(f"{done.stdout or ''}{done.stderr or ''}", end="", file=sys.stderr)
        raise CannotSetUp(f"Set-up stopped: {what} failed (see above).")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
