"""Residents are told: asked once, told once for each change, nothing that is not public."""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories import make_case, make_commune, make_officer, make_report, somewhere
from webapp import clock
from webapp.adapters.delivery import ChannelAway, Delayed, Letter, Undeliverable
from webapp.config import Settings
from webapp.domain.notifying import NEWS_PAUSE
from webapp.extensions import db
from webapp.letters import write
from webapp.models import (
    Attachment,
    Case,
    CaseEvent,
    Contact,
    Notification,
    OutboxEntry,
    Report,
    Unit,
)
from webapp.services import (
    casework,
    contacts,
    notification_sending,
    notifications,
    outbox,
    subscriptions,
)
from webapp.services.casework_moves import move
from webapp.services.notification_sending import CHANNEL_RESTS, link_of
from webapp.services.outbox import Lease
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

# Ten in the morning and eleven at night of one Thursday, in Vietnam.
MORNING = datetime(2026, 6, 18, 3, tzinfo=UTC)
NIGHT = datetime(2026, 6, 18, 16, tzinfo=UTC)
NEXT_MORNING = datetime(2026, 6, 19, 0, tzinfo=UTC)
EMAIL = "nguoi.dan@example.vn"


@dataclass
class Pocket:
    """A carrier that keeps letters, or fails as it is told to."""

    letters: list[Letter] = field(default_factory=list)
    trouble: Exception | None = None

    def carry(self, letter: Letter) -> None:
        """Keep a letter, unless there is trouble."""
        if self.trouble:
            raise self.trouble
        self.letters.append(letter)


class World:
    """A commune with one case of one reporter, and a worker that does what is due."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self.mail, self.hook = Pocket(), Pocket()
        self.carriers: dict[str, Pocket | None] = {"email": self.mail, "webhook": self.hook}
        self.commune = make_commune(name="Vĩnh Hải")
        self.other = make_commune(column=1, name="Nhơn Hải")
        self.officer = make_officer(self.commune, name="Canary Officer")

    def work(self) -> None:
        """Do all that is due within half a minute, as the workers would, until nothing is left."""
        with clock.at(clock.now() + timedelta(seconds=30)):
            for _round in range(20):
                due = [pair for pair in outbox.due(clock.now(), limit=200) if pair[0] in self.jobs]
                if not due:
                    return
                for kind, subject in due:
                    self.do(kind, subject)
                later = clock.now() + NEWS_PAUSE
                with clock.at(later):
                    for kind, subject in outbox.due(later, limit=200):
                        if kind in self.jobs:
                            self.do(kind, subject)
        raise AssertionError("the work has no end")

    @property
    def jobs(self) -> dict[str, Callable[[str, Lease], None]]:
        """What each of our jobs calls."""
        return {
            "confirm_contact": lambda subject, lease: notifications.confirm_contact(
                int(subject), lease, self.settings
            ),
            "tell_reporters": lambda subject, lease: notifications.tell_reporters(
                int(subject), lease, self.settings
            ),
            "send_notification": lambda subject, lease: notification_sending.send_notification(
                subject, lease, self.settings, write, self.carriers
            ),
        }

    def do(self, kind: str, subject: str) -> None:
        """Do one job as a worker does it."""
        lease = outbox.lease(kind, subject, seconds=20)
        if lease is None:
            return
        try:
            self.jobs[kind](subject, lease)
        except Delayed as error:
            outbox.fail(lease, error)

    def add_report(
        self, *, email: str | None = EMAIL, phone: str | None = None, **values: Any
    ) -> Report:
        """Take a report in, with a contact, as intake does."""
        report = make_report(somewhere(), **{"install_key_hash": secrets.token_hex(32), **values})
        with transaction() as work:
            contact = Contact(
                report_id=report.id, email=email, phone=phone, consented_at=clock.now()
            )
            work.session.add(contact)
            work.ask("confirm_contact", report.id)
        return report

    def attach(self, report: Report, case: Case) -> None:
        """Let a report belong to a case."""
        with transaction() as work:
            casework.attach_report(
                work,
                work.session.get_one(Report, report.id),
                self.fresh(work.session, case),
                terms={"canary": 1},
                actor=None,
                now=clock.now(),
                captured_at=clock.now(),
            )

    def happen(self, case: Case, kind: str, **data: Any) -> int:
        """Let something happen to a case; return the event's id."""
        with transaction() as work:
            event = casework.append(
                work,
                self.fresh(work.session, case),
                kind,
                actor=work.session.merge(self.officer),
                now=clock.now(),
                data=data,
                reason_code="canary_reason",
                words="canary words",
            )
        return event.id

    def fresh(self, session: Any, case: Case) -> Case:
        """Read a case inside a transaction."""
        found: Case = session.get_one(Case, case.id, populate_existing=True)
        return found

    def pass_to(self, case: Case, unit: Unit) -> int:
        """Let another unit accept the lead."""
        self.happen(case, "transfer_offered", to_unit_id=unit.id)
        return self.happen(case, "transfer_accepted", lead_unit_id=unit.id)

    def resolve(self, case: Case, sentence: str = "Đã dọn hàng rong.") -> int:
        """Let the trouble be over."""
        self.happen(case, "acknowledged")
        self.happen(case, "started")
        return self.happen(case, "resolved", public_sentence=sentence)

    def confirm(self, report: Report) -> None:
        """Let whoever reads the messages say yes."""
        subscriptions.confirm(self.capability(report), self.settings)

    def capability(self, report: Report) -> str:
        """Return what stands in the links to a report."""
        contact = db.session.get_one(Contact, report.id, populate_existing=True)
        return link_of(contact, self.settings).rpartition("/")[2]

    def rows(self) -> list[tuple[str, str]]:
        """Return kind and state of every message, in the order in which they were written."""
        query = select(Notification).order_by(Notification.created_at, Notification.kind)
        rows = db.session.scalars(query.execution_options(populate_existing=True))
        return [(row.kind, row.state) for row in rows]

    @property
    def kinds(self) -> list[str]:
        """Return which mails went out."""
        return [letter.kind for letter in self.mail.letters]


