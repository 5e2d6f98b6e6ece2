"""Vietnamese by default, English when asked; dates and numbers as people say them."""

from datetime import date, datetime, timedelta
from pathlib import Path

from babel.numbers import format_decimal
from flask import Flask, request
from flask_babel import get_locale, gettext, ngettext

from webapp import clock
from webapp.extensions import babel

LANGUAGES = ("vi", "en")

MINUTES_AN_HOUR = 60
HOURS_A_DAY = 24
METRES_A_KILOMETRE = 1000


def register(app: Flask) -> None:
    """Bind Babel and the template filters to an application."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(Path(__file__).parent / "translations")
    babel.init_app(app, locale_selector=choose_locale)
    app.jinja_env.filters.update(
        day=day,
        short_day=short_day,
        moment=moment,
        ago=ago,
        left=left,
        number=number,
        hours=hours,
        distance=distance,
    )
    app.jinja_env.globals["current_language"] = choose_locale
    app.context_processor(lambda: {"now": clock.now(), "language": choose_locale()})


def choose_locale() -> str:
    """Return the visitor's choice (cookie ``language``); Vietnamese unless they chose otherwise.

    The browser's own language is not asked: phones in Vietnam are often set to English, and
    their owners read Vietnamese.
    """
    if not request:
        return "vi"
    chosen = request.cookies.get("language", "")
    return chosen if chosen in LANGUAGES else "vi"


def local_date(value: datetime | date) -> date:
    """Return the day in Vietnam on which a moment fell."""
    if isinstance(value, datetime):
        return value.astimezone(clock.LOCAL_ZONE).date()
    return value


def day(value: datetime | date | None, *, weekday: bool = True, year: bool = True) -> str:
    """Say a day: "thứ Tư 5/8/2026"."""
    if value is None:
        return "–"
    on = local_date(value)
    words = f"{on.day}/{on.month}/{on.year}" if year else f"{on.day}/{on.month}"
    # A no-break space keeps the weekday and its date on one line.
    return f"{_weekday(on)}\u00a0{words}" if weekday else words


def short_day(value: datetime | date | None) -> str:
    """Say a day without weekday; the year only when it is not the present one."""
    if value is None:
        return "–"
    on = local_date(value)
    return day(on, weekday=False, year=on.year != local_date(clock.now()).year)


def moment(value: datetime | None, *, weekday: bool = True) -> str:
    """Say a moment: "14:32 thứ Tư 18/6/2026"."""
    if value is None:
        return "–"
    local = value.astimezone(clock.LOCAL_ZONE)
    return f"{local:%H:%M}\u00a0{day(local, weekday=weekday)}"


def ago(value: datetime | None, since: datetime | None = None) -> str:
    """Say how long ago a moment was: "7 ngày trước"."""
    if value is None:
        return "–"
    span = (since or clock.now()) - value
    if span < timedelta(minutes=1):
        return gettext("vừa xong")
    return gettext("%(span)s trước", span=say_span(span))


def left(value: datetime | None, since: datetime | None = None) -> str:
    """Say how much time is left until a deadline, or by how much it is late."""
    if value is None:
        return "–"
    span = value - (since or clock.now())
    if span < timedelta(0):
        return gettext("trễ %(span)s", span=say_span(-span))
    return gettext("còn %(span)s", span=say_span(span))


def say_span(span: timedelta) -> str:
    """Say a span of time in its largest fitting unit, rounded down, at least one minute."""
    minutes = max(1, int(span.total_seconds() // 60))
    if minutes < MINUTES_AN_HOUR:
        return ngettext("%(num)d phút", "%(num)d phút", minutes)
    hours = minutes // MINUTES_AN_HOUR
    if hours < HOURS_A_DAY:
        return ngettext("%(num)d giờ", "%(num)d giờ", hours)
    days = hours // HOURS_A_DAY
    return ngettext("%(num)d ngày", "%(num)d ngày", days)


def number(value: float | None, decimals: int = 0) -> str:
    """Write a number: "1.234,5" in Vietnamese."""
    if value is None:
        return "–"
    pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
    return format_decimal(value, format=pattern, locale=_locale_name())


def hours(value: float | None) -> str:
    """Say a number of hours: "2,1 giờ"; below one hour in minutes."""
    if value is None:
        return "–"
    minutes = round(value * MINUTES_AN_HOUR)
    if minutes < MINUTES_AN_HOUR:
        return ngettext("%(num)d phút", "%(num)d phút", minutes)
    return gettext("%(hours)s giờ", hours=number(value, 1))


def distance(metres: float | None) -> str:
    """Say a distance: metres below one kilometre, else kilometres with one decimal."""
    if metres is None:
        return "–"
    if metres < METRES_A_KILOMETRE:
        return f"{number(round(metres))}\u00a0m"
    return f"{number(metres / METRES_A_KILOMETRE, 1)}\u00a0km"


def _weekday(on: date) -> str:
    names = (
        gettext("thứ Hai"),
        gettext("thứ Ba"),
        gettext("thứ Tư"),
        gettext("thứ Năm"),
        gettext("thứ Sáu"),
        gettext("thứ Bảy"),
        gettext("Chủ nhật"),
    )
    return names[on.weekday()].replace(" ", "\u00a0")


def _locale_name() -> str:
    locale = get_locale()
    return str(locale) if locale else "vi"
