"""A case changes hands: offered, taken, refused, contested, ruled upon; never lost on the way."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from tests.servers.casework_history import check_history, events_of, reread, seen
from tests.servers.casework_scene import (
    District,
    attach,
    build_district,
    make_case,
    make_officer,
    make_unit,
    moments_ago,
)
from webapp import clock
from webapp.domain.errors import AnLoError, Conflict, InvalidInput, NotAllowed, NotFound
from webapp.extensions import db
from webapp.models import Case, Coordination, Officer, Transfer, Unit
from webapp.services import casefile, casework_acts
from webapp.services import casework_transfers as transfers
from webapp.services.casework_acts import Seen
from webapp.services.casework_merging import merge
from webapp.services.casework_splitting import split_off, undo_split
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

WHY = "Điểm nằm bên kia ranh giới."


@pytest.fixture
def district(context: None) -> District:
    return build_district()


@pytest.fixture
def officer(district: District) -> Officer:
    return make_officer(district.commune_id)


@pytest.fixture
def neighbour(district: District) -> Officer:
    return make_officer(district.other_commune_id)


@pytest.fixture
def road(district: District) -> Officer:
    """An officer of the authority that manages a road."""
    return make_officer(make_unit("authority", "Chi cục Quản lý đường bộ"))


@pytest.fixture
def supervisor(district: District) -> Officer:
    return make_officer(district.district_id, "supervisor")


def offer(officer: Officer, case: Case, to: Officer) -> None:
    transfers.offer(officer, seen(case), to.unit_id, "other_land", WHY)


def hand_over(officer: Officer, case: Case, to: Officer) -> None:
    """Transfer a case, and have it taken."""
    offer(officer, case, to)
    transfers.accept(to, seen(case))


def let_the_day_pass(case: Case) -> None:
    with transaction() as work:
        row = work.session.query(Transfer).filter_by(case_id=case.id, state="open").one()
        row.due_at = moments_ago(hours=1)


def states_of_transfers(case: Case) -> list[str]:
    db.session.rollback()
    rows = db.session.query(Transfer).filter_by(case_id=case.id).order_by(Transfer.id)
    return [row.state for row in rows]


def standing_parts(case: Case) -> set[tuple[int, str]]:
    db.session.rollback()
    rows = db.session.query(Coordination).filter_by(case_id=case.id)
    return {(row.unit_id, row.source) for row in rows if row.state != "ended"}


def is_seen_by(officer: Officer, case: Case) -> bool:
    db.session.rollback()
    return casefile.is_visible(db.session.get_one(Officer, officer.id), case.number)


def test_the_unit_that_was_asked_sees_the_case_and_leads_once_it_takes_it(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    before = reread(case)
    due = (before.acknowledge_due_at, before.resolve_due_at)
    assert not is_seen_by(neighbour, case)
    offer(officer, case, neighbour)
    assert is_seen_by(neighbour, case)
    transfers.accept(neighbour, seen(case), "Nhận, đúng là của xã.")
    now = reread(case)
    assert (now.lead_unit_id, now.transfer_to_id, now.transfer_count) == (
        neighbour.unit_id,
        None,
        1,
    )
    assert (now.acknowledge_due_at, now.resolve_due_at) == due
    assert states_of_transfers(case) == ["accepted"]
    check_history(case)


def test_the_commune_of_the_land_stays_on_a_case_that_left_it(
    district: District, officer: Officer, neighbour: Officer, road: Officer
) -> None:
    case = make_case(district.commune_id)
    hand_over(officer, case, neighbour)
    assert standing_parts(case) == {(officer.unit_id, "land")}
    hand_over(neighbour, case, road)
    assert standing_parts(case) == {(officer.unit_id, "land")}
    assert is_seen_by(officer, case)
    assert not is_seen_by(neighbour, case)
    check_history(case)


def test_a_unit_that_takes_a_case_back_coordinates_no_longer(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    hand_over(officer, case, neighbour)
    hand_over(neighbour, case, officer)
    assert reread(case).lead_unit_id == officer.unit_id
    assert standing_parts(case) == set()


def test_a_refusal_is_given_in_words_and_the_case_stays(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    offer(officer, case, neighbour)
    with pytest.raises(InvalidInput, match="refusal_words_needed"):
        transfers.refuse(neighbour, seen(case), " ")
    transfers.refuse(neighbour, seen(case), "Mốc 12 ở phía đông điểm này.")
    assert reread(case).lead_unit_id == officer.unit_id
    assert states_of_transfers(case) == ["refused"]
    assert events_of(case)[-1].words == "Mốc 12 ở phía đông điểm này."
    assert not is_seen_by(neighbour, case)


def test_a_transfer_needs_a_reason_words_and_a_unit_of_today(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    with pytest.raises(InvalidInput, match="transfer_reason_needed"):
        transfers.offer(officer, seen(case), neighbour.unit_id, "tired", WHY)
    with pytest.raises(InvalidInput, match="transfer_words_needed"):
        transfers.offer(officer, seen(case), neighbour.unit_id, "other_land", "")
    with pytest.raises(NotFound, match="unit_unknown"):
        transfers.offer(officer, seen(case), district.district_id, "other_land", WHY)
    with pytest.raises(NotAllowed, match="transfer_to_itself"):
        transfers.offer(officer, seen(case), officer.unit_id, "other_land", WHY)
    assert states_of_transfers(case) == []


def test_the_third_transfer_is_refused_and_the_district_rules(
    district: District, officer: Officer, neighbour: Officer, supervisor: Officer
) -> None:
    case = make_case(district.commune_id)
    hand_over(officer, case, neighbour)
    hand_over(neighbour, case, officer)
    with pytest.raises(NotAllowed, match="transfer_limit"):
        offer(officer, case, neighbour)
    transfers.contest(officer, seen(case), "Hai xã chuyển qua lại.")
    transfers.rule(supervisor, seen(case), neighbour.unit_id, "Theo mốc 12, thuộc xã Thanh Hải.")
    now = reread(case)
    assert (now.lead_unit_id, now.transfer_count, now.is_ruling_asked) == (
        neighbour.unit_id,
        2,
        False,
    )
    assert standing_parts(case) == {(officer.unit_id, "land")}
    assert states_of_transfers(case) == ["accepted", "accepted", "ruled"]
    check_history(case)


def test_the_district_is_not_asked_before_the_units_tried_to_agree(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    with pytest.raises(NotAllowed, match="contest_too_early"):
        transfers.contest(officer, seen(case), "Không phải của chúng tôi.")
    offer(officer, case, neighbour)
    transfers.refuse(neighbour, seen(case), "Không phải.")
    transfers.contest(officer, seen(case), "Không phải của chúng tôi.")
    assert reread(case).is_ruling_asked


def test_silence_moves_nothing_and_lets_the_district_rule(
    district: District, officer: Officer, neighbour: Officer, supervisor: Officer
) -> None:
    case = make_case(district.commune_id)
    offer(officer, case, neighbour)
    with pytest.raises(NotAllowed, match="ruling_too_early"):
        transfers.rule(supervisor, seen(case), neighbour.unit_id, "Giao xã Thanh Hải.")
    let_the_day_pass(case)
    assert reread(case).lead_unit_id == officer.unit_id
    transfers.rule(supervisor, seen(case), officer.unit_id, "Giữ tại xã Nhơn Hải.")
    now = reread(case)
    assert (now.lead_unit_id, now.transfer_to_id) == (officer.unit_id, None)
    assert standing_parts(case) == set()


def test_a_silence_is_not_taken_back_and_lets_the_lead_ask_the_district(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    offer(officer, case, neighbour)
    with pytest.raises(NotAllowed, match="contest_too_early"):
        transfers.contest(officer, seen(case), "Không thống nhất.")
    let_the_day_pass(case)
    with pytest.raises(NotAllowed, match="withdrawal_too_late"):
        transfers.withdraw(officer, seen(case))
    transfers.contest(officer, seen(case), "Bên kia im lặng.")
    now = reread(case)
    assert (now.transfer_to_id, now.is_ruling_asked) == (None, True)
    assert states_of_transfers(case) == ["withdrawn", "open"]
    check_history(case)


def end_of(unit_id: int) -> None:
    """Let a unit end yesterday."""
    with transaction() as work:
        unit = work.session.get_one(Unit, unit_id)
        unit.valid_to = clock.today() - timedelta(days=1)


def test_the_district_names_a_lead_where_the_former_one_ended(
    district: District, officer: Officer, neighbour: Officer, supervisor: Officer
) -> None:
    case = make_case(district.commune_id)
    with pytest.raises(NotAllowed) as stands:
        transfers.name_lead(supervisor, seen(case), neighbour.unit_id, "Giao xã Thanh Hải.")
    assert stands.value.details["reason"] == "lead_stands"
    end_of(district.commune_id)
    assert "name_lead" in casefile.acts_of(supervisor, reread(case))
    with pytest.raises(InvalidInput, match="ruling_words_needed"):
        transfers.name_lead(supervisor, seen(case), neighbour.unit_id, " ")
    transfers.name_lead(supervisor, seen(case), neighbour.unit_id, "Giao xã Thanh Hải.")
    now = reread(case)
    assert (now.lead_unit_id, now.transfer_count) == (neighbour.unit_id, 0)
    # Nobody is left in the old commune who could coordinate.
    assert standing_parts(case) == set()
    casework_acts.acknowledge(neighbour, seen(case))
    check_history(case)


def test_only_those_concerned_answer_withdraw_or_rule(
    district: District, officer: Officer, neighbour: Officer, road: Officer, supervisor: Officer
) -> None:
    case = make_case(district.commune_id)
    offer(officer, case, neighbour)
    for act, who in (
        (lambda: transfers.accept(road, seen(case)), "case_not_found"),
        (lambda: transfers.accept(officer, seen(case)), "not_asked_unit"),
        (lambda: transfers.withdraw(neighbour, seen(case)), "not_lead_unit"),
        (lambda: transfers.rule(officer, seen(case), officer.unit_id, "Tôi"), "not_your_role"),
        (lambda: transfers.accept(supervisor, seen(case)), "not_your_role"),
    ):
        with pytest.raises(AnLoError) as caught:
            act()
        assert caught.value.details.get("reason", caught.value.code) == who
    transfers.withdraw(officer, seen(case))
    assert states_of_transfers(case) == ["withdrawn"]
    assert not is_seen_by(neighbour, case)


def test_a_case_that_waits_for_an_answer_is_worked_on_and_not_ended(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    offer(officer, case, neighbour)
    casework_acts.acknowledge(officer, seen(case))
    assert casefile.acts_of(officer, reread(case)) >= {"start", "withdraw_transfer"}
    assert "resolve" not in casefile.acts_of(officer, reread(case))


@pytest.mark.parametrize("rival", ["withdraw", "refuse"])
def test_of_two_answers_at_once_one_holds(
    app: Flask, district: District, officer: Officer, neighbour: Officer, rival: str
) -> None:
    case = make_case(district.commune_id)
    offer(officer, case, neighbour)
    stood = seen(case)
    second = make_officer(neighbour.unit_id)
    case_id = case.id
    ids = {"first": neighbour.id, "rival": officer.id if rival == "withdraw" else second.id}
    db.session.remove()

    def accept(who: Officer) -> None:
        transfers.accept(who, stood)

    def answer(who: Officer) -> None:
        if rival == "withdraw":
            transfers.withdraw(who, stood)
        else:
            transfers.refuse(who, stood, "Không phải.")

    outcomes = _at_once(app, {"first": accept, "rival": answer}, ids)

    case = db.session.get_one(Case, case_id)
    assert sorted(outcomes.values()) in (["Conflict", "done"], ["NotFound", "done"])
    assert states_of_transfers(case) in (["accepted"], ["withdrawn"], ["refused"])
    check_history(case)


def _at_once(
    app: Flask, acts: dict[str, Callable[[Officer], None]], ids: dict[str, int]
) -> dict[str, str]:
    """Run acts of several officers at the same time; say what came of each."""
    start, outcomes = threading.Barrier(len(acts)), dict.fromkeys(acts, "")

    def run(name: str) -> None:
        with app.app_context():
            who = db.session.get_one(Officer, ids[name])
            start.wait()
            try:
                acts[name](who)
                outcomes[name] = "done"
            except (Conflict, NotFound, NotAllowed) as error:
                outcomes[name] = type(error).__name__
            db.session.remove()

    threads = [threading.Thread(target=run, args=(name,)) for name in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_a_page_from_before_the_case_changed_hands_is_stale_for_whoever_still_sees_it(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    old: Seen = seen(case)
    hand_over(officer, case, neighbour)
    with pytest.raises(Conflict):
        casework_acts.add_note(officer, old, "Đã gọi điện.")


def test_a_case_that_waits_for_an_answer_is_not_merged(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    one, other = (make_case(district.commune_id) for _ in range(2))
    offer(officer, other, neighbour)
    with pytest.raises(NotAllowed, match="merge_transfer_open"):
        merge(officer, seen(one), seen(other))


def test_merging_makes_no_further_transfer_possible_and_loses_nobody(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    foreign, own = make_case(district.other_commune_id), make_case(district.commune_id)
    for case in (foreign, own):
        attach(case.number)
    hand_over(neighbour, foreign, officer)
    survivor = merge(officer, seen(own), seen(foreign))
    kept = db.session.query(Case).filter_by(number=survivor).one()
    assert kept.transfer_count == 1
    assert (neighbour.unit_id, "land") in standing_parts(kept)


def test_a_case_that_is_split_off_keeps_the_land_its_units_and_its_transfers(
    district: District, officer: Officer, neighbour: Officer
) -> None:
    case = make_case(district.commune_id)
    reports = [attach(case.number).id for _ in range(2)]
    hand_over(officer, case, neighbour)
    number = split_off(neighbour, seen(case), reports[1])
    made = db.session.query(Case).filter_by(number=number).one()
    assert (made.lead_unit_id, made.commune_id) == (neighbour.unit_id, officer.unit_id)
    assert made.transfer_count == 1
    assert standing_parts(made) == {(officer.unit_id, "land")}
    assert undo_split(neighbour, seen(made)) == case.number
