"""Doors of the district: its figures, and the list behind each of them."""

from datetime import date

from flask import Blueprint, render_template, request

from webapp import clock
from webapp.charts import two_lines
from webapp.domain.errors import InvalidInput
from webapp.domain.periods import PRESETS, Period, chosen_period, preset_period
from webapp.security import current_officer, officers_only
from webapp.services import case_lists, statistics

blueprint = Blueprint("statistics", __name__)


@blueprint.get("/district")
@officers_only("supervisor", "overseer")
def district() -> str:
    """Show how every commune does in a period."""
    figures = statistics.district(_period())
    chart = two_lines(
        [week.opened for week in figures.weeks], [week.resolved for week in figures.weeks]
    )
    return render_template(
        "statistics/district.html", figures=figures, chart=chart, presets=PRESETS
    )


@blueprint.get("/district/cases")
@officers_only("supervisor", "overseer")
def cases() -> str:
    """List the cases behind one figure."""
    period = _period()
    found = case_lists.cases_behind(
        current_officer(),
        request.args.get("list", "open"),
        period,
        unit_id=request.args.get("unit", type=int),
        category_code=request.args.get("category") or None,
        page=max(1, request.args.get("page", 1, type=int)),
    )
    return render_template(
        "statistics/cases.html",
        found=found,
        period=period,
        is_present=found.name in case_lists.PRESENT_LISTS,
        unit=statistics.unit_named(request.args.get("unit", type=int)),
        category=statistics.category_named(request.args.get("category")),
    )


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
