"""One thing that may be found, and how well words fit it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LONGEST = 100  # characters that are looked for
WORDS = 8


@dataclass(frozen=True)
class Found:
    """`kind` is page, application, environment, action, commit, run, error, team or person; `address` where it is.

    `also` are words by which it is found besides those that are shown.
    """

    kind: str
    title: str
    about: str
    address: str
    also: str = ""


def words(said: str) -> list[str]:
    """What is looked for, in small letters; `topup:12` is two words."""
    return said[:LONGEST].casefold().replace(":", " ").replace("#", " ").split()[:WORDS]


def best(found: Iterable[Found], asked: Sequence[str], most: int) -> list[Found]:
    """Those in which every word is, the best first, each address and title once, at most so many."""
    fitting = [(fit, number, one) for number, one in enumerate(found) if (fit := _fit(one, asked)) is not None]
    ordered = [one for _, _, one in sorted(fitting, key=lambda each: each[:2])]
    return list({(one.address, one.title): one for one in ordered}.values())[:most]


def _fit(one: Found, asked: Sequence[str]) -> int | None:
    """0 is best; None when a word is nowhere in it."""
    title, rest = one.title.casefold(), f"{one.about} {one.also} {one.kind}".casefold()
    total = 0
    for word in asked:
        where = _where(title, word)
        if where is None and word not in rest:
            return None
        total += (2 if word in rest.split() else 4) if where is None else where
    return total


def _where(title: str, word: str) -> int | None:
    if word in title.split():
        return 0
    if title.startswith(word):
        return 1
    if f" {word}" in title:
        return 2
    return 3 if word in title else None
