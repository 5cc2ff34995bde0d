"""How sure it is whose change something was: three levels, and the words that are said for them everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Confidence = Literal["high", "medium", "low"]

WORDS: Mapping[str, str] = {"high": "very", "medium": "rather", "low": "not very"}
MEANINGS: Mapping[str, str] = {
    "high": "the commit wrote what went wrong, or changed what stands beside it; or nobody else changed anything",
    "medium": "it changed a call further out, or the function that went wrong, but not beside the very line; "
    "or what the release command of a newer release does, which ran just before",
    "low": "it changed something that what went wrong uses, or that led there",
}
"""What each of them says of a commit that is named."""


def level(said: object) -> Confidence | None:
    """What stands on record, if it is one of the three."""
    return next((each for each in get_args(Confidence) if each == said), None)


def sure(confidence: str | None) -> str:
    """`Sure: very`; without one of the three `Not known`."""
    return f"Sure: {WORDS[confidence]}" if confidence is not None and confidence in WORDS else "Not known"
