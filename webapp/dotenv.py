"""Reads ``.env``: one NAME=value a line, for whoever would rather not set the environment."""

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")
_QUOTED = re.compile(r"""(["'])(.*)\1(?:\s+#.*)?""")


class BadLine(ValueError):
    """A line of the file cannot be read; the message names the file and the line."""


def find() -> Path | None:
    """Return the file that counts: the working folder's, else the one beside ``wsgi.py``."""
    files = (Path.cwd() / ".env", ROOT / ".env")
    return next((file for file in files if file.is_file()), None)


def completed(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with what ``.env`` adds to it; what is set already goes before it.

    Raises:
        BadLine: the file has a line that is no setting, or is not UTF-8.
    """
    file = find()
    return {**(read(file) if file else {}), **environ}


def read(file: Path) -> dict[str, str]:
    """Return the settings of a file; empty lines and those that begin with # say nothing.

    Raises:
        BadLine: a line is no setting, or the file is not UTF-8.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise BadLine(f"{file}: not written in UTF-8.") from None
    except OSError as error:
        raise BadLine(f"{file}: cannot be read ({error.strerror}).") from None
    settings = {}
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, value = _setting(f"{file}, line {number}", line)
            settings[name] = value
    return settings


def _setting(where: str, line: str) -> tuple[str, str]:
    # The line itself is not repeated: it may hold a secret.
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadLine(f"{where}: write NAME=value, or # before words that are no setting.")
    name, raw = found.groups()
    if raw[:1] not in ("'", '"'):
        return name, re.sub(r"(?:^|\s+)#.*", "", raw)
    quoted = _QUOTED.fullmatch(raw)
    if quoted is None:
        raise BadLine(f"{where}: the quotes around the value of {name} do not match.")
    return name, quoted[2]
