"""Whose land a spot lies on: the script on the phone answers as the server does."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any

from shapely.geometry import shape

from setup import environment
from tests.frontend.conftest import DISTRICT
from webapp.domain.geo import Land, LandIndex, Position
from webapp.domain.routing import ground_of

SCRIPT = Path(__file__).resolve().parent.parent.parent / "static" / "js" / "lib" / "ground.js"
ASK = """
import { readFileSync } from 'node:fs';
const { groundAt } = await import(process.argv[1]);
const { features, spots } = JSON.parse(readFileSync(0, 'utf8'));
const land = { units: { features } };
const told = spots.map((spot) => groundAt(land, spot)).map(({ certainty, unit, others }) => (
  [certainty, unit && unit.code, others.map(({ code }) => code)]
));
console.log(JSON.stringify(told));
"""

SPOTS = 400
# The phone takes no disc below the error of its outlines; these are above it.
ACCURACIES_M = (21, 35, 60, 100, 1_500)


def features() -> list[dict[str, Any]]:
    """Return the demonstration's land, each feature with its place as its code."""
    read = json.loads(DISTRICT.read_text(encoding="utf-8"))["features"]
    return [
        {"properties": {"code": code}, "geometry": each["geometry"]}
        for code, each in enumerate(read)
    ]


def spots_around(lands: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Draw spots over the district, half of them within some metres of a corner of its land."""
    chance = random.Random(11)
    corners = [corner for land in lands for corner in shape(land["geometry"]).exterior.coords]
    spots = []
    for number in range(SPOTS):
        longitude, latitude = chance.choice(corners)
        spread = 0.0004 if number % 2 else 0.02
        spots.append(
            {
                "latitude": latitude + chance.uniform(-spread, spread),
                "longitude": longitude + chance.uniform(-spread, spread),
                "accuracy_m": chance.choice(ACCURACIES_M),
            }
        )
    return spots


def told_by_the_phone(lands: list[dict[str, Any]], spots: list[dict[str, float]]) -> list[Any]:
    """Run the script itself, as the phone does."""
    node, environ = environment.find_node()
    answer = subprocess.run(
        [node, "--input-type=module", "--eval", ASK, str(SCRIPT)],
        input=json.dumps({"features": lands, "spots": spots}),
        env=environ,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    told: list[Any] = json.loads(answer.stdout)
    return told


def test_the_phone_and_the_server_agree_on_whose_land_it_is() -> None:
    lands = features()
    index = LandIndex(Land(each["properties"]["code"], shape(each["geometry"])) for each in lands)
    spots = spots_around(lands)
    grounds = [
        ground_of(index, Position(spot["latitude"], spot["longitude"], spot["accuracy_m"]))
        for spot in spots
    ]
    expected = [
        [ground.certainty, ground.commune_id, list(ground.neighbour_ids)] for ground in grounds
    ]
    assert {ground.certainty for ground in grounds} == {
        "clear", "straddling", "near_outside", "outside"
    }  # fmt: skip
    assert told_by_the_phone(lands, spots) == expected
