"""The canonical form of events, and the hash that chains them."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.casework import Happening, event_hash, plain_data

NOON = datetime(2026, 6, 18, 5, tzinfo=UTC)
EVENT = Happening(
    "report_attached",
    NOON,
    {"witness_count": 2, "terms": {"distance_m": 12.5, "limit_m": 25.0}},
    actor_id=4,
    actor_unit_id=7,
    words="Đường ngập",
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
datas = st.dictionaries(st.text(max_size=8), values, max_size=4)


def seal(happening: Happening, previous: str | None = None, version: int = 1) -> str:
    return event_hash(previous, "NH-2026-00042", version, happening)


def _as_jsonb(value: Any) -> Any:
    """Do what jsonb does: numbers become numerics, which come back as the driver likes."""
    text = json.dumps(value)
    numerics = json.loads(text, parse_float=Decimal)
    return json.loads(json.dumps(numerics, default=_numeric))


def _numeric(number: Decimal) -> int | float:
    # numeric knows no negative zero and no exponent; a whole one comes back without a fraction.
    return int(number) if number == number.to_integral_value() else float(number)


def test_the_hash_is_that_of_this_text_for_ever() -> None:
    canonical = (
        r'{"actor_id":4,"actor_unit_id":7,"at":"2026-06-18T05:00:00.000000+00:00",'
        r'"case":"NH-2026-00042","data":{"terms":{"distance_m":12.5,"limit_m":25},'
        r'"witness_count":2},"kind":"report_attached","previous":null,"reason_code":null,'
        r'"version":1,"words":"\u0110\u01b0\u1eddng ng\u1eadp"}'
    )
    assert seal(EVENT) == hashlib.sha256(canonical.encode()).hexdigest()


@given(datas)
def test_the_hash_is_the_same_after_a_round_through_the_database(data: dict[str, Any]) -> None:
    before = replace(EVENT, data=data)
    after = replace(EVENT, data=_as_jsonb(plain_data(data)))
    assert seal(after) == seal(before)


@given(datas)
def test_the_order_of_keys_makes_no_difference(data: dict[str, Any]) -> None:
    assert seal(replace(EVENT, data=dict(reversed(data.items())))) == seal(
        replace(EVENT, data=data)
    )


@given(datas)
def test_plain_data_is_json_and_stays_as_it_is(data: dict[str, Any]) -> None:
    plain = plain_data(data)
    assert plain_data(json.loads(json.dumps(plain, allow_nan=False))) == plain


def test_the_zone_in_which_a_moment_was_written_makes_no_difference() -> None:
    hanoi = timezone(timedelta(hours=7))
    assert seal(replace(EVENT, at=NOON.astimezone(hanoi))) == seal(EVENT)
    assert plain_data({"at": NOON.astimezone(hanoi)}) == {"at": "2026-06-18T05:00:00.000000+00:00"}


def test_every_part_of_an_event_is_sealed() -> None:
    changed = [
        seal(replace(EVENT, kind="opened")),
        seal(replace(EVENT, at=NOON + timedelta(microseconds=1))),
        seal(replace(EVENT, data={**EVENT.data, "witness_count": 3})),
        seal(replace(EVENT, actor_id=5)),
        seal(replace(EVENT, actor_unit_id=8)),
        seal(replace(EVENT, reason_code="spam")),
        seal(replace(EVENT, words="Đường khô")),
        seal(EVENT, previous="0" * 64),
        seal(EVENT, version=2),
        event_hash(None, "NH-2026-00043", 1, EVENT),
    ]
    assert len({seal(EVENT), *changed}) == len(changed) + 1


@pytest.mark.parametrize("endless", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_refused(endless: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        plain_data({"distance_m": endless})


def test_a_moment_without_zone_and_an_object_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        plain_data({"at": NOON.replace(tzinfo=None)})
    with pytest.raises(TypeError, match="does not belong"):
        plain_data({"photo": b"bytes"})
