"""Reference data: complete, safe to load again, never overwriting what a district edited."""

import pytest
from sqlalchemy import delete, select

from webapp.extensions import db
from webapp.models import (
    Category,
    DeadlineRule,
    ResponsibilityPartner,
    ResponsibilityRule,
    ResponsibilityVersion,
)
from webapp.services.reference import ReferenceLoad, ensure_reference_data
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")


def test_ten_categories_and_four_deadlines_ship() -> None:
    categories = db.session.scalars(select(Category).order_by(Category.sort_order)).all()
    assert [category.service_code for category in categories][0::9] == [
        "pavement_encroachment",
        "other",
    ]
    assert [category.service_code for category in categories if category.is_triaged_by_person] == [
        "other"
    ]
    rules = db.session.scalars(select(DeadlineRule).order_by(DeadlineRule.severity)).all()
    assert [(rule.acknowledge_hours, rule.resolve_days) for rule in rules] == [
        (8, 15),
        (8, 10),
        (4, 5),
        (1, 1),
    ]
    assert [rule.is_round_the_clock for rule in rules] == [False, False, False, True]


def test_no_spot_is_watched_for_less_than_a_fortnight() -> None:
    categories = db.session.scalars(select(Category)).all()
    assert min(category.watch_days for category in categories) == 14
    encroachments = [c.watch_days for c in categories if "encroachment" in c.service_code]
    assert encroachments == [30, 30]


def test_loading_again_adds_nothing_and_keeps_what_was_edited() -> None:
    with transaction() as work:
        work.session.get_one(Category, "road_damage").tile_label = "Đường hỏng"
    assert ensure_reference_data() == ReferenceLoad(0, 0)
    assert db.session.get_one(Category, "road_damage").tile_label == "Đường hỏng"


def test_a_first_table_of_who_does_what_ships_and_is_never_added_to_another() -> None:
    version = db.session.scalars(select(ResponsibilityVersion)).one()
    assert (version.number, version.created_by_id, len(version.rules)) == (1, None, 8)
    with transaction() as work:
        work.session.delete(work.session.get_one(ResponsibilityVersion, version.id).rules[-1])
    assert ensure_reference_data().responsibilities_added == 0


def test_a_district_without_any_table_gets_the_first_one() -> None:
    with transaction() as work:
        for table in (ResponsibilityPartner, ResponsibilityRule, ResponsibilityVersion):
            work.session.execute(delete(table))
    assert ensure_reference_data() == ReferenceLoad(0, 0, responsibilities_added=8)


def test_what_is_missing_is_added() -> None:
    with transaction() as work:
        work.session.execute(delete(DeadlineRule).where(DeadlineRule.severity == 4))
        work.session.execute(delete(Category).where(Category.service_code == "other"))
    assert ensure_reference_data() == ReferenceLoad(1, 1)
