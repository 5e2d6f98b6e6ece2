"""Work-horses are forked from a worker that has used OpenCV: they can take prints and compare."""

import multiprocessing
import subprocess
import sys
from pathlib import Path

import cv2

from tests import pictures
from webapp.adapters.photo_matcher import PhotoPrint, compare, take_print
from webapp.domain.likeness import PhotoLikeness

ROOT = Path(__file__).resolve().parents[2]

# Comparing takes milliseconds: a fork that needs as long as this hangs.
ENDS_WITHIN_S = 60


def test_opencv_uses_one_thread_where_prints_are_taken() -> None:
    assert cv2.getNumThreads() == 1


def test_a_forked_process_finds_what_its_parent_finds() -> None:
    here = likeness()
    with multiprocessing.get_context("fork").Pool(2) as forks:
        there = [forks.apply_async(likeness) for _ in range(2)]
        assert [fork.get(ENDS_WITHIN_S) for fork in there] == [here, here]


def test_a_rehearsal_loads_what_the_first_print_would_load() -> None:
    program = (
        "import sys\n"
        "from webapp.adapters import photo_print\n"
        "photo_print.rehearse()\n"
        "from tests import pictures\n"
        "known = set(sys.modules)\n"
        "photo_print.take_print(pictures.photo(), sha256='0' * 64)\n"
        "print(*sorted(name for name in set(sys.modules) - known if name.startswith('scipy')))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == ""


def likeness() -> PhotoLikeness:
    """Take two prints of one street and compare them."""
    return compare(a_print(-0.4), a_print(0.5))


def a_print(side: float) -> PhotoPrint:
    """Take the print of a street seen from one side."""
    photo = pictures.seen_from(pictures.street(5, 480, 360), side)
    return take_print(photo, sha256="0" * 63 + str(int(side > 0)))
