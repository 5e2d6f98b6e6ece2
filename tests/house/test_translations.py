"""English is complete: every sentence of the house has one, with the same gaps in it."""

import re
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = ROOT / "webapp" / "translations" / "en" / "LC_MESSAGES" / "messages.po"

# The same as babel.cfg and `make translations` say.
METHODS = [
    ("webapp/**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("templates/**.txt", "jinja2"),
]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}

GAP = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%")


@cache
def english() -> Catalog:
    """The English catalogue."""
    with ENGLISH.open("rb") as file:
        return read_po(file, locale="en")


def in_use() -> set[str | tuple[str, ...]]:
    """Every sentence that a template or a module asks to be translated."""
    found: set[str | tuple[str, ...]] = set()
    for folder, methods in (("webapp", METHODS[:1]), ("templates", METHODS[1:])):
        patterns = [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods]
        for _file, _line, message, *_ in extract_from_dir(
            ROOT / folder, patterns, keywords=KEYWORDS
        ):
            found.add(tuple(message) if isinstance(message, list | tuple) else message)
    return found


def words(message: Message) -> list[str]:
    """The forms of a translation: one, or singular and plural."""
    return list(message.string) if isinstance(message.string, list | tuple) else [message.string]


def test_every_sentence_has_its_english() -> None:
    translated = {message.id for message in english() if all(words(message))}
    assert in_use() - translated == set()


def test_no_english_is_left_of_a_sentence_that_is_gone() -> None:
    kept = {message.id for message in english() if message.id}
    assert kept - in_use() == set()


def test_a_translation_has_the_gaps_of_its_sentence() -> None:
    for message in english():
        if not message.id:
            continue
        first = message.id if isinstance(message.id, str) else message.id[0]
        for translation in words(message):
            assert sorted(GAP.findall(translation)) == sorted(GAP.findall(first)), first
