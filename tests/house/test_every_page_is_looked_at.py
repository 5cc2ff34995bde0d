"""A page that is not in the list of `web/every_page.py` is looked at by nobody, nor by axe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shipway import web
from shipway.web import pages
from shipway.web.routes import Declared
from web.every_page import EVERY

PART_OF_PAGES = "/applications/{application}/environments/{environment}/so-far"
NO_PAGES = ("/static/{version}/{name:path}", PART_OF_PAGES)
SHOWN = [one for one in pages.ROUTES if one.method == "GET" and one.path not in NO_PAGES]


def pattern(path: str) -> re.Pattern[str]:
    """What the paths of an address look like."""
    return re.compile(re.sub(r"\{\w+(:path)?\}", "[^/]+", path))


@pytest.mark.parametrize("declared", SHOWN, ids=lambda one: one.path)
def test_a_page_is_in_the_list(declared: Declared) -> None:
    looked = [each for each in EVERY if pattern(declared.path).fullmatch(each.path.partition("?")[0])]
    assert looked, f"add a line for {declared.path} to tests/web/every_page.py"


def test_every_element_is_on_the_page_of_patterns() -> None:
    templates = Path(web.__file__).parent / "templates"
    elements = (templates / "elements.html").read_text()
    shown = (templates / "patterns.html").read_text()
    made = re.findall(r"{% macro (\w+)\(", elements)
    whole = [
        name for name in made if len(re.findall(rf"\b{name}\(", elements)) == 1
    ]  # the others are parts of one
    assert len(whole) > 4
    assert [name for name in whole if f"{name}(" not in shown] == []
