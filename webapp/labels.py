"""What codes are called on the screen: one word for one thing, everywhere."""

from flask_babel import lazy_gettext as _

STATUS = {
    "new": _("Mới"),
    "acknowledged": _("Đã tiếp nhận"),
    "in_progress": _("Đang xử lý"),
    "awaiting_authority": _("Chờ cấp trên"),
    "resolved": _("Đã xử lý"),
    "closed": _("Đã kết thúc"),
    "refused": _("Từ chối"),
}

# The same statuses in the words that residents read.
PUBLIC_STATUS = {
    "new": _("Đã gửi, chờ xã tiếp nhận"),
    "acknowledged": _("Đã tiếp nhận"),
    "in_progress": _("Đang xử lý"),
    "awaiting_authority": _("Chờ cấp trên trả lời"),
    "resolved": _("Đã xử lý xong"),
    "closed": _("Đã kết thúc"),
    "refused": _("Không xử lý"),
}

SEVERITY = {1: _("nhẹ"), 2: _("trung bình"), 3: _("nặng"), 4: _("khẩn cấp")}

ROLE = {
    "officer": _("Cán bộ xử lý"),
    "head": _("Trưởng đơn vị"),
    "supervisor": _("Cán bộ giám sát"),
    "overseer": _("Người theo dõi"),
    "administrator": _("Quản trị"),
}

HOLD = {
    "no_position": _("Không có vị trí"),
    "fix_not_of_photo": _("Định vị không cùng lúc với ảnh"),
    "outside_boundaries": _("Ngoài mọi địa giới"),
    "impossible_time": _("Thời gian không hợp lý"),
    "uncertain_time": _("Không rõ chụp trước hay sau khi xử lý"),
    "category_needs_person": _("Loại cần người đọc"),
    "no_photo_readable": _("Ảnh hỏng"),
    "attempts_exhausted": _("Máy thử nhiều lần không xong"),
}

CORRIDOR_KIND = {
    "national_road": _("Quốc lộ"),
    "provincial_road": _("Tỉnh lộ"),
    "local_road": _("Đường địa phương"),
    "railway": _("Đường sắt"),
}

# Why a photo or a resident's words stay private; codes of services.casework_acts.
PRIVATE_REASON = {
    "person_visible": _("Nhận ra được người"),
    "plate_visible": _("Thấy rõ biển số xe"),
    "private_place": _("Bên trong nhà riêng"),
    "not_about_case": _("Không liên quan vụ việc"),
    "other": _("Lý do khác"),
}

# Why the table of moves does not allow an act; codes of domain.casework.check.
OBJECTION = {
    "unknown_act": _("Không có việc nào tên như vậy."),
    "not_your_role": _("Vai trò của bạn chỉ được xem vụ việc này, không làm việc trên đó."),
    "not_lead_unit": _("Chỉ đơn vị chủ trì mới làm được việc này."),
    "wrong_status": _("Trạng thái hiện nay của vụ việc không cho phép việc này."),
    "already_most_severe": _("Vụ việc đã ở mức cao nhất."),
    "merged_away": _(
        "Vụ việc này đã gộp vào vụ việc khác. Hãy làm việc trên vụ việc đó, hoặc hoàn tác việc gộp."
    ),
    "not_merged": _("Vụ việc này không gộp vào vụ việc nào."),
}

# The categories that ship (services.reference): the names on the tiles, and the official ones
# where they differ. The database holds them; templates say them with the filter ``said``.
CATEGORIES = (
    _("Vỉa hè bị chiếm"),
    _("Ổ gà, đường hỏng"),
    _("Dừng, đỗ xe sai quy định"),
    _("Lối đi tự mở qua đường sắt"),
    _("Lấn hành lang an toàn"),
    _("Khuất tầm nhìn"),
    _("Thiếu hoặc sai biển báo, đèn"),
    _("Ùn tắc giao thông"),
    _("Xe quá tải, cơi nới thùng xe"),
    _("Khác"),
    _("Lấn chiếm hè phố, lòng lề đường"),
    _("Mặt đường hư hỏng"),
    _("Lấn chiếm hành lang an toàn đường bộ, đường sắt"),
    _("Ùn tắc, tổ chức giao thông bất hợp lý"),
    _("Xe quá tải, cơi nới thành thùng xe"),
)
