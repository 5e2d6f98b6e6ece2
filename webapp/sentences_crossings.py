"""What can be wrong with the register of crossings and its files, one sentence each."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

CROSSINGS: dict[str, LazyString] = {
    "crossing_not_found": _("Không có lối đi nào như vậy trong sổ đăng ký."),
    "crossing_not_yours": _(
        "Lối đi này thuộc đất hoặc tuyến của đơn vị khác: đơn vị đó, hoặc đơn vị giám sát, ghi sổ."
    ),
    "crossing_changed": _("Lối đi này vừa được người khác sửa. Hãy xem lại rồi ghi lần nữa."),
    "crossing_code_missing": _("Thiếu mã của lối đi."),
    "crossing_code_taken": _("Mã %(text)s đã có trong sổ đăng ký. Hãy chọn mã khác."),
    "crossing_code_repeated": _("Mã %(text)s đã có ở dòng %(row)s của tệp này."),
    "crossing_text_too_long": _("Dài %(length)s ký tự; hãy viết gọn trong %(most)s ký tự."),
    "crossing_km_missing": _(
        "Thiếu lý trình, và không tính được: vị trí không nằm trên tuyến đường sắt nào có cột mốc."
    ),
    "crossing_km_unreadable": _("Lý trình “%(text)s” không đọc được. Ví dụ đúng: Km1397+250."),
    "crossing_line_unknown": _("Không có tuyến nào mang mã %(text)s."),
    "crossing_line_far": _("Vị trí không nằm trên %(text)s. Hãy sửa mã tuyến hoặc vị trí."),
    "crossing_line_not_railway": _("%(text)s không phải đường sắt."),
    "crossing_unit_unknown": _("Hôm nay không có đơn vị nào mang mã %(text)s."),
    "crossing_outside_land": _("Vị trí nằm ngoài mọi địa giới, nên không biết đơn vị phụ trách."),
    "crossing_position_missing": _("Thiếu vị trí: cần cả vĩ độ và kinh độ."),
    "crossing_position_unreadable": _("“%(text)s” không phải là một con số. Ví dụ đúng: 11,60525."),
    "crossing_position_in_metres": _(
        "Vị trí %(text)s là mét của hệ phẳng (như VN-2000). Hãy đổi sang độ WGS 84, như trên bản"
        " đồ điện thoại."
    ),
    "crossing_axes_swapped": _("Vị trí %(text)s bị đảo: vĩ độ và kinh độ đổi chỗ cho nhau."),
    "crossing_position_unusable": _("Vị trí %(text)s không nằm ở Việt Nam."),
    "crossing_not_a_point": _("Đối tượng này không phải là một điểm (Point) có kinh độ, vĩ độ."),
    "crossing_width_unreadable": _("Bề rộng “%(text)s” không đọc được. Ví dụ đúng: 2,5."),
    "crossing_width_not_positive": _("Bề rộng phải lớn hơn 0 m; ở đây là %(text)s."),
    "crossing_width_too_large": _(
        "Bề rộng %(text)s m không thể có ở lối đi tự mở (tối đa %(most)s m)."
    ),
    "crossing_surface_unknown": _(
        "Mặt lối đi “%(text)s” không có trong danh sách: đất, đá dăm, bê tông, nhựa, khác, chưa rõ."
    ),
    "crossing_measures_unknown": _(
        "Biện pháp “%(text)s” không có trong danh sách: có người gác, đã thu hẹp, biển cảnh báo,"
        " gờ giảm tốc."
    ),
    "crossing_state_unknown": _(
        "Tình trạng “%(text)s” không có trong danh sách: đang mở, hạn chế, đã đóng."
    ),
    "crossing_cells_too_many": _(
        "Dòng này có %(count)s ô, tiêu đề chỉ có %(most)s: có thể dấu phẩy thập phân đã tách ô."
    ),
    "crossing_near_known": _(
        "Lối đi %(text)s đã đăng ký cách đây %(distance)s. Nếu đây là lối đi khác, hãy đánh dấu ô"
        " bên dưới rồi ghi lần nữa."
    ),
    "crossing_inspection_empty": _("Hãy ghi đã thấy gì, thêm ảnh, hoặc đổi tình trạng."),
    "crossing_photo_unreadable": _("Ảnh này không mở được. Hãy chụp hoặc chọn ảnh khác."),
    "crossings_empty": _("Tệp không có dòng nào."),
    "crossings_not_text": _("Tệp không phải văn bản UTF-8. Trong Excel hãy lưu kiểu “CSV UTF-8”."),
    "crossings_not_geojson": _("Tệp không phải GeoJSON: cần một FeatureCollection."),
    "crossings_csv_broken": _("Tệp CSV hỏng: có dấu nháy mở mà không đóng."),
    "crossings_titles_missing": _("Dòng tiêu đề thiếu cột: %(titles)s."),
    "crossings_too_many": _("Tệp có quá %(most)s dòng."),
    "crossings_file_empty": _("Tệp trống, không có gì để nhập."),
    "crossings_file_missing": _("Hãy chọn một tệp CSV hoặc GeoJSON."),
    "crossings_file_too_large": _(
        "Tệp lớn hơn %(most)s KB. Hãy chia nhỏ, hoặc nhập bằng lệnh flask crossings import."
    ),
    "crossings_kind_unknown": _("Tên tệp phải có đuôi .csv hoặc .geojson."),
    "crossings_file_refused": _("Chưa ghi gì: có %(count)s chỗ phải sửa trong tệp."),
    "crossings_plan_changed": _(
        "Sổ đăng ký vừa thay đổi, nên tệp này nay làm việc khác với bản xem trước. Chưa ghi gì;"
        " hãy xem lại bên dưới."
    ),
}
