"""Templates are named by strings too: each is used by somebody, and each page has its module."""

import ast
import re
from pathlib import Path

from tests.house.conftest import House

USED_BY_TEMPLATES = re.compile(r"{%-?\s*(?:extends|include|import|from)\s+[\"']([^\"']+)[\"']")
PAGE_BLOCK = re.compile(r"{%-?\s*block page\s*-?%}(\w+){%-?\s*endblock")
PAGE_IN_LOADER = re.compile(r"(\w+):\s*\(\)\s*=>\s*import\('\./pages/([\w-]+)\.js'\)")

# The content policy forbids all of these, so on a page they would silently do nothing.
FORBIDDEN_MARKUP = {
    "an inline style": re.compile(r"<[^>]*\sstyle\s*="),
    "an inline handler": re.compile(r"<[^>]*\son[a-z]+\s*="),
    "an inline script": re.compile(r"<script(?![^>]*\b(?:src|type=\"application/json\"))"),
    "an inline stylesheet": re.compile(r"<style\b"),
}


def test_every_template_is_used(house: House) -> None:
    assert sorted(set(house.templates()) - used_templates(house)) == []


def test_every_used_template_exists(house: House) -> None:
    assert sorted(used_templates(house) - set(house.templates())) == []


def test_every_page_has_its_module(house: House) -> None:
    loaded = {name for name, _ in loaders(house)}

    assert sorted(pages(house) - loaded) == []


def test_every_module_belongs_to_a_page(house: House) -> None:
    folder = house.root / "static" / "js" / "pages"
    loaded = {module for name, module in loaders(house) if name in pages(house)}

    assert sorted({file.stem for file in folder.glob("*.js")} - loaded) == []


def test_templates_hold_nothing_that_the_content_policy_forbids(house: House) -> None:
    found = [
        f"{name}: {what}: {match[0]}"
        for name, text in house.templates().items()
        for what, pattern in FORBIDDEN_MARKUP.items()
        if (match := pattern.search(text))
    ]

    assert found == []


def used_templates(house: House) -> set[str]:
    """Return what templates take from each other and what Python names as a template."""
    from_templates = {
        name for text in house.templates().values() for name in USED_BY_TEMPLATES.findall(text)
    }
    return from_templates | {
        str(node.value)
        for file in house.python_files("webapp")
        for node in ast.walk(house.tree(file))
        if isinstance(node, ast.Constant) and Path(str(node.value)).suffix in (".html", ".xml")
    }


def pages(house: House) -> set[str]:
    """Return the names that templates give to ``data-page``."""
    return {name for text in house.templates().values() for name in PAGE_BLOCK.findall(text)}


def loaders(house: House) -> list[tuple[str, str]]:
    """Return which module each entry point loads for a page."""
    folder = house.root / "static" / "js"
    return [
        pair
        for entry in ("main.js", "official.js")
        for pair in PAGE_IN_LOADER.findall((folder / entry).read_text(encoding="utf-8"))
    ]


def test_whatever_scrolls_sideways_is_reached_by_keyboard_and_has_a_name() -> None:
    openings = [
        tag
        for page in sorted(Path("templates").rglob("*.html"))
        for tag in re.findall(r'<div class="scroll(?:-x)?"[^>]*>', page.read_text())
    ]
    assert openings
    assert [tag for tag in openings if 'tabindex="0"' not in tag or "aria-label" not in tag] == []
