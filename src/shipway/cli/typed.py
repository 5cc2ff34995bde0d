"""What was typed where a number or one of a few words is wanted, and is none: what was given, what would do; and
what a word is for that is missing, or is known elsewhere alone.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

NUMBERS = {int: "a whole number", float: "a number"}

ELSEWHERE = {
    "config": "settings",
    "history": "runs",
    "kill": "down",
    "list": "applications",
    "lock": "freeze",
    "promote": "deploy",
    "restart": "deploy",
    "revert": "rollback",
    "start": "up",
    "state": "where",
    "status": "where",
    "stop": "down",
    "undo": "rollback",
    "unfreeze": "thaw",
    "unlock": "thaw",
    "version": "about",
}
"""The verbs of other tools, and those of ours that do about the same."""


def meant(typed: str) -> str:
    """Which verb was meant where there is none of that name, and where all of them are."""
    known = get_close_matches(typed, ELSEWHERE, n=1)
    guess = f"Did you mean '{ELSEWHERE[known[0]]}'? " if known else ""
    return f"No such command {typed!r}. {guess}`shipway --help` lists them."


def wrong(error: Any) -> str:
    """The message of what Typer found wrong with a value, in our words; its own where we have none for it. Of a
    value that is missing it is what that is for.

    Its own are those of the library that reads values for it: of what they are, nothing of what was typed.
    """
    param, cause = error.param, error.__cause__
    if param is not None and not error.message:
        return str(param.help or "")
    kind = None if param is None else getattr(param, "type_descriptor", None)
    if kind is None or not hasattr(cause, "errors"):
        return str(error.message)
    given = cause.errors(include_url=False)[0]["input"]
    if kind.choices is not None:
        *others, last = map(str, kind.choices)
        return f"{given!r} is not {', '.join(others)} or {last}."
    of = next((words for number, words in NUMBERS.items() if number in (kind.annotation, *_of(kind))), None)
    return str(error.message) if of is None else f"{given!r} is not {of}{_bounds(param)}."


def _of(kind: Any) -> tuple[Any, ...]:
    return tuple(getattr(kind.annotation, "__args__", ()))


def _bounds(param: Any) -> str:
    least, most = param.min, param.max
    if least is None:
        return "" if most is None else f" of at most {most}"
    return f" of at least {least}" if most is None else f" from {least} to {most}"
