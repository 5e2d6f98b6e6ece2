"""Accounts: who gets one, and what a wrong password costs."""

import time
from datetime import date
from uuid import uuid4

import pytest
from redis.exceptions import ConnectionError as RedisAway

from tests.servers.casework_scene import PASSWORD, District, build_district, make_officer
from webapp.domain.errors import InvalidInput, NotFound, TooMany
from webapp.extensions import limiter
from webapp.models import Officer, Unit
from webapp.services import accounts
from webapp.services.transaction import transaction

pytestmark = pytest.mark.usefixtures("context")

HOME = "192.0.2.7"


@pytest.fixture
def district(context: None) -> District:
    return build_district()


def new_officer(district: District, **changes: object) -> Officer:
    facts: dict[str, object] = {
        "login": " Hanh.Le ",
        "name": "Lê  Thị Hạnh",
        "role": "officer",
        "unit_id": district.commune_id,
        "password": PASSWORD,
    }
    return accounts.create_officer(**(facts | changes))  # type: ignore[arg-type]


def test_a_new_officer_signs_in_whatever_the_case_of_the_login(district: District) -> None:
    made = new_officer(district)
    assert (made.login, made.name) == ("hanh.le", "Lê Thị Hạnh")
    assert made.password_hash.startswith("$argon2id$")
    found = accounts.authenticate("HANH.LE", PASSWORD, HOME).officer
    assert found is not None
    assert found.id == made.id


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": "ngắn"}, "password_short"),
        ({"password": "x" * 201}, "password_long"),
        ({"login": "a-long-login", "password": "A-Long-Login"}, "password_is_login"),
        ({"login": "hai từ"}, "login_unusable"),
        ({"login": ""}, "login_unusable"),
        ({"name": "  "}, "name_unusable"),
        ({"role": "king"}, "role_unknown"),
        ({"role": "supervisor"}, "role_does_not_fit_unit"),
    ],
)
def test_an_account_that_could_not_work_is_refused(
    district: District, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(InvalidInput, match=code):
        new_officer(district, **changes)


@pytest.mark.parametrize("role", ["officer", "head"])
def test_who_manages_a_road_has_officers_too(district: District, role: str) -> None:
    with transaction() as work:
        authority = Unit(
            code="KQLDB3",
            tier="authority",
            kind="đơn vị quản lý tuyến",
            name="Khu Quản lý đường bộ III",
            valid_from=date(2024, 1, 1),
        )
        work.session.add(authority)
    assert new_officer(district, role=role, unit_id=authority.id).unit_id == authority.id
    with pytest.raises(InvalidInput, match="role_does_not_fit_unit"):
        new_officer(district, login="khac", role="supervisor", unit_id=authority.id)


def test_a_login_is_given_once_and_a_unit_must_exist(district: District) -> None:
    new_officer(district)
    with pytest.raises(InvalidInput, match="login_taken"):
        new_officer(district, login="hanh.le")
    with pytest.raises(NotFound):
        new_officer(district, login="other", unit_id=999)


def test_a_closed_account_does_not_sign_in(district: District) -> None:
    officer_id = make_officer(district.commune_id, login="closed").id
    with transaction() as work:
        work.session.get_one(Officer, officer_id).is_active = False
    assert accounts.authenticate("closed", PASSWORD, HOME).officer is None


def test_wrong_tries_are_counted_by_login_and_address_and_forgiven(district: District) -> None:
    make_officer(district.commune_id, login="hanh")
    assert [accounts.authenticate("hanh", "sai", HOME).attempts_left for _ in range(4)] == [
        4,
        3,
        2,
        1,
    ]
    assert accounts.authenticate("hanh", PASSWORD, HOME).officer is not None
    for _ in range(5):
        accounts.authenticate("hanh", "sai", HOME)
    with pytest.raises(TooMany):
        accounts.authenticate("hanh", PASSWORD, HOME)
    assert accounts.authenticate("hanh", PASSWORD, "192.0.2.8").officer is not None


def test_the_limit_holds_while_redis_is_away(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What this process counted for an earlier test stays counted: each test has its own login.
    login = f"away-{uuid4().hex}"
    make_officer(district.commune_id, login=login)

    def fail(*_args: object) -> bool:
        raise RedisAway("no Redis")

    for name in ("hit", "get_window_stats", "clear"):
        monkeypatch.setattr(limiter.limiter, name, fail)
    for _ in range(5):
        assert accounts.authenticate(login, "sai", HOME).officer is None
    with pytest.raises(TooMany):
        accounts.authenticate(login, PASSWORD, HOME)


def test_an_unknown_login_costs_as_much_time_as_a_wrong_password(district: District) -> None:
    new_officer(district)
    accounts.authenticate("warm-up", "sai", "192.0.2.1")

    def seconds(login: str) -> float:
        samples = []
        for number in range(4):
            begun = time.perf_counter()
            accounts.authenticate(login, "sai", f"192.0.2.{number + 20}")
            samples.append(time.perf_counter() - begun)
        return min(samples)

    # Both run one argon2; without it an unknown login would answer some twenty times faster.
    assert seconds("nobody") > seconds("hanh.le") / 3


def test_another_password_needs_the_old_one_and_ends_sessions(district: District) -> None:
    officer = make_officer(district.commune_id, login="hanh")
    epoch = officer.session_epoch
    with pytest.raises(InvalidInput, match="password_wrong"):
        accounts.change_password(officer.id, "sai", "một câu khác dài hơn", HOME)
    with pytest.raises(InvalidInput, match="password_same"):
        accounts.change_password(officer.id, PASSWORD, PASSWORD, HOME)
    changed = accounts.change_password(officer.id, PASSWORD, "một câu khác dài hơn", HOME)
    assert changed.session_epoch == epoch + 1
    assert accounts.officer_in_session(officer.id, epoch) is None
    assert accounts.officer_in_session(officer.id, epoch + 1) is not None
