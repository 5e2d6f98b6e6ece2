"""How surely a position lies on whose land: clear, at a border, near the shore, or outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from webapp.domain.geo import LandIndex, Position, is_usable

Certainty = Literal["clear", "straddling", "near_outside", "outside", "unplaced", "set_by_person"]

# From the product: below this share of the disc a person confirms whose land it is.
LEAST_CLEAR_SHARE = 0.8

# From the product: beaches, quays and the bay lie a little outside the land's polygons. Further
# out it is the open sea or another district, and nobody guesses.
NEAR_OUTSIDE_M = 200.0

# A source that names no accuracy is taken to be as good as the position that a camera writes.
UNKNOWN_ACCURACY_M = 30.0

# Boundary files carry six decimals, a tenth of a metre: a disc need not be finer than ten of those.
LEAST_RADIUS_M = 1.0

# Receivers err by metres, networks by hundreds. What errs by more than a kilometre is the mast or
# the provider's town: a disc of that size tells how large communes are, not where somebody stood.
# It is cut to this size, and whatever land it lies on, a person confirms that.
MOST_RADIUS_M = 1_000.0


@dataclass(frozen=True)
class LandShare:
    """How much of the disc lies on one unit's land: a share, 0 to 1, of its part on any land."""

    unit_id: int
    share: float


@dataclass(frozen=True)
class Ground:
    """Whose land a position lies on.

    Attributes:
        certainty: ``clear``; ``straddling`` when the largest share is under
            ``LEAST_CLEAR_SHARE``, when two units claim the very spot, or when the accuracy was
            too poor to be taken as it was; ``near_outside`` when the centre lies outside all
            land, at most ``NEAR_OUTSIDE_M``; ``outside`` beyond; ``unplaced`` without a position;
            ``set_by_person`` when somebody at the desk said whose it is.
        shares: the largest first; empty when the disc touches no land.
        distance_m: how far outside all land the centre lies, 0 on land; None beyond
            ``NEAR_OUTSIDE_M`` and without a position.
        commune_id: the one that counts: of the largest share, or the nearest; None when nobody.
    """

    certainty: Certainty
    shares: tuple[LandShare, ...] = ()
    distance_m: float | None = None
    commune_id: int | None = None

    @property
    def is_border(self) -> bool:
        """Whether a person has to confirm whose land it is."""
        return self.certainty in {"straddling", "near_outside"}

    @property
    def neighbour_ids(self) -> tuple[int, ...]:
        """The other units whose land the disc touches, the largest share first."""
        return tuple(each.unit_id for each in self.shares if each.unit_id != self.commune_id)

    @property
    def touched_ids(self) -> tuple[int, ...]:
        """All units on whose land the trouble may lie, the one that counts first."""
        own = () if self.commune_id is None else (self.commune_id,)
        return own + self.neighbour_ids


UNPLACED = Ground("unplaced")
OUTSIDE = Ground("outside")


def ground_of(index: LandIndex, position: Position) -> Ground:
    """Say whose land a position with its accuracy lies on; never ``set_by_person``.

    Args:
        index: the land of the day that counts.
        position: its accuracy, a radius in metres, is the size of the disc; see the constants
            above for one that is missing, tiny or monstrous.
    """
    if not is_usable(position.latitude, position.longitude):
        return UNPLACED
    said_m = position.accuracy_m
    # No receiver has an accuracy of nothing, or of less.
    claimed_m = said_m if said_m is not None and said_m > 0 else UNKNOWN_ACCURACY_M
    shares = _shares(index, position, claimed_m)
    claimants = index.units_at(position)
    if not claimants:
        return _off_land(index, position, shares)
    largest = shares[0]
    is_sure = (
        largest.share >= LEAST_CLEAR_SHARE and len(claimants) == 1 and claimed_m <= MOST_RADIUS_M
    )
    return Ground("clear" if is_sure else "straddling", shares, 0.0, largest.unit_id)


def set_by_person(commune_id: int) -> Ground:
    """Return the ground that a person at the desk chose; it goes before any map."""
    return Ground("set_by_person", (LandShare(commune_id, 1.0),), None, commune_id)


def _shares(index: LandIndex, position: Position, claimed_m: float) -> tuple[LandShare, ...]:
    radius_m = min(max(claimed_m, LEAST_RADIUS_M), MOST_RADIUS_M)
    return tuple(LandShare(*each) for each in index.shares_of(position, radius_m))


def _off_land(index: LandIndex, position: Position, shares: Sequence[LandShare]) -> Ground:
    nearest = index.nearest_to(position, within_m=NEAR_OUTSIDE_M)
    if nearest is None:
        return OUTSIDE
    unit_id, distance_m = nearest
    return Ground("near_outside", tuple(shares), distance_m, unit_id)
