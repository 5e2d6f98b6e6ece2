"""The outbox: who gets which work, for how long, and when it comes again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from webapp import clock
from webapp.adapters import job_queue
from webapp.adapters.job_queue import NullJobQueue
from webapp.extensions import db
from webapp.models import Category, Contact, OutboxEntry
from webapp.services import outbox
from webapp.services.outbox import Lease, LeaseLost
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

KIND, SUBJECT = "triage_report", "7"


def ask() -> None:
    with transaction() as work:
        work.ask(KIND, SUBJECT)


def entry() -> OutboxEntry:
    db.session.rollback()
    return db.session.scalars(select(OutboxEntry).where(OutboxEntry.kind == KIND)).one()


def take(seconds: int = 20) -> Lease:
    lease = outbox.lease(KIND, SUBJECT, seconds=seconds)
    assert lease is not None
    return lease


def let_time_pass(**changes: object) -> None:
    """Move the entry's moments instead of waiting for the clock."""
    with transaction() as work:
        row = work.session.scalars(select(OutboxEntry)).one()
        for name, value in changes.items():
            setattr(row, name, value)


def fail_once(lease: Lease) -> None:
    outbox.fail(lease, ValueError("broken"))


def store_a_contact_of_nobody() -> None:
    """Fail at once on both databases, with the whole row in what PostgreSQL says of it."""
    with transaction() as work:
        row = {"report_id": 987_654, "phone": "0912345678", "consented_at": None}
        work.session.execute(insert(Contact).values(**row))


def test_an_error_of_the_database_is_kept_without_what_it_was_about_to_store() -> None:
    ask()
    lease = take()
    with pytest.raises(IntegrityError) as failed:
        store_a_contact_of_nobody()
    outbox.fail(lease, failed.value)

    assert "0912345678" not in f"{failed.value} {failed.value.orig}"
    told = entry().last_error
    assert told is not None
    assert told.startswith("IntegrityError ")
    assert len(told.split()) == 2


def write_and_finish(lease: Lease) -> None:
    with transaction() as work:
        work.session.get_one(Category, "other").name = "changed by the late writer"
        work.session.flush()
        outbox.finish(work, lease)


@pytest.fixture
def announced() -> list[tuple[str, str]]:
    """What the queue was told."""
    queue = NullJobQueue()
    job_queue.use(queue)
    return queue.announced


def test_an_attempt_is_counted_before_the_work_is_done() -> None:
    ask()
    lease = take()
    assert lease.attempt == 1
    assert entry().attempts == 1


def test_work_that_is_leased_is_nobody_elses() -> None:
    ask()
    take()
    assert outbox.lease(KIND, SUBJECT, seconds=20) is None
    assert outbox.due(clock.now()) == []


def test_work_that_nobody_asked_for_gives_no_lease() -> None:
    assert outbox.lease(KIND, SUBJECT, seconds=20) is None


def test_a_lost_lease_is_due_at_once() -> None:
    ask()
    first = take()
    let_time_pass(leased_until=clock.now())
    assert outbox.due(clock.now()) == [(KIND, SUBJECT)]
    second = take()
    assert (second.attempt, second.epoch) == (2, first.epoch + 1)


def test_a_renewed_lease_holds_for_another_span() -> None:
    ask()
    lease = take()
    let_time_pass(leased_until=clock.now())
    assert outbox.renew(lease)
    assert outbox.due(clock.now()) == []


def test_a_lease_that_somebody_else_took_cannot_be_renewed() -> None:
    ask()
    late = take()
    let_time_pass(leased_until=clock.now())
    take()
    assert not outbox.renew(late)


def test_finished_work_is_not_due_any_more() -> None:
    ask()
    lease = take()
    with transaction() as work:
        outbox.finish(work, lease)
    assert entry().done_at is not None
    assert outbox.lease(KIND, SUBJECT, seconds=20) is None


