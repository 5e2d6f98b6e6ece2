"""How much the positions of a report and a case speak for one place rather than two."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from webapp.domain.geo import EARTH_RADIUS_M, Position, distance_m

# What phones call their accuracy at best (L1 and L5 under open sky); below it is a claim.
LEAST_ACCURACY_M = 3.0
# Beyond this a fix comes from a cell tower and names a quarter, not a spot.
WORST_ACCURACY_M = 200.0
# The circle that holds 68.27 % of a round Gaussian has sqrt(-2 ln 0.3173) times its deviation.
RADIUS_TO_DEVIATION = 1.5152
# Pooling halves the weight of a sighting that lies twice its deviation off (Student t, 4 degrees
# of freedom, two dimensions); three rounds settle it.
_POOLING_FREEDOM = 4.0
_POOLING_ROUNDS = 3


@dataclass(frozen=True)
class Surroundings:
    """What is believed of positions and of troubles around: read from the fitted weights.

    Attributes:
        neighbour_deviation_m: per axis, how far another trouble of the same kind typically lies.
        apart_m: what lies nearer than about this, or than its own length, is one trouble to
            whoever must end it.
        stray_share: share of positions that lie by more than their accuracy, 0 to 1.
        stray_scale: how many times as far those lie, at least 1.
    """

    neighbour_deviation_m: float
    apart_m: float
    stray_share: float
    stray_scale: float


@dataclass(frozen=True)
class Fix:
    """A position as evidence; ``extent_m`` is how long the thing is that was photographed."""

    position: Position
    extent_m: float


@dataclass(frozen=True)
class PositionEvidence:
    """What two positions say of each other.

    Attributes:
        log_odds: natural logarithm of the likelihood ratio "one place" to "two near by".
        distance_m: from the report to the pooled position of the case.
        accuracy_m: of the pooled position: radius of its 68 % circle, the extent included.
    """

    log_odds: float
    distance_m: float
    accuracy_m: float


@dataclass(frozen=True)
class _Field:
    """Where other troubles lie: a wide Gaussian less a narrow one, variances per axis in m²."""

    wide_m2: float
    narrow_m2: float
    stray_share: float
    stray_scale: float


@dataclass(frozen=True)
class _Pool:
    """Several fixes as one: metres east and north of an origin, variance per axis in m²."""

    east_m: float
    north_m: float
    variance_m2: float
    count: int


def has_usable_accuracy(accuracy_m: float | None) -> bool:
    """Tell whether an accuracy is one to decide by: present, finite, from 0 to 200 m."""
    if accuracy_m is None or not math.isfinite(accuracy_m):
        return False
    return 0 <= accuracy_m <= WORST_ACCURACY_M


def honest_accuracy_m(accuracy_m: float | None) -> float:
    """Return the accuracy to calculate with: between 3 and 200 m, unknown is the worst."""
    if accuracy_m is None or not has_usable_accuracy(accuracy_m):
        return WORST_ACCURACY_M
    return max(LEAST_ACCURACY_M, accuracy_m)


def weigh_positions(
    report: Fix, sightings: Sequence[Fix], surroundings: Surroundings
) -> PositionEvidence:
    """Weigh how a report lies to the sightings of a case (at least one).

    At one place the difference is a Gaussian of both errors, a small share of them far wider.
    At two places the distance between those comes on top: troubles of a kind lie scattered
    around, but not on top of each other. The ratio falls with the distance, and it goes to 1 as
    the accuracy gets worse: a wide circle proves nothing, whatever lies in it.
    """
    pool = _pooled(sightings, report.position)
    longest_m = max(fix.extent_m for fix in (report, *sightings))
    distance = math.hypot(pool.east_m, pool.north_m)
    return PositionEvidence(
        log_odds=_log_ratio(distance, _variance_m2(report), pool, _field(longest_m, surroundings)),
        distance_m=distance,
        accuracy_m=math.sqrt(pool.variance_m2) * RADIUS_TO_DEVIATION,
    )


def _variance_m2(fix: Fix) -> float:
    """Return the variance per axis of where one stands who photographs a thing."""
    deviation_m = honest_accuracy_m(fix.position.accuracy_m) / RADIUS_TO_DEVIATION
    # Anywhere along the thing: a uniform spread over its length has a twelfth of its square.
    return deviation_m**2 + fix.extent_m**2 / 12


def _pooled(sightings: Sequence[Fix], origin: Position) -> _Pool:
    places = [_offset_m(origin, fix.position) for fix in sightings]
    variances = [_variance_m2(fix) for fix in sightings]
    trust = [1.0] * len(places)
    pool = _weighted(places, variances, trust)
    for _ in range(_POOLING_ROUNDS if len(places) > 1 else 0):
        trust = [
            (_POOLING_FREEDOM + 2) / (_POOLING_FREEDOM + _squared(place, pool) / variance)
            for place, variance in zip(places, variances, strict=True)
        ]
        pool = _weighted(places, variances, trust)
    return _widened(pool, places, variances)


def _weighted(
    places: Sequence[tuple[float, float]], variances: Sequence[float], trust: Sequence[float]
) -> _Pool:
    weights = [share / variance for share, variance in zip(trust, variances, strict=True)]
    total = sum(weights)
    east = sum(weight * place[0] for weight, place in zip(weights, places, strict=True)) / total
    north = sum(weight * place[1] for weight, place in zip(weights, places, strict=True)) / total
    precision = sum(1 / variance for variance in variances)
    return _Pool(east, north, 1 / precision, len(places))


def _widened(
    pool: _Pool, places: Sequence[tuple[float, float]], variances: Sequence[float]
) -> _Pool:
    """Widen the variance where sightings disagree by more than they admit (Birge ratio)."""
    if pool.count == 1:
        return pool
    excess = sum(
        _squared(place, pool) / variance for place, variance in zip(places, variances, strict=True)
    )
    ratio = max(1.0, excess / (2 * (pool.count - 1)))
    return _Pool(pool.east_m, pool.north_m, pool.variance_m2 * ratio, pool.count)


def _squared(place: tuple[float, float], pool: _Pool) -> float:
    return (place[0] - pool.east_m) ** 2 + (place[1] - pool.north_m) ** 2


def _field(longest_m: float, surroundings: Surroundings) -> _Field:
    narrow = max(surroundings.apart_m, longest_m) ** 2
    wide = narrow + surroundings.neighbour_deviation_m**2
    return _Field(wide, narrow, surroundings.stray_share, surroundings.stray_scale)


def _log_ratio(distance: float, variance_m2: float, pool: _Pool, field: _Field) -> float:
    one, two = [], []
    for share, variance in _widths(variance_m2, pool, field):
        one.append(math.log(share) + _log_density(distance, variance))
        two.append(math.log(share) + _log_neighbours(distance, variance, field))
    return _log_sum(one) - _log_sum(two)


def _log_neighbours(distance: float, variance: float, field: _Field) -> float:
    """Return the log density of the distance to another trouble, seen through that variance."""
    outer = math.log(field.wide_m2) + _log_density(distance, variance + field.wide_m2)
    inner = math.log(field.narrow_m2) + _log_density(distance, variance + field.narrow_m2)
    # None lies on top of this one: the narrow Gaussian is cut out of the wide one.
    left = math.log1p(-math.exp(inner - outer))
    return outer + left - math.log(field.wide_m2 - field.narrow_m2)


def _widths(variance_m2: float, pool: _Pool, field: _Field) -> list[tuple[float, float]]:
    """Return (share, variance of the difference): neither, one or both positions stray."""
    usual = variance_m2 + pool.variance_m2
    # No wider than that: else a report ever farther off would speak for one place again.
    widest = usual + field.wide_m2
    stray = field.stray_share
    # Of a pool of n one in n strays as far; the others hold it.
    pool_stray, scale = stray / pool.count, field.stray_scale**2
    return [
        ((1 - stray) * (1 - pool_stray), usual),
        (stray * (1 - pool_stray), min(widest, scale * variance_m2 + pool.variance_m2)),
        ((1 - stray) * pool_stray, min(widest, variance_m2 + scale * pool.variance_m2)),
        (stray * pool_stray, min(widest, scale * usual)),
    ]


def _log_density(distance: float, variance: float) -> float:
    """Return the logarithm of a round Gaussian's density, but for the constant 1 / (2 pi)."""
    return -math.log(variance) - distance**2 / (2 * variance)


def _log_sum(logarithms: Sequence[float]) -> float:
    greatest = max(logarithms)
    return greatest + math.log(sum(math.exp(each - greatest) for each in logarithms))


def _offset_m(origin: Position, other: Position) -> tuple[float, float]:
    """Return metres east and north, so that their length is the great-circle distance."""
    east = math.radians(_turn(other.longitude - origin.longitude))
    east *= math.cos(math.radians((origin.latitude + other.latitude) / 2)) * EARTH_RADIUS_M
    north = math.radians(other.latitude - origin.latitude) * EARTH_RADIUS_M
    flat, true = math.hypot(east, north), distance_m(origin, other)
    return (east * true / flat, north * true / flat) if flat > 0 else (0.0, 0.0)


def _turn(degrees: float) -> float:
    """Return a difference of longitudes the short way round."""
    return (degrees + 180) % 360 - 180
