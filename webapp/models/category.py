"""Categories of trouble (Open311's services) and the deadlines that severity brings."""

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Id, Model


class Category(Model):
    """One kind of trouble; ``severity_floor`` is the least a case of it can weigh."""

    __tablename__ = "categories"
    __table_args__ = (CheckConstraint("severity_floor BETWEEN 1 AND 4", name="severity_floor"),)

    service_code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    tile_label: Mapped[str] = mapped_column(String(80))
    severity_floor: Mapped[int]
    sort_order: Mapped[int]
    watch_days: Mapped[int]
    is_triaged_by_person: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)


class DeadlineRule(Model):
    """How long a case of one severity may wait; a category's own rule beats the general one."""

    __tablename__ = "deadline_rules"
    __table_args__ = (
        UniqueConstraint("category_code", "severity"),
        CheckConstraint("severity BETWEEN 1 AND 4", name="severity"),
        # NULLs are distinct in a unique constraint, so the general rules need their own index.
        Index(
            "uq_deadline_rules_general",
            "severity",
            unique=True,
            sqlite_where=text("category_code IS NULL"),
            postgresql_where=text("category_code IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    category_code: Mapped[str | None] = mapped_column(ForeignKey("categories.service_code"))
    severity: Mapped[int]
    acknowledge_hours: Mapped[float] = mapped_column(Float)
    resolve_days: Mapped[float] = mapped_column(Float)
    is_round_the_clock: Mapped[bool] = mapped_column(default=False)
