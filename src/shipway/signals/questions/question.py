"""Questions as values: what shipway.yml asks of one environment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from shipway.signals.settings import KINDS, InvariantSettings, ProbeSettings

SOON = 1.0
"""Seconds between two answers while a release is on trial, or when the last answer was another."""
PART = 5
"""Of the time that a question takes: it is asked for one part, and rests for the others."""


@dataclass(frozen=True)
class Wanted:
    """The numbers that are right, from `low` to `high`; where the number is in an answer in JSON."""

    low: float | None
    high: float | None
    field: str | None

    def has(self, number: float) -> bool:
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)

    def __str__(self) -> str:
        if self.low is None:
            return f"at most {self.high:g}"
        if self.high is None:
            return f"at least {self.low:g}"
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Question:
    """`kind` is the file that asks; `of` what it asks: a path, an URL, `host:port` or a command.

    `wanted` makes it an invariant. Times in seconds.
    """

    name: str
    kind: str
    of: str
    timeout: float
    every: float
    status: int | None = None
    text: str | None = None
    days: int = 0
    wanted: Wanted | None = None

    @property
    def whole(self) -> bool:
        """Whether it is asked of the environment as a whole, and not of each release that runs there."""
        return self.wanted is not None or not (self.kind == "command" or self.of.startswith("/"))

    def rests_closely(self, took: float) -> float:
        """Seconds from an answer, which `took` some, to the next while a release is on trial."""
        return min(max(SOON, (PART - 1) * took), max(SOON, self.every))

    def is_asked_by(self, other: Question) -> bool:
        """Whether the other one asks the same: whatever its time limit is, its answers can be compared."""
        return replace(other, timeout=self.timeout, every=self.every) == self

    @property
    def expects(self) -> str:
        """What a good answer is, in words."""
        if self.wanted is not None:
            field = "" if self.wanted.field is None else f" in {self.wanted.field}"
            return f"a number{field}, {self.wanted}"
        text = "" if self.text is None else f" with {self.text!r} in it"
        status = "below 400" if self.status is None else str(self.status)
        return {
            "http": f"a status {status}{text}",
            "tcp": "a connection",
            "command": f"exit code 0{text}",
            "certificate": f"one that is good for {self.days} days more",
        }[self.kind]

    @property
    def good(self) -> str:
        """What a good answer is besides the number that is wanted; empty where nothing is said of it."""
        field = None if self.wanted is None else self.wanted.field
        days = self.days if self.kind == "certificate" else None
        said = {"status": self.status, "text": self.text, "days": days, "field": field}
        told = {name: each for name, each in said.items() if each is not None}
        return json.dumps(told) if told else ""


def new_names(asked: Sequence[Question], before: Sequence[Question]) -> set[str]:
    """The names of what is asked of a release and was not of the one before, or was asked otherwise.

    What is asked of the environment as a whole stays as the release before asks it, if that does.
    """
    known = {each.name: each for each in before}

    def is_known(one: Question) -> bool:
        old = known.get(one.name)
        return old is not None and ((one.whole and old.whole) or one.is_asked_by(old))

    return {one.name for one in asked if not is_known(one)}


def questions(
    probes: Mapping[str, ProbeSettings], invariants: Mapping[str, InvariantSettings], environment: str
) -> list[Question]:
    """What is asked in this environment, invariants first."""
    found = [_of_invariant(name, each) for name, each in invariants.items() if _here(each, environment)]
    return found + [_of_probe(name, each) for name, each in probes.items() if _here(each, environment)]


def _here(settings: ProbeSettings | InvariantSettings, environment: str) -> bool:
    return not settings.environments or environment in settings.environments


def _of_probe(name: str, settings: ProbeSettings) -> Question:
    kind, of = _kind(settings)
    return Question(
        name,
        kind,
        of,
        timeout=settings.timeout,
        every=settings.every,
        status=settings.status,
        text=settings.text,
        days=settings.days,
    )


def _of_invariant(name: str, settings: InvariantSettings) -> Question:
    kind, of = _kind(settings)
    low, high = settings.between or (settings.at_least, settings.at_most)
    wanted = Wanted(low, high, settings.field)
    return Question(name, kind, of, timeout=settings.timeout, every=settings.every, wanted=wanted)


def _kind(settings: ProbeSettings | InvariantSettings) -> tuple[str, str]:
    """How it is asked, and what."""
    return next(_written(settings))


def _written(settings: ProbeSettings | InvariantSettings) -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        of = getattr(settings, kind, None)
        if of is not None:
            yield kind, of
