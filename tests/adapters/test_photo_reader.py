"""A photo's first bytes decide whether we take it; no pixel is decoded for that."""

import io
import zlib
from struct import pack

import pytest
from PIL import Image

from tests import pictures
from webapp.adapters.photo_reader import MAX_PHOTO_BYTES, check_header
from webapp.domain.errors import AnLoError, InvalidInput, TooLarge, UnsupportedPhoto


def refusal(data: bytes) -> AnLoError:
    with pytest.raises(AnLoError) as caught:
        check_header(io.BytesIO(data))
    assert caught.value.field == "photo"
    return caught.value


def verdict(data: bytes) -> str:
    try:
        header = check_header(io.BytesIO(data))
    except (InvalidInput, UnsupportedPhoto) as error:
        return error.code
    assert (header.width_px, header.height_px) == (120, 90)
    return "taken"


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))

    header = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"\0" * 100)


@pytest.mark.parametrize(
    ("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_the_three_kinds_are_taken(kind: str, media_type: str) -> None:
    data = pictures.photo(kind=kind, size=(320, 200))
    stream = io.BytesIO(data)

    header = check_header(stream)

    assert (header.media_type, header.width_px, header.height_px) == (media_type, 320, 200)
    assert header.byte_size == len(data)
    assert stream.tell() == 0


def test_a_phones_multi_picture_file_is_a_jpeg() -> None:
    target = io.BytesIO()
    pictures.scene().save(
        target, "MPO", save_all=True, append_images=[pictures.scene(320, 240, seed=2)]
    )

    assert check_header(target).media_type == "image/jpeg"


def test_an_empty_file_is_refused() -> None:
    error = refusal(b"")

    assert isinstance(error, InvalidInput)
    assert error.code == "photo_empty"


def test_twelve_megabytes_are_taken_and_one_byte_more_is_not() -> None:
    small = pictures.photo()
    check_header(io.BytesIO(small.ljust(MAX_PHOTO_BYTES, b"\0")))

    error = refusal(small.ljust(MAX_PHOTO_BYTES + 1, b"\0"))

    assert isinstance(error, TooLarge)
    assert error.code == "photo_too_many_bytes"


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_forty_megapixels_are_taken_and_one_row_more_is_not() -> None:
    assert check_header(io.BytesIO(png_that_claims(8000, 5000))).height_px == 5000

    error = refusal(png_that_claims(8000, 5001))

    assert isinstance(error, TooLarge)
    assert error.code == "photo_too_many_pixels"


def test_a_decompression_bomb_is_too_large_without_being_decoded() -> None:
    assert refusal(png_that_claims(60_000, 60_000)).code == "photo_too_many_pixels"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM", "PDF"])
def test_other_pictures_are_refused_whatever_their_name(kind: str) -> None:
    target = io.BytesIO()
    pictures.scene(64, 64).save(target, kind)

    error = refusal(target.getvalue())

    assert isinstance(error, UnsupportedPhoto)
    assert error.code == "photo_kind_unknown"


@pytest.mark.parametrize("data", [b"x", b"hello", b"<svg/>", b"RIFF\0\0\0\0WAVEfmt ", b"\xff\xd8"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    assert isinstance(refusal(data), UnsupportedPhoto)


def test_an_iphones_heic_gets_advice_of_its_own() -> None:
    assert refusal(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").code == "photo_is_heic"


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"\xff\xd8\xff" + b"\0" * 200,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
        b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR",
        b"RIFF\xff\xff\xff\xffWEBPVP8 \0\0\0\0",
    ],
)
def test_a_damaged_header_is_refused_without_a_crash(data: bytes) -> None:
    assert refusal(data).code in {"photo_header_damaged", "photo_kind_unknown"}


def test_every_cut_of_a_photo_is_taken_or_refused_cleanly() -> None:
    whole = pictures.photo(size=(120, 90), exif=pictures.exif(position=pictures.VINH_HAI))
    verdicts = [verdict(whole[:length]) for length in range(1, len(whole), 7)]

    assert set(verdicts) == {"photo_kind_unknown", "photo_header_damaged", "taken"}
    # The first bytes alone are no photo; with its header whole, missing pixels do not matter.
    assert verdicts[0] == "photo_kind_unknown"
    assert set(verdicts[len(verdicts) // 2 :]) == {"taken"}


def test_cut_off_pixels_are_taken_for_a_person_may_still_need_the_bytes() -> None:
    whole = pictures.photo()

    assert check_header(io.BytesIO(whole[: len(whole) // 2])).width_px == 640


def test_the_shared_photos_are_judged_as_their_manifest_says() -> None:
    for path, entry in pictures.shared_photos():
        with path.open("rb") as stream:
            try:
                header = check_header(stream)
            except (InvalidInput, UnsupportedPhoto, TooLarge):
                assert not entry["expect"].startswith("accept") or "reject" in entry["expect"]
                continue
        assert entry["expect"] != "reject", path.name
        with Image.open(path) as image:
            assert (header.width_px, header.height_px) == image.size
