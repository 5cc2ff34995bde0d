"""How sure it is whose commit something was is said in the same words at pages, in messages and in terminals."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import shipway
from shipway.incidents.sure import MEANINGS, WORDS, Confidence, level, sure

SOURCES = Path(shipway.__file__).parent


def test_each_level_has_a_word_and_a_meaning() -> None:
    assert tuple(WORDS) == tuple(MEANINGS) == get_args(Confidence)
    assert [sure(one) for one in (*WORDS, None, "else")] == [
        "Sure: very",
        "Sure: rather",
        "Sure: not very",
        "Not known",
        "Not known",
    ]
    assert [level(one) for one in ("high", "likely", None)] == ["high", None, None]


def test_nothing_else_has_words_of_its_own_for_it() -> None:
    """A template or a command that said it by itself would say it otherwise one day."""
    own = re.compile(r"""["']?Sure: |["']not very["']|["']high["'][^\n]*["']medium["']|, confidence """)
    files = [*SOURCES.rglob("*.py"), *SOURCES.rglob("*.html")]
    assert [str(one) for one in files if own.search(one.read_text())] == [str(SOURCES / "incidents" / "sure.py")]
