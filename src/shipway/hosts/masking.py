"""Secrets leave no trace in a stream of bytes, wherever it is cut into chunks.

Part of the supervisor and of the keeper: imports nothing.
"""

from __future__ import annotations

MASK = b"***"


class Masker:
    """Replaces every occurrence of any of `patterns` by `***`, however the stream is cut.

    Occurrences that overlap are replaced together, so that nothing of either remains. What could be the
    beginning of an occurrence is kept back until more arrives: no more than the longest pattern.
    """

    def __init__(self, patterns: list[bytes]) -> None:
        self._patterns = patterns
        self._kept = b""
        self._masked = 0  # so many first bytes of `_kept` are behind a mask that was already written

    def feed(self, data: bytes) -> bytes:
        """What may be shown now."""
        if not self._patterns:
            return data
        data = self._kept + data
        until = min(_beginning(data, pattern) for pattern in self._patterns)
        return self._show(data, until)

    def end(self) -> bytes:
        """What was kept back, at the end of the stream."""
        return self._show(self._kept, len(self._kept))

    def _show(self, data: bytes, until: int) -> bytes:
        """The masked form of `data[:until]`; keeps the rest."""
        shown, covered = [], self._masked
        for start, end in self._occurrences(data):
            if start >= until:
                break
            if start >= covered:
                shown += [data[covered:start], MASK]
            covered = max(covered, end)
        shown.append(data[covered:until])
        self._kept, self._masked = data[until:], max(0, covered - until)
        return b"".join(shown)

    def _occurrences(self, data: bytes) -> list[tuple[int, int]]:
        return _occurrences(data, self._patterns)


def whole_until(data: bytes, patterns: list[bytes]) -> int:
    """How many bytes of `data` can be masked by themselves: no occurrence, begun or whole, reaches across that
    place. More than 0 if `data` is twice as long as the longest pattern, or longer."""
    until = min((_beginning(data, pattern) for pattern in patterns), default=len(data))
    for start, end in reversed(_occurrences(data, patterns)):
        if start < until < end:
            until = start
    return until


def _occurrences(data: bytes, patterns: list[bytes]) -> list[tuple[int, int]]:
    found = []
    for pattern in patterns:
        start = data.find(pattern)
        while start >= 0:
            found.append((start, start + len(pattern)))
            start = data.find(pattern, start + 1)
    return sorted(found)


def _beginning(data: bytes, pattern: bytes) -> int:
    """Where in `data` an occurrence of `pattern` may begin that ends after it; its length if nowhere."""
    at = data.find(pattern[:1], max(0, len(data) - len(pattern) + 1))
    while at >= 0:
        if pattern.startswith(data[at:]):
            return at
        at = data.find(pattern[:1], at + 1)
    return len(data)
