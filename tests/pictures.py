"""Draws photos for tests: any size and kind, with whatever EXIF a test wants to see read."""

import io
import json
import random
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

ROOT = Path(__file__).resolve().parent.parent
SHARED_PHOTOS = ROOT.parent / "shared" / "data" / "photos"

VINH_HAI = (11.705, 109.2)

# Numbers of EXIF tags, as TIFF writes them.
MAKE, MODEL, ORIENTATION, EXIF_IFD, GPS_IFD = 0x010F, 0x0110, 0x0112, 0x8769, 0x8825
DATE_TIME_ORIGINAL, OFFSET_TIME_ORIGINAL = 0x9003, 0x9011
LATITUDE_REF, LATITUDE, LONGITUDE_REF, LONGITUDE = 1, 2, 3, 4


@cache
def scene(width: int = 640, height: int = 480, seed: int = 1) -> Image.Image:
    """Draw something with soft and hard edges and grain, as photos have them."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 256, (max(2, height // 60), max(2, width // 60), 3), dtype=np.uint8)
    soft = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    hard = Image.fromarray(coarse[::-1]).resize((width, height), Image.Resampling.NEAREST)
    mixed = Image.blend(soft, hard.filter(ImageFilter.BoxBlur(1)), 0.35)
    grain = chance.normal(0, 5, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(mixed) + grain, 0, 255).astype(np.uint8))


@cache
def street(seed: int, width: int = 1024, height: int = 768) -> Image.Image:
    """Draw a street front of its own: signs, windows, goods and letters, all sharp."""
    chance = random.Random(seed)
    picture = Image.new("RGB", (width, height), (170, 175, 180))
    brush = ImageDraw.Draw(picture)
    for _ in range(260):
        x, y = chance.randrange(width), chance.randrange(height)
        across, down = chance.randrange(8, 130), chance.randrange(8, 90)
        colour = tuple(chance.randrange(256) for _ in range(3))
        box = (x, y, x + across, y + down)
        draw = chance.choice((brush.rectangle, brush.ellipse, brush.rectangle))
        draw(box, fill=colour, outline=(20, 20, 20))
    for _ in range(90):
        word = "".join(chance.choice("ABCDEHKLMNOPRSTUVXY") for _ in range(5))
        spot = (chance.randrange(width), chance.randrange(height))
        brush.text(spot, word, fill=(10, 10, 10), font_size=chance.randrange(12, 40))
    return picture


def seen_from(picture: Image.Image, side: float, *, quality: int = 82) -> bytes:
    """Return the JPEG of a picture as somebody photographs it who stands further to one side.

    Args:
        picture: the scene.
        side: from -1 (far left) to 1 (far right); 0 is the picture itself, encoded anew.
        quality: of the JPEG.
    """
    width, height = picture.size
    near, far = 0.10 * max(0.0, side), 0.10 * max(0.0, -side)
    corners = [
        (width * near, height * near),
        (width * (1 - far), height * far),
        (width * (1 - far), height * (1 - far)),
        (width * near, height * (1 - near)),
    ]
    target = io.BytesIO()
    flat = [degree for corner in _from_top_left(corners) for degree in corner]
    turned = picture.transform(picture.size, Image.Transform.QUAD, flat)
    turned.save(target, "JPEG", quality=quality)
    return target.getvalue()


def _from_top_left(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return corners in the order that Pillow's QUAD wants: counter-clockwise."""
    top_left, top_right, bottom_right, bottom_left = corners
    return [top_left, bottom_left, bottom_right, top_right]


def photo(
    *,
    size: tuple[int, int] = (640, 480),
    kind: str = "JPEG",
    seed: int = 1,
    exif: Image.Exif | None = None,
    **options: Any,
) -> bytes:
    """Return the bytes of a photo; other seeds are other photos."""
    target = io.BytesIO()
    if exif is not None:
        options["exif"] = exif
    scene(*size, seed).save(target, kind, **options)
    return target.getvalue()


def exif(
    *,
    position: tuple[float, float] | None = None,
    captured_at: str | None = None,
    offset: str | None = None,
    orientation: int | None = None,
    model: str | None = None,
    make: str | None = None,
    gps: Mapping[int, Any] | None = None,
) -> Image.Exif:
    """Make EXIF as a phone writes it; ``gps`` replaces the GPS tags one by one, by number."""
    made = Image.Exif()
    plain = {MAKE: make, MODEL: model, ORIENTATION: orientation}
    made.update({tag: value for tag, value in plain.items() if value is not None})
    times = {DATE_TIME_ORIGINAL: captured_at, OFFSET_TIME_ORIGINAL: offset}
    if captured_at or offset:
        made[EXIF_IFD] = {tag: value for tag, value in times.items() if value is not None}
    if position is not None or gps is not None:
        made[GPS_IFD] = {**(_gps(*position) if position else {}), **(gps or {})}
    return made


def _gps(latitude: float, longitude: float) -> dict[int, Any]:
    return {
        LATITUDE_REF: "N" if latitude >= 0 else "S",
        LATITUDE: _sexagesimal(abs(latitude)),
        LONGITUDE_REF: "E" if longitude >= 0 else "W",
        LONGITUDE: _sexagesimal(abs(longitude)),
    }


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    minutes = degrees % 1 * 60
    return float(int(degrees)), float(int(minutes)), minutes % 1 * 60


def shared_photos() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Return the photos that lie beside the project, with what is known of them; say if none do."""
    manifest = SHARED_PHOTOS / "manifest.json"
    if not manifest.exists():
        warnings.warn("../shared/data/photos is not here: own photos only", stacklevel=2)
        return
    for entry in json.loads(manifest.read_text(encoding="utf-8"))["files"]:
        yield SHARED_PHOTOS / entry["file"], entry
