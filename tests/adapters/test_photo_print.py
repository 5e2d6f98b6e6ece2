"""The stored form of a print: small, the same every time, and refused when damaged."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests import pictures
from webapp.adapters import photo_print
from webapp.adapters.photo_matcher import PRINT_VERSION, PhotoPrint, take_print
from webapp.adapters.photo_reader import UnreadablePhoto

SHA256 = "ab" * 32
RAW = take_print(pictures.photo(), sha256=SHA256).to_bytes()


def test_a_print_comes_back_as_it_was() -> None:
    taken = take_print(pictures.photo(), sha256=SHA256)
    back = PhotoPrint.from_bytes(taken.to_bytes())
    assert back.to_bytes() == taken.to_bytes()
    assert (back.sha256, back.perceptual_hash) == (SHA256, taken.perceptual_hash)
    assert (back.width_px, back.height_px) == (640, 480)
    assert np.array_equal(back.features, taken.features)
    assert len(back) > 0


def test_the_richest_texture_fits_in_64_kilobytes(tmp_path: Path) -> None:
    noise = np.frombuffer(os.urandom(400 * 300 * 3), np.uint8).reshape(300, 400, 3)
    path = tmp_path / "noise.png"
    Image.fromarray(noise).resize((1600, 1200), Image.Resampling.BICUBIC).save(path)
    taken = take_print(path, sha256=SHA256)
    assert len(taken) == photo_print.MAX_FEATURES
    assert len(taken.to_bytes()) <= photo_print.MAX_PRINT_BYTES


def test_features_lie_inside_the_picture_and_are_unit_vectors() -> None:
    taken = take_print(pictures.photo(size=(1600, 900)), sha256=SHA256)
    assert (taken.width_px, taken.height_px) == (photo_print.WORKING_PX, 576)
    assert (taken.points() <= (taken.width_px, taken.height_px)).all()
    assert np.allclose(np.linalg.norm(taken.descriptors(), axis=1), 1, atol=1e-5)
    assert ((taken.angles() >= 0) & (taken.angles() < 2 * np.pi)).all()


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(RAW) - 1), flip=st.integers(1, 255))
def test_a_damaged_byte_is_noticed(at: int, flip: int) -> None:
    damaged = bytearray(RAW)
    damaged[at] ^= flip
    with pytest.raises(ValueError, match="print"):
        PhotoPrint.from_bytes(bytes(damaged))


@settings(max_examples=60, deadline=None)
@given(end=st.integers(0, len(RAW) - 1))
def test_a_print_cut_off_is_noticed(end: int) -> None:
    with pytest.raises(ValueError, match="print"):
        PhotoPrint.from_bytes(RAW[:end])


def test_more_bytes_than_a_print_has_are_noticed() -> None:
    with pytest.raises(ValueError, match="damaged"):
        PhotoPrint.from_bytes(RAW + b"\0")


def test_a_print_of_another_version_says_so() -> None:
    other = RAW[:4] + bytes([PRINT_VERSION + 1]) + RAW[5:]
    with pytest.raises(ValueError, match="version 2"):
        PhotoPrint.from_bytes(other)


@pytest.mark.parametrize("data", [b"", b"no photo", pictures.photo()[:2000]])
def test_what_cannot_be_decoded_is_an_unreadable_photo(data: bytes) -> None:
    with pytest.raises(UnreadablePhoto):
        take_print(data, sha256=SHA256)
