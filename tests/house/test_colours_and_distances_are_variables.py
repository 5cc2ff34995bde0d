"""A style sheet names colours and distances, and `variables.css` alone says what they are.

Sizes of what is drawn (an icon, a line, a column) and where it lies upon a drawing are no distances: they stand
where they are used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import shipway.web

SHEETS = sorted((Path(shipway.web.__file__).parent / "static").glob("*.css"))
DECLARED = re.compile(r"([a-z-]+):\s*([^;{}]+)")
DISTANCES = re.compile(r"(padding|margin|gap|row-gap|column-gap)(-\w+)*")
LENGTH = re.compile(r"(?<![\w.-])-?\d*\.?\d+(px|r?em)\b")
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\b(rgb|hsl|hwb|lab|lch|oklab|oklch|color)a?\(|light-dark\(")
NAMED = re.compile(
    r"(?<![\w-])(white|black|red|green|blue|gray|grey|orange|yellow|purple|silver|navy|teal)(?![\w-])"
)


def broken(sheet: str) -> Iterator[str]:
    for name, value in DECLARED.findall(re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)):
        if (DISTANCES.fullmatch(name) and LENGTH.search(value)) or COLOUR.search(value) or NAMED.search(value):
            yield f"{name}: {value}"


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_colours_and_distances_are_variables(sheet: Path) -> None:
    found = list(broken(sheet.read_text(encoding="utf-8")))
    assert bool(found) == (sheet.name == "variables.css"), found


RAW = """
padding: 0 3px
gap: .5rem
margin-left: -1px
margin: calc(100% - 4px) 0
color: #fff
color: rgb(0 0 0)
border: 1px solid red
"""


@pytest.mark.parametrize("written", RAW.strip().splitlines())
def test_a_raw_colour_or_distance_is_found(written: str) -> None:
    assert list(broken(f"a {{ {written}; }}"))
