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
    "no_responsible_unit": _("Chưa có đơn vị phụ trách"),
}

CORRIDOR_KIND = {
    "national_road": _("Quốc lộ"),
    "provincial_road": _("Tỉnh lộ"),
    "local_road": _("Đường địa phương"),
    "railway": _("Đường sắt"),
}

# Why an open case stays with a unit that has ended (codes of domain.passing).
KEPT_CASE = {
    "outside": _("vị trí ngoài mọi địa giới ngày ấy"),
    "lead_ended": _("đơn vị chủ trì đã hết hiệu lực, không có đơn vị kế tiếp"),
}

# Where a rule of who does what holds, as its table says it (codes of domain.responsibilities).
DUTY_GROUND = {
    "anywhere": _("mọi nơi"),
    "off_corridor": _("ngoài các tuyến"),
    "any_road": _("mọi tuyến đường bộ"),
    "national_road": _("quốc lộ"),
    "provincial_road": _("tỉnh lộ"),
    "local_road": _("đường địa phương"),
    "railway": _("đường sắt"),
}

DUTY_PARTY = {
    "commune": _("Xã sở tại"),
    "corridor_authority": _("Cơ quan quản lý tuyến"),
    "supervising": _("Đơn vị giám sát"),
}

# The register of self-opened crossings (codes of domain.crossings).
CROSSING_STATE = {
    "open": _("Đang mở"),
    "restricted": _("Hạn chế"),
    "closed": _("Đã đóng"),
}

CROSSING_MEASURE = {
    "guarded": _("Có người gác"),
    "narrowed": _("Đã thu hẹp"),
    "warning_sign": _("Biển cảnh báo"),
    "speed_hump": _("Gờ giảm tốc"),
}

CROSSING_SURFACE = {
    "earth": _("Đất"),
    "gravel": _("Đá dăm"),
    "concrete": _("Bê tông"),
    "asphalt": _("Nhựa"),
    "other": _("Khác"),
    "unknown": _("Chưa rõ"),
}

CROSSING_FIELD = {
    "code": _("Mã"),
    "name": _("Tên gọi"),
    "line": _("Tuyến"),
    "km": _("Lý trình"),
    "chainage_m": _("Lý trình"),
    "latitude": _("Vĩ độ"),
    "longitude": _("Kinh độ"),
    "width_m": _("Bề rộng"),
    "surface": _("Mặt lối đi"),
    "measures": _("Biện pháp"),
    "state": _("Tình trạng"),
    "unit": _("Đơn vị"),
    "unit_code": _("Đơn vị"),
    "note": _("Ghi chú"),
}

CROSSING_HAPPENING = {
    "registered": _("Đăng ký"),
    "changed": _("Sửa sổ"),
    "inspected": _("Kiểm tra"),
    "imported": _("Nhập từ tệp"),
}

# Why a photo or a resident's words stay private; codes of services.casework_acts.
PRIVATE_REASON = {
    "person_visible": _("Nhận ra được người"),
    "plate_visible": _("Thấy rõ biển số xe"),
    "private_place": _("Bên trong nhà riêng"),
    "not_about_case": _("Không liên quan vụ việc"),
    "other": _("Lý do khác"),
}

# Why a unit hands a case on; codes of domain.transfers.
TRANSFER_REASON = {
    "other_land": _("Điểm nằm trên địa giới đơn vị khác"),
    "other_authority": _("Tuyến do cơ quan khác quản lý"),
    "other_duty": _("Việc thuộc chức năng đơn vị khác"),
    "own_conflict": _("Đơn vị có liên quan tới vụ việc"),
    "other": _("Lý do khác"),
}

# Who asked a unit to coordinate; codes of domain.coordination.
COORDINATION_SOURCE = {
    "rule": _("theo bảng phân công"),
    "border": _("biết vì gần ranh giới"),
    "land": _("địa bàn của đơn vị này"),
    "officer": _("đơn vị chủ trì mời"),
}

# Why the table of moves does not allow an act; codes of domain.casework.check.
OBJECTION = {
    "unknown_act": _("Không có việc nào tên như vậy."),
    "not_your_role": _("Vai trò của bạn chỉ được xem vụ việc này, không làm việc trên đó."),
    "not_lead_unit": _("Chỉ đơn vị chủ trì mới làm được việc này."),
    "not_coordinating_unit": _("Chỉ đơn vị đang phối hợp mới trả lời được ở đây."),
    "not_asked_unit": _("Chỉ đơn vị được đề nghị nhận mới trả lời được."),
    "not_supervising_unit": _("Chỉ đơn vị giám sát mới phân xử được."),
    "lead_stands": _("Đơn vị chủ trì vẫn còn hiệu lực. Muốn đổi, đơn vị đó đề nghị chuyển."),
    "transfer_open": _(
        "Vụ việc đang chờ trả lời về việc chuyển. Hãy chờ, hoặc rút lại đề nghị chuyển trước."
    ),
    "no_transfer_open": _("Không có đề nghị chuyển nào đang chờ: đã được trả lời hoặc rút lại."),
    "border_not_open": _("Ranh giới của điểm này đã được xác nhận."),
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
