"""Who does what: versions of one ordered table of rules; the first rule that fits decides."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.base import Id, Json, Model, UtcDateTime

PARTIES = "('commune', 'corridor_authority', 'supervising', 'unit')"


class ResponsibilityVersion(Model):
    """One edition of the table; the one that begins last among those begun holds on a day.

    None is changed or deleted. One that has not begun may be withdrawn: it never holds then, and
    its number stays taken.
    """

    __tablename__ = "responsibility_versions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    valid_from: Mapped[date] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    note: Mapped[str | None] = mapped_column(String(400))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))

    rules: Mapped[list["ResponsibilityRule"]] = relationship(
        order_by="ResponsibilityRule.sort_order", lazy="selectin"
    )


class ResponsibilityRule(Model):
    """One line: for these categories, on this ground, on this land, who leads and by which law.

    ``category_codes`` empty means every category, ``commune_code`` empty every land. A party is a
    role that the place fills (its commune, the corridor's authority, the supervising unit), or
    ``unit`` with the code of a named one.
    """

    __tablename__ = "responsibility_rules"
    __table_args__ = (
        UniqueConstraint("version_id", "sort_order"),
        CheckConstraint(
            "ground IN ('anywhere', 'off_corridor', 'any_road', 'national_road',"
            " 'provincial_road', 'local_road', 'railway')",
            name="ground",
        ),
        CheckConstraint(f"lead_party IN {PARTIES}", name="lead_party"),
        CheckConstraint("(lead_party = 'unit') = (lead_unit_code IS NOT NULL)", name="lead_unit"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("responsibility_versions.id"))
    sort_order: Mapped[int]
    category_codes: Mapped[list[Any]] = mapped_column(Json)
    ground: Mapped[str] = mapped_column(String(20))
    commune_code: Mapped[str | None] = mapped_column(String(32))
    lead_party: Mapped[str] = mapped_column(String(20))
    lead_unit_code: Mapped[str | None] = mapped_column(String(32))
    legal_basis: Mapped[str | None] = mapped_column(String(400))

    partners: Mapped[list["ResponsibilityPartner"]] = relationship(
        order_by="ResponsibilityPartner.sort_order", lazy="selectin"
    )


class ResponsibilityPartner(Model):
    """A unit that coordinates under a rule, and what it is asked to do."""

    __tablename__ = "responsibility_partners"
    __table_args__ = (
        UniqueConstraint("rule_id", "sort_order"),
        CheckConstraint(f"party IN {PARTIES}", name="party"),
        CheckConstraint("(party = 'unit') = (unit_code IS NOT NULL)", name="unit"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("responsibility_rules.id"))
    sort_order: Mapped[int]
    party: Mapped[str] = mapped_column(String(20))
    unit_code: Mapped[str | None] = mapped_column(String(32))
    task: Mapped[str | None] = mapped_column(String(200))
