"""Corridors: road and railway lines, the width of their land, and their kilometre posts."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Date, Float, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Id, Json, Model


class Corridor(Model):
    """A road or railway line (GeoJSON LineString, WGS 84), its class and its authority."""

    __tablename__ = "corridors"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint(
            "kind IN ('national_road', 'provincial_road', 'local_road', 'railway')", name="kind"
        ),
        CheckConstraint("half_width_m > 0", name="half_width_m"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(20))
    authority_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    half_width_m: Mapped[float] = mapped_column(Float)
    geometry: Mapped[dict[str, Any]] = mapped_column(Json)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    is_schematic: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str | None] = mapped_column(String(400))


class KilometrePost(Model):
    """A known spot on a corridor and its distance along the line from kilometre 0, in metres.

    ``accuracy_m`` says by how much that distance may be wrong; empty when nobody knows.
    """

    __tablename__ = "kilometre_posts"
    __table_args__ = (UniqueConstraint("corridor_id", "chainage_m"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    corridor_id: Mapped[int] = mapped_column(ForeignKey("corridors.id"))
    chainage_m: Mapped[float] = mapped_column(Float)
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)
    accuracy_m: Mapped[float | None] = mapped_column(Float)
