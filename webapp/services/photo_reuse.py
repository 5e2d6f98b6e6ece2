"""Finds photos that show the very picture of an earlier one: from elsewhere, or of another sender.

Such a photo is never refused and never silently used: it is flagged for whoever reads the case.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.adapters.photo_matcher import hamming
from webapp.domain.duplicates import SEARCH_RADIUS_M
from webapp.domain.duplicates_weights import SAME_PICTURE_BITS
from webapp.domain.geo import Position, distance_m
from webapp.domain.likeness import PhotoLikeness
from webapp.models import Photo, PhotoReuse, Report, ReportTriage
from webapp.models import PhotoPrint as PrintRow
from webapp.services.comparisons import Comparisons
from webapp.services.photo_prints import as_unsigned, quarters
from webapp.services.triage_policy import fitted_weights

# Pictures of fog or of the night have nearly the same hash; of so many the oldest are enough.
MOST_EARLIER = 20

# However coarse a fix says it is, more than this is no reason to call two places one.
GREATEST_DOUBT_M = 200.0


@dataclass(frozen=True)
class _Sent:
    """A photo with what matters of its report."""

    photo_id: int
    report_id: int
    sha256: str
    install_key_hash: str | None
    position: Position | None


def look_ahead(session: Session, pictures: Iterable[str], comparisons: Comparisons) -> None:
    """Compare pictures, named by their bytes' hash, with those that look like them already.

    Done before the locks are taken, so that inside them only what arrived in between is left.
    """
    for picture in pictures:
        _lookalikes(session, picture, comparisons)


def flag(session: Session, report: Report, comparisons: Comparisons) -> None:
    """Write down which photos of a report were used before; safe to repeat.

    A hash is looked up by its quarters: two that differ in at most three of 64 bits share one.
    What is found that way counts only when the pictures themselves agree.

    Args:
        session: of the transaction that decides about the report.
        report: whose photos are looked up.
        comparisons: what was compared for this report so far.
    """
    for own in _sent(session, Photo.report_id == report.id):
        for earlier in _earlier_pictures(session, own, comparisons):
            kind = _kind(own, earlier)
            if kind is not None:
                _write(session, own, earlier, kind)


def _write(session: Session, own: _Sent, earlier: _Sent, kind: str) -> None:
    if session.get(PhotoReuse, (own.photo_id, earlier.photo_id)) is None:
        session.add(
            PhotoReuse(
                photo_id=own.photo_id,
                earlier_photo_id=earlier.photo_id,
                kind=kind,
                distance_m=_apart_m(own, earlier),
                found_at=clock.now(),
            )
        )


def _kind(own: _Sent, earlier: _Sent) -> str | None:
    """Say what is odd about a picture that came before; None for one's own, at one's own place."""
    apart_m = _apart_m(own, earlier)
    if apart_m is not None and apart_m > SEARCH_RADIUS_M + _doubt_m(own) + _doubt_m(earlier):
        return "elsewhere"
    is_own = own.install_key_hash is not None and own.install_key_hash == earlier.install_key_hash
    return None if is_own else "other_sender"


def _apart_m(one: _Sent, other: _Sent) -> float | None:
    if one.position is None or other.position is None:
        return None
    return distance_m(one.position, other.position)


def _doubt_m(sent: _Sent) -> float:
    accuracy_m = sent.position.accuracy_m if sent.position else None
    return GREATEST_DOUBT_M if accuracy_m is None else min(GREATEST_DOUBT_M, accuracy_m)


def _earlier_pictures(session: Session, own: _Sent, comparisons: Comparisons) -> list[_Sent]:
    """Return the photos of other reports that came before and show the same picture."""
    hashes = {own.sha256, *_lookalikes(session, own.sha256, comparisons)}
    before = and_(
        Photo.received_sha256.in_(hashes),
        Photo.id < own.photo_id,
        Photo.report_id != own.report_id,
    )
    return _sent(session, before)


def _lookalikes(session: Session, sha256: str, comparisons: Comparisons) -> list[str]:
    """Return the bytes, by their hash, whose picture is that of the given ones.

    The features, far dearer than the hashes, are compared only where the hashes are near enough.
    """
    own = session.scalar(select(PrintRow.perceptual_hash).where(PrintRow.received_sha256 == sha256))
    if own is None:
        return []
    near = [
        other
        for other, word in session.execute(_shares_a_quarter(sha256, as_unsigned(own)))
        if hamming(as_unsigned(own), as_unsigned(word)) <= SAME_PICTURE_BITS
    ]
    likenesses = comparisons.likenesses(session, [(sha256, other) for other in near])
    return [other for other, likeness in zip(near, likenesses, strict=True) if _is_same(likeness)]


def _is_same(likeness: PhotoLikeness | None) -> bool:
    return fitted_weights().photo.weigh(likeness).kind in ("same_bytes", "same_picture")


def _shares_a_quarter(sha256: str, word: int) -> Select[str, int]:
    columns = (PrintRow.quarter_0, PrintRow.quarter_1, PrintRow.quarter_2, PrintRow.quarter_3)
    shared = (column == value for column, value in zip(columns, quarters(word), strict=True))
    return (
        select(PrintRow.received_sha256, PrintRow.perceptual_hash)
        .where(or_(*shared), PrintRow.received_sha256 != sha256)
        .order_by(PrintRow.made_at)
        .limit(MOST_EARLIER)
    )


def _sent(session: Session, which: ColumnElement[bool]) -> list[_Sent]:
    rows = session.execute(
        select(Photo.id, Photo.received_sha256, Report, ReportTriage)
        .join(Report, Report.id == Photo.report_id)
        .outerjoin(ReportTriage, ReportTriage.report_id == Report.id)
        .where(which, Photo.state == "ready")
        .order_by(Photo.id)
        .limit(MOST_EARLIER)
    )
    return [
        _Sent(photo_id, report.id, sha256, report.install_key_hash, _position(standing))
        for photo_id, sha256, report, standing in rows
    ]


def _position(standing: ReportTriage | None) -> Position | None:
    if standing is None or standing.latitude is None or standing.longitude is None:
        return None
    return Position(standing.latitude, standing.longitude, standing.accuracy_m)
