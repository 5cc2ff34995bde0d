"""What somebody looks for in a log."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import re2  # type: ignore[import-untyped]

from shipway.errors import UserError
from shipway.signals.logs import levels
from shipway.signals.logs.entries import Group
from shipway.signals.logs.recognise import Said
from shipway.signals.logs.sources import Source

LONGEST = 400  # characters of what is looked for
MEMORY = 8 << 20  # bytes that a pattern may take
_MARKS = {
    "warning": r"warn|wrn|",
    "error": r"err|eror|severe|fail|exception|throwable|traceback|unhandled|uncaught|",
    "critical": r"crit|fatal|panic|emerg|alert|ftl",
}
_NUMBERS = r'|(level|lvl|severity|severityNumber|severity_number|@l)"\s*:\s*"?[0-9]|Z [WEFA][0-9,]|Z <[0-9]'
_ACROSS_LINES = (
    "^",
    "\\A",
    "\\z",
    "\\B",
    "\\n",
    "\\s",
    "\\D",
    "\\W",
    "\\x",
    "\\C",
    "\\p",
    "\\P",
    "\\Q",
    "[[",
)
_FLAGS_ACROSS_LINES = re.compile(r"\(\?[a-zA-Z]*[sm]")


class BadSearch(UserError):
    """What is looked for cannot be looked for so."""

    id = "signals.bad_search"


@dataclass(frozen=True)
class Query:
    """Every condition must hold; what is None is none. `text` is looked for as it is, in small and capital letters
    alike; `pattern` as a regular expression (RE2's: its time is linear). `since` and `until` are unix seconds."""

    text: str | None = None
    pattern: str | None = None
    level: str | None = None
    release: int | None = None
    process: str | None = None
    instance: str | None = None
    since: float | None = None
    until: float | None = None

    def check(self) -> None:
        """Raises BadSearch, and says what would be right."""
        if self.level is not None and self.level not in levels.LEVELS:
            raise BadSearch(f"{self.level!r} is no level.", hint=f"There are: {', '.join(levels.LEVELS)}.")
        if max(len(self.text or ""), len(self.pattern or "")) > LONGEST:
            raise BadSearch(f"What is looked for has at most {LONGEST} characters.")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise BadSearch("`until` lies before `since`.")
        try:
            _ = self._pattern
        except re2.error as error:
            said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
            raise BadSearch(f"The pattern cannot be read: {said}.", hint="The syntax is RE2's.") from None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Query:
        return cls(**value)

    def wants(self, source: Source) -> bool:
        """Whether anything of this log is looked for."""
        return (
            self.release in (None, source.release)
            and self.process in (None, source.process)
            and self.instance in (None, source.instance)
        )

    def may_match(self, data: bytes) -> bool:
        """False only if no entry of these bytes matches; asked before they are taken apart."""
        if self.text is not None and not self._has_text(data):
            return False
        if self._by_line is not None and not self._by_line.search(data):
            return False
        return self._marks is None or self._marks.search(data) is not None

    def matches(self, group: Group, text: str) -> bool:
        """Whether an entry matches, before its level is known."""
        since, until = self.since, self.until
        if (since is not None and group.at < since * 1e6) or (until is not None and group.at >= until * 1e6):
            return False
        return self.found_in(text)

    def found_in(self, text: str) -> bool:
        """Whether text and pattern are in it."""
        if self.text is not None:
            small = text.lower()
            if self.text.lower() not in small and _escaped(self.text) not in small:
                return False
        return self._pattern is None or self._pattern.search(text) is not None

    def is_serious(self, said: Said) -> bool:
        """Whether its level is looked for."""
        return self.level is None or levels.at_least(said.level, self.level)

    def _has_text(self, data: bytes) -> bool:
        """In small letters where that tells all, and by its characters otherwise."""
        text = str(self.text)
        if "\n" in text:
            return True
        small = data.lower()
        if _escaped(text).encode() in small or text.lower().encode() in small:
            return True
        return not text.isascii() and self._folded.search(data) is not None

    @cached_property
    def _folded(self) -> Any:
        made = _options()
        made.case_sensitive = False
        return re2.compile(re2.escape(str(self.text)), made)

    @cached_property
    def _pattern(self) -> Any:
        return None if self.pattern is None else re2.compile(self.pattern, _options())

    @cached_property
    def _by_line(self) -> Any:
        """Finds something at least wherever the pattern does; None where that would need whole entries: their
        lines follow one another, while in the bytes a moment stands between them."""
        if self.pattern is None or any(sign in self.pattern for sign in _ACROSS_LINES):
            return None
        if _FLAGS_ACROSS_LINES.search(self.pattern):
            return None
        return re2.compile(f"(?m:{self.pattern})", _options())

    @cached_property
    def _marks(self) -> Any:
        """What is in every line of that level, or more; None where nothing need be."""
        if self.level not in _MARKS:
            return None
        least = levels.LEVELS.index(self.level)
        words = "".join(words for level, words in _MARKS.items() if levels.LEVELS.index(level) >= least)
        return re2.compile(f"(?i:{words}){_NUMBERS}", _options())


def _options() -> Any:
    made = re2.Options()
    made.log_errors = False
    made.max_mem = MEMORY
    return made


def _escaped(text: str) -> str:
    """As it stands in JSON."""
    return json.dumps(text)[1:-1].lower()
