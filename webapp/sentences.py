"""One sentence for everything that can go wrong, in the words of whoever reads it."""

from collections.abc import Mapping
from datetime import date

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _

from webapp.domain.seams import Seam
from webapp.language import area, day, distance, place
from webapp.sentences_corridors import CORRIDORS
from webapp.sentences_crossings import CROSSINGS

# Answers of the web server itself, by status.
_HTTP: dict[str, LazyString] = {
    "http_400": _("Yêu cầu không đọc được. Hãy tải lại trang rồi thử lần nữa."),
    "http_403": _("Bạn không có quyền làm việc này."),
    "http_404": _("Không tìm thấy trang này."),
    "http_405": _("Trang này không nhận cách gửi đó."),
    "http_409": _("Nội dung đã thay đổi. Hãy xem lại rồi thử lần nữa."),
    "http_413": _("Tệp gửi lên quá lớn. Mỗi ảnh tối đa 12 MB."),
    "http_415": _("Loại tệp này không nhận được."),
    "http_422": _("Có chỗ chưa đúng. Hãy xem lại."),
    "http_429": _("Gửi quá nhiều lần. Hãy chờ ít phút rồi thử lại."),
    "http_500": _("Máy chủ gặp lỗi. Việc vừa làm có thể chưa được ghi; hãy thử lại sau ít phút."),
    "http_503": _("Máy chủ đang bận. Hãy thử lại sau ít phút."),
}

_GENERAL: dict[str, LazyString] = {
    "too_many_requests": _("Gửi quá nhiều lần. Hãy chờ ít phút rồi thử lại."),
    "form_expired": _("Trang này mở đã lâu nên không gửi được. Hãy tải lại rồi làm lần nữa."),
    "role_not_allowed": _("Tài khoản của bạn không có quyền mở trang này."),
    "cross_site": _("Phản ánh chỉ nhận từ trang An Lộ."),
}

