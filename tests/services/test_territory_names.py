"""A commune is found by what people call it: old or new names, with or without marks and kinds."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.factories import make_case, make_commune, make_officer, make_supervising_unit, somewhere
from webapp import clock
from webapp.extensions import db
from webapp.models import Unit, UnitSuccession
from webapp.services import queue, territory_names, territory_switch
from webapp.services.queue import Wanted
from webapp.services.transaction import transaction
from webapp.services.triage_sheet import named_commune

LAST_DAY, FIRST_DAY = date(2025, 6, 30), date(2025, 7, 1)

OLD = {
    "Phương Hải": ("xã", "Ninh Hải"),
    "Khánh Hải": ("thị trấn", "Ninh Chử"),
    "Thanh Hải": ("xã", "Vĩnh Hải"),
    "Vĩnh Hải": ("xã", "Vĩnh Hải"),
    "Thành Hải": ("xã", "Đông Hải"),
}
NEW = {"Ninh Hải": "xã", "Ninh Chử": "phường", "Vĩnh Hải": "xã", "Đông Hải": "phường"}


@pytest.fixture(autouse=True)
def communes(context: None) -> dict[str, Unit]:
    """Five communes of then and four of now, one square of land for each pair."""
    district = make_supervising_unit()
    found: dict[str, Unit] = {}
    rows: list[UnitSuccession] = []
    for column, (name, kind) in enumerate(NEW.items()):
        new = make_commune(column=column, name=name, parent=district, valid_from=FIRST_DAY)
        found[name] = _of_kind(new, kind)
    for name, (kind, successor) in OLD.items():
        column = list(NEW).index(successor)
        old = make_commune(column=column, name=name, parent=district, valid_to=LAST_DAY)
        found.setdefault(name, old)
        _of_kind(old, kind)
        rows.append(
            UnitSuccession(
                predecessor_id=old.id, successor_id=found[successor].id, on_date=FIRST_DAY
            )
        )
    with transaction() as work:
        work.session.add_all(rows)
    return found


def _of_kind(unit: Unit, kind: str) -> Unit:
    with transaction() as work:
        work.session.get_one(Unit, unit.id).kind = kind
    return unit


def found(words: str, on: date = FIRST_DAY) -> list[tuple[str, str | None]]:
    return [
        (match.unit.name, match.via.name if match.via else None)
        for match in territory_names.find_units(words, on)
    ]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("xã Phương Hải", [("Ninh Hải", "Phương Hải")]),
        ("phuong hai", [("Ninh Hải", "Phương Hải")]),
        ("XA PHUONG HAI", [("Ninh Hải", "Phương Hải")]),
        ("  Phương   Hải. ", [("Ninh Hải", "Phương Hải")]),
        ("thị trấn Khánh Hải", [("Ninh Chử", "Khánh Hải")]),
        ("TT. Khánh Hải", [("Ninh Chử", "Khánh Hải")]),
        ("P. Ninh Chử", [("Ninh Chử", None)]),
        ("xã Ninh Chử", [("Ninh Chử", None)]),
        ("Vĩnh Hải", [("Vĩnh Hải", None)]),
        ("dong hai", [("Đông Hải", None)]),
        ("Thanh Hải", [("Vĩnh Hải", "Thanh Hải")]),
        ("Thành Hải", [("Đông Hải", "Thành Hải")]),
        ("thanh hai", [("Đông Hải", "Thành Hải"), ("Vĩnh Hải", "Thanh Hải")]),
        ("gần chợ xã Phương Hải, cạnh cầu", [("Ninh Hải", "Phương Hải")]),
        ("Hải", []),
        ("xã", []),
        ("", []),
        ("…", []),
        ("%_'\"", []),
    ],
)
def test_words_find_the_commune_of_today(words: str, answer: list[Any]) -> None:
    assert found(words) == answer


def test_before_the_switch_the_name_is_the_units_own() -> None:
    assert found("phuong hai", LAST_DAY) == [("Phương Hải", None)]
    assert found("ninh chu", LAST_DAY) == []


def test_a_unit_that_was_split_leads_to_each_of_its_heirs(communes: dict[str, Unit]) -> None:
    with transaction() as work:
        work.session.add(
            UnitSuccession(
                predecessor_id=communes["Phương Hải"].id,
                successor_id=communes["Vĩnh Hải"].id,
                on_date=FIRST_DAY,
            )
        )
    assert found("phuong hai") == [("Ninh Hải", "Phương Hải"), ("Vĩnh Hải", "Phương Hải")]


def test_the_desk_offers_the_commune_that_an_old_name_means() -> None:
    named = named_commune("xã Phương Hải", FIRST_DAY)
    assert named is not None
    assert named.via is not None
    assert (named.unit.name, named.via.name, named.is_certain) == ("Ninh Hải", "Phương Hải", False)
    own = named_commune("Ninh Chử", FIRST_DAY)
    assert own is not None
    assert own.is_certain
    assert named_commune("thanh hai", FIRST_DAY) is None
    assert named_commune(None, FIRST_DAY) is None


def test_officials_find_cases_by_the_old_name_of_their_commune(communes: dict[str, Unit]) -> None:
    with clock.at(datetime(2025, 6, 20, 3, tzinfo=UTC)):
        case = make_case(communes["Phương Hải"], somewhere(0), opened_at=clock.now())
        make_case(communes["Thanh Hải"], somewhere(2), opened_at=clock.now())
    with clock.at(datetime(2025, 7, 1, 3, tzinfo=UTC)):
        territory_switch.switch(FIRST_DAY)
        supervisor = make_officer(
            db.session.query(Unit).filter_by(tier="supervising").one(), role="supervisor"
        )
        wanted = Wanted(view="everything", words="phuong hai")
        lines = queue.read_queue(supervisor, wanted).rows
        assert [line.case.number for line in lines] == [case.number]
