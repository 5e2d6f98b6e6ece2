"""Streams of reports as files: writes those that the generator makes, reads anybody's."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from webapp.domain.errors import InvalidInput, NotFound
from webapp.domain.geo import Position, is_usable
from webapp.domain.streams import Copy, StreamReport, make_stream
from webapp.services.duplicates_photos import Gallery, Manifest, read_json

# A stream lasts three days from here; any day would do, this one has no meaning.
STREAMS_BEGIN = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stream:
    """Reports with known truth, in order of time, and the folder in which their photos lie."""

    name: str
    folder: Path
    reports: tuple[StreamReport, ...]


def stream_of(manifest: Manifest, seed: int) -> Stream:
    """Make the stream of a seed from a manifest's scenes."""
    # Chance for an experiment, which has to be the same again; nothing is guarded by it.
    chance = random.Random(seed)  # noqa: S311
    reports = make_stream(manifest.scenes(), chance, begins_at=STREAMS_BEGIN)
    return Stream(str(seed), manifest.folder, tuple(reports))


def as_json(stream: Stream, seed: int, folder: str) -> dict[str, Any]:
    """Return a stream as the file that ``read_stream`` reads; ``folder`` is where photos lie."""
    return {
        "about": "Reports with known truth: place. Made by flask duplicates stream.",
        "seed": seed,
        "photos": folder,
        "reports": [_report_as_json(report) for report in stream.reports],
    }


def _report_as_json(report: StreamReport) -> dict[str, Any]:
    copied = {}
    if report.copy is not None:
        encoded = {"quality": report.copy.quality, "side": report.copy.side}
        copied = {"copy_of": report.photo, "encoded": encoded}
    return {
        "photo": report.photo,
        "latitude": round(report.position.latitude, 7),
        "longitude": round(report.position.longitude, 7),
        "accuracy_m": report.position.accuracy_m,
        "category": report.category_code,
        "time": report.at.isoformat(),
        "place": report.place,
        **copied,
    }


def read_stream(path: Path) -> Stream:
    """Read a stream; its reports are put in order of time.

    Each report has ``latitude``, ``longitude``, ``time`` (ISO 8601, UTC when no zone is named) and
    ``place``; ``photo`` (a file in the folder ``photos``, relative to the stream's own),
    ``accuracy_m`` and ``category`` may be missing. ``encoded`` (quality, side) says that the photo
    is to be encoded anew.

    Raises:
        NotFound: ``stream_missing``.
        InvalidInput: ``stream_malformed``, with the number of the report (from 1).
    """
    data = read_json(path, "stream")
    reports = data.get("reports") if isinstance(data, dict) else None
    if not isinstance(reports, list) or not reports:
        raise InvalidInput("stream_malformed", file=path.name, problem="reports")
    found = []
    for number, report in enumerate(reports, start=1):
        try:
            found.append(_report_of(report))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            problem = f"reports[{number}]: {type(error).__name__} {error}"
            raise InvalidInput("stream_malformed", file=path.name, problem=problem) from None
    folder = path.parent / str(data.get("photos", "."))
    return Stream(path.stem, folder, tuple(sorted(found, key=lambda report: report.at)))


def _report_of(data: Mapping[str, Any]) -> StreamReport:
    accuracy_m = data.get("accuracy_m")
    latitude, longitude = float(data["latitude"]), float(data["longitude"])
    if not is_usable(latitude, longitude):
        raise ValueError("latitude, longitude")
    at = datetime.fromisoformat(data["time"])
    encoded = data.get("encoded")
    return StreamReport(
        photo=data.get("photo"),
        position=Position(
            latitude, longitude, float(accuracy_m) if accuracy_m is not None else None
        ),
        category_code=str(data.get("category", "")),
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        place=str(data["place"]),
        copy=Copy(int(encoded["quality"]), float(encoded["side"])) if encoded else None,
    )


def unreadable_in(stream: Stream, gallery: Gallery) -> dict[str, str]:
    """Take all prints, and return which photos cannot be read, with what is wrong."""
    problems: dict[str, str] = {}
    for report in stream.reports:
        try:
            if report.photo is not None:
                gallery.print_of(report.photo, report.copy)
        except (NotFound, InvalidInput) as error:
            problems[str(report.photo)] = str(error.details.get("problem", error.code))
    return problems


def without_photos(stream: Stream, unreadable: Mapping[str, str]) -> Stream:
    """Return a stream in which unreadable photos were never sent."""
    kept = tuple(
        replace(report, photo=None, copy=None) if report.photo in unreadable else report
        for report in stream.reports
    )
    return replace(stream, reports=kept)
