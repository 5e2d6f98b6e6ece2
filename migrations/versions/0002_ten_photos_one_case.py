"""What ten photos of one trouble need to become one case.

Prints of photos and photos used before, suggested merges, what persons said of pairs; which case
a resident means; when a proof was taken, relapses, and cases that were merged into another.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only for a column of the very type INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Add columns, then tables; tell of old proofs when they were taken."""
    op.add_column("reports", sa.Column("meant_case_number", sa.String(length=24), nullable=True))
    op.add_column("report_triage", sa.Column("set_captured_at", MOMENT, nullable=True))
    _widen_cases()
    _create_prints()
    _create_suggestions()
    _create_labels()
    _date_proofs()


def downgrade() -> None:
    """Drop what was added; a case that was merged away stays closed to the queue."""
    op.drop_table("labelled_pairs")
    op.drop_table("merge_suggestions")
    op.drop_table("photo_reuses")
    op.drop_table("photo_prints")
    op.drop_index("ix_cases_merged_into_id", "cases")
    op.drop_index("ix_cases_cell", "cases")
    op.create_index(
        "ix_cases_cell",
        "cases",
        ["cell"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    for column in ("merged_into_id", "is_relapse", "proof_at"):
        op.drop_column("cases", column)
    op.drop_column("report_triage", "set_captured_at")
    op.drop_column("reports", "meant_case_number")


def _widen_cases() -> None:
    op.add_column("cases", sa.Column("proof_at", MOMENT, nullable=True))
    op.add_column(
        "cases", sa.Column("is_relapse", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    # Rebuilding the table, as Alembic would on SQLite, would lose its triggers; SQLite takes a
    # reference together with its column, in its own words.
    key = "CONSTRAINT fk_cases_merged_into_id_cases REFERENCES cases (id)"
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(f"ALTER TABLE cases ADD COLUMN merged_into_id {kind} {key}")
    is_merged = sa.text("merged_into_id IS NOT NULL")
    op.create_index(
        "ix_cases_merged_into_id",
        "cases",
        ["merged_into_id"],
        unique=False,
        sqlite_where=is_merged,
        postgresql_where=is_merged,
    )
    op.drop_index("ix_cases_cell", "cases")
    nearest = ["cell", "lead_unit_id", "is_open", "latitude", "longitude", "id"]
    op.create_index("ix_cases_cell", "cases", nearest, unique=False)


def _date_proofs() -> None:
    """Give each case that was resolved before its ``proof_at``, as its events add up to.

    A photo that says nothing of its time, or a time to come, was taken by when it was handed in.
    """
    events = sa.table(
        "case_events",
        sa.column("case_id", ID),
        sa.column("version", sa.Integer),
        sa.column("kind", sa.String),
        sa.column("at", MOMENT),
        sa.column("data", DOCUMENT),
    )
    query = sa.select(events.c.case_id, events.c.at, events.c.data)
    query = query.where(events.c.kind == "resolved").order_by(events.c.case_id, events.c.version)
    bind = op.get_bind()
    proofs = {case_id: _proof_at(at, data) for case_id, at, data in bind.execute(query)}
    if not proofs:
        return
    cases = sa.table("cases", sa.column("id", ID), sa.column("proof_at", MOMENT))
    dated = sa.update(cases).where(cases.c.id == sa.bindparam("case"))
    rows = [{"case": case_id, "proof_at": proof_at} for case_id, proof_at in proofs.items()]
    with _cases_unguarded():
        bind.execute(dated.values(proof_at=sa.bindparam("proof_at")), rows)


def _proof_at(at: datetime, data: dict[str, str | None]) -> datetime:
    words = data.get("photo_captured_at")
    moment = _in_utc(at)
    moment = min(moment, _in_utc(datetime.fromisoformat(words))) if words else moment
    # SQLite keeps moments in UTC without a zone.
    return moment.replace(tzinfo=None) if op.get_bind().dialect.name == "sqlite" else moment


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@contextmanager
def _cases_unguarded() -> Iterator[None]:
    """Let cases be changed without a new event: nothing happens to them but a column."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.execute("ALTER TABLE cases DISABLE TRIGGER cases_need_event")
        yield
        op.execute("ALTER TABLE cases ENABLE TRIGGER cases_need_event")
        return
    guard = bind.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = 'cases_need_event'"))
    op.execute("DROP TRIGGER cases_need_event")
    yield
    bind.exec_driver_sql(guard)


def _create_prints() -> None:
    quarters = [f"quarter_{number}" for number in range(4)]
    op.create_table(
        "photo_prints",
        sa.Column("received_sha256", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("perceptual_hash", ID, nullable=False),
        *(sa.Column(quarter, sa.Integer(), nullable=False) for quarter in quarters),
        sa.Column("features", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("received_sha256", name=op.f("pk_photo_prints")),
    )
    for quarter in quarters:
        op.create_index(f"ix_photo_prints_{quarter}", "photo_prints", [quarter], unique=False)
    op.create_table(
        "photo_reuses",
        sa.Column("photo_id", ID, nullable=False),
        sa.Column("earlier_photo_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("distance_m", sa.Float(), nullable=True),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('elsewhere', 'other_sender')", name=op.f("ck_photo_reuses_kind")
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("fk_photo_reuses_photo_id_photos")
        ),
        sa.ForeignKeyConstraint(
            ["earlier_photo_id"],
            ["photos.id"],
            name=op.f("fk_photo_reuses_earlier_photo_id_photos"),
        ),
        sa.PrimaryKeyConstraint("photo_id", "earlier_photo_id", name=op.f("pk_photo_reuses")),
    )
    op.create_index(
        "ix_photo_reuses_earlier_photo_id", "photo_reuses", ["earlier_photo_id"], unique=False
    )


def _create_suggestions() -> None:
    op.create_table(
        "merge_suggestions",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("other_case_id", ID, nullable=False),
        sa.Column("report_id", ID, nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("terms", DOCUMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answered_by_id", ID, nullable=True),
        sa.CheckConstraint(
            "answer IN ('merged', 'separate')", name=op.f("ck_merge_suggestions_answer")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_merge_suggestions_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["other_case_id"], ["cases.id"], name=op.f("fk_merge_suggestions_other_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_merge_suggestions_report_id_reports")
        ),
        sa.ForeignKeyConstraint(
            ["answered_by_id"],
            ["officers.id"],
            name=op.f("fk_merge_suggestions_answered_by_id_officers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_suggestions")),
        sa.UniqueConstraint(
            "case_id", "other_case_id", name=op.f("uq_merge_suggestions_case_id_other_case_id")
        ),
    )
    op.create_index(
        "ix_merge_suggestions_other_case_id", "merge_suggestions", ["other_case_id"], unique=False
    )


def _create_labels() -> None:
    op.create_table(
        "labelled_pairs",
        sa.Column("id", ID, nullable=False),
        sa.Column("report_id", ID, nullable=False),
        sa.Column("other_report_id", ID, nullable=False),
        sa.Column("is_same", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("terms", DOCUMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("officer_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.CheckConstraint(
            "source IN ('merge', 'unmerge', 'split', 'unsplit', 'separate')",
            name=op.f("ck_labelled_pairs_source"),
        ),
        sa.CheckConstraint("report_id < other_report_id", name=op.f("ck_labelled_pairs_order")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name=op.f("fk_labelled_pairs_report_id_reports")
        ),
        sa.ForeignKeyConstraint(
            ["other_report_id"],
            ["reports.id"],
            name=op.f("fk_labelled_pairs_other_report_id_reports"),
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officers.id"], name=op.f("fk_labelled_pairs_officer_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_labelled_pairs_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labelled_pairs")),
    )
    op.create_index("ix_labelled_pairs_reports", "labelled_pairs", ["report_id", "other_report_id"])
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER labelled_pairs_refuse_{act.lower()} BEFORE {act} "
                "ON labelled_pairs BEGIN SELECT RAISE(ABORT, 'labelled_pairs is append-only'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER labelled_pairs_refuse_change BEFORE UPDATE OR DELETE ON labelled_pairs "
        "FOR EACH ROW EXECUTE FUNCTION anlo_refuse_change()"
    )
