"""Photos of one scene are alike from another side and after any treatment; others are not."""

import hashlib
import io
import itertools
import json
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from tests import pictures
from webapp.adapters import photo_geometry, photo_matcher
from webapp.adapters.photo_matcher import PhotoPrint, compare, hamming, take_print
from webapp.domain.likeness import PhotoLikeness

# Hashes of two different photos differ in some 32 of 64 bits.
COPY_BITS = 10
# One agreement in 10 000 by chance; true views are far above, other scenes at 0.
SURE = 4.0


def street(seed: int, size: tuple[int, int] = (960, 720)) -> Image.Image:
    """Draw things of all shapes, sizes and colours, with the grain of a camera."""
    chance = np.random.default_rng(seed)
    picture = Image.new("RGB", size, tuple(map(int, chance.integers(60, 200, 3))))
    pen = ImageDraw.Draw(picture)
    for span in np.geomspace(260, 8, 420):
        x, y = chance.integers(0, size[0]), chance.integers(0, size[1])
        corners = chance.normal((x, y), span / 2, (int(chance.integers(3, 7)), 2))
        colour = tuple(map(int, chance.integers(0, 256, 3)))
        pen.polygon([(float(a), float(b)) for a, b in corners], fill=colour)
    return grained(picture.filter(ImageFilter.GaussianBlur(0.8)), seed)


def paving(seed: int, size: tuple[int, int] = (960, 720), tile: int = 48) -> Image.Image:
    """Draw paving: one stone laid again and again, each a little lighter or darker."""
    stone = np.asarray(street(99, (tile, tile)).convert("L"), np.float64)
    stone[:3, :] = stone[:, :3] = 40
    across, down = size[0] // tile + 1, size[1] // tile + 1
    shade = np.random.default_rng(seed).normal(0, 10, (down, across))
    laid = np.tile(stone, (down, across)) + np.kron(shade, np.ones((tile, tile)))
    grey = Image.fromarray(np.clip(laid[: size[1], : size[0]], 0, 255).astype(np.uint8))
    return grained(grey.convert("RGB"), seed)


def grained(picture: Image.Image, seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).normal(0, 3, (picture.height, picture.width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def from_another_side(picture: Image.Image, strength: float = 0.12) -> Image.Image:
    """Return the picture as seen by a camera further to the left."""
    wide, high = picture.size
    before = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    shares = np.array([(0.3, 0.9), (-0.9, 0.1), (-0.4, -1.0), (0.7, -0.3)], np.float32)
    after = (before + shares * strength * (wide, high)).astype(np.float32)
    seen = cv2.warpPerspective(
        np.asarray(picture), cv2.getPerspectiveTransform(before, after), picture.size
    )
    return Image.fromarray(np.asarray(seen, np.uint8))


def jpeg(picture: Image.Image, quality: int = 85) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality)
    return target.getvalue()


def printed(picture: Image.Image, quality: int = 85) -> PhotoPrint:
    data = jpeg(picture, quality)
    return take_print(data, sha256=hashlib.sha256(data).hexdigest())


@cache
def known_print(seed: int, draw: Callable[[int], Image.Image] = street) -> PhotoPrint:
    """Take the print of a drawn picture once for all tests that only compare with it."""
    return printed(draw(seed))


def likeness(one: Image.Image, other: Image.Image, quality: int = 85) -> PhotoLikeness:
    return compare(printed(one), printed(other, quality))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_scene_from_another_side_is_the_same_scene(seed: int) -> None:
    found = likeness(street(seed), from_another_side(street(seed)), quality=60)
    assert found.score > 10 * SURE
    assert found.inliers > 50
    assert found.spread > 0.2
    assert not found.is_same_bytes


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_scenes_have_nothing_in_common(seed: int) -> None:
    found = likeness(street(seed), from_another_side(street(seed + 10)))
    assert found.score < 1
    assert found.hash_distance > COPY_BITS


def test_depth_is_no_hindrance() -> None:
    far, near = street(4), street(5)
    mask = Image.new("L", far.size)
    ImageDraw.Draw(mask).rectangle((300, 250, 660, 600), fill=255)
    here = Image.composite(near, far, mask)
    # From the next spot what is near has moved past what is far.
    moved = [
        picture.transform(far.size, Image.Transform.AFFINE, (1, 0, shift, 0, 1, 0))
        for picture, shift in ((near, 90), (mask, 90), (far, 20))
    ]
    there = Image.composite(moved[0], moved[2], moved[1])
    assert likeness(here, there).score > 10 * SURE


@pytest.mark.parametrize("strength", [0.0, 0.03, 0.08])
def test_paving_is_not_a_scene(strength: float) -> None:
    other = paving(2).crop((31, 17, 931, 690))
    found = likeness(paving(1), from_another_side(other, strength))
    assert found.score < SURE
    true = likeness(street(1), from_another_side(street(1), strength))
    assert true.score > 10 * max(found.score, 1)


def test_what_stands_on_the_paving_is_recognised() -> None:
    thing = street(6).crop((200, 100, 620, 500))
    here, there = paving(1), paving(2)
    here.paste(thing, (200, 150))
    there.paste(thing.resize((378, 360)), (390, 260))
    assert likeness(here, there).score > 10 * SURE


COPIES = {
    "quality 30": lambda picture: Image.open(io.BytesIO(jpeg(picture, 30))),
    "a quarter of the size": lambda picture: picture.resize((240, 180)),
    "half as large again": lambda picture: picture.resize((1440, 1080)),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.4),
    "flatter": lambda picture: ImageEnhance.Contrast(picture).enhance(0.6),
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(1.5)),
}


