"""Compares the prints of two photos: same bytes, same picture, same scene from another side.

Evidence for one scene is how few models of the camera's movement chance would make fit as well (a
number of false alarms: Moisan and Stival 2004, "A probabilistic criterion to detect rigid point
matches"). What repeats (paving, leaves, railings) fits nearly as well when the very same map is
displaced, so the evidence of the best displaced map is taken off.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from webapp.adapters import photo_geometry as geometry
from webapp.adapters.photo_geometry import Flags, Floats, Matches
from webapp.adapters.photo_print import PRINT_VERSION, PhotoPrint, take_print
from webapp.domain.likeness import PhotoLikeness

__all__ = ["PRINT_VERSION", "PhotoPrint", "compare", "hamming", "take_print"]

GREATEST_SCORE = 300.0

# Lowe 2004 drops a match whose second best is nearly as near; geometry forgives a looser limit.
_RATIO = 0.9
_MOST_MATCHES = 400
# What an inlier may resemble besides its best: the map, not the ratio, then chooses among them.
_NEIGHBOURS = 3
_LEAST_LIKENESS = 0.7
_FEWEST_FEATURES = 8

# Points that a model needs to be made: they are no evidence for it.
_OF_HOMOGRAPHY = 4
_OF_FUNDAMENTAL = 7

# Share of the diagonal; 12 px of 1280.
_TOLERANCE = 0.008
_TURN_TOLERANCE = math.radians(25)
_OCTAVE_TOLERANCE = 0.8
# Several inliers in one cell of this share of the longest side are one: SIFT often finds a corner
# in several sizes and directions.
_CELLS = 48


@dataclass(frozen=True)
class _Pairs:
    """Pairs of resembling features of two prints, by their rows."""

    left: NDArray[np.intp]
    right: NDArray[np.intp]


@dataclass(frozen=True)
class _Found:
    """What one geometric model explains: distinct points, evidence, places in both photos."""

    count: int
    evidence: float
    left: Floats
    right: Floats


_NOTHING = _Found(0, 0.0, np.empty((0, 2)), np.empty((0, 2)))


@dataclass(frozen=True)
class _Scene:
    """What two photos show in common; fields as in ``PhotoLikeness``."""

    matches: int = 0
    inliers: int = 0
    score: float = 0.0
    spread: float = 0.0


def hamming(a: int, b: int) -> int:
    """Return how many bits of two hashes differ."""
    return (a ^ b).bit_count()


def compare(a: PhotoPrint, b: PhotoPrint) -> PhotoLikeness:
    """Say what two photos have in common; never raises, and the order does not matter."""
    left, right = sorted((a, b), key=lambda one: one.sha256)
    is_enough = min(len(left), len(right)) >= _FEWEST_FEATURES
    scene = _scene(left, right) if is_enough else _Scene()
    return PhotoLikeness(
        is_same_bytes=a.sha256 == b.sha256,
        hash_distance=hamming(a.perceptual_hash, b.perceptual_hash),
        features=min(len(a), len(b)),
        matches=scene.matches,
        inliers=scene.inliers,
        score=scene.score,
        spread=scene.spread,
    )


def _scene(left: PhotoPrint, right: PhotoPrint) -> _Scene:
    tentative, alike = _pairs(left.descriptors() @ right.descriptors().T)
    matches = _matches(left, right, tentative)
    agreeing = geometry.agreement(matches)
    of_surface, rival = _surface(left, right, alike, geometry.best_homography(matches, agreeing))
    of_depth = _depth(left, right, matches, geometry.supported_by(agreeing))
    best = max(of_surface, of_depth, key=lambda found: found.evidence)
    score = min(GREATEST_SCORE, max(0.0, best.evidence - rival))
    spread = min(_spread(best.left, left), _spread(best.right, right))
    return _Scene(len(matches.left), best.count, score, spread)


def _surface(
    left: PhotoPrint, right: PhotoPrint, alike: _Pairs, homography: Floats | None
) -> tuple[_Found, float]:
    """Return what one surface explains, and the evidence of the best rival of its map."""
    if homography is None:
        return _NOTHING, 0.0
    kept, off = _explained(left, right, alike, homography)
    limit = _TOLERANCE * _diagonal(right)
    chance = math.pi * limit**2 / _area(right)
    is_inlier = (off**2).sum(axis=1) < limit**2
    places = left.points()[kept.left[is_inlier]], right.points()[kept.right[is_inlier]]
    count = _distinct(places, left, right)
    trials = len(off) - int(is_inlier.sum()) + count
    evidence = _evidence(trials, count, _OF_HOMOGRAPHY, chance)
    rival = _evidence(trials, _rival(off, limit), _OF_HOMOGRAPHY, chance)
    return _Found(count, evidence, *places), rival


def _depth(left: PhotoPrint, right: PhotoPrint, matches: Matches, supported: Flags) -> _Found:
    """Return what one movement of the camera past a scene with depth explains."""
    is_inlier = geometry.epipolar_inliers(matches, supported)
    places = matches.left[is_inlier], matches.right[is_inlier]
    count = _distinct(places, left, right)
    outliers = supported & ~is_inlier
    missed = _distinct((matches.left[outliers], matches.right[outliers]), left, right)
    diagonal = _diagonal(right)
    # The strip along an epipolar line.
    chance = 2 * diagonal * geometry.EPIPOLAR_TOLERANCE * diagonal / _area(right)
    return _Found(count, _evidence(count + missed, count, _OF_FUNDAMENTAL, chance), *places)


def _evidence(trials: int, count: int, of_model: int, chance: float) -> float:
    """Return -log10 of the number of models that chance would make fit as well, at least 0.

    Number of false alarms of Moisan and Stival 2004: (n - p) C(n, k) C(k, p) chance^(k - p).
    """
    if count <= of_model:
        return 0.0
    models = math.log10(trials - of_model) + _choices(trials, count) + _choices(count, of_model)
    return max(0.0, -models - (count - of_model) * math.log10(chance))


def _choices(of: int, some: int) -> float:
    """Return log10 of the number of ways to choose some of them."""
    every = math.lgamma(of + 1) - math.lgamma(some + 1) - math.lgamma(of - some + 1)
    return every / math.log(10)


def _rival(off: Floats, limit: float) -> int:
    """Return how many pairs the map explains when it is displaced to where it explains most."""
    farthest = np.abs(off).max(axis=1, initial=0)
    # Square cells as large as the disc of the inliers.
    cells = np.floor(off[farthest > 2 * limit] / (limit * math.sqrt(math.pi))).astype(np.int64)
    # One number for each cell: pairs of numbers take five times as long to sort.
    columns, rows = cells.T - cells.min(axis=0, initial=0)[:, None]
    numbers = columns * (rows.max(initial=0) + 1) + rows
    return int(np.unique(numbers, return_counts=True)[1].max(initial=0))


def _pairs(likeness: NDArray[np.float32]) -> tuple[_Pairs, _Pairs]:
    """Return the tentative matches, best first, and all pairs that are alike enough.

    ``likeness`` is used up: a copy of it would cost more than what is done with it.
    """
    rows, columns = np.arange(likeness.shape[0]), np.arange(likeness.shape[1])
    near, values = _nearest(likeness)
    likeness[rows, near] = values
    best_row = _best_row(likeness)
    likeness[best_row, columns] = -1
    best = near[0]
    second = np.maximum(values[1], likeness.max(axis=0)[best])
    ratio = np.where(best_row[best] == rows, _distance(values[0]) / _distance(second), np.inf)
    chosen = np.flatnonzero(ratio < _RATIO)
    chosen = chosen[np.argsort(ratio[chosen], kind="stable")][:_MOST_MATCHES]
    rank, row = np.nonzero(values > _LEAST_LIKENESS)
    return _Pairs(chosen, best[chosen]), _Pairs(row, near[rank, row])


def _best_row(likeness: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return for each column the first row with its greatest value, as ``argmax(axis=0)`` does.

    Down the columns of a table that lies in rows, argmax takes three times as long as this.
    """
    found = np.flatnonzero(likeness == likeness.max(axis=0))
    row, column = np.divmod(found, likeness.shape[1])
    best = np.empty(likeness.shape[1], np.intp)
    # Of several in one column the last assignment stays, which is the first row.
    best[column[::-1]] = row[::-1]
    return best


