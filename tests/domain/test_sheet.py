"""The drawn sheet: land as paths, names where they fit, lines cut at the frame."""

import shapely

from webapp.domain.sheet import MARGIN, SHEET_WIDTH, draw_sheet

WEST = shapely.box(109.0, 11.0, 109.1, 11.1)
EAST = shapely.box(109.1, 11.0, 109.2, 11.1)


def test_without_land_there_is_nothing_to_draw() -> None:
    sheet = draw_sheet([], [("railway", shapely.LineString([(109, 11), (110, 11)]))])
    assert (sheet.height, sheet.outlines, sheet.lines) == (0.0, (), ())


def test_land_fills_the_sheet_from_margin_to_margin() -> None:
    sheet = draw_sheet([("Vĩnh Hải", WEST), ("Tri Hải", EAST)], [])
    assert sheet.width == SHEET_WIDTH
    drawn = " ".join(outline.path.strip("M").replace("L", " ") for outline in sheet.outlines)
    eastings = [float(number) for number in drawn.split()[::2]]
    assert (min(eastings), max(eastings)) == (MARGIN, SHEET_WIDTH - MARGIN)
    # North is up: half as high as wide, and a little more, for degrees of longitude shrink.
    assert 138 + 2 * MARGIN < sheet.height < 143 + 2 * MARGIN


def test_a_name_breaks_where_land_is_narrow() -> None:
    narrow = shapely.box(109.2, 11.0, 109.212, 11.1)
    sheet = draw_sheet([("Vĩnh Hải", WEST), ("Thanh Hải", narrow)], [])
    assert [outline.label for outline in sheet.outlines] == [("Vĩnh Hải",), ("Thanh", "Hải")]


def test_lines_end_at_the_frame() -> None:
    road = shapely.LineString([(100.0, 11.05), (120.0, 11.05)])
    (line,) = draw_sheet([("Vĩnh Hải", WEST)], [("national_road", road)]).lines
    assert line.kind == "national_road"
    assert line.path.startswith("M0.0 ")
    assert f"L{SHEET_WIDTH} " in line.path


def test_islands_and_lagoons_are_rings_of_one_path() -> None:
    lagoon = WEST.difference(shapely.box(109.04, 11.04, 109.06, 11.06))
    island = shapely.box(109.3, 11.0, 109.31, 11.01)
    sheet = draw_sheet([("Tri Hải", shapely.union(lagoon, island))], [])
    assert sheet.outlines[0].path.count("M") == 3