@pytest.fixture
def morning() -> Iterator[None]:
    """It is ten in the morning."""
    with clock.at(MORNING):
        yield


@pytest.fixture
def world(context: None, app: Flask, settings: Callable[..., Settings], morning: None) -> World:
    """A commune, a mailbox and a telephone."""
    return World(app, settings())


def test_a_contact_is_asked_once_and_told_nothing_until_it_says_yes(world: World) -> None:
    report = world.add_report()
    case = make_case(world.commune)
    world.attach(report, case)
    world.resolve(case)
    world.work()
    with transaction() as work:
        work.ask("confirm_contact", report.id)
    world.work()
    assert world.kinds == ["confirm"]
    [asked] = world.mail.letters
    assert asked.to == EMAIL
    assert world.capability(report) in asked.text
    assert "xử lý xong" not in asked.text
    assert case.number not in asked.text + asked.html + asked.short + asked.subject


def test_saying_yes_tells_once_how_things_stand(world: World) -> None:
    report = world.add_report()
    case = make_case(world.commune)
    world.attach(report, case)
    world.work()
    world.confirm(report)
    world.confirm(report)
    world.work()
    assert world.kinds == ["confirm", "received"]
    received = world.mail.letters[-1]
    assert case.number in received.subject
    assert "UBND xã Vĩnh Hải" in received.text


def test_saying_yes_after_the_end_tells_the_end(world: World) -> None:
    report = world.add_report()
    case = make_case(world.commune)
    world.attach(report, case)
    world.resolve(case)
    world.confirm(report)
    world.work()
    assert world.kinds == ["resolved"]


def test_saying_yes_before_there_is_a_case_tells_when_there_is_one(world: World) -> None:
    report = world.add_report()
    world.work()
    world.confirm(report)
    world.work()
    assert world.kinds == ["confirm"]
    world.attach(report, make_case(world.commune))
    world.work()
    assert world.kinds == ["confirm", "received"]


def told_reporter(world: World) -> tuple[Report, Case]:
    """Return a report whose contact said yes, and its case; all told so far is thrown away."""
    report = world.add_report()
    world.work()
    case = make_case(world.commune)
    world.attach(report, case)
    world.confirm(report)
    world.work()
    world.mail.letters.clear()
    return report, case


