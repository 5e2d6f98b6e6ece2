"""Ten photos, one case: an officer sees why, takes one out, joins two, and undoes both.

Whatever the officer does, every reporter's tracking page leads to the case that holds their
report, and no word that officers write to each other reaches it.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests import pictures
from tests.journey.test_first_report import sign_in, wait_until
from tests.servers import triage_scene as scene
from tests.servers.browser import DESKTOP, PHONE
from tests.servers.live import LiveServer
from tests.servers.phones import METRES_A_DEGREE, Phone, scattered, send_at_once
from webapp.services.intake import new_tracking_key

TEN = 10
# Far enough to be another trouble, near enough to be offered for a merge.
NEXT_DOOR = (scene.WEST[0] + 120 / METRES_A_DEGREE, scene.WEST[1])
# Only officials may read it; a canary for every public page.
INTERNAL = "lời nội bộ 7731"

# Who stood nearly where somebody else did has sent what counts as the same picture.
JOINED = re.compile(
    r"Cách \d+\sm\s.*(ảnh trùng khớp \d+ điểm đặc trưng|cùng một tấm ảnh, gửi lại).*chắc chắn"
)


@pytest.fixture
def server(app: Flask, live_server: Callable[..., LiveServer]) -> LiveServer:
    """The application with a real worker and a real clock, in a district of two communes."""
    with app.app_context():
        scene.build_district()
    return live_server(workers=1, clock=True, ANLO_REPORTS_PER_ADDRESS_HOUR="1000")


@pytest.fixture
def ten() -> list[Phone]:
    """Ten people around one blocked pavement, each with a photo from where they stand."""
    chance, street = random.Random(10), pictures.street(10, 480, 360)
    return [
        Phone(
            scattered(chance, scene.WEST, within_m=4.0, accuracy_m=8.0),
            pictures.seen_from(street, 2 * number / (TEN - 1) - 1),
            category="pavement_encroachment",
        )
        for number in range(TEN)
    ]


@pytest.fixture
def another() -> Phone:
    """Somebody two houses further, before something else."""
    photo = pictures.seen_from(pictures.street(11, 480, 360), 0.0)
    spot = scattered(random.Random(11), NEXT_DOOR, within_m=1.0, accuracy_m=8.0)
    return Phone(spot, photo, category="pavement_encroachment")


def test_an_officer_sees_why_splits_merges_and_undoes_while_every_reporter_follows(
    server: LiveServer, ten: list[Phone], another: Phone, new_page: Callable[..., Page]
) -> None:
    resident = new_page(PHONE)
    for phones in (ten, [another]):
        send_at_once(server.url, phones)
        wait_until(resident, lambda phones=phones: are_triaged(resident, server, phones))
    one, *others = {case_of(resident, server, phone) for phone in ten}
    assert others == []
    two = case_of(resident, server, another)
    apart = dict.fromkeys(keys(ten), one) | {another.tracking_key: two}
    check_tracking(resident, server, apart)

    officer = sign_in(new_page(DESKTOP), server, "officer")
    sees_why(officer, server, one)
    split = split_last_report_off(officer, server, one)
    check_one_moved(resident, server, ten, old=one, new=split)
    officer.get_by_role("button", name="Hoàn tác", exact=True).click()
    expect(officer).to_have_url(f"{server.url}/cases/{one}")
    check_tracking(resident, server, apart)

    # The same by somebody whose browser runs no script.
    plain = sign_in(new_page(DESKTOP, java_script_enabled=False), server, "officer")
    merge_neighbours(plain, server, two, into=one)
    check_tracking(resident, server, dict.fromkeys(apart, one))
    sees_nothing_to_press(sign_in(new_page(DESKTOP), server, "supervisor"), server, one)
    plain.goto(f"{server.url}/cases/{two}")
    expect(plain.get_by_label("Vụ việc đã gộp")).to_contain_text(f"Đã gộp vào {one}")
    plain.get_by_role("button", name="Hoàn tác gộp").click()
    expect(plain.get_by_role("status").first).to_contain_text(f"{two} mở lại")
    check_tracking(resident, server, apart)


def test_what_is_merged_on_a_phone_can_be_undone_at_once(
    server: LiveServer, ten: list[Phone], another: Phone, new_page: Callable[..., Page]
) -> None:
    resident = new_page(PHONE)
    reporters = [*ten[:2], another]
    send_at_once(server.url, reporters)
    wait_until(resident, lambda: are_triaged(resident, server, reporters))
    apart = {phone.tracking_key: case_of(resident, server, phone) for phone in reporters}
    one, two = apart[ten[0].tracking_key], apart[another.tracking_key]

    officer = sign_in(new_page(PHONE), server, "officer")
    officer.goto(f"{server.url}/cases/{one}/compare/{two}")
    assert officer.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    officer.get_by_role("button", name="Gộp vào").click()
    expect(officer.get_by_role("status").first).to_contain_text("Đã gộp")
    survivor = officer.url.rpartition("/")[2]
    check_tracking(resident, server, dict.fromkeys(apart, survivor))
    officer.get_by_role("button", name="Hoàn tác", exact=True).click()
    expect(officer.get_by_role("status").first).to_contain_text("mở lại")
    check_tracking(resident, server, apart)


def sees_why(page: Page, server: LiveServer, number: str) -> None:
    """Find the case in the queue as one of ten reports, and read why they are one."""
    page.goto(f"{server.url}/queue")
    row = page.locator(f"[data-number='{number}']")
    expect(row).to_contain_text("10 người")
    page.goto(f"{server.url}/cases/{number}")
    reports = page.locator("#why ol.why > li[id^=report]")
    expect(reports).to_have_count(TEN)
    expect(reports.first).to_contain_text("mở vụ việc")
    for number_of in range(1, TEN):
        expect(reports.nth(number_of)).to_contain_text(JOINED)
    expect(page.locator("#why")).to_contain_text(re.compile(r"ảnh trùng khớp \d+ điểm đặc trưng"))
    figures = reports.last.locator("details.behind")
    expect(figures.get_by_role("table")).to_be_hidden()
    figures.locator("summary").press("Enter")
    expect(figures.get_by_role("row", name="Khả năng là một vụ việc")).to_be_visible()


def split_last_report_off(page: Page, server: LiveServer, number: str) -> str:
    """Take the last report out of a case; return the number of the case that it becomes."""
    report = page.locator("#why ol.why > li[id^=report]").last
    report.get_by_text("Tách ra…").click()
    report.get_by_label("Vì sao tách").fill(INTERNAL)
    report.get_by_role("button", name="Tách thành vụ việc mới").click()
    expect(page.get_by_role("status").first).to_contain_text(f"Đã tách phản ánh khỏi {number}")
    made = page.url.rpartition("/")[2]
    assert made != number
    expect(page.locator("#why")).to_contain_text(f"tách khỏi {number}")
    return made


def merge_neighbours(page: Page, server: LiveServer, number: str, *, into: str) -> None:
    """Find the other case among those near by, compare the two, and merge them."""
    page.goto(f"{server.url}/cases/{number}")
    page.get_by_text("Gộp với vụ việc khác…").click()
    page.locator(".nearby").get_by_role("link", name=into).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Một vụ việc hay hai?")
    expect(page.locator("#merge")).to_contain_text(f"gộp vào {into}")
    page.locator("#merge").get_by_label("Vì sao").fill(INTERNAL)
    page.get_by_role("button", name="Gộp vào").click()
    expect(page).to_have_url(f"{server.url}/cases/{into}")
    expect(page.locator("#why ol.why > li[id^=report]")).to_have_count(TEN + 1)
    expect(page.locator("#why")).to_contain_text(f"gộp từ {number}")


def sees_nothing_to_press(page: Page, server: LiveServer, number: str) -> None:
    """Read as the supervising unit, which does no commune's casework."""
    page.goto(f"{server.url}/cases/{number}")
    expect(page.locator("#why ol.why > li[id^=report]")).to_have_count(TEN + 1)
    expect(page.get_by_text("Tách ra…")).to_have_count(0)
    expect(page.get_by_text("Hoàn tác gộp")).to_have_count(0)


