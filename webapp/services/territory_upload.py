"""An administrator's boundary file: looked at first, kept meanwhile, imported when confirmed."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from webapp import clock
from webapp.adapters.upload_store import UploadStore
from webapp.domain.errors import AnLoError, Conflict, InvalidInput, NotFound
from webapp.services import territory_import
from webapp.services.territory_import import ImportOrder, ImportReport

# The real set of a district is 0.1 MB and that of a nation, at 500 corners a commune, some 60 MB;
# a province of 200 communes drawn that finely is 4 MB.
LARGEST_MB = 16


@dataclass(frozen=True)
class Preview:
    """What an import of an uploaded file would do.

    ``upload`` names the file that is kept, ``seal`` what was shown of it: what is imported later
    must come to the same.
    """

    upload: str
    seal: str
    order: ImportOrder
    report: ImportReport


@dataclass(frozen=True)
class Refused:
    """Why a file cannot be imported; nothing was written.

    ``upload`` names the file when it was kept by an earlier look; it may be looked at again.
    """

    order: ImportOrder | None
    problem: AnLoError
    upload: str = ""


def look_at(content: bytes, order: ImportOrder, store: UploadStore) -> Preview | Refused:
    """Say what an import would do, and keep the file until it is confirmed."""
    try:
        report = territory_import.preview_boundaries(_text(content), order)
    except InvalidInput as problem:
        return Refused(order, problem)
    upload = store.keep(content, now=clock.now())
    return Preview(upload, _seal(report), order, report)


def look_again(upload: str, order: ImportOrder, store: UploadStore) -> Preview | Refused:
    """Say what an import of a kept file would do with other dates.

    Raises:
        NotFound: ``boundaries_upload_gone``.
    """
    found = look_at(_kept(upload, store), order, store)
    return replace(found, upload=upload) if isinstance(found, Refused) else found


def take(upload: str, seal: str, order: ImportOrder, store: UploadStore) -> ImportReport:
    """Import a kept file as it was previewed.

    Raises:
        NotFound: ``boundaries_upload_gone``.
        Conflict: ``boundaries_changed``, when it would not do any more what was shown.
        InvalidInput: as ``territory_import.import_boundaries``.
    """
    text = _text(_kept(upload, store))

    def check(report: ImportReport) -> None:
        if _seal(report) != seal:
            raise Conflict("boundaries_changed")

    return territory_import.import_boundaries(text, order, check)


def _kept(upload: str, store: UploadStore) -> bytes:
    content = store.read(upload)
    if content is None:
        raise NotFound("boundaries_upload_gone")
    return content


def _text(content: bytes) -> str:
    if not content.strip():
        raise InvalidInput("boundaries_file_empty", field="file")
    if len(content) > LARGEST_MB * 1024 * 1024:
        raise InvalidInput("boundaries_too_large", field="file", most_mb=LARGEST_MB)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInput("boundaries_not_json", field="file") from None


def _seal(report: ImportReport) -> str:
    """Seal everything of a preview but the number of open cases, which changes by the hour."""
    facts = asdict(report) | {"open_cases_moving": None}
    return hashlib.sha256(json.dumps(facts, default=str, sort_keys=True).encode()).hexdigest()
