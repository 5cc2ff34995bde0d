"""The rehearsals of a run, as its facts tell of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.incidents.letter import listed
from shipway.state.facts import Fact


@dataclass(frozen=True)
class Rehearsal:
    """`state` is running, passed, failed or unneeded; `before` are the environments that waited for it.

    `parts` are those that had their turn, in words: the last one is what failed, if it did. `reason` says why,
    also of one that was not needed. Times in seconds since 1970.
    """

    environment: str
    before: Sequence[str]
    state: str
    parts: Sequence[str]
    olds: Sequence[str]
    reason: str
    excerpt: str
    began: float
    ended: float | None

    @property
    def title(self) -> str:
        """What people call it."""
        return f"rehearsal in {self.environment}"

    @property
    def says(self) -> str:
        """How it stands, in a few words."""
        if self.state == "running":
            return self.parts[-1] if self.parts else "about to begin"
        if self.state == "passed":
            return f"{self.parts[0] if self.parts else 'it'} and {listed(list(self.olds))} work with the same data"
        if self.state == "failed":
            return f"{self.parts[-1] if self.parts else 'it'}: {self.reason}"
        return f"not needed: {self.reason}"


def of(found: Iterable[Fact]) -> list[Rehearsal]:
    """Those that these facts of one run tell of, one for each environment that rehearses, in their order."""
    told: dict[str, list[Fact]] = {}
    for fact in found:
        if fact.kind.startswith("rehearsal."):
            told.setdefault(str(fact.environment), []).append(fact)
    return [_of_one(environment, every) for environment, every in told.items()]


def _of_one(environment: str, every: Sequence[Fact]) -> Rehearsal:
    """One that was interrupted has begun more than once: the last time counts."""
    first = next((at for at in reversed(range(len(every))) if every[at].kind == "rehearsal.begun"), 0)
    last, facts = every[-1], every[first:]
    state = last.kind.removeprefix("rehearsal.")
    running = state in ("begun", "entered")
    return Rehearsal(
        environment,
        last.data["before"],
        "running" if running else state,
        [str(fact.data["part"]) for fact in facts if fact.kind == "rehearsal.entered"],
        [_old(old) for old in facts[0].data.get("with", ())],
        str(last.data.get("reason", "")),
        str(last.data.get("excerpt", "")),
        facts[0].at,
        None if running else last.at,
    )


def _old(old: Mapping[str, Any]) -> str:
    return f"r{old['number']} of {old['environment']}"
