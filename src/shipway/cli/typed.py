"""What was typed where a number or one of a few words is wanted, and is none: what was given, what would do."""

from __future__ import annotations

from typing import Any

NUMBERS = {int: "a whole number", float: "a number"}


def wrong(error: Any) -> str:
    """The message of what Typer found wrong with a value, in our words; its own where we have none for it.

    Its own are those of the library that reads values for it: of what they are, nothing of what was typed.
    """
    param, cause = error.param, error.__cause__
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
