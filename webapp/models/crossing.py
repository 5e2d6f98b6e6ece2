"""The register of self-opened rail crossings: what each is, how it was inspected, how it looks."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.base import Id, Json, Model, UtcDateTime
from webapp.models.corridor import Corridor
from webapp.models.unit import Unit


class Crossing(Model):
    """One self-opened crossing: line, kilometre, position, width, surface, measures, state.

    ``measures`` lists guarded, narrowed, warning_sign, speed_hump. ``version`` grows with every
    change; ``cell`` is the H3 index at resolution 10. ``chainage_accuracy_m`` says by how much a
    computed kilometre may be wrong; empty when somebody gave it.
    """

    __tablename__ = "crossings"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'restricted', 'closed')", name="state"),
        CheckConstraint(
            "surface IN ('earth', 'gravel', 'concrete', 'asphalt', 'other', 'unknown')",
            name="surface",
        ),
        CheckConstraint("width_m > 0", name="width_m"),
        Index("ix_crossings_cell", "cell"),
        Index("ix_crossings_unit_id", "unit_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    version: Mapped[int]
    name: Mapped[str | None] = mapped_column(String(120))
    corridor_id: Mapped[int | None] = mapped_column(ForeignKey("corridors.id"))
    chainage_m: Mapped[float | None] = mapped_column(Float)
    chainage_accuracy_m: Mapped[float | None] = mapped_column(Float)
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)
    cell: Mapped[str] = mapped_column(String(16))
    width_m: Mapped[float | None] = mapped_column(Float)
    surface: Mapped[str] = mapped_column(String(16), default="unknown")
    measures: Mapped[list[Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(16), default="open")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    note: Mapped[str | None] = mapped_column(Text)
    is_fabricated: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    corridor: Mapped[Corridor | None] = relationship()
    unit: Mapped[Unit | None] = relationship()


class CrossingInspection(Model):
    """What somebody found or changed at a crossing; appended, never changed.

    ``kind`` is registered, changed, inspected or imported; ``data`` holds the values from then on.
    """

    __tablename__ = "crossing_inspections"
    __table_args__ = (
        CheckConstraint("kind IN ('registered', 'changed', 'inspected', 'imported')", name="kind"),
        Index("ix_crossing_inspections_crossing", "crossing_id", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    crossing_id: Mapped[int] = mapped_column(ForeignKey("crossings.id"))
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    words: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(Json)


class CrossingPhoto(Model):
    """A photo that an official took of a crossing, with the derivatives that are shown."""

    __tablename__ = "crossing_photos"
    __table_args__ = (Index("ix_crossing_photos_crossing_id", "crossing_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    crossing_id: Mapped[int] = mapped_column(ForeignKey("crossings.id"))
    inspection_id: Mapped[int | None] = mapped_column(ForeignKey("crossing_inspections.id"))
    received_sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(32))
    byte_size: Mapped[int]
    large_sha256: Mapped[str | None] = mapped_column(String(64))
    small_sha256: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    added_by_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