def test_each_change_is_told_once_however_often_its_job_runs(world: World) -> None:
    _report, case = told_reporter(world)
    moved = world.pass_to(case, world.other)
    for _again in range(2):
        with transaction() as work:
            work.ask("tell_reporters", moved)
        world.work()
    assert world.kinds == ["moved"]
    assert "UBND xã Nhơn Hải" in world.mail.letters[0].text
    world.resolve(case)
    world.work()
    assert world.kinds == ["moved", "resolved"]
    assert "Đã dọn hàng rong." in world.mail.letters[1].text


def test_whoever_reported_twice_is_told_once_of_one_change(world: World) -> None:
    report, case = told_reporter(world)
    again = world.add_report(install_key_hash=report.install_key_hash, email=EMAIL.upper())
    world.attach(again, case)
    world.confirm(again)
    world.work()
    world.mail.letters.clear()
    with clock.at(MORNING + timedelta(minutes=1)):
        world.resolve(case)
        world.work()
    assert world.kinds == ["resolved"]


def test_land_that_passes_under_a_case_without_its_lead_is_not_told(world: World) -> None:
    _report, case = told_reporter(world)
    world.happen(case, "land_passed", lead_unit_id=world.commune.id, commune_id=world.other.id)
    world.work()
    assert world.kinds == []


def test_only_those_are_told_who_were_there_when_it_happened(world: World) -> None:
    _report, case = told_reporter(world)
    world.pass_to(case, world.other)
    late = world.add_report(email="muon@example.vn")
    world.work()
    with clock.at(MORNING + timedelta(minutes=5)):
        world.attach(late, case)
        world.confirm(late)
        world.work()
    told = [(letter.kind, letter.to) for letter in world.mail.letters]
    assert sorted(told) == [
        ("confirm", "muon@example.vn"),
        ("moved", EMAIL),
        ("received", "muon@example.vn"),
    ]


def moved_report(world: World, report: Report, case: Case) -> None:
    """Let a report belong to another case from now on, as merging and splitting do."""
    with transaction() as work:
        held = select(Attachment).where(Attachment.report_id == report.id)
        newest = work.session.scalars(held.order_by(Attachment.id.desc())).first()
        assert newest is not None
        officer = work.session.merge(world.officer)
        move(work.session, newest, case, terms={}, officer=officer, now=clock.now())


def test_a_reporter_follows_the_report_into_the_case_that_took_its_case_in(world: World) -> None:
    report, case = told_reporter(world)
    survivor = make_case(world.commune)
    with clock.at(MORNING + timedelta(minutes=1)):
        moved_report(world, report, survivor)
        world.happen(case, "merged_into", into_case_id=survivor.id)
    with clock.at(MORNING + timedelta(minutes=2)):
        world.resolve(survivor)
        world.work()
    assert world.kinds == ["resolved"]
    assert survivor.number in world.mail.letters[0].subject


def test_a_reporter_whose_report_was_split_off_hears_nothing_of_the_old_case(world: World) -> None:
    report, case = told_reporter(world)
    new = make_case(world.commune)
    with clock.at(MORNING + timedelta(minutes=1)):
        moved_report(world, report, new)
        world.resolve(case)
        world.work()
        assert world.kinds == []
        world.pass_to(new, world.other)
    with clock.at(MORNING + timedelta(minutes=2)):
        world.work()
    assert world.kinds == ["moved"]
    assert new.number in world.mail.letters[0].subject


def test_news_of_the_night_comes_in_the_morning_and_only_the_newest(world: World) -> None:
    _report, case = told_reporter(world)
    with clock.at(NIGHT):
        world.pass_to(case, world.other)
        world.work()
        world.resolve(case)
        world.work()
    assert world.kinds == []
    with clock.at(NEXT_MORNING):
        world.work()
    assert world.kinds == ["resolved"]
    assert ("moved", "dropped") in world.rows()


def test_a_confirmation_and_its_answer_come_at_night_as_well(world: World) -> None:
    with clock.at(NIGHT):
        report = world.add_report()
        world.attach(report, make_case(world.commune))
        world.work()
        world.confirm(report)
        world.work()
    assert world.kinds == ["confirm", "received"]


