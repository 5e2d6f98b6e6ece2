"""Which kind of file derivatives should be: time and size of JPEG and WebP at the same quality.

Run: ``python -m tests.bench.derivatives``. Every photo is scaled once, as ``make_derivatives``
does it, and then encoded in every way. WebP is compared at the lowest quality that looks as much
like the scaled picture (structural similarity of brightness, 8 x 8 blocks) as our JPEG does.
"""

import io
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, features

from tests import pictures
from webapp.adapters import derivatives

REPEATS = 5
WEBP_QUALITIES = range(50, 96, 3)
# Effort 0 is WebP's fastest, 4 its default.
WEBP_METHODS = (0, 2, 4)


@dataclass(frozen=True)
class Encoded:
    """One way to encode one picture: processor time, size, and likeness (1 is the same)."""

    milliseconds: float
    kilobytes: float
    likeness: float


def main() -> None:
    """Print the table and what it says."""
    print(f"{platform.machine()}, Python {platform.python_version()}, Pillow {PIL.__version__},")
    print(f"libjpeg-turbo {features.version('libjpeg_turbo')}, libwebp {features.version('webp')}")
    with TemporaryDirectory() as folder:
        photos = list(sample(Path(folder)))
        scaled = [derivatives.read_upright(path) for path in photos]
        print(f"{len(photos)} photos, their large derivative ({derivatives.LARGE_PX} px at most)\n")
        jpeg = [encode(picture, save_jpeg) for picture in scaled]
        tell(f"JPEG {derivatives.LARGE_QUALITY}", jpeg)
        for method in WEBP_METHODS:
            webp = [
                as_like(picture, best, method) for picture, best in zip(scaled, jpeg, strict=True)
            ]
            tell(f"WebP, effort {method}, as like", webp, jpeg)
        tell_whole(photos)


def sample(folder: Path) -> Iterator[Path]:
    """Return photos: drawn ones of 12 megapixels, and the shared ones when they are here."""
    for seed in range(1, 4):
        path = folder / f"{seed}.jpg"
        path.write_bytes(pictures.photo(size=(4000, 3000), seed=seed, quality=90))
        yield path
    yield from (path for path, _ in pictures.shared_photos())


def save_jpeg(picture: Image.Image) -> bytes:
    """Encode as the application does."""
    return derivatives._encode(picture, derivatives.LARGE_QUALITY)


def encode(picture: Image.Image, save: Callable[[Image.Image], bytes]) -> Encoded:
    """Encode a picture some times; the middle time counts."""
    times = []
    data = b""
    for _ in range(REPEATS):
        started = time.process_time()
        data = save(picture)
        times.append(time.process_time() - started)
    shown = Image.open(io.BytesIO(data))
    return Encoded(statistics.median(times) * 1000, len(data) / 1024, likeness(picture, shown))


def as_like(picture: Image.Image, wanted: Encoded, method: int) -> Encoded:
    """Encode as WebP at the lowest quality that is at least as like as the other encoding."""
    for quality in WEBP_QUALITIES:

        def save(picture: Image.Image, quality: int = quality) -> bytes:
            target = io.BytesIO()
            picture.save(target, "WEBP", quality=quality, method=method)
            return target.getvalue()

        shown = Image.open(io.BytesIO(save(picture)))
        if likeness(picture, shown) >= wanted.likeness or quality == WEBP_QUALITIES[-1]:
            return encode(picture, save)
    raise AssertionError


def likeness(one: Image.Image, other: Image.Image) -> float:
    """Return the structural similarity of two pictures (Wang et al. 2004), blocks of 8 x 8."""
    a, b = _blocks(one), _blocks(other)
    mean_a, mean_b = a.mean(axis=1), b.mean(axis=1)
    spread_a, spread_b = a.var(axis=1), b.var(axis=1)
    together = ((a - mean_a[:, None]) * (b - mean_b[:, None])).mean(axis=1)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_a * mean_b + c1) * (2 * together + c2)
    below = (mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2)
    return float((above / below).mean())


def _blocks(picture: Image.Image) -> NDArray[np.float64]:
    grey = np.asarray(picture.convert("L"), dtype=np.float64)
    high, wide = grey.shape[0] // 8, grey.shape[1] // 8
    cut = grey[: high * 8, : wide * 8].reshape(high, 8, wide, 8)
    return cut.swapaxes(1, 2).reshape(-1, 64)


def tell(name: str, found: list[Encoded], beside: list[Encoded] | None = None) -> None:
    """Print the means of one way, and its cost beside another one's."""
    ms = statistics.mean(one.milliseconds for one in found)
    kb = statistics.mean(one.kilobytes for one in found)
    like = statistics.mean(one.likeness for one in found)
    line = f"{name:24} {ms:7.1f} ms {kb:8.1f} KB   likeness {like:.4f}"
    if beside:
        pairs = list(zip(found, beside, strict=True))
        slower = statistics.geometric_mean(a.milliseconds / b.milliseconds for a, b in pairs)
        larger = statistics.geometric_mean(a.kilobytes / b.kilobytes for a, b in pairs)
        line += f"   x{slower:.1f} time, x{larger:.2f} size, x{slower * larger:.1f} together"
    print(line)


def tell_whole(photos: list[Path]) -> None:
    """Print how long both derivatives of a 12 megapixel photo take, all steps included."""
    times = []
    for path in photos[:3]:
        started = time.process_time()
        derivatives.make_derivatives(path)
        times.append(time.process_time() - started)
    print(f"\nboth derivatives of a 12 megapixel JPEG: {statistics.median(times) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
