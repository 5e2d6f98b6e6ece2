"""Columns, constraints and relations; one aggregate a file, no rule and no query."""

from webapp.models.assignment import Coordination, Transfer
from webapp.models.case import Case, CaseEvent, CaseNumberSeries, CaseView
from webapp.models.category import Category, DeadlineRule
from webapp.models.corridor import Corridor, KilometrePost
from webapp.models.crossing import Crossing, CrossingInspection, CrossingPhoto
from webapp.models.likeness import LabelledPair, MergeSuggestion, PhotoPrint, PhotoReuse
from webapp.models.notification import Notification
from webapp.models.officer import Officer
from webapp.models.outbox import OutboxEntry
from webapp.models.photo import Photo
from webapp.models.place import Place
from webapp.models.report import Contact, Report
from webapp.models.responsibility import (
    ResponsibilityPartner,
    ResponsibilityRule,
    ResponsibilityVersion,
)
from webapp.models.tally import Tally
from webapp.models.triage import Attachment, ReportTriage, TriageAct, WordsReview
from webapp.models.unit import Boundary, TerritorySwitch, Unit, UnitParent, UnitSuccession

__all__ = [
    "Attachment",
    "Boundary",
    "Case",
    "CaseEvent",
    "CaseNumberSeries",
    "CaseView",
    "Category",
    "Contact",
    "Coordination",
    "Corridor",
    "Crossing",
    "CrossingInspection",
    "CrossingPhoto",
    "DeadlineRule",
    "KilometrePost",
    "LabelledPair",
    "MergeSuggestion",
    "Notification",
    "Officer",
    "OutboxEntry",
    "Photo",
    "PhotoPrint",
    "PhotoReuse",
    "Place",
    "Report",
    "ReportTriage",
    "ResponsibilityPartner",
    "ResponsibilityRule",
    "ResponsibilityVersion",
    "Tally",
    "TerritorySwitch",
    "Transfer",
    "TriageAct",
    "Unit",
    "UnitParent",
    "UnitSuccession",
    "WordsReview",
]
