"""Tries one photo in a process of its own: what its bytes claim, and whether its pixels decode.

A web process must not decode strangers' bytes: a forged photo could take its memory, or hold its
thread for good. A fresh process takes a third of a second to start, and unlike a fork it shares
no lock with the threads of the server. ``python -m webapp.adapters.photo_trial PATH`` is that
process; it decodes by the very code that makes the derivatives later.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from webapp.adapters.derivatives import UnreadablePhoto, make_derivatives
from webapp.adapters.exif import ExifClaims, read_exif
from webapp.adapters.limits import limit_this_process

log = structlog.get_logger()

ROOT = Path(__file__).resolve().parents[2]

# 40 megapixels decode to 160 MB at most, and scaling needs about as much again (the worker's
# limit is twice this, for it prepares three photos in a row).
MEMORY_MB = 512
# The slowest photo of tests/bench/derivatives.py takes two seconds.
CPU_SECONDS = 15
# A crowded machine gives a process its processor time slowly; a person does not wait for longer.
WAIT_S = 45


@dataclass(frozen=True)
class Trial:
    """What came of a photo: what it claims, and whether people will be able to see it."""

    claims: ExifClaims
    is_readable: bool


def try_photo(path: Path) -> Trial:
    """Try the photo at ``path``; a process that dies or hangs means that nobody can read it."""
    command = [sys.executable, "-m", __name__, str(path)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, timeout=WAIT_S, check=True, text=True
        )
        answer = json.loads(done.stdout.splitlines()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        log.warning("photo_trial_failed", error=type(error).__name__)
        return Trial(ExifClaims(), is_readable=False)
    moment = answer["claims"].pop("captured_at")
    captured_at = datetime.fromisoformat(moment) if moment else None
    claims = ExifClaims(captured_at=captured_at, **answer["claims"])
    return Trial(claims, is_readable=answer["is_readable"])


def main(path: Path) -> None:
    """Try the photo within this process's limits, and print one line of JSON."""
    limit_this_process(MEMORY_MB, CPU_SECONDS)
    claims = read_exif(path)
    try:
        make_derivatives(path)
        is_readable = True
    except UnreadablePhoto:
        is_readable = False
    sys.stdout.write(json.dumps({"claims": claims.as_json(), "is_readable": is_readable}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
