"""Draws the PNG icons from our mark, the kilometre stone; run it after changing the shapes here.

    python static/icons/draw.py

The shapes are those of ``icon.svg`` and of the mark in the header, in its 28 × 34 units.
"""

# A script that lies beside what it draws, not a package.
# ruff: noqa: INP001

from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parent
BAND, STONE, CAP = "#084e4e", "#ffffff", "#7fc4bf"
# Drawn four times as large and scaled down: Pillow's shapes have hard edges.
OVERSAMPLING = 4
# A launcher may cut a maskable icon down to a circle of 80% of its side, so the mark stays inside.
SHARE_OF_SIDE = {"icon": 0.74, "maskable": 0.52, "apple-touch-icon": 0.66}
CORNER_SHARE = 14 / 64
SIZES_PX = {"icon": (192, 512), "maskable": (192, 512), "apple-touch-icon": (180,)}
MARK_WIDTH, MARK_HEIGHT = 28, 34

BODY = [(2, 33), (2, 14.5), (26, 14.5), (26, 33)]
ROAD = [(12.6, 17), (15.4, 17), (20, 33), (8, 33)]
LINES = (
    [(13.5, 20), (14.5, 20), (14.8, 23), (13.2, 23)],
    [(13, 26), (15, 26), (15.5, 31), (12.5, 31)],
)
CAP_BOX = (2, 1, 26, 24)


def draw(name: str, size_px: int) -> Image.Image:
    """Return one icon; only ``icon`` has round corners, launchers cut the others themselves."""
    side = size_px * OVERSAMPLING
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    radius = side * CORNER_SHARE if name == "icon" else 0
    pen.rounded_rectangle((0, 0, side - 1, side - 1), radius, fill=BAND)
    _draw_stone(pen, side, side * SHARE_OF_SIDE[name] / MARK_HEIGHT)
    return image.resize((size_px, size_px), Image.Resampling.LANCZOS)


def _draw_stone(pen: ImageDraw.ImageDraw, side: int, scale: float) -> None:
    left = (side - MARK_WIDTH * scale) / 2
    top = (side - MARK_HEIGHT * scale) / 2

    def placed(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(left + x * scale, top + y * scale) for x, y in points]

    x0, y0, x1, y1 = CAP_BOX
    pen.pieslice(placed([(x0, y0), (x1, y1)]), 180, 360, fill=CAP)
    pen.polygon(placed(BODY), fill=STONE)
    pen.polygon(placed(ROAD), fill=BAND)
    for line in LINES:
        pen.polygon(placed(line), fill=STONE)


def main() -> None:
    """Write every icon beside this script."""
    for name, sizes in SIZES_PX.items():
        for size_px in sizes:
            file = f"{name}-{size_px}.png" if len(sizes) > 1 else f"{name}.png"
            draw(name, size_px).save(FOLDER / file, optimize=True)


if __name__ == "__main__":
    main()
