"""A field of a form is explained by the text of the reference: that of the command that does the same."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from shipway.web import fields
from shipway.web.pages.rendering import TEMPLATES
from web.server import Site

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "commands.md").read_text()
TEXTS = [text for name, text in vars(fields).items() if name.isupper() and isinstance(text, str)]
HELP = re.compile(r'<(?:p|span) class="help" id="([^"]*)">([^<]*)<')
FIELD = re.compile(r"<(?:input|textarea|select) (?![^>]*type=.(?:hidden|checkbox))[^>]*>")
A_LITERAL = re.compile(r'\bfield\(\s*"[^"]*"(?: ~ [\w.]+(?: ~ "[^"]*")?)?,\s*"[^"]*",\s*"[^"]*",\s*"[^"]')
ANYTHING = "value", "act"  # what a variable holds is nobody's to explain


@pytest.mark.parametrize("text", TEXTS)
def test_what_explains_a_field_is_in_the_reference(text: str) -> None:
    assert text in REFERENCE


@pytest.mark.parametrize("may", fields.TOKEN_MAY.values())
def test_what_a_token_may_is_in_the_reference(may: str) -> None:
    assert may in REFERENCE


@pytest.mark.parametrize("page", sorted(TEMPLATES.glob("*.html")), ids=lambda page: page.name)
def test_no_form_explains_a_field_in_words_of_its_own(page: Path) -> None:
    if page.name != "patterns.html":
        assert A_LITERAL.findall(page.read_text()) == []


def test_every_field_of_a_form_is_explained(site: Site) -> None:
    scene = site.scene
    scene.application("topup")
    scene.configure("topup", "prod", {"LOG_LEVEL": "info"}, ["API_KEY"])
    for subject in ("One", "Two"):
        scene.deliver(scene.push("topup", subject))
    place = "/applications/topup/environments/prod"
    seen = set()
    for address in ("/tokens", "/applications/topup/settings", place, f"{place}/releases/r1"):
        for form in re.findall('<form[^>]*method="post".*?</form>', site.get(address).text, re.DOTALL):
            helped = dict(HELP.findall(form))
            for said in helped.values():
                text = next(text for text in TEXTS if unescape(said).startswith(text))
                seen.add(text)
            for field in FIELD.findall(form):
                name = re.search('name="([^"]*)"', field)
                by = re.search('aria-describedby="([^"]*)"', field)
                told = by is not None and by[1].split()[-1] in helped
                assert told or (name is not None and name[1] in ANYTHING), field
    assert len(seen) >= 10
    installation = site.get("/installation").text
    assert all(text in installation for text in (fields.PORT, fields.PROXY_PORT, fields.URL))
    assert fields.REGEX in site.get(f"{place}/log").text
