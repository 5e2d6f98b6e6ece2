"""What a case has to do with others: likely ones, merged and split ones, neighbours, old photos."""

from collections.abc import Callable

import pytest

from tests.pictures import seen_from, street
from tests.servers.casework_history import holder_of, numbered, reread, seen, suggest
from tests.servers.casework_scene import (
    SPOT,
    District,
    add_photo,
    attach,
    make_case,
    make_officer,
    moments_ago,
)
from tests.servers.counting import SqlCounter
from webapp import clock
from webapp.domain import merging
from webapp.domain.errors import NotAllowed, NotFound
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Case, Officer, PhotoReuse
from webapp.services import casework_acts, photo_prints
from webapp.services.case_relations import (
    CasePair,
    Relations,
    compare_cases,
    relations_of,
    reuses_of,
)
from webapp.services.casework_merging import merge, unmerge
from webapp.services.casework_splitting import split_off, undo_split
from webapp.services.queue_rows import row_figures
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

FORTY_METRES_OFF = Position(SPOT.latitude + 0.00036, SPOT.longitude)
A_KILOMETRE_OFF = Position(SPOT.latitude + 0.009, SPOT.longitude)
TERMS = {"rule": "likeliest_case_1", "probability": 0.7}


@pytest.fixture
def older(district: District) -> Case:
    case = make_case(district.commune_id, now=moments_ago(hours=3))
    for _ in range(2):
        attach(case.number)
    return case


@pytest.fixture
def newer(district: District) -> Case:
    case = make_case(
        district.commune_id, now=moments_ago(hours=1), position=FORTY_METRES_OFF, severity=3
    )
    attach(case.number, description="Sạp cá bày ra lòng đường.")
    return case


def read(officer: Officer, case: Case) -> Relations:
    return relations_of(officer, reread(case))


def test_both_cases_of_a_suggestion_show_the_other(
    officer: Officer, older: Case, newer: Case
) -> None:
    report_id = holder_of(newer)[0].report_id
    suggest(newer, older, report_id, TERMS)
    (mine,) = read(officer, newer).suggestions
    assert (mine.case.number, mine.is_mine_newer, mine.report_number) == (older.number, True, 1)
    assert (mine.probability, mine.terms) == (0.7, TERMS)
    (theirs,) = read(officer, older).suggestions
    assert (theirs.case.number, theirs.is_mine_newer) == (newer.number, False)
    assert theirs.report_number is None


def test_a_suggestion_follows_the_case_that_took_its_own(
    district: District, officer: Officer, older: Case, newer: Case
) -> None:
    suggest(newer, older, holder_of(newer)[0].report_id, TERMS)
    first = make_case(district.commune_id, now=moments_ago(hours=9))
    attach(first.number)
    merge(officer, seen(first), seen(newer))
    assert [each.case.number for each in read(officer, first).suggestions] == [older.number]
    merge(officer, seen(first), seen(older))
    assert read(officer, first).suggestions == ()


def test_a_suggestion_shows_on_both_sides_after_either_was_merged(
    district: District, officer: Officer, older: Case, newer: Case
) -> None:
    first = make_case(district.commune_id, now=moments_ago(hours=9))
    attach(first.number)
    suggest(newer, older, holder_of(newer)[0].report_id, TERMS)
    suggest(newer, first, holder_of(newer)[0].report_id, {"probability": 0.8})
    merge(officer, seen(first), seen(older))
    for one, other in ((newer, first), (first, newer)):
        assert [each.case.number for each in read(officer, one).suggestions] == [other.number]
        assert row_figures(officer, [one.id])[one.id]["pairs"] == (other.number,)


def test_a_merge_shows_on_both_and_can_be_undone_by_those_who_may(
    district: District, officer: Officer, older: Case, newer: Case
) -> None:
    merge(officer, seen(older), seen(newer))
    (merged,) = read(officer, older).merged_here
    assert (merged.case.number, merged.by_name, merged.can_undo) == (
        newer.number,
        officer.name,
        True,
    )
    into = read(officer, newer).merged_into
    assert into is not None
    assert into.number == older.number
    overseer = make_officer(district.district_id, "overseer")
    assert [each.can_undo for each in read(overseer, older).merged_here] == [False]
    unmerge(officer, seen(newer))
    assert read(officer, older).merged_here == ()


