"""The demonstration's register of crossings: invented ones on the schematic railway.

Each page says so. One was registered from a case and mended since, one is closed, one guarded,
some have no measure. Where a resident found a new one, nobody has registered it yet: its case
asks for that.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from io import BytesIO

from sqlalchemy import select

from webapp import clock
from webapp.demo import camera, places
from webapp.demo.camera import Shot
from webapp.demo.stage import TRIAGE_TAKES, Stage
from webapp.domain.crossings import CROSSING_CATEGORY
from webapp.domain.geo import Position, cells_within
from webapp.extensions import db
from webapp.models import Case, Crossing, CrossingInspection, CrossingPhoto
from webapp.services import crossings_edit, crossings_photos
from webapp.services.crossings_edit import Inspection

LINE = "DSTN"
# How far from a crossing the case lies from whose page it was registered.
CASE_WITHIN_M = 60.0


@dataclass(frozen=True)
class Visit:
    """An inspection, some days ago; ``picture`` is a drawing, "" for none."""

    day: int
    words: str
    state: str
    measures: tuple[str, ...] = ()
    picture: str = ""


@dataclass(frozen=True)
class Entered:
    """An invented crossing as the register first took it in, some days ago."""

    code: str
    name: str
    commune_code: str
    at: Position
    day: int
    km: str = ""
    width: str = ""
    surface: str = "unknown"
    measures: tuple[str, ...] = ()
    note: str = ""
    line: str = LINE
    is_from_case: bool = False
    visits: tuple[Visit, ...] = ()


_TRACK = places.SPOTS["ho_hai_track"].position(east_m=-20)

REGISTER = (
    Entered(
        "TD-01",
        "Lối ra đồng Bầu Tháp",
        places.HO_HAI,
        places.SPOTS["ho_hai_rail"].position(),
        82,
        "Km1400+300",
        "3,5",
        "earth",
        note="Xe máy qua lại cả ngày; bụi cây che tầm nhìn phía nam.",
        is_from_case=True,
        visits=(
            Visit(
                66,
                "Đã rào một bên, dựng biển báo; có người gác giờ cao điểm.",
                "restricted",
                ("guarded", "narrowed", "warning_sign"),
                "crossing-gate-after",
            ),
            Visit(
                12,
                "Biển còn nguyên, người gác vắng buổi trưa.",
                "restricted",
                ("guarded", "narrowed", "warning_sign"),
            ),
        ),
    ),
    Entered(
        "TD-02",
        "Lối tắt sau trường mẫu giáo",
        places.HO_HAI,
        _TRACK,
        70,
        "Km1401+000",
        "1,8",
        "gravel",
        # The schematic railway passes it at 80 m, so that no line is named.
        line="",
        visits=(Visit(30, "Vẫn mở, chưa có biển.", "open", (), "crossing-track"),),
    ),
    Entered(
        "TD-03",
        "Ngõ 12 thôn An Xuân",
        places.XUAN_HAI,
        places.SPOTS["xuan_hai_rail"].position(),
        75,
        "Km1397+000",
        "2,4",
        "concrete",
        ("warning_sign", "speed_hump"),
    ),
    Entered(
        "TD-04",
        "Lối cũ cạnh mương",
        places.XUAN_HAI,
        Position(11.6462, 108.9921),
        74,
        width="2",
        surface="earth",
        visits=(
            Visit(40, "Đã rào kín bằng ray cũ; người dân đi đường gom.", "closed", ("narrowed",)),
        ),
    ),
    Entered(
        "TD-05",
        "Lối vào xóm Đồng",
        places.HO_HAI,
        Position(11.6395, 108.98875),
        60,
        width="2,2",
        surface="earth",
        note="Cần đo lại lý trình: máy tính theo cột mốc của lược đồ.",
    ),
)


def tell_crossings(stage: Stage, base: datetime) -> Iterator[tuple[datetime, Callable[[], None]]]:
    """Yield each act on the register with its moment; each is left out when it was played before.

    Args:
        stage: where the demonstration is played.
        base: the moment from which days count back.
    """
    for entered in REGISTER:
        moment = _moment(base, entered.day)
        yield moment, partial(_enter, stage, entered, moment)
        for visit in entered.visits:
            moment = _moment(base, visit.day)
            yield moment, partial(_visit, stage, entered, visit, moment)


def _enter(stage: Stage, entered: Entered, moment: datetime) -> None:
    if _crossing(entered.code) is not None:
        return
    with clock.at(moment):
        crossings_edit.register(
            stage.officers.supervisor,
            _cells(entered),
            stage.store,
            case_number=_case_at(entered.at) if entered.is_from_case else None,
            is_fabricated=True,
        )


def _visit(stage: Stage, entered: Entered, visit: Visit, moment: datetime) -> None:
    crossing = _crossing(entered.code)
    if crossing is None:
        raise LookupError(f"crossing {entered.code} of the demonstration was never entered")
    if not _is_told(crossing, moment):
        with clock.at(moment):
            crossings_edit.inspect(
                stage.officers.of_unit[entered.commune_code],
                crossing.id,
                crossing.version,
                Inspection(visit.words, visit.state, visit.measures, _photos(entered, visit)),
                stage.store,
            )
    _prepare_photos(stage, crossing.id, moment + TRIAGE_TAKES)


def _prepare_photos(stage: Stage, crossing_id: int, moment: datetime) -> None:
    waiting = select(CrossingPhoto.id).where(
        CrossingPhoto.crossing_id == crossing_id, CrossingPhoto.large_sha256.is_(None)
    )
    for photo_id in db.session.scalars(waiting).all():
        stage.work(
            "prepare_crossing_photo",
            photo_id,
            moment,
            partial(crossings_photos.prepare, photo_id, store=stage.store),
        )


def _cells(entered: Entered) -> dict[str, str]:
    return {
        "code": entered.code,
        "name": entered.name,
        "line": entered.line,
        "km": entered.km,
        "latitude": f"{entered.at.latitude:.6f}",
        "longitude": f"{entered.at.longitude:.6f}",
        "width_m": entered.width,
        "surface": entered.surface,
        "measures": ", ".join(entered.measures),
        "state": "open",
        "note": entered.note,
    }


def _photos(entered: Entered, visit: Visit) -> list[BytesIO]:
    if not visit.picture:
        return []
    side = f"register {visit.day}"
    return [BytesIO(camera.take(Shot(visit.picture, entered.code, side, hour=9.0)))]


def _crossing(code: str) -> Crossing | None:
    db.session.rollback()
    return db.session.scalar(select(Crossing).where(Crossing.code == code))


def _is_told(crossing: Crossing, moment: datetime) -> bool:
    told = select(CrossingInspection.id).where(
        CrossingInspection.crossing_id == crossing.id, CrossingInspection.at == moment
    )
    return db.session.scalar(told) is not None


def _case_at(position: Position) -> str | None:
    """Return the case of a crossing that lies at a spot, the first of them."""
    cells = cells_within(position.latitude, position.longitude, CASE_WITHIN_M)
    found = select(Case.number).where(
        Case.category_code == CROSSING_CATEGORY, Case.cell.in_(cells), Case.merged_into_id.is_(None)
    )
    return db.session.scalars(found.order_by(Case.id)).first()


def _moment(base: datetime, day: int) -> datetime:
    today = base.astimezone(clock.LOCAL_ZONE).date()
    return datetime.combine(today - timedelta(days=day), time(9, 30), tzinfo=clock.LOCAL_ZONE)
