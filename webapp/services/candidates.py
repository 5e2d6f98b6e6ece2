"""Finds the cases that a report may belong to, by cells, with what is known of each."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Subquery, func, select
from sqlalchemy.orm import Session, aliased

from webapp.domain import geo
from webapp.domain.duplicates import (
    MOST_CANDIDATES,
    MOST_SIGHTINGS,
    SEARCH_RADIUS_M,
    Candidate,
    Sighting,
)
from webapp.models import Attachment, Case, Report, ReportTriage
from webapp.services import photo_prints
from webapp.services.case_families import survivor_id_of
from webapp.services.casework_figures import is_current_attachment
from webapp.services.photo_prints import Printed

# What is read of a case: whole cases of forty columns take twice as long.
_FACTS = (
    Case.id,
    Case.place_id,
    Case.category_code,
    Case.status,
    Case.commune_id,
    Case.lead_unit_id,
    Case.severity,
    Case.latitude,
    Case.longitude,
    Case.opened_at,
    Case.resolved_at,
    Case.proof_at,
)


@dataclass(frozen=True)
class Neighbour:
    """A candidate with the photos of its newest reports, newest report first."""

    candidate: Candidate
    photos: tuple[Printed, ...]

    @property
    def pictures(self) -> tuple[str, ...]:
        """The hashes of the photos' bytes; what was sent twice is one picture."""
        return tuple(dict.fromkeys(photo.received_sha256 for photo in self.photos))


def cells_around(position: geo.Position) -> list[str]:
    """Return, sorted, the cells in which a case may lie that a report at a position belongs to."""
    return geo.cells_within(position.latitude, position.longitude, SEARCH_RADIUS_M)


def neighbours(
    session: Session,
    position: geo.Position,
    commune_ids: Sequence[int],
    *,
    named_number: str | None = None,
) -> list[Neighbour]:
    """Return the nearest open cases on some land around a position, and those that ended there.

    At most ``MOST_CANDIDATES`` open ones, nearest first, and as many ended ones, newest first;
    six statements, whatever there is.

    Args:
        session: where to look.
        position: where the report lies.
        commune_ids: the communes on whose land the report may lie, or that held it while an ended
            case may still be watched; cases on other land are no candidates, whoever leads them.
        named_number: the case that the sender says they saw as well, if any; it comes first,
            wherever it lies within the radius.
    """
    cells = cells_around(position)
    named_id = _named_id(session, named_number)
    found = [
        *session.execute(_open_near(position, commune_ids, cells, named_id)),
        *session.execute(_ended_near(commune_ids, cells, named_id)),
    ]
    if not found:
        return []
    sightings = _sightings(session, [case.id for case in found])
    photos = _photos(session, sightings)
    return [
        Neighbour(_candidate(case, sightings[case.id], case.id == named_id), photos[case.id])
        for case in found
    ]


def _named_id(session: Session, number: str | None) -> int | None:
    if number is None:
        return None
    named_id = session.scalar(select(Case.id).where(Case.number == number))
    return survivor_id_of(session, named_id) if named_id is not None else None


def _open_near(
    position: geo.Position, commune_ids: Sequence[int], cells: Sequence[str], named_id: int | None
) -> Select[*tuple[Any, ...]]:
    order: list[ColumnElement[Any]] = [_squared_degrees(position), Case.id.asc()]
    if named_id is not None:
        order.insert(0, Case.id != named_id)
    # Where many lie near, the index alone says which are nearest; only those rows are read.
    nearest = (
        select(Case.id)
        .where(Case.is_open, Case.cell.in_(cells), Case.commune_id.in_(commune_ids))
        .order_by(*order)
        .limit(MOST_CANDIDATES)
    )
    return select(*_FACTS).where(Case.id.in_(nearest)).order_by(*order)


def _squared_degrees(position: geo.Position) -> ColumnElement[float]:
    """Return what orders cases by distance: within a few hundred metres the Earth is flat."""
    east = (Case.longitude - position.longitude) * math.cos(math.radians(position.latitude))
    north = Case.latitude - position.latitude
    return north * north + east * east


def _ended_near(
    commune_ids: Sequence[int], cells: Sequence[str], named_id: int | None
) -> Select[*tuple[Any, ...]]:
    named_first = [Case.id != named_id] if named_id is not None else []
    return (
        select(*_FACTS)
        .where(
            # In these words both databases find them by ix_cases_cell.
            ~Case.is_open,
            Case.cell.in_(cells),
            Case.commune_id.in_(commune_ids),
            # Only what ended with a proof can come back: nobody ended a refused case.
            Case.status != "refused",
            Case.merged_into_id.is_(None),
        )
        .order_by(*named_first, Case.resolved_at.desc(), Case.id.desc())
        .limit(MOST_CANDIDATES)
    )


