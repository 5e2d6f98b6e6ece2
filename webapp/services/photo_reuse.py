"""Finds photos that show the very picture of another one: from elsewhere, or of another sender.

Such a photo is never refused and never silently used: it is flagged for whoever reads the case.
The other may be of a report or the proof of a case, and either may have been looked at first.

A picture is looked up by the quarters of its perceptual hash. Two hashes that differ in at most
three of 64 bits always share one; those that differ in four to eight bits, which are one picture
as well, are found only when one quarter happens to be equal. The very same bytes always are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.adapters.photo_matcher import PRINT_VERSION, hamming
from webapp.domain.duplicates import SEARCH_RADIUS_M
from webapp.domain.duplicates_weights import SAME_PICTURE_BITS
from webapp.domain.geo import Position, distance_m
from webapp.domain.likeness import PhotoLikeness
from webapp.models import Case, Photo, PhotoReuse, Report, ReportTriage
from webapp.models import PhotoPrint as PrintRow
from webapp.services.comparisons import Comparisons
from webapp.services.photo_prints import as_unsigned, quarters
from webapp.services.transaction import insert_into
from webapp.services.triage_policy import fitted_weights

# Pictures of fog or of the night share quarters by the thousand. Only their hashes are read, for
# whether they are near can be told without the features; the number bounds what one photo costs.
MOST_SHARING = 5_000
# Comparing features is far dearer than comparing hashes: of those that are near, the nearest.
MOST_LOOKALIKES = 20
# One picture that is sent again and again is flagged against the oldest of its kind.
MOST_SENT = 200

# However coarse a fix says it is, more than this is no reason to call two places one.
GREATEST_DOUBT_M = 200.0


@dataclass(frozen=True)
class _Sent:
    """A photo with what matters of its report, or of the case that it proves.

    ``report_id`` and ``install_key_hash`` are empty for a proof: no resident sent it.
    """

    photo_id: int
    report_id: int | None
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
    """Write down which photos of a report were used elsewhere or by others; safe to repeat.

    Whichever of two is looked at first, the later photo is the one that is flagged. What was found
    before is brought up to date, for the other's place may have been settled since.

    Args:
        session: of the transaction that decides about the report.
        report: whose photos are looked up.
        comparisons: what was compared for this report so far.
    """
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for own in _sent(session, Photo.report_id == report.id):
        for other in _same_pictures(session, own, comparisons):
            kind = _kind(own, other)
            if kind is not None:
                row = _row(own, other, kind)
                found[row["photo_id"], row["earlier_photo_id"]] = row
    if found:
        # In one order, so that two who flag the same photos at once do not wait in a circle.
        _write(session, [found[pair] for pair in sorted(found)])


def _row(own: _Sent, other: _Sent, kind: str) -> dict[str, Any]:
    return {
        "photo_id": max(own.photo_id, other.photo_id),
        "earlier_photo_id": min(own.photo_id, other.photo_id),
        "kind": kind,
        "distance_m": _apart_m(own, other),
        "found_at": clock.now(),
    }


def _write(session: Session, rows: list[dict[str, Any]]) -> None:
    insert = insert_into(session, PhotoReuse).values(rows)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["photo_id", "earlier_photo_id"],
            set_={"kind": insert.excluded.kind, "distance_m": insert.excluded.distance_m},
        )
    )


def _kind(own: _Sent, other: _Sent) -> str | None:
    """Say what is odd about a picture used twice; None for one's own, at one's own place."""
    apart_m = _apart_m(own, other)
    if apart_m is not None and apart_m > SEARCH_RADIUS_M + _doubt_m(own) + _doubt_m(other):
        return "elsewhere"
    is_own = own.install_key_hash is not None and own.install_key_hash == other.install_key_hash
    return None if is_own else "other_sender"


def _apart_m(one: _Sent, other: _Sent) -> float | None:
    if one.position is None or other.position is None:
        return None
    return distance_m(one.position, other.position)


def _doubt_m(sent: _Sent) -> float:
    accuracy_m = sent.position.accuracy_m if sent.position else None
    return GREATEST_DOUBT_M if accuracy_m is None else min(GREATEST_DOUBT_M, accuracy_m)


def _same_pictures(session: Session, own: _Sent, comparisons: Comparisons) -> list[_Sent]:
    """Return the photos of other reports, and the proofs, that show the same picture."""
    hashes = {own.sha256, *_lookalikes(session, own.sha256, comparisons)}
    is_of_another = or_(Photo.report_id.is_(None), Photo.report_id != own.report_id)
    return _sent(session, and_(Photo.received_sha256.in_(hashes), is_of_another))


def _lookalikes(session: Session, sha256: str, comparisons: Comparisons) -> list[str]:
    """Return the bytes, by their hash, whose picture is that of the given ones.

    The features, far dearer than the hashes, are compared only where the hashes are nearest.
    """
    own = session.scalar(
        select(PrintRow.perceptual_hash).where(PrintRow.received_sha256 == sha256, *_IS_PRINTED)
    )
    if own is None:
        return []
    near = _nearest(session, sha256, as_unsigned(own))
    likenesses = comparisons.likenesses(session, [(sha256, other) for other in near])
    return [other for other, likeness in zip(near, likenesses, strict=True) if _is_same(likeness)]


def _nearest(session: Session, sha256: str, word: int) -> list[str]:
    rows = session.execute(_shares_a_quarter(sha256, word))
    sharing = [(hamming(word, as_unsigned(number)), other) for other, number in rows]
    near = sorted(each for each in sharing if each[0] <= SAME_PICTURE_BITS)
    return [other for _, other in near[:MOST_LOOKALIKES]]


def _is_same(likeness: PhotoLikeness | None) -> bool:
    return fitted_weights().photo.weigh(likeness).kind in ("same_bytes", "same_picture")


# What could not be printed has no quarters, and no hash that would mean anything.
_IS_PRINTED = (PrintRow.version == PRINT_VERSION, PrintRow.quarter_0 >= 0)


def _shares_a_quarter(sha256: str, word: int) -> Select[str, int]:
    columns = (PrintRow.quarter_0, PrintRow.quarter_1, PrintRow.quarter_2, PrintRow.quarter_3)
    shared = (column == value for column, value in zip(columns, quarters(word), strict=True))
    return (
        select(PrintRow.received_sha256, PrintRow.perceptual_hash)
        .where(or_(*shared), PrintRow.version == PRINT_VERSION, PrintRow.received_sha256 != sha256)
        # By nothing that has to do with age or place; what stands behind the features is dear.
        .order_by(PrintRow.received_sha256)
        .limit(MOST_SHARING)
    )


def _sent(session: Session, which: ColumnElement[bool]) -> list[_Sent]:
    rows = session.execute(
        select(
            Photo.id,
            Photo.report_id,
            Photo.received_sha256,
            Report.install_key_hash,
            func.coalesce(ReportTriage.latitude, Case.latitude),
            func.coalesce(ReportTriage.longitude, Case.longitude),
            ReportTriage.accuracy_m,
        )
        .outerjoin(Report, Report.id == Photo.report_id)
        .outerjoin(ReportTriage, ReportTriage.report_id == Report.id)
        .outerjoin(Case, Case.id == Photo.case_id)
        .where(which, Photo.state == "ready")
        .order_by(Photo.id)
        .limit(MOST_SENT)
    )
    return [
        _Sent(photo_id, report_id, sha256, install_key_hash, _position(*place))
        for photo_id, report_id, sha256, install_key_hash, *place in rows
    ]


def _position(
    latitude: float | None, longitude: float | None, accuracy_m: float | None
) -> Position | None:
    if latitude is None or longitude is None:
        return None
    return Position(latitude, longitude, accuracy_m)
