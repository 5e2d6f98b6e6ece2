"""Columns, constraints and relations; one aggregate a file, no rule and no query."""

from webapp.models.case import Case, CaseEvent, CaseNumberSeries, CaseView
from webapp.models.category import Category, DeadlineRule
from webapp.models.corridor import Corridor
from webapp.models.likeness import LabelledPair, MergeSuggestion, PhotoPrint, PhotoReuse
from webapp.models.officer import Officer
from webapp.models.outbox import OutboxEntry
from webapp.models.photo import Photo
from webapp.models.place import Place
from webapp.models.report import Contact, Report
from webapp.models.tally import Tally
from webapp.models.triage import Attachment, ReportTriage, TriageAct, WordsReview
from webapp.models.unit import Boundary, Unit, UnitParent, UnitSuccession

__all__ = [
    "Attachment",
    "Boundary",
    "Case",
    "CaseEvent",
    "CaseNumberSeries",
    "CaseView",
    "Category",
    "Contact",
    "Corridor",
    "DeadlineRule",
    "LabelledPair",
    "MergeSuggestion",
    "Officer",
    "OutboxEntry",
    "Photo",
    "PhotoPrint",
    "PhotoReuse",
    "Place",
    "Report",
    "ReportTriage",
    "Tally",
    "TriageAct",
    "Unit",
    "UnitParent",
    "UnitSuccession",
    "WordsReview",
]