@dataclass(frozen=True)
class _Seen:
    """A report of a case, with what it says."""

    report_id: int
    sighting: Sighting


def _sightings(session: Session, case_ids: Sequence[int]) -> Mapping[int, list[_Seen]]:
    """Read the newest reports of each case that have a position, newest first.

    What was merged lies in several spots, so as many are read of each case that a report was
    first attached to: the newest attachments of a merged case are all of the one it took in.
    """
    newest = _newest_attachments(case_ids)
    # Columns, for whole reports of twenty cases take twice as long.
    rows = session.execute(
        select(
            newest.c.case_id,
            newest.c.origin_id,
            Report.id,
            ReportTriage.latitude,
            ReportTriage.longitude,
            ReportTriage.accuracy_m,
            func.coalesce(ReportTriage.captured_at, Report.received_at),
            func.coalesce(ReportTriage.set_category_code, Report.category_code),
            Report.description,
            Report.install_key_hash,
        )
        .join(Report, Report.id == newest.c.report_id)
        .join(ReportTriage, ReportTriage.report_id == Report.id)
        .where(
            newest.c.rank <= MOST_SIGHTINGS,
            ReportTriage.latitude.is_not(None),
            ReportTriage.longitude.is_not(None),
        )
        .order_by(newest.c.case_id, newest.c.rank, newest.c.origin_id)
    )
    found: dict[int, list[_Seen]] = defaultdict(list)
    for case_id, origin_id, report_id, latitude, longitude, accuracy_m, at, *said in rows:
        category_code, words, install_key_hash = said
        sighting = Sighting(
            position=geo.Position(latitude, longitude, accuracy_m),
            at=at,
            category_code=category_code,
            words=words or "",
            install_key_hash=install_key_hash,
            origin=origin_id,
        )
        found[case_id].append(_Seen(report_id, sighting))
    return found


def _newest_attachments(case_ids: Sequence[int]) -> Subquery:
    """Return the current attachments of cases, ranked from the newest report of each spot.

    Columns: ``case_id``, ``report_id``, ``origin_id`` (the case that the report first belonged
    to) and ``rank``, from 1.
    """
    first = aliased(Attachment)
    # Asked for each attachment: as a join, SQLite would begin with all first attachments there are.
    origin_id = (
        select(first.case_id)
        .where(first.report_id == Attachment.report_id)
        .order_by(first.id)
        .limit(1)
        .scalar_subquery()
    )
    current = (
        select(Attachment.case_id, Attachment.report_id, origin_id.label("origin_id"))
        .where(Attachment.case_id.in_(case_ids), is_current_attachment())
        .subquery()
    )
    rank = func.row_number().over(
        partition_by=(current.c.case_id, current.c.origin_id),
        order_by=current.c.report_id.desc(),
    )
    return select(current, rank.label("rank")).subquery()


def _photos(
    session: Session, seen: Mapping[int, Sequence[_Seen]]
) -> Mapping[int, tuple[Printed, ...]]:
    """Read the photos of the reports that were read, in the order of the reports."""
    case_of = {each.report_id: case_id for case_id, reports in seen.items() for each in reports}
    of_report: dict[int, list[Printed]] = defaultdict(list)
    for photo in photo_prints.ready_photos(session, case_of):
        of_report[photo.report_id].append(photo)
    found: dict[int, tuple[Printed, ...]] = defaultdict(tuple)
    for report_id, case_id in case_of.items():
        found[case_id] += tuple(of_report[report_id])
    return found


def _candidate(case: Row[*tuple[Any, ...]], seen: Sequence[_Seen], is_named: bool) -> Candidate:
    facts: dict[str, Any] = {
        "case_id": case.id,
        "place_id": case.place_id,
        "category_code": case.category_code,
        "status": case.status,
        "unit_id": case.commune_id or case.lead_unit_id,
        "severity": case.severity,
        "opened_at": case.opened_at,
        "resolved_at": case.resolved_at,
        # Cases of the first version were resolved before anybody wrote down the proof's moment.
        "proof_at": case.proof_at or case.resolved_at,
    }
    return Candidate(
        **facts,
        position=geo.Position(case.latitude, case.longitude),
        sightings=tuple(each.sighting for each in seen),
        is_named=is_named,
    )
