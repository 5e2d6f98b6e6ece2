"""Reports: what one resident sent, kept as evidence and never edited; contact data stands apart."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.base import Id, Model, UtcDateTime


class Report(Model):
    """One resident's report: every claim as sent, none of them settled here."""

    __tablename__ = "reports"
    __table_args__ = (CheckConstraint("channel IN ('web', 'open311', 'desk')", name="channel"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    tracking_key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    install_key_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    channel: Mapped[str] = mapped_column(String(16), default="web")
    category_code: Mapped[str] = mapped_column(ForeignKey("categories.service_code"))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    device_latitude: Mapped[float | None] = mapped_column(Float)
    device_longitude: Mapped[float | None] = mapped_column(Float)
    device_accuracy_m: Mapped[float | None] = mapped_column(Float)
    device_fix_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pin_latitude: Mapped[float | None] = mapped_column(Float)
    pin_longitude: Mapped[float | None] = mapped_column(Float)
    commune_hint: Mapped[str | None] = mapped_column(String(120))
    description: Mapped[str | None] = mapped_column(Text)
    # The case that the sender said they saw as well; a claim like all the others.
    meant_case_number: Mapped[str | None] = mapped_column(String(24))

    contact: Mapped["Contact | None"] = relationship(back_populates="report")


class Contact(Model):
    """How to reach whoever sent a report; erased on its own clock, never joined into a case."""

    __tablename__ = "contacts"

    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    phone: Mapped[str | None] = mapped_column(String(32))
    email: Mapped[str | None] = mapped_column(String(254))
    consented_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Links sent in messages carry a capability made of the report and this number: a higher one
    # revokes all that were sent before.
    link_version: Mapped[int] = mapped_column(default=0)
    unsubscribed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    report: Mapped[Report] = relationship(back_populates="contact")