_INTAKE: dict[str, LazyString] = {
    "tracking_key_malformed": _("Mã tra cứu không đúng: cần 26 chữ và số."),
    "key_has_other_content": _(
        "Mã tra cứu này đã dùng cho một phản ánh khác. Hãy mở trang gửi mới rồi gửi lại."
    ),
    "install_key_malformed": _("Mã cài đặt trên máy không đúng. Hãy tải lại trang rồi gửi lại."),
    "category_missing": _("Hãy chọn loại vi phạm hoặc sự cố."),
    "category_unknown": _("Loại này không có trong danh sách. Hãy chọn lại."),
    "number_malformed": _("Vị trí gửi kèm không đọc được: phải là một con số."),
    "position_incomplete": _("Vị trí gửi kèm chưa đủ: cần cả vĩ độ và kinh độ."),
    "time_malformed": _("Thời gian gửi kèm không đọc được."),
    "description_too_long": _("Lời mô tả dài %(length)s ký tự. Hãy viết gọn trong %(most)s ký tự."),
    "commune_hint_too_long": _("Tên xã hoặc địa điểm dài quá. Hãy viết gọn trong %(most)s ký tự."),
    "contact_phone_malformed": _("Số điện thoại chưa đúng. Ví dụ: 0912 345 678."),
    "contact_email_malformed": _("Địa chỉ e-mail chưa đúng. Ví dụ: ten@example.com."),
    "exif_claims_malformed": _("Thông tin kèm theo ảnh không đọc được. Hãy chọn lại ảnh."),
    "original_sha256_malformed": _("Dấu kiểm của ảnh không đúng. Hãy chọn lại ảnh."),
    "photo_fields_unmatched": _("Thông tin kèm theo không khớp với số ảnh. Hãy chọn lại ảnh."),
    "photo_missing": _("Hãy chụp hoặc chọn ít nhất một ảnh."),
    "photo_not_a_file": _("Ảnh chưa được gửi kèm. Hãy chọn lại ảnh."),
    "photo_too_many": _("Mỗi phản ánh nhận tối đa %(most)s ảnh."),
    "photo_empty": _("Ảnh này không có dữ liệu. Hãy chụp hoặc chọn lại ảnh."),
    "photo_too_many_bytes": _("Ảnh này quá nặng. Mỗi ảnh tối đa 12 MB."),
    "photo_too_many_pixels": _("Ảnh này quá lớn. Mỗi ảnh tối đa 40 triệu điểm ảnh."),
    "photo_is_heic": _(
        "Ảnh HEIC chưa nhận được. Hãy đổi máy ảnh sang JPEG (“Tương thích nhất”) hoặc gửi ảnh"
        " chụp màn hình của ảnh này."
    ),
    "photo_kind_unknown": _("Tệp này không phải ảnh JPEG, PNG hoặc WebP."),
    "photo_header_damaged": _("Ảnh này bị hỏng, không mở được. Hãy chụp hoặc chọn lại ảnh."),
    "photo_not_found": _("Không tìm thấy ảnh này."),
    "photo_not_kept": _("Không tìm thấy ảnh này."),
    "too_many_reports_of_phone": _(
        "Máy này đã gửi nhiều phản ánh trong một giờ qua. Hãy chờ ít lâu rồi gửi tiếp."
    ),
    "too_many_reports_of_address": _(
        "Mạng này đang gửi quá nhiều phản ánh. Hãy chờ ít lâu rồi gửi lại."
    ),
    "nearby_not_json": _(
        "Câu hỏi gửi lên không đọc được: cần JSON có vĩ độ (latitude) và kinh độ (longitude)."
    ),
    "nearby_too_long": _("Câu hỏi gửi lên dài quá. Chỉ cần vị trí, độ chính xác và loại."),
    "nearby_position_unusable": _(
        "Vị trí không dùng được: cần vĩ độ và kinh độ là hai con số có thật trên bản đồ."
    ),
    "nearby_accuracy_unusable": _("Độ chính xác (accuracy_m) phải là số mét, hoặc để trống."),
    "nearby_category_unusable": _("Loại (category) phải là mã của một loại, hoặc để trống."),
    "disk_nearly_full": _("Máy chủ sắp hết chỗ chứa ảnh. Hãy giữ phản ánh và gửi lại sau ít phút."),
}

_TRACKING: dict[str, LazyString] = {
    "tracking_key_unknown": _("Không có phản ánh nào mang mã này. Hãy xem lại từng chữ và số."),
    "case_not_public": _("Không có vụ việc công khai nào mang số này."),
    "link_unknown": _("Liên kết này không đúng hoặc thiếu một đoạn. Hãy mở lại từ tin đã nhận."),
    "link_revoked": _("Liên kết này không còn hiệu lực vì cách liên hệ đã được xoá."),
}

_ACCOUNTS: dict[str, LazyString] = {
    "sign_in_too_often": _("Sai mật khẩu quá nhiều lần. Hãy chờ ít phút rồi thử lại."),
    "password_wrong": _("Mật khẩu đang dùng chưa đúng."),
    "password_short": _("Mật khẩu cần ít nhất %(least)s ký tự."),
    "password_long": _("Mật khẩu dài nhất %(most)s ký tự."),
    "password_is_login": _("Mật khẩu không được trùng tên đăng nhập."),
    "password_same": _("Mật khẩu mới phải khác mật khẩu cũ."),
    "password_not_repeated": _("Hai lần nhập mật khẩu mới không giống nhau."),
    "login_taken": _("Tên đăng nhập này đã có người dùng."),
    "login_unusable": _("Tên đăng nhập cần 1 đến 80 ký tự, không có dấu cách."),
    "name_unusable": _("Tên cần 1 đến 120 ký tự."),
    "role_unknown": _("Không có vai trò này."),
    "role_does_not_fit_unit": _("Vai trò này không hợp với cấp của đơn vị."),
    "unit_not_found": _("Không tìm thấy đơn vị này."),
    "officer_not_found": _("Không tìm thấy tài khoản này."),
}

