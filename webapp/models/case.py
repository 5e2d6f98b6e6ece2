"""Cases and the events they are made of: a case row is what its events add up to."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.base import Id, Json, Model, UtcDateTime
from webapp.models.category import Category
from webapp.models.corridor import Corridor
from webapp.models.place import Place
from webapp.models.unit import Unit


class Case(Model):
    """One episode of trouble at one place that one commune must end.

    ``due_at`` is the deadline that runs now: to acknowledge while new, to resolve after that.
    ``proof_at`` is when the after-photo was taken, as far as that is known: what was captured
    later is new trouble. A case that was merged into another keeps its status and its history,
    and is not open.
    ``commune_id`` is whose land it lies on, whoever leads; ``routing`` says how that was known, and
    ``is_border_open`` that an officer has to confirm it. ``chainage_m`` is the distance along its
    corridor from kilometre 0. ``transfer_to_id`` is who was asked to take the lead;
    ``is_ruling_asked`` says that the supervising unit was asked who leads.
    The pair (id, version) must name an event: the database refuses a commit that changed a case
    and did not append what happened (a deferred foreign key and a trigger, migration 0001).
    """

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint(
            "status IN ('new', 'acknowledged', 'in_progress', 'awaiting_authority',"
            " 'resolved', 'closed', 'refused')",
            name="status",
        ),
        CheckConstraint("severity BETWEEN 1 AND 4", name="severity"),
        ForeignKeyConstraint(
            ["id", "version"],
            ["case_events.case_id", "case_events.version"],
            name="fk_cases_last_event",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        # SQLAlchemy writes a boolean as "is_open = 1" for SQLite, and a partial index serves only
        # a query that says its condition in the same words.
        # The queue reads these in order: most severe first, then the nearest deadline.
        Index(
            "ix_cases_queue",
            "lead_unit_id",
            text("severity DESC"),
            "due_at",
            text("witness_count DESC"),
            "id",
            sqlite_where=text("is_open = 1"),
            postgresql_where=text("is_open"),
        ),
        # The first three find a report's candidates; with the cell alone SQLite would read all open
        # cases of the commune by the queue's index, a hundred times as long with a million of
        # them. The others say which are nearest without a look at the rows.
        Index("ix_cases_cell", "cell", "commune_id", "is_open", "latitude", "longitude", "id"),
        Index("ix_cases_place_id", "place_id"),
        Index("ix_cases_unit_status", "lead_unit_id", "status", "opened_at"),
        # What a new set of boundaries has to look through.
        Index(
            "ix_cases_commune_id",
            "commune_id",
            sqlite_where=text("is_open = 1"),
            postgresql_where=text("is_open"),
        ),
        Index(
            "ix_cases_crossing_id",
            "crossing_id",
            sqlite_where=text("crossing_id IS NOT NULL"),
            postgresql_where=text("crossing_id IS NOT NULL"),
        ),
        # Nearly every case has none: an index of those would tempt SQLite to read all cases by it.
        Index(
            "ix_cases_merged_into_id",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
    )

    # Said aloud, for the key above makes "id" a foreign key too, which would stop the numbering.
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    version: Mapped[int]
    place_id: Mapped[int] = mapped_column(ForeignKey("places.id"))
    category_code: Mapped[str] = mapped_column(ForeignKey("categories.service_code"))
    status: Mapped[str] = mapped_column(String(20))
    is_open: Mapped[bool]
    severity: Mapped[int]
    lead_unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)
    cell: Mapped[str] = mapped_column(String(16))
    address: Mapped[str | None] = mapped_column(String(200))
    report_count: Mapped[int]
    witness_count: Mapped[int]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_captured_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledge_due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolve_due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    first_viewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    public_sentence: Mapped[str | None] = mapped_column(Text)
    proof_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    previous_case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    is_relapse: Mapped[bool] = mapped_column(default=False)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    routing: Mapped[str] = mapped_column(String(16), default="clear")
    is_border_open: Mapped[bool] = mapped_column(default=False)
    corridor_id: Mapped[int | None] = mapped_column(ForeignKey("corridors.id"))
    chainage_m: Mapped[float | None] = mapped_column(Float)
    chainage_accuracy_m: Mapped[float | None] = mapped_column(Float)
    crossing_id: Mapped[int | None] = mapped_column(ForeignKey("crossings.id"))
    transfer_count: Mapped[int] = mapped_column(default=0)
    transfer_to_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    is_ruling_asked: Mapped[bool] = mapped_column(default=False)

    place: Mapped[Place] = relationship()
    category: Mapped[Category] = relationship()
    lead_unit: Mapped[Unit] = relationship(foreign_keys=[lead_unit_id])
    commune: Mapped[Unit | None] = relationship(foreign_keys=[commune_id])
    corridor: Mapped[Corridor | None] = relationship()


class CaseEvent(Model):
    """One thing that happened to a case; appended, never changed.

    ``data`` holds the changed values, ``hash`` seals the event and the hash of the one before
    (canonical form: ``domain.casework.event_hash``). ``actor_id`` is empty for the machine.
    """

    __tablename__ = "case_events"
    __table_args__ = (
        UniqueConstraint("case_id", "version"),
        CheckConstraint("version >= 1", name="version"),
        Index("ix_case_events_at", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    actor_unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    reason_code: Mapped[str | None] = mapped_column(String(40))
    words: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    previous_hash: Mapped[str | None] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class CaseNumberSeries(Model):
    """The last number given out of each series, such as NH-2026."""

    __tablename__ = "case_number_series"

    prefix: Mapped[str] = mapped_column(String(12), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_number: Mapped[int]


class CaseView(Model):
    """When each officer first opened a case; the lead unit's first one is also a case event."""

    __tablename__ = "case_views"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    officer_id: Mapped[int] = mapped_column(ForeignKey("officers.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    viewed_at: Mapped[datetime] = mapped_column(UtcDateTime)