def test_a_split_shows_on_both_until_it_is_undone(officer: Officer, older: Case) -> None:
    new = numbered(split_off(officer, seen(older), holder_of(older)[0].report_id))
    relations = read(officer, new)
    assert relations.split_from is not None
    assert (relations.split_from.number, relations.can_undo_split) == (older.number, True)
    assert [each.number for each in read(officer, older).split_to] == [new.number]
    casework_acts.add_note(officer, seen(new), "đã gọi")
    assert not read(officer, new).can_undo_split


def test_a_split_that_was_undone_is_no_merged_case(officer: Officer, older: Case) -> None:
    new = numbered(split_off(officer, seen(older), holder_of(older)[0].report_id))
    undo_split(officer, seen(new))
    assert read(officer, older).merged_here == ()
    assert not read(officer, new).can_undo_split


def test_neighbours_are_the_nearest_open_cases_of_the_unit(
    district: District, officer: Officer, older: Case, newer: Case
) -> None:
    make_case(district.other_commune_id)
    make_case(district.commune_id, position=A_KILOMETRE_OFF)
    close = make_case(district.commune_id)
    near = read(officer, older).nearby
    assert [each.case.number for each in near] == [close.number, newer.number]
    assert [round(each.distance_m) for each in near] == [0, 40]
    supervisor = make_officer(district.district_id, "supervisor")
    assert len(read(supervisor, older).nearby) == 2


def test_relations_take_five_statements_at_most_whatever_there_is(
    officer: Officer, older: Case, newer: Case, sql_counter: Callable[[], SqlCounter]
) -> None:
    split_off(officer, seen(older), holder_of(older)[0].report_id)
    suggest(newer, older, holder_of(newer)[0].report_id, TERMS)
    beside = make_case(older.lead_unit_id)
    merge(officer, seen(older), seen(beside))
    case = reread(older)
    officer_id = officer.id
    db.session.expire_all()
    case, officer = reread(older), db.session.get_one(Officer, officer_id)
    assert case.number
    assert officer.unit_id
    with sql_counter() as statements:
        relations_of(officer, case)
    assert len(statements) <= 5


def test_an_undo_is_offered_only_while_something_would_be_given_back(
    officer: Officer, older: Case, newer: Case
) -> None:
    merge(officer, seen(older), seen(newer))
    assert [each.can_undo for each in read(officer, older).merged_here] == [True]
    gone = read(officer, newer)
    assert (gone.can_undo_merge, gone.reports_now) == (True, ())
    report_id = next(
        each.report_id for each in holder_of(older) if merging.came_through(each.terms)
    )
    made = split_off(officer, seen(older), report_id)
    assert [each.can_undo for each in read(officer, older).merged_here] == [False]
    gone = read(officer, newer)
    assert not gone.can_undo_merge
    assert [case.number for case in gone.reports_now] == [made]
    with pytest.raises(NotAllowed, match="unmerge_nothing_left"):
        unmerge(officer, seen(newer))


def test_an_undo_that_would_leave_nothing_behind_is_not_offered(
    officer: Officer, older: Case, newer: Case
) -> None:
    merge(officer, seen(older), seen(newer))
    own = [each.report_id for each in holder_of(older) if not merging.came_through(each.terms)]
    for report_id in own:
        split_off(officer, seen(older), report_id)
    assert [each.can_undo for each in read(officer, older).merged_here] == [False]
    assert not read(officer, newer).can_undo_merge


def compared(officer: Officer, one: Case, other: Case) -> CasePair:
    db.session.rollback()
    return compare_cases(officer, one.number, other.number)


