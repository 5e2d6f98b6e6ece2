"""The one table of moves: which act leads from where to where, who may do it, what it needs."""

from dataclasses import dataclass

STATUSES = (
    "new",
    "acknowledged",
    "in_progress",
    "awaiting_authority",
    "resolved",
    "closed",
    "refused",
)
OPEN_STATUSES = ("new", "acknowledged", "in_progress", "awaiting_authority")
ROLES = ("officer", "head", "supervisor", "overseer", "administrator")
SEVERITIES = (1, 2, 3, 4)


@dataclass(frozen=True)
class Transition:
    """One allowed act.

    ``to_status`` None leaves the status as it is. ``needs`` names what must come with it
    (after_photo, public_sentence, severity). ``is_lead_only`` keeps it to the lead unit.
    ``is_for_merged_away`` marks what is done to a case that was merged into another, and to no
    other one. ``why`` says what the act is for, for whoever reads the table.
    """

    act: str
    kind: str
    from_statuses: tuple[str, ...]
    to_status: str | None
    roles: tuple[str, ...]
    needs: tuple[str, ...] = ()
    is_lead_only: bool = True
    is_for_merged_away: bool = False
    why: str = ""


_COMMUNE = ("officer", "head")

TRANSITIONS: tuple[Transition, ...] = (
    Transition(
        "acknowledge",
        "acknowledged",
        ("new",),
        "acknowledged",
        _COMMUNE,
        why="the commune has read it and takes it on; the first deadline ends here",
    ),
    Transition(
        "start",
        "started",
        ("acknowledged",),
        "in_progress",
        _COMMUNE,
        why="somebody is on the way, and residents see that",
    ),
    Transition(
        "resolve",
        "resolved",
        ("acknowledged", "in_progress"),
        "resolved",
        _COMMUNE,
        needs=("after_photo", "public_sentence"),
        why="resolved means proof: an after-photo, and a sentence that the public reads",
    ),
    Transition(
        "raise_severity",
        "severity_raised",
        OPEN_STATUSES,
        None,
        ("officer", "head", "supervisor"),
        needs=("severity",),
        is_lead_only=False,
        why="up is easy: whoever can see the case and may act at all can raise it",
    ),
)

# Work on a case that moves nothing; in any status, for a late report brings late photos.
DESK_ACTS: tuple[Transition, ...] = (
    Transition(
        "review_photo",
        "photo_reviewed",
        STATUSES,
        None,
        _COMMUNE,
        why="no photo is public before an officer has looked at it",
    ),
    Transition(
        "review_words",
        "words_reviewed",
        STATUSES,
        None,
        _COMMUNE,
        why="no words are public before an officer has read them",
    ),
    Transition(
        "add_note",
        "note_added",
        STATUSES,
        None,
        ("officer", "head", "supervisor"),
        is_lead_only=False,
        why="officials who see the case may leave each other a line; it is never public",
    ),
    Transition(
        "merge",
        "merged",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        why="two open cases are one trouble; every reporter follows the one further along",
    ),
    Transition(
        "unmerge",
        "separated",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        is_for_merged_away=True,
        why="they were two after all; what came with this case goes back to it",
    ),
    Transition(
        "keep_apart",
        "kept_apart",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        why="somebody looked, and says that two cases are two",
    ),
    Transition(
        "split",
        "report_split_off",
        STATUSES,
        None,
        _COMMUNE,
        why="a report that was joined wrongly becomes an open case, also when the old one ended",
    ),
    Transition(
        "unsplit",
        "merged_into",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        why="the report belonged where it was; possible while nothing was done with the new case",
    ),
)


def objection(
    transition: Transition,
    *,
    status: str,
    severity: int,
    role: str,
    is_lead_unit: bool,
    is_merged_away: bool = False,
) -> str | None:
    """Return why an act is not possible now, or None when it is.

    Returns:
        not_your_role, not_lead_unit, merged_away, not_merged, wrong_status or
        already_most_severe.
    """
    if role not in transition.roles:
        return "not_your_role"
    if transition.is_lead_only and not is_lead_unit:
        return "not_lead_unit"
    if transition.is_for_merged_away != is_merged_away:
        return "merged_away" if is_merged_away else "not_merged"
    if status not in transition.from_statuses:
        return "wrong_status"
    if transition.act == "raise_severity" and severity == max(SEVERITIES):
        return "already_most_severe"
    return None


def can_follow(status: str, kind: str, *, is_merged_away: bool = False) -> bool:
    """Tell whether an event of that kind may happen to a case of that status.

    Kinds that belong to no act (a report arrives, a case is viewed) may always happen, but to a
    case that was merged away nothing does except that it gets its reports back.
    """
    rows = [row for row in TRANSITIONS + DESK_ACTS if row.kind == kind]
    if not rows:
        return not is_merged_away
    return any(
        status in row.from_statuses and row.is_for_merged_away == is_merged_away for row in rows
    )
