"""Whatever officers merge, split and undo, in whatever order: nothing is lost, lowered or late."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.servers.casework_history import (
    check_counts,
    check_history,
    check_owed,
    holder_of,
    owed_now,
    seen,
)
from tests.servers.casework_scene import attach, build_district, make_case, make_officer
from webapp import clock
from webapp.domain.errors import NotAllowed, NotFound
from webapp.extensions import db
from webapp.models import Case, Officer
from webapp.services import casework_acts
from webapp.services.case_families import survivor_of
from webapp.services.casework import append
from webapp.services.casework_merging import keep_apart, merge, unmerge
from webapp.services.casework_splitting import split_off, undo_split
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

# Each example is a dozen transactions with an fsync each: an eighth of what a pure rule is tried.
EXAMPLES = settings.default.max_examples // 8 if settings.default else 10


class Desk:
    """One officer at work on a few cases; every act takes two numbers that choose what it is on."""

    def __init__(self, officer: Officer) -> None:
        """Begin with three cases of two reports each."""
        self.officer_id, self.unit_id = officer.id, officer.unit_id
        self.first_id = max(db.session.scalars(select(Case.id)).all(), default=0) + 1
        for severity in (1, 2, 3):
            case = make_case(self.unit_id, severity=severity)
            for _ in range(2):
                attach(case.number)

    @property
    def officer(self) -> Officer:
        """The officer, as they are in the present session."""
        return db.session.get_one(Officer, self.officer_id)

    def cases(self) -> list[Case]:
        """Return all cases of this desk, oldest first."""
        db.session.rollback()
        mine = select(Case).where(Case.id >= self.first_id).order_by(Case.id)
        return list(db.session.scalars(mine))

    def pick(self, at: int) -> Case:
        """Return one of the cases."""
        cases = self.cases()
        return cases[at % len(cases)]

    def merge(self, one: int, other: int) -> None:
        """Merge two cases."""
        merge(self.officer, seen(self.pick(one)), seen(self.pick(other)))

    def unmerge(self, one: int, _other: int) -> None:
        """Undo a merge."""
        unmerge(self.officer, seen(self.pick(one)))

    def split(self, one: int, other: int) -> None:
        """Split off one of the reports of a case."""
        held = holder_of(self.pick(one))
        if held:
            split_off(self.officer, seen(self.pick(one)), held[other % len(held)].report_id)

    def unsplit(self, one: int, _other: int) -> None:
        """Undo a split."""
        undo_split(self.officer, seen(self.pick(one)))

    def keep_apart(self, one: int, other: int) -> None:
        """Say that two cases are two."""
        keep_apart(self.officer, seen(self.pick(one)), self.pick(other).number)

    def report(self, one: int, other: int) -> None:
        """Let one more report come to a case, or to the one that took it in."""
        case = survivor_of(db.session(), self.pick(one))
        attach(case.number, install_key_hash=f"{other:064d}")

    def acknowledge(self, one: int, _other: int) -> None:
        """Take a case on."""
        casework_acts.acknowledge(self.officer, seen(self.pick(one)))

    def resolve(self, one: int, _other: int) -> None:
        """End a case."""
        with transaction() as work:
            case = work.session.get_one(Case, self.pick(one).id, populate_existing=True)
            data = {"public_sentence": "Đã xong."}
            append(work, case, "resolved", actor=self.officer, now=clock.now(), data=data)

    def raise_severity(self, one: int, _other: int) -> None:
        """Make a case graver."""
        casework_acts.raise_severity(self.officer, seen(self.pick(one)), 4)

    def acts(self) -> dict[str, Callable[[int, int], None]]:
        """Return everything that can happen here, by its name."""
        return {name: getattr(self, name) for name in ACTS}


ACTS = (
    "merge",
    "merge",
    "unmerge",
    "split",
    "unsplit",
    "keep_apart",
    "report",
    "acknowledge",
    "resolve",
    "raise_severity",
)
choices = st.tuples(st.sampled_from(ACTS), st.integers(0, 5), st.integers(0, 5))


@pytest.fixture
def officer(context: None) -> Officer:
    return make_officer(build_district().commune_id)


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(choices, min_size=3, max_size=12))
@example(acts=[("merge", 0, 1), ("raise_severity", 0, 0), ("unmerge", 1, 0)])
def test_every_report_keeps_one_case_and_every_history_adds_up(
    officer: Officer, acts: list[tuple[str, int, int]]
) -> None:
    desk = Desk(db.session.get_one(Officer, 1))
    owed = owed_now()
    for name, one, other in acts:
        with suppress(NotAllowed, NotFound):
            desk.acts()[name](one, other)
        owed = check_owed(owed)
    check_history(*desk.cases())
    check_counts()
