"""What a photo claims of itself: read when it makes sense, no value when it does not."""

import math
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import TiffImagePlugin

from tests import pictures
from webapp.adapters import exif as reader
from webapp.adapters.exif import ExifClaims, read_exif


def claims_of(data: bytes, folder: Path) -> ExifClaims:
    path = folder / "photo"
    path.write_bytes(data)
    return read_exif(path)


def read(folder: Path, kind: str = "JPEG", **wishes: Any) -> ExifClaims:
    return claims_of(pictures.photo(kind=kind, exif=pictures.exif(**wishes)), folder)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("position", [(11.705, 109.2), (-11.7, 109.2), (11.7, -70.25), (-1, -2)])
def test_the_position_is_read_with_its_signs(
    tmp_path: Path, kind: str, position: tuple[float, float]
) -> None:
    claims = read(tmp_path, kind, position=position)

    assert claims.latitude == pytest.approx(position[0], abs=1e-6)
    assert claims.longitude == pytest.approx(position[1], abs=1e-6)


def test_the_time_is_read_with_its_offset(tmp_path: Path) -> None:
    claims = read(tmp_path, captured_at="2026:06:18 14:32:00", offset="+09:00")

    assert claims.captured_at == datetime(2026, 6, 18, 5, 32, tzinfo=UTC)
    assert claims.is_offset_known


@pytest.mark.parametrize("offset", [None, "", "local", "+99:00", "+07:99", "   :  "])
def test_without_a_usable_offset_the_districts_time_is_assumed(
    tmp_path: Path, offset: str | None
) -> None:
    claims = read(tmp_path, captured_at="2026:06:18 14:32:00", offset=offset)

    assert claims.captured_at == datetime(2026, 6, 18, 7, 32, tzinfo=UTC)
    assert not claims.is_offset_known


@pytest.mark.parametrize(
    "written", ["0000:00:00 00:00:00", "    :  :     :  :  ", "2026:13:40 25:61:61", "yesterday"]
)
def test_a_malformed_time_is_no_value(tmp_path: Path, written: str) -> None:
    assert read(tmp_path, captured_at=written).captured_at is None


@pytest.mark.parametrize("written", ["0001:01:01 00:00:00", "9999:12:31 23:59:59"])
def test_times_at_the_ends_of_the_calendar_do_no_harm_to_the_rest(
    tmp_path: Path, written: str
) -> None:
    claims = read(tmp_path, captured_at=written, offset="-12:00", position=pictures.VINH_HAI)

    assert claims.captured_at is None
    assert claims.latitude == pytest.approx(pictures.VINH_HAI[0])


def test_zeros_left_by_a_browser_are_no_position(tmp_path: Path) -> None:
    claims = read(tmp_path, position=(0.0, 0.0))

    assert (claims.latitude, claims.longitude) == (None, None)


_NO_RATIO = TiffImagePlugin.IFDRational(0, 0)


@pytest.mark.parametrize(
    "gps",
    [
        {pictures.LATITUDE: (91.0, 0.0, 0.0)},
        {pictures.LONGITUDE: (180.0, 0.0, 1.0)},
        {pictures.LATITUDE: (11.0, 75.0, 0.0)},
        {pictures.LATITUDE: (_NO_RATIO, _NO_RATIO, _NO_RATIO)},
        {pictures.LATITUDE: (11.0,)},
        {pictures.LATITUDE_REF: "X"},
        {pictures.LATITUDE_REF: ""},
        {pictures.LONGITUDE_REF: "N"},
    ],
)
def test_a_position_that_makes_no_sense_is_none(tmp_path: Path, gps: dict[int, Any]) -> None:
    claims = read(tmp_path, position=pictures.VINH_HAI, gps=gps)

    assert (claims.latitude, claims.longitude) == (None, None)


