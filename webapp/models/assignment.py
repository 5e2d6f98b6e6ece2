"""Who else works on a case: units that coordinate, and handing the lead to another unit."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.base import Id, Model, UtcDateTime
from webapp.models.case import Case
from webapp.models.unit import Unit


class Coordination(Model):
    """One unit's part in a case: a task, a deadline and a reply.

    ``source`` tells who asked: a rule of the table, a border nearby, a transfer that left the
    place's own commune with the case, or an officer. A state of ``informed`` asks for no reply.
    """

    __tablename__ = "coordinations"
    __table_args__ = (
        CheckConstraint("state IN ('informed', 'asked', 'replied', 'ended')", name="state"),
        CheckConstraint("source IN ('rule', 'border', 'land', 'officer')", name="source"),
        Index("ix_coordinations_unit", "unit_id", "state", "case_id"),
        # A unit has one part in a case that has not ended.
        Index(
            "uq_coordinations_standing",
            "case_id",
            "unit_id",
            unique=True,
            sqlite_where=text("state <> 'ended'"),
            postgresql_where=text("state <> 'ended'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    source: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    task: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reply: Mapped[str | None] = mapped_column(Text)
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    replied_by_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))

    case: Mapped[Case] = relationship()
    unit: Mapped[Unit] = relationship()


class Transfer(Model):
    """The lead of a case offered to a named unit, and what came of it.

    ``to_unit_id`` is empty where the supervising unit has to rule. ``due_at`` ends the working day
    within which the named unit must answer; silence after it is counted, never taken for consent.
    """

    __tablename__ = "transfers"
    __table_args__ = (
        CheckConstraint(
            "state IN ('open', 'accepted', 'refused', 'withdrawn', 'ruled')", name="state"
        ),
        Index(
            "uq_transfers_open",
            "case_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_transfers_to", "to_unit_id", "state"),
        Index("ix_transfers_from", "from_unit_id", "state"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    from_unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    to_unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    state: Mapped[str] = mapped_column(String(16))
    reason_code: Mapped[str] = mapped_column(String(40))
    words: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer_words: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    ruled_unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))

    case: Mapped[Case] = relationship()
