"""Two cases side by side, merged and parted again by plain forms; one report split off and back."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.servers.casework_history import holder_of, last_report, numbered, suggest
from tests.servers.casework_scene import (
    LIKELY_TERMS,
    SPOT,
    District,
    add_photo,
    attach,
    make_case,
    moments_ago,
)
from tests.servers.counting import SqlCounter
from tests.servers.visitor import Visitor
from webapp import clock
from webapp.domain.geo import Position
from webapp.extensions import db
from webapp.models import Case, CaseEvent, MergeSuggestion
from webapp.services import casework_coordination
from webapp.services.transaction import transaction

SignIn = Callable[[str], Visitor]

TWENTY_METRES_OFF = Position(SPOT.latitude + 0.00018, SPOT.longitude)
MAYBE = LIKELY_TERMS | {"decision": "suggest", "probability": 0.72, "photo_points": 19}


@dataclass(frozen=True)
class Two:
    """The numbers of two open cases of one commune, 20 m apart; the machine asks about them."""

    older: str
    newer: str
    report_id: int
    staying_id: int


@pytest.fixture
def two(app: Flask, district: District) -> Two:
    with app.app_context():
        older = make_case(district.commune_id, severity=1, now=moments_ago(hours=5))
        newer = make_case(
            district.commune_id,
            severity=3,
            now=moments_ago(hours=1),
            position=TWENTY_METRES_OFF,
            address="cổng chợ",
        )
        staying = attach(older.number, install_key_hash="a" * 64)
        report = attach(older.number, install_key_hash="b" * 64, terms=LIKELY_TERMS)
        asked = attach(newer.number, install_key_hash="c" * 64)
        for each in (staying, report, asked):
            add_photo(each.id)
        suggest(newer, older, asked.id, MAYBE)
        found = Two(older.number, newer.number, report.id, staying.id)
        db.session.remove()
        return found


def version_of(app: Flask, number: str) -> str:
    with app.app_context():
        return str(db.session.scalar(select(Case.version).where(Case.number == number)))


def reports_of(app: Flask, number: str) -> int:
    with app.app_context():
        case = db.session.scalars(select(Case).where(Case.number == number)).one()
        held = len(holder_of(case))
        assert case.report_count == held
        return held


def words_of(page: str) -> str:
    """Return what stands on a page, in one line, without its tags."""
    apart = re.sub(r"</(?:td|th|dt|dd|p|div|li|h[1-6])>", " ", page)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", apart))).replace("\u00a0", " ")


def follow(visitor: Visitor, answer: TestResponse, number: str) -> str:
    """Go where an act leads, which must be the page of a case."""
    assert answer.status_code == 302, words_of(answer.text)
    assert answer.headers["Location"].partition("#")[0] == f"/cases/{number}"
    return visitor.client.get(answer.headers["Location"]).text


def way_back(visitor: Visitor, page: str) -> TestResponse:
    """Press "Hoàn tác" in what is said above a page."""
    form = re.search(
        r'class="info flash wayback".*?action="([^"]+)".*?version" value="(\d+)"', page, re.DOTALL
    )
    assert form, words_of(page)
    return visitor.post(form[1], {"version": form[2]}, form="/queue")


def merge(visitor: Visitor, app: Flask, mine: str, other: str, **changes: str) -> TestResponse:
    fields = {
        "version": version_of(app, mine),
        "other": other,
        "other_version": version_of(app, other),
        "words": "cùng dãy sạp",
    }
    return visitor.post(f"/cases/{mine}/merge", fields | changes, form="/queue")


def split(visitor: Visitor, app: Flask, two: Two, **changes: str) -> TestResponse:
    fields = {"version": version_of(app, two.older), "report_id": str(two.report_id)}
    return visitor.post(f"/cases/{two.older}/split", fields | changes, form="/queue")


def test_both_cases_show_what_the_machine_asks(two: Two, sign_in: SignIn) -> None:
    client = sign_in("officer").client
    for mine, other in ((two.older, two.newer), (two.newer, two.older)):
        page = client.get(f"/cases/{mine}").text
        assert f'href="/cases/{mine}/compare/{other}"' in page
        assert f"Có thể là cùng một vụ việc với {other}" in words_of(page)
        assert "ảnh trùng khớp 19 điểm đặc trưng, chụp cách nhau 36 phút; khả năng 72%." in (
            words_of(page)
        )
        pane = client.get(f"/cases/{mine}?pane=1").text
        assert f'href="/cases/{mine}/compare/{other}"' in pane


def test_the_queue_flags_both_cases_and_the_pane_names_the_other(two: Two, sign_in: SignIn) -> None:
    for login in ("officer", "supervisor"):
        page = sign_in(login).client.get(f"/queue?view=everything&selected={two.older}").text
        assert page.count("Có thể trùng</span>") == 2
        assert f"Còn 1 vụ việc có thể trùng: {two.newer}" in words_of(page)


# Whoever supervises is asked for as well whether the lead unit of the case beside is gone.
@pytest.mark.parametrize(("role", "most"), [("officer", 10), ("supervisor", 11)])
def test_a_queue_page_with_twins_takes_few_statements(
    two: Two, sign_in: SignIn, sql_counter: Callable[[], SqlCounter], role: str, most: int
) -> None:
    visitor = sign_in(role)
    visitor.client.get(f"/cases/{two.older}")
    with sql_counter() as statements:
        page = visitor.client.get(f"/queue?view=everything&selected={two.older}").text
    assert "Có thể trùng</span>" in page
    assert len(statements) <= most, "\n".join(statements)


def test_the_comparison_says_what_a_merge_would_make(two: Two, sign_in: SignIn) -> None:
    page = words_of(sign_in("officer").client.get(f"/cases/{two.newer}/compare/{two.older}").text)
    assert "cách nhau 20 m" in page
    assert f"Một vụ việc: gộp vào {two.older}" in page
    assert "Mức độ 3 nặng mức cao hơn" in page
    assert "Phản ánh 3 của nhiều nhất 3 người" in page


def test_two_cases_are_merged_and_parted_again(two: Two, app: Flask, sign_in: SignIn) -> None:
    visitor = sign_in("officer")
    page = follow(visitor, merge(visitor, app, two.newer, two.older), two.older)
    assert f"Đã gộp {two.newer} vào {two.older}." in words_of(page)
    assert f"Gộp {two.newer} vào đây: thêm 1 phản ánh" in words_of(page)
    assert f"Phản ánh 3: gộp từ {two.newer}" in words_of(page)
    assert f"Đã gộp về đây: {two.newer}" in words_of(page)
    assert reports_of(app, two.older) == 3
    page = follow(visitor, way_back(visitor, page), two.newer)
    assert f"Đã hoàn tác gộp: {two.newer} mở lại" in words_of(page)
    assert (reports_of(app, two.older), reports_of(app, two.newer)) == (2, 1)


def test_a_case_that_was_merged_away_leads_on_and_allows_nothing_but_the_way_back(
    two: Two, app: Flask, sign_in: SignIn
) -> None:
    visitor = sign_in("officer")
    merge(visitor, app, two.newer, two.older)
    visitor.client.get("/queue")
    page = visitor.client.get(f"/cases/{two.newer}").text
    assert f"Đã gộp vào {two.older}" in words_of(page)
    assert "cùng dãy sạp" in page
    main = page[page.index("<main") : page.index("</main>")]
    assert re.findall(r'method="post" action="([^"]+)"', main) == [f"/cases/{two.newer}/unmerge"]
    act = visitor.post(
        f"/cases/{two.newer}/acknowledge",
        {"version": version_of(app, two.newer)},
        form="/queue",
    )
    assert act.status_code == 403
    assert "đã gộp vào vụ việc khác" in words_of(act.text)
    undone = visitor.post(
        f"/cases/{two.newer}/unmerge", {"version": version_of(app, two.newer)}, form="/queue"
    )
    follow(visitor, undone, two.newer)


def test_a_case_that_was_merged_away_is_in_no_list_but_is_found_by_its_number(
    two: Two, app: Flask, sign_in: SignIn
) -> None:
    visitor = sign_in("officer")
    merge(visitor, app, two.newer, two.older)
    for view in ("now", "unseen", "late", "photos", "done", "everything"):
        page = visitor.client.get(f"/queue?view={view}").text
        assert f'data-number="{two.newer}"' not in page
    found = visitor.client.get(f"/queue?q={two.newer}").text
    assert f'data-number="{two.newer}"' in found
    assert "Đã gộp</span>" in found


@pytest.mark.parametrize("from_page", ["case", "comparison"])
def test_what_is_not_one_case_is_not_asked_again(
    two: Two, app: Flask, sign_in: SignIn, from_page: str
) -> None:
    visitor = sign_in("officer")
    number = two.newer if from_page == "case" else two.older
    other = two.older if from_page == "case" else two.newer
    fields = {"version": version_of(app, number), "other": other, "words": "cách một con hẻm"}
    answer = visitor.post(f"/cases/{number}/keep-apart", fields, form="/queue")
    page = follow(visitor, answer, number)
    assert f"Đã ghi: không phải một vụ việc với {other}." in words_of(page)
    assert f"compare/{other}" not in page[page.index('id="why"') : page.index('id="acts"')]
    assert "Có thể trùng" not in visitor.client.get("/queue?view=everything").text


def test_a_stale_merge_gets_409_with_both_cases_as_they_are_and_the_typed_words(
    two: Two, app: Flask, sign_in: SignIn
) -> None:
    visitor = sign_in("officer")
    visitor.client.get(f"/cases/{two.newer}/compare/{two.older}")
    before = version_of(app, two.older)
    note = {"version": before, "note": "đã gọi thôn"}
    visitor.post(f"/cases/{two.older}/note", note, form="/queue")
    answer = merge(visitor, app, two.newer, two.older, other_version=before)
    assert answer.status_code == 409
    assert ">cùng dãy sạp</textarea>" in answer.text
    assert f"{two.older}, " in words_of(answer.text)
    assert "Ghi chú nội bộ" in answer.text
    assert f'name="other_version" value="{version_of(app, two.older)}"' in answer.text
    assert "Vẫn gộp vào" in answer.text
    assert reports_of(app, two.newer) == 1


def test_a_page_of_a_pair_that_is_one_by_now_says_so_and_asks_for_nothing(
    two: Two, app: Flask, sign_in: SignIn
) -> None:
    visitor = sign_in("officer")
    stale = {"version": version_of(app, two.newer), "other_version": version_of(app, two.older)}
    merge(visitor, app, two.newer, two.older)
    answer = merge(visitor, app, two.newer, two.older, **stale)
    assert answer.status_code == 409
    words = words_of(answer.text)
    assert f"{two.newer} đã được gộp vào {two.older} rồi; không cần làm lại." in words
    assert "bấm lần nữa" not in words
    assert 'action="/cases' not in answer.text[answer.text.index("<main") :]


def test_a_merge_whose_report_went_on_offers_no_way_back_and_says_where_it_is(
    two: Two, app: Flask, sign_in: SignIn
) -> None:
    visitor = sign_in("officer")
    merge(visitor, app, two.newer, two.older)
    assert "Hoàn tác gộp" in visitor.client.get(f"/cases/{two.older}").text
    with app.app_context():
        brought = last_report(numbered(two.older))
        db.session.remove()
    answer = split(visitor, app, two, report_id=str(brought))
    made = answer.headers["Location"].rpartition("/")[2]
    gone = visitor.client.get(f"/cases/{two.newer}").text
    assert f"Phản ánh đã đến cùng nó nay ở {made}" in words_of(gone)
    for number in (two.newer, two.older):
        assert "/unmerge" not in visitor.client.get(f"/cases/{number}").text


def test_cases_of_two_units_and_cases_that_ended_say_why_they_stay_apart(
    two: Two, app: Flask, district: District, sign_in: SignIn
) -> None:
    with app.app_context():
        theirs = make_case(district.other_commune_id).number
        db.session.remove()
    supervisor = sign_in("supervisor")
    page = supervisor.client.get(f"/cases/{two.older}/compare/{theirs}").text
    assert "Hai vụ việc do hai đơn vị chủ trì nên không gộp được." in words_of(page)
    assert 'action="/cases' not in page[page.index("<main") : page.index("</main>")]
    officer = sign_in("officer")
    compared = f"/cases/{two.older}/compare/{theirs}"
    assert officer.client.get(compared).status_code == 404
    with app.app_context(), transaction() as work:
        other = work.session.scalars(select(Case).where(Case.number == theirs)).one()
        casework_coordination.inform(
            work, other, district.commune_id, source="border", now=clock.now(), actor=None
        )
    ways_out = officer.client.get(compared).text
    assert f"/cases/{two.older}?to={district.other_commune_id}#transfer" in ways_out
    itself = officer.client.get(f"/cases/{two.older}/compare/{two.older}").text
    assert "Đây là cùng một vụ việc." in words_of(itself)


@pytest.mark.parametrize(
    ("typed", "leads_to"),
    [("{newer}", "{newer}"), (" {lower} ", "{newer}"), ("{tail}", "{newer}")],
)
def test_a_typed_number_leads_to_the_comparison(
    two: Two, sign_in: SignIn, typed: str, leads_to: str
) -> None:
    known = {"newer": two.newer, "lower": two.newer.lower(), "tail": str(int(two.newer[-5:]))}
    answer = sign_in("officer").client.get(
        f"/cases/{two.older}/compare", query_string={"other": typed.format(**known)}
    )
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/cases/{two.older}/compare/{leads_to.format(**known)}"


@pytest.mark.parametrize("typed", ["NH-2099-00001", "chợ", "", "9" * 30, "\0", "²"])
def test_a_number_that_nobody_knows_is_said_beside_its_field(
    two: Two, sign_in: SignIn, typed: str
) -> None:
    answer = sign_in("officer").client.get(
        f"/cases/{two.older}/compare", query_string={"other": typed}
    )
    assert answer.status_code == 404
    assert "Không tìm thấy vụ việc kia" in answer.text
    assert 'id="err-other"' in answer.text


def test_near_cases_are_offered_with_their_distance(two: Two, sign_in: SignIn) -> None:
    page = sign_in("officer").client.get(f"/cases/{two.older}").text
    offered = page[page.index('<details class="act" id="merge"') :]
    assert f"{two.newer} cách 20 m" in words_of(offered)


def test_a_report_is_split_off_and_comes_back(two: Two, app: Flask, sign_in: SignIn) -> None:
    visitor = sign_in("officer")
    answer = split(visitor, app, two, words="bên kia đường")
    made = answer.headers["Location"].rpartition("/")[2]
    page = follow(visitor, answer, made)
    assert f"Đã tách phản ánh khỏi {two.older} thành vụ việc này, {made}." in words_of(page)
    assert f"Phản ánh 1: tách khỏi {two.older}" in words_of(page)
    old = words_of(visitor.client.get(f"/cases/{two.older}").text)
    assert f"Tách một phản ánh thành {made}" in old
    assert f"Đã tách ra: {made}" in old
    page = follow(visitor, way_back(visitor, page), two.older)
    assert "Đã hoàn tác tách" in words_of(page)
    assert reports_of(app, two.older) == 2
    assert "Đã hoàn tác tách: phản ánh ở" in words_of(visitor.client.get(f"/cases/{made}").text)


def test_the_only_report_of_a_case_has_no_button_and_no_way_around_it(
    two: Two, app: Flask, sign_in: SignIn
) -> None:
    visitor = sign_in("officer")
    split(visitor, app, two)
    assert "Tách ra…" not in visitor.client.get(f"/cases/{two.older}").text
    answer = split(visitor, app, two, report_id=str(two.staying_id))
    assert answer.status_code == 403
    assert "chỉ có một phản ánh nên không tách được" in words_of(answer.text)


@pytest.mark.parametrize("report_id", ["999", "²", ""])
def test_a_report_of_elsewhere_is_not_split_off(
    two: Two, app: Flask, sign_in: SignIn, report_id: str
) -> None:
    answer = split(sign_in("officer"), app, two, report_id=report_id)
    assert answer.status_code in {404, 422}
    assert reports_of(app, two.older) == 2


def test_a_stale_split_keeps_the_words_in_its_own_form(
    two: Two, app: Flask, sign_in: SignIn
) -> None:
    visitor = sign_in("officer")
    note = {"version": version_of(app, two.older), "note": "đã gọi thôn"}
    visitor.post(f"/cases/{two.older}/note", note, form="/queue")
    answer = split(visitor, app, two, version="3", words="bên kia đường")
    assert answer.status_code == 409
    assert ">bên kia đường</textarea>" in answer.text
    assert '<details class="act takeout" open>' in answer.text
    assert answer.text.count("takeout") == 2


ACTS = ("merge", "unmerge", "keep-apart", "split", "unsplit")


@pytest.mark.parametrize("act", ACTS)
def test_whoever_may_not_know_of_a_case_finds_no_door(
    two: Two, app: Flask, sign_in: SignIn, act: str
) -> None:
    fields = {"version": "3", "other": two.newer, "other_version": "2", "report_id": "1"}
    for login in ("neighbour", "administrator"):
        visitor = sign_in(login)
        answer = visitor.post(f"/cases/{two.older}/{act}", fields, form="/password")
        assert answer.status_code == 404
        assert two.older not in answer.text
        assert visitor.client.get(f"/cases/{two.older}/compare/{two.newer}").status_code == 404
        assert visitor.client.get(f"/cases/{two.older}/compare?other=1").status_code == 404


@pytest.mark.parametrize("login", ["overseer", "supervisor"])
def test_whoever_only_reads_sees_everything_and_no_button(
    two: Two, app: Flask, sign_in: SignIn, login: str
) -> None:
    visitor = sign_in(login)
    page = visitor.client.get(f"/cases/{two.older}").text
    assert "Có thể là cùng một vụ việc" in page
    assert "Tách ra…" not in page
    compared = visitor.client.get(f"/cases/{two.older}/compare/{two.newer}").text
    assert "khả năng 72%" in words_of(compared)
    for text in (page, compared):
        assert not re.search(r'action="[^"]*/(merge|keep-apart|split|compare)"', text)
    versions = {
        "version": version_of(app, two.older),
        "other": two.newer,
        "other_version": version_of(app, two.newer),
        "report_id": str(two.report_id),
    }
    for act in ("merge", "keep-apart", "split"):
        answer = visitor.post(f"/cases/{two.older}/{act}", versions, form="/queue")
        assert answer.status_code == 403
    assert reports_of(app, two.older) == 2


def test_comparing_two_cases_is_a_view_of_both(two: Two, app: Flask, sign_in: SignIn) -> None:
    sign_in("officer").client.get(f"/cases/{two.older}/compare/{two.newer}")
    with app.app_context():
        viewed = select(CaseEvent.case_id).where(CaseEvent.kind == "first_viewed")
        assert len(db.session.scalars(viewed).all()) == 2


def test_a_merge_answers_the_question_and_undoing_it_answers_it_the_other_way(
    two: Two, app: Flask, sign_in: SignIn
) -> None:
    visitor = sign_in("officer")
    page = follow(visitor, merge(visitor, app, two.older, two.newer), two.older)
    assert 'class="flag pair">' not in page[page.index("casehead") : page.index("</dl>")]
    page = follow(visitor, way_back(visitor, page), two.newer)
    assert f"Có thể là cùng một vụ việc với {two.older}" not in words_of(page)
    with app.app_context():
        assert db.session.scalars(select(MergeSuggestion.answer)).all() == ["separate"]