def test_a_message_that_the_night_came_over_waits(world: World) -> None:
    _report, case = told_reporter(world)
    world.resolve(case)
    world.mail.trouble = Delayed("smtp recipient 450")
    world.work()
    world.mail.trouble = None
    with clock.at(NIGHT):
        world.work()
    assert world.kinds == []
    with clock.at(NEXT_MORNING):
        world.work()
    assert world.kinds == ["resolved"]


def test_whoever_unsubscribed_or_took_the_address_back_is_left_in_peace(world: World) -> None:
    for leave in (
        lambda report: subscriptions.unsubscribe(world.capability(report), world.settings),
        lambda report: subscriptions.withdraw(world.capability(report), world.settings),
    ):
        report, case = told_reporter(world)
        waiting = world.pass_to(case, world.other)
        with transaction() as work:
            work.ask("tell_reporters", waiting)
        leave(report)
        world.resolve(case)
        world.work()
        assert world.kinds == []


def test_what_waits_is_dropped_when_the_address_is_taken_back(world: World) -> None:
    report, case = told_reporter(world)
    with clock.at(NIGHT):
        world.resolve(case)
        world.work()
        with transaction() as work:
            contacts.take_back(work, report.id)
    with clock.at(NEXT_MORNING):
        world.work()
    assert world.kinds == []
    assert ("resolved", "dropped") in world.rows()


def test_a_phone_number_is_told_by_the_gateway(world: World) -> None:
    report = world.add_report(email=None, phone="0912345678")
    world.attach(report, make_case(world.commune))
    world.confirm(report)
    world.work()
    assert [letter.to for letter in world.hook.letters] == ["0912345678"]
    [told] = world.hook.letters
    assert told.short.endswith(world.capability(report))
    assert "\n" not in told.short


def test_a_contact_is_told_by_the_channel_that_it_was_asked_by(
    world: World, settings: Callable[..., Settings]
) -> None:
    world.settings = settings(
        ANLO_MESSAGE_HOOK_URL="https://gateway.example.vn",
        ANLO_MESSAGE_HOOK_SECRET="a secret of the gateway",
    )
    report = world.add_report(phone="0912345678")
    world.work()
    assert [letter.kind for letter in world.hook.letters] == ["confirm"]
    world.settings = settings(
        ANLO_SMTP_URL="smtps://mail.example.vn", ANLO_MAIL_FROM="an-lo@example.vn"
    )
    world.attach(report, make_case(world.commune))
    world.confirm(report)
    world.work()
    assert [letter.kind for letter in world.hook.letters] == ["confirm", "received"]
    assert world.mail.letters == []


def test_the_same_phone_is_not_asked_again_for_the_same_contact(world: World) -> None:
    key = secrets.token_hex(32)
    first = world.add_report(install_key_hash=key)
    world.work()
    world.confirm(first)
    second = world.add_report(install_key_hash=key)
    world.add_report(install_key_hash=key, email="khac@example.vn")
    world.work()
    assert sorted((letter.kind, letter.to) for letter in world.mail.letters) == [
        ("confirm", "khac@example.vn"),
        ("confirm", EMAIL),
    ]
    world.attach(second, make_case(world.commune))
    world.work()
    assert world.mail.letters[-1].kind == "received"


def test_an_address_that_others_play_with_is_left_in_peace(world: World) -> None:
    for _stranger in range(6):
        world.add_report()
        world.work()
    world.add_report(email=EMAIL.upper())
    world.work()
    assert world.kinds == ["confirm"] * 3
    with clock.at(MORNING + timedelta(days=1, minutes=1)):
        world.add_report()
        world.work()
    assert len(world.kinds) == 4


def test_nobody_is_asked_about_a_report_of_long_ago(world: World) -> None:
    world.add_report(received_at=MORNING - timedelta(days=30))
    world.work()
    assert world.rows() == []


def test_without_a_channel_messages_wait_and_are_nowhere_called_sent(world: World) -> None:
    world.carriers = {"email": None, "webhook": world.hook}
    world.add_report()
    world.work()
    assert world.rows() == [("confirm", "waiting")]
    assert notifications.counts() == notifications.MessageCounts(0, 1, 0, 0)
    assert notifications.wake(world.carriers) == 0
    world.carriers = {"email": world.mail, "webhook": None}
    assert notifications.wake(world.carriers) == 1
    world.work()
    assert world.kinds == ["confirm"]
    assert notifications.counts() == notifications.MessageCounts(0, 0, 0, 1)


