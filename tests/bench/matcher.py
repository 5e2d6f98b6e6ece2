"""What telling two photos apart costs: one print and one comparison, beside the bare primitives.

Run: ``python -m tests.bench.matcher``. The primitive of a comparison is the product of both sets of
descriptors with the best match of each; the primitive of a print is OpenCV's SIFT on the same grey
picture. Photos are `../shared/data/scenes` when they are here, else drawn ones. Middle times of one
thread.
"""

import hashlib
import itertools
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

# Before numpy is loaded: one comparison is promised for one core.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2

from tests import pictures
from webapp.adapters import photo_print
from webapp.adapters.photo_matcher import PhotoPrint, compare, take_print

SCENES = pictures.ROOT.parent / "shared" / "data" / "scenes"
PHOTOS = 24
MOST_COMPARISON_MS = 15
MOST_PRINT_MS = 250


def main() -> None:
    """Print both times beside their primitives, and the memory of the process."""
    print(f"{platform.machine()}, Python {platform.python_version()}, OpenCV {cv2.__version__}")
    photos = sample()
    prints = [take_print(photo, sha256=hashlib.sha256(photo).hexdigest()) for photo in photos]
    pairs = list(itertools.combinations(prints, 2))
    print(f"{len(photos)} photos, {statistics.median(map(len, prints)):.0f} features each\n")
    tell("one comparison", middle_ms(compare, pairs), middle_ms(bare_match, pairs))
    print(f"    (aim: {MOST_COMPARISON_MS} ms on one quiet core)")
    taken = middle_ms(lambda photo: take_print(photo, sha256="0" * 64), zip(photos, strict=True))
    greys = [(photo_print._grey(photo_print._decoded(photo)),) for photo in photos]
    tell("one print", taken, middle_ms(bare_sift, greys))
    print(f"    (aim: {MOST_PRINT_MS} ms)")
    sizes = [len(one.to_bytes()) for one in prints]
    print(f"largest print: {max(sizes):,} bytes of {photo_print.MAX_PRINT_BYTES:,}")
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"most memory of this process: {most_mb:.0f} MB")


def sample() -> list[bytes]:
    """Return the bytes of some photos."""
    if SCENES.exists():
        return [path.read_bytes() for path in sorted(SCENES.glob("*.jpg"))[:PHOTOS]]
    print("../shared/data/scenes is not here: drawn photos only")
    return [pictures.photo(size=(1600, 1200), seed=seed) for seed in range(1, 9)]


def bare_match(one: PhotoPrint, other: PhotoPrint) -> Any:
    """Match by descriptors alone, without geometry."""
    likeness = one.descriptors() @ other.descriptors().T
    return likeness.argmax(axis=1), likeness.argmax(axis=0)


def bare_sift(grey: Any) -> Any:
    """Find and describe as many features as a print keeps."""
    sift = cv2.SIFT_create(nfeatures=photo_print.MAX_FEATURES)  # type: ignore[attr-defined]
    return sift.detectAndCompute(grey, None)


def middle_ms(work: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> float:
    """Return the median of the milliseconds of processor time that the work takes."""
    times = []
    for given in arguments:
        started = time.process_time()
        work(*given)
        times.append(time.process_time() - started)
    return statistics.median(times) * 1000


def tell(name: str, ours: float, bare: float) -> None:
    """Print one line: our time, the primitive's, and how many times as long ours is."""
    print(f"{name:16} {ours:7.1f} ms   bare {bare:7.1f} ms   x{ours / bare:.1f}")


if __name__ == "__main__":
    main()