def test_a_late_writer_changes_nothing() -> None:
    ask()
    late = take()
    let_time_pass(leased_until=clock.now())
    take()
    with pytest.raises(LeaseLost):
        write_and_finish(late)
    assert entry().done_at is None
    assert db.session.get_one(Category, "other").name == "Khác"


def test_a_late_writer_cannot_finish_what_is_already_done() -> None:
    ask()
    lease = take()
    with transaction() as work:
        outbox.finish(work, lease)
    with pytest.raises(LeaseLost), transaction() as work:
        outbox.finish(work, lease)


def test_asking_again_while_the_work_runs_makes_the_runner_too_late() -> None:
    ask()
    lease = take()
    ask()
    with pytest.raises(LeaseLost), transaction() as work:
        outbox.finish(work, lease)
    assert outbox.due(clock.now()) == [(KIND, SUBJECT)]


def test_work_that_raised_comes_again_after_one_five_and_twentyfive_minutes() -> None:
    ask()
    pauses = []
    for _ in range(3):
        lease = take()
        before = clock.now()
        fail_once(lease)
        pauses.append(round((entry().due_at - before).total_seconds() / 60))
        let_time_pass(due_at=clock.now())
    assert pauses == [1, 5, 25]


def test_after_the_last_attempt_a_person_is_asked_without_a_pause() -> None:
    ask()
    for _ in range(outbox.MOST_ATTEMPTS):
        lease = take()
        assert not lease.is_beyond_last_attempt
        fail_once(lease)
        if lease.attempt < outbox.MOST_ATTEMPTS:
            let_time_pass(due_at=clock.now())
    assert take().is_beyond_last_attempt


def test_a_failed_run_leaves_the_name_of_its_error() -> None:
    ask()
    fail_once(take())
    assert entry().last_error == "ValueError: broken"
    assert entry().leased_until is None


def test_a_late_failure_changes_nothing() -> None:
    ask()
    late = take()
    let_time_pass(leased_until=clock.now())
    take()
    fail_once(late)
    assert entry().leased_until is not None
    assert entry().last_error is None


def test_asking_again_begins_the_attempts_anew() -> None:
    ask()
    fail_once(take())
    ask()
    assert take().attempt == 1


def test_a_sweep_announces_what_is_due_whatever_the_queue_remembers(
    announced: list[tuple[str, str]],
) -> None:
    ask()
    announced.clear()
    assert outbox.sweep() == 1
    assert outbox.sweep() == 1
    assert announced == [(KIND, SUBJECT)] * 2


def test_a_sweep_leaves_alone_what_waits_for_its_hour(announced: list[tuple[str, str]]) -> None:
    with transaction() as work:
        work.ask(KIND, SUBJECT, due_at=clock.now() + timedelta(minutes=1))
    assert outbox.sweep() == 0
    assert announced == []


def test_a_sweep_announces_nothing_while_the_queue_is_long(
    announced: list[tuple[str, str]],
) -> None:
    ask()
    announced.clear()
    assert outbox.sweep(already_queued=outbox.SWEEP_LIMIT) == 0
    assert announced == []


def test_the_longest_waiting_work_is_announced_first() -> None:
    with transaction() as work:
        for subject, minutes in (("late", 1), ("latest", 0), ("first", 2)):
            work.ask(KIND, subject, due_at=clock.now() - timedelta(minutes=minutes))
    assert [subject for _, subject in outbox.due(clock.now(), limit=2)] == ["first", "late"]


def test_of_two_clocks_only_one_gets_the_turn() -> None:
    assert outbox.take_turn("sweep", every_s=60)
    assert not outbox.take_turn("sweep", every_s=60)


def test_the_next_turn_comes_after_its_span() -> None:
    assert outbox.take_turn("sweep", every_s=0)
    assert outbox.take_turn("sweep", every_s=0)


