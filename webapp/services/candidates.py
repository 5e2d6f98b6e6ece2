"""Finds the cases that a report may belong to, by cells, with what is known of each."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Float,
    Row,
    Select,
    Subquery,
    bindparam,
    func,
    select,
    union_all,
)
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session

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

# Every report of every resident asks these statements, and in SQLAlchemy it takes longer to put
# them together than to run them: they are made once, of tables and not of models, and a search
# only says by name where it looks.
_ATTACHMENTS = Attachment.__table__
_CASE = Case.__table__.c
_REPORT = Report.__table__.c
_STANDING = ReportTriage.__table__.c

_CELLS: BindParameter[str] = bindparam("cells", expanding=True)
_COMMUNE_IDS: BindParameter[int] = bindparam("commune_ids", expanding=True)
_CASE_IDS: BindParameter[int] = bindparam("case_ids", expanding=True)
_NAMED_ID = bindparam("named_id", type_=_CASE.id.type)
_LATITUDE = bindparam("latitude", type_=Float)
_LONGITUDE = bindparam("longitude", type_=Float)
_NARROWING = bindparam("narrowing", type_=Float)

# No case has this id, so that where none was named all cases are equally unnamed.
_NOBODYS_ID = 0

# What is read of a case: whole cases of forty columns take twice as long.
_FACTS = (
    _CASE.id,
    _CASE.place_id,
    _CASE.category_code,
    _CASE.status,
    _CASE.commune_id,
    _CASE.lead_unit_id,
    _CASE.severity,
    _CASE.latitude,
    _CASE.longitude,
    _CASE.opened_at,
    _CASE.resolved_at,
    _CASE.proof_at,
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
    three statements, whatever there is, and those that look for a named case.

    Args:
        session: where to look.
        position: where the report lies.
        commune_ids: the communes on whose land the report may lie, or that held it while an ended
            case may still be watched; cases on other land are no candidates, whoever leads them.
        named_number: the case that the sender says they saw as well, if any; it comes first,
            wherever it lies within the radius.
    """
    named_id = _named_id(session, named_number)
    here = {
        "latitude": position.latitude,
        "longitude": position.longitude,
        "narrowing": math.cos(math.radians(position.latitude)),
        "cells": cells_around(position),
        "commune_ids": commune_ids,
        "named_id": _NOBODYS_ID if named_id is None else named_id,
    }
    found = session.execute(_NEAR, here).all()
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


def _near() -> Select[*tuple[Any, ...]]:
    """Return the query for the facts of cases on some land around a position, the open ones first.

    It is asked for ids first: where many lie near, the index alone says which are nearest, and
    only their rows are read.
    """
    nearest, newest = _nearest_open().subquery(), _newest_ended().subquery()
    ids = union_all(select(nearest.c.id), select(newest.c.id))
    of_open = (sql_case((_CASE.is_open, key)) for key in _by_distance())
    return (
        select(*_FACTS)
        .where(_CASE.id.in_(ids))
        .order_by(_CASE.is_open.desc(), _is_unnamed(), *of_open, *_by_newest_end())
    )


def _nearest_open() -> Select[int]:
    return (
        select(_CASE.id)
        .where(_CASE.is_open, *_is_near())
        .order_by(_is_unnamed(), *_by_distance())
        .limit(MOST_CANDIDATES)
    )


def _newest_ended() -> Select[int]:
    return (
        select(_CASE.id)
        .where(
            # In these words both databases find them by ix_cases_cell.
            ~_CASE.is_open,
            *_is_near(),
            # Only what ended with a proof can come back: nobody ended a refused case.
            _CASE.status != "refused",
            _CASE.merged_into_id.is_(None),
        )
        .order_by(_is_unnamed(), *_by_newest_end())
        .limit(MOST_CANDIDATES)
    )


def _is_near() -> tuple[ColumnElement[bool], ...]:
    return _CASE.cell.in_(_CELLS), _CASE.commune_id.in_(_COMMUNE_IDS)


def _is_unnamed() -> ColumnElement[bool]:
    return _CASE.id != _NAMED_ID


def _by_distance() -> tuple[ColumnElement[Any], ...]:
    """Return what orders cases by distance: within a few hundred metres the Earth is flat."""
    east = (_CASE.longitude - _LONGITUDE) * _NARROWING
    north = _CASE.latitude - _LATITUDE
    return north * north + east * east, _CASE.id


def _by_newest_end() -> tuple[ColumnElement[Any], ...]:
    return _CASE.resolved_at.desc(), _CASE.id.desc()


_NEAR = _near()


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
    rows = session.execute(_NEWEST_REPORTS, {"case_ids": case_ids})
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


def _newest_reports() -> Select[*tuple[Any, ...]]:
    newest = _newest_attachments().c
    return (
        select(
            newest.case_id,
            newest.origin_id,
            _REPORT.id,
            _STANDING.latitude,
            _STANDING.longitude,
            _STANDING.accuracy_m,
            func.coalesce(_STANDING.captured_at, _REPORT.received_at),
            func.coalesce(_STANDING.set_category_code, _REPORT.category_code),
            _REPORT.description,
            _REPORT.install_key_hash,
        )
        .join(Report.__table__, _REPORT.id == newest.report_id)
        .join(ReportTriage.__table__, _STANDING.report_id == _REPORT.id)
        .where(
            newest.rank <= MOST_SIGHTINGS,
            _STANDING.latitude.is_not(None),
            _STANDING.longitude.is_not(None),
        )
        .order_by(newest.case_id, newest.rank, newest.origin_id)
    )


def _newest_attachments() -> Subquery:
    """Return the current attachments of cases, ranked from the newest report of each spot.

    Columns: ``case_id``, ``report_id``, ``origin_id`` (the case that the report first belonged
    to) and ``rank``, from 1.
    """
    each, first = _ATTACHMENTS.c, _ATTACHMENTS.alias().c
    # Asked for each attachment: as a join, SQLite would begin with all first attachments there are.
    first_case_id = (
        select(first.case_id)
        .where(first.report_id == each.report_id)
        .order_by(first.id)
        .limit(1)
        .scalar_subquery()
    )
    # Nearly all never moved, and need not be asked.
    origin_id = sql_case((each.supersedes_id.is_(None), each.case_id), else_=first_case_id)
    current = (
        select(each.case_id, each.report_id, origin_id.label("origin_id"))
        .where(each.case_id.in_(_CASE_IDS), is_current_attachment(each))
        .subquery()
    )
    rank = func.row_number().over(
        partition_by=(current.c.case_id, current.c.origin_id),
        order_by=current.c.report_id.desc(),
    )
    return select(current, rank.label("rank")).subquery()


_NEWEST_REPORTS = _newest_reports()


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
