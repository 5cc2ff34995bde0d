"""Lines that belong together: a stack trace belongs to the line that introduces it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from shipway.signals.logs.levels import at_least
from shipway.signals.logs.recognise import HEAD, plain, raised, recognise

MOST_LINES, MOST_BYTES = 400, 256 * 1024
APART = 1_000_000  # microseconds between two lines that cannot belong together any more
TRACEBACK = "Traceback (most recent call last)"
_GOES_ON = re.compile(
    r"Caused by: |Suppressed: |During handling of the above exception|The above exception was the direct cause"
    r"|\.\.\. \d+ more|goroutine \d+ \[|stack backtrace:|note: run with `RUST_BACKTRACE|--- End of |created by "
)
_CALL = re.compile(r"\s+at \S")
_NAMES_ERROR = re.compile(r"\b\w{0,120}(?:Error|Exception|Throwable)\b")


@dataclass
class Group:
    """The lines of one entry, each with its moment in microseconds, the first one at its head."""

    at: int
    lines: list[str]
    last: int
    size: int = 0
    in_trace: bool = field(default=False)

    def take(self, at: int, line: str) -> bool:
        """Adds a line that belongs to it; False where it begins another entry."""
        full = len(self.lines) >= MOST_LINES or self.size > MOST_BYTES
        if full or abs(at - self.last) > APART or not self._goes_on_with(line):
            return False
        self.in_trace = line.startswith(TRACEBACK) or (self.in_trace and (not line or line[0].isspace()))
        self.lines.append(line)
        self.last, self.size = at, self.size + len(line)
        return True

    def _goes_on_with(self, line: str) -> bool:
        if not line or line[0] in " \t" or _GOES_ON.match(line):
            return True
        if line.startswith(TRACEBACK):
            return bool(_GOES_ON.match(self._spoken())) or (
                len(self.lines) == 1 and at_least(recognise(self.lines[0]).level, "warning")
            )
        if line.startswith("}") and not plain(line)[0]:
            return len(self.lines) > 1
        return self.in_trace and plain(line)[0] in (None, "error")

    def _spoken(self) -> str:
        """Its last line that is not empty."""
        return next((line for line in reversed(self.lines) if line.strip()), "")


def grouped(lines: Iterable[tuple[int, str]]) -> Iterator[Group]:
    """Lines in their order, each with its moment, as entries."""
    current: Group | None = None
    for at, line in lines:
        if current is not None and current.take(at, line):
            continue
        if current is not None:
            yield current
        current = Group(at, [line], at, len(line), line.startswith(TRACEBACK))
    if current is not None:
        yield current


def with_stack(lines: Sequence[str]) -> bool:
    """Whether a line names an error and its stack stands below, as `console.error("failed:", error)` of a Node has
    it: it says no level, and tells of a failure all the same.
    """
    return (
        len(lines) > 1 and _CALL.match(lines[1]) is not None and _NAMES_ERROR.search(lines[0][:HEAD]) is not None
    )


def begins(line: str) -> bool:
    """Whether an entry certainly begins here, whatever stood before."""
    if not line or line[0] in " \t}" or _GOES_ON.match(line) or raised(line):
        return False
    return line[0] == "{" or plain(line)[0] is not None


def may_begin(line: str) -> bool:
    """Whether an entry may begin here: it does not look like a part of one."""
    return bool(line) and line[0] not in " \t}" and not _GOES_ON.match(line) and not raised(line)


def text_of(lines: Sequence[str]) -> str:
    """The lines of an entry as one text, without empty ones at its end."""
    return "\n".join(lines).rstrip("\n")
