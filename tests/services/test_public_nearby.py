"""Which public cases a resident is told of before they report: near, open first, never private."""

import json
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, text

from tests.factories import make_case, make_commune, somewhere
from tests.servers.casework_history import happen
from tests.servers.counting import SqlCounter
from webapp import clock
from webapp.domain.disclosure import public_spot
from webapp.domain.errors import AnLoError, InvalidInput, TooLarge
from webapp.domain.geo import Position, cell_of, distance_m
from webapp.extensions import db
from webapp.models import Case, CaseEvent, Place, Unit
from webapp.services import public_nearby
from webapp.services.public_nearby import Question, cases_near, read_question
from webapp.services.transaction import transaction

DAYS_AGO = timedelta(days=3)


def ask(
    *, accuracy_m: float | None = 10.0, category: str | None = None, **metres: float
) -> Question:
    """Ask about a spot so many metres from the middle of the commune."""
    spot = somewhere(**metres)  # type: ignore[arg-type]
    return Question(spot.latitude, spot.longitude, accuracy_m, category)


def told(question: Question) -> list[str]:
    return [card.public.number for card in cases_near(question)]


def open_case(unit: Unit, **wishes: Any) -> Case:
    """Open a case that everybody may see, so many metres from the middle."""
    metres = {name: wishes.pop(name) for name in ("east_m", "north_m") if name in wishes}
    return make_case(unit, somewhere(**metres), **({"opened_at": clock.now() - DAYS_AGO} | wishes))


def rewrite(case: Case, **columns: Any) -> None:
    """Put a case into a state that acts lead to only by many steps or by waiting."""
    with transaction() as work:
        fresh = work.session.get_one(Case, case.id, populate_existing=True)
        version = fresh.version + 1
        work.session.add(
            CaseEvent(
                case_id=case.id,
                version=version,
                kind="rewritten",
                at=clock.now(),
                data={},
                hash="0" * 64,
            )
        )
        work.session.flush()
        for name, value in (columns | {"version": version}).items():
            setattr(fresh, name, value)


# ── What is told ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("context")
def test_open_cases_come_first_then_the_same_category_then_the_nearest() -> None:
    unit = make_commune()
    far = open_case(unit, east_m=60)
    other = open_case(unit, category_code="road_damage")
    near = open_case(unit, east_m=30)
    ended = open_case(unit, north_m=5)
    happen(ended, None, "acknowledged", "resolved")

    in_order = [case.number for case in (near, far, other, ended)]
    assert told(ask(category="pavement_encroachment")) == in_order
    assert told(ask())[0] == other.number
    assert told(ask(category="no such thing"))[-1] == ended.number


@pytest.mark.usefixtures("context")
def test_what_is_not_public_yet_is_not_told() -> None:
    fresh = open_case(make_commune(), opened_at=clock.now() - timedelta(hours=5))
    assert told(ask()) == []
    happen(fresh, None, "acknowledged")
    assert told(ask()) == [fresh.number]


@pytest.mark.usefixtures("context")
def test_what_was_refused_or_merged_away_is_not_told() -> None:
    unit = make_commune()
    refused, merged, survivor = (open_case(unit) for _ in range(3))
    rewrite(refused, status="refused", is_open=False)
    rewrite(merged, merged_into_id=survivor.id, is_open=False)
    assert told(ask()) == [survivor.number]


@pytest.mark.usefixtures("context")
def test_what_ended_is_told_for_a_season_and_once_for_each_place() -> None:
    unit = make_commune()
    long_ago, older, newer, watched = (open_case(unit) for _ in range(4))
    for case in (long_ago, older, newer, watched):
        happen(case, None, "acknowledged", "resolved")
    rewrite(long_ago, resolved_at=clock.now() - timedelta(days=91))
    rewrite(newer, place_id=older.place_id)
    rewrite(watched, status="closed")
    assert told(ask()) == [watched.number, newer.number]


