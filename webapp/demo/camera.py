"""Photographs the drawn scenes: whoever stands elsewhere, or comes later, gets another picture.

A drawing is what stands at one spot. Each spot sees its drawing in its own way (mirrored, nearer,
in other colours), so that no two spots have one picture; each phone at the spot sees that from its
own side and in the light of its hour, so that the pictures differ as photos of one scene do.
Everything is drawn from names: the same shot is the same bytes, whenever it is taken.
"""

import math
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PICTURES = Path(__file__).parent / "pictures"

JPEG_QUALITY = 80
# What a messenger makes of a photo that is passed on.
COPY_WIDTH_PX = 640
COPY_QUALITY = 60

# Width and height of a photo whose phone lay, and of one whose phone stood: flat colours need no
# more, and every pixel makes the first start longer, for features are sought in all of them.
LYING, STANDING = (800, 600), (600, 800)
# Of three phones one is held upright.
STANDING_SHARE = 1 / 3
# A spot shows this share of its drawing, and a phone this share of its spot's scene.
SPOT_SHARE, SIDE_SHARE = (0.86, 0.98), (0.70, 0.94)
# What a photo is about stays this far from its edges, as a share of it.
MARGIN = 0.22
# How much shorter one edge of the scene looks to who stands near the other.
TURN = (0.04, 0.16)
# How far from level a phone is held.
MOST_TILT = math.radians(3.0)
# Red, green and blue are multiplied by these; a spot's houses have their own colours.
MOST_TINT = 0.09

NOON = 12.0
# Until the hour: the light of the day, as factors of red, green and blue.
LIGHTS = (
    (5.5, (0.40, 0.44, 0.58)),
    (7.0, (1.02, 0.96, 0.88)),
    (11.0, (1.0, 1.0, 1.0)),
    (15.0, (0.96, 0.97, 0.95)),
    (17.5, (1.04, 0.95, 0.82)),
    (18.5, (0.72, 0.62, 0.62)),
    (24.0, (0.40, 0.44, 0.58)),
)

# What a drawing is about, as shares of its width and height, where that is not its middle.
FOCUS = {
    "corridor-stall": (0.42, 0.62),
    "other-rubbish": (0.22, 0.80),
    "parking-cars": (0.5, 0.75),
    "pavement-market-bikes": (0.62, 0.72),
    "pavement-market-end": (0.35, 0.55),
    "pavement-street": (0.45, 0.75),
    "road-coast": (0.48, 0.66),
    "road-culvert": (0.5, 0.72),
    "road-pothole": (0.32, 0.80),
    "sign-fallen": (0.60, 0.55),
    "sign-fallen-after": (0.80, 0.45),
    "sign-light-out": (0.75, 0.35),
    "visibility-bend": (0.62, 0.60),
    "visibility-tree": (0.76, 0.42),
    "visibility-tree-after": (0.78, 0.45),
}

USUAL_FOCUS = (0.5, 0.6)

Point = NDArray[np.float64]
Corners = NDArray[np.float64]
# Of the unit square, from the upper left one clockwise.
FRAME: Corners = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])


@dataclass(frozen=True)
class Shot:
    """One photo: of which drawing, at which spot, from which side of it, at which hour.

    ``side`` names who stands where; an empty one stands in the middle. ``hour`` is local, 0 to
    24. A copy is the same photo, made smaller on its way.
    """

    drawing: str
    spot: str
    side: str = ""
    hour: float = NOON
    is_copy: bool = False

    def copied(self) -> "Shot":
        """Return the photo as it arrives after it was passed on."""
        return replace(self, is_copy=True)


def take(shot: Shot) -> bytes:
    """Return the JPEG of a shot; a damaged drawing is sent as it is."""
    if shot.drawing == "damaged":
        return _file(shot.drawing).read_bytes()
    drawing = _drawing(shot.drawing)
    corners = _corners(shot) * drawing.size
    size = STANDING if is_standing(shot) else LYING
    seen = drawing.transform(
        size,
        Image.Transform.PERSPECTIVE,
        _coefficients(corners, FRAME * size),
        Image.Resampling.BILINEAR,
    )
    return _encoded(_lit(seen, shot), is_copy=shot.is_copy)


