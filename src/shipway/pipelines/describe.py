"""A recognised application as a shipway.yml that a person enjoys reading."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_PLAIN = re.compile(r"[A-Za-z./$(][ -~]*", re.ASCII)
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off"})

TRAFFIC = """
# All requests move to a new release at once, and a few first with these lines without their first `# `:
# traffic:
#   strategy: canary
#   steps: [10, 50]  # the shares of 100 requests that it gets before it gets all
#   hold: 1 m  # how long each share is judged, beside the release that serves the rest
""".rstrip().split("\n")


@dataclass(frozen=True)
class Step:
    run: str
    needs: tuple[str, ...] = ()
    network: bool = False


@dataclass(frozen=True)
class Description:
    """All that is written into a recognised shipway.yml; `None` and what is empty is left out."""

    name: str
    reasons: tuple[str, ...]
    build: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    steps: Mapping[str, Step] = field(default_factory=dict)
    processes: Mapping[str, str] = field(default_factory=dict)
    release: str | None = None
    repeatable: bool = False
    data: tuple[str, ...] = ()


def text(description: Description) -> str:
    """The commented text; what it says is read back by the same rules as anybody's shipway.yml."""
    return "\n".join(_lines(description)) + "\n"


def _lines(it: Description) -> Iterator[str]:
    yield f"# How {it.name} travels from `git push` to production. Shipway wrote this from what it found here:"
    yield from (f"# - {_comment(reason)}" for reason in it.reasons)
    yield "# Change what you like; `shipway schema` and docs/reference/shipway.yml.md say what else there is."
    yield f"name: {it.name}"
    yield from _section("What is shipped: built once from a green commit, the same for every environment.")
    yield "build:"
    yield from (f"  {key}: {_value(value)}" for key, value in it.build.items())
    if it.steps:
        yield from _section("What must pass first, in a clean checkout. Only a green commit goes on.")
        yield "steps:"
        for name, step in it.steps.items():
            yield from _step(name, step)
    if it.processes:
        yield from _section("What stays up. `web` answers requests on the port it is given.")
        yield "processes:"
        yield from (f"  {name}: {_value(run)}" for name, run in it.processes.items())
    yield from _release(it)
    if it.data:
        yield from _section("What each environment keeps between releases; never part of what is shipped.")
        yield f"data: {_value(it.data)}"
    yield from _section("A new release gets requests when this answers (with a status below 500).")
    yield "health: /"
    yield from TRAFFIC
    yield from _section("Where a commit goes, one after the other.")
    yield "environments: [dev, test, prod]"


def _section(comment: str) -> Iterator[str]:
    yield from ("", f"# {comment}")


def _step(name: str, step: Step) -> Iterator[str]:
    yield f"  {name}:"
    yield f"    run: {_value(step.run)}"
    if step.needs:
        yield f"    needs: {_value(step.needs)}"
    if step.network:
        yield "    network: true  # steps without this line reach nothing"


def _release(it: Description) -> Iterator[str]:
    if it.release is None:
        return
    yield from _section("Runs once before a release serves, when a copy of the environment's data has been made.")
    yield "release:"
    yield f"  run: {_value(it.release)}"
    if it.repeatable:
        yield "  repeatable: true  # may be started again if the machine dies in the middle of it"


def _value(value: str | Sequence[str]) -> str:
    if not isinstance(value, str):
        return f"[{', '.join(_item(item) for item in value)}]"
    plain = _PLAIN.fullmatch(value) and value == value.strip() and value.lower() not in _WORDS_OF_YAML
    return value if plain and ": " not in value and " #" not in value and value[-1] != ":" else _quoted(value)


def _item(value: str) -> str:
    return _quoted(value) if re.search(r"[\[\]{},]", value) else _value(value)


def _quoted(value: str) -> str:
    """In double quotes; JSON leaves some characters as they are that YAML wants escaped."""
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in quoted)


def _comment(reason: str) -> str:
    return "".join(each if each.isprintable() else " " for each in " ".join(reason.split()))
