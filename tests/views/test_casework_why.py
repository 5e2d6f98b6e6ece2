"""The case page says why each report is there, and what the place and the photos have been."""

import html
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.servers.casework_scene import (
    LIKELY_TERMS,
    NEAREST_TERMS,
    SPOT,
    District,
    add_photo,
    attach,
    make_case,
    moments_ago,
)
from tests.servers.visitor import Visitor
from webapp import clock
from webapp.extensions import db
from webapp.models import Case, Photo, PhotoReuse
from webapp.services import casework
from webapp.services.transaction import transaction

SignIn = Callable[[str], Visitor]

WHOLE_SENTENCE = (
    "Cách 12 m (sai số 8 m và 15 m), cùng loại, ảnh trùng khớp 84 điểm đặc trưng,"
    " chụp cách nhau 36 phút; chắc chắn 99%."
)
ALONE = {"decision": "open", "candidates": 0}
REJECTED = LIKELY_TERMS | {"decision": "open", "probability": 0.37, "distance_m": 80.0}


def words_of(page: str) -> str:
    """Return what stands on a page, in one line, without its tags."""
    apart = re.sub(r"</(?:td|th|dt|dd|p|div|li|h[1-6])>", " ", page)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", apart))).replace("\u00a0", " ")


def page_with(
    app: Flask, district: District, sign_in: SignIn, terms: Mapping[str, Any], **report: Any
) -> str:
    with app.app_context():
        number = make_case(district.commune_id).number
        attach(number, terms=ALONE)
        attach(number, terms=terms, **report)
        db.session.remove()
    return words_of(sign_in("officer").client.get(f"/cases/{number}").text)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            WHOLE_SENTENCE,
        ),
        ({"photo_kind": "same_bytes"}, "cùng một tấm ảnh, gửi lại"),
        ({"photo_kind": "same_picture"}, "cùng một tấm ảnh, gửi lại"),
        ({"photo_kind": "no_match"}, "ảnh chưa thấy điểm trùng khớp"),
        ({"photo_kind": "not_compared"}, "không có ảnh để so"),
        ({"is_named": True}, "người gửi chọn “Tôi cũng thấy”"),
        ({"same_phone": True}, "cùng một điện thoại"),
        ({"probability": 0.9999}, "chắc chắn trên 99%."),
        ({"case_accuracy_m": None}, "Cách 12 m (sai số 8 m), cùng loại"),
        ({"decision": "late_evidence"}, "Chụp trước ảnh sau của vụ việc nhưng đến muộn"),
    ],
)
def test_a_report_says_why_it_is_here(
    app: Flask, district: District, sign_in: SignIn, changes: dict[str, Any], sentence: str
) -> None:
    assert sentence in page_with(app, district, sign_in, LIKELY_TERMS | changes)


def test_another_category_is_named(app: Flask, district: District, sign_in: SignIn) -> None:
    terms = LIKELY_TERMS | {"same_category": False}
    page = page_with(app, district, sign_in, terms, category="illegal_parking")
    assert "người gửi chọn loại khác: Dừng, đỗ xe sai quy định" in page


def test_terms_of_the_first_rule_still_read_well(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    page = page_with(app, district, sign_in, NEAREST_TERMS)
    assert "Cách 12 m (sai số 12 m), cùng loại, trong giới hạn 25 m." in page
    assert "%" not in page


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        (ALONE, "Phản ánh đầu tiên, không có vụ việc nào đang mở đủ gần."),
        (REJECTED, "vụ việc giống nhất gần đó chỉ có 37% khả năng là một – cách 80 m"),
        (REJECTED | {"probability": 0.72}, "hỏi cán bộ: có 72% khả năng trùng"),
        ({}, "Phản ánh đầu tiên, không có vụ việc nào đang mở đủ gần."),
    ],
)
def test_a_report_that_opened_a_case_says_what_was_near(
    app: Flask, district: District, sign_in: SignIn, terms: dict[str, Any], sentence: str
) -> None:
    with app.app_context():
        number = make_case(district.commune_id).number
        attach(number, terms=terms)
        db.session.remove()
    assert sentence in words_of(sign_in("officer").client.get(f"/cases/{number}").text)


