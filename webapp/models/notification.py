"""Messages to residents: each is written down before it is sent, and known by its id."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Id, Model, UtcDateTime


class Notification(Model):
    """One message to one contact by one channel.

    ``id`` is a UUID made of what the message is about, so that the same message is written once;
    it travels with the message, for whoever forwards it may see it twice.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        CheckConstraint("kind IN ('confirm', 'received', 'moved', 'resolved')", name="kind"),
        CheckConstraint("channel IN ('email', 'webhook')", name="channel"),
        CheckConstraint("state IN ('waiting', 'sent', 'dropped', 'failed')", name="state"),
        Index("ix_notifications_report_id", "report_id"),
        Index("ix_notifications_state", "state", "due_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    report_id: Mapped[int] = mapped_column(Id, ForeignKey("reports.id"))
    event_id: Mapped[int | None] = mapped_column(Id, ForeignKey("case_events.id"))
    kind: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)
