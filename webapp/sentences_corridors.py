"""What can go wrong with a file of roads and railways, in the words of whoever imports it."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

CORRIDORS: dict[str, LazyString] = {
    "corridors_not_json": _("Tệp không phải GeoJSON: không đọc được thành JSON (UTF-8)."),
    "corridors_not_collection": _("Tệp không phải một FeatureCollection của GeoJSON."),
    "corridors_empty": _("Tệp trống, không có tuyến nào."),
    "corridors_no_line": _("Tệp chỉ có điểm, không có tuyến nào (LineString)."),
    "corridors_refused": _("Không nhận tệp này, chưa ghi gì. Các chỗ phải sửa:"),
    "corridor_property_missing": _("%(line)s: thiếu thuộc tính %(detail)s."),
    "corridor_property_too_long": _("%(line)s: thuộc tính %(detail)s quá dài."),
    "corridor_kind_unknown": _(
        "%(line)s: không có cấp tuyến “%(detail)s”; hãy ghi kind là national_road,"
        " provincial_road, local_road hoặc railway."
    ),
    "corridor_half_width_out_of_range": _(
        "%(line)s: half_width_m là %(detail)s;"
        " nửa bề rộng phải là số mét lớn hơn 0, nhiều nhất 500."
    ),
    "corridor_date_unreadable": _("%(line)s: valid_to “%(detail)s” không phải ngày (2025-06-30)."),
    "corridor_ends_before_start": _(
        "%(line)s: ngày hết hiệu lực %(detail)s đứng trước ngày bắt đầu."
    ),
    "corridor_confidence_unknown": _(
        "%(line)s: confidence “%(detail)s” phải là surveyed, high, medium hoặc low."
    ),
    "corridor_geometry_not_line": _(
        "%(line)s: hình là %(detail)s, phải là LineString hoặc MultiLineString."
    ),
    "corridor_line_too_short": _(
        "%(line)s: tuyến chỉ có một điểm, cần ít nhất hai điểm khác nhau."
    ),
    "corridor_line_broken": _(
        "%(line)s: tuyến đứt thành %(detail)s đoạn không nối đầu với nhau;"
        " hãy nối lại, hoặc ghi mỗi đoạn thành một tuyến có mã riêng."
    ),
    "corridor_coordinate_unreadable": _("%(line)s: có tọa độ không phải số."),
    "corridor_projected_metres": _(
        "%(line)s: tọa độ %(detail)s là mét của hệ phẳng (như VN-2000);"
        " hãy chuyển sang kinh độ, vĩ độ WGS 84."
    ),
    "corridor_axes_swapped": _(
        "%(line)s: tọa độ %(detail)s có vẻ đảo; GeoJSON ghi kinh độ trước, vĩ độ sau."
    ),
    "corridor_out_of_range": _("%(line)s: tọa độ %(detail)s nằm ngoài trái đất."),
    "corridor_code_repeated": _("%(line)s: mã %(detail)s xuất hiện hai lần trong tệp."),
    "corridor_authority_unknown": _(
        "%(line)s: không có đơn vị nào mang mã hoặc tên “%(detail)s”;"
        " hãy sửa authority, hoặc nhập với --make-authorities để lập đơn vị này."
    ),
    "corridor_posts_not_list": _("%(line)s: posts phải là một danh sách cọc ki-lô-mét."),
    "corridor_post_unreadable": _(
        "%(line)s: cọc “%(detail)s” không đọc được; mỗi cọc cần km, lon, lat,"
        " và accuracy_m nếu biết."
    ),
    "corridor_post_alone": _(
        "%(line)s: chỉ có một cọc ki-lô-mét; cần ít nhất hai cọc để biết số đếm về phía nào."
    ),
    "corridor_post_off_line": _(
        "%(line)s: cọc %(detail)s đứng quá xa tuyến; kiểm tra lại tọa độ của cọc hoặc của tuyến."
    ),
    "corridor_posts_not_rising": _(
        "%(line)s: các cọc theo chiều tuyến là %(detail)s; số đếm phải tăng mãi hoặc giảm mãi."
    ),
    "corridor_post_without_line": _(
        "%(line)s: cọc ghi corridor “%(detail)s”, tệp không có tuyến nào mang mã này."
    ),
    "chainage_unreadable": _("Lý trình “%(text)s” không đọc được; hãy viết như Km1397+250."),
}
