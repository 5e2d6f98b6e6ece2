"""The real boundaries of 2024 and 2025: the same commune as a computation that shares nothing.

That one is plain even-odd ray casting, written here, over the numbers as they stand in the files:
no library, no repair, no index. Ours goes the whole way: the reader of boundary files, then the
index. Points are drawn over land and sea; only those within two centimetres of a border are left
out, for there our answer is a fixed choice between neighbours and not a matter of geometry.
"""

import json
import math
import random
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

import pytest

from webapp.domain.boundaries import read_boundaries
from webapp.domain.geo import METRES_A_DEGREE, SLIT_DEGREES, Land, LandIndex, Position
from webapp.domain.routing import LEAST_RADIUS_M, ground_of

REAL = Path(__file__).parents[3] / "shared" / "data" / "boundaries"
YEARS = ("2024", "2025")
SEED = 1_667

# A slit as wide as this is closed by the index, on either side of the point.
TIE_DEGREES = 2 * SLIT_DEGREES
# No disc of the smallest radius reaches any further, in degrees of either axis.
DISC_DEGREES = 1.1 * LEAST_RADIUS_M / METRES_A_DEGREE / math.cos(math.radians(12))

Point = tuple[float, float]
Ring = list[Point]


@dataclass(frozen=True)
class RawUnit:
    """A unit as its file has it: the rings of all its parts, outlines and holes alike."""

    code: str
    rings: list[Ring]

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north of everything."""
        points = [point for ring in self.rings for point in ring]
        longitudes, latitudes = zip(*points, strict=True)
        return min(longitudes), min(latitudes), max(longitudes), max(latitudes)

    def holds(self, x: float, y: float) -> bool:
        """Count how often a ray to the east crosses a ring; odd is inside."""
        crossings = sum(_crosses(edge, x, y) for ring in self.rings for edge in pairwise(ring))
        return crossings % 2 == 1

    def is_beside(self, x: float, y: float, degrees: float) -> bool:
        """Tell whether a border lies so near."""
        west, south, east, north = self.box
        if not (west - degrees <= x <= east + degrees and south - degrees <= y <= north + degrees):
            return False
        return any(
            _distance(edge, x, y) <= degrees for ring in self.rings for edge in pairwise(ring)
        )


def _crosses(edge: tuple[Point, Point], x: float, y: float) -> bool:
    (x1, y1), (x2, y2) = edge
    return (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1)


def _distance(edge: tuple[Point, Point], x: float, y: float) -> float:
    (x1, y1), (x2, y2) = edge
    long_x, long_y = x2 - x1, y2 - y1
    length = long_x * long_x + long_y * long_y
    along = ((x - x1) * long_x + (y - y1) * long_y) / length if length else 0.0
    along = min(1.0, max(0.0, along))
    return math.hypot(x - x1 - along * long_x, y - y1 - along * long_y)


@cache
def raw_units(year: str) -> list[RawUnit]:
    units = []
    for name in (f"ninh-hai-{year}", f"neighbours-{year}"):
        for feature in json.loads(_text(name))["features"]:
            geometry = feature["geometry"]
            parts = geometry["coordinates"]
            parts = [parts] if geometry["type"] == "Polygon" else parts
            rings = [[(p[0], p[1]) for p in ring] for part in parts for ring in part]
            units.append(RawUnit(feature["properties"]["code"], rings))
    return units


@cache
def our_index(year: str) -> tuple[LandIndex, list[str]]:
    lands = [
        land
        for name in (f"ninh-hai-{year}", f"neighbours-{year}")
        for land in read_boundaries(_text(name)).units
    ]
    codes = [land.code for land in lands]
    return LandIndex(Land(i, land.geometry) for i, land in enumerate(lands)), codes


def _text(name: str) -> str:
    return (REAL / f"{name}.geojson").read_text(encoding="utf-8")


def random_points(year: str, count: int) -> list[Point]:
    """Draw points over land and sea, from a box that is a little wider than everything."""
    corners = [point for unit in raw_units(year) for ring in unit.rings for point in ring]
    west, east = min(x for x, _ in corners) - 0.01, max(x for x, _ in corners) + 0.01
    south, north = min(y for _, y in corners) - 0.01, max(y for _, y in corners) + 0.01
    chance = random.Random(SEED)
    return [(chance.uniform(west, east), chance.uniform(south, north)) for _ in range(count)]


def need_the_real_land() -> None:
    """Skip a test, and say so, where the real boundaries do not lie beside the project."""
    if not REAL.exists():
        pytest.skip("../shared/data/boundaries is not here: nothing compared")


def compare(year: str, count: int) -> None:
    """Compare every point, and say how many lay on land and how many were left out."""
    index, codes = our_index(year)
    points = random_points(year, count)
    ties = on_land = 0
    for x, y in points:
        near = [unit for unit in raw_units(year) if unit.is_beside(x, y, DISC_DEGREES)]
        if any(unit.is_beside(x, y, TIE_DEGREES) for unit in near):
            ties += 1
            continue
        holding = [unit.code for unit in raw_units(year) if unit.holds(x, y)]
        assert len(holding) <= 1, (x, y)
        expected = holding[0] if holding else None
        on_land += expected is not None
        ours = index.unit_at(y, x)
        assert (None if ours is None else codes[ours]) == expected, (x, y)
        if not near:
            _compare_disc(index, codes, Position(y, x, LEAST_RADIUS_M), expected)
    print(f"{year}: {count} points, {on_land} on land, {ties} beside a border left out")
    assert ties <= count / 1_000
    assert on_land > count / 10


def _compare_disc(
    index: LandIndex, codes: list[str], position: Position, expected: str | None
) -> None:
    ground = ground_of(index, position)
    if expected is None:
        assert ground.certainty in {"near_outside", "outside"}, position
        return
    assert ground.certainty == "clear", position
    assert ground.commune_id is not None
    assert codes[ground.commune_id] == expected, position


@pytest.mark.parametrize("year", YEARS)
def test_a_sample_of_points_lies_where_plain_ray_casting_says(year: str) -> None:
    need_the_real_land()
    compare(year, 500)


@pytest.mark.soak
@pytest.mark.parametrize("year", YEARS)
def test_twenty_thousand_points_lie_where_plain_ray_casting_says(year: str) -> None:
    need_the_real_land()
    compare(year, 20_000)


def test_a_disc_at_a_real_border_is_shared_as_darts_say() -> None:
    need_the_real_land()
    index, codes = our_index("2025")
    unit = next(unit for unit in raw_units("2025") if unit.code == "22846")
    chance = random.Random(SEED)
    for x, y in chance.sample(unit.rings[0], 10):
        centre = Position(y, x, 150.0)
        darts = [_dart(centre, chance) for _ in range(400)]
        hits = [index.unit_at(lat, lon) for lon, lat in darts]
        on_land = [hit for hit in hits if hit is not None]
        for share in ground_of(index, centre).shares:
            assert on_land.count(share.unit_id) / len(on_land) == pytest.approx(
                share.share, abs=5 * math.sqrt(0.25 / len(on_land))
            ), codes[share.unit_id]


def _dart(centre: Position, chance: random.Random) -> Point:
    turn, away = chance.uniform(0, 2 * math.pi), math.sqrt(chance.random())
    degrees = (centre.accuracy_m or 0) / METRES_A_DEGREE * away
    east = degrees * math.cos(turn) / math.cos(math.radians(centre.latitude))
    return centre.longitude + east, centre.latitude + degrees * math.sin(turn)
