"""What is wrong with a text, each problem with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from shipway.errors import UserError

Path = tuple[str | int, ...]
"""Where a value stands: keys and indexes from the top, such as ("steps", "test", "needs", 0)."""
MOST_PROBLEMS = 50  # that are told at once


@dataclass(frozen=True)
class Complaint:
    """A problem with the value at `path`, before anybody has looked up in which line that is."""

    path: Path
    message: str
    nearest: str | None = None
    at_key: bool = False


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: lines and columns count from 1; `field` is `steps.test.needs[0]`."""

    file: str
    line: int
    column: int
    field: str
    message: str
    nearest: str | None = None

    def __str__(self) -> str:
        subject = f"{self.field} {self.message}" if self.field else self.message
        guess = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.file}:{self.line}:{self.column}: {subject}{guess}"


class InvalidConfig(UserError):
    """The text is not a valid configuration; `problems` holds what is wrong with it, in its order: 50 at most."""

    id = "config.invalid"
    status = 422

    def __init__(self, problems: Sequence[Problem]) -> None:
        found = sorted(dict.fromkeys(problems), key=lambda each: (each.line, each.column))
        self.problems = tuple(found[:MOST_PROBLEMS])
        count = f"{len(found)} problems" if len(found) > 1 else "a problem"
        if len(found) > MOST_PROBLEMS:
            count = f"more than {MOST_PROBLEMS} problems; these are the first"
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(
            f"{self.problems[0].file} has {count}:\n{lines}",
            hint="`shipway schema` prints what may be written; docs/reference/shipway.yml.md explains it.",
        )

    def as_dict(self) -> dict[str, Any]:
        return super().as_dict() | {"problems": [asdict(problem) for problem in self.problems]}


def field(path: Path) -> str:
    """A path as a person writes it: `steps.test.needs[0]`; very long keys are cut."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_short(part)}" for part in path)
    return "".join(parts).removeprefix(".")


def _short(key: str) -> str:
    shown = "".join(letter if letter.isprintable() else "?" for letter in key[:61])
    return shown if len(key) <= 60 else f"{shown[:57]}..."
