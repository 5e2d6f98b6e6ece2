"""Files of crossings, CSV of a spreadsheet or GeoJSON: read row by row, and written back."""

import csv
import io
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.domain import crossings as rules
from webapp.domain.crossings import Entry, Problem
from webapp.domain.errors import InvalidInput
from webapp.domain.folding import folded
from webapp.domain.linear_reference import parse_chainage, say_chainage

# More rows than the country has self-opened crossings (4,000 or so): another kind of file.
MOST_ROWS = 5_000

# The columns of a file and of the form, and what a spreadsheet calls them.
TITLES = {
    "code": "Mã",
    "name": "Tên gọi",
    "line": "Tuyến",
    "km": "Lý trình",
    "latitude": "Vĩ độ",
    "longitude": "Kinh độ",
    "width_m": "Bề rộng (m)",
    "surface": "Mặt lối đi",
    "measures": "Biện pháp",
    "state": "Tình trạng",
    "unit": "Mã đơn vị",
    "note": "Ghi chú",
}
REQUIRED = ("code", "latitude", "longitude")

# The words of a spreadsheet, which people fill in; the codes are read as well.
STATE_WORDS = {"open": "đang mở", "restricted": "hạn chế", "closed": "đã đóng"}
SURFACE_WORDS = {
    "earth": "đất",
    "gravel": "đá dăm",
    "concrete": "bê tông",
    "asphalt": "nhựa",
    "other": "khác",
    "unknown": "chưa rõ",
}
MEASURE_WORDS = {
    "guarded": "có người gác",
    "narrowed": "đã thu hẹp",
    "warning_sign": "biển cảnh báo",
    "speed_hump": "gờ giảm tốc",
}

DELIMITERS = ";,\t"
# A spreadsheet set to Vietnamese reads semicolons, and a comma before decimals.
DELIMITER = ";"

_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?(?:e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_MEASURE_BREAK = re.compile(r"[,;|\n]")

# A cell that begins so is a formula to a spreadsheet, and may send what it reads elsewhere
# (OWASP, "CSV Injection"); an apostrophe before it makes it text.
_FORMULA = re.compile("'*[=+\\-@\t\r＝＋－＠]")
_GUARDED = re.compile("'+[=+\\-@\t\r＝＋－＠]")


@dataclass(frozen=True)
class Row:
    """One crossing of a file; ``number`` counts its rows as a spreadsheet does, titles first.

    In GeoJSON features are counted from 1.
    """

    number: int
    entry: Entry


@dataclass(frozen=True)
class RowProblem:
    """Why a row cannot be taken."""

    number: int
    problem: Problem


@dataclass(frozen=True)
class Reading:
    """What was found in a file; nothing of it may be taken while ``problems`` has any."""

    rows: tuple[Row, ...]
    problems: tuple[RowProblem, ...]


def read_file(content: bytes) -> Reading:
    """Read a CSV or GeoJSON file; which of them it is, its first character tells.

    Raises:
        InvalidInput: the file as a whole cannot be read: crossings_empty, crossings_not_text,
            crossings_not_geojson, crossings_csv_broken, crossings_titles_missing (``titles``) or
            crossings_too_many (``most``).
    """
    text = decode(content).replace("\0", "")
    if not text.strip():
        raise InvalidInput("crossings_empty", field="file")
    rows = _geojson_rows(text) if text.lstrip()[0] in "{[" else _csv_rows(text)
    if not rows:
        raise InvalidInput("crossings_empty", field="file")
    if len(rows) > MOST_ROWS:
        raise InvalidInput("crossings_too_many", field="file", most=MOST_ROWS)
    return _read_rows(rows)


def read_cells(cells: Mapping[str, str]) -> tuple[Entry | None, list[Problem]]:
    """Read one crossing from its texts, named as in ``TITLES``.

    Returns:
        The entry and no problem, or None and every problem that was found.
    """
    problems: list[Problem] = []
    texts = {name: clean(cells.get(name, ""), is_long=name == "note") for name in TITLES}
    entry = Entry(
        code=texts["code"],
        latitude=_coordinate("latitude", texts, problems),
        longitude=_coordinate("longitude", texts, problems),
        name=texts["name"] or None,
        line=texts["line"] or None,
        chainage_m=_chainage(texts["km"], problems),
        width_m=_width(texts["width_m"], problems),
        surface=_word(texts["surface"], SURFACE_WORDS) or "unknown",
        measures=_measures(texts["measures"]),
        state=_word(texts["state"], STATE_WORDS) or "open",
        unit_code=texts["unit"] or None,
        note=texts["note"] or None,
    )
    known = {problem.field for problem in problems}
    problems += [problem for problem in rules.problems_of(entry) if problem.field not in known]
    return (None if problems else entry), problems


def clean(text: str, *, is_long: bool = False) -> str:
    """Return a text as the register keeps it: composed letters, no blanks around it.

    Only a long text keeps its line breaks.
    """
    plain = unicodedata.normalize("NFC", text.replace("\0", "").replace("\r\n", "\n"))
    plain = plain.replace("\r", "\n")
    return plain.strip() if is_long else " ".join(plain.split())


def write_csv(entries: Iterable[Entry]) -> bytes:
    """Write crossings as a spreadsheet set to Vietnamese opens them; ``read_file`` reads it back.

    UTF-8 with a mark of its order in front, semicolons, a comma before decimals, and no cell
    that would be taken for a formula.
    """
    target = io.StringIO()
    writer = csv.writer(target, delimiter=DELIMITER, lineterminator="\r\n")
    writer.writerow(TITLES.values())
    for entry in entries:
        writer.writerow(_cells_of(entry).values())
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def write_geojson(entries: Iterable[Entry]) -> bytes:
    """Write crossings as a FeatureCollection of points (RFC 7946); ``read_file`` reads it back."""
    features = [_feature(entry) for entry in entries]
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, indent=1).encode()


