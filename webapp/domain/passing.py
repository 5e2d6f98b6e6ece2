"""What becomes of an open case on the day its land has another owner; deadlines never change."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from webapp.domain.case_state import CaseState
from webapp.domain.deadlines import local_day
from webapp.domain.geo import LandIndex, Position
from webapp.domain.routing import NEAR_OUTSIDE_M

# Why a case stays with a unit that has ended: its spot is on nobody's land now and its commune left
# no successor, or its lead is a unit that left none.
KeptCode = Literal["outside", "lead_ended"]


@dataclass(frozen=True)
class Day:
    """The land of one day, beside the land that units held before it.

    Attributes:
        land: who holds what on the day.
        ended_ids: units that do not exist on the day any more.
        heirs: for a unit that ended, who took its land, the largest part first.
        lands: one index for each unit of the day, to say how far it is from a spot.
        former: the land that each unit held last before its present one, or before it ended.
        shrunk_on: for a unit that goes on, the day on which its former land ended.
    """

    land: LandIndex
    ended_ids: AbstractSet[int]
    heirs: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    lands: Mapping[int, LandIndex] = field(default_factory=dict)
    former: Mapping[int, LandIndex] = field(default_factory=dict)
    shrunk_on: Mapping[int, date] = field(default_factory=dict)

    def holder_of(self, spot: Position) -> int | None:
        """Return whose land a spot lies on, or nearest to within ``NEAR_OUTSIDE_M``."""
        holder = self.land.unit_at(spot.latitude, spot.longitude)
        if holder is not None:
            return holder
        near = self.land.nearest_to(spot, within_m=NEAR_OUTSIDE_M)
        return near[0] if near else None

    def held(self, unit_id: int, spot: Position) -> bool:
        """Tell whether a spot lay on the land that a unit held before."""
        land = self.former.get(unit_id)
        return land is not None and land.unit_at(spot.latitude, spot.longitude) is not None

    def gave_up(self, unit_id: int, case: CaseState, spot: Position) -> bool:
        """Tell whether a unit that goes on gave up the spot since the case was opened."""
        since = self.shrunk_on.get(unit_id)
        return since is not None and local_day(case.opened_at) < since and self.held(unit_id, spot)

    def heir_of(self, unit_id: int, spot: Position) -> int | None:
        """Return the successor whose land is nearest to a spot; of equals, the larger part."""
        heirs = self.heirs.get(unit_id, ())
        away_m = {heir: self._metres_to(heir, spot) for heir in heirs}
        return min(heirs, key=lambda heir: away_m[heir], default=None)

    def _metres_to(self, unit_id: int, spot: Position) -> float:
        land = self.lands.get(unit_id)
        # Half the circumference of the Earth: nothing is further away.
        found = land.nearest_to(spot, within_m=20_040_000) if land else None
        return found[1] if found else float("inf")


@dataclass(frozen=True)
class Passing:
    """Who has a case from the day on.

    ``is_offer_moot`` says that the unit that was asked to take the lead has it now.
    """

    lead_unit_id: int
    commune_id: int | None
    transfer_to_id: int | None
    is_offer_moot: bool = False


def follow(case: CaseState, day: Day) -> Passing | KeptCode | None:
    """Return who has an open case from the day on, why it is kept, or None when nothing changes.

    A case follows its spot. Where its commune's land did not hold the spot (a border, the shore,
    a person's word), the commune itself was the decision, so the case follows that commune: to
    the successor that is nearest. The same holds where the spot of a commune that ended is on
    nobody's land now: only what has no successor either is kept as ``outside``. A lead that is
    not the place's commune stays while it exists.
    """
    spot = Position(case.latitude, case.longitude)
    home = home_of(case)
    commune = _commune_after(home, case, spot, day)
    if commune is None:
        return "outside"
    lead = commune if case.lead_unit_id == home else _after(case.lead_unit_id, spot, day)
    if lead is None:
        return "lead_ended"
    asked = case.transfer_to_id
    asked_after = None if asked is None else _after(asked, spot, day) or asked
    is_moot = asked_after is not None and asked_after == lead
    # A case that never had a commune keeps having none while nothing of it has ended.
    passing = Passing(
        lead_unit_id=lead,
        commune_id=case.commune_id if commune == home else commune,
        transfer_to_id=None if is_moot else asked_after,
        is_offer_moot=is_moot,
    )
    return None if passing == unmoved(case) else passing


def unmoved(case: CaseState) -> Passing:
    """Return who has a case now."""
    return Passing(case.lead_unit_id, case.commune_id, case.transfer_to_id)


def home_of(case: CaseState) -> int:
    """Return the commune whose land a case counts to; its lead, where none was written down."""
    return case.lead_unit_id if case.commune_id is None else case.commune_id


def _commune_after(home: int, case: CaseState, spot: Position, day: Day) -> int | None:
    holder = day.holder_of(spot)
    if home not in day.ended_ids:
        # What it gave up and nobody took stays its own.
        return holder if holder is not None and day.gave_up(home, case, spot) else home
    if holder is not None and day.held(home, spot):
        return holder
    return day.heir_of(home, spot) or holder


def _after(unit_id: int, spot: Position, day: Day) -> int | None:
    """Return who stands for a unit from the day on; None when it ended without a successor."""
    return day.heir_of(unit_id, spot) if unit_id in day.ended_ids else unit_id


def partner_after(unit_id: int, case: CaseState, passing: Passing, day: Day) -> int:
    """Return who coordinates in the place of a unit; itself when it stands or has no successor.

    The place's commune coordinates as the place's commune, whoever that is now.
    """
    if unit_id == home_of(case) and passing.commune_id is not None:
        return passing.commune_id
    if unit_id not in day.ended_ids:
        return unit_id
    return day.heir_of(unit_id, Position(case.latitude, case.longitude)) or unit_id
