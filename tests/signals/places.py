"""A release to ask, without anything that runs it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from shipway.hosts.sandbox import Tier
from shipway.releases.targets.process import Surroundings
from shipway.signals import probes
from shipway.signals.questions.answer import Answer
from shipway.signals.questions.names import Names
from shipway.signals.questions.place import Place
from shipway.signals.questions.question import Question, Wanted
from support.rooms import ENV, room_of, tier_of


def question(kind: str, of: str, **how: Any) -> Question:
    return Question("asked", kind, of, **{"timeout": 5.0, "every": 15.0, **how})


def number(kind: str, of: str, low: float = 0, high: float = 0, field: str | None = None) -> Question:
    return question(kind, of, wanted=Wanted(low, high, field))


def place(directory: Path, *ports: int, loopback: bool = True, tier: Tier | None = None, **env: str) -> Place:
    """Its tree is `directory`/tree. Unless told otherwise the owner allows what is on this machine."""
    (directory / "tree").mkdir(exist_ok=True)
    (directory / "scratch").mkdir(exist_ok=True)
    if loopback:
        (directory / "reachable").write_text("127.0.0.0/8  # tests\n::1\n")
    return Place(
        host="shop.localhost",
        ports={f"web.{position}": port for position, port in enumerate(ports, 1)},
        names=Names(directory / "reachable"),
        around=lambda: Surroundings(room_of(directory / "tree"), {**ENV, **env}, []),
        tier=tier or tier_of(),
        scratch=directory / "scratch",
    )


def ask(asked: Question, of: Place) -> Answer:
    return asyncio.run(probes.ask(asked, of))
