"""Turns the drawn scenes (SVG) into pictures (JPEG) for the camera, with a browser.

Only needed after a drawing was changed: ``.venv/bin/python -m webapp.demo.draw``. The JPEG files
are committed, so that the demonstration starts without a browser.
"""

import os
from pathlib import Path

from PIL import Image
from PIL.ExifTags import GPS, IFD
from playwright.sync_api import Page, sync_playwright

from webapp.demo.camera import PICTURES

WIDTH_PX, HEIGHT_PX = 1280, 960
# Flat colours show no rings at this quality, and a picture stays near 50 KB.
JPEG_QUALITY = 76
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]

# A photo that knows its place and lost half of its pixels, for the desk of held reports.
DAMAGED_FROM = "road-pothole-close"
DAMAGED_LATITUDE = (11.0, 38.0, 24.0)  # 11°38'24" N, 109°6' E: xã Nhơn Hải's inland road
DAMAGED_LONGITUDE = (109.0, 6.0, 0.0)

FRAME = """<!doctype html><style>body {{ margin: 0 }} svg {{ display: block }}</style>
<body>{svg}</body>"""


def draw_all() -> None:
    """Draw every SVG of the folder beside it as JPEG."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX})
        for drawing in sorted(PICTURES.glob("*.svg")):
            draw(page, drawing)
        browser.close()
    damage(PICTURES / f"{DAMAGED_FROM}.jpg")


def draw(page: Page, drawing: Path) -> None:
    """Draw one SVG as a JPEG of the same name."""
    page.set_content(FRAME.format(svg=drawing.read_text(encoding="utf-8")))
    page.screenshot(path=drawing.with_suffix(".jpg"), type="jpeg", quality=JPEG_QUALITY)


def damage(picture: Path) -> None:
    """Write a picture's position into it and cut its bytes in the middle of the pixels."""
    whole = picture.with_name("damaged.jpg")
    with Image.open(picture) as image:
        exif = image.getexif()
        exif.get_ifd(IFD.GPSInfo).update(
            {
                GPS.GPSLatitudeRef: "N",
                GPS.GPSLatitude: DAMAGED_LATITUDE,
                GPS.GPSLongitudeRef: "E",
                GPS.GPSLongitude: DAMAGED_LONGITUDE,
            }
        )
        image.save(whole, exif=exif, quality=JPEG_QUALITY)
    pixels = whole.read_bytes()
    whole.write_bytes(pixels[: len(pixels) // 2])


if __name__ == "__main__":
    draw_all()
