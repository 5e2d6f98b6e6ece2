"""What triage made of each report: the settled claims, why it is held, which case it belongs to."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Id, Json, Model, UtcDateTime


class ReportTriage(Model):
    """Where one report stands: received, triaged, held for a person, or marked as not a case.

    The ``set_*`` columns are what a person at the desk decided; they win over every claim.
    """

    __tablename__ = "report_triage"
    __table_args__ = (
        CheckConstraint("status IN ('received', 'triaged', 'held', 'dismissed')", name="status"),
        Index("ix_report_triage_status", "status", "updated_at"),
    )

    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    hold_code: Mapped[str | None] = mapped_column(String(40))
    hold_details: Mapped[dict[str, Any] | None] = mapped_column(Json)
    supervising_unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    accuracy_m: Mapped[float | None] = mapped_column(Float)
    position_source: Mapped[str | None] = mapped_column(String(16))
    captured_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    captured_source: Mapped[str | None] = mapped_column(String(16))
    set_latitude: Mapped[float | None] = mapped_column(Float)
    set_longitude: Mapped[float | None] = mapped_column(Float)
    set_category_code: Mapped[str | None] = mapped_column(ForeignKey("categories.service_code"))
    set_unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    set_captured_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TriageAct(Model):
    """What a person at the triage desk did with a held report; appended, never changed."""

    __tablename__ = "triage_acts"
    __table_args__ = (Index("ix_triage_acts_at", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    actor_unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    reason_code: Mapped[str | None] = mapped_column(String(40))
    words: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(Json)


class Attachment(Model):
    """A report belongs to a case; a later row supersedes an earlier one, none is ever changed.

    A report's current case is its attachment that no other row supersedes.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_case_id", "case_id"),
        # A report has one first attachment; each later one names the one it replaces.
        Index(
            "uq_attachments_first",
            "report_id",
            unique=True,
            sqlite_where=text("supersedes_id IS NULL"),
            postgresql_where=text("supersedes_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("attachments.id"), unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    terms: Mapped[dict[str, Any]] = mapped_column(Json)


class WordsReview(Model):
    """Whether the public may read the words of a report; no row means nobody has read them yet."""

    __tablename__ = "words_reviews"
    __table_args__ = (CheckConstraint("review IN ('shown', 'private')", name="review"),)

    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    review: Mapped[str] = mapped_column(String(16))
    reviewed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reviewed_by_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
