"""Takes the print of a photo: all that is kept of it for telling whether two show one scene.

A print holds the hash of the bytes, a perceptual hash, and up to 1200 local features (RootSIFT:
Lowe 2004; Arandjelovic and Zisserman 2012), quantised so that no photo needs more than 64 KB.
"""

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from webapp.adapters.derivatives import UnreadablePhoto, read_upright

# The triage worker forks for each job, and its cores are shared: no threads inside of OpenCV.
cv2.setNumThreads(1)

# Stored beside the bytes; a print of another version is taken again.
PRINT_VERSION = 1

MAX_PRINT_BYTES = 65_536

# The longest side at which features are sought; 1600 px costs three times the time.
WORKING_PX = 1024
MAX_FEATURES = 1200

# A quarter of Lowe's 0.04: night photos and worn asphalt have little contrast, and ANMS, not
# this threshold, chooses what is kept.
_CONTRAST_THRESHOLD = 0.01
# As many of the strongest are looked at; the work of the choice grows with the square.
_CHOICE_OF = 3000
# Brown, Szeliski and Winder 2005: a neighbour must be this much stronger to push one aside.
_ROBUSTNESS = 0.9
_BLOCK = 256

# Three bits hold a RootSIFT value; few are above 0.28 (the length of the vector is 1). Four bits
# would leave room for 920 features, two for 1700; 1200 find most in the time that there is.
_BITS = 3
_LEVELS = (1 << _BITS) - 1
_GREATEST_VALUE = 0.28
_VALUES = 128

_HEADER = struct.Struct("<4sB32sQHHH")
_MAGIC = b"ALPP"
_FEATURE = np.dtype(
    [("x", "<u2"), ("y", "<u2"), ("size", "u1"), ("angle", "u1"), ("values", "u1", (48,))]
)
_CHECKSUM = struct.Struct("<I")
# Sizes are kept as logarithms, 24 steps an octave; positions in 32nds of a pixel.
_SIZE_STEPS = 24
_POSITION_STEPS = 32


@dataclass(frozen=True, eq=False)
class PhotoPrint:
    """The print of one photo.

    Attributes:
        sha256: of the bytes the photo is known by, 64 hexadecimal digits.
        perceptual_hash: 64 bits of the low frequencies (pHash).
        width_px: of the picture at its working size, as ``height_px``.
        features: one row a feature, in the form in which it is stored.
    """

    sha256: str
    perceptual_hash: int
    width_px: int
    height_px: int
    features: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.features)

    def points(self) -> NDArray[np.float64]:
        """Return x and y of each feature in pixels of the working size, shape (n, 2)."""
        stored = np.stack([self.features["x"], self.features["y"]], axis=1)
        return stored.astype(np.float64) / _POSITION_STEPS

    def octaves(self) -> NDArray[np.float64]:
        """Return the binary logarithm of each feature's size, shape (n,)."""
        return self.features["size"].astype(np.float64) / _SIZE_STEPS

    def angles(self) -> NDArray[np.float64]:
        """Return each feature's direction in radians, shape (n,)."""
        return self.features["angle"].astype(np.float64) * (2 * np.pi / 256)

    def descriptors(self) -> NDArray[np.float32]:
        """Return unit vectors, shape (n, 128): the scalar product of two is their likeness."""
        bits = np.unpackbits(self.features["values"], axis=1).reshape(-1, _VALUES, _BITS)
        values = (bits[:, :, 0] << 2 | bits[:, :, 1] << 1 | bits[:, :, 2]).astype(np.float32)
        lengths = np.linalg.norm(values, axis=1, keepdims=True)
        return np.asarray(values / np.maximum(lengths, 1e-6), np.float32)

    def to_bytes(self) -> bytes:
        """Return the stored form: header, features, checksum."""
        head = _HEADER.pack(
            _MAGIC,
            PRINT_VERSION,
            bytes.fromhex(self.sha256),
            self.perceptual_hash,
            self.width_px,
            self.height_px,
            len(self),
        )
        body = head + self.features.tobytes()
        return body + _CHECKSUM.pack(zlib.crc32(body))

    @classmethod
    def from_bytes(cls, raw: bytes) -> "PhotoPrint":
        """Read a print back.

        Raises:
            ValueError: not a print, of another version, cut off or damaged.
        """
        if len(raw) < _HEADER.size + _CHECKSUM.size or raw[:4] != _MAGIC:
            raise ValueError("not the print of a photo")
        _, version, sha256, perceptual_hash, width_px, height_px, count = _HEADER.unpack_from(raw)
        if version != PRINT_VERSION:
            raise ValueError(f"print of version {version}, not {PRINT_VERSION}")
        body, checksum = raw[: -_CHECKSUM.size], raw[-_CHECKSUM.size :]
        is_whole = len(body) == _HEADER.size + count * _FEATURE.itemsize
        is_whole = is_whole and width_px > 0 and height_px > 0
        if not is_whole or _CHECKSUM.pack(zlib.crc32(body)) != checksum:
            raise ValueError("print is cut off or damaged")
        features = np.frombuffer(body, _FEATURE, count, _HEADER.size)
        return cls(sha256.hex(), perceptual_hash, width_px, height_px, features)