@pytest.mark.parametrize("treatment", COPIES)
def test_the_same_picture_again_has_nearly_the_same_hash(treatment: str) -> None:
    found = likeness(street(7), COPIES[treatment](street(7)))
    assert found.hash_distance <= COPY_BITS
    assert found.score > SURE


def barred(picture: Image.Image) -> Image.Image:
    screen = Image.new("RGB", (picture.width, picture.height * 4 // 3), "black")
    screen.paste(picture, (0, picture.height // 6))
    return screen


CHANGES = {
    "a screenshot's bars": barred,
    "cut to 70 %": lambda picture: picture.crop((144, 108, 816, 612)),
    "on its side": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "askew": lambda picture: picture.rotate(5),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_picture_framed_anew_is_found_by_its_features(change: str) -> None:
    assert likeness(street(8), CHANGES[change](street(8))).score > 10 * SURE


def gradient() -> Image.Image:
    return Image.linear_gradient("L").resize((800, 600)).convert("RGB")


DEGENERATE = {
    "black": Image.new("RGB", (640, 480)),
    "white": Image.new("RGB", (640, 480), "white"),
    "one pixel": Image.new("RGB", (1, 1), "red"),
    "gradient": gradient(),
    "one stroke wide": street(1).resize((1600, 2)),
    "one stroke high": street(1).resize((3, 1600)),
    "thumbnail": street(1).resize((24, 18)),
    "chequered": Image.fromarray(np.kron(np.indices((30, 40)).sum(0) % 2, np.ones((20, 20))) > 0),
}


@pytest.mark.parametrize("kind", DEGENERATE)
def test_pictures_with_little_on_them_are_compared_without_fuss(kind: str) -> None:
    poor, rich = printed(DEGENERATE[kind].convert("RGB")), known_print(1)
    for other in (poor, rich, known_print(1, paving)):
        found = compare(poor, other)
        assert 0 <= found.score <= 300
        assert 0 <= found.spread <= 1
        assert found == compare(other, poor)
    assert compare(poor, rich).score < SURE


def with_features(one: PhotoPrint, features: NDArray[np.void], name: str) -> PhotoPrint:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return PhotoPrint(sha256, one.perceptual_hash, one.width_px, one.height_px, features)


@pytest.mark.parametrize("count", [0, 1, 3, 7, 8, 9, 40])
def test_few_and_identical_features_are_compared_without_fuss(count: int) -> None:
    rich = known_print(1)
    few = with_features(rich, rich.features[:count], "few")
    same = with_features(rich, np.repeat(rich.features[:1], count), "same")
    in_one_spot = rich.features[:count].copy()
    in_one_spot["x"] = in_one_spot["y"] = 3200
    crowded = with_features(rich, in_one_spot, "crowded")
    for one in (few, same, crowded):
        for other in (few, same, crowded, rich):
            assert 0 <= compare(one, other).score <= 300
            assert compare(one, other) == compare(other, one)
    assert compare(crowded, rich).score < SURE
    assert compare(same, rich).score < SURE


def test_points_on_one_line_cover_nothing_of_the_frame() -> None:
    rich = known_print(1)
    lined = rich.features.copy()
    lined["y"] = 3200
    assert compare(with_features(rich, lined, "line"), rich).spread < 0.01


def test_a_comparison_is_the_same_every_time_and_either_way_round() -> None:
    one, other = printed(street(1)), printed(from_another_side(street(1)))
    found = compare(one, other)
    assert found == compare(other, one)
    assert found == compare(PhotoPrint.from_bytes(one.to_bytes()), other)


def test_a_print_is_the_same_every_time() -> None:
    assert printed(street(1)).to_bytes() == printed(street(1)).to_bytes()


def test_the_same_bytes_are_known_as_such() -> None:
    found = likeness(street(1), street(1))
    assert found.is_same_bytes
    assert found.hash_distance == 0


def test_distance_of_hashes_counts_bits() -> None:
    assert hamming(0, (1 << 64) - 1) == 64
    assert hamming(0b1010, 0b0110) == 2


def test_a_picture_that_lies_on_its_side_is_set_upright(tmp_path: Path) -> None:
    upright, exif = street(1), Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "photo.jpg"
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif, quality=95)
    taken = take_print(path, sha256="0" * 64)
    assert (taken.width_px, taken.height_px) == upright.size
    assert hamming(taken.perceptual_hash, known_print(1).perceptual_hash) <= COPY_BITS


# ── What was made quicker gives the very numbers of what it stands for ──────────────────────


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_best_row_of_each_column_is_the_first_of_equals(
    rows: int, columns: int, values: int, seed: int
) -> None:
    table = np.random.default_rng(seed).integers(0, values, (rows, columns)).astype(np.float32)
    assert np.array_equal(photo_matcher._best_row(table), table.argmax(axis=0))


@given(st.lists(st.floats(-2 * np.pi, 2 * np.pi, exclude_min=True, exclude_max=True), max_size=50))
def test_a_difference_of_angles_is_turned_to_the_very_same_number(angles: list[float]) -> None:
    given_angles = np.array(angles)
    turned = photo_geometry.turned(given_angles)
    assert np.array_equal(photo_geometry._turned_difference(given_angles), turned)


@given(st.integers(0, 200), st.floats(0.5, 20), st.integers(0, 2**32 - 1))
def test_the_rival_is_the_fullest_cell_off_the_map(count: int, limit: float, seed: int) -> None:
    off = np.random.default_rng(seed).normal(0, 30, (count, 2))
    far = off[np.abs(off).max(axis=1, initial=0) > 2 * limit]
    cells = np.floor(far / (limit * np.sqrt(np.pi))).astype(np.int64)
    fullest = np.unique(cells, axis=0, return_counts=True)[1].max(initial=0)
    assert photo_matcher._rival(off, limit) == fullest


SCENES = pictures.ROOT.parent / "shared" / "data" / "scenes"


def test_the_scenes_beside_the_project_are_told_apart() -> None:
    """Hold recall and false alarms at ``SURE``, with a margin below what was measured.

    All true pairs and every sixth false one. Measured with print version 1 over all of them: 48 of
    50 true ones; 3 of 1,328 false ones, stretches of a motorway with one and the same horizon.
    """
    if not (SCENES / "manifest.json").exists():
        warnings.warn("../shared/data/scenes is not here: drawn scenes only", stacklevel=1)
        return
    entries = json.loads((SCENES / "manifest.json").read_text(encoding="utf-8"))["images"]
    prints = {
        entry["file"]: take_print(SCENES / entry["file"], sha256=entry["sha256"])
        for entry in entries
    }

    def sure(pairs: list[tuple[dict[str, str], dict[str, str]]]) -> int:
        return sum(compare(prints[a["file"]], prints[b["file"]]).score > SURE for a, b in pairs)

    pairs = sorted(
        itertools.combinations(entries, 2), key=lambda pair: (pair[0]["file"], pair[1]["file"])
    )
    assert sure([(a, b) for a, b in pairs if a["scene_id"] == b["scene_id"]]) >= 46
    assert sure([(a, b) for a, b in pairs if a["scene_id"] != b["scene_id"]][::6]) <= 3
