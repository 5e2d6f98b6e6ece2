"""The register's rules: which crossing a report is at, and what may be written of a crossing."""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

from webapp.domain.geo import Position, distance_m, is_usable

# The category that asks for the register by itself; the others are looked up only on a railway.
CROSSING_CATEGORY = "self_opened_crossing"

STATES = ("open", "restricted", "closed")
SURFACES = ("earth", "gravel", "concrete", "asphalt", "other", "unknown")
MEASURES = ("guarded", "narrowed", "warning_sign", "speed_hump")

# Nobody photographs a crossing from between its rails. A person stands off the 15 m of a
# railway's protected strip to see all of it, and a register's own position is read off a map or a
# phone: together some 50 m. Crossings that residents open lie a few hundred metres apart, so
# within this reach there is rarely a second one.
REACH_M = 50.0

# A fix that errs by more than this would reach the next crossing along the line as easily: its
# disc adds no more to the reach, and a person decides.
MOST_DOUBT_M = 50.0

# A register's position and a kilometre post are read by different people on different days; what
# differs by less than this from a known crossing may be that very one.
TWIN_REACH_M = 25.0

# A position in the register is read off a phone in the open (right to 5-20 m) or off a map, and
# lines are drawn a few metres beside their rails: a line that is named by its code may lie by so
# much farther away than its own strip reaches, and no more.
POSITION_DOUBT_M = 25.0

LONGEST_CODE = 40
LONGEST_NAME = 120
LONGEST_NOTE = 2_000

# A self-opened crossing is a path or a track. A road of two lanes and its shoulders is 12 m wide;
# what is said to be wider than this was written in another unit.
WIDEST_M = 50.0

# A kilometre has four digits at most; the longest line of the country has 1,726 km.
LONGEST_LINE_M = 10_000_000.0

# Projected systems count in metres: VN-2000 eastings begin near 100,000, and no degree reaches
# a thousand.
SMALLEST_PROJECTED = 1_000.0

# A box around every railway of the country (Đồng Đăng to Sài Gòn, Lào Cai to Hải Phòng), with a
# degree to spare. Its latitudes and longitudes have no number in common, so that swapped axes are
# always found out.
LATITUDES = (7.0, 25.0)
LONGITUDES = (101.0, 111.0)


@dataclass(frozen=True)
class Spot:
    """A registered crossing as far as finding the nearest one needs it."""

    id: int
    position: Position


@dataclass(frozen=True)
class Near:
    """A registered crossing and how far from a position it lies."""

    id: int
    distance_m: float


@dataclass(frozen=True)
class Entry:
    """What the register says of one crossing, before anything is looked up.

    ``line`` is a corridor's code. ``chainage_m`` is the distance along the line from kilometre 0,
    in whole metres; None where nobody said it. ``width_m`` is above 0 and at most 50.
    ``unit_code`` names the commune; None means the one whose land it is.
    """

    code: str
    latitude: float
    longitude: float
    name: str | None = None
    line: str | None = None
    chainage_m: float | None = None
    width_m: float | None = None
    surface: str = "unknown"
    measures: tuple[str, ...] = ()
    state: str = "open"
    unit_code: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Problem:
    """Why a value cannot be taken: ``code`` and ``details`` make the sentence (``sentences``)."""

    code: str
    field: str
    details: dict[str, object] = dataclasses.field(default_factory=dict)


def reach_m(position: Position) -> float:
    """Return how far from a position a crossing may lie and still be meant, in metres."""
    return REACH_M + min(position.accuracy_m or 0.0, MOST_DOUBT_M)


def nearest(position: Position, spots: Iterable[Spot]) -> Near | None:
    """Return the crossing that a position is at, or None when none is within reach.

    Of two at the same distance the one with the smaller id is returned, always.
    """
    found = within_reach(position, spots)
    return found[0] if found else None


def within_reach(position: Position, spots: Iterable[Spot]) -> list[Near]:
    """Return all crossings within reach of a position, nearest first."""
    if not is_usable(position.latitude, position.longitude):
        return []
    far = reach_m(position)
    near = [Near(spot.id, distance_m(position, spot.position)) for spot in spots]
    return sorted(
        (one for one in near if one.distance_m <= far), key=lambda one: (one.distance_m, one.id)
    )


def is_looked_up(category_code: str, *, is_on_railway: bool) -> bool:
    """Tell whether a report of that category may be about a registered crossing at all.

    A road that is damaged 40 m beside a crossing is no matter of the crossing; on the railway's
    own strip of land whatever is reported is.
    """
    return category_code == CROSSING_CATEGORY or is_on_railway


def is_registration_asked(category_code: str, *, is_linked: bool, is_near_one: bool) -> bool:
    """Tell whether an officer is asked to register what a case shows."""
    return category_code == CROSSING_CATEGORY and not is_linked and not is_near_one


def position_problem(latitude: float, longitude: float) -> str | None:
    """Return why two numbers are no position in Vietnam's degrees, or None when they are one.

    Returns:
        crossing_position_in_metres (a projected system such as VN-2000), crossing_axes_swapped
        or crossing_position_unusable.
    """
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return "crossing_position_unusable"
    if max(abs(latitude), abs(longitude)) >= SMALLEST_PROJECTED:
        return "crossing_position_in_metres"
    if _is_in_vietnam(latitude, longitude):
        return None
    if _is_in_vietnam(longitude, latitude):
        return "crossing_axes_swapped"
    return "crossing_position_unusable"


def _is_in_vietnam(latitude: float, longitude: float) -> bool:
    return LATITUDES[0] <= latitude <= LATITUDES[1] and LONGITUDES[0] <= longitude <= LONGITUDES[1]


def problems_of(entry: Entry) -> list[Problem]:
    """Return everything about an entry that cannot be taken, in the order of its fields."""
    found = [
        _length("code", entry.code, LONGEST_CODE, is_needed=True),
        _length("name", entry.name, LONGEST_NAME),
        _kilometre(entry.chainage_m),
        _position(entry),
        _width(entry.width_m),
        _choice("surface", entry.surface, SURFACES),
        *(_choice("measures", measure, MEASURES) for measure in entry.measures),
        _choice("state", entry.state, STATES),
        _length("note", entry.note, LONGEST_NOTE),
    ]
    return [problem for problem in found if problem]


def _length(name: str, text: str | None, most: int, *, is_needed: bool = False) -> Problem | None:
    if is_needed and not text:
        return Problem(f"crossing_{name}_missing", name)
    if text and len(text) > most:
        return Problem("crossing_text_too_long", name, {"most": most, "length": len(text)})
    return None


def _kilometre(chainage_m: float | None) -> Problem | None:
    if chainage_m is None or 0 <= chainage_m < LONGEST_LINE_M:
        return None
    return Problem("crossing_km_unreadable", "km", {"text": str(chainage_m)})


def _position(entry: Entry) -> Problem | None:
    code = position_problem(entry.latitude, entry.longitude)
    if code is None:
        return None
    details = {"text": f"{entry.latitude:.10g}; {entry.longitude:.10g}"}
    return Problem(code, "position", dict(details))


def _width(width_m: float | None) -> Problem | None:
    if width_m is None or 0 < width_m <= WIDEST_M:
        return None
    is_positive = math.isfinite(width_m) and width_m > 0
    code = "crossing_width_too_large" if is_positive else "crossing_width_not_positive"
    return Problem(code, "width_m", {"text": f"{width_m:g}", "most": f"{WIDEST_M:g}"})


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> Problem | None:
    if value in allowed:
        return None
    return Problem(f"crossing_{name}_unknown", name, {"text": value})
