"""A release as those find it who ask it something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shipway.hosts.sandbox import Tier
from shipway.releases.targets.process import Surroundings
from shipway.signals.questions.names import Names


@dataclass(frozen=True)
class Place:
    """`host` is the name for which its requests come, `ports` where each instance of its web listens on loopback.

    `around` says what a command of the release sees; it may raise ShipwayError. Commands leave nothing in
    `scratch`, and end when `stopping` says so.
    """

    host: str
    ports: Mapping[str, int]
    names: Names
    around: Callable[[], Surroundings]
    tier: Tier
    scratch: Path
    stopping: Callable[[], bool] = lambda: False
