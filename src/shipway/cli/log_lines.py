"""Single lines of the logs of a run: those with some words in them, and when each came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shipway.cli.server import Server

TOGETHER = 1000  # lines asked for at once


def attempts(server: Server, run: str, step: str | None) -> list[dict[str, Any]]:
    """The attempts of one step of the run, the last one alone, or of each step that began."""
    began = [one for one in server.get(f"/runs/{run}")["steps"] if step in (None, one["name"])]
    return began if step is None else began[-1:]


def found(server: Server, run: str, step: str | None, text: str) -> Iterator[dict[str, Any]]:
    """The lines with `text` in them, in any case: each with its step, its attempt, its number and its time."""
    for one in attempts(server, run, step):
        which = {"step": one["name"], "attempt": one["attempt"]}
        offset: int | None = 0
        while offset is not None:
            told = server.get(f"/runs/{run}/log/search", text=text, offset=offset, **which)
            for line in _read(server, run, which, told["lines"]):
                yield {**which, **line}
            offset = told["next"]


def timed(server: Server, run: str, step: str | None) -> Iterator[dict[str, Any]]:
    """Every line there is, with its time."""
    for one in attempts(server, run, step):
        which = {"step": one["name"], "attempt": one["attempt"]}
        number, count = 1, 1
        while number <= count:
            told = server.get(f"/runs/{run}/log/lines", limit=TOGETHER, **{"from": number}, **which)
            count = told["count"]
            yield from ({**which, **line} for line in told["lines"])
            number = told["lines"][-1]["number"] + 1 if told["lines"] else count + 1


def _read(server: Server, run: str, which: dict[str, Any], numbers: list[int]) -> Iterator[dict[str, Any]]:
    """The lines with these numbers, of which those that are near each other come together."""
    while numbers:
        near = [number for number in numbers[:TOGETHER] if number < numbers[0] + TOGETHER]
        asked = {"from": near[0], "limit": near[-1] - near[0] + 1}
        told = server.get(f"/runs/{run}/log/lines", **asked, **which)["lines"]
        wanted, last = set(near), told[-1]["number"] if told else near[-1]
        yield from (line for line in told if line["number"] in wanted)
        numbers = [number for number in numbers if number > last]
