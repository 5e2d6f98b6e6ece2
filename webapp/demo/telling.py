"""Puts all stories in the order of time and tells them one by one on the stage."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TypeAlias

from webapp import clock
from webapp.demo import messages
from webapp.demo.camera import Shot
from webapp.demo.crossings import tell_crossings
from webapp.demo.handings import tell_handings
from webapp.demo.places import OUTSIDE, SPOTS
from webapp.demo.stage import Letter, Stage
from webapp.demo.story import EPISODES, HELD, Episode, HeldStory, Sending, Step
from webapp.domain.geo import Position
from webapp.models import Case, Officer
from webapp.services import (
    casework_acts,
    casework_merging,
    casework_splitting,
    outbox,
    tallies,
    triage_acts,
)
from webapp.services.casework_acts import Review, Seen
from webapp.services.triage_acts import Placing

Act: TypeAlias = Callable[[Officer, Seen], object]

# The desk looks at what is held in the afternoon.
DESK_TAKES = timedelta(hours=5)
# A phone whose clock stands a year ahead.
WRONG_CLOCK = timedelta(days=400)
# A photo of the evening before, sent from home.
TAKEN_BEFORE = timedelta(hours=14)
CLAIMED_LATER = {"impossible_time": WRONG_CLOCK, "fix_not_of_photo": -TAKEN_BEFORE}
MOST_DAYS = 500


@dataclass(frozen=True)
class Turn:
    """One act of one story, to be played at its moment."""

    moment: datetime
    play: Callable[[], None]


class Teller:
    """Knows which report of which story became which, and turns steps into acts."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.base = stage.journal.moment
        self.reports: dict[str, list[int]] = {}

    def tell_everything(self) -> None:
        """Tell every story, in the order of time, and count the days they touched."""
        register = (Turn(*each) for each in tell_crossings(self.stage, self.base))
        between = (Turn(*each) for each in tell_handings(self.stage, self.reports, self.base))
        turns = [*self._turns_of_episodes(), *self._turns_of_held(), *register, *between]
        for turn in sorted(turns, key=lambda turn: turn.moment):
            # What would happen after now has not happened yet.
            if turn.moment <= self.base:
                turn.play()
                messages.catch_up(self.stage.settings, turn.moment)
        messages.catch_up(self.stage.settings, self.base)
        self._count_days()

    def _turns_of_episodes(self) -> Iterator[Turn]:
        for number, episode in enumerate(EPISODES):
            beginning = self._moment(episode.day, episode.clock)
            subject = episode.name or f"episode-{number}"
            for sending in episode.sendings:
                letter = self._letter(subject, episode, sending, beginning)
                play = partial(self._send, subject, letter, names_case=sending.is_also_seen)
                yield Turn(letter.sent_at, play)
            for step in episode.steps:
                moment = beginning + timedelta(hours=step.hours_later)
                yield Turn(moment, partial(self._step, subject, episode.spot, step, moment))

    def _turns_of_held(self) -> Iterator[Turn]:
        for number, story in enumerate(HELD):
            letter = self._held_letter(f"held-{number}", story)
            yield Turn(letter.sent_at, partial(self._send_held, story, letter))
            moment = letter.sent_at + DESK_TAKES
            yield Turn(moment, partial(self._desk, story, letter.subject, moment))

    def _send(self, subject: str, letter: Letter, *, names_case: bool) -> None:
        if names_case:
            first_id = self.reports[subject][0]
            letter = replace(letter, seen_case=self.stage.number_opened_for(first_id))
        report_id = self.stage.send(letter)
        self.stage.triage(report_id, letter.sent_at)
        self.reports.setdefault(subject, []).append(report_id)

    def _send_held(self, story: HeldStory, letter: Letter) -> None:
        report_id = self.stage.send(letter)
        place_it = self.stage.exhaust if story.kind == "attempts_exhausted" else self.stage.triage
        place_it(report_id, letter.sent_at)
        self.reports[letter.subject] = [report_id]

    def _desk(self, story: HeldStory, subject: str, moment: datetime) -> None:
        """Let the desk dismiss or place a held report, if its story says so."""
        report_id = self.reports[subject][0]
        standing, officer = self.stage.standing_of(report_id), self.stage.officers.supervisor
        with clock.at(moment):
            if standing.status == "held" and story.dismissed_because:
                triage_acts.dismiss(
                    officer,
                    report_id,
                    story.dismissed_because,
                    story.desk_words,
                    seen_at=standing.updated_at,
                )
            elif standing.status == "held" and story.placed_at:
                triage_acts.place(officer, report_id, _placing(story), seen_at=standing.updated_at)
        if story.placed_at:
            self.stage.triage(report_id, moment)

    def _step(self, subject: str, spot: str, step: Step, moment: datetime) -> None:
        report_id = self.reports[subject][0]
        case = self.stage.case_of(report_id)
        match step.act:
            case "view":
                self.stage.view(case, moment)
            case "show_photo" | "hide_photo":
                self._review(subject, case, step, moment)
            case "resolve":
                shot = Shot(step.picture, spot, hour=_hour(moment))
                self.stage.resolve(case, shot, step.words, moment)
            case "merge":
                other = self.stage.case_of(self.reports[step.other][0])
                self._merge(case, other, step, moment)
            case "split":
                self._split(case, self.reports[subject][step.nth], step, moment)
            case _:
                self._plain_act(case, report_id, step, moment)

    def _review(self, subject: str, case: Case, step: Step, moment: datetime) -> None:
        photos = [p for r in self.reports[subject] for p in self.stage.photos_of(r)]
        is_hidden = step.act == "hide_photo"
        review = Review("private" if is_hidden else "shown", step.reason_code or None)
        self.stage.review(case, photos[step.nth], review, moment)

    def _merge(self, case: Case, other: Case, step: Step, moment: datetime) -> None:
        as_seen = Seen(other.number, other.version)
        self.stage.act(
            case,
            "merged",
            moment,
            lambda officer, mine: casework_merging.merge(officer, mine, as_seen, step.words),
        )

    def _split(self, case: Case, report_id: int, step: Step, moment: datetime) -> None:
        self.stage.act(
            case,
            "report_split_off",
            moment,
            lambda officer, mine: casework_splitting.split_off(
                officer, mine, report_id, step.words
            ),
        )

    def _plain_act(self, case: Case, report_id: int, step: Step, moment: datetime) -> None:
        words = step.words
        acts: dict[str, tuple[str, Act]] = {
            "acknowledge": ("acknowledged", lambda o, s: casework_acts.acknowledge(o, s, words)),
            "start": ("started", lambda o, s: casework_acts.start(o, s, words)),
            "note": ("note_added", lambda o, s: casework_acts.add_note(o, s, words)),
            "raise_severity": (
                "severity_raised",
                lambda o, s: casework_acts.raise_severity(o, s, step.severity, words),
            ),
            "show_words": (
                "words_reviewed",
                lambda o, s: casework_acts.review_words(o, s, report_id, Review("shown")),
            ),
        }
        kind, do = acts[step.act]
        self.stage.act(case, kind, moment, do)

    def _letter(
        self, subject: str, episode: Episode, sending: Sending, beginning: datetime
    ) -> Letter:
        spot = SPOTS[episode.spot].position(sending.east_m, sending.north_m)
        captured_at = beginning + timedelta(hours=sending.hours_later)
        return Letter(
            subject=f"{subject}-{sending.hours_later:g}",
            phone=sending.phone,
            category=episode.category,
            shots=_shots(episode, sending, captured_at),
            captured_at=captured_at,
            words=sending.words,
            position=Position(spot.latitude, spot.longitude, sending.accuracy_m),
            contact_phone=sending.contact_phone,
        )

    def _held_letter(self, subject: str, story: HeldStory) -> Letter:
        captured_at = self._moment(story.day, story.clock)
        return Letter(
            subject=subject,
            phone=story.phone,
            category=story.category,
            shots=tuple(
                Shot(drawing, story.place or subject, story.phone, _hour(captured_at))
                for drawing in story.pictures
            ),
            captured_at=captured_at,
            words=story.words,
            position=_place(story.place),
            commune_hint=story.commune_hint,
            claimed_at=captured_at + CLAIMED_LATER[story.kind]
            if story.kind in CLAIMED_LATER
            else None,
            is_time_told=story.kind != "uncertain_time",
        )

    def _moment(self, day: int, at: str) -> datetime:
        today = self.base.astimezone(clock.LOCAL_ZONE).date()
        return datetime.combine(
            today - timedelta(days=day), time.fromisoformat(at), tzinfo=clock.LOCAL_ZONE
        )

    def _count_days(self) -> None:
        for kind, subject in outbox.due(self.base, limit=MOST_DAYS):
            if kind == "rebuild_tallies":
                day = date.fromisoformat(subject)
                self.stage.work(
                    kind,
                    subject,
                    self.base,
                    partial(tallies.rebuild_tallies, day),
                )


