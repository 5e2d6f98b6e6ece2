"""The table that ships: provisional, for a district to compare with its law and to replace."""

from datetime import date

from webapp.domain.responsibilities import (
    COMMUNE,
    CORRIDOR_AUTHORITY,
    CorridorKind,
    Rule,
    Task,
)

# The district's plan is of 2023: nothing that An Lộ received is older.
VALID_FROM = date(2023, 1, 1)
NOTE = "Bảng tạm thời đi kèm An Lộ; hãy đối chiếu căn cứ rồi lưu bản của địa phương."

# What the plan and the laws say in general; which article, only the district can tell.
_PLAN = "Kế hoạch 2023 của Huyện ủy thực hiện Chỉ thị 23-CT/TW (tạm thời)"
_RAILWAY_LAW = "Luật Đường sắt (tạm thời)"
_ROAD_LAW = "Luật Đường bộ (tạm thời)"
_ROAD_MANAGEMENT = "Quyết định phân cấp quản lý đường bộ (tạm thời)"

_INSPECT_CROSSING = "Cùng kiểm tra lối đi; trả lời kiến nghị thu hẹp, cảnh giới hoặc đóng"
_MARK_CORRIDOR = "Xác định mốc hành lang, cùng giải tỏa"
_WARN_PEOPLE = "Cảnh báo tại chỗ, theo dõi đến khi sửa xong"


def _encroached(rule_id: int, ground: CorridorKind, legal_basis: str) -> Rule:
    """People on the spot act; whoever manages the line knows where its land ends."""
    return Rule(
        rule_id,
        frozenset({"corridor_encroachment"}),
        ground,
        COMMUNE,
        partners=(Task(CORRIDOR_AUTHORITY, _MARK_CORRIDOR),),
        legal_basis=legal_basis,
    )


def _damaged(rule_id: int, ground: CorridorKind) -> Rule:
    """A commune cannot mend a road that is not its own, and can warn those who use it."""
    return Rule(
        rule_id,
        frozenset({"road_damage"}),
        ground,
        CORRIDOR_AUTHORITY,
        partners=(Task(COMMUNE, _WARN_PEOPLE),),
        legal_basis=_ROAD_MANAGEMENT,
    )


# The police are not a unit of a bare district: a district that has them adds them to its version.
DEFAULT_TABLE: tuple[Rule, ...] = (
    Rule(
        1,
        frozenset({"self_opened_crossing"}),
        "railway",
        COMMUNE,
        partners=(Task(CORRIDOR_AUTHORITY, _INSPECT_CROSSING),),
        legal_basis=_RAILWAY_LAW,
    ),
    _encroached(2, "railway", _RAILWAY_LAW),
    _encroached(3, "national_road", _ROAD_LAW),
    _encroached(4, "provincial_road", _ROAD_LAW),
    _damaged(5, "national_road"),
    _damaged(6, "provincial_road"),
    Rule(7, frozenset({"overloaded_vehicle"}), "anywhere", COMMUNE, legal_basis=_PLAN),
    Rule(8, frozenset(), "anywhere", COMMUNE, legal_basis=_PLAN),
)
