"""The doors of the register's files: what the list shows as CSV or GeoJSON, and the way back in."""

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from webapp import clock
from webapp.domain.crossing_files import TITLES, decode
from webapp.domain.errors import AnLoError, Conflict, InvalidInput
from webapp.security import current_officer, officers_only
from webapp.services import crossings_files
from webapp.services.crossings_files import Plan
from webapp.views.casework import text
from webapp.views.crossings import AGAIN, READERS, blueprint, say, say_problem, wanted_list

# The file travels with the preview in a field of the form, and a form's fields hold 256 KB.
LARGEST_FILE_KB = 160


@blueprint.get("/crossings/export/<any(csv, geojson):kind>")
@officers_only(*READERS)
def export(kind: str) -> Response:
    """Send the crossings of the list as a file."""
    content = crossings_files.export(current_officer(), wanted_list(), kind)
    response = make_response(content)
    response.headers["Content-Type"] = crossings_files.MEDIA_TYPES[kind]
    name = f"loi-di-tu-mo-{clock.today().isoformat()}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.get("/crossings/import")
@officers_only("supervisor")
def import_page() -> str:
    """Show where a file is chosen."""
    return _import_page()


@blueprint.post("/crossings/import")
@officers_only("supervisor")
def import_file() -> Response:
    """Preview a file that was chosen, or take the one that was previewed."""
    content = _file()
    if not text("seal"):
        return make_response(_import_page(crossings_files.preview(content), content))
    plan = crossings_files.import_file(current_officer(), content, text("seal"))
    if plan.problems:
        return make_response(_import_page(plan, content), 422)
    flash(
        _(
            "Đã nhập: thêm %(added)d, thay đổi %(changed)d, giữ nguyên %(unchanged)d lối đi.",
            added=len(plan.of("added")),
            changed=len(plan.of("changed")),
            unchanged=len(plan.of("unchanged")),
        )
    )
    return redirect(url_for("crossings.index"))


def _import_again(error: AnLoError) -> str:
    """Show the page again; a file that would now do something else, with what it would do."""
    if isinstance(error, Conflict):
        content = _file()
        return _import_page(crossings_files.preview(content), content, error)
    return _import_page(error=error)


AGAIN["crossings.import_file"] = _import_again


def _import_page(
    plan: Plan | None = None, content: bytes = b"", error: AnLoError | None = None
) -> str:
    return render_template(
        "crossings/import.html",
        plan=plan,
        content=content.decode() if plan else "",
        error=error,
        message=say(error),
        say_problem=say_problem,
        titles=TITLES,
        largest_kb=LARGEST_FILE_KB,
    )


def _file() -> bytes:
    """Return the file that was chosen, or the one that came back with its preview; UTF-8.

    A browser sends the lines of a field apart by CR and LF, however they came: both ways round
    the file counts with LF alone.
    """
    upload = request.files.get("file")
    if upload and upload.filename:
        # As many again: at the worst every second byte is a CR.
        content = upload.stream.read(2 * LARGEST_FILE_KB * 1024 + 1)
    else:
        content = text("content").encode()
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if upload and upload.filename and not content.strip():
        raise InvalidInput("crossings_file_empty", field="file")
    if not content:
        raise InvalidInput("crossings_file_missing", field="file")
    if len(content) > LARGEST_FILE_KB * 1024:
        raise InvalidInput("crossings_file_too_large", field="file", most=LARGEST_FILE_KB)
    return decode(content).encode()