_CASEWORK: dict[str, LazyString] = {
    "case_not_found": _("Không tìm thấy vụ việc này."),
    "case_changed": _("Vụ việc đã thay đổi từ lúc bạn mở trang."),
    "act_unknown": _("Không tìm thấy trang này."),
    "form_incomplete": _("Biểu mẫu gửi thiếu. Hãy tải lại trang rồi làm lần nữa."),
    "note_empty": _("Chưa viết gì để ghi."),
    "words_too_long": _("Dài quá %(most)s ký tự. Hãy viết ngắn lại."),
    "photo_not_ready": _("Ảnh chưa chuẩn bị xong hoặc bị hỏng nên chưa công khai được."),
    "report_not_found": _("Vụ việc không có phản ánh này."),
    "review_unknown": _("Hãy chọn Hiện hoặc Giữ kín."),
    "private_needs_reason": _("Giữ kín cần một lý do. Hãy chọn lý do."),
    "after_photo_needed": _("Cần ảnh sau: đã xử lý nghĩa là có bằng chứng."),
    "public_sentence_needed": _("Hãy viết một câu cho người dân biết đã làm gì."),
    "after_photo_unreadable": _("Ảnh này bị hỏng, không mở được. Hãy chụp hoặc chọn lại ảnh."),
    "after_photo_known": _("Ảnh này đã có trong hồ sơ của điểm này. Hãy chụp ảnh mới tại chỗ."),
    "after_photo_too_early": _(
        "Ảnh này chụp trước phản ánh cuối cùng nên chưa phải bằng chứng. Hãy chụp ảnh mới."
    ),
    "after_photo_too_far": _(
        "Ảnh này chụp cách điểm %(distance)s. Hãy chụp ngay tại chỗ đã phản ánh."
    ),
    "severity_needed": _("Hãy chọn mức độ mới."),
    "merge_with_itself": _("Đây là cùng một vụ việc. Hãy chọn vụ việc khác."),
    "merge_merged_away": _(
        "Một trong hai vụ việc đã gộp vào vụ việc khác. Hãy chọn vụ việc còn đang mở."
    ),
    "merge_not_open": _("Chỉ gộp được hai vụ việc còn mở: vụ việc đã kết thúc thì giữ nguyên."),
    "merge_other_unit": _("Hai vụ việc do hai đơn vị chủ trì nên không gộp được."),
    "merge_other_not_found": _("Không tìm thấy vụ việc kia. Hãy xem lại số vụ việc."),
    "unmerge_not_merged": _("Vụ việc này không gộp vào vụ việc nào nên không có gì để hoàn tác."),
    "unmerge_nothing_left": _(
        "Không hoàn tác được: sau đó một trong hai vụ việc không còn phản ánh nào."
        " Hãy tách từng phản ánh."
    ),
    "split_last_report": _(
        "Vụ việc chỉ có một phản ánh nên không tách được: phản ánh đó chính là vụ việc."
    ),
    "split_report_not_found": _("Vụ việc này không còn giữ phản ánh đó."),
    "unsplit_changed": _(
        "Vụ việc này không còn như lúc mới tách nên không hoàn tác được. Hãy gộp hai vụ việc."
    ),
    "unsplit_old_changed": _(
        "Vụ việc cũ (%(number)s) đã kết thúc hoặc đã gộp sau khi tách, nên phản ánh ở lại đây."
    ),
    "severity_not_higher": _("Chỉ nâng được lên mức cao hơn mức hiện nay (%(severity)s)."),
    "merge_transfer_open": _(
        "Một trong hai vụ việc đang chờ trả lời về việc chuyển nên chưa gộp được."
    ),
    "coordination_task_needed": _("Hãy viết đơn vị kia cần làm gì."),
    "coordinate_with_itself": _("Đơn vị này đang chủ trì nên không cần mời phối hợp."),
    "coordination_waits": _("Đơn vị này đã được mời và chưa trả lời."),
    "coordination_not_found": _("Vụ việc không còn phần phối hợp này."),
    "coordination_stays": _(
        "Đơn vị này phối hợp theo bảng phân công hoặc vì là địa bàn của mình nên không thôi được."
    ),
    "coordination_replied": _("Đơn vị bạn đã trả lời. Muốn nói thêm, hãy ghi vào diễn biến."),
    "reply_needed": _("Hãy viết câu trả lời."),
    "transfer_reason_needed": _("Hãy chọn lý do chuyển."),
    "transfer_words_needed": _("Hãy viết vì sao chuyển: đơn vị kia đọc để quyết định."),
    "transfer_to_itself": _("Đơn vị này đang chủ trì vụ việc. Hãy chọn đơn vị khác."),
    "transfer_limit": _(
        "Vụ việc đã chuyển hai lần nên không chuyển được nữa. Hãy đề nghị đơn vị giám sát phân xử."
    ),
    "refusal_words_needed": _("Hãy viết vì sao không nhận: đơn vị kia và đơn vị giám sát đều đọc."),
    "contest_too_early": _(
        "Chưa đề nghị phân xử được: trước hết hãy chuyển cho đơn vị kia và chờ trả lời,"
        " hoặc chờ quá hạn trả lời."
    ),
    "withdrawal_too_late": _(
        "Đã quá hạn trả lời nên không rút lại được nữa. Hãy đề nghị đơn vị giám sát phân xử."
    ),
    "ruling_words_needed": _("Hãy viết căn cứ phân xử: cả hai đơn vị đều đọc."),
    "ruling_too_early": _("Đơn vị được đề nghị còn trong hạn trả lời nên chưa phân xử."),
}

