"""The demonstration district: a schematic Ninh Hải with invented people and real services.

Loading happens only when the database is empty. It writes a journal beside the database first;
when it is interrupted, the next start tells the same stories again from the same beginning, and
whatever was done before is left out. A database with other content is never touched.
"""

from dataclasses import dataclass

from sqlalchemy import exists, func, or_, select

from webapp import clock
from webapp.config import Settings
from webapp.demo import district, journal, people
from webapp.demo.stage import Stage
from webapp.demo.telling import Teller
from webapp.extensions import db
from webapp.models import Case, Officer, Report, Unit

OUTCOMES = {
    "loaded": "Đã nạp huyện trình diễn: %(reports)d phản ánh, %(cases)d vụ việc.",
    "present": "Huyện trình diễn đã có: %(reports)d phản ánh, %(cases)d vụ việc.",
    "not_empty": "Cơ sở dữ liệu không trống: không nạp huyện trình diễn.",
}


@dataclass(frozen=True)
class DemoReport:
    """What a load found or did: ``outcome`` is a key of ``OUTCOMES``."""

    outcome: str
    reports: int
    cases: int

    def in_words(self) -> str:
        """Say it in one line."""
        return OUTCOMES[self.outcome] % {"reports": self.reports, "cases": self.cases}


def load(settings: Settings) -> DemoReport:
    """Load the demonstration into an empty database, or finish a load that was interrupted."""
    diary = journal.read(settings.var)
    if _is_empty():
        diary = journal.begin(settings.var, clock.now())
    if diary is None or diary.is_finished:
        return _report("present" if diary else "not_empty")
    district.ensure_land()
    officers = people.ensure_accounts(settings.var, clock.today())
    Teller(Stage(settings, diary, officers)).tell_everything()
    journal.finish(settings.var, diary)
    return _report("loaded")


def _is_empty() -> bool:
    rows = (exists(select(column)) for column in (Unit.id, Officer.id, Report.id))
    return not db.session.scalar(select(or_(*rows)))


def _report(outcome: str) -> DemoReport:
    counts = select(
        select(func.count(Report.id)).scalar_subquery(),
        select(func.count(Case.id)).scalar_subquery(),
    )
    reports, cases = db.session.execute(counts).one()
    return DemoReport(outcome, reports, cases)
