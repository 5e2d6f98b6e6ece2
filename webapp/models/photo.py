"""Photos: the bytes as received by their hash, the derivatives made of them, and their review."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Id, Json, Model, UtcDateTime


class Photo(Model):
    """One photo of a report (role evidence) or of a case's proof (role after).

    ``state`` says whether derivatives exist; ``review`` says whether the public may see them.
    """

    __tablename__ = "photos"
    __table_args__ = (
        CheckConstraint("role IN ('evidence', 'after')", name="role"),
        CheckConstraint("state IN ('pending', 'ready', 'unreadable')", name="state"),
        CheckConstraint("review IN ('pending', 'shown', 'private')", name="review"),
        CheckConstraint("(report_id IS NULL) <> (case_id IS NULL)", name="one_owner"),
        UniqueConstraint("report_id", "sort_order"),
        Index("ix_photos_case_id", "case_id"),
        Index("ix_photos_received_sha256", "received_sha256"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("reports.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    role: Mapped[str] = mapped_column(String(16))
    sort_order: Mapped[int]
    received_sha256: Mapped[str] = mapped_column(String(64))
    original_sha256: Mapped[str | None] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(32))
    byte_size: Mapped[int]
    width_px: Mapped[int]
    height_px: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    captured_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    exif_claims: Mapped[dict[str, Any] | None] = mapped_column(Json)
    exif_read: Mapped[dict[str, Any] | None] = mapped_column(Json)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    failures: Mapped[int] = mapped_column(default=0)
    large_sha256: Mapped[str | None] = mapped_column(String(64))
    small_sha256: Mapped[str | None] = mapped_column(String(64))
    review: Mapped[str] = mapped_column(String(16), default="pending")
    reviewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reviewed_by_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