def keys(phones: Sequence[Phone]) -> list[str]:
    """Return the tracking keys of phones."""
    return [phone.tracking_key for phone in phones]


def tracked(page: Page, server: LiveServer, tracking_key: str) -> dict[str, object]:
    """Ask as a program what has become of a report."""
    address = f"{server.url}/track/{tracking_key}"
    answer: dict[str, object] = page.request.get(
        address, headers={"Accept": "application/json"}
    ).json()
    return answer


def are_triaged(page: Page, server: LiveServer, phones: Sequence[Phone]) -> bool:
    """Tell whether every report belongs to a case."""
    return all(tracked(page, server, key).get("case") for key in keys(phones))


def case_of(page: Page, server: LiveServer, phone: Phone) -> str:
    """Return the number of the case that a phone's tracking key leads to."""
    case = tracked(page, server, phone.tracking_key)["case"]
    assert isinstance(case, dict)
    return str(case["number"])


def check_tracking(page: Page, server: LiveServer, expected: Mapping[str, str]) -> None:
    """Check that every key leads to its case, for programs and for people, and tells no secret."""
    every_number = set(expected.values())
    for tracking_key, number in expected.items():
        answer = tracked(page, server, tracking_key)
        case = answer["case"]
        assert isinstance(case, dict)
        assert case["number"] == number
        shown = page.request.get(f"{server.url}/track/{tracking_key}").text()
        assert number in shown
        for text in (shown, str(answer)):
            assert INTERNAL not in text
            assert not any(other in text for other in every_number - {number})
    unknown = page.request.get(f"{server.url}/track/{new_tracking_key()}")
    assert unknown.status == 404


def check_one_moved(
    page: Page, server: LiveServer, phones: Sequence[Phone], *, old: str, new: str
) -> None:
    """Check that one reporter follows the new case, and all others stay where they were."""
    now = {key: tracked(page, server, key)["case"]["number"] for key in keys(phones)}  # type: ignore[index]
    assert sorted(now.values()) == sorted(chain([new], [old] * (len(phones) - 1)))
    check_tracking(page, server, now)