_TRIAGE: dict[str, LazyString] = {
    "report_not_held": _("Phản ánh này không còn ở bàn phân loại."),
    "report_dealt_with": _(
        "Phản ánh vừa được người khác xử lý, nên việc bạn làm chưa được ghi."
        " Danh sách dưới đây là mới nhất."
    ),
    "position_not_read": _(
        "Không đọc được vị trí. Hãy gõ vĩ độ rồi kinh độ, ví dụ: 11.60120, 109.13450."
    ),
    "position_missing_beside_unit": _(
        "Chọn đơn vị thôi chưa đủ: vụ việc cần cả vị trí."
        " Hãy bấm vào bản đồ hoặc gõ vĩ độ, kinh độ."
    ),
    "position_missing": _("Chưa có vị trí. Hãy bấm vào bản đồ hoặc gõ vĩ độ, kinh độ."),
    "position_outside": _(
        "Vị trí này không thuộc địa giới của đơn vị nào. Hãy sửa vị trí hoặc chọn đơn vị chủ trì."
    ),
    "responsible_unit_missing": _(
        "Bảng phân công không nêu được ai phụ trách chỗ này. Hãy chọn đơn vị chủ trì."
    ),
    "unit_unknown": _("Không có đơn vị này. Hãy chọn lại."),
    "captured_at_not_read": _("Không đọc được ngày giờ chụp. Ví dụ: 18/06/2026 14:32."),
    "captured_at_not_possible": _(
        "Ảnh không thể chụp lúc đó: phải từ năm 2015, và trước khi phản ánh đến nơi."
    ),
    "dismissal_reason_missing": _("Hãy chọn lý do."),
    "dismissal_words_missing": _("Hãy nói rõ hơn bằng vài từ, để người xem lại hiểu vì sao."),
}