def _shots(episode: Episode, sending: Sending, captured_at: datetime) -> tuple[Shot, ...]:
    if sending.copy_of:
        original = next(each for each in EPISODES if each.name == sending.copy_of)
        return (_first_shot(original).copied(),)
    hour = _hour(captured_at)
    side = f"{sending.phone} {episode.day} {sending.hours_later:g}"
    return tuple(Shot(drawing, episode.spot, side, hour) for drawing in sending.pictures)


def _first_shot(episode: Episode) -> Shot:
    """Return an episode's first photo; it is taken at the episode's beginning."""
    beginning = datetime.combine(date.min, time.fromisoformat(episode.clock))
    return _shots(episode, episode.sendings[0], beginning)[0]


def _hour(moment: datetime) -> float:
    """Return the local time of a moment in hours."""
    local = moment.astimezone(clock.LOCAL_ZONE) if moment.tzinfo else moment
    return local.hour + local.minute / 60


def _place(name: str) -> Position | None:
    if not name:
        return None
    position = OUTSIDE[name] if name in OUTSIDE else SPOTS[name].position()
    return Position(position.latitude, position.longitude, 12.0)


def _placing(story: HeldStory) -> Placing:
    position = SPOTS[story.placed_at].position()
    return Placing(
        position=f"{position.latitude:.6f}, {position.longitude:.6f}",
        category_code=story.category,
        unit_id=None,
        words=story.desk_words,
    )
