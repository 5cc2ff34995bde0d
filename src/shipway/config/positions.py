"""Where in a text each value stands."""

from __future__ import annotations

from dataclasses import dataclass, field

from shipway.config.problems import Complaint, Path, Problem
from shipway.config.problems import field as written

Position = tuple[int, int]
"""Line and column, both counted from 1."""


@dataclass
class Positions:
    """The places of keys and values; what has none of its own stands where the value around it does."""

    keys: dict[Path, Position] = field(default_factory=dict)
    values: dict[Path, Position] = field(default_factory=dict)

    def of(self, path: Path, *, at_key: bool = False) -> Position:
        """The place of the value at `path` (or of its key), else of the nearest thing that contains it."""
        if at_key and path in self.keys:
            return self.keys[path]
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return (1, 1)

    def add(self, other: Positions) -> None:
        """The places of another text's part; what has a place keeps it."""
        for path, at in other.keys.items():
            self.keys.setdefault(path, at)
        for path, at in other.values.items():
            self.values.setdefault(path, at)

    def locate(self, complaint: Complaint, file: str) -> Problem:
        """The complaint with its line and column."""
        line, column = self.of(complaint.path, at_key=complaint.at_key)
        return Problem(file, line, column, written(complaint.path), complaint.message, complaint.nearest)
