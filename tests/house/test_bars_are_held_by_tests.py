"""docs/concepts/bars.md knows every bar that the code names, and says of each what holds it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/concepts/bars.md"
ROW = re.compile(r"^\| ([SR]\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
HELD_BY = re.compile(r"\]\(\.\./\.\./((?:tests|bench)/[^)]+\.py)\)")
NAMED = re.compile(r"\b[SR]\d{1,2}\b")
ROWS = {bar: (held_by, state) for bar, _, held_by, state in ROW.findall(PAGE.read_text())}


def named() -> set[str]:
    pages = [*ROOT.glob("src/**/*.py"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/**/*.py")]
    return {bar for page in pages if "BARS" in (text := page.read_text()) for bar in NAMED.findall(text)}


def test_every_row_can_be_read() -> None:
    assert len(ROWS) == len(re.findall(r"^\| [SR]\d", PAGE.read_text(), re.MULTILINE))


def test_every_bar_that_is_named_has_a_row() -> None:
    assert {"S1", "R24"} <= named()
    assert named() - ROWS.keys() == set()


@pytest.mark.parametrize("bar", ROWS)
def test_what_is_said_to_be_held_is_so_by_files_that_are_there(bar: str) -> None:
    held_by, state = ROWS[bar]
    assert re.match(r"(held|partly|not built yet)\b", state)
    files = HELD_BY.findall(held_by)
    assert files or state.startswith("not built yet")
    assert [file for file in files if not (ROOT / file).is_file()] == []
