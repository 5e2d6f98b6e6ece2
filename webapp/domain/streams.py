"""Streams of reports with known truth, to measure by: made by chance from photos of scenes."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from webapp.domain.geo import EARTH_RADIUS_M, Position

# What the measuring is about: a street on which the same trouble is met a few doors on.
MOST_PLACES = 4
NEIGHBOUR_M = (10.0, 60.0)
ACCURACIES_M = (5.0, 15.0, 30.0, 50.0)
COPY_SHARE = 0.1
STRAY_SHARE = 0.05
STRAY_TIMES = (1.0, 3.0)
DURATION = timedelta(days=3)
CATEGORIES = ("pavement_encroachment", "road_damage", "illegal_parking", "traffic_sign")

# Copies as messengers and screenshots make them.
COPY_QUALITY = (35, 90)
COPY_SIDE = (0.4, 1.0)

# Streets begin anywhere in a box around the district's coast.
_BOX = ((11.55, 11.75), (109.00, 109.18))
# The radius that holds 68.27 % of a round Gaussian, in deviations.
_RADIUS_TO_DEVIATION = 1.5152


@dataclass(frozen=True)
class Copy:
    """How a photo is encoded anew: JPEG quality, and its sides in parts of what they were."""

    quality: int
    side: float


@dataclass(frozen=True)
class StreamReport:
    """One report of a stream; ``place`` is the truth, which no decision may see."""

    photo: str | None
    position: Position
    category_code: str
    at: datetime
    place: str
    copy: Copy | None = None


@dataclass(frozen=True)
class _Place:
    scene: str
    position: Position


def make_stream(
    scenes: Mapping[str, Sequence[str]], chance: random.Random, *, begins_at: datetime
) -> list[StreamReport]:
    """Make the reports of up to four places of one category along a street, in order of time.

    Each place is a scene, each of its photos one report; a tenth of them are sent once more,
    encoded anew, from the same place. Positions err as their accuracy says, but for a twentieth
    of them, which lie one to three times their accuracy off.

    Args:
        scenes: file names of photos by scene; scenes of one photo are places seen once.
        chance: where all chance comes from.
        begins_at: the start of the three days.
    """
    category = chance.choice(CATEGORIES)
    reports: list[StreamReport] = []
    for place in _places(sorted(scenes), chance):
        for photo in scenes[place.scene]:
            report = _report(photo, place, category, begins_at, chance)
            reports.append(report)
            if chance.random() < COPY_SHARE:
                reports.append(_copied(report, place, begins_at, chance))
    return sorted(reports, key=lambda report: report.at)


def _places(scenes: Sequence[str], chance: random.Random) -> list[_Place]:
    count = min(len(scenes), chance.randint(2, MOST_PLACES))
    start = Position(chance.uniform(*_BOX[0]), chance.uniform(*_BOX[1]))
    heading, along, places = chance.uniform(0, 2 * math.pi), 0.0, []
    for scene in chance.sample(scenes, count):
        places.append(_Place(scene, moved(start, along, heading)))
        along += chance.uniform(*NEIGHBOUR_M)
    return places


def _report(
    photo: str, place: _Place, category: str, begins_at: datetime, chance: random.Random
) -> StreamReport:
    accuracy_m = chance.choice(ACCURACIES_M)
    position = moved(place.position, _error_m(accuracy_m, chance), chance.uniform(0, 2 * math.pi))
    return StreamReport(
        photo=photo,
        position=Position(position.latitude, position.longitude, accuracy_m),
        category_code=category,
        at=begins_at + DURATION * chance.random(),
        place=place.scene,
    )


def moved(position: Position, metres: float, heading: float) -> Position:
    """Return where one is after some metres in a direction (radians, 0 is north)."""
    north, east = metres * math.cos(heading), metres * math.sin(heading)
    round_m = EARTH_RADIUS_M * math.cos(math.radians(position.latitude))
    return Position(
        position.latitude + math.degrees(north / EARTH_RADIUS_M),
        position.longitude + math.degrees(east / round_m),
        position.accuracy_m,
    )


def _error_m(accuracy_m: float, chance: random.Random) -> float:
    if chance.random() < STRAY_SHARE:
        return accuracy_m * chance.uniform(*STRAY_TIMES)
    deviation_m = accuracy_m / _RADIUS_TO_DEVIATION
    return math.hypot(chance.gauss(0, deviation_m), chance.gauss(0, deviation_m))


def _copied(
    report: StreamReport, place: _Place, begins_at: datetime, chance: random.Random
) -> StreamReport:
    """Return another report with the same picture, encoded anew, sent after the first one."""
    sent = _report(report.photo or "", place, report.category_code, begins_at, chance)
    left = begins_at + DURATION - report.at
    return replace(
        sent,
        at=report.at + left * chance.random(),
        copy=Copy(chance.randint(*COPY_QUALITY), round(chance.uniform(*COPY_SIDE), 2)),
    )
