"""Vietnamese by default, English when asked; dates and numbers as people say them."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeGuard, TypeVar

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Flask, request, url_for
from flask_babel import get_locale, gettext, ngettext
from markupsafe import Markup

from webapp import clock
from webapp.domain.evidence import is_reasonable
from webapp.extensions import babel

# A day, or a moment of one.
Day = TypeVar("Day", bound=date)

LANGUAGES = ("vi", "en")

# Their addresses hold a tracking key, so no other page may learn where the visitor came from:
# they take the choice themselves (``?language=en``) and come again.
KEY_PAGES = ("public.track", "intake.receipt", "subscriptions.page")

MINUTES_AN_HOUR = 60
HOURS_A_DAY = 24
# 7:30–11:30 and 13:30–17:00, the windows of ``domain.deadlines``.
WORKING_HOURS_A_DAY = 7.5
METRES_A_KILOMETRE = 1000
LEAST_SAID_IN_KM2_M2 = 100_000

# How each language writes a month, in Unicode's letters for dates: with its year, and without.
MONTHS = {"vi": ("'tháng' M/y", "'tháng' M"), "en": ("MMMM y", "MMMM")}

# Words of two syllables, and numbers with what they count: a heading may not break inside them.
BOUND = re.compile(r"(?:phản ánh|xử lý|vụ việc|tiếp nhận|vị trí|\d (?=\w))", re.IGNORECASE)


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
        month=month,
        said=said,
        bound=bound,
    )
    app.jinja_env.globals.update(current_language=choose_locale, language_url=language_url)
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


def language_url(code: str) -> str:
    """Return the address that chooses a language and leads back to the present page."""
    if request.endpoint in KEY_PAGES:
        return url_for(request.endpoint, **(request.view_args or {}), language=code)
    return url_for("language.choose", code=code)


def local_date(value: datetime | date) -> date:
    """Return the day in Vietnam on which a moment fell."""
    if isinstance(value, datetime):
        return value.astimezone(clock.LOCAL_ZONE).date()
    return value


def is_sayable(value: Day | None) -> TypeGuard[Day]:
    """Whether there is a moment to say; one at the end of the calendar is as good as none."""
    if value is None:
        return False
    return is_reasonable(value) if isinstance(value, datetime) else True


def day(value: datetime | date | None, *, weekday: bool = True, year: bool = True) -> str:
    """Say a day: "thứ Tư 5/8/2026"."""
    if not is_sayable(value):
        return "–"
    on = local_date(value)
    words = f"{on.day}/{on.month}/{on.year}" if year else f"{on.day}/{on.month}"
    # A no-break space keeps the weekday and its date on one line.
    return f"{_weekday(on)}\u00a0{words}" if weekday else words


def short_day(value: datetime | date | None) -> str:
    """Say a day without weekday; the year only when it is not the present one."""
    if not is_sayable(value):
        return "–"
    on = local_date(value)
    return day(on, weekday=False, year=on.year != local_date(clock.now()).year)


def month(value: date, *, year: bool = True) -> str:
    """Say a month: "tháng 10/2026", in English "October 2026"."""
    whole, short = MONTHS[choose_locale()]
    return format_date(value, whole if year else short, locale=_locale_name())


def said(value: str) -> str:
    """Say a word that lies in the database, such as a category's name, in the visitor's language.

    What ships with the house is listed in ``labels.CATEGORIES`` and translated; what a district
    named itself is said as it stands.
    """
    return gettext(value) if value else value


def bound(heading: str) -> str:
    """Keep the words of a heading that belong together on one line of a narrow phone."""
    # A label that is still to be translated is no text yet.
    kept = BOUND.sub(lambda found: found.group().replace(" ", "\u00a0"), str(heading))
    # What was escaped before stays so.
    return Markup(kept) if isinstance(heading, Markup) else kept  # noqa: S704


def moment(value: datetime | None, *, weekday: bool = True) -> str:
    """Say a moment: "14:32 thứ Tư 18/6/2026"."""
    if not is_sayable(value):
        return "–"
    local = value.astimezone(clock.LOCAL_ZONE)
    return f"{local:%H:%M}\u00a0{day(local, weekday=weekday)}"


def ago(value: datetime | None, since: datetime | None = None) -> str:
    """Say how long ago a moment was: "7 ngày trước"."""
    if not is_sayable(value):
        return "–"
    span = (since or clock.now()) - value
    if span < timedelta(minutes=1):
        return gettext("vừa xong")
    return gettext("%(span)s trước", span=say_span(span))


def left(value: datetime | None, since: datetime | None = None) -> str:
    """Say how much time is left until a deadline, or by how much it is late."""
    if not is_sayable(value):
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


def hours(value: float | None, *, says_working: bool = False) -> str:
    """Say a number of working hours: "2,1 giờ", below one hour in minutes.

    Above 24 nobody adds up hours any more: "18 ngày làm việc".

    Args:
        value: working hours.
        says_working: say of hours and minutes too that they are of working time.
    """
    if value is None:
        return "–"
    if value > HOURS_A_DAY:
        days = round(value / WORKING_HOURS_A_DAY)
        return ngettext("%(num)d ngày làm việc", "%(num)d ngày làm việc", days)
    words = _hours(value)
    return gettext("%(span)s làm việc", span=words) if says_working else words


def _hours(value: float) -> str:
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


def area(metres2: float) -> str:
    """Say an area in m², from a tenth of a square kilometre on in km²."""
    if metres2 < LEAST_SAID_IN_KM2_M2:
        return f"{number(round(metres2))}\u00a0m²"
    return f"{number(metres2 / METRES_A_KILOMETRE**2, 2)}\u00a0km²"


def place(latitude: float, longitude: float) -> str:
    """Say a position to the metre: "11,60000; 109,00000", the way maps are searched."""
    return f"{number(latitude, 5)}; {number(longitude, 5)}"


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
