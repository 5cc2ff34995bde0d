"""A mail has its plain text and a page of the same words; nothing that somebody wrote becomes markup in it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from shipway.incidents import mail
from support.hostile import PAYLOADS

TEXT = """\
This is for zoe@example.org, who has no channel that works.

test  failed on 2f40dfe: {said}

    def test():
    >   {said}
    {empty}
        E   assert 40 == 70

Commit   2f40dfe {said}, on main
Why you  Sure: very. You are the only author of this push.
Next     Mend it, or `git revert 2f40dfe`.
Run      http://127.0.0.1:8440/runs/shop:2
"""
OURS = {
    *("html", "head", "meta", "title", "style", "body", "main"),
    *("h1", "p", "pre", "code", "table", "tr", "th", "td", "a"),
}


class Reader(HTMLParser):
    """What a page is made of: its tags with their attributes, and the words in each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self._open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "code":
            self._open = tag
            self.words.setdefault(tag, []).append("")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.words[self._open][-1] += data


def test_the_page_says_what_the_text_says() -> None:
    page = Reader(mail.page("test failed", TEXT.format(said="out of eggs", empty=""), "trouble"))
    assert [each.strip() for each in page.words["h1"]] == ["test  failed on 2f40dfe: out of eggs"]
    assert page.words["p"][0].strip() == "This is for zoe@example.org, who has no channel that works."
    assert page.words["pre"] == ["def test():\n>   out of eggs\n\n    E   assert 40 == 70\n"]
    assert page.words["th"] == ["Commit", "Why you", "Next", "Run"]
    assert page.words["td"][2].strip() == "Mend it, or git revert 2f40dfe."
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == [
        "http://127.0.0.1:8440/runs/shop:2"
    ]


@pytest.mark.parametrize("said", PAYLOADS)
def test_what_somebody_wrote_stays_text(said: str) -> None:
    line = " ".join(said.split())
    page = Reader(mail.page(said, TEXT.format(said=line, empty=""), "trouble"))
    assert {tag for tag, _ in page.tags} <= OURS
    assert not [
        name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "src"
    ]
    links = [str(attributes["href"]) for tag, attributes in page.tags if tag == "a"]
    assert links == ["http://127.0.0.1:8440/runs/shop:2"]


def test_nothing_of_it_is_loaded_from_anywhere() -> None:
    page = mail.page("test failed", TEXT.format(said="x", empty=""), "end")
    for loading in ("url(", "@import", "src=", "<link", "<script", "<img"):
        assert loading not in page
