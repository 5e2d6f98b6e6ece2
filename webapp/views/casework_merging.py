"""The doors of merging and splitting: two cases side by side, each act, and the way back."""

import re

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from webapp import labels, sentences
from webapp.domain.errors import AnLoError, Conflict, NotFound
from webapp.paths import CaseNumberConverter
from webapp.security import current_officer, officers_only
from webapp.services import (
    case_relations,
    case_timeline,
    casefile,
    casework_acts,
    casework_merging,
    casework_splitting,
)
from webapp.services.casework_acts import Seen
from webapp.views.casework import (
    READERS,
    SHOWN_AGAIN,
    blueprint,
    case_again,
    say,
    text,
    whole,
)

# More digits than a number of ours has; they are the last part, as people say it: "42".
_TAIL = re.compile("[0-9]{1,9}")
_NUMBER = re.compile(CaseNumberConverter.regex)


@blueprint.get("/cases/<case_number:number>/compare")
@officers_only(*READERS)
def choose_other(number: str) -> Response:
    """Lead from the number that an officer typed to the page where both cases stand."""
    casefile.check_visible(current_officer(), number)
    other = _as_number(request.args.get("other", ""), number)
    if other is None:
        raise NotFound("merge_other_not_found", field="other")
    return _comparison(number, _known(other))


@blueprint.get("/cases/<case_number:number>/compare/<case_number:other>")
@officers_only(*READERS)
def compare(number: str, other: str) -> str:
    """Show two cases side by side; whoever sees both has opened both."""
    for each in (number, other):
        casefile.check_visible(current_officer(), each)
    for each in (number, other):
        casework_acts.record_view(current_officer(), each)
    return _compare_page(number, other)


@blueprint.post("/cases/<case_number:number>/merge")
@officers_only(*READERS)
def merge(number: str) -> Response:
    """Make one case of two, and go to the one that goes on."""
    casefile.check_visible(current_officer(), number)
    seen, other = Seen(number, whole("version")), Seen(text("other"), whole("other_version"))
    survivor = casework_merging.merge(current_officer(), seen, other, text("words"))
    gone = other.number if survivor == number else number
    words = _(
        "Đã gộp %(gone)s vào %(number)s. Mọi người gửi theo dõi vụ việc này.",
        gone=gone,
        number=survivor,
    )
    _flash_with_way_back(words, "unmerge", gone)
    return _case(survivor)


@blueprint.post("/cases/<case_number:number>/unmerge")
@officers_only(*READERS)
def unmerge(number: str) -> Response:
    """Open a case again that was merged away, with its reports."""
    casefile.check_visible(current_officer(), number)
    seen = Seen(number, whole("version"))
    opened = casework_merging.unmerge(current_officer(), seen, text("words"))
    flash(_("Đã hoàn tác gộp: %(number)s mở lại, phản ánh đã về đúng chỗ cũ.", number=opened))
    return _case(opened)


@blueprint.post("/cases/<case_number:number>/keep-apart")
@officers_only(*READERS)
def keep_apart(number: str) -> Response:
    """Write down that two cases are two."""
    casefile.check_visible(current_officer(), number)
    seen, other = Seen(number, whole("version")), text("other")
    casework_merging.keep_apart(current_officer(), seen, other, text("words"))
    flash(_("Đã ghi: không phải một vụ việc với %(number)s.", number=other))
    return _case(number, "h-why")


@blueprint.post("/cases/<case_number:number>/split")
@officers_only(*READERS)
def split(number: str) -> Response:
    """Make a new case of a report that was joined wrongly, and go there."""
    casefile.check_visible(current_officer(), number)
    seen = Seen(number, whole("version"))
    made = casework_splitting.split_off(current_officer(), seen, whole("report_id"), text("words"))
    words = _(
        "Đã tách phản ánh khỏi %(number)s thành vụ việc này, %(made)s.", number=number, made=made
    )
    _flash_with_way_back(words, "unsplit", made)
    return _case(made)


@blueprint.post("/cases/<case_number:number>/unsplit")
@officers_only(*READERS)
def unsplit(number: str) -> Response:
    """Give a report back to the case that it was split off."""
    casefile.check_visible(current_officer(), number)
    seen = Seen(number, whole("version"))
    old = casework_splitting.undo_split(current_officer(), seen, text("words"))
    flash(
        _(
            "Đã hoàn tác tách: phản ánh trở về vụ việc này; số %(number)s vẫn dẫn tới đây.",
            number=number,
        )
    )
    return _case(old)


def _compare_page(
    number: str, other: str, *, error: AnLoError | None = None, status: int = 200
) -> str:
    officer = current_officer()
    pair = case_relations.compare_cases(officer, number, other)
    is_stale = isinstance(error, Conflict)
    return render_template(
        "casework/compare.html",
        pair=pair,
        map=casefile.draw_both(officer, pair),
        acts=casefile.acts_of(officer, pair.left.case),
        objection=_objection(pair.objection),
        error=error,
        message=say(error, status) if error else None,
        is_stale=is_stale,
        changes=_changes(pair) if is_stale else (),
        typed=request.form if error else {},
        most_words=casework_acts.MOST_WORDS,
    )


def _changes(pair: case_relations.CasePair) -> list[tuple[case_relations.Side, case_timeline.Told]]:
    """Return what happened to either case since the page was opened, oldest first."""
    newest = (pair.left.case.version, pair.right.case.version)
    seen = (
        (pair.left, request.form.get("version", newest[0], int)),
        (pair.right, request.form.get("other_version", newest[1], int)),
    )
    return [
        (side, told)
        for side, version in seen
        for told in case_timeline.events_since(side.case.id, version)
    ]


def _compare_again(error: AnLoError, status: int) -> str:
    """Return the page that a merge was refused on; the case's own when it named no other."""
    other = text("other")
    if isinstance(error, NotFound) or _NUMBER.fullmatch(other) is None:
        return case_again(error, status)
    return _compare_page((request.view_args or {})["number"], other, error=error, status=status)


def _objection(code: str | None) -> str | None:
    if code is None:
        return None
    return str(labels.OBJECTION.get(code) or sentences.say(code, {}, 403))


def _as_number(typed: str, number: str) -> str | None:
    """Return the number that is meant; a last part alone is of the same series and year."""
    written = typed.strip().upper()
    if _TAIL.fullmatch(written):
        return f"{number.rpartition('-')[0]}-{int(written):05d}"
    return written if _NUMBER.fullmatch(written) else None


def _known(other: str) -> str:
    if not casefile.is_visible(current_officer(), other):
        raise NotFound("merge_other_not_found", field="other")
    return other


def _flash_with_way_back(words: str, act: str, number: str) -> None:
    """Say what was done, with a form that undoes it; ``number`` is the case that it is sent to."""
    version = casefile.visible_case(current_officer(), number).version
    flash({"words": words, "act": act, "number": number, "version": version}, "way_back")  # type: ignore[arg-type]


def _case(number: str, anchor: str | None = None) -> Response:
    return redirect(url_for("casework.case", number=number, _anchor=anchor))


def _comparison(number: str, other: str) -> Response:
    return redirect(url_for("casework.compare", number=number, other=other))


SHOWN_AGAIN.update(
    {
        "casework.choose_other": case_again,
        "casework.merge": _compare_again,
        "casework.keep_apart": _compare_again,
        "casework.unmerge": case_again,
        "casework.split": case_again,
        "casework.unsplit": case_again,
    }
)
