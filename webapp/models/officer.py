"""Officers: persons of one unit, with a role."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.base import Id, Model, UtcDateTime
from webapp.models.unit import Unit


class Officer(Model):
    """A person who signs in; ``session_epoch`` grows to end all of their sessions at once."""

    __tablename__ = "officers"
    __table_args__ = (
        CheckConstraint(
            "role IN ('officer', 'head', 'supervisor', 'overseer', 'administrator')", name="role"
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    login: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    unit: Mapped[Unit] = relationship(lazy="joined")
