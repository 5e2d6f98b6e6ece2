"""What every report needs to land on the desk that has to act.

Whose land a case lies on and how surely, its corridor and kilometre, who coordinates, transfers;
the table of who does what; the register of crossings; messages to residents; switches of territory.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only for a column of the very type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

PARTIES = "('commune', 'corridor_authority', 'supervising', 'unit')"
CASE_COLUMNS = (
    "is_ruling_asked",
    "transfer_to_id",
    "transfer_count",
    "crossing_id",
    "chainage_accuracy_m",
    "chainage_m",
    "corridor_id",
    "is_border_open",
    "routing",
    "commune_id",
)


def upgrade() -> None:
    """Add tables, then columns; a case of before lies on the land of its lead unit."""
    op.add_column(
        "contacts", sa.Column("link_version", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("contacts", sa.Column("unsubscribed_at", MOMENT, nullable=True))
    _create_posts()
    _create_crossings()
    _create_responsibilities()
    _create_assignments()
    _create_notifications()
    _create_switches()
    _widen_cases()


def downgrade() -> None:
    """Drop what was added; a case that was transferred stays with its last lead unit."""
    for index in ("ix_cases_crossing_id", "ix_cases_commune_id", "ix_cases_cell"):
        op.drop_index(index, "cases")
    _create_cell_index("lead_unit_id")
    for column in CASE_COLUMNS:
        op.drop_column("cases", column)
    for table in (
        "territory_switches",
        "notifications",
        "transfers",
        "coordinations",
        "responsibility_partners",
        "responsibility_rules",
        "responsibility_versions",
        "crossing_photos",
        "crossing_inspections",
        "crossings",
        "kilometre_posts",
    ):
        op.drop_table(table)
    op.drop_column("contacts", "unsubscribed_at")
    op.drop_column("contacts", "link_version")


def _widen_cases() -> None:
    _refer("commune_id", "units")
    op.add_column(
        "cases", sa.Column("routing", sa.String(16), nullable=False, server_default="clear")
    )
    op.add_column(
        "cases",
        sa.Column("is_border_open", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _refer("corridor_id", "corridors")
    op.add_column("cases", sa.Column("chainage_m", sa.Float(), nullable=True))
    op.add_column("cases", sa.Column("chainage_accuracy_m", sa.Float(), nullable=True))
    _refer("crossing_id", "crossings")
    op.add_column(
        "cases", sa.Column("transfer_count", sa.Integer(), nullable=False, server_default="0")
    )
    _refer("transfer_to_id", "units")
    op.add_column(
        "cases",
        sa.Column("is_ruling_asked", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    with _cases_unguarded():
        op.execute("UPDATE cases SET commune_id = lead_unit_id")
    op.drop_index("ix_cases_cell", "cases")
    _create_cell_index("commune_id")
    op.create_index(
        "ix_cases_commune_id",
        "cases",
        ["commune_id"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    has_crossing = sa.text("crossing_id IS NOT NULL")
    op.create_index(
        "ix_cases_crossing_id",
        "cases",
        ["crossing_id"],
        unique=False,
        sqlite_where=has_crossing,
        postgresql_where=has_crossing,
    )


def _refer(column: str, table: str) -> None:
    # Rebuilding the table, as Alembic would on SQLite, would lose its triggers; SQLite takes a
    # reference together with its column, in its own words.
    key = f"CONSTRAINT fk_cases_{column}_{table} REFERENCES {table} (id)"
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(f"ALTER TABLE cases ADD COLUMN {column} {kind} {key}")


def _create_cell_index(unit: str) -> None:
    nearest = ["cell", unit, "is_open", "latitude", "longitude", "id"]
    op.create_index("ix_cases_cell", "cases", nearest, unique=False)


@contextmanager
def _cases_unguarded() -> Iterator[None]:
    """Let cases be changed without a new event: nothing happens to them but a column."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        # The deferred key to the last event has its own trigger events, which must be over first.
        op.execute("SET CONSTRAINTS ALL IMMEDIATE")
        op.execute("ALTER TABLE cases DISABLE TRIGGER cases_need_event")
        yield
        op.execute("ALTER TABLE cases ENABLE TRIGGER cases_need_event")
        return
    guard = bind.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = 'cases_need_event'"))
    op.execute("DROP TRIGGER cases_need_event")
    yield
    bind.exec_driver_sql(guard)


def _key(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}")
    )


def _id() -> sa.Column[int]:
    return sa.Column("id", ID, nullable=False)


def _reference(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, ID, nullable=nullable)