@pytest.mark.usefixtures("context")
def test_the_radius_follows_the_accuracy_and_ends_at_250_metres() -> None:
    unit = make_commune()
    cases = {east_m: open_case(unit, east_m=east_m) for east_m in (30, 120, 220, 290)}
    for accuracy_m, reached in ((None, 1), (10.0, 1), (80.0, 2), (5_000.0, 3)):
        expected = {cases[east_m].number for east_m in sorted(cases)[:reached]}
        assert set(told(ask(accuracy_m=accuracy_m))) == expected


@pytest.mark.usefixtures("context")
def test_five_are_enough_and_three_statements_find_them(
    sql_counter: Callable[[], SqlCounter],
) -> None:
    unit = make_commune()
    for east_m in range(8):
        open_case(unit, east_m=east_m)
    with sql_counter() as statements:
        assert len(told(ask())) == 5
    assert len(statements) <= 3, "\n".join(statements)


def crowd(unit: Unit, count: int) -> None:
    """Fill the district with cases 100 metres apart, in three statements."""
    spots = [somewhere(east_m=100 * (n % 50), north_m=100 * (n // 50)) for n in range(count)]
    now = clock.now() - DAYS_AGO
    shared = {"category_code": "road_damage"}
    with transaction() as work:
        places = [
            {
                **shared,
                "latitude": spot.latitude,
                "longitude": spot.longitude,
                "cell": cell_of(spot.latitude, spot.longitude),
                "created_at": now,
            }
            for spot in spots
        ]
        ids = work.session.scalars(insert(Place).returning(Place.id), places).all()
        cases = [
            _plain_case(unit, place_id, place, now)
            for place_id, place in zip(ids, places, strict=True)
        ]
        work.session.execute(insert(Case), cases)
        opened = {"version": 1, "kind": "opened", "at": now, "data": {}, "hash": "0" * 64}
        work.session.execute(insert(CaseEvent), [opened | {"case_id": c["id"]} for c in cases])


def _plain_case(unit: Unit, place_id: int, place: dict[str, Any], at: datetime) -> dict[str, Any]:
    dues = dict.fromkeys(("opened_at", "acknowledge_due_at", "resolve_due_at", "due_at"), at)
    return {
        **{name: place[name] for name in ("category_code", "latitude", "longitude", "cell")},
        **dues,
        "id": 10_000 + place_id,
        "number": f"NH-2020-{place_id}",
        "version": 1,
        "place_id": place_id,
        "status": "new",
        "is_open": True,
        "severity": 1,
        "lead_unit_id": unit.id,
        "report_count": 1,
        "witness_count": 1,
        "is_relapse": False,
    }


@pytest.mark.usefixtures("context")
def test_among_many_cases_the_near_ones_are_found_by_the_cells_of_their_places() -> None:
    crowd(make_commune(), 2_000)
    question = ask(accuracy_m=60.0, east_m=1_000, north_m=1_000)
    query = public_nearby._places_with_cases(question)
    words = query.compile(dialect=db.engine.dialect, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN"
    if db.engine.dialect.name == "postgresql":
        # Its planner goes by what it knows of a table, and two thousand rows it would read whole.
        db.session.execute(text("ANALYZE"))
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN"
    plan = " ".join(str(row) for row in db.session.execute(text(f"{explain} {words}")))
    assert "ix_places_cell" in plan
    assert "ix_cases_place_id" in plan
    assert len(cases_near(question)) == 5


@pytest.mark.usefixtures("context")
def test_where_a_case_lies_within_its_cell_does_not_show() -> None:
    # Two spots of one small cell look the same from everywhere, whatever is asked.
    unit = make_commune()
    case = open_case(unit, east_m=20)
    middle = public_spot(somewhere(east_m=20).latitude, somewhere(east_m=20).longitude)
    for metres in range(-90, 110, 10):
        question = ask(accuracy_m=1.0, east_m=metres)
        away_m = distance_m(
            Position(question.latitude, question.longitude), Position(middle[0], middle[1])
        )
        assert (told(question) == [case.number]) == (away_m <= 61.0)


@pytest.mark.usefixtures("context")
def test_only_what_the_map_shows_is_told() -> None:
    case = open_case(make_commune(), witnesses=3)
    (card,) = cases_near(ask())
    entry = public_nearby.as_entry(card)
    assert set(entry) == {
        *("number", "status", "status_label", "severity", "category", "category_name", "unit"),
        *("witnesses", "opened_on", "due_on", "resolved_on", "address", "place", "photo_id"),
        *("latitude", "longitude", "late_days", "is_late", "is_open"),
    }
    assert (entry["number"], entry["witnesses"]) == (case.number, "2–4")
    assert (entry["latitude"], entry["longitude"]) == public_spot(case.latitude, case.longitude)
    json.dumps(entry)


# ── What is asked ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"", "nearby_not_json"),
        (b"latitude=11", "nearby_not_json"),
        (b"[11.7, 109.2]", "nearby_not_json"),
        (b"\xff\xfe{}", "nearby_not_json"),
        (b'{"latitude": NaN, "longitude": 109}', "nearby_not_json"),
        (b'{"latitude": Infinity, "longitude": 109}', "nearby_not_json"),
        (b"[" * 1_500, "nearby_not_json"),
        (b"{}", "nearby_position_unusable"),
        (b'{"latitude": 11.7}', "nearby_position_unusable"),
        (b'{"latitude": "11.7", "longitude": 109.2}', "nearby_position_unusable"),
        (b'{"latitude": true, "longitude": false}', "nearby_position_unusable"),
        (b'{"latitude": null, "longitude": 109.2}', "nearby_position_unusable"),
        (b'{"latitude": 0, "longitude": 0}', "nearby_position_unusable"),
        (b'{"latitude": 90.5, "longitude": 0}', "nearby_position_unusable"),
        (b'{"latitude": 11.7, "longitude": 181}', "nearby_position_unusable"),
        (b'{"latitude": 1e999, "longitude": 109}', "nearby_position_unusable"),
        (b'{"latitude": 1' + b"0" * 400 + b', "longitude": 9}', "nearby_position_unusable"),
        (b'{"latitude": 1, "longitude": 9, "accuracy_m": "8"}', "nearby_accuracy_unusable"),
        (b'{"latitude": 1, "longitude": 9, "accuracy_m": 1e999}', "nearby_accuracy_unusable"),
        (b'{"latitude": 1, "longitude": 9, "category": 7}', "nearby_category_unusable"),
        (
            b'{"latitude": 1, "longitude": 9, "category": "' + b"a" * 65 + b'"}',
            "nearby_category_unusable",
        ),
    ],
)
def test_a_question_that_cannot_be_used_is_refused_by_name(said: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_question(said)
    assert refused.value.code == code


def test_a_question_that_is_too_long_is_not_even_read() -> None:
    with pytest.raises(TooLarge):
        read_question(b" " * (public_nearby.MAX_QUESTION_BYTES + 1))


@pytest.mark.parametrize("accuracy", ["null", "0", "-5", "-0.0"])
def test_an_accuracy_that_no_receiver_has_counts_as_not_said(accuracy: str) -> None:
    raw = f'{{"latitude": 11.7, "longitude": 109.2, "accuracy_m": {accuracy}}}'
    assert read_question(raw.encode()) == Question(11.7, 109.2)


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(
        lambda value: json.dumps({"latitude": value, "longitude": 109.2}).encode()
    )
)
def test_whatever_is_sent_is_read_or_refused(raw: bytes) -> None:
    try:
        question = read_question(raw)
    except AnLoError:
        return
    assert math.isfinite(question.latitude)
    assert 0 < question.radius_m <= public_nearby.MOST_REACH_M
