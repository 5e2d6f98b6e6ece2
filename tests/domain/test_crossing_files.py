"""Files of crossings: what is read, what is refused row by row, and that nothing is lost."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain import crossings as rules
from webapp.domain.crossing_files import clean, read_file, read_number, write_csv, write_geojson
from webapp.domain.crossings import Entry
from webapp.domain.errors import InvalidInput

TITLES = "Mã;Lý trình;Vĩ độ;Kinh độ;Bề rộng (m);Mặt lối đi;Biện pháp;Tình trạng"
GOOD = "LD-1;Km1397+250;11,6125;109,0325;2,5;đất;biển cảnh báo, gờ giảm tốc;đang mở"


def read(*lines: str, encoding: str = "utf-8") -> Any:
    return read_file("\r\n".join(lines).encode(encoding))


def problems(*lines: str) -> list[tuple[int, str]]:
    return [(each.number, each.problem.code) for each in read(TITLES, *lines).problems]


def refused(content: bytes) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_file(content)
    return caught.value.code


def test_a_spreadsheet_in_vietnamese_is_read() -> None:
    [row] = read(TITLES, GOOD, encoding="utf-8-sig").rows
    assert row.number == 2
    assert row.entry == Entry(
        code="LD-1",
        latitude=11.6125,
        longitude=109.0325,
        chainage_m=1_397_250.0,
        width_m=2.5,
        surface="earth",
        measures=("warning_sign", "speed_hump"),
        state="open",
    )


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_the_delimiter_is_found_by_the_titles(delimiter: str) -> None:
    titles = delimiter.join(["code", "latitude", "longitude", "km", "note"])
    cells = delimiter.join(["LD-1", "11.6125", "109.0325", "Km1397+250", '"a, b; c"'])
    [row] = read(titles, cells).rows
    assert (row.entry.latitude, row.entry.note) == (11.6125, "a, b; c")


def test_titles_are_known_in_other_letters_and_order() -> None:
    [row] = read("KINH ĐỘ;vi do;mã;thừa", "109.03;11.61;LD-1;bỏ qua").rows
    assert (row.entry.latitude, row.entry.longitude) == (11.61, 109.03)


def test_a_spreadsheets_unicode_text_is_read() -> None:
    [row] = read("Mã\tVĩ độ\tKinh độ", "LĐ-1\t11,61\t109,03", encoding="utf-16").rows
    assert row.entry.code == "LĐ-1"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (GOOD.replace("LD-1", ""), "crossing_code_missing"),
        (GOOD.replace("Km1397+250", "cạnh chợ"), "crossing_km_unreadable"),
        (GOOD.replace("Km1397+250", "Km1397+2500"), "crossing_km_unreadable"),
        (GOOD.replace("11,6125", ""), "crossing_position_missing"),
        (GOOD.replace("11,6125", "mười một"), "crossing_position_unreadable"),
        (GOOD.replace("11,6125;109,0325", "1283417,2;588112,9"), "crossing_position_in_metres"),
        (GOOD.replace("11,6125;109,0325", "109,0325;11,6125"), "crossing_axes_swapped"),
        (GOOD.replace("11,6125;109,0325", "48,85;2,35"), "crossing_position_unusable"),
        (GOOD.replace(";2,5;", ";hẹp;"), "crossing_width_unreadable"),
        (GOOD.replace(";2,5;", ";0;"), "crossing_width_not_positive"),
        (GOOD.replace(";2,5;", ";-2,5;"), "crossing_width_not_positive"),
        (GOOD.replace(";đất;", ";bùn;"), "crossing_surface_unknown"),
        (GOOD.replace("gờ giảm tốc", "rào chắn"), "crossing_measures_unknown"),
        (GOOD.replace("đang mở", "bỏ"), "crossing_state_unknown"),
        (GOOD + ";thừa", "crossing_cells_too_many"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named_with_its_number(row: str, code: str) -> None:
    assert problems(GOOD.replace("LD-1", "LD-0"), row) == [(3, code)]


def test_every_problem_of_a_row_is_named() -> None:
    bad = "LD-1;ở đâu đó;11,6;109,0;0;bùn;;"
    assert [code for _row, code in problems(bad)] == [
        "crossing_km_unreadable",
        "crossing_width_not_positive",
        "crossing_surface_unknown",
    ]


def test_a_code_that_comes_twice_names_both_rows() -> None:
    found = read(TITLES, GOOD, "", GOOD).problems
    assert [(each.number, each.problem.code) for each in found] == [(4, "crossing_code_repeated")]
    assert found[0].problem.details == {"text": "LD-1", "row": 2}


def test_a_missing_kilometre_is_left_to_whoever_knows_the_line() -> None:
    [row] = read(TITLES, GOOD.replace("Km1397+250", "")).rows
    assert row.entry.chainage_m is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "crossings_empty"),
        (b"\xef\xbb\xbf  \r\n", "crossings_empty"),
        (TITLES.encode(), "crossings_empty"),
        ("Mã;Vĩ độ\nx;1".encode(), "crossings_titles_missing"),
        ("Mã;Vĩ độ".encode("cp1258", "replace") + b"\xff\xfe\xfd", "crossings_not_text"),
        (b'M\xc3\xa3,latitude,longitude\n"a,1,2', "crossings_csv_broken"),
        (b'{"type": "FeatureCollection"', "crossings_not_geojson"),
        (b'{"type": "Point"}', "crossings_not_geojson"),
        (b"[" * 100_000, "crossings_not_geojson"),
        (b'{"type": "FeatureCollection", "features": []}', "crossings_empty"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, code: str) -> None:
    assert refused(content) == code


def test_a_file_with_too_many_rows_is_refused() -> None:
    rows = [f"LD-{number};11,6;109,0" for number in range(5_001)]
    assert refused("\n".join(["Mã;Vĩ độ;Kinh độ", *rows]).encode()) == "crossings_too_many"


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": {"code": "LD-1", **properties}}


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        (None, "crossing_not_a_point"),
        ({"type": "LineString", "coordinates": [[109, 11], [109, 12]]}, "crossing_not_a_point"),
        ({"type": "Point", "coordinates": ["109", "11"]}, "crossing_not_a_point"),
        ({"type": "Point", "coordinates": [588112.9, 1283417.2]}, "crossing_position_in_metres"),
        ({"type": "Point", "coordinates": [11.61, 109.03]}, "crossing_axes_swapped"),
    ],
)
def test_a_feature_that_cannot_be_taken_is_named_with_its_number(geometry: Any, code: str) -> None:
    good = feature({"type": "Point", "coordinates": [109.03, 11.61]}, code="LD-0")
    features = [good, feature(geometry)]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    assert [(each.number, each.problem.code) for each in read_file(text.encode()).problems] == [
        (2, code)
    ]


@pytest.mark.parametrize("words", ["=1+1", "+84 912", "-5", "@SUM(A1)", "＝1", "'=1", "'tên"])
def test_a_cell_that_would_be_a_formula_is_written_as_text_and_read_back(words: str) -> None:
    entry = Entry(code="LD-1", latitude=11.61, longitude=109.03, name=words)
    written = write_csv([entry])
    assert f";{words}".encode() not in written or words == "'tên"
    [row] = read_file(written).rows
    assert row.entry.name == words


@pytest.mark.parametrize(
    ("text", "value"),
    [("2,5", 2.5), ("2.5", 2.5), (" 3 ", 3.0), ("1.234,5", None), ("nan", None), ("", None)],
)
def test_numbers_are_read_with_point_or_comma(text: str, value: float | None) -> None:
    assert read_number(text) == value


def texts(most: int, *, is_long: bool = False) -> st.SearchStrategy[str]:
    letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    drawn = st.text(letters, max_size=most) | st.sampled_from(["=1", "'", "''+x", '"', ";", "\n"])
    return drawn.map(lambda text: clean(text, is_long=is_long)[:most].strip())


entries = st.builds(
    Entry,
    code=texts(40).filter(bool),
    latitude=st.floats(*rules.LATITUDES),
    longitude=st.floats(*rules.LONGITUDES),
    name=texts(120).map(lambda text: text or None),
    line=texts(20).map(lambda text: text or None),
    chainage_m=st.none() | st.integers(0, 9_999_999).map(float),
    width_m=st.none() | st.floats(0, rules.WIDEST_M, exclude_min=True),
    surface=st.sampled_from(rules.SURFACES),
    measures=st.sets(st.sampled_from(rules.MEASURES)).map(
        lambda found: tuple(measure for measure in rules.MEASURES if measure in found)
    ),
    state=st.sampled_from(rules.STATES),
    unit_code=texts(20).map(lambda text: text or None),
    note=texts(300, is_long=True).map(lambda text: text or None),
)


@given(st.lists(entries, min_size=1, max_size=5, unique_by=lambda entry: entry.code))
def test_what_is_written_is_read_back_exactly(written: list[Entry]) -> None:
    for content in (write_csv(written), write_geojson(written)):
        reading = read_file(content)
        assert reading.problems == ()
        assert [row.entry for row in reading.rows] == written


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_read_or_refused_with_a_reason(content: bytes) -> None:
    assert outcome_of(content).startswith(("read", "crossings_"))


def outcome_of(content: bytes) -> str:
    try:
        reading = read_file(content)
    except InvalidInput as error:
        return error.code
    return "read" if reading.rows or reading.problems else "nothing"