def _create_posts() -> None:
    table = "kilometre_posts"
    op.create_table(
        table,
        _id(),
        _reference("corridor_id", nullable=False),
        sa.Column("chainage_m", sa.Float(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        _key(table, "corridor_id", "corridors"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kilometre_posts")),
        sa.UniqueConstraint(
            "corridor_id", "chainage_m", name=op.f("uq_kilometre_posts_corridor_id_chainage_m")
        ),
    )


def _create_crossings() -> None:
    table = "crossings"
    op.create_table(
        table,
        _id(),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120), nullable=True),
        _reference("corridor_id"),
        sa.Column("chainage_m", sa.Float(), nullable=True),
        sa.Column("chainage_accuracy_m", sa.Float(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("cell", sa.String(16), nullable=False),
        sa.Column("width_m", sa.Float(), nullable=True),
        sa.Column("surface", sa.String(16), nullable=False),
        sa.Column("measures", DOCUMENT, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        _reference("unit_id"),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("is_fabricated", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _reference("created_by_id"),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'restricted', 'closed')", name=op.f("ck_crossings_state")
        ),
        sa.CheckConstraint(
            "surface IN ('earth', 'gravel', 'concrete', 'asphalt', 'other', 'unknown')",
            name=op.f("ck_crossings_surface"),
        ),
        sa.CheckConstraint("width_m > 0", name=op.f("ck_crossings_width_m")),
        _key(table, "corridor_id", "corridors"),
        _key(table, "unit_id", "units"),
        _key(table, "created_by_id", "officers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crossings")),
        sa.UniqueConstraint("code", name=op.f("uq_crossings_code")),
    )
    op.create_index("ix_crossings_cell", table, ["cell"], unique=False)
    op.create_index("ix_crossings_unit_id", table, ["unit_id"], unique=False)
    _create_inspections()
    _create_crossing_photos()


def _create_inspections() -> None:
    table = "crossing_inspections"
    op.create_table(
        table,
        _id(),
        _reference("crossing_id", nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _reference("officer_id"),
        _reference("unit_id"),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('registered', 'changed', 'inspected', 'imported')",
            name=op.f("ck_crossing_inspections_kind"),
        ),
        _key(table, "crossing_id", "crossings"),
        _key(table, "officer_id", "officers"),
        _key(table, "unit_id", "units"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crossing_inspections")),
    )
    op.create_index("ix_crossing_inspections_crossing", table, ["crossing_id", "at"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{act.lower()} BEFORE {act} "
                f"ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION anlo_refuse_change()"
    )


def _create_crossing_photos() -> None:
    table = "crossing_photos"
    op.create_table(
        table,
        _id(),
        _reference("crossing_id", nullable=False),
        _reference("inspection_id"),
        sa.Column("received_sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(32), nullable=False),
        sa.Column("byte_size", sa.Integer(), nullable=False),
        sa.Column("large_sha256", sa.String(64), nullable=True),
        sa.Column("small_sha256", sa.String(64), nullable=True),
        sa.Column("received_at", MOMENT, nullable=False),
        _reference("added_by_id", nullable=False),
        _key(table, "crossing_id", "crossings"),
        _key(table, "inspection_id", "crossing_inspections"),
        _key(table, "added_by_id", "officers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crossing_photos")),
    )
    op.create_index("ix_crossing_photos_crossing_id", table, ["crossing_id"], unique=False)


def _create_responsibilities() -> None:
    table = "responsibility_versions"
    op.create_table(
        table,
        _id(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _reference("created_by_id"),
        sa.Column("note", sa.String(400), nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        _reference("withdrawn_by_id"),
        _key(table, "created_by_id", "officers"),
        _key(table, "withdrawn_by_id", "officers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responsibility_versions")),
        sa.UniqueConstraint("number", name=op.f("uq_responsibility_versions_number")),
    )
    _create_rules()
    _create_partners()


def _create_rules() -> None:
    table = "responsibility_rules"
    op.create_table(
        table,
        _id(),
        _reference("version_id", nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False),
        sa.Column("category_codes", DOCUMENT, nullable=False),
        sa.Column("ground", sa.String(20), nullable=False),
        sa.Column("commune_code", sa.String(32), nullable=True),
        sa.Column("lead_party", sa.String(20), nullable=False),
        sa.Column("lead_unit_code", sa.String(32), nullable=True),
        sa.Column("legal_basis", sa.String(400), nullable=True),
        sa.CheckConstraint(
            "ground IN ('anywhere', 'off_corridor', 'any_road', 'national_road',"
            " 'provincial_road', 'local_road', 'railway')",
            name=op.f("ck_responsibility_rules_ground"),
        ),
        sa.CheckConstraint(
            f"lead_party IN {PARTIES}", name=op.f("ck_responsibility_rules_lead_party")
        ),
        sa.CheckConstraint(
            "(lead_party = 'unit') = (lead_unit_code IS NOT NULL)",
            name=op.f("ck_responsibility_rules_lead_unit"),
        ),
        _key(table, "version_id", "responsibility_versions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responsibility_rules")),
        sa.UniqueConstraint(
            "version_id", "sort_order", name=op.f("uq_responsibility_rules_version_id_sort_order")
        ),
    )


def _create_partners() -> None:
    table = "responsibility_partners"
    op.create_table(
        table,
        _id(),
        _reference("rule_id", nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False),
        sa.Column("party", sa.String(20), nullable=False),
        sa.Column("unit_code", sa.String(32), nullable=True),
        sa.Column("task", sa.String(200), nullable=True),
        sa.CheckConstraint(f"party IN {PARTIES}", name=op.f("ck_responsibility_partners_party")),
        sa.CheckConstraint(
            "(party = 'unit') = (unit_code IS NOT NULL)",
            name=op.f("ck_responsibility_partners_unit"),
        ),
        _key(table, "rule_id", "responsibility_rules"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responsibility_partners")),
        sa.UniqueConstraint(
            "rule_id", "sort_order", name=op.f("uq_responsibility_partners_rule_id_sort_order")
        ),
    )


def _create_assignments() -> None:
    table = "coordinations"
    op.create_table(
        table,
        _id(),
        _reference("case_id", nullable=False),
        _reference("unit_id", nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        _reference("asked_by_id"),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("replied_at", MOMENT, nullable=True),
        _reference("replied_by_id"),
        sa.CheckConstraint(
            "state IN ('informed', 'asked', 'replied', 'ended')",
            name=op.f("ck_coordinations_state"),
        ),
        sa.CheckConstraint(
            "source IN ('rule', 'border', 'land', 'officer')", name=op.f("ck_coordinations_source")
        ),
        _key(table, "case_id", "cases"),
        _key(table, "unit_id", "units"),
        _key(table, "asked_by_id", "officers"),
        _key(table, "replied_by_id", "officers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coordinations")),
    )
    op.create_index(op.f("ix_coordinations_case_id"), table, ["case_id"], unique=False)
    op.create_index("ix_coordinations_unit", table, ["unit_id", "state", "case_id"], unique=False)
    is_standing = sa.text("state <> 'ended'")
    op.create_index(
        "uq_coordinations_standing",
        table,
        ["case_id", "unit_id"],
        unique=True,
        sqlite_where=is_standing,
        postgresql_where=is_standing,
    )
    _create_transfers()


def _create_transfers() -> None:
    table = "transfers"
    op.create_table(
        table,
        _id(),
        _reference("case_id", nullable=False),
        _reference("from_unit_id", nullable=False),
        _reference("to_unit_id"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason_code", sa.String(40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        _reference("asked_by_id", nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("answer_words", sa.Text(), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        _reference("answered_by_id"),
        _reference("ruled_unit_id"),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'refused', 'withdrawn', 'ruled')",
            name=op.f("ck_transfers_state"),
        ),
        _key(table, "case_id", "cases"),
        _key(table, "from_unit_id", "units"),
        _key(table, "to_unit_id", "units"),
        _key(table, "asked_by_id", "officers"),
        _key(table, "answered_by_id", "officers"),
        _key(table, "ruled_unit_id", "units"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index(op.f("ix_transfers_case_id"), table, ["case_id"], unique=False)
    op.create_index("ix_transfers_to", table, ["to_unit_id", "state"], unique=False)
    op.create_index("ix_transfers_from", table, ["from_unit_id", "state"], unique=False)
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_transfers_open",
        table,
        ["case_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _create_notifications() -> None:
    table = "notifications"
    op.create_table(
        table,
        sa.Column("id", sa.String(36), nullable=False),
        _reference("report_id", nullable=False),
        _reference("event_id"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('confirm', 'received', 'moved', 'resolved')",
            name=op.f("ck_notifications_kind"),
        ),
        sa.CheckConstraint(
            "channel IN ('email', 'webhook')", name=op.f("ck_notifications_channel")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'dropped', 'failed')",
            name=op.f("ck_notifications_state"),
        ),
        _key(table, "report_id", "reports"),
        _key(table, "event_id", "case_events"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index("ix_notifications_report_id", table, ["report_id"], unique=False)
    op.create_index("ix_notifications_state", table, ["state", "due_at"], unique=False)


def _create_switches() -> None:
    table = "territory_switches"
    op.create_table(
        table,
        _id(),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("ran_at", MOMENT, nullable=False),
        _reference("officer_id"),
        _reference("corrects_id"),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('switch', 'correction')", name=op.f("ck_territory_switches_kind")
        ),
        _key(table, "officer_id", "officers"),
        _key(table, "corrects_id", "territory_switches"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_territory_switches")),
    )
