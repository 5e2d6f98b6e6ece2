"""What GeoJSON files hold, read with care: positions, numbers, texts of all kinds of hands."""

import math
from typing import Any

from webapp.domain.geo import ANTIMERIDIAN_DEGREES, POLE_DEGREES

# No coordinate of a geographic system is this large; VN-2000 eastings start near 100,000 m.
SMALLEST_PROJECTED = 1_000.0

LEAST_NUMBERS = 2  # longitude, latitude; a height may follow


def read_point(pair: Any) -> tuple[float, float] | None:
    """Return longitude and latitude of a GeoJSON position; None when it is not two numbers.

    A height after them is dropped.
    """
    if not isinstance(pair, list) or len(pair) < LEAST_NUMBERS:
        return None
    longitude, latitude = pair[:2]
    if not (is_number(longitude) and is_number(latitude)):
        return None
    return float(longitude), float(latitude)


def is_number(value: Any) -> bool:
    """Tell whether a JSON value is a finite number; true and false are none."""
    is_numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return is_numeric and math.isfinite(value)


def range_problem(point: tuple[float, float]) -> str | None:
    """Say why a longitude and a latitude cannot be degrees in this order; None when they can.

    ``projected_metres``: metres of a plane system such as VN-2000; ``axes_swapped``: latitude
    stands first; ``out_of_range``: neither.
    """
    longitude, latitude = abs(point[0]), abs(point[1])
    if longitude <= ANTIMERIDIAN_DEGREES and latitude <= POLE_DEGREES:
        return None
    if max(longitude, latitude) >= SMALLEST_PROJECTED:
        return "projected_metres"
    if longitude <= POLE_DEGREES and latitude <= ANTIMERIDIAN_DEGREES:
        return "axes_swapped"
    return "out_of_range"


def plain_text(value: Any) -> str | None:
    """Return a property as trimmed text; numbers are taken, for codes are often written so."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None
