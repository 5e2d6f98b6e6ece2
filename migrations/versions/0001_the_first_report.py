"""Everything that the first report needs on its way from a phone to the district.

Beside the tables: the pair (id, version) of a case must name an event at commit (a deferred
foreign key), a case changes only together with a new event, events follow each other without a
gap, and nothing that is appended is ever changed (triggers, the same on both databases).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only for a column of the very type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

APPEND_ONLY = ("case_events", "attachments", "triage_acts")


def upgrade() -> None:
    """Create the tables, in the order of their references, then the triggers."""
    _create_units()
    _create_officers()
    _create_categories()
    _create_reports()
    _create_cases()
    _create_photos()
    _create_triage()
    _create_outbox()
    _create_tallies()
    if op.get_bind().dialect.name == "sqlite":
        _create_sqlite_triggers()
    else:
        _create_postgresql_triggers()


def downgrade() -> None:
    """Drop everything; the triggers go with their tables."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        op.drop_constraint("fk_cases_last_event", "cases", type_="foreignkey")
    for table in TABLES_LAST_FIRST:
        op.drop_table(table)
    if not is_sqlite:
        for function in ("anlo_refuse_change", "anlo_check_case", "anlo_check_event"):
            op.execute(f"DROP FUNCTION {function}()")


TABLES_LAST_FIRST = (
    "tallies",
    "outbox",
    "words_reviews",
    "attachments",
    "triage_acts",
    "report_triage",
    "photos",
    "case_views",
    "case_number_series",
    "case_events",
    "cases",
    "places",
    "contacts",
    "reports",
    "deadline_rules",
    "categories",
    "officers",
    "corridors",
    "boundaries",
    "unit_successions",
    "unit_parents",
    "units",
)


def _create_units() -> None:
    op.create_table(
        "units",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=True),
        sa.CheckConstraint(
            "tier IN ('commune', 'supervising', 'authority')", name=op.f("ck_units_tier")
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_units_dates")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", "valid_from", name=op.f("uq_units_code_valid_from")),
    )
    op.create_table(
        "unit_parents",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["units.id"], name=op.f("fk_unit_parents_parent_id_units")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_unit_parents_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_parents")),
        sa.UniqueConstraint(
            "unit_id", "valid_from", name=op.f("uq_unit_parents_unit_id_valid_from")
        ),
    )
    op.create_index(op.f("ix_unit_parents_parent_id"), "unit_parents", ["parent_id"], unique=False)
    op.create_table(
        "unit_successions",
        sa.Column("id", ID, nullable=False),
        sa.Column("predecessor_id", ID, nullable=False),
        sa.Column("successor_id", ID, nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["predecessor_id"], ["units.id"], name=op.f("fk_unit_successions_predecessor_id_units")
        ),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["units.id"], name=op.f("fk_unit_successions_successor_id_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_successions")),
        sa.UniqueConstraint(
            "predecessor_id",
            "successor_id",
            name=op.f("uq_unit_successions_predecessor_id_successor_id"),
        ),
    )
    op.create_index(
        op.f("ix_unit_successions_successor_id"), "unit_successions", ["successor_id"], unique=False
    )
    op.create_table(
        "boundaries",
        sa.Column("id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("geometry", DOCUMENT, nullable=False),
        sa.Column("min_longitude", sa.Float(), nullable=False),
        sa.Column("min_latitude", sa.Float(), nullable=False),
        sa.Column("max_longitude", sa.Float(), nullable=False),
        sa.Column("max_latitude", sa.Float(), nullable=False),
        sa.Column("is_schematic", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=400), nullable=True),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_boundaries_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boundaries")),
        sa.UniqueConstraint("unit_id", "valid_from", name=op.f("uq_boundaries_unit_id_valid_from")),
    )
    op.create_index(
        "ix_boundaries_valid_from", "boundaries", ["valid_from", "valid_to"], unique=False
    )
    op.create_table(
        "corridors",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("authority_id", ID, nullable=True),
        sa.Column("half_width_m", sa.Float(), nullable=False),
        sa.Column("geometry", DOCUMENT, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("is_schematic", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=400), nullable=True),
        sa.CheckConstraint(
            "kind IN ('national_road', 'provincial_road', 'local_road', 'railway')",
            name=op.f("ck_corridors_kind"),
        ),
        sa.CheckConstraint("half_width_m > 0", name=op.f("ck_corridors_half_width_m")),
        sa.ForeignKeyConstraint(
            ["authority_id"], ["units.id"], name=op.f("fk_corridors_authority_id_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corridors")),
        sa.UniqueConstraint("code", "valid_from", name=op.f("uq_corridors_code_valid_from")),
    )


