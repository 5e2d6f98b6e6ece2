"""What units of the demonstration ask of each other: to help, to take a case over, to rule."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

from sqlalchemy import select

from webapp import clock
from webapp.demo import places
from webapp.demo.stage import Stage
from webapp.demo.story import EPISODES
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Officer
from webapp.services import casework_coordination, casework_transfers
from webapp.services.casework_acts import Seen

Play = Callable[[], None]


@dataclass(frozen=True)
class Asking:
    """One thing that a unit asks or answers, some days after an episode began.

    ``day`` and ``spot`` name the episode as its story does. ``by`` is whose officer does it, the
    lead's when empty; ``to`` is the unit that is asked.
    """

    day: int
    spot: str
    act: str
    days_later: float
    words: str
    by: str = ""
    to: str = ""


ASKINGS = (
    # The market: a neighbour helps, and says so.
    Asking(35, "vinh_hai_market", "coordinate", 3.1,
           "Nhắc các hộ của xã mình đang bán ở chợ này dời vào trong vạch.", to=places.NHON_HAI),
    Asking(35, "vinh_hai_market", "reply", 4.3,
           "Đã nhắc 6 hộ người Nhơn Hải; 4 hộ dời ngay, 2 hộ hẹn cuối tuần.", by=places.NHON_HAI),
    # The harbour: two communes do not agree, and the district has to rule.
    Asking(5, "thanh_hai_harbour", "transfer", 1.2,
           "Xe chờ cân đỗ trên đoạn đường thuộc xã Nhơn Hải.", to=places.NHON_HAI),
    Asking(5, "thanh_hai_harbour", "refuse", 2.1,
           "Trạm cân và cổng cảng ở xã Thanh Hải; đoạn xe chờ do cảng điều xe.",
           by=places.NHON_HAI),
    Asking(5, "thanh_hai_harbour", "contest", 2.4,
           "Hai xã đã gọi điện hai lần, chưa thống nhất đoạn đường của ai."),
    # The pier: asked yesterday, and nobody has answered yet.
    Asking(1, "vinh_hy_pier", "transfer", 0.35,
           "Bãi đỗ đầu làng đã giao Thanh Hải trông coi trong đợt sửa cầu cảng.",
           to=places.THANH_HAI),
)  # fmt: skip

_KINDS = {
    "coordinate": "coordination_asked",
    "reply": "coordination_replied",
    "transfer": "transfer_offered",
    "refuse": "transfer_refused",
    "contest": "transfer_offered",
}


def tell_handings(
    stage: Stage, reports: Mapping[str, Sequence[int]], base: datetime
) -> Iterator[tuple[datetime, Play]]:
    """Tell when each unit asks or answers, and how to let it.

    Args:
        stage: where the demonstration is played.
        reports: the reports of each episode by its subject, filled as the stories go on.
        base: the moment of loading.
    """
    for asking in ASKINGS:
        subject, moment = _beginning(asking, base)
        moment += timedelta(days=asking.days_later)
        yield moment, partial(_play, stage, reports, subject, asking, moment)


def _beginning(asking: Asking, base: datetime) -> tuple[str, datetime]:
    number, episode = next(
        (number, each)
        for number, each in enumerate(EPISODES)
        if (each.day, each.spot) == (asking.day, asking.spot)
    )
    day = base.astimezone(clock.LOCAL_ZONE).date() - timedelta(days=episode.day)
    at = datetime.combine(day, time.fromisoformat(episode.clock), tzinfo=clock.LOCAL_ZONE)
    return episode.name or f"episode-{number}", at


def _play(
    stage: Stage,
    reports: Mapping[str, Sequence[int]],
    subject: str,
    asking: Asking,
    moment: datetime,
) -> None:
    """Let an officer ask or answer; once, however often the demonstration is loaded."""
    case = stage.case_of(reports[subject][0])
    officer = stage.officers.of_unit[asking.by] if asking.by else stage.officer_for(case)
    if _was_done(case, _KINDS[asking.act], moment) or case.lead_unit.code == asking.to:
        return
    with clock.at(moment):
        _do(stage, asking, officer, Seen(case.number, case.version))


def _was_done(case: Case, kind: str, moment: datetime) -> bool:
    done = select(CaseEvent.id).where(
        CaseEvent.case_id == case.id, CaseEvent.kind == kind, CaseEvent.at == moment
    )
    return db.session.scalars(done).first() is not None


def _do(stage: Stage, asking: Asking, officer: Officer, seen: Seen) -> None:
    to_id = stage.officers.of_unit[asking.to].unit_id if asking.to else 0
    match asking.act:
        case "coordinate":
            casework_coordination.coordinate(officer, seen, to_id, asking.words)
        case "reply":
            casework_coordination.reply(officer, seen, asking.words)
        case "transfer":
            casework_transfers.offer(officer, seen, to_id, "other_land", asking.words)
        case "refuse":
            casework_transfers.refuse(officer, seen, asking.words)
        case "contest":
            casework_transfers.contest(officer, seen, asking.words)
