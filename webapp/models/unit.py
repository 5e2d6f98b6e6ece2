"""Units (communes, supervising units, authorities) and the land each one holds, with dates."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Float, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.base import Id, Json, Model, UtcDateTime


class Unit(Model):
    """An organisation between two dates; its code alone does not name it, for codes are reused."""

    __tablename__ = "units"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint("tier IN ('commune', 'supervising', 'authority')", name="tier"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    tier: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    note: Mapped[str | None] = mapped_column(String(400))

    boundaries: Mapped[list["Boundary"]] = relationship(back_populates="unit")


class UnitParent(Model):
    """Which unit stood above another between two dates."""

    __tablename__ = "unit_parents"
    __table_args__ = (UniqueConstraint("unit_id", "valid_from"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    parent_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class UnitSuccession(Model):
    """One unit's land, or part of it, passed to another on a day."""

    __tablename__ = "unit_successions"
    __table_args__ = (UniqueConstraint("predecessor_id", "successor_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    predecessor_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    successor_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    on_date: Mapped[date] = mapped_column(Date)


class Boundary(Model):
    """A unit's polygon (GeoJSON geometry, WGS 84) and the days on which it held, both included."""

    __tablename__ = "boundaries"
    __table_args__ = (
        UniqueConstraint("unit_id", "valid_from"),
        Index("ix_boundaries_valid_from", "valid_from", "valid_to"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    geometry: Mapped[dict[str, Any]] = mapped_column(Json)
    min_longitude: Mapped[float] = mapped_column(Float)
    min_latitude: Mapped[float] = mapped_column(Float)
    max_longitude: Mapped[float] = mapped_column(Float)
    max_latitude: Mapped[float] = mapped_column(Float)
    is_schematic: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str | None] = mapped_column(String(400))

    unit: Mapped[Unit] = relationship(back_populates="boundaries")


class TerritorySwitch(Model):
    """One run that moved open cases with their land to the units of a day, or corrected such a run.

    ``details`` holds counts by pair of units, and which officers moved along; a correction names
    the run it corrects, and both stay.
    """

    __tablename__ = "territory_switches"
    __table_args__ = (CheckConstraint("kind IN ('switch', 'correction')", name="kind"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    on_date: Mapped[date] = mapped_column(Date)
    ran_at: Mapped[datetime] = mapped_column(UtcDateTime)
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("territory_switches.id"))
    moved: Mapped[int]
    details: Mapped[dict[str, Any]] = mapped_column(Json)