def _corners(shot: Shot) -> Corners:
    """Return which corners of the drawing become the corners of the photo, as shares of it."""
    chance = Random(f"spot {shot.spot}")  # noqa: S311 - not for secrets
    is_mirrored = chance.choice((False, True))
    focus = np.array(FOCUS.get(shot.drawing, USUAL_FOCUS))
    if is_mirrored:
        focus[0] = 1 - focus[0]
    scene = _window(chance, focus, np.full(2, chance.uniform(*SPOT_SHARE)))
    corners = _from_side(shot, scene, focus) if shot.side else scene
    return corners * (-1, 1) + (1, 0) if is_mirrored else corners


def _window(chance: Random, focus: Point, size: Point) -> Corners:
    """Return a part of the unit square of a size, with the focus well inside of it."""
    inside = np.array([chance.uniform(MARGIN, 1 - MARGIN) for _axis in "xy"])
    corner = np.clip(focus - inside * size, 0, 1 - size)
    return corner + FRAME * size


def _from_side(shot: Shot, scene: Corners, focus: Point) -> Corners:
    """Return the part of a spot's scene that is seen from a side, one edge turned away."""
    chance = Random(f"side {shot.spot} {shot.side}")  # noqa: S311 - not for secrets
    low, extent = scene[0], scene[2] - scene[0]
    size = np.full(2, chance.uniform(*SIDE_SHARE))
    if is_standing(shot):
        size[0] *= STANDING[0] / STANDING[1] * LYING[1] / LYING[0]
    seen = _window(chance, (focus - low) / extent, size)
    turn, tilt = chance.uniform(*TURN), chance.uniform(-MOST_TILT, MOST_TILT)
    turned = _tilted(_turned(seen, turn, is_left=chance.choice((False, True))), tilt)
    return low + np.clip(turned, 0, 1) * extent


def _turned(seen: Corners, turn: float, *, is_left: bool) -> Corners:
    """Shorten the left or the right edge of a window, so that it fills the photo's height."""
    upper, lower = (0, 3) if is_left else (1, 2)
    shorter = np.zeros((4, 2))
    shorter[upper, 1], shorter[lower, 1] = turn / 2, -turn / 2
    return seen + shorter * (seen[2, 1] - seen[0, 1])


def _tilted(seen: Corners, angle: float) -> Corners:
    middle = seen.mean(axis=0)
    turn = np.array([(math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))])
    return middle + (seen - middle) @ turn.T


def is_standing(shot: Shot) -> bool:
    """Tell whether a phone is held upright for a shot."""
    chance = Random(f"hold {shot.spot} {shot.side}")  # noqa: S311 - not for secrets
    return bool(shot.side) and chance.random() < STANDING_SHARE


def _coefficients(source: Corners, target: Corners) -> tuple[float, ...]:
    """Return Pillow's eight numbers of the projective map from target to source corners."""
    rows = []
    for (u, v), (x, y) in zip(source, target, strict=True):
        rows.append((x, y, 1, 0, 0, 0, -u * x, -u * y))
        rows.append((0, 0, 0, x, y, 1, -v * x, -v * y))
    return tuple(np.linalg.solve(np.array(rows), source.reshape(-1)).tolist())


def _lit(picture: Image.Image, shot: Shot) -> Image.Image:
    """Give a photo the light of its hour and its spot; what was drawn by night is dark already."""
    chance = Random(f"tint {shot.spot}")  # noqa: S311 - not for secrets
    hour = NOON if shot.drawing.endswith("night") else shot.hour
    light = next(factors for until, factors in LIGHTS if hour <= until)
    factors = [factor * (1 - chance.uniform(0, MOST_TINT)) for factor in light]
    return picture.point([min(255, round(v * f)) for f in factors for v in range(256)])


def _encoded(picture: Image.Image, *, is_copy: bool) -> bytes:
    quality = JPEG_QUALITY
    if is_copy:
        picture.thumbnail((COPY_WIDTH_PX, COPY_WIDTH_PX))
        quality = COPY_QUALITY
    file = BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


@cache
def _drawing(name: str) -> Image.Image:
    with Image.open(_file(name)) as image:
        return image.convert("RGB")


def _file(name: str) -> Path:
    return PICTURES / f"{name}.jpg"