def test_a_turn_is_no_work_for_a_worker() -> None:
    outbox.take_turn("sweep", every_s=0)
    assert outbox.due(clock.now() + timedelta(hours=1)) == []


def test_asking_again_never_puts_waiting_work_off() -> None:
    moment = clock.now()
    with transaction() as work:
        work.ask("rebuild_tallies", "2026-06-17", due_at=moment)
    with transaction() as work:
        work.ask("rebuild_tallies", "2026-06-17", due_at=moment + timedelta(hours=1))
    assert outbox.lease("rebuild_tallies", "2026-06-17", seconds=20) is not None


def test_asking_twice_in_one_transaction_is_asking_once() -> None:
    with transaction() as work:
        work.ask("rebuild_tallies", "2026-06-17")
        work.ask("rebuild_tallies", "2026-06-17")
    entries = db.session.scalars(select(OutboxEntry)).all()
    assert [(entry.kind, entry.subject) for entry in entries] == [("rebuild_tallies", "2026-06-17")]


def test_work_asked_for_while_it_runs_comes_again() -> None:
    with transaction() as work:
        work.ask("rebuild_tallies", "2026-06-17")
    held = outbox.lease("rebuild_tallies", "2026-06-17", seconds=20)
    assert held is not None
    with transaction() as work:
        work.ask("rebuild_tallies", "2026-06-17")
    with pytest.raises(LeaseLost), transaction() as work:
        outbox.finish(work, held)
    assert outbox.lease("rebuild_tallies", "2026-06-17", seconds=20) is not None


def test_two_first_requests_at_once_become_one_entry(app: Flask) -> None:
    barrier = threading.Barrier(8)

    def request() -> None:
        with app.app_context():
            barrier.wait()
            with transaction() as work:
                work.ask("rebuild_tallies", "2026-06-17")
            db.session.remove()

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(request) for _ in range(8)]:
            done.result()
    assert db.session.scalar(select(func.count()).select_from(OutboxEntry)) == 1


def test_work_that_is_put_off_comes_later_and_loses_no_attempt() -> None:
    ask()
    lease = take()
    later = clock.now() + timedelta(hours=8)
    with transaction() as work:
        outbox.put_off(work, lease, later)
    assert outbox.due(clock.now()) == []
    assert outbox.due(later) == [(KIND, SUBJECT)]
    assert entry().attempts == 0


def test_work_that_somebody_else_has_cannot_be_put_off() -> None:
    ask()
    late = take()
    let_time_pass(leased_until=clock.now())
    take()
    with pytest.raises(LeaseLost), transaction() as work:
        outbox.put_off(work, late, clock.now() + timedelta(hours=8))


def test_work_rests_together_but_not_what_is_in_hand_or_due_later_still() -> None:
    rest_over = clock.now() + timedelta(minutes=5)
    with transaction() as work:
        for subject in ("1", "2", "3", "4"):
            work.ask(KIND, subject)
        work.ask(KIND, "5", due_at=rest_over + timedelta(minutes=1))
    held = outbox.lease(KIND, "2", seconds=20)
    assert held is not None
    subjects = select(OutboxEntry.subject).where(OutboxEntry.subject != "4")
    with transaction() as work:
        outbox.let_rest(work, KIND, subjects, rest_over)
    assert outbox.due(clock.now()) == [(KIND, "4")]
    assert sorted(outbox.due(rest_over)) == [(KIND, subject) for subject in ("1", "2", "3", "4")]
    with transaction() as work:
        outbox.finish(work, held)


def test_news_for_residents_comes_after_everything_else() -> None:
    with transaction() as work:
        work.ask("send_notification", "a", due_at=clock.now() - timedelta(hours=1))
        work.ask(KIND, SUBJECT)
        work.ask("tell_reporters", "1", due_at=clock.now() - timedelta(minutes=1))
    assert outbox.due(clock.now(), limit=2) == [(KIND, SUBJECT), ("send_notification", "a")]
