"""What is known of likeness: prints of photos, photos used before, suggested merges, labels."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Id, Json, Model, UtcDateTime


class PhotoPrint(Model):
    """What comparing needs of a photo, so that no comparison reads a picture again.

    Of the very same bytes there is one print. ``perceptual_hash`` is 64 bits, as a signed number;
    its four quarters stand beside it, for hashes that differ in at most three bits share a
    quarter, and an index finds that. ``features`` are those of ``adapters.photo_matcher``.
    """

    __tablename__ = "photo_prints"
    __table_args__ = (
        Index("ix_photo_prints_quarter_0", "quarter_0"),
        Index("ix_photo_prints_quarter_1", "quarter_1"),
        Index("ix_photo_prints_quarter_2", "quarter_2"),
        Index("ix_photo_prints_quarter_3", "quarter_3"),
    )

    received_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int]
    perceptual_hash: Mapped[int] = mapped_column(Id)
    quarter_0: Mapped[int]
    quarter_1: Mapped[int]
    quarter_2: Mapped[int]
    quarter_3: Mapped[int]
    features: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PhotoReuse(Model):
    """A photo that shows the very picture of an earlier one: from elsewhere, or of another sender.

    ``distance_m`` is how far the two reports lie apart; empty when one of them has no position.
    """

    __tablename__ = "photo_reuses"
    __table_args__ = (
        CheckConstraint("kind IN ('elsewhere', 'other_sender')", name="kind"),
        Index("ix_photo_reuses_earlier_photo_id", "earlier_photo_id"),
    )

    photo_id: Mapped[int] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    earlier_photo_id: Mapped[int] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    distance_m: Mapped[float | None] = mapped_column(Float)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MergeSuggestion(Model):
    """A case that was opened though it may be the same as another: a person decides.

    ``answer`` stays empty until somebody merged the two or said that they are two.
    """

    __tablename__ = "merge_suggestions"
    __table_args__ = (
        CheckConstraint("answer IN ('merged', 'separate')", name="answer"),
        UniqueConstraint("case_id", "other_case_id"),
        Index("ix_merge_suggestions_other_case_id", "other_case_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    other_case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id"))
    probability: Mapped[float] = mapped_column(Float)
    terms: Mapped[dict[str, Any]] = mapped_column(Json)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[str | None] = mapped_column(String(16))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))


class LabelledPair(Model):
    """What a person said of two reports: one trouble or two; appended, never changed.

    The latest word on a pair counts. ``report_id`` is the smaller of the two ids; ``terms`` are
    the numbers that the model saw between them, for the next fitting.
    """

    __tablename__ = "labelled_pairs"
    __table_args__ = (
        CheckConstraint(
            "source IN ('merge', 'unmerge', 'split', 'unsplit', 'separate')", name="source"
        ),
        CheckConstraint("report_id < other_report_id", name="order"),
        Index("ix_labelled_pairs_reports", "report_id", "other_report_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id"))
    other_report_id: Mapped[int] = mapped_column(ForeignKey("reports.id"))
    is_same: Mapped[bool]
    source: Mapped[str] = mapped_column(String(16))
    terms: Mapped[dict[str, Any]] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    officer_id: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