def test_a_channel_that_is_away_is_tried_once_and_not_by_each_letter(world: World) -> None:
    reports = [world.add_report(email=f"a{number}@example.vn") for number in range(5)]
    world.add_report(email=None, phone="0912345678")
    tries: list[str] = []

    class Away:
        def carry(self, letter: Letter) -> None:
            tries.append(letter.to)
            raise ChannelAway("smtp ConnectionRefusedError")

    world.carriers = {"email": Away(), "webhook": world.hook}  # type: ignore[dict-item]
    for report in reports:
        world.do("confirm_contact", str(report.id))
    world.work()
    assert len(tries) == 1
    assert len(world.hook.letters) == 1
    assert notifications.counts().waiting == 5
    world.carriers["email"] = world.mail
    with clock.at(MORNING + CHANNEL_RESTS):
        world.work()
    assert len(world.mail.letters) == 5


def test_a_letter_that_will_never_be_taken_fails_and_shows(world: World) -> None:
    world.mail.trouble = Undeliverable("smtp recipient 550")
    world.add_report()
    world.work()
    assert world.rows() == [("confirm", "failed")]
    assert notifications.counts() == notifications.MessageCounts(0, 0, 1, 0)
    with clock.at(MORNING + timedelta(days=31)):
        assert notifications.counts().failed == 0


def test_a_letter_is_tried_for_three_days_and_then_given_up(world: World) -> None:
    world.add_report()
    world.mail.trouble = ChannelAway("smtp TimeoutError")
    for hour in range(80):
        with clock.at(MORNING + timedelta(hours=hour)):
            world.work()
    assert world.rows() == [("confirm", "failed")]
    row = db.session.scalars(select(Notification)).one()
    assert row.last_error == "smtp TimeoutError"


def test_a_worker_that_lost_its_lease_marks_nothing(world: World) -> None:
    world.add_report()
    [(kind, subject)] = outbox.due(clock.now(), limit=5)
    world.do(kind, subject)
    [(kind, subject)] = [pair for pair in outbox.due(clock.now()) if pair[0] == "send_notification"]
    lost = outbox.lease(kind, subject, seconds=1)
    assert lost is not None
    with clock.at(MORNING + timedelta(seconds=2)):
        world.work()
        assert world.kinds == ["confirm"]
        with pytest.raises(outbox.LeaseLost):
            world.jobs[kind](subject, lost)
    assert world.rows() == [("confirm", "sent")]


def test_no_message_says_more_than_the_public_projection(world: World) -> None:
    report, case = told_reporter(world)
    other = world.add_report(
        email="canary@example.vn", phone="0900000001", description="canary of a resident"
    )
    world.attach(other, case)
    world.happen(case, "note_added")
    world.pass_to(case, world.other)
    world.work()
    world.resolve(case)
    world.work()
    mine = [letter for letter in world.mail.letters if letter.to == EMAIL]
    assert [letter.kind for letter in mine] == ["moved", "resolved"]
    for letter in mine:
        said = repr(letter) + letter.text + letter.html + letter.short
        assert "canary" not in said.lower()
        assert "0900000001" not in said
        assert str(report.tracking_key_hash) not in said


def test_a_deadline_that_is_past_is_called_so(world: World) -> None:
    _report, case = told_reporter(world)
    with clock.at(MORNING + timedelta(days=400)):
        world.pass_to(case, world.other)
        world.work()
        [letter] = [each for each in world.mail.letters if each.kind == "moved"]
    assert re.search(r"Đã quá hạn xử lý \d+ ngày \(hạn \d+/\d+/2026\)", letter.text)
    assert "Chậm nhất" not in letter.text


def test_most_reports_name_no_contact_and_cost_no_job(world: World) -> None:
    case = make_case(world.commune, witnesses=3)
    world.resolve(case)
    kinds = set(db.session.scalars(select(OutboxEntry.kind)))
    assert "tell_reporters" not in kinds


def test_every_message_has_the_id_of_what_it_tells(world: World) -> None:
    told_reporter(world)
    rows = db.session.scalars(select(Notification).where(Notification.kind == "received")).all()
    [row] = rows
    assert row.event_id is not None
    assert db.session.get_one(CaseEvent, row.event_id).kind == "report_attached"