def test_the_figures_behind_a_sentence_stand_in_a_table(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    page = page_with(app, district, sign_in, LIKELY_TERMS)
    assert "Con số phía sau" in page
    for figure in ("−2,0", "+4,9", "−0,1", "Cộng lại +4,7", "Khả năng là một vụ việc 99%"):
        assert figure in page


@pytest.mark.parametrize("strange", [{"probability": None}, {"parts": [1]}, {"hours": "x"}])
def test_strange_terms_make_no_page_fail(
    app: Flask, district: District, sign_in: SignIn, strange: dict[str, Any]
) -> None:
    assert "Vì sao là một vụ việc" in page_with(app, district, sign_in, LIKELY_TERMS | strange)


def ended_and_again(app: Flask, district: District, *, is_relapse: bool) -> str:
    """Make a case that ended, and the next one at its place; return the second one's number."""
    with app.app_context():
        old = make_case(district.commune_id, now=moments_ago(days=50), severity=2)
        attach(old.number)
        with transaction() as work:
            old = work.session.get_one(Case, old.id)
            for kind in ("acknowledged", "started"):
                casework.append(work, old, kind, actor=None, now=moments_ago(days=49))
            data = {"public_sentence": "Đã dọn."}
            casework.append(work, old, "resolved", actor=None, now=moments_ago(days=40), data=data)
            again = casework.open_case(
                work,
                place=old.place,
                category_code=old.category_code,
                unit_id=old.lead_unit_id,
                position=SPOT,
                severity=3,
                now=clock.now() - timedelta(days=15),
                previous_case_id=old.id,
                is_relapse=is_relapse,
            )
        decision = "relapse" if is_relapse else "open"
        attach(again.number, terms=LIKELY_TERMS | {"decision": decision})
        db.session.remove()
        return again.number


def test_a_relapse_says_so_and_what_it_made_graver(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    number = ended_and_again(app, district, is_relapse=True)
    visitor = sign_in("officer")
    page = visitor.client.get(f"/cases/{number}").text
    assert 'class="flag back"' in page
    assert "mức độ 2 → 3, nâng một mức vì tái phạm" in words_of(page)
    assert "trong thời gian theo dõi: tái phạm." in words_of(page)
    assert "Điểm này trước đây: 1 vụ việc, 1 lần tái phạm" in words_of(page)
    assert 'class="flag back"' in visitor.client.get("/queue?view=everything").text


def test_a_case_after_the_watch_period_is_no_relapse(
    app: Flask, district: District, sign_in: SignIn
) -> None:
    number = ended_and_again(app, district, is_relapse=False)
    visitor = sign_in("officer")
    page = visitor.client.get(f"/cases/{number}").text
    assert 'class="flag back"' not in page
    assert "Điểm này từng được xử lý ngày" in words_of(page)
    assert "thời gian theo dõi đã hết" in words_of(page)
    assert 'class="flag back"' not in visitor.client.get("/queue?view=everything").text
    assert "Tái phạm" not in visitor.client.get(f"/cases/{number}?pane=1").text


def reuse(photo: Photo, earlier: Photo, kind: str) -> None:
    with transaction() as work:
        work.session.add(
            PhotoReuse(
                photo_id=photo.id,
                earlier_photo_id=earlier.id,
                kind=kind,
                distance_m=3210.0,
                found_at=clock.now(),
            )
        )


@pytest.mark.parametrize(
    ("kind", "is_ours", "sentence"),
    [
        ("elsewhere", True, "Ảnh này đã có trong {number} (cách 3,2 km)."),
        ("other_sender", True, "Máy khác đã gửi ảnh này trước, trong {number}."),
        ("elsewhere", False, "ngoài các vụ việc của đơn vị bạn (cách 3,2 km)."),
    ],
)
def test_a_photo_that_was_used_before_is_flagged(
    app: Flask, district: District, sign_in: SignIn, kind: str, is_ours: bool, sentence: str
) -> None:
    with app.app_context():
        unit_id = district.commune_id if is_ours else district.other_commune_id
        first, second = make_case(unit_id).number, make_case(district.commune_id).number
        earlier = add_photo(attach(first).id)
        reuse(add_photo(attach(second).id), earlier, kind)
        db.session.remove()
    page = words_of(sign_in("officer").client.get(f"/cases/{second}").text)
    assert sentence.format(number=first) in page
    assert is_ours or first not in page
