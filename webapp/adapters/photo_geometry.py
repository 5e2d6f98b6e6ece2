"""Which movement of the camera explains the most matches between two photos.

Every match of two features is a hypothesis by itself, for SIFT gives place, size and direction:
one match is a similarity (Philbin et al. 2007, "Object retrieval with large vocabularies and fast
spatial matching"). All are tried, so nothing is left to chance and degenerate points make no
solver fail; the best are refined to an affine map and a homography, and a
fundamental matrix is sought among what has neighbours that move alike.
"""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Shares of the diagonal. One similarity holds for a neighbourhood only, hence the wide first step.
_FIRST_TOLERANCE = 0.05
_REFINING_TOLERANCES = (0.04, 0.025, 0.015, 0.01, 0.01)
# The affine map of the first steps has six unknowns, the homography eight.
_AFFINE_STEPS = 2
_FEWEST_FOR_AFFINE = 4
_FEWEST_FOR_HOMOGRAPHY = 8

# What SIFT promises across moderate changes of view.
_TURN_TOLERANCE = np.deg2rad(30)
_OCTAVE_TOLERANCE = 1.0

# A match and two neighbours: by chance hardly any two agree in place, turn and size.
_SUPPORT = 3

# Share of the diagonal, 5 px of 1600.
EPIPOLAR_TOLERANCE = 0.003
_FEWEST_FOR_FUNDAMENTAL = 9
# Seven of the matches must be right at once; among supported ones most are.
_MOST_DRAWS = 200

_MOST_HYPOTHESES = 150
_MOST_REFINED = 3

# At and behind the camera's own plane a map says nothing.
_LEAST_DEPTH = 1e-9

# A map that blows a surface up, or shrinks it, more than this is a degenerate one.
_GREATEST_AREA_FACTOR = 50.0


# What was fitted to a choice of matches, by whether it is affine and the choice itself.
_Fits: TypeAlias = dict[tuple[bool, bytes], Floats | None]


@dataclass(frozen=True)
class Matches:
    """Features of two photos side by side, best match first: places in px, angles in radians."""

    left: Floats
    right: Floats
    turns: Floats
    octaves: Floats
    diagonal_px: float


def turned(angles: Floats) -> Floats:
    """Return angles between -pi and pi."""
    return np.asarray((angles + np.pi) % (2 * np.pi) - np.pi)


def _turned_difference(angles: Floats) -> Floats:
    """Return the very numbers of ``turned`` for what lies between -2 pi and 2 pi.

    There a remainder is at most one full turn away, and the processor's remainder of two floats
    takes ten times as long as a sum.
    """
    shifted = angles + np.pi
    full = 2 * np.pi
    shifted += full * ((shifted < 0).astype(np.int8) - (shifted >= full).astype(np.int8))
    return np.asarray(shifted - np.pi)


def best_homography(matches: Matches, agreeing: Flags) -> Floats | None:
    """Return the map from left to right that explains the most matches, shape (3, 3), if any."""
    if len(matches.left) < _FEWEST_FOR_AFFINE:
        return None
    order = np.argsort(-agreeing.sum(axis=1), kind="stable")[:_MOST_REFINED]
    best, most = None, 0
    fits: _Fits = {}
    for seed in order:
        found = _refined(matches, agreeing[seed], fits)
        count = 0 if found is None else _within(found, matches, _REFINING_TOLERANCES[-1]).sum()
        if count > most:
            best, most = found, int(count)
    return best


def epipolar_inliers(matches: Matches, supported: Flags) -> Flags:
    """Return which of the supported matches obey one fundamental matrix, shape (matches,)."""
    chosen = np.flatnonzero(supported)
    inliers = np.zeros(len(matches.left), np.bool_)
    if len(chosen) < _FEWEST_FOR_FUNDAMENTAL:
        return inliers
    left, right = matches.left[chosen], matches.right[chosen]
    limit_px = EPIPOLAR_TOLERANCE * matches.diagonal_px
    try:
        # This solver starts its draws from one fixed seed (RNG(-1)): the answer repeats.
        _, mask = cv2.findFundamentalMat(left, right, cv2.FM_RANSAC, limit_px, 0.99, _MOST_DRAWS)
    except cv2.error:
        return inliers
    if mask is not None:
        inliers[chosen] = mask.ravel() > 0
    return inliers


