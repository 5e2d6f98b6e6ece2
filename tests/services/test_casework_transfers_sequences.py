"""Whatever units ask of each other, in whatever order: one lead, its land, and no new time."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.servers.casework_history import check_history, reread, seen
from tests.servers.casework_scene import (
    build_district,
    make_case,
    make_officer,
    make_unit,
    moments_ago,
)
from webapp.domain.errors import NotAllowed, NotFound
from webapp.domain.transfers import MOST_TRANSFERS
from webapp.extensions import db
from webapp.models import Case, Coordination, Officer, Transfer
from webapp.services import casework_acts
from webapp.services import casework_coordination as coordination
from webapp.services import casework_transfers as transfers
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

# Each example is a dozen transactions with an fsync each: an eighth of what a pure rule is tried.
EXAMPLES = settings.default.max_examples // 8 if settings.default else 10

ACTS = (
    "offer",
    "offer",
    "accept",
    "accept",
    "refuse",
    "withdraw",
    "contest",
    "fall_silent",
    "rule",
    "coordinate",
    "reply",
    "end",
    "confirm_border",
    "acknowledge",
    "raise_severity",
)
choices = st.tuples(st.sampled_from(ACTS), st.integers(0, 2), st.integers(0, 2))


@pytest.fixture
def desks(context: None) -> list[int]:
    """Return an officer of each of three units, and a supervisor."""
    district = build_district()
    road = make_unit("authority", "Chi cục Quản lý đường bộ")
    units = (district.commune_id, district.other_commune_id, road)
    officers = [make_officer(unit_id) for unit_id in units]
    supervisor = make_officer(district.district_id, "supervisor")
    return [each.id for each in (*officers, supervisor)]


class Dispute:
    """One case near a border; every act names who does it and which unit it is about."""

    def __init__(self, desks: list[int]) -> None:
        """Open the case in the first officer's unit."""
        self.desks = desks
        self.units = [self.officer(at).unit_id for at in range(3)]
        facts = {"is_border_open": True, "routing": "straddling"}
        self.case = make_case(self.units[0], severity=2, facts=facts)
        self.case_id = self.case.id

    def officer(self, at: int) -> Officer:
        """Return an officer as they are in the present session."""
        return db.session.get_one(Officer, self.desks[at])

    def acts(self, who: int, unit: int) -> dict[str, Callable[[], object]]:
        """Return everything that can happen here, by its name."""
        officer, as_seen, unit_id = self.officer(who), seen(self.case), self.units[unit]
        part = db.session.query(Coordination.id).filter_by(case_id=self.case_id, unit_id=unit_id)
        part_id = max((row.id for row in part), default=0)
        return {
            "offer": lambda: transfers.offer(officer, as_seen, unit_id, "other", "Không phải."),
            "accept": lambda: transfers.accept(officer, as_seen),
            "refuse": lambda: transfers.refuse(officer, as_seen, "Không phải."),
            "withdraw": lambda: transfers.withdraw(officer, as_seen),
            "contest": lambda: transfers.contest(officer, as_seen, "Không thống nhất."),
            "fall_silent": self.fall_silent,
            "rule": lambda: transfers.rule(self.officer(3), as_seen, unit_id, "Căn cứ."),
            "coordinate": lambda: coordination.coordinate(officer, as_seen, unit_id, "Giúp."),
            "reply": lambda: coordination.reply(officer, as_seen, "Xong."),
            "end": lambda: coordination.end(officer, as_seen, part_id),
            "confirm_border": lambda: coordination.confirm_border(officer, as_seen),
            "acknowledge": lambda: casework_acts.acknowledge(officer, as_seen),
            "raise_severity": lambda: casework_acts.raise_severity(officer, as_seen, 4),
        }

    def fall_silent(self) -> None:
        """Let the day pass of whoever was asked."""
        with transaction() as work:
            for row in work.session.query(Transfer).filter_by(case_id=self.case_id, state="open"):
                row.due_at = moments_ago(hours=1)

    def check(self, commune_id: int) -> None:
        """Check that the case has one lead and its land, and that rows and case agree."""
        case: Case = reread(self.case)
        parts = db.session.query(Coordination).filter_by(case_id=case.id)
        standing = [part.unit_id for part in parts if part.state != "ended"]
        assert case.lead_unit_id in self.units
        assert case.lead_unit_id not in standing
        assert case.commune_id == commune_id
        assert commune_id in {case.lead_unit_id, *standing}
        rows = db.session.query(Transfer).filter_by(case_id=case.id).all()
        accepted = sum(row.state == "accepted" for row in rows)
        assert accepted == case.transfer_count <= MOST_TRANSFERS
        waiting = [row.to_unit_id for row in rows if row.state == "open"]
        asked = [case.transfer_to_id] if case.transfer_to_id or case.is_ruling_asked else []
        assert waiting == asked


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(choices, min_size=3, max_size=14))
@example(
    acts=[
        ("offer", 0, 1),
        ("accept", 1, 0),
        ("offer", 1, 2),
        ("accept", 2, 0),
        ("offer", 2, 0),
        ("contest", 2, 0),
        ("rule", 0, 0),
    ]
)
def test_one_unit_leads_the_land_stays_and_every_history_adds_up(
    desks: list[int], acts: list[tuple[str, int, int]]
) -> None:
    dispute = Dispute(desks)
    for name, who, unit in acts:
        with suppress(NotAllowed, NotFound):
            dispute.acts(who, unit)[name]()
        dispute.check(dispute.units[0])
    check_history(dispute.case)