def _create_officers() -> None:
    op.create_table(
        "officers",
        sa.Column("id", ID, nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "role IN ('officer', 'head', 'supervisor', 'overseer', 'administrator')",
            name=op.f("ck_officers_role"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_officers_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officers")),
        sa.UniqueConstraint("login", name=op.f("uq_officers_login")),
    )
    op.create_index(op.f("ix_officers_unit_id"), "officers", ["unit_id"], unique=False)


def _create_categories() -> None:
    op.create_table(
        "categories",
        sa.Column("service_code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("tile_label", sa.String(length=80), nullable=False),
        sa.Column("severity_floor", sa.Integer(), nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False),
        sa.Column("watch_days", sa.Integer(), nullable=False),
        sa.Column("is_triaged_by_person", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "severity_floor BETWEEN 1 AND 4", name=op.f("ck_categories_severity_floor")
        ),
        sa.PrimaryKeyConstraint("service_code", name=op.f("pk_categories")),
    )
    op.create_table(
        "deadline_rules",
        sa.Column("id", ID, nullable=False),
        sa.Column("category_code", sa.String(length=40), nullable=True),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("acknowledge_hours", sa.Float(), nullable=False),
        sa.Column("resolve_days", sa.Float(), nullable=False),
        sa.Column("is_round_the_clock", sa.Boolean(), nullable=False),
        sa.CheckConstraint("severity BETWEEN 1 AND 4", name=op.f("ck_deadline_rules_severity")),
        sa.ForeignKeyConstraint(
            ["category_code"],
            ["categories.service_code"],
            name=op.f("fk_deadline_rules_category_code_categories"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_rules")),
        sa.UniqueConstraint(
            "category_code", "severity", name=op.f("uq_deadline_rules_category_code_severity")
        ),
    )
    op.create_index(
        "uq_deadline_rules_general",
        "deadline_rules",
        ["severity"],
        unique=True,
        sqlite_where=sa.text("category_code IS NULL"),
        postgresql_where=sa.text("category_code IS NULL"),
    )


def _create_reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", ID, nullable=False),
        sa.Column("tracking_key_hash", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("install_key_hash", sa.String(length=64), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("category_code", sa.String(length=40), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("device_latitude", sa.Float(), nullable=True),
        sa.Column("device_longitude", sa.Float(), nullable=True),
        sa.Column("device_accuracy_m", sa.Float(), nullable=True),
        sa.Column("device_fix_at", MOMENT, nullable=True),
        sa.Column("pin_latitude", sa.Float(), nullable=True),
        sa.Column("pin_longitude", sa.Float(), nullable=True),
        sa.Column("commune_hint", sa.String(length=120), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('web', 'open311', 'desk')", name=op.f("ck_reports_channel")
        ),
        sa.ForeignKeyConstraint(
            ["category_code"],
            ["categories.service_code"],
            name=op.f("fk_reports_category_code_categories"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("tracking_key_hash", name=op.f("uq_reports_tracking_key_hash")),
    )
    op.create_index(
        op.f("ix_reports_install_key_hash"), "reports", ["install_key_hash"], unique=False
    )
    op.create_index(op.f("ix_reports_received_at"), "reports", ["received_at"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("report_id", ID, nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("consented_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_contacts_report_id_reports")
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_contacts")),
    )


def _create_cases() -> None:
    op.create_table(
        "places",
        sa.Column("id", ID, nullable=False),
        sa.Column("category_code", sa.String(length=40), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("cell", sa.String(length=16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["category_code"],
            ["categories.service_code"],
            name=op.f("fk_places_category_code_categories"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
    )
    op.create_index(op.f("ix_places_cell"), "places", ["cell"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("place_id", ID, nullable=False),
        sa.Column("category_code", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("lead_unit_id", ID, nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("cell", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("report_count", sa.Integer(), nullable=False),
        sa.Column("witness_count", sa.Integer(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("last_captured_at", MOMENT, nullable=True),
        sa.Column("acknowledge_due_at", MOMENT, nullable=False),
        sa.Column("resolve_due_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("first_viewed_at", MOMENT, nullable=True),
        sa.Column("acknowledged_at", MOMENT, nullable=True),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("public_sentence", sa.Text(), nullable=True),
        sa.Column("previous_case_id", ID, nullable=True),
        sa.CheckConstraint(
            "status IN ('new', 'acknowledged', 'in_progress', 'awaiting_authority',"
            " 'resolved', 'closed', 'refused')",
            name=op.f("ck_cases_status"),
        ),
        sa.CheckConstraint("severity BETWEEN 1 AND 4", name=op.f("ck_cases_severity")),
        sa.ForeignKeyConstraint(
            ["category_code"],
            ["categories.service_code"],
            name=op.f("fk_cases_category_code_categories"),
        ),
        sa.ForeignKeyConstraint(
            ["lead_unit_id"], ["units.id"], name=op.f("fk_cases_lead_unit_id_units")
        ),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_cases_place_id_places")),
        sa.ForeignKeyConstraint(
            ["previous_case_id"], ["cases.id"], name=op.f("fk_cases_previous_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
        *_last_event_key(),
    )
    op.create_index(
        "ix_cases_cell",
        "cases",
        ["cell"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_index("ix_cases_place_id", "cases", ["place_id"], unique=False)
    op.create_index(
        "ix_cases_unit_status", "cases", ["lead_unit_id", "status", "opened_at"], unique=False
    )
    op.create_index(
        "ix_cases_queue",
        "cases",
        [
            "lead_unit_id",
            sa.text("severity DESC"),
            "due_at",
            sa.text("witness_count DESC"),
            "id",
        ],
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "case_events",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("actor_unit_id", ID, nullable=True),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=True),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_case_events_version")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["officers.id"], name=op.f("fk_case_events_actor_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["actor_unit_id"], ["units.id"], name=op.f("fk_case_events_actor_unit_id_units")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id_cases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
        sa.UniqueConstraint("case_id", "version", name=op.f("uq_case_events_case_id_version")),
    )
    op.create_index("ix_case_events_at", "case_events", ["at"], unique=False)
    if op.get_bind().dialect.name != "sqlite":
        op.create_foreign_key(
            "fk_cases_last_event",
            "cases",
            "case_events",
            ["id", "version"],
            ["case_id", "version"],
            deferrable=True,
            initially="DEFERRED",
        )
    op.create_table(
        "case_number_series",
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "year", name=op.f("pk_case_number_series")),
    )
    op.create_table(
        "case_views",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("officer_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("viewed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_views_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_case_views_officer_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_case_views_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("case_id", "officer_id", name=op.f("pk_case_views")),
    )


def _create_photos() -> None:
    op.create_table(
        "photos",
        sa.Column("id", ID, nullable=False),
        sa.Column("report_id", ID, nullable=True),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False),
        sa.Column("received_sha256", sa.String(length=64), nullable=False),
        sa.Column("original_sha256", sa.String(length=64), nullable=True),
        sa.Column("media_type", sa.String(length=32), nullable=False),
        sa.Column("byte_size", sa.Integer(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("captured_at", MOMENT, nullable=True),
        sa.Column("exif_claims", DOCUMENT, nullable=True),
        sa.Column("exif_read", DOCUMENT, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("large_sha256", sa.String(length=64), nullable=True),
        sa.Column("small_sha256", sa.String(length=64), nullable=True),
        sa.Column("review", sa.String(length=16), nullable=False),
        sa.Column("reviewed_at", MOMENT, nullable=True),
        sa.Column("reviewed_by_id", ID, nullable=True),
        sa.CheckConstraint(
            "review IN ('pending', 'shown', 'private')", name=op.f("ck_photos_review")
        ),
        sa.CheckConstraint("role IN ('evidence', 'after')", name=op.f("ck_photos_role")),
        sa.CheckConstraint(
            "state IN ('pending', 'ready', 'unreadable')", name=op.f("ck_photos_state")
        ),
        sa.CheckConstraint(
            "(report_id IS NULL) <> (case_id IS NULL)", name=op.f("ck_photos_one_owner")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_photos_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_photos_report_id_reports")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by_id"], ["officers.id"], name=op.f("fk_photos_reviewed_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.UniqueConstraint("report_id", "sort_order", name=op.f("uq_photos_report_id_sort_order")),
    )
    op.create_index("ix_photos_case_id", "photos", ["case_id"], unique=False)
    op.create_index("ix_photos_received_sha256", "photos", ["received_sha256"], unique=False)


def _create_triage() -> None:
    op.create_table(
        "report_triage",
        sa.Column("report_id", ID, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("hold_code", sa.String(length=40), nullable=True),
        sa.Column("hold_details", DOCUMENT, nullable=True),
        sa.Column("supervising_unit_id", ID, nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("position_source", sa.String(length=16), nullable=True),
        sa.Column("captured_at", MOMENT, nullable=True),
        sa.Column("captured_source", sa.String(length=16), nullable=True),
        sa.Column("set_latitude", sa.Float(), nullable=True),
        sa.Column("set_longitude", sa.Float(), nullable=True),
        sa.Column("set_category_code", sa.String(length=40), nullable=True),
        sa.Column("set_unit_id", ID, nullable=True),
        sa.CheckConstraint(
            "status IN ('received', 'triaged', 'held', 'dismissed')",
            name=op.f("ck_report_triage_status"),
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_report_triage_report_id_reports")
        ),
        sa.ForeignKeyConstraint(
            ["set_category_code"],
            ["categories.service_code"],
            name=op.f("fk_report_triage_set_category_code_categories"),
        ),
        sa.ForeignKeyConstraint(
            ["set_unit_id"], ["units.id"], name=op.f("fk_report_triage_set_unit_id_units")
        ),
        sa.ForeignKeyConstraint(
            ["supervising_unit_id"],
            ["units.id"],
            name=op.f("fk_report_triage_supervising_unit_id_units"),
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_triage")),
    )
    op.create_index(
        "ix_report_triage_status", "report_triage", ["status", "updated_at"], unique=False
    )
    op.create_table(
        "triage_acts",
        sa.Column("id", ID, nullable=False),
        sa.Column("report_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("actor_unit_id", ID, nullable=True),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["officers.id"], name=op.f("fk_triage_acts_actor_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["actor_unit_id"], ["units.id"], name=op.f("fk_triage_acts_actor_unit_id_units")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_triage_acts_report_id_reports")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triage_acts")),
    )
    op.create_index("ix_triage_acts_at", "triage_acts", ["at"], unique=False)
    op.create_index(op.f("ix_triage_acts_report_id"), "triage_acts", ["report_id"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("id", ID, nullable=False),
        sa.Column("report_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("supersedes_id", ID, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("terms", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["officers.id"], name=op.f("fk_attachments_actor_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_attachments_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_attachments_report_id_reports")
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["attachments.id"],
            name=op.f("fk_attachments_supersedes_id_attachments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_attachments_supersedes_id")),
    )
    op.create_index("ix_attachments_case_id", "attachments", ["case_id"], unique=False)
    op.create_index(op.f("ix_attachments_report_id"), "attachments", ["report_id"], unique=False)
    op.create_index(
        "uq_attachments_first",
        "attachments",
        ["report_id"],
        unique=True,
        sqlite_where=sa.text("supersedes_id IS NULL"),
        postgresql_where=sa.text("supersedes_id IS NULL"),
    )
    op.create_table(
        "words_reviews",
        sa.Column("report_id", ID, nullable=False),
        sa.Column("review", sa.String(length=16), nullable=False),
        sa.Column("reviewed_at", MOMENT, nullable=False),
        sa.Column("reviewed_by_id", ID, nullable=False),
        sa.CheckConstraint("review IN ('shown', 'private')", name=op.f("ck_words_reviews_review")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_words_reviews_report_id_reports")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by_id"],
            ["officers.id"],
            name=op.f("fk_words_reviews_reviewed_by_id_officers"),
        ),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_words_reviews")),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_outbox_kind_subject")),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )


def _create_tallies() -> None:
    op.create_table(
        "tallies",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("category_code", sa.String(length=40), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("acknowledged", sa.Integer(), nullable=False),
        sa.Column("resolved", sa.Integer(), nullable=False),
        sa.Column("resolved_on_time", sa.Integer(), nullable=False),
        sa.Column("acknowledge_hours", DOCUMENT, nullable=False),
        sa.Column("resolve_hours", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["category_code"],
            ["categories.service_code"],
            name=op.f("fk_tallies_category_code_categories"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_tallies_unit_id_units")),
        sa.PrimaryKeyConstraint("day", "unit_id", "category_code", name=op.f("pk_tallies")),
    )


def _last_event_key() -> list[sa.ForeignKeyConstraint]:
    # SQLite takes a reference to a table that does not exist yet, and cannot add one later;
    # PostgreSQL is the other way round (see _create_cases).
    if op.get_bind().dialect.name != "sqlite":
        return []
    return [
        sa.ForeignKeyConstraint(
            ["id", "version"],
            ["case_events.case_id", "case_events.version"],
            name="fk_cases_last_event",
            deferrable=True,
            initially="DEFERRED",
        )
    ]


def _create_sqlite_triggers() -> None:
    for table in APPEND_ONLY:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_refuse_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute(
        "CREATE TRIGGER cases_need_event BEFORE UPDATE ON cases "
        "WHEN NEW.version <= OLD.version OR NOT EXISTS (SELECT 1 FROM case_events "
        "WHERE case_id = NEW.id AND version = NEW.version) "
        "BEGIN SELECT RAISE(ABORT, 'a case changes only with a new event'); END"
    )
    op.execute(
        "CREATE TRIGGER case_events_in_order BEFORE INSERT ON case_events "
        "WHEN NEW.version > 1 AND NOT EXISTS (SELECT 1 FROM case_events "
        "WHERE case_id = NEW.case_id AND version = NEW.version - 1) "
        "BEGIN SELECT RAISE(ABORT, 'events of a case leave no gap'); END"
    )


def _create_postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION anlo_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION anlo_refuse_change()"
        )
    op.execute(
        "CREATE FUNCTION anlo_check_case() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.version <= OLD.version OR NOT EXISTS (SELECT 1 FROM case_events "
        "WHERE case_id = NEW.id AND version = NEW.version) THEN "
        "RAISE EXCEPTION 'a case changes only with a new event'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER cases_need_event BEFORE UPDATE ON cases "
        "FOR EACH ROW EXECUTE FUNCTION anlo_check_case()"
    )
    op.execute(
        "CREATE FUNCTION anlo_check_event() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.version > 1 AND NOT EXISTS (SELECT 1 FROM case_events "
        "WHERE case_id = NEW.case_id AND version = NEW.version - 1) THEN "
        "RAISE EXCEPTION 'events of a case leave no gap'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER case_events_in_order BEFORE INSERT ON case_events "
        "FOR EACH ROW EXECUTE FUNCTION anlo_check_event()"
    )