def _nearest(likeness: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return each row's nearest columns and their likeness, shape (neighbours, rows).

    In ``likeness`` they are struck out.
    """
    rows = np.arange(len(likeness))
    near = np.empty((_NEIGHBOURS, len(likeness)), np.intp)
    values = np.empty(near.shape, np.float32)
    for rank in range(_NEIGHBOURS):
        near[rank] = likeness.argmax(axis=1)
        values[rank] = likeness[rows, near[rank]]
        likeness[rows, near[rank]] = -1
    return near, values


def _distance(likeness: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sqrt(np.maximum(2 - 2 * likeness, 1e-6))


def _matches(left: PhotoPrint, right: PhotoPrint, pairs: _Pairs) -> Matches:
    return Matches(
        left.points()[pairs.left],
        right.points()[pairs.right],
        geometry.turned(right.angles()[pairs.right] - left.angles()[pairs.left]),
        right.octaves()[pairs.right] - left.octaves()[pairs.left],
        _diagonal(right),
    )


def _explained(
    left: PhotoPrint, right: PhotoPrint, pairs: _Pairs, homography: Floats
) -> tuple[_Pairs, Floats]:
    """Return the pairs whose turn and size fit the map, and how far off each one is in px."""
    compared = _matches(left, right, pairs)
    # Each feature stands in several pairs, and the map does to it the same in all of them.
    turns, octaves = (
        change[pairs.left]
        for change in geometry.local_change(homography, left.points(), left.angles())
    )
    off = compared.right - geometry.mapped(homography, left.points())[pairs.left]
    fits = np.isfinite(off).all(axis=1) & (np.abs(compared.octaves - octaves) < _OCTAVE_TOLERANCE)
    fits &= np.abs(geometry.turned(compared.turns - turns)) < _TURN_TOLERANCE
    return _Pairs(pairs.left[fits], pairs.right[fits]), off[fits]


def _distinct(places: tuple[Floats, Floats], left: PhotoPrint, right: PhotoPrint) -> int:
    """Return in how many cells of a photo the points lie; the smaller number of the two photos."""
    counts = []
    for points, one in zip(places, (left, right), strict=True):
        cell = max(one.width_px, one.height_px) / _CELLS
        column, row = (points // cell).astype(np.int64).T
        counts.append(len(np.unique(column * _CELLS * 2 + row)))
    return min(counts)


def _spread(points: Floats, one: PhotoPrint) -> float:
    if len(points) == 0:
        return 0.0
    hull = cv2.convexHull(points.astype(np.float32))
    return min(1.0, float(cv2.contourArea(hull)) / _area(one))


def _diagonal(one: PhotoPrint) -> float:
    return math.hypot(one.width_px, one.height_px)


def _area(one: PhotoPrint) -> float:
    return float(one.width_px * one.height_px)