def test_half_a_position_is_none(tmp_path: Path) -> None:
    claims = read(tmp_path, gps={1: "N", 2: (11.0, 42.0, 0.0)})

    assert (claims.latitude, claims.longitude) == (None, None)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_are_no_position(number: float) -> None:
    tags = {"GPSLatitude": (number, 0, 0), "GPSLatitudeRef": "N"}
    whole = {**tags, "GPSLongitude": (109, 0, 0), "GPSLongitudeRef": "E"}

    assert reader._interpret(whole).latitude is None


@pytest.mark.parametrize(("written", "read_as"), [(1, 1), (6, 6), (8, 8), (0, None), (9, None)])
def test_the_orientation_is_one_of_eight(tmp_path: Path, written: int, read_as: int | None) -> None:
    assert read(tmp_path, orientation=written).orientation == read_as


@pytest.mark.parametrize(
    ("make", "model", "device"),
    [
        ("NIKON", "COOLPIX P6000", "NIKON COOLPIX P6000"),
        ("HUAWEI", "HUAWEI P30", "HUAWEI P30"),
        (None, "SM-A556E", "SM-A556E"),
        ("", "", None),
        (None, "x" * 500, "x" * 80),
    ],
)
def test_the_device_is_named_once_and_briefly(
    tmp_path: Path, make: str | None, model: str, device: str | None
) -> None:
    assert read(tmp_path, make=make, model=model).device_model == device


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_without_exif_claims_nothing(tmp_path: Path, kind: str) -> None:
    assert claims_of(pictures.photo(kind=kind), tmp_path) == ExifClaims()


def test_what_the_first_reader_cannot_read_the_second_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(*_args: object, **_options: object) -> None:
        raise AssertionError

    monkeypatch.setattr(reader.exifread, "process_file", raising)
    claims = read(
        tmp_path,
        position=pictures.VINH_HAI,
        captured_at="2026:06:18 14:32:00",
        offset="+07:00",
        orientation=6,
        model="SM-A556E",
    )

    assert claims.latitude == pytest.approx(pictures.VINH_HAI[0], abs=1e-6)
    assert claims.captured_at == datetime(2026, 6, 18, 7, 32, tzinfo=UTC)
    assert (claims.orientation, claims.device_model) == (6, "SM-A556E")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_no_malformed_exif_raises(tmp_path: Path) -> None:
    whole = pictures.photo(
        size=(64, 48),
        exif=pictures.exif(
            position=pictures.VINH_HAI,
            captured_at="2026:06:18 14:32:00",
            offset="+07:00",
            orientation=6,
            model="SM-A556E",
        ),
    )
    end = whole.index(b"\xff\xdb")
    chance = random.Random(1)
    for _ in range(400):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            broken[chance.randrange(4, end)] = chance.randrange(256)
        claims = claims_of(bytes(broken), tmp_path)
        assert (claims.latitude is None) == (claims.longitude is None)


def test_claims_are_kept_as_json(tmp_path: Path) -> None:
    claims = read(tmp_path, captured_at="2026:06:18 14:32:00", orientation=3)

    assert claims.as_json() == {
        "latitude": None,
        "longitude": None,
        "captured_at": "2026-06-18T07:32:00+00:00",
        "is_offset_known": False,
        "orientation": 3,
        "device_model": None,
    }


def test_the_shared_photos_are_read_as_exiftool_reads_them() -> None:
    for path, entry in pictures.shared_photos():
        claims, truth = read_exif(path), entry["exiftool"]
        gps = truth["gps"] or {"lat": None, "lon": None}
        assert claims.latitude == pytest.approx(gps["lat"], abs=1e-6), path.name
        assert claims.longitude == pytest.approx(gps["lon"], abs=1e-6), path.name
        # A JPEG may say nothing of its orientation; exiftool then reports none or 1.
        assert (claims.orientation or 1) == (truth["orientation"] or 1), path.name
        assert (claims.captured_at is None) == (truth["datetime_original"] is None), path.name
        assert claims.is_offset_known == (truth["offset"] is not None), path.name
