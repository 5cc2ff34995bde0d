"""What was answered last, small enough to be written anew each time: one file for each environment."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from shipway.config.places import Places
from shipway.signals.questions.answer import Answer, State
from shipway.signals.questions.question import Question

KEPT = 64
"""Answers of the past that are kept of each question: a quarter of an hour as a rule, a minute of a trial."""

BELIEVED = 60.0
"""Seconds for which an answer is believed after three others should have come."""

CHANGES: dict[State, str] = {"passed": "recovered", "failed": "failed", "not known": "unknown"}
TOLD = (*(f"probe.{change}" for change in CHANGES.values()), "probe.ended")
"""What goes on record of a question."""


@dataclass
class Line:
    """One question and what is known of it. `release` is whose answer it is (`topup.prod.r3`), None where the
    environment was asked as a whole; `by` the release from which the question came. Times in unix seconds.

    `state` is the last answer, `told` the one on record: what is other twice in a row is a change.
    While it `rests` nobody asks, and the last answer stands. `good` is what else a good answer has to be. What is
    on record was `tried` if a release was on trial by then: its verdict tells of it.
    """

    name: str
    kind: str
    of: str
    wanted: str | None
    release: str | None
    by: str
    every: float
    state: State = "not known"
    says: str = "not asked yet"
    number: float | None = None
    at: float | None = None
    took: float = 0.0
    since: float | None = None
    told: State = "passed"
    past: list[tuple[float, State]] = field(default_factory=list)
    rests: bool = False
    good: str = ""
    tried: bool = False

    @classmethod
    def of_question(cls, question: Question, *, by: str) -> Line:
        wanted = None if question.wanted is None else str(question.wanted)
        whose, every = None if question.whole else by, question.every
        return cls(question.name, question.kind, question.of, wanted, whose, by, every, good=question.good)

    def known(self, now: float) -> State:
        """The last answer, for as long as it can be believed: nobody may be asking any more."""
        return self.state if self.is_fresh(now) else "not known"

    def is_fresh(self, now: float) -> bool:
        """Whether somebody was asking still at this moment, whatever was answered."""
        return self.at is not None and (self.rests or now - self.at <= 3 * self.every + BELIEVED)

    @property
    def asks(self) -> tuple[str | None, ...]:
        """What is asked, and of which release: what a server finds again after another."""
        return self.name, self.kind, self.of, self.wanted, self.good, self.release

    @property
    def unsure(self) -> bool:
        """Whether the last answer is other than what is on record."""
        return self.at is not None and self.state != self.told

    def hear(self, answer: Answer, at: float, took: float, *, tried: bool = False) -> str | None:
        """Takes in an answer; what has changed, for the record: failed, recovered or unknown. What goes on as
        badly once no release is on trial is told again: no verdict tells of it any more.
        """
        again = self.at is not None and answer.state == self.state
        self.since = self.since if again else at
        self.state, self.says, self.number, self.at, self.took = answer.state, answer.says, answer.number, at, took
        self.past = [*self.past, (at, answer.state)][-KEPT:]
        alone = self.tried and not tried and answer.state != "passed"
        if not again or (answer.state == self.told and not alone):
            return None
        self.told, self.tried = answer.state, tried
        return CHANGES[answer.state]


def read(places: Places, application: str, environment: str) -> list[Line]:
    """The lines of an environment, invariants first; none where nothing was asked."""
    try:
        found = json.loads(_file(places, application, environment).read_bytes())
    except (FileNotFoundError, ValueError):  # cut short with the power: it will be asked again
        return []
    return [Line(**{**each, "past": [(at, state) for at, state in each["past"]]}) for each in found]


def environments(places: Places) -> list[tuple[str, str]]:
    """Every application with an environment of which something was written down."""
    found = (places.data / "environments").glob("*/*/probes.json")
    return sorted((file.parts[-3], file.parts[-2]) for file in found)


def write(places: Places, application: str, environment: str, lines: Sequence[Line]) -> None:
    """In the place of what was there. Raises OSError."""
    file = _file(places, application, environment)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps([asdict(line) for line in lines]))
    os.replace(new, file)


def _file(places: Places, application: str, environment: str) -> Path:
    return places.environment(application, environment) / "probes.json"
