"""What the server draws of a program's colours, and what a page draws of lines that come later, is the same."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from shipway.web.ansi import Piece, pieces
from web.server import Site
from web.visiting import person

DRAWN = [
    ("plain", [Piece("plain")]),
    ("\x1b[31mred\x1b[0m plain", [Piece("red", "r"), Piece(" plain")]),
    ("\x1b[1;91mloud\x1b[22m red\x1b[39m plain", [Piece("loud", "w r"), Piece(" red", "r"), Piece(" plain")]),
    ("\x1b[4m\x1b[44;30mon blue", [Piece("on blue", "u on-c d")]),
    ("\x1b[38;5;31mnot red\x1b[m", [Piece("not red", "c")]),
    ("\x1b[38;5;244mgrey\x1b[48;2;200;20;20m on red", [Piece("grey", "d"), Piece(" on red", "d on-r")]),
    ("\x1b[38:5:2mgreen\x1b[97m white", [Piece("green", "g"), Piece(" white")]),
    ("\x1b[38;2;1mshort\x1b[48m", [Piece("short", "d")]),
    ("\x1b[99999999999;31mred", [Piece("red", "r")]),
    ("\x1b[2K\x1b]8;;http://evil\x07li\u202enk\x1b[1A", [Piece("link")]),
]
PAINT = """async ([address, texts]) => {
  const { Painter } = await import(address);
  return texts.map((text) => {
    const line = document.createElement('p');
    new Painter().paint(line, text);
    return [...line.childNodes].map((node) => [node.textContent, node.className ?? '']);
  });
}"""


def _beside_it(page: Page, name: str) -> str:
    """The address of a file that stands beside the style of every page."""
    sheet = page.locator("link[href$='/base.css']").get_attribute("href")
    assert sheet is not None
    return sheet.replace("base.css", name)


@pytest.mark.parametrize(("text", "drawn"), DRAWN)
def test_styles_become_classes_and_nothing_else_is_left(text: str, drawn: list[Piece]) -> None:
    assert pieces(text) == drawn


@pytest.mark.needs("chromium")
def test_the_page_draws_the_same(browser: Browser, shared: Site) -> None:
    context = person(browser, shared)
    page = context.new_page()
    page.goto(f"{shared.origin}/runs")
    texts = [text for text, _ in DRAWN]
    painted = page.evaluate(PAINT, [_beside_it(page, "ansi.js"), texts])
    context.close()
    told = [[Piece(*one) for one in line] for line in painted]
    assert told == [pieces(text) for text in texts]


GROUNDS = """async (address) => {
  const sheet = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: address });
  await new Promise((done) => { sheet.onload = done; document.head.append(sheet); });
  const light = (colour) => {
    const brush = new OffscreenCanvas(1, 1).getContext('2d');
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 1, 1);
    const linear = [...brush.getImageData(0, 0, 1, 1).data].map((each) => (each / 255) ** 2.2);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05;
  };
  const ratio = (one, other) => Math.max(one, other) / Math.min(one, other);
  const lines = Object.assign(document.createElement('div'), { className: 'ansi' });
  document.body.append(lines);
  return ['r', 'g', 'y', 'c', 'm', 'd'].map((hue) => {
    const piece = Object.assign(document.createElement('span'), { className: `r on-${hue}`, textContent: 'x' });
    lines.append(piece);
    const ground = light(getComputedStyle(piece).backgroundColor);
    const behind = light(getComputedStyle(lines).backgroundColor);
    return [ratio(ground, behind), ratio(ground, light(getComputedStyle(piece).color))];
  });
}"""


@pytest.mark.needs("chromium")
def test_a_ground_is_seen_and_what_is_written_on_it_is_read(browser: Browser, shared: Site) -> None:
    context = person(browser, shared)
    page = context.new_page()
    page.goto(f"{shared.origin}/runs")
    sheet = _beside_it(page, "ansi.css")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for seen, read in page.evaluate(GROUNDS, sheet):
            assert seen > 1.4, f"{scheme}: no ground is seen"
            assert read > 4.5, f"{scheme}: nothing is read on it"
    context.close()
