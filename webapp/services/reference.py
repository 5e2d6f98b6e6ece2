"""Reference data that every district starts with: categories, deadlines, who does what."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.deadlines import DEFAULT_RULES
from webapp.domain.responsibilities_default import DEFAULT_TABLE, NOTE, VALID_FROM
from webapp.models import Category, DeadlineRule, ResponsibilityVersion
from webapp.services import responsibilities
from webapp.services.transaction import transaction

# A mended spot is watched for a month where people come back to occupy it again, and never
# for less than a fortnight anywhere else.
ENCROACHMENT_WATCH_DAYS = 30
SHORTEST_WATCH_DAYS = 14


@dataclass(frozen=True)
class CategorySeed:
    """One category that ships: Open311's service_code, both Vietnamese names and its floor."""

    service_code: str
    name: str
    tile_label: str
    severity_floor: int
    watch_days: int = SHORTEST_WATCH_DAYS
    is_triaged_by_person: bool = False


# In the order of the resident's tiles: what is reported most stands first.
CATEGORIES = (
    CategorySeed(
        "pavement_encroachment",
        "Lấn chiếm hè phố, lòng lề đường",
        "Vỉa hè bị chiếm",
        1,
        ENCROACHMENT_WATCH_DAYS,
    ),
    CategorySeed("road_damage", "Mặt đường hư hỏng", "Ổ gà, đường hỏng", 1),
    CategorySeed("illegal_parking", "Dừng, đỗ xe sai quy định", "Dừng, đỗ xe sai quy định", 1),
    CategorySeed(
        "self_opened_crossing", "Lối đi tự mở qua đường sắt", "Lối đi tự mở qua đường sắt", 3
    ),
    CategorySeed(
        "corridor_encroachment",
        "Lấn chiếm hành lang an toàn đường bộ, đường sắt",
        "Lấn hành lang an toàn",
        2,
        ENCROACHMENT_WATCH_DAYS,
    ),
    CategorySeed("poor_visibility", "Khuất tầm nhìn", "Khuất tầm nhìn", 2),
    CategorySeed("traffic_sign", "Thiếu hoặc sai biển báo, đèn", "Thiếu hoặc sai biển báo, đèn", 2),
    CategorySeed("congestion", "Ùn tắc, tổ chức giao thông bất hợp lý", "Ùn tắc giao thông", 1),
    CategorySeed(
        "overloaded_vehicle",
        "Xe quá tải, cơi nới thành thùng xe",
        "Xe quá tải, cơi nới thùng xe",
        2,
    ),
    CategorySeed("other", "Khác", "Khác", 1, is_triaged_by_person=True),
)


@dataclass(frozen=True)
class ReferenceLoad:
    """What a load had to add; zeros when everything stood there already."""

    categories_added: int
    rules_added: int
    responsibilities_added: int = 0


def ensure_reference_data() -> ReferenceLoad:
    """Add what is missing: categories, general deadline rules, a first table of who does what.

    Safe to repeat: a row that exists is left as it is, for a district may have edited it.
    """
    with transaction() as work:
        return ReferenceLoad(
            categories_added=_add_missing_categories(work.session),
            rules_added=_add_missing_rules(work.session),
            responsibilities_added=_add_first_responsibilities(work.session),
        )


def _add_missing_categories(session: Session) -> int:
    known = set(session.scalars(select(Category.service_code)))
    missing = [
        Category(
            service_code=seed.service_code,
            name=seed.name,
            tile_label=seed.tile_label,
            severity_floor=seed.severity_floor,
            sort_order=position,
            watch_days=seed.watch_days,
            is_triaged_by_person=seed.is_triaged_by_person,
            is_active=True,
        )
        for position, seed in enumerate(CATEGORIES, start=1)
        if seed.service_code not in known
    ]
    session.add_all(missing)
    return len(missing)


def _add_missing_rules(session: Session) -> int:
    general = select(DeadlineRule.severity).where(DeadlineRule.category_code.is_(None))
    known = set(session.scalars(general))
    missing = [
        DeadlineRule(
            category_code=None,
            severity=rule.severity,
            acknowledge_hours=rule.acknowledge_hours,
            resolve_days=rule.resolve_days,
            is_round_the_clock=rule.is_round_the_clock,
        )
        for rule in DEFAULT_RULES
        if rule.severity not in known
    ]
    session.add_all(missing)
    return len(missing)


def _add_first_responsibilities(session: Session) -> int:
    if session.scalars(select(ResponsibilityVersion.id)).first() is not None:
        return 0
    responsibilities.write_version(session, 1, VALID_FROM, DEFAULT_TABLE, note=NOTE)
    return len(DEFAULT_TABLE)
