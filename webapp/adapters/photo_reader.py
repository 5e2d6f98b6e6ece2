"""Tells from a photo's first bytes whether we take it; its pixels are left to ``derivatives``."""

from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from webapp.adapters.derivatives import Derivatives, UnreadablePhoto, make_derivatives
from webapp.adapters.exif import ExifClaims, read_exif
from webapp.domain.errors import InvalidInput, TooLarge, UnsupportedPhoto

__all__ = [
    "FORMATS",
    "MAX_PHOTO_BYTES",
    "MAX_PHOTO_PIXELS",
    "Derivatives",
    "ExifClaims",
    "PhotoHeader",
    "UnreadablePhoto",
    "check_header",
    "make_derivatives",
    "read_exif",
]

# product.md, "Bad input": what a good phone camera makes, and little more.
MAX_PHOTO_BYTES = 12 * 1024 * 1024
MAX_PHOTO_PIXELS = 40_000_000

# Pillow may try no other decoder: each one more is code that strangers' bytes could attack.
FORMATS = ("JPEG", "PNG", "WEBP")

# MPO is a JPEG with more pictures behind the first (depth, HDR): phones send it as .jpg.
_MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
}

_MAGIC_BYTES = 16
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif")


@dataclass(frozen=True)
class PhotoHeader:
    """What a photo says of itself before anything is decoded; sizes as stored, not upright."""

    media_type: str
    width_px: int
    height_px: int
    byte_size: int


def check_header(stream: BinaryIO) -> PhotoHeader:
    """Read kind and size from the first bytes; no pixel is decoded.

    Args:
        stream: a seekable stream with the whole file; it is left at its beginning.

    Raises:
        InvalidInput: the file is empty, or is of a kind we take and its header makes no sense.
        TooLarge: over 12 MB or over 40 megapixels.
        UnsupportedPhoto: not a JPEG, PNG or WebP file, whatever its name says.
    """
    byte_size = stream.seek(0, 2)
    if byte_size == 0:
        raise InvalidInput("photo_empty", field="photo")
    if byte_size > MAX_PHOTO_BYTES:
        raise TooLarge("photo_too_many_bytes", field="photo")
    _check_magic(stream)
    media_type, (width_px, height_px) = _read_header(stream)
    if width_px < 1 or height_px < 1:
        raise InvalidInput("photo_header_damaged", field="photo")
    if width_px * height_px > MAX_PHOTO_PIXELS:
        raise TooLarge("photo_too_many_pixels", field="photo")
    return PhotoHeader(media_type, width_px, height_px, byte_size)


def _check_magic(stream: BinaryIO) -> None:
    stream.seek(0)
    magic = stream.read(_MAGIC_BYTES)
    if magic[4:8] == b"ftyp" and magic[8:12] in _HEIF_BRANDS:
        raise UnsupportedPhoto("photo_is_heic", field="photo")
    is_webp = magic.startswith(b"RIFF") and magic[8:12] == b"WEBP"
    if not (is_webp or magic.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))):
        raise UnsupportedPhoto("photo_kind_unknown", field="photo")


def _read_header(stream: BinaryIO) -> tuple[str, tuple[int, int]]:
    stream.seek(0)
    try:
        image = Image.open(stream, formats=FORMATS)
        return _MEDIA_TYPES[image.format or ""], image.size
    except Image.DecompressionBombError:
        raise TooLarge("photo_too_many_pixels", field="photo") from None
    except UnidentifiedImageError:
        raise InvalidInput("photo_header_damaged", field="photo") from None
    except Exception:  # noqa: BLE001 - plugins raise whatever malformed headers make them raise
        raise InvalidInput("photo_header_damaged", field="photo") from None
    finally:
        stream.seek(0)