def mapped(homography: Floats, points: Floats) -> Floats:
    """Return where the points go, shape (n, 2); NaN for what would lie behind the camera."""
    extended = points @ homography[:, :2].T + homography[:, 2]
    depth = extended[:, 2:]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(depth > _LEAST_DEPTH, extended[:, :2] / depth, np.nan)


def local_change(homography: Floats, points: Floats, angles: Floats) -> tuple[Floats, Floats]:
    """Return by how much the map turns and scales (in octaves) a feature at each point."""
    along = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    place = mapped(homography, points)
    forth = mapped(homography, points + along) - place
    aside = mapped(homography, points + across) - place
    area = np.abs(forth[:, 0] * aside[:, 1] - forth[:, 1] * aside[:, 0])
    turns = np.arctan2(forth[:, 1], forth[:, 0]) - angles
    return turns, 0.5 * np.log2(np.maximum(area, 1e-9))


def supported_by(agreeing: Flags) -> Flags:
    """Return which matches move as at least two neighbours do, shape (matches,)."""
    return np.asarray(agreeing[agreeing.sum(axis=1) >= _SUPPORT].any(axis=0))


def agreement(matches: Matches) -> Flags:
    """Return which matches agree with each hypothesis, shape (hypotheses, matches)."""
    seeds = slice(_MOST_HYPOTHESES)
    scale = 2.0 ** matches.octaves[seeds]
    cosine = scale * np.cos(matches.turns[seeds])
    sine = scale * np.sin(matches.turns[seeds])
    x = matches.left[:, 0] - matches.left[seeds, 0, None]
    y = matches.left[:, 1] - matches.left[seeds, 1, None]
    off_x = cosine[:, None] * x - sine[:, None] * y
    off_x += matches.right[seeds, 0, None] - matches.right[:, 0]
    off_y = sine[:, None] * x + cosine[:, None] * y
    off_y += matches.right[seeds, 1, None] - matches.right[:, 1]
    is_near = off_x**2 + off_y**2 < (_FIRST_TOLERANCE * matches.diagonal_px) ** 2
    turn = np.abs(_turned_difference(matches.turns - matches.turns[seeds, None]))
    octave = np.abs(matches.octaves - matches.octaves[seeds, None])
    return np.asarray(is_near & (turn < _TURN_TOLERANCE) & (octave < _OCTAVE_TOLERANCE))


def _refined(matches: Matches, chosen: Flags, fits: _Fits) -> Floats | None:
    """Return the map to which a hypothesis leads, step by step.

    Good hypotheses soon choose the same matches: ``fits`` keeps what was fitted to them.
    """
    best = None
    for step, tolerance in enumerate(_REFINING_TOLERANCES):
        is_affine = step < _AFFINE_STEPS or chosen.sum() < _FEWEST_FOR_HOMOGRAPHY
        key = is_affine, chosen.tobytes()
        if key not in fits:
            fit = _affine if is_affine else _homography
            fits[key] = fit(matches.left[chosen], matches.right[chosen])
        found = fits[key]
        if found is None or not _is_sound(found):
            return best
        best = found
        chosen = _within(found, matches, tolerance)
    return best


def _within(homography: Floats, matches: Matches, tolerance: float) -> Flags:
    off = mapped(homography, matches.left) - matches.right
    # NaN is within nothing.
    return np.asarray((off**2).sum(axis=1) < (tolerance * matches.diagonal_px) ** 2)


def _affine(left: Floats, right: Floats) -> Floats | None:
    if len(left) < _FEWEST_FOR_AFFINE:
        return None
    solution, _, rank, _ = np.linalg.lstsq(np.column_stack([left, np.ones(len(left))]), right)
    return np.vstack([solution.T, [0.0, 0.0, 1.0]]) if rank == solution.shape[0] else None


def _homography(left: Floats, right: Floats) -> Floats | None:
    try:
        found, _ = cv2.findHomography(left, right, 0)
    except cv2.error:
        return None
    return None if found is None else np.asarray(found, np.float64)


def _is_sound(homography: Floats) -> bool:
    if not np.isfinite(homography).all():
        return False
    area = float(np.linalg.det(homography[:2, :2]))
    return 1 / _GREATEST_AREA_FACTOR < area < _GREATEST_AREA_FACTOR
