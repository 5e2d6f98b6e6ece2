"""The one table of moves: which act leads from where to where, who may do it, what it needs."""

from dataclasses import dataclass
from typing import Literal

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


# What a unit is to a case: its lead, one that coordinates, the one asked to take the lead, the one
# that stands above, or that one where the lead exists no longer and it stands in for it. A person
# may have several parts, or none and only read.
Part = Literal["lead", "coordinating", "asked", "supervising", "standing_in"]

# How a transfer of the case must stand: none may be open; one is offered to a unit; one waits for
# the supervising unit's ruling; either of these two; the supervising unit was not asked yet.
TransferStanding = Literal["none", "offered", "contested", "open", "uncontested"]


@dataclass(frozen=True)
class Transition:
    """One allowed act.

    ``to_status`` None leaves the status as it is. ``needs`` names what must come with it
    (after_photo, public_sentence, severity). ``who`` names the parts in the case of which one is
    enough; with none of them named, seeing the case is enough. ``transfer`` says how a transfer
    must stand, None that it does not matter. ``is_for_border`` keeps it to a case whose commune is
    not confirmed yet. ``is_for_merged_away`` marks what is done to a case that was merged into
    another, and to no other one. ``why`` says what the act is for, for whoever reads the table.
    """

    act: str
    kind: str
    from_statuses: tuple[str, ...]
    to_status: str | None
    roles: tuple[str, ...]
    needs: tuple[str, ...] = ()
    who: tuple[Part, ...] = ("lead",)
    transfer: TransferStanding | None = None
    is_for_border: bool = False
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
        transfer="none",
        why="resolved means proof: an after-photo, and a sentence that the public reads",
    ),
    Transition(
        "raise_severity",
        "severity_raised",
        OPEN_STATUSES,
        None,
        ("officer", "head", "supervisor"),
        needs=("severity",),
        who=(),
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
        who=(),
        why="officials who see the case may leave each other a line; it is never public",
    ),
    Transition(
        "merge",
        "merged",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        transfer="none",
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
        transfer="none",
        why="the report belonged where it was; possible while nothing was done with the new case",
    ),
    Transition(
        "confirm_border",
        "border_confirmed",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        is_for_border=True,
        why="the spot lies near a border; its lead looked, and says that it is theirs",
    ),
    Transition(
        "coordinate",
        "coordination_asked",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        why="another unit has a task in the case, and a day by which it replies",
    ),
    Transition(
        "reply",
        "coordination_replied",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        who=("coordinating",),
        why="whoever coordinates tells what they did, where everybody on the case reads it",
    ),
    Transition(
        "end_coordination",
        "coordination_ended",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        why="a unit that was asked by hand is not needed any more; rules and land are not ended",
    ),
    Transition(
        "transfer",
        "transfer_offered",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        transfer="none",
        why="the lead goes to a named unit, with a reason, and only when that unit takes it",
    ),
    Transition(
        "accept_transfer",
        "transfer_accepted",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        who=("asked",),
        transfer="offered",
        why="the unit that was asked takes the lead; no deadline starts again",
    ),
    Transition(
        "refuse_transfer",
        "transfer_refused",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        who=("asked",),
        transfer="offered",
        why="the unit that was asked says in words why it is not theirs",
    ),
    Transition(
        "withdraw_transfer",
        "transfer_withdrawn",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        transfer="open",
        why="the lead keeps the case after all",
    ),
    Transition(
        "contest",
        "transfer_offered",
        OPEN_STATUSES,
        None,
        _COMMUNE,
        transfer="uncontested",
        why="no agreement, no answer, or passed on twice: the supervising unit is asked",
    ),
    Transition(
        "rule_transfer",
        "transfer_ruled",
        OPEN_STATUSES,
        None,
        ("supervisor",),
        who=("supervising",),
        transfer="open",
        why="the supervising unit names the lead, with words, and that ends the dispute",
    ),
    Transition(
        "name_lead",
        "transfer_ruled",
        OPEN_STATUSES,
        None,
        ("supervisor",),
        who=("standing_in",),
        transfer="none",
        why="the unit that led exists no longer; somebody has to go on, and nobody can offer it",
    ),
    Transition(
        "link_crossing",
        "crossing_linked",
        STATUSES,
        None,
        ("officer", "head", "supervisor"),
        who=(),
        why="whoever sees the case may say which registered crossing it is at, or that it is none",
    ),
)

# Why an act is refused to somebody who has none of the parts that it is kept to.
_WHOSE: dict[Part, str] = {
    "lead": "not_lead_unit",
    "coordinating": "not_coordinating_unit",
    "asked": "not_asked_unit",
    "supervising": "not_supervising_unit",
    "standing_in": "lead_stands",
}

_STANDINGS: dict[TransferStanding, tuple[TransferStanding, ...]] = {
    "none": ("none",),
    "offered": ("offered",),
    "contested": ("contested",),
    "open": ("offered", "contested"),
    "uncontested": ("none", "offered"),
}


@dataclass(frozen=True)
class Circumstances:
    """What of a case decides which acts are possible on it."""

    status: str
    severity: int
    is_merged_away: bool = False
    is_border_open: bool = False
    transfer: TransferStanding = "none"


def objection(
    transition: Transition, case: Circumstances, *, role: str, parts: frozenset[Part]
) -> str | None:
    """Return why an act is not possible now, or None when it is.

    Args:
        transition: a row of the table.
        case: the case as it stands.
        role: that of the person.
        parts: what the person's unit is to the case.

    Returns:
        not_your_role, not_lead_unit, not_coordinating_unit, not_asked_unit, not_supervising_unit,
        lead_stands, merged_away, not_merged, wrong_status, transfer_open, no_transfer_open,
        border_not_open or already_most_severe.
    """
    if role not in transition.roles:
        return "not_your_role"
    if transition.who and parts.isdisjoint(transition.who):
        return _WHOSE[transition.who[0]]
    if transition.is_for_merged_away != case.is_merged_away:
        return "merged_away" if case.is_merged_away else "not_merged"
    if case.status not in transition.from_statuses:
        return "wrong_status"
    return _objection_of_standing(transition, case)


def _objection_of_standing(transition: Transition, case: Circumstances) -> str | None:
    wanted = transition.transfer
    if wanted is not None and case.transfer not in _STANDINGS[wanted]:
        return "transfer_open" if wanted in ("none", "uncontested") else "no_transfer_open"
    if transition.is_for_border and not case.is_border_open:
        return "border_not_open"
    if transition.act == "raise_severity" and case.severity == max(SEVERITIES):
        return "already_most_severe"
    return None


def can_follow(kind: str, case: Circumstances) -> bool:
    """Tell whether an event of that kind may happen to a case as it stands.

    Kinds that belong to no act (a report arrives, a case is viewed) may always happen, but to a
    case that was merged away nothing does except that it gets its reports back.
    """
    rows = [row for row in TRANSITIONS + DESK_ACTS if row.kind == kind]
    if not rows:
        return not case.is_merged_away
    return any(
        case.status in row.from_statuses
        and row.is_for_merged_away == case.is_merged_away
        and (row.transfer is None or case.transfer in _STANDINGS[row.transfer])
        for row in rows
    )
