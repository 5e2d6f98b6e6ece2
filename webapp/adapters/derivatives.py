"""Makes the two pictures of a photo that people see: upright, scaled, and free of metadata."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from webapp.adapters.exif import orientation_of

# The longest side: 1600 px fills a district's desktop screen, 480 px a card on a 3x phone.
LARGE_PX = 1600
SMALL_PX = 480

_ORIENTATION_TAG = 0x0112

# EXIF's orientation -> what makes the picture upright.
_TO_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# JPEG rather than WebP (tests/bench/derivatives.py, libjpeg-turbo 3.2 and libwebp 1.6): at equal
# likeness WebP takes 5 to 14 times the processor time for a file that is no smaller, 1.3 to 1.07
# times the size; it wins at lower qualities only, and these pictures are looked at closely.
MEDIA_TYPE = "image/jpeg"
LARGE_QUALITY = 80
SMALL_QUALITY = 75


class UnreadablePhoto(Exception):
    """The pixels cannot be decoded: damaged, cut off, or more than the memory limit allows."""


@dataclass(frozen=True)
class Derivatives:
    """The bytes of both pictures, and what kind they are."""

    large: bytes
    small: bytes
    media_type: str


def make_derivatives(path: Path) -> Derivatives:
    """Decode the photo at ``path`` and make both derivatives. A picture is never enlarged.

    Metadata stay behind because the pixels are pasted into a new picture: a plain re-save keeps
    a JPEG's comment, its colour profile and more. The colour profile goes as well; the slight
    shift of a wide-gamut photo is the price of carrying nothing.

    Raises:
        UnreadablePhoto: the bytes cannot be decoded to their end.
    """
    try:
        large = read_upright(path)
    # Decoders raise whatever damaged bytes make them raise.
    except Exception as error:
        raise UnreadablePhoto(f"{type(error).__name__}: {error}"[:200]) from error
    small = large.copy()
    small.thumbnail((SMALL_PX, SMALL_PX), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return Derivatives(_encode(large, LARGE_QUALITY), _encode(small, SMALL_QUALITY), MEDIA_TYPE)


def read_upright(source: Path | BinaryIO) -> Image.Image:
    """Decode a photo as people see it: upright, RGB, at most 1600 px; raises what Pillow raises."""
    with Image.open(source, formats=("JPEG", "PNG", "WEBP")) as photo:
        orientation = _orientation(photo)
        box = _box(photo.size)
        # libjpeg can decode at a half, a quarter or an eighth; draft() compares both sides with
        # the box, so a square box would make it decode a landscape photo at full size.
        photo.draft("RGB", box)
        photo.load()
        plain = _plain(photo)
        scaled = plain.resize(box, Image.Resampling.LANCZOS, reducing_gap=2.0)
    clean = Image.new("RGB", box, "white")
    clean.paste(scaled, mask=scaled.getchannel("A") if scaled.mode == "RGBA" else None)
    return clean.transpose(_TO_UPRIGHT[orientation]) if orientation in _TO_UPRIGHT else clean


def _box(size: tuple[int, int]) -> tuple[int, int]:
    """Return the photo's own shape with a longest side of at most 1600 px."""
    longest = max(size)
    if longest <= LARGE_PX:
        return size
    width, height = (max(1, round(side * LARGE_PX / longest)) for side in size)
    return width, height


def _plain(photo: Image.Image) -> Image.Image:
    """Return the photo in a mode that scales smoothly: RGB, or RGBA when parts are transparent."""
    if photo.mode.startswith("I"):
        # 16-bit grey; Pillow's own conversion would clip it instead of scaling.
        return photo.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    mode = "RGBA" if photo.has_transparency_data else "RGB"
    return photo if photo.mode == mode else photo.convert(mode)


def _orientation(photo: Image.Image) -> int | None:
    try:
        return orientation_of(photo.getexif().get(_ORIENTATION_TAG))
    except Exception:  # noqa: BLE001 - malformed EXIF says nothing about the pixels
        return None


def _encode(picture: Image.Image, quality: int) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality, optimize=True)
    return target.getvalue()