def test_two_cases_side_by_side_say_what_would_become_of_them(
    officer: Officer, older: Case, newer: Case
) -> None:
    suggest(newer, older, holder_of(newer)[0].report_id, TERMS)
    add_photo(holder_of(newer)[0].report_id)
    pair = compared(officer, newer, older)
    assert (pair.left.case.number, pair.right.case.number) == (newer.number, older.number)
    assert (pair.left.report_count, pair.right.report_count) == (1, 2)
    assert pair.left.words == ("Sạp cá bày ra lòng đường.",)
    assert len(pair.left.photos) == 1
    assert (pair.surviving_number, pair.severity, pair.objection) == (older.number, 3, None)
    assert pair.resolve_due_at <= min(older.resolve_due_at, newer.resolve_due_at)
    assert pair.suggestion_terms == TERMS
    assert round(pair.distance_m) == 40
    survivor = merge(officer, seen(newer), seen(older))
    merged = numbered(survivor)
    assert (pair.surviving_number, pair.severity) == (survivor, merged.severity)
    assert (pair.acknowledge_due_at, pair.resolve_due_at) == (
        merged.acknowledge_due_at,
        merged.resolve_due_at,
    )


def test_why_two_cases_cannot_be_merged_is_said_beforehand(
    district: District, officer: Officer, older: Case, newer: Case
) -> None:
    supervisor = make_officer(district.district_id, "supervisor")
    foreign = make_case(district.other_commune_id)
    assert compared(supervisor, older, newer).objection == "not_your_role"
    assert compared(supervisor, older, foreign).objection == "merge_other_unit"
    merge(officer, seen(older), seen(newer))
    assert compared(officer, older, newer).objection == "merge_merged_away"


def test_what_an_officer_may_not_know_of_is_not_compared(
    district: District, officer: Officer, older: Case
) -> None:
    foreign = make_case(district.other_commune_id)
    with pytest.raises(NotFound, match="merge_other_not_found"):
        compare_cases(officer, older.number, foreign.number)
    with pytest.raises(NotFound, match="case_not_found"):
        compare_cases(officer, foreign.number, older.number)


def test_a_photo_that_was_used_before_names_the_case_to_those_who_may_know_of_it(
    district: District, officer: Officer, older: Case
) -> None:
    foreign = make_case(district.other_commune_id)
    earlier = add_photo(attach(foreign.number).id)
    beside = add_photo(attach(foreign.number).id, sha256="1" * 64)
    photo = add_photo(holder_of(older)[0].report_id, sha256="2" * 64)
    with transaction() as work:
        for each, kind in ((earlier, "elsewhere"), (beside, "other_sender")):
            work.session.add(
                PhotoReuse(
                    photo_id=photo.id,
                    earlier_photo_id=each.id,
                    kind=kind,
                    distance_m=812.5,
                    found_at=clock.now(),
                )
            )
    reuses = reuses_of(officer, older.id)[photo.id]
    assert [(each.kind, each.case, each.distance_m) for each in reuses] == [
        ("elsewhere", None, 812.5),
        ("other_sender", None, 812.5),
    ]
    supervisor = make_officer(district.district_id, "supervisor")
    known = reuses_of(supervisor, older.id)[photo.id][0].case
    assert known is not None
    assert known.number == foreign.number
    assert reuses_of(supervisor, foreign.id) == {}


def test_photos_of_two_cases_are_compared_by_their_prints(
    officer: Officer, older: Case, newer: Case
) -> None:
    mine, theirs = holder_of(newer)[0].report_id, [each.report_id for each in holder_of(older)]
    shots = {
        "a" * 64: (mine, seen_from(street(1), -0.8)),
        "b" * 64: (theirs[0], seen_from(street(1), 0.8)),
        "c" * 64: (theirs[1], seen_from(street(2), 0.0)),
    }
    photo_ids = {}
    for sha256, (report_id, picture) in shots.items():
        photo_ids[sha256] = add_photo(report_id, sha256=sha256).id
        taken = photo_prints.take(picture, sha256)
        assert taken is not None
        with transaction() as work:
            photo_prints.keep(work.session, taken)
    first, second = compared(officer, newer, older).pairs
    assert (first.left_photo_id, first.right_photo_id) == (
        photo_ids["a" * 64],
        photo_ids["b" * 64],
    )
    assert (first.kind, second.kind) == ("same_scene", "no_match")
    assert first.points > second.points


def test_photos_without_prints_are_not_compared(officer: Officer, older: Case, newer: Case) -> None:
    for case in (older, newer):
        add_photo(holder_of(case)[0].report_id)
    assert compared(officer, older, newer).pairs == ()