def take_print(source: Path | str | bytes, *, sha256: str) -> PhotoPrint:
    """Decode a photo, upright, and take its print.

    Args:
        source: a file, or its bytes.
        sha256: what the photo is known by, 64 hexadecimal digits.

    Raises:
        UnreadablePhoto: the pixels cannot be decoded to their end.
    """
    picture = _decoded(source)
    grey = _grey(picture)
    height_px, width_px = grey.shape
    return PhotoPrint(sha256, _perceptual_hash(picture), width_px, height_px, _features(grey))


def _decoded(source: Path | str | bytes) -> Image.Image:
    try:
        return read_upright(io.BytesIO(source) if isinstance(source, bytes) else Path(source))
    # Decoders raise whatever damaged bytes make them raise.
    except Exception as error:
        raise UnreadablePhoto(f"{type(error).__name__}: {error}"[:200]) from error


def rehearse() -> None:
    """Take the print of a plain picture, so that what is forked after it starts warm.

    The first perceptual hash of a process loads SciPy's cosine transform, which takes longer than
    the hash of all the photos that a work-horse ever sees.
    """
    plain = Image.new("RGB", (WORKING_PX // 8, WORKING_PX // 8))
    _perceptual_hash(plain)
    _features(_grey(plain))


def _perceptual_hash(picture: Image.Image) -> int:
    return int(str(imagehash.phash(picture)), 16)


def _grey(picture: Image.Image) -> NDArray[np.uint8]:
    scale = min(1.0, WORKING_PX / max(picture.size))
    grey = np.asarray(picture.convert("L"))
    if scale == 1.0:
        return grey
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _features(grey: NDArray[np.uint8]) -> NDArray[np.void]:
    sift = cv2.SIFT_create(nfeatures=0, contrastThreshold=_CONTRAST_THRESHOLD)  # type: ignore[attr-defined]
    found = sorted(sift.detect(grey, None), key=_strongest_first)[:_CHOICE_OF]
    chosen = [found[index] for index in _well_spread(found)]
    chosen, values = sift.compute(grey, chosen) if chosen else ([], None)
    features = np.zeros(len(chosen), _FEATURE)
    if values is None:
        return features
    features["x"] = _stored([point.pt[0] * _POSITION_STEPS for point in chosen], 65_535)
    features["y"] = _stored([point.pt[1] * _POSITION_STEPS for point in chosen], 65_535)
    features["size"] = _stored([np.log2(point.size) * _SIZE_STEPS for point in chosen], 255)
    features["angle"] = np.round([point.angle * 256 / 360 for point in chosen]).astype(int) % 256
    features["values"] = _packed(values)
    return features


def _strongest_first(point: Any) -> tuple[float, ...]:
    # The rest of the key makes the order, and so the print, the same at every run.
    return (-point.response, *point.pt, point.size, point.angle)


def _well_spread(points: list[Any]) -> NDArray[np.intp]:
    """Return the features whose nearest clearly stronger neighbour is farthest (ANMS).

    Args:
        points: OpenCV's features, strongest first.
    """
    places = np.array([point.pt for point in points], np.float32).reshape(-1, 2)
    strength = np.array([point.response for point in points], np.float32)
    room = np.full(len(points), np.inf, np.float32)
    # In blocks, for the table of all distances would take as much memory as the photo itself.
    for start in range(0, len(points), _BLOCK):
        end = start + _BLOCK
        x = places[start:end, 0, None] - places[:end, 0]
        y = places[start:end, 1, None] - places[:end, 1]
        is_stronger = _ROBUSTNESS * strength[:end] > strength[start:end, None]
        room[start:end] = np.where(is_stronger, x * x + y * y, np.inf).min(axis=1)
    return np.argsort(-room, kind="stable")[:MAX_FEATURES]


def _packed(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return RootSIFT at three bits a value, shape (n, 48)."""
    sums = np.maximum(values.sum(axis=1, keepdims=True), 1e-6)
    steps = np.sqrt(values / sums) * (_LEVELS / _GREATEST_VALUE)
    levels = np.clip(np.round(steps), 0, _LEVELS).astype(np.uint8)
    bits = np.stack([levels >> 2, levels >> 1, levels], axis=2) & 1
    return np.packbits(bits.reshape(len(levels), -1), axis=1)


def _stored(values: list[float], greatest: int) -> NDArray[np.float64]:
    return np.clip(np.round(values), 0, greatest)