_TERRITORY: dict[str, LazyString] = {
    "boundaries_not_json": _("Tệp không phải GeoJSON: không đọc được thành JSON (UTF-8)."),
    "boundaries_not_collection": _("Tệp không phải một FeatureCollection của GeoJSON."),
    "boundaries_empty": _("Tệp không có đơn vị nào (features trống)."),
    "boundaries_refused": _("Không nhận tệp này, chưa ghi gì. Các chỗ phải sửa:"),
    "boundaries_end_before_start": _("%(unit)s: ngày hết hiệu lực đứng trước ngày bắt đầu."),
    "day_unreadable": _("Ngày không đọc được; hãy viết như 2025-07-01."),
    "unit_code_unknown": _("Hôm nay không có đơn vị nào mang mã %(unit_code)s."),
    "boundary_property_missing": _("%(unit)s: thiếu thuộc tính %(detail)s."),
    "boundary_property_too_long": _("%(unit)s: thuộc tính %(detail)s quá dài."),
    "boundary_date_unreadable": _("%(unit)s: “%(detail)s” không phải ngày (2025-06-30)."),
    "boundary_geometry_not_polygon": _(
        "%(unit)s: hình là %(detail)s, phải là Polygon hoặc MultiPolygon."
    ),
    "boundary_geometry_empty": _("%(unit)s: hình trống, không có vùng đất nào."),
    "boundary_ring_empty": _("%(unit)s, vòng %(ring)s: trống."),
    "boundary_coordinate_unreadable": _("%(unit)s, vòng %(ring)s: có tọa độ không phải số."),
    "boundary_projected_metres": _(
        "%(unit)s, vòng %(ring)s: tọa độ %(detail)s là mét của hệ phẳng (như VN-2000);"
        " hãy chuyển sang kinh độ, vĩ độ WGS 84."
    ),
    "boundary_axes_swapped": _(
        "%(unit)s, vòng %(ring)s: tọa độ %(detail)s có vẻ đảo;"
        " GeoJSON ghi kinh độ trước, vĩ độ sau."
    ),
    "boundary_out_of_range": _("%(unit)s, vòng %(ring)s: tọa độ %(detail)s nằm ngoài trái đất."),
    "boundary_ring_too_short": _(
        "%(unit)s, vòng %(ring)s: chỉ có %(detail)s điểm khác nhau, cần ít nhất 3."
    ),
    "boundary_ring_without_area": _("%(unit)s, vòng %(ring)s: không bao quanh diện tích nào."),
    "boundary_ring_crosses_itself": _(
        "%(unit)s, vòng %(ring)s: tự cắt tại %(detail)s thành nhiều vùng lớn."
    ),
    "boundary_hole_outside": _("%(unit)s, vòng %(ring)s: lỗ nằm ngoài đường bao."),
    "boundary_code_repeated": _("%(unit)s: mã %(detail)s xuất hiện hai lần trong tệp."),
    "boundary_closed": _("%(unit)s, vòng %(ring)s: nối kín vòng."),
    "boundary_points_dropped": _("%(unit)s, vòng %(ring)s: bỏ %(count)s điểm trùng."),
    "boundary_turned": _("%(unit)s, vòng %(ring)s: đổi chiều vòng."),
    "boundary_loop_mended": _("%(unit)s, vòng %(ring)s: gỡ một nút thắt nhỏ."),
    "boundary_overlap": _("%(units)s chồng lên nhau %(area)s, gần %(where)s."),
    "boundary_gap": _("Khoảng hở %(area)s gần %(where)s, giữa %(units)s."),
    "boundaries_file_missing": _("Hãy chọn một tệp GeoJSON."),
    "boundaries_file_empty": _("Tệp này rỗng, không có gì để đọc."),
    "boundaries_too_large": _("Tệp nặng quá %(most_mb)s MB. Hãy giản lược đường ranh giới trước."),
    "boundaries_upload_gone": _("Tệp đã xem trước không còn giữ nữa. Hãy tải lên lần nữa."),
    "boundaries_changed": _("Đơn vị đã thay đổi từ lúc xem trước. Hãy xem lại rồi nhập lần nữa."),
    "day_missing": _("Hãy chọn ngày đầu tiên địa giới có hiệu lực."),
    "set_not_found": _("Không có bộ địa giới nào bắt đầu ngày ấy."),
    "set_has_begun": _("Bộ địa giới này đã có hiệu lực nên không đổi ngày được nữa."),
    "set_day_not_ahead": _("Ngày mới phải còn ở phía trước."),
    "set_day_taken": _("Ngày ấy đã có đơn vị mang cùng mã. Hãy chọn ngày khác."),
    "set_day_before_predecessor": _("Sớm quá: đơn vị cũ sẽ hết hiệu lực trước khi bắt đầu."),
    "switch_in_future": _("Ngày %(day)s chưa đến: chỉ chạy thử được, chưa chuyển được."),
    "switch_not_found": _("Không có lần chuyển nào mang số này."),
    "switch_running": _("Lần chuyển này chưa xong. Hãy chạy tiếp cho xong rồi mới sửa lại."),
    "switch_corrected": _("Lần chuyển này đã được sửa lại ngày %(day)s."),
    "switch_needs_day": _("Hãy cho biết ngày: --on 2025-07-01."),
}

