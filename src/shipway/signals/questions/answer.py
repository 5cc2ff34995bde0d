"""What became of a question. One that could not be asked has not passed, and not failed either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["passed", "failed", "not known"]
LONGEST = 300


class NotKnown(Exception):
    """It could not be asked, and nothing is known; the words say why."""


@dataclass(frozen=True)
class Heard:
    """What a kind of probe heard: `says` in a few words, `text` all of it that was kept."""

    state: State
    says: str
    text: str = ""


@dataclass(frozen=True)
class Answer:
    state: State
    says: str
    number: float | None = None


def short(text: str) -> str:
    """One line of it that can be shown."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * LONGEST]).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
