"""What people see of a photo: upright, scaled, whole, and with nothing else in the file."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from tests import pictures
from webapp.adapters.derivatives import Derivatives, UnreadablePhoto, make_derivatives

# A sentence that no photo holds by chance: wherever it turns up, metadata came along.
CANARY = b"nobody may ever read this"


def derivatives_of(data: bytes, folder: Path) -> Derivatives:
    path = folder / "photo"
    path.write_bytes(data)
    return make_derivatives(path)


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures of one size, 0 to 255."""
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other)).mean)


@pytest.mark.parametrize(
    ("size", "large", "small"),
    [
        ((4000, 3000), (1600, 1200), (480, 360)),
        ((3000, 4000), (1200, 1600), (360, 480)),
        ((1600, 900), (1600, 900), (480, 270)),
        ((300, 200), (300, 200), (300, 200)),
        ((9000, 3), (1600, 1), (480, 1)),
    ],
)
def test_the_longest_side_is_scaled_and_nothing_is_enlarged(
    tmp_path: Path, size: tuple[int, int], large: tuple[int, int], small: tuple[int, int]
) -> None:
    made = derivatives_of(pictures.photo(size=size), tmp_path)

    assert (opened(made.large).size, opened(made.small).size) == (large, small)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_orientation_ends_upright(tmp_path: Path, kind: str, orientation: int) -> None:
    # What a camera held so would have stored is the opposite turn of what one should see.
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    seen = pictures.scene(320, 200)
    stored = seen.transpose(undo[orientation]) if orientation in undo else seen
    target = io.BytesIO()
    stored.save(target, kind, quality=95, exif=pictures.exif(orientation=orientation))

    upright = opened(derivatives_of(target.getvalue(), tmp_path).large)

    assert upright.size == seen.size
    assert difference(upright, seen) < 8


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_of_any_kind_is_left(tmp_path: Path, kind: str) -> None:
    words = CANARY.decode()
    claims = pictures.exif(position=pictures.VINH_HAI, model=words, orientation=6)
    options = {"icc_profile": CANARY * 40, "xmp": CANARY}
    if kind == "JPEG":
        options["comment"] = CANARY
    data = pictures.photo(kind=kind, exif=claims, **options) + CANARY
    assert data.count(CANARY) >= 2

    made = derivatives_of(data, tmp_path)

    for picture in (made.large, made.small):
        assert CANARY not in picture
        assert not opened(picture).getexif()
        assert set(opened(picture).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert _marker_names(picture) <= {"APP0", "DQT", "SOF0", "DHT", "SOS"}


def _marker_names(jpeg: bytes) -> set[str]:
    """Name the segments before the pixels."""
    names = {0xE0: "APP0", 0xDB: "DQT", 0xC0: "SOF0", 0xC4: "DHT", 0xDA: "SOS"}
    found, at = set(), 2
    while jpeg[at] == 0xFF:
        found.add(names.get(jpeg[at + 1], f"marker {jpeg[at + 1]:x}"))
        if jpeg[at + 1] == 0xDA:
            break
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return found


def test_what_is_transparent_becomes_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (200, 100), (200, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 100, 100))
    target = io.BytesIO()
    clear.save(target, "PNG")

    seen = opened(derivatives_of(target.getvalue(), tmp_path).large)

    assert min(seen.getpixel((180, 50))) > 250  # type: ignore[type-var, arg-type]
    assert seen.getpixel((20, 50))[2] > 240  # type: ignore[index]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_rare_kinds_of_pixels_are_shown_as_they_look(tmp_path: Path, mode: str) -> None:
    bright = Image.new("L", (200, 100), 255)
    bright.paste(0, (0, 0, 100, 100))
    stored = (
        bright.point(lambda v: v * 257, "I").convert("I;16")
        if mode == "I;16"
        else (bright.convert("RGB").convert(mode) if mode == "CMYK" else bright.convert(mode))
    )
    target = io.BytesIO()
    stored.save(target, "JPEG" if mode == "CMYK" else "PNG")

    seen = opened(derivatives_of(target.getvalue(), tmp_path).large).convert("L")

    assert seen.getpixel((20, 50)) < 15  # type: ignore[operator]
    assert seen.getpixel((180, 50)) > 240  # type: ignore[operator]


def test_a_multi_picture_file_shows_its_first_picture(tmp_path: Path) -> None:
    target = io.BytesIO()
    first = pictures.scene()
    first.save(target, "MPO", save_all=True, append_images=[pictures.scene(320, 240, seed=2)])

    assert difference(opened(derivatives_of(target.getvalue(), tmp_path).large), first) < 8


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_cut_off_photo_is_unreadable(tmp_path: Path, kind: str, share: float) -> None:
    whole = pictures.photo(kind=kind)

    with pytest.raises(UnreadablePhoto):
        derivatives_of(whole[: int(len(whole) * share)], tmp_path)


@pytest.mark.parametrize("data", [b"", b"no photo", b"\xff\xd8\xff\xe0\0\x10JFIF"])
def test_what_is_no_photo_is_unreadable(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnreadablePhoto):
        derivatives_of(data, tmp_path)


def test_malformed_exif_does_not_make_a_photo_unreadable(tmp_path: Path) -> None:
    data = bytearray(pictures.photo(exif=pictures.exif(orientation=6, model="SM-A556E")))
    start = data.index(b"Exif\0\0") + 6
    data[start : start + 20] = b"\xff" * 20

    assert derivatives_of(bytes(data), tmp_path).large


def test_a_large_jpeg_is_not_decoded_at_full_size(tmp_path: Path) -> None:
    """40 megapixels are 120 MB decoded; the draft at half size is a quarter of that."""
    path = tmp_path / "photo"
    path.write_bytes(pictures.photo(size=(7300, 5470), quality=60))
    code = (
        "import sys; from pathlib import Path;"
        "from webapp.adapters.derivatives import make_derivatives;"
        "from webapp.adapters.limits import limit_this_process;"
        "limit_this_process(110, 30);"
        "make_derivatives(Path(sys.argv[1]))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        cwd=pictures.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr


def test_the_shared_photos_all_have_derivatives() -> None:
    for path, entry in pictures.shared_photos():
        if entry["expect"] == "accept":
            assert max(opened(make_derivatives(path).small).size) <= 480
