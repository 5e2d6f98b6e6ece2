"""Places: the lasting spots that hold one or many cases over time."""

from datetime import datetime

from sqlalchemy import Float, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Id, Model, UtcDateTime


class Place(Model):
    """A stretch of pavement, a crossing, a pothole; ``cell`` is its H3 index at resolution 10."""

    __tablename__ = "places"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    category_code: Mapped[str] = mapped_column(ForeignKey("categories.service_code"))
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)
    cell: Mapped[str] = mapped_column(String(16), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
