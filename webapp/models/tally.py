"""Daily tallies: figures of one unit, one category and one day, deleted and rebuilt from events."""

from datetime import date

from sqlalchemy import Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Json, Model


class Tally(Model):
    """What happened on one local day; the hour lists carry the distribution that medians need."""

    __tablename__ = "tallies"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    category_code: Mapped[str] = mapped_column(
        String(40), ForeignKey("categories.service_code"), primary_key=True
    )
    reports: Mapped[int] = mapped_column(default=0)
    opened: Mapped[int] = mapped_column(default=0)
    acknowledged: Mapped[int] = mapped_column(default=0)
    resolved: Mapped[int] = mapped_column(default=0)
    resolved_on_time: Mapped[int] = mapped_column(default=0)
    acknowledge_hours: Mapped[list[float]] = mapped_column(Json)
    resolve_hours: Mapped[list[float]] = mapped_column(Json)
