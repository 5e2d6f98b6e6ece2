"""Railways and registered crossings on the square land of the tests."""

from typing import Any

from tests.factories import LONG_AGO, somewhere
from webapp import clock
from webapp.domain.geo import Position, cell_of, distance_m
from webapp.models import Corridor, Crossing, KilometrePost, Unit
from webapp.services.transaction import transaction


def make_railway(north_m: float = 0.0, **values: Any) -> Corridor:
    """Lay a railway from west to east through the middle of the squares of land."""
    ends = [somewhere(column, north_m=north_m) for column in (0, 3)]
    with transaction() as work:
        line = Corridor(
            **{
                "code": "DSBN",
                "name": "Đường sắt Bắc – Nam",
                "kind": "railway",
                "half_width_m": 15.0,
                "geometry": {
                    "type": "LineString",
                    "coordinates": [[end.longitude, end.latitude] for end in ends],
                },
                "valid_from": LONG_AGO,
                **values,
            }
        )
        work.session.add(line)
    return line


def make_crossing(position: Position, unit: Unit | None = None, **values: Any) -> Crossing:
    """Put a crossing into the register, with no history."""
    now = clock.now()
    with transaction() as work:
        crossing = Crossing(
            **{
                "code": f"LD-{position.longitude:.6f}-{position.latitude:.6f}",
                "version": 1,
                "latitude": position.latitude,
                "longitude": position.longitude,
                "cell": cell_of(position.latitude, position.longitude),
                "surface": "unknown",
                "measures": [],
                "state": "open",
                "unit_id": unit.id if unit else None,
                "created_at": now,
                "updated_at": now,
                **values,
            }
        )
        work.session.add(crossing)
    return crossing


def post_kilometres(line: Corridor, *, first_m: float = 1_390_000.0) -> None:
    """Put a kilometre post at each end of a railway; metres are counted from west to east."""
    ends = line.geometry["coordinates"]
    spots = [Position(latitude, longitude) for longitude, latitude in ends]
    chainages = (first_m, first_m + distance_m(*spots))
    with transaction() as work:
        work.session.add_all(
            KilometrePost(
                corridor_id=line.id,
                chainage_m=chainage_m,
                latitude=spot.latitude,
                longitude=spot.longitude,
                accuracy_m=5.0,
            )
            for chainage_m, spot in zip(chainages, spots, strict=True)
        )


def cells(position: Position, **texts: str) -> dict[str, str]:
    """Return the form of a crossing at a position."""
    return {
        "latitude": repr(position.latitude),
        "longitude": repr(position.longitude),
        "state": "open",
        **texts,
    }
