"""Doors of the district: its figures, and the list behind each of them."""

from datetime import date

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from webapp import clock, sentences
from webapp.charts import two_lines
from webapp.domain.errors import InvalidInput
from webapp.domain.periods import PRESETS, Period, chosen_period, preset_period
from webapp.errors import answer_domain_error
from webapp.models import Unit
from webapp.paths import LARGEST_ID
from webapp.security import current_officer, officers_only
from webapp.services import case_lists, statistics

blueprint = Blueprint("statistics", __name__)

# More pages than a list can have.
LAST_PAGE = 100_000


@blueprint.get("/district")
@officers_only("supervisor", "overseer")
def district() -> str:
    """Show how every commune does in a period."""
    return _district_page(_period())


@blueprint.get("/district/cases")
@officers_only("supervisor", "overseer")
def cases() -> str:
    """List the cases behind one figure."""
    period, unit = _period(), _unit()
    # PostgreSQL keeps no NUL in a text, and does not look for one either.
    category = request.args.get("category", "").replace("\0", "") or None
    found = case_lists.cases_behind(
        current_officer(),
        request.args.get("list", "open"),
        period,
        unit_id=unit.id if unit else None,
        category_code=category,
        page=min(max(1, request.args.get("page", 1, type=int)), LAST_PAGE),
    )
    return render_template(
        "statistics/cases.html",
        found=found,
        period=period,
        is_present=found.name in case_lists.PRESENT_LISTS,
        unit=unit,
        category=statistics.category_named(category),
    )


@blueprint.errorhandler(InvalidInput)
def _answer_odd_period(error: InvalidInput) -> Response:
    """Show this month's district with the days as they were typed, and say what is wrong there."""
    if request.endpoint != "statistics.district":
        return answer_domain_error(error)
    message = sentences.say(error.code, error.details, 422)
    month = preset_period("month", clock.today())
    return make_response(_district_page(month, message=message, field=error.field), 422)


def _district_page(period: Period, **refusal: str | None) -> str:
    figures = statistics.district(period)
    chart = two_lines(
        [week.opened for week in figures.weeks], [week.resolved for week in figures.weeks]
    )
    return render_template(
        "statistics/district.html", figures=figures, chart=chart, presets=PRESETS, **refusal
    )


def _unit() -> Unit | None:
    """Return the unit that a list is narrowed to; one that does not exist is not found."""
    if not request.args.get("unit"):
        return None
    unit_id = request.args.get("unit", 0, type=int)
    return statistics.unit_named(unit_id if unit_id <= LARGEST_ID else 0)


def _period() -> Period:
    """Read the period that was asked for: chosen days, else a preset, else this month."""
    first, last = request.args.get("from", ""), request.args.get("to", "")
    if first or last:
        return chosen_period(_day(first, "from"), _day(last, "to"))
    preset = request.args.get("period", "month")
    return preset_period(preset if preset in PRESETS else "month", clock.today())


def _day(raw: str, field: str) -> date:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise InvalidInput("day_malformed", field=field) from None
