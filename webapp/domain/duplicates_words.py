"""How far the words of two reports agree, with and without Vietnamese diacritics."""

import re
from collections.abc import Iterable

from webapp.domain.folding import folded

# In nearly every report, of whatever trouble: they tell nothing apart. Folded.
_COMMON = frozenset(
    [
        "a",
        "ai",
        "anh",
        "bi",
        "boi",
        "cac",
        "cai",
        "cam",
        "can",
        "chi",
        "cho",
        "chua",
        "co",
        "con",
        "cua",
        "da",
        "dan",
        "dang",
        "de",
        "den",
        "di",
        "do",
        "duoc",
        "duong",
        "em",
        "gay",
        "gi",
        "giao",
        "hay",
        "hom",
        "khi",
        "khong",
        "la",
        "lai",
        "lam",
        "len",
        "luon",
        "luc",
        "ma",
        "minh",
        "moi",
        "mot",
        "nay",
        "nen",
        "ngay",
        "nguoi",
        "nguy",
        "nha",
        "nhe",
        "nhieu",
        "nhung",
        "no",
        "noi",
        "o",
        "oi",
        "on",
        "qua",
        "ra",
        "rat",
        "roi",
        "sang",
        "sau",
        "se",
        "sua",
        "ta",
        "tai",
        "thay",
        "the",
        "thi",
        "thong",
        "thuong",
        "toi",
        "trai",
        "tren",
        "truoc",
        "trong",
        "tu",
        "va",
        "vao",
        "ve",
        "vi",
        "viec",
        "voi",
        "vua",
        "xa",
        "xe",
        "xin",
        "xu",
        "ly",
        "y",
        "hiem",
        "nho",
        "cau",
        "kinh",
        "mong",
        "so",
    ]
)
# A word from that list counts a tenth of one that is not on it: enough to break a tie.
_COMMON_WEIGHT = 0.1
# Numbers of houses, kilometres and lamp posts name a spot like nothing else does.
_NUMBER_WEIGHT = 2.0
_WORD = re.compile(r"[a-z0-9]+")


def tokens(words: str) -> frozenset[str]:
    """Return the different folded words of a text."""
    return frozenset(_WORD.findall(folded(words)))


def overlap(some: str, others: Iterable[str]) -> float | None:
    """Return how much of the shorter text the likest other text holds, 0 to 1.

    Each word counts by its weight: a common one a tenth, a number twice. None when there is
    nothing to compare: a side is empty, or all its words are common ones.
    """
    mine = tokens(some)
    shares = [share for each in others if (share := _share(mine, tokens(each))) is not None]
    return max(shares, default=None)


def _share(one: frozenset[str], two: frozenset[str]) -> float | None:
    lighter = min(_weight(one), _weight(two))
    if one <= _COMMON or two <= _COMMON:
        return None
    return min(1.0, _weight(one & two) / lighter)


def _weight(words: frozenset[str]) -> float:
    return sum(_weight_of(word) for word in words)


def _weight_of(word: str) -> float:
    if word in _COMMON:
        return _COMMON_WEIGHT
    return _NUMBER_WEIGHT if word.isdigit() else 1.0
