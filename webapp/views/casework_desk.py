"""The doors of a case's desk: borders, units that coordinate, and the lead that changes hands."""

from flask_babel import lazy_gettext as _

from webapp.models import Officer
from webapp.services import casework_coordination as coordination
from webapp.services import casework_transfers as transfers
from webapp.services.casework_acts import Seen
from webapp.views.casework import ACTS, DONE, text, whole
from webapp.views.casework_merging import blueprint

__all__ = ["blueprint"]


def _confirm_border(officer: Officer, seen: Seen) -> None:
    coordination.confirm_border(officer, seen)


def _coordinate(officer: Officer, seen: Seen) -> None:
    coordination.coordinate(officer, seen, whole("unit_id"), text("task"), whole("days"))


def _reply(officer: Officer, seen: Seen) -> None:
    coordination.reply(officer, seen, text("reply"))


def _end_coordination(officer: Officer, seen: Seen) -> None:
    coordination.end(officer, seen, whole("coordination_id"), text("words"))


def _transfer(officer: Officer, seen: Seen) -> None:
    transfers.offer(officer, seen, whole("unit_id"), text("reason_code"), text("words"))


def _accept_transfer(officer: Officer, seen: Seen) -> None:
    transfers.accept(officer, seen, text("words"))


def _refuse_transfer(officer: Officer, seen: Seen) -> None:
    transfers.refuse(officer, seen, text("words"))


def _withdraw_transfer(officer: Officer, seen: Seen) -> None:
    transfers.withdraw(officer, seen, text("words"))


def _contest(officer: Officer, seen: Seen) -> None:
    transfers.contest(officer, seen, text("words"))


def _rule_transfer(officer: Officer, seen: Seen) -> None:
    transfers.rule(officer, seen, whole("unit_id"), text("words"))


def _name_lead(officer: Officer, seen: Seen) -> None:
    transfers.name_lead(officer, seen, whole("unit_id"), text("words"))


ACTS.update(
    {
        "confirm-border": _confirm_border,
        "coordinate": _coordinate,
        "reply": _reply,
        "end-coordination": _end_coordination,
        "transfer": _transfer,
        "accept-transfer": _accept_transfer,
        "refuse-transfer": _refuse_transfer,
        "withdraw-transfer": _withdraw_transfer,
        "contest": _contest,
        "rule-transfer": _rule_transfer,
        "name-lead": _name_lead,
    }
)
DONE.update(
    {
        "confirm-border": _("Đã xác nhận: điểm này thuộc địa bàn của đơn vị."),
        "coordinate": _("Đã mời phối hợp. Đơn vị đó thấy vụ việc từ bây giờ."),
        "reply": _("Đã trả lời. Đơn vị chủ trì đọc được trong vụ việc."),
        "end-coordination": _("Đã ghi: đơn vị đó thôi phối hợp."),
        "transfer": _("Đã đề nghị chuyển. Đơn vị bạn vẫn chủ trì cho tới khi bên kia nhận."),
        "accept-transfer": _("Đã nhận: từ bây giờ đơn vị bạn chủ trì. Hạn giữ như cũ."),
        "refuse-transfer": _("Đã trả lời không nhận. Vụ việc ở lại với đơn vị cũ."),
        "withdraw-transfer": _("Đã rút lại đề nghị chuyển."),
        "contest": _("Đã gửi đơn vị giám sát phân xử. Trong lúc chờ, đơn vị bạn vẫn chủ trì."),
        "name-lead": _("Đã giao. Đơn vị đó chủ trì từ bây giờ; hạn giữ như cũ."),
        "rule-transfer": _("Đã phân xử. Cả hai đơn vị đọc được căn cứ trong vụ việc."),
    }
)
