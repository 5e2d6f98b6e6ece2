"""What is told, when, under which id; and links that open one report's messages and no other's."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.notifying import (
    CHANNELS,
    KIND_OF_EVENT,
    KINDS,
    STALE_AFTER,
    QuietHours,
    after_quiet,
    capability,
    earliest_sending,
    is_stale,
    link_key,
    message_id,
    opens,
    report_id_of,
    told_kind,
    was_revoked,
)

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
NIGHT = QuietHours(time(21), time(7), VIETNAM)
KEY = link_key("a secret that only tests know")

moments = st.integers(0, 200_000_000).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
clock_times = st.times().map(lambda value: value.replace(microsecond=0))
quiet_hours = st.builds(QuietHours, clock_times, clock_times, st.just(VIETNAM))
report_ids = st.integers(1, 2**63 - 1)
versions = st.integers(0, 40)


def local(hour: int, minute: int = 0, day: int = 18) -> datetime:
    """Return a moment of June 2026 by the clock of Vietnam."""
    return datetime(2026, 6, day, hour, minute, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (local(20, 59), local(20, 59)),
        (local(21), local(7, day=19)),
        (local(23, 30), local(7, day=19)),
        (local(0), local(7)),
        (local(6, 59), local(7)),
        (local(7), local(7)),
        (local(12), local(12)),
    ],
)
def test_news_of_the_night_waits_until_the_morning(now: datetime, then: datetime) -> None:
    assert earliest_sending("resolved", now.astimezone(UTC), NIGHT) == then


def test_a_confirmation_goes_at_once_for_its_reader_is_awake() -> None:
    assert earliest_sending("confirm", local(23), NIGHT) == local(23)


def test_quiet_hours_by_day_work_as_well() -> None:
    noon = QuietHours(time(11, 30), time(13, 30), VIETNAM)
    assert after_quiet(local(12), noon) == local(13, 30)
    assert after_quiet(local(22), noon) == local(22)


@given(moments, clock_times)
def test_equal_ends_mean_no_quiet_hours(now: datetime, end: time) -> None:
    assert after_quiet(now, QuietHours(end, end, VIETNAM)) == now


@given(moments, quiet_hours)
def test_nothing_waits_longer_than_a_day_and_nothing_goes_at_night(
    now: datetime, quiet: QuietHours
) -> None:
    then = after_quiet(now, quiet)
    assert now <= then <= now + timedelta(days=1)
    assert after_quiet(then, quiet) == then
    assert then == now or then.astimezone(VIETNAM).time() == quiet.end


def test_a_ruling_that_changes_nothing_is_not_told() -> None:
    assert told_kind("transfer_ruled", {"lead_unit_id": 3}, 3) is None
    assert told_kind("transfer_ruled", {"lead_unit_id": 4}, 3) == "moved"
    assert told_kind("land_passed", {"lead_unit_id": 3, "commune_id": 9}, 3) is None


@pytest.mark.parametrize("kind", ["note_added", "severity_raised", "transfer_offered", "merged"])
def test_what_happens_inside_stays_inside(kind: str) -> None:
    assert told_kind(kind, {}, 1) is None


def test_every_message_of_an_event_is_of_a_known_kind() -> None:
    assert set(KIND_OF_EVENT.values()) == set(KINDS) - {"confirm"}


@given(
    st.lists(
        st.tuples(
            report_ids,
            moments,
            st.sampled_from(KINDS),
            st.sampled_from(CHANNELS),
            st.none() | st.integers(1, 2**63 - 1),
        ),
        unique=True,
        max_size=30,
    )
)
def test_one_change_has_one_id_and_two_changes_have_two(abouts: list) -> None:
    ids = [message_id(*about) for about in abouts]
    assert ids == [message_id(*about) for about in abouts]
    assert len(set(ids)) == len(ids)


@given(moments)
def test_an_id_does_not_depend_on_how_a_moment_is_written(at: datetime) -> None:
    same = at.astimezone(VIETNAM)
    assert message_id(1, at, "moved", "email", 2) == message_id(1, same, "moved", "email", 2)


def test_a_message_gets_stale() -> None:
    now = local(12)
    assert not is_stale(now - STALE_AFTER, now)
    assert is_stale(now - STALE_AFTER - timedelta(seconds=1), now)


@given(report_ids, versions)
def test_a_link_opens_its_own_report(report_id: int, version: int) -> None:
    link = capability(KEY, report_id, version)
    assert re.fullmatch("[0-9a-z]{27,39}", link)
    assert report_id_of(link) == report_id
    assert opens(link, KEY, report_id, version)
    assert not was_revoked(link, KEY, report_id, version)


@given(report_ids, report_ids, versions, versions)
def test_a_link_opens_nothing_else(one: int, other: int, version: int, later: int) -> None:
    link = capability(KEY, one, version)
    assert opens(link, KEY, other, later) == ((one, version) == (other, later))
    assert not opens(link, link_key("another secret that is long enough"), one, version)


@given(report_ids, versions, st.integers(1, 5))
def test_a_higher_version_revokes_every_earlier_link(
    report_id: int, version: int, raised: int
) -> None:
    link = capability(KEY, report_id, version)
    assert not opens(link, KEY, report_id, version + raised)
    assert was_revoked(link, KEY, report_id, version + raised)


@given(report_ids, versions, st.data())
def test_a_link_with_one_sign_changed_opens_nothing(
    report_id: int, version: int, data: st.DataObject
) -> None:
    link = capability(KEY, report_id, version)
    place = data.draw(st.integers(0, len(link) - 1))
    sign = data.draw(st.sampled_from("0123456789abcdefghjkmnpqrstvwxyz"))
    forged = link[:place] + sign + link[place + 1 :]
    claimed = report_id_of(forged)
    assert claimed is None or opens(forged, KEY, claimed, version) == (forged == link)


@given(st.text(max_size=60))
def test_any_text_is_read_as_a_link_or_refused(raw: str) -> None:
    claimed = report_id_of(raw)
    assert claimed is None or 0 < claimed < 2**63
    assert claimed is None or not opens(raw, KEY, claimed, 0)
