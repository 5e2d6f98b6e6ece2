"""Pins every Python package with its hashes, for all systems: ``make lock``."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# No addresses and no comments: the files say what is installed and nothing about where it was made.
OPTIONS = (
    *("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet"),
    *("--python-version", "3.11", "--no-emit-index-url", "--no-config"),
)

# The production lock comes first and binds the others: a test must not run on other versions.
LOCKS = {
    "requirements.lock": ("pyproject.toml",),
    "requirements-dev.lock": ("pyproject.toml", "--group", "dev", "-c", "requirements.lock"),
    "requirements-node.lock": ("--group", "node"),
    "requirements-postgres.lock": ("--group", "postgres", "-c", "requirements-dev.lock"),
}


def main() -> int:
    """Write every lock file again."""
    uv = shutil.which("uv")
    if uv is None:
        print("make lock needs uv: python3 -m pip install uv", file=sys.stderr)
        return 1
    for lock, wishes in LOCKS.items():
        command = [uv, "pip", "compile", *OPTIONS, "--upgrade", *wishes, "-o", lock]
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
