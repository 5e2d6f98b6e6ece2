"""Units that coordinate: the machine or the lead asks them, they reply, the lead lets them go."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain import coordination as rules
from webapp.domain.deadlines import local_day
from webapp.domain.errors import InvalidInput, NotAllowed, NotFound
from webapp.models import Case, Coordination, Officer, Unit
from webapp.services import territory
from webapp.services.calendar import calendar_around
from webapp.services.casework import append
from webapp.services.casework_acts import Acting, Seen, acting, written
from webapp.services.transaction import Transaction

# Who can be asked for anything, in the order of a list to choose from.
TIERS_TO_ASK = ("authority", "commune")


def ask_by_machine(
    work: Transaction, case: Case, partners: Sequence[rules.Partner], *, now: datetime
) -> None:
    """Give units their part in a case, as routing and the table of responsibilities say.

    Each unit is asked once and the lead never; asking again changes nothing. A unit with a task is
    asked for a reply, one without (or across a border) is informed.

    Args:
        work: the transaction; the case was opened or locked in it.
        case: the case.
        partners: the units, with the task and the source of each.
        now: when they are asked.
    """
    standing = {each.unit_id for each in standing_in(work.session, case.id)}
    for partner in rules.each_unit_once(partners, case.lead_unit_id):
        if partner.unit_id not in standing:
            _ask(work, case, partner, now=now, actor=None)


def inform(
    work: Transaction,
    case: Case,
    unit_id: int,
    *,
    source: rules.Source,
    now: datetime,
    actor: Officer | None = None,
) -> None:
    """Let one more unit see a case, with no task; nothing when it leads or has a part already."""
    is_known = any(each.unit_id == unit_id for each in standing_in(work.session, case.id))
    if unit_id != case.lead_unit_id and not is_known:
        _ask(work, case, rules.Partner(unit_id, None, source), now=now, actor=actor)


def keep_land(work: Transaction, case: Case, *, now: datetime, actor: Officer | None) -> None:
    """See that the commune of the land stays on a case whose lead is somebody else."""
    if case.commune_id is not None:
        inform(work, case, case.commune_id, source="land", now=now, actor=actor)


def end_part_of(session: Session, case: Case, unit_id: int) -> int | None:
    """End the part of a unit that is about to lead; returns which row that was, if any."""
    standing = standing_in(session, case.id)
    own = next((each for each in standing if each.unit_id == unit_id), None)
    if own is None:
        return None
    own.state = "ended"
    session.flush()
    return own.id


def share_parts(work: Transaction, case: Case, other: Case, *, now: datetime) -> None:
    """Give another case the units that coordinate in one: state, task, deadline, who asked, reply.

    For a case that takes another in, and for one that is split off: none loses its land, and no
    unit its task. A part that the other case has already is joined with it
    (``coordination.together``).
    """
    standing = {part.unit_id: part for part in standing_in(work.session, other.id)}
    for row in standing_in(work.session, case.id):
        if row.unit_id == other.lead_unit_id:
            continue
        part = standing.get(row.unit_id)
        before = _share_of(part) if part else None
        after = rules.together(before, _share_of(row))
        if after != before:
            part = part or Coordination(case_id=other.id, unit_id=row.unit_id)
            _take_share(part, after)
            work.session.add(part)
            work.session.flush()
            append(work, other, "coordination_asked", actor=None, now=now, data=_told(part))


def end_parts(session: Session, case: Case) -> list[dict[str, Any]]:
    """End all parts of a case that is about to be merged away; what ``restore_parts`` needs.

    Returns:
        For each part its ``coordination_id`` and the ``state`` that it had.
    """
    ended = []
    for part in standing_in(session, case.id):
        ended.append({"coordination_id": part.id, "state": part.state})
        part.state = "ended"
    session.flush()
    return ended


def restore_parts(session: Session, case: Case, ended: Sequence[Mapping[str, Any]]) -> list[int]:
    """Let the parts stand again that ended with a merge; what was asked is asked still.

    Returns:
        The ids of these parts.
    """
    taken = {case.lead_unit_id, *(part.unit_id for part in standing_in(session, case.id))}
    restored = []
    for each in ended:
        part = session.get_one(Coordination, each["coordination_id"])
        if part.state == "ended" and part.unit_id not in taken:
            part.state = each["state"]
            restored.append(part.id)
    session.flush()
    return restored


def take_replies(work: Transaction, case: Case, other: Case, since: datetime) -> None:
    """Let a reply that a unit gave in another case since a merge count here as well."""
    replied = {
        part.unit_id: part
        for part in standing_in(work.session, other.id)
        if part.state == "replied" and part.replied_at is not None and part.replied_at >= since
    }
    for part in standing_in(work.session, case.id):
        answer = replied.get(part.unit_id)
        if part.state == "asked" and answer is not None:
            part.state, part.reply = "replied", answer.reply
            part.replied_at, part.replied_by_id = answer.replied_at, answer.replied_by_id
    work.session.flush()


_SHARED = tuple(field.name for field in fields(rules.Share))


def _share_of(part: Coordination) -> rules.Share:
    return rules.Share(**{name: getattr(part, name) for name in _SHARED})


def _take_share(part: Coordination, share: rules.Share) -> None:
    for name in _SHARED:
        setattr(part, name, getattr(share, name))


def standing_in(session: Session, case_id: int) -> Sequence[Coordination]:
    """Return the parts that units have in a case and that have not ended, oldest first."""
    return session.scalars(
        select(Coordination)
        .where(Coordination.case_id == case_id, Coordination.state != "ended")
        .order_by(Coordination.id)
    ).all()


def units_to_ask(on: datetime) -> Sequence[Unit]:
    """Return the authorities and communes that exist on a day, by name.

    A unit whose code another one bears by then is none of them, though nobody ended it.
    """
    day = local_day(on)
    return [unit for tier in TIERS_TO_ASK for unit in territory.units_on(day, tier)]


def confirm_border(officer: Officer, seen: Seen) -> None:
    """Say that a spot near a border lies on the lead's side; one tap.

    Raises:
        NotFound, Conflict, NotAllowed: see ``casework_acts.acting``; so do all acts below.
    """
    with acting("confirm_border", officer, seen) as act:
        act.append(data={"unit_id": act.case.lead_unit_id})


def coordinate(
    officer: Officer, seen: Seen, unit_id: int, task: str, days: int = rules.REPLY_DAYS
) -> None:
    """Ask a unit to coordinate, with a task and a day by which it replies.

    A unit that only knew of the case, or that replied before, is asked (again) in the same part.

    Args:
        officer: of the lead unit.
        seen: the case, as it stood on the screen.
        unit_id: which unit.
        task: what it shall do, in words.
        days: working days for the reply, one of ``REPLY_DAYS_TO_CHOOSE``.

    Raises:
        InvalidInput: no task was written, or the days are not on offer.
        NotFound: there is no such unit today.
        NotAllowed: the unit leads (``coordinate_with_itself``) or has not replied yet
            (``coordination_waits``).
    """
    words = written(task, "task")
    if words is None:
        raise InvalidInput("coordination_task_needed", field="task")
    if days not in rules.REPLY_DAYS_TO_CHOOSE:
        raise InvalidInput("form_incomplete", field="days")
    with acting("coordinate", officer, seen) as act:
        unit = unit_today(unit_id, act.now)
        if unit.id == act.case.lead_unit_id:
            raise NotAllowed("coordinate_with_itself", field="unit_id")
        due_at = rules.reply_due_at(
            act.now, act.case.resolve_due_at, calendar_around(act.now), days
        )
        part = _part_to_ask(act, unit.id)
        part.state, part.task, part.due_at = "asked", words, due_at
        part.asked_at, part.asked_by_id = act.now, officer.id
        part.reply = part.replied_at = part.replied_by_id = None
        act.work.session.add(part)
        act.work.session.flush()
        act.append(data=_told(part))


def _part_to_ask(act: Acting, unit_id: int) -> Coordination:
    standing = standing_in(act.work.session, act.case.id)
    part = next((each for each in standing if each.unit_id == unit_id), None)
    if part is None:
        return Coordination(case_id=act.case.id, unit_id=unit_id, source="officer")
    if part.state == "asked":
        raise NotAllowed("coordination_waits", field="unit_id")
    return part


def reply(officer: Officer, seen: Seen, words: str) -> None:
    """Say what a coordinating unit did, or found; the lead reads it in the case.

    Raises:
        InvalidInput: nothing was written, or too much.
        NotAllowed: the unit has replied already, and was not asked again.
    """
    said = written(words, "reply")
    if said is None:
        raise InvalidInput("reply_needed", field="reply")
    with acting("reply", officer, seen) as act:
        standing = standing_in(act.work.session, act.case.id)
        part = next(each for each in standing if each.unit_id == officer.unit_id)
        if part.state == "replied":
            raise NotAllowed("coordination_replied", field="reply")
        part.state, part.reply = "replied", said
        part.replied_at, part.replied_by_id = act.now, officer.id
        act.work.session.flush()
        is_late = part.due_at is not None and act.now > part.due_at
        act.append(
            data={"coordination_id": part.id, "unit_id": part.unit_id, "is_late": is_late},
            words=said,
        )


def end(officer: Officer, seen: Seen, coordination_id: int, words: str = "") -> None:
    """Let a unit go that was asked by hand, or that lies across a border.

    Raises:
        NotFound: the case has no such part that stands.
        NotAllowed: a rule or the land keeps the unit on the case (``coordination_stays``).
    """
    said = written(words)
    with acting("end_coordination", officer, seen) as act:
        standing = standing_in(act.work.session, act.case.id)
        part = next((each for each in standing if each.id == coordination_id), None)
        if part is None:
            raise NotFound("coordination_not_found", field="coordination_id")
        if part.source not in rules.ENDABLE_SOURCES or part.unit_id == act.case.commune_id:
            raise NotAllowed("coordination_stays", field="coordination_id")
        part.state = "ended"
        act.work.session.flush()
        act.append(data={"coordination_id": part.id, "unit_id": part.unit_id}, words=said)


def unit_today(unit_id: int, now: datetime) -> Unit:
    """Return a commune or an authority of today.

    Raises:
        NotFound: ``unit_unknown``, with the field ``unit_id``.
    """
    found = next((unit for unit in units_to_ask(now) if unit.id == unit_id), None)
    if found is None:
        raise NotFound("unit_unknown", field="unit_id")
    return found


def _ask(
    work: Transaction,
    case: Case,
    partner: rules.Partner,
    *,
    now: datetime,
    actor: Officer | None,
) -> None:
    state = rules.first_state(partner)
    due_at = None
    if state == "asked":
        due_at = rules.reply_due_at(now, case.resolve_due_at, calendar_around(now))
    part = Coordination(
        case_id=case.id,
        unit_id=partner.unit_id,
        source=partner.source,
        state=state,
        task=partner.task,
        asked_at=now,
        asked_by_id=actor.id if actor else None,
        due_at=due_at,
    )
    work.session.add(part)
    work.session.flush()
    append(work, case, "coordination_asked", actor=actor, now=now, data=_told(part))


def _told(part: Coordination) -> dict[str, Any]:
    return {
        "coordination_id": part.id,
        "unit_id": part.unit_id,
        "source": part.source,
        "state": part.state,
        "task": part.task,
        "due_at": part.due_at,
    }