_RESPONSIBILITIES: dict[str, LazyString] = {
    # What is wrong with the table in force; the column that it stands in says whom it is about.
    "duty_hole": _("Loại “%(category)s” %(grounds)s không có quy tắc nào."),
    "duty_category_gone": _("Không có loại nào mang mã %(code)s."),
    "duty_land_gone": _("Ngày này không có xã nào là “%(land)s”."),
    "duty_never_reached": _("Không bao giờ dùng đến: các quy tắc đứng trên đã nhận hết."),
    "duty_unit_unknown": _("Không có đơn vị nào mang mã %(code)s."),
    "duty_unit_not_yet": _("“%(unit)s” chỉ có từ ngày %(day)s."),
    "duty_unit_ended": _("“%(unit)s” đã hết hiệu lực %(day)s."),
    "duty_no_line_here": _("Nơi ngoài các tuyến không có cơ quan quản lý tuyến."),
    "duty_line_without_authority": _("Chưa ghi cơ quan quản lý: %(lines)s."),
    "duty_authority_ended": _("Cơ quan quản lý %(line)s, “%(unit)s”, đã hết hiệu lực %(day)s."),
    "duty_code_reused": _("Mã %(code)s từ ngày %(day)s là đơn vị khác: “%(unit)s”."),
    "duty_lead_cannot": _(
        "Đơn vị giám sát không chủ trì vụ việc. Hãy chọn xã hoặc cơ quan quản lý."
    ),
    "duty_no_supervising": _("Không có đơn vị giám sát bên trên: %(communes)s."),
    # What keeps a draft from being saved.
    "duties_refused": _("Chưa lưu gì. Hãy sửa các chỗ sau rồi làm lại."),
    "duties_holes_not_accepted": _(
        "Chưa lưu: bản này để có chỗ không ai chủ trì. Hãy bổ sung quy tắc, hoặc đánh dấu vào ô"
        " dưới bản xem trước rồi lưu."
    ),
    "duties_changed": _(
        "Chưa lưu gì: bảng đã có thay đổi từ lúc bạn mở trang. Những gì bạn viết vẫn còn dưới đây."
    ),
    "duties_not_found": _("Không có bản nào mang số này."),
    "duties_begun": _("Bản %(number)s đã có hiệu lực nên không rút được. Hãy lưu một bản mới."),
    "duty_no_rules": _("Bảng chưa có quy tắc nào."),
    "duty_too_many_rules": _("Bảng có quá nhiều quy tắc. Hãy gộp lại còn tối đa %(most)s."),
    "duty_category_missing": _("Chưa chọn loại nào."),
    "duty_category_not_known": _("Có loại không còn trong danh mục. Hãy chọn lại."),
    "duty_ground_not_known": _("Tuyến này không có trong danh sách. Hãy chọn lại."),
    "duty_land_not_known": _("Chưa từng có xã nào mang mã đã chọn. Hãy chọn lại."),
    "duty_lead_missing": _("Chưa chọn đơn vị chủ trì."),
    "duty_task_of_nobody": _("Có việc phối hợp mà chưa chọn đơn vị làm."),
    "duty_party_not_known": _("Có đơn vị chưa từng có. Hãy chọn lại."),
    "duty_party_twice": _("Một đơn vị được ghi hai lần."),
    "duty_task_too_long": _("Việc phối hợp dài quá. Hãy viết gọn trong %(most)s ký tự."),
    "duty_basis_too_long": _("Căn cứ dài quá. Hãy viết gọn trong %(most)s ký tự."),
    "duty_note_too_long": _("Ghi chú dài quá. Hãy viết gọn trong %(most)s ký tự."),
    "duty_day_unreadable": _("Ngày bắt đầu không đọc được. Hãy chọn ngày trong lịch."),
    "duty_day_past": _(
        "Ngày bắt đầu đã qua. Bản mới có hiệu lực sớm nhất là hôm nay: việc đã phân công thì giữ"
        " nguyên."
    ),
    "duty_day_before_last": _(
        "Bản %(number)s bắt đầu ngày %(day)s. Hãy chọn từ ngày đó trở đi, hoặc rút bản ấy trước."
    ),
}