# ── Reading ────────────────────────────────────────────────────────────────────────────────────


def decode(content: bytes) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 as a spreadsheet's "Unicode text" is.

    Raises:
        InvalidInput: it is neither (``crossings_not_text``).
    """
    try:
        is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        return content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("crossings_not_text", field="file") from None


_Cells = tuple[int, dict[str, str], list[Problem]]


def _read_rows(rows: Sequence[_Cells]) -> Reading:
    taken: list[Row] = []
    problems: list[RowProblem] = []
    first_with: dict[str, int] = {}
    for number, cells, troubles in rows:
        entry, found = read_cells(cells) if not troubles else (None, troubles)
        code = clean(cells.get("code", ""))
        if code and first_with.setdefault(code, number) != number:
            first = first_with[code]
            found = [
                *found,
                Problem("crossing_code_repeated", "code", {"text": code, "row": first}),
            ]
        problems += [RowProblem(number, problem) for problem in found]
        if entry and not found:
            taken.append(Row(number, entry))
    return Reading(tuple(taken), tuple(problems))


def _csv_rows(text: str) -> list[_Cells]:
    delimiter, names = _titles(text)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        raise InvalidInput("crossings_csv_broken", field="file") from None
    filled = [(number, row) for number, row in enumerate(table[1:], 2) if any(map(str.strip, row))]
    return [(number, *_csv_cells(names, row)) for number, row in filled]


def _csv_cells(names: Sequence[str], row: Sequence[str]) -> tuple[dict[str, str], list[Problem]]:
    cells = {name: _unguard(cell) for name, cell in zip(names, row, strict=False) if name}
    if any(cell.strip() for cell in row[len(names) :]):
        details: dict[str, object] = {"count": len(row), "most": len(names)}
        return cells, [Problem("crossing_cells_too_many", "row", details)]
    return cells, []


def _titles(text: str) -> tuple[str, list[str]]:
    """Return the delimiter under which the first line names most columns, and those names."""
    known = {_bare(title): name for name, title in TITLES.items()}
    known |= {_bare(name): name for name in TITLES}

    def names_under(delimiter: str) -> list[str]:
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        return [known.get(_bare(_unguard(cell)), "") for cell in first]

    delimiter = max(DELIMITERS, key=lambda each: sum(map(bool, names_under(each))))
    names = names_under(delimiter)
    missing = [TITLES[name] for name in REQUIRED if name not in names]
    if missing:
        raise InvalidInput("crossings_titles_missing", field="file", titles=", ".join(missing))
    return delimiter, names


def _bare(text: str) -> str:
    """Return a text in small letters without marks and signs, to know it again."""
    return "".join(sign for sign in folded(text) if sign.isalnum())


def _geojson_rows(text: str) -> list[_Cells]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput("crossings_not_geojson", field="file") from None
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, list):
        raise InvalidInput("crossings_not_geojson", field="file")
    return [(number, *_feature_cells(feature)) for number, feature in enumerate(features, 1)]


def _feature_cells(feature: Any) -> tuple[dict[str, str], list[Problem]]:
    if not isinstance(feature, dict):
        return {}, [Problem("crossing_not_a_point", "position")]
    properties = feature.get("properties")
    told = properties if isinstance(properties, dict) else {}
    cells = {name: _as_text(told.get(name)) for name in TITLES}
    point = _point_of(feature.get("geometry"))
    if point is None:
        return cells, [Problem("crossing_not_a_point", "position")]
    cells["longitude"], cells["latitude"] = point
    return cells, []


def _point_of(geometry: Any) -> tuple[str, str] | None:
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None
    pair = geometry.get("coordinates")
    if not isinstance(pair, list) or len(pair) < 2:  # noqa: PLR2004 - longitude, latitude
        return None
    if not all(isinstance(x, int | float) and not isinstance(x, bool) for x in pair[:2]):
        return None
    return repr(pair[0]), repr(pair[1])


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_as_text(each) for each in value)
    return value if isinstance(value, str) else repr(value)


def _unguard(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


def read_number(text: str) -> float | None:
    """Return the number that a text writes, with a point or a comma before decimals, or None."""
    plain = text.replace("\u00a0", "").replace(" ", "")
    if not _NUMBER.fullmatch(plain):
        return None
    value = float(plain.replace(",", "."))
    return value if math.isfinite(value) else None


def _coordinate(name: str, texts: Mapping[str, str], problems: list[Problem]) -> float:
    value = read_number(texts[name])
    if value is not None:
        return value
    # One sentence about a position does; the second number adds nothing to it.
    if not any(problem.field == "position" for problem in problems):
        is_missing = not texts[name]
        code = "crossing_position_missing" if is_missing else "crossing_position_unreadable"
        problems.append(Problem(code, "position", {"text": texts[name]}))
    return math.nan


def _chainage(text: str, problems: list[Problem]) -> float | None:
    if not text:
        return None
    try:
        return float(round(parse_chainage(text)))
    except InvalidInput:
        problems.append(Problem("crossing_km_unreadable", "km", {"text": text}))
        return None


def _width(text: str, problems: list[Problem]) -> float | None:
    if not text:
        return None
    value = read_number(text.removesuffix("m"))
    if value is None:
        problems.append(Problem("crossing_width_unreadable", "width_m", {"text": text}))
    return value


def _measures(text: str) -> tuple[str, ...]:
    """Return the measures in the order of the register, each once; unknown ones come last."""
    parts = [part.strip() for part in _MEASURE_BREAK.split(text)]
    found = {_word(part, MEASURE_WORDS) for part in parts if part}
    known = [measure for measure in rules.MEASURES if measure in found]
    return (*known, *sorted(found.difference(rules.MEASURES)))


def _word(text: str, words: Mapping[str, str]) -> str:
    """Return the code that a word stands for; what is no known word is returned as it is."""
    by_bare = {_bare(word): code for code, word in words.items()}
    by_bare |= {_bare(code): code for code in words}
    return by_bare.get(_bare(text), text)


# ── Writing ────────────────────────────────────────────────────────────────────────────────────


def _cells_of(entry: Entry) -> dict[str, str]:
    texts = {
        "code": entry.code,
        "name": entry.name or "",
        "line": entry.line or "",
        "km": "" if entry.chainage_m is None else say_chainage(entry.chainage_m),
        "latitude": _say_number(entry.latitude),
        "longitude": _say_number(entry.longitude),
        "width_m": "" if entry.width_m is None else _say_number(entry.width_m),
        "surface": SURFACE_WORDS[entry.surface],
        "measures": ", ".join(MEASURE_WORDS[measure] for measure in entry.measures),
        "state": STATE_WORDS[entry.state],
        "unit": entry.unit_code or "",
        "note": entry.note or "",
    }
    return {name: "'" + text if _FORMULA.match(text) else text for name, text in texts.items()}


def _say_number(value: float) -> str:
    return repr(value).removesuffix(".0").replace(".", ",")


def _feature(entry: Entry) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [entry.longitude, entry.latitude]},
        "properties": {
            "code": entry.code,
            "name": entry.name,
            "line": entry.line,
            "km": None if entry.chainage_m is None else say_chainage(entry.chainage_m),
            "width_m": entry.width_m,
            "surface": entry.surface,
            "measures": list(entry.measures),
            "state": entry.state,
            "unit": entry.unit_code,
            "note": entry.note,
        },
    }
