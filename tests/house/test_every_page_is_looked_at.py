"""A page that is not in the list of `web/every_page.py` is looked at by nobody, nor by axe."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

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


TEMPLATES = Path(web.__file__).parent / "templates"
TREES = {path.name: jinja2.Environment().parse(path.read_text()) for path in TEMPLATES.glob("*.html")}
PAGE = "patterns.html"
Part = tuple[str, str]  # its template, and its name there


def made(template: str) -> dict[str, nodes.Macro]:
    return {one.name: one for one in TREES[template].find_all(nodes.Macro)}


def taken(template: str) -> dict[str, Part]:
    """The parts of others that it imports, by the names it gives them."""
    named: dict[str, Part] = {}
    for one in TREES[template].find_all(nodes.FromImport):
        assert isinstance(one.template, nodes.Const)
        for name in one.names:
            own, other = (name, name) if isinstance(name, str) else (name[1], name[0])
            named[own] = (one.template.value, other)
    return named


def drawn_by(template: str, node: nodes.Node) -> set[Part]:
    """The parts that are called in it, and those that these call."""
    own = {name: (template, name) for name in made(template)}
    known = {**own, **taken(template)}
    called = {each.node.name for each in node.find_all(nodes.Call) if isinstance(each.node, nodes.Name)}
    first = {known[name] for name in called if name in known}
    return first.union(*(drawn_by(of, made(of)[name]) for of, name in first))


WHOLE = {"commit_life.html"}
"""What is as good as the whole page that alone takes it."""


def test_every_part_that_pages_take_from_elsewhere_is_on_the_page_of_patterns() -> None:
    elsewhere = {of for name in TREES if name != PAGE for of, _ in taken(name).values()} - WHOLE
    parts = {(of, name) for of in elsewhere for name in made(of)}
    assert {("parts.html", "hash"), ("elements.html", "field"), ("printed.html", "printed")} <= parts
    assert parts - drawn_by(PAGE, TREES[PAGE]) == set()