_STATISTICS: dict[str, LazyString] = {
    "day_malformed": _("Ngày không đọc được. Hãy chọn ngày trong lịch."),
    "day_out_of_range": _("Hãy chọn ngày từ năm %(first)s đến năm %(last)s."),
    "period_reversed": _("Ngày cuối đang đứng trước ngày đầu."),
    "period_too_long": _("Kỳ quá dài. Hãy chọn tối đa %(years)s năm."),
    "list_unknown": _("Không có danh sách này."),
}

_DUPLICATES: dict[str, LazyString] = {
    "manifest_missing": _("Không mở được tệp danh sách ảnh %(file)s."),
    "manifest_malformed": _("%(file)s không phải danh sách ảnh đọc được (%(problem)s)."),
    "manifest_needed": _("Cần --manifest: danh sách ảnh và cảnh."),
    "stream_missing": _("Không mở được tệp dòng phản ánh %(file)s."),
    "stream_malformed": _("%(file)s không phải dòng phản ánh đọc được (%(problem)s)."),
    "stream_needed": _("Hãy nêu ít nhất một dòng phản ánh, hoặc --manifest cùng --seeds."),
    "seeds_malformed": _("Số gieo “%(seeds)s” không đọc được; hãy viết như 1-20."),
    "photo_file_missing": _("Không có ảnh %(file)s."),
    "photo_file_unreadable": _("Ảnh %(file)s không đọc được (%(problem)s)."),
    "weights_file_unwritable": _("Không ghi được tệp %(file)s."),
    "photos_too_few": _("Cần ít nhất ba cảnh, trong đó một cảnh có hai ảnh, để khớp trọng số."),
}

SENTENCES: dict[str, LazyString] = {
    **_HTTP,
    **_GENERAL,
    **_INTAKE,
    **_TRACKING,
    **_ACCOUNTS,
    **_CASEWORK,
    **_TRIAGE,
    **_TERRITORY,
    **CORRIDORS,
    **CROSSINGS,
    **_RESPONSIBILITIES,
    **_STATISTICS,
    **_DUPLICATES,
}


def say(code: str, details: Mapping[str, object], status: int) -> str:
    """Return the sentence for an error's code; that of its HTTP status when it has none."""
    sentence = SENTENCES.get(code) or SENTENCES.get(f"http_{status}")
    if sentence is None:
        return gettext("Có lỗi. Hãy thử lại sau ít phút.")
    text = str(sentence)
    return text % _as_said(details) if details and "%(" in text else text


def say_seam(seam: Seam) -> str:
    """Say where the land of units overlaps, or leaves a gap, and how much of it."""
    gaps: dict[str, object] = {
        "units": ", ".join(seam.units) or "–",
        "area": area(seam.area_m2),
        "where": place(seam.latitude, seam.longitude),
    }
    return say(f"boundary_{seam.kind}", gaps, 422)


def _as_said(details: Mapping[str, object]) -> dict[str, object]:
    """Add to raw figures how people say them: 20641 m are "20,6 km", a day is "31/3/2025"."""
    said = {
        name: day(value, weekday=False) if isinstance(value, date) else value
        for name, value in details.items()
    }
    metres = details.get("distance_m")
    return said | {"distance": distance(metres)} if isinstance(metres, int | float) else said
