"""Doors of the administrator to the table of who does what: write the next version, withdraw it."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from webapp import clock, labels, language, sentences
from webapp.domain.errors import AnLoError, Conflict, InvalidInput
from webapp.domain.responsibilities_draft import (
    MOST_BASIS,
    MOST_NOTE,
    MOST_RULES,
    MOST_TASK,
    Draft,
    DraftRule,
    DraftTask,
    Fault,
)
from webapp.errors import status_of
from webapp.security import current_officer, officers_only
from webapp.services import (
    responsibilities_choices,
    responsibilities_edit,
    responsibilities_overview,
)
from webapp.services.responsibilities_check import Problem
from webapp.services.responsibilities_edit import DraftRefused, HolesNotAccepted

blueprint = Blueprint("territory_responsibilities", __name__)

# What the box "every category" says instead of a code.
EVERY = "*"

# What may be wrong with each field of the form, by the codes of faults.
CODES_OF_FIELD = {
    "valid_from": ("duty_day_unreadable", "duty_day_past", "duty_day_before_last"),
    "note": ("duty_note_too_long",),
    "category": ("duty_category_missing", "duty_category_not_known"),
    "ground": ("duty_ground_not_known",),
    "land": ("duty_land_not_known",),
    "lead": ("duty_lead_missing", "duty_lead_cannot", "duty_party_not_known", "duty_party_twice"),
    "partner": ("duty_task_of_nobody", "duty_party_not_known", "duty_party_twice"),
    "task": ("duty_task_too_long",),
    "basis": ("duty_basis_too_long",),
}
LONGEST_WORDS = {"task": MOST_TASK, "basis": MOST_BASIS, "note": MOST_NOTE}

# More digits than any number of ours.
LONGEST_NUMBER = 9


@blueprint.app_template_filter("duty_problem")
def say_problem(problem: Problem | Fault) -> str:
    """Say what is wrong with a table, or with a draft of one."""
    details = dict(problem.details)
    if "category_code" in details:
        codes = responsibilities_choices.category_names()
        details["category"] = language.said(codes[str(details["category_code"])])
        details["grounds"] = _say_grounds(details["corridor_kinds"])
    return sentences.say(problem.code, details, 422)


@blueprint.get("/territory/responsibilities")
@officers_only("administrator")
def edit() -> str:
    """Show a copy of the newest version, to be changed into the next one."""
    return _page(responsibilities_edit.begin())


@blueprint.post("/territory/responsibilities")
@officers_only("administrator")
def change() -> Response | str:
    """Change the lines as the pressed button says, preview them, or save them.

    What was typed travels with the form: nothing is stored before it is saved.
    """
    draft, act = _draft(request.form), request.form.get("act", "preview")
    if act == "save":
        return _save(draft)
    if act == "preview":
        return _page(draft, preview=responsibilities_edit.preview(draft))
    return _page(_rearranged(draft, act))


@blueprint.post("/territory/responsibilities/<id:number>/withdraw")
@officers_only("administrator")
def withdraw(number: int) -> Response:
    """Withdraw a version that waits for its day."""
    if responsibilities_edit.withdraw(current_officer(), number):
        flash(_("Đã rút bản %(number)s. Bản này không bao giờ có hiệu lực.", number=number))
    else:
        flash(_("Bản %(number)s đã được rút từ trước.", number=number))
    return redirect(url_for("territory_responsibilities.edit"))


def _save(draft: Draft) -> Response:
    accepts_holes = bool(request.form.get("accepts_holes"))
    number = responsibilities_edit.save(current_officer(), draft, accepts_holes=accepts_holes)
    day = language.day(date.fromisoformat(draft.valid_from.strip()), weekday=False)
    flash(_("Đã lưu bản %(number)s, có hiệu lực từ %(day)s.", number=number, day=day))
    return redirect(url_for("territory.index", _anchor="duties"))


@blueprint.errorhandler(DraftRefused)
def _answer_refused(error: DraftRefused) -> Response:
    """Show what was typed again, and everything that is wrong with it."""
    return _again(_draft(request.form), error, faults=error.faults)


@blueprint.errorhandler(HolesNotAccepted)
def _answer_holes(error: HolesNotAccepted) -> Response:
    """Show what the table would leave to nobody, and ask for a tick."""
    draft = _draft(request.form)
    return _again(draft, error, preview=responsibilities_edit.preview(draft))


@blueprint.errorhandler(Conflict)
def _answer_conflict(error: Conflict) -> Response:
    """Keep every word of a form that came too late; saving it once more is then on purpose."""
    if error.code == "duties_changed":
        draft = responsibilities_edit.rebased(_draft(request.form))
        return _again(draft, error, is_stale=True)
    return _again(responsibilities_edit.begin(), error)


def _again(draft: Draft, error: AnLoError, **values: Any) -> Response:
    status = status_of(error)
    message = sentences.say(error.code, error.details, status)
    return make_response(_page(draft, message=message, **values), status)


def _page(draft: Draft, **values: Any) -> str:
    return render_template(
        "territory/responsibilities.html",
        draft=draft,
        choices=responsibilities_choices.choices(draft),
        number=responsibilities_edit.next_number(),
        editions=responsibilities_overview.editions(clock.today()),
        today=clock.today(),
        every=EVERY,
        codes_of=CODES_OF_FIELD,
        most=LONGEST_WORDS,
        **({"faults": (), "message": None, "is_stale": False, "preview": None} | values),
    )


def _rearranged(draft: Draft, act: str) -> Draft:
    """Do what a button of the form says: "add", "up-3", or "drop-3-1" for a partner of a line."""
    verb, number, order = (*act.split("-", 2), "", "")[:3]
    place = _whole(number) - 1
    changed = {
        "add": draft.with_line,
        "up": lambda: draft.moved(place, -1),
        "down": lambda: draft.moved(place, 1),
        "delete": lambda: draft.without(place),
        "partner": lambda: draft.with_partner(place),
        "drop": lambda: draft.without_partner(place, _whole(order) - 1),
    }.get(verb)
    if changed is None:
        raise InvalidInput("form_incomplete")
    return changed()


def _draft(form: MultiDict[str, str]) -> Draft:
    count = _whole(form.get("rules", ""))
    # One more than are taken, so that too many are told from just enough.
    lines = range(1, min(count, MOST_RULES + 1) + 1)
    return Draft(
        based_on=_whole(form.get("based_on", "")),
        valid_from=form.get("valid_from", ""),
        note=form.get("note", ""),
        rules=tuple(_line(form, f"rule-{number}") for number in lines),
    )


def _line(form: MultiDict[str, str], name: str) -> DraftRule:
    codes = form.getlist(f"{name}-category")
    parties, tasks = form.getlist(f"{name}-partner"), form.getlist(f"{name}-task")
    if len(parties) != len(tasks):
        raise InvalidInput("form_incomplete")
    partners = (DraftTask(party, words) for party, words in zip(parties, tasks, strict=True))
    return DraftRule(
        is_every_category=EVERY in codes,
        category_codes=tuple(code for code in codes if code != EVERY),
        ground=form.get(f"{name}-ground", ""),
        commune_code=form.get(f"{name}-land", ""),
        lead=form.get(f"{name}-lead", ""),
        partners=tuple(partners),
        legal_basis=form.get(f"{name}-basis", ""),
    )


def _whole(written: str) -> int:
    """Read a number that the page itself wrote; 0 where it wrote none."""
    if not written.isascii() or len(written) > LONGEST_NUMBER:
        raise InvalidInput("form_incomplete")
    return int(written) if written.isdigit() else 0


def _say_grounds(kinds: Any) -> str:
    """Say on which grounds: every one of them is simply everywhere."""
    grounds = ["off_corridor" if kind is None else kind for kind in kinds]
    if len(grounds) == len(labels.DUTY_GROUND) - len(("anywhere", "any_road")):
        return str(labels.DUTY_GROUND["anywhere"])
    return ", ".join(str(labels.DUTY_GROUND[ground]) for ground in grounds)
