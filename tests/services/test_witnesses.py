"""Witnesses of a case as the database has them: phones, confirmed contacts, anonymous repeats."""

import random
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import make_case, make_commune, make_report, somewhere
from tests.servers.counting import counting
from webapp import clock
from webapp.domain.witnesses import Voice, count_witnesses
from webapp.extensions import db
from webapp.models import Attachment, Case, Contact, Report, ReportTriage
from webapp.services.casework_figures import witness_count
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

PHONES = (None, "0912345678", "+84912345678", "0900000001")


def attach(
    case: Case, *, phone: str | None = None, confirmed: bool = True, **values: Any
) -> Report:
    """Add a report to a case, with a contact if a phone number is given."""
    withdrawn = values.pop("withdrawn", False)
    cell_east_m = values.pop("cell_east_m", 0.0)
    report = make_report(somewhere(), **values)
    now = clock.now()
    with transaction() as work:
        work.session.add(Attachment(report_id=report.id, case_id=case.id, at=now, terms={}))
        standing = work.session.get_one(ReportTriage, report.id)
        spot = somewhere(east_m=cell_east_m)
        standing.latitude, standing.longitude = spot.latitude, spot.longitude
        if phone:
            work.session.add(
                Contact(
                    report_id=report.id,
                    phone=phone,
                    consented_at=now,
                    confirmed_at=now if confirmed else None,
                    withdrawn_at=now if withdrawn else None,
                )
            )
    return report


@pytest.fixture
def case(context: None) -> Case:
    """A case with one witness, whose phone is known."""
    return make_case(make_commune())


def count(case: Case) -> int:
    return witness_count(db.session(), case.id)


def test_one_confirmed_contact_on_two_phones_is_one_witness(case: Case) -> None:
    attach(case, install_key_hash="a" * 64, phone="0912345678")
    attach(case, install_key_hash="b" * 64, phone="+84912345678")
    assert count(case) == 2
    attach(case, install_key_hash="b" * 64)
    assert count(case) == 2


@pytest.mark.parametrize("wish", [{"confirmed": False}, {"withdrawn": True}])
def test_an_unconfirmed_or_withdrawn_contact_joins_nobody(
    case: Case, wish: dict[str, bool]
) -> None:
    attach(case, install_key_hash="a" * 64, phone="0912345678", **wish)
    attach(case, install_key_hash="b" * 64, phone="0912345678", **wish)
    assert count(case) == 3


def test_a_contact_without_an_install_key_is_a_witness(case: Case) -> None:
    for _ in range(2):
        attach(case, phone="0912345678")
    assert count(case) == 2


def test_anonymous_repeats_count_once_for_a_day_and_a_cell(case: Case) -> None:
    noon = clock.now().replace(hour=5)
    for _ in range(3):
        attach(case, received_at=noon)
    assert count(case) == 2
    attach(case, received_at=noon - timedelta(days=1))
    attach(case, received_at=noon, cell_east_m=400.0)
    assert count(case) == 4


def test_the_database_and_the_rule_count_alike(case: Case) -> None:
    chance = random.Random(3)
    voices = []
    for _ in range(40):
        install = chance.choice([None, "c" * 64, "d" * 64, "e" * 64, "f" * 64])
        phone = chance.choice(PHONES)
        attach(case, install_key_hash=install, phone=phone)
        voices.append(Voice(clock.today(), "here", install, phone))
        # The case began with one witness, of a phone that reports no more.
        assert count(case) == 1 + count_witnesses(voices)


def test_two_statements_count_any_number_of_witnesses(case: Case) -> None:
    for number in range(30):
        attach(case, install_key_hash=f"{number:064}")
    with counting(db.engine) as statements:
        assert count(case) == 31
    assert len(statements) == 2
