"""What a recogniser saw, before it is written down as a shipway.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sketch:
    """One reading of a repository; of several the one with the highest `certainty` (0 to 100) is taken.

    `framework` is the requirement to install when the repository declares none of that name; `tests` the
    command of its tests, None for pytest where there are tests; `finish` a command that completes the build.
    """

    kind: str
    certainty: int
    reasons: tuple[str, ...]
    processes: Mapping[str, str] = field(default_factory=dict)
    framework: str | None = None
    tests: str | None = None
    release: str | None = None
    repeatable: bool = False
    data: tuple[str, ...] = ()
    finish: str | None = None
    root: str | None = None
