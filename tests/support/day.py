"""A day of production, replayed as fast as the machine goes: requests, errors and lines of an environment."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from shipway.environments.secrets import Vault
from shipway.hosts.keeper import segments
from shipway.hosts.keeper.output import Output
from shipway.signals.errors.intake import Intake
from shipway.signals.errors.recording import Recorder
from shipway.signals.history import History
from shipway.signals.reading import Reading
from shipway.state import error_keys
from support.said import tally
from web.scene import Scene

LINE = b"2026-11-27 12:00:00,%03d INFO topup.web request GET /charge/%d took %d ms for the account of %d\n"
GATHERED = 200  # reports that are recorded together, as the server does


@dataclass
class Day:
    """An environment, `topup` in prod, whose every second may be replayed; `now` is the clock of its signals.

    Lines take the way of an instance's: into memory, and by the keeper's hand to the disk, `kept` bytes at most.
    """

    scene: Scene
    memory: Path
    kept: int = segments.KEPT
    now: int = 1_790_000_000
    most_memory: int = 0
    most_disk: dict[str, int] = field(default_factory=dict)
    number: int = 0
    late: int = 0

    def __post_init__(self) -> None:
        places = self.scene.places
        self.history = History("topup.prod", places.environment("topup", "prod") / "signals")
        self.intake = Intake(self.scene.database)
        self.recorder = Recorder(self.scene.database, places, Vault(places), self.intake)
        self.log = places.instance_log("topup", "prod", "topup.prod.r1.web.1")
        self.memory.mkdir(parents=True, exist_ok=True)
        self.raw = self.memory / "topup.prod.r1.web.1"
        self.writer = os.open(self.raw, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.output = Output(str(self.raw), str(self.log), [b"a long secret", b"YSBsb25nIHNlY3JldA=="])
        with self.scene.database.write() as conn:
            self.key = error_keys.current(conn, "topup", "prod")

    def close(self) -> None:
        self.output.close()
        os.close(self.writer)

    def requests(self, per_second: float) -> None:
        """A look at the router: what two releases answered in this second."""
        self.now += 1
        given = {1: (per_second * 0.9, 0.001, 20.0), 2: (per_second * 0.1, 0.002, 30.0)}
        self.history.add(list(self._readings(given)))

    def errors(self, count: int, kinds: int = 200) -> None:
        """So many reports, of `kinds` errors by turns and now and then a new one."""
        for _ in range(count):
            self.number += 1
            kind = self.number % kinds if self.number % 97 else 10_000 + self.number
            frame = {"filename": f"module_{kind}.py", "function": f"f{kind}", "lineno": 7, "in_app": True}
            frame |= {"context_line": "raise KeyError(name)", "vars": {"name": "x" * 500}}
            raised = {"type": f"Error{kind}", "value": f"no {self.number}", "stacktrace": {"frames": [frame]}}
            told = {
                "exception": {"values": [raised]},
                "release": "none",
                "transaction": f"/charge/{self.number % 40}",
            }
            self.intake.offer(self.key, json.dumps(told).encode())
            self.late += 1
        if self.late >= GATHERED:
            self.late = 0
            self.recorder.record(self.intake.take(timeout=0))

    def lines(self, size: int) -> None:
        """So many bytes are printed, and written down by the keeper at its next look."""
        text = b"".join(LINE % (n % 1000, self.now + n, n % 97, n * 7919 % 100_003) for n in range(size // 90 + 1))
        os.write(self.writer, text[:size])
        self.most_memory = max(self.most_memory, self.raw.stat().st_blocks * 512)
        self.output.take(largest=segments.room(1, self.kept))

    def tidy(self) -> None:
        """As the keeper does every five seconds and the server every minute; then the disk is looked at."""
        segments.tidy(str(self.log.parent), [self.log.name], self.kept)
        self.recorder.tidy()
        self.look()

    def look(self) -> None:
        for what, size in self.sizes().items():
            self.most_disk[what] = max(self.most_disk.get(what, 0), size)

    def sizes(self) -> dict[str, int]:
        """Bytes on the disk by what they are."""
        places = self.scene.places
        return {
            "log": _size(self.log.parent),
            "signals": _size(places.environment("topup", "prod") / "signals"),
            "reports": _size(places.errors("topup")),
            "record": sum(file.stat().st_size for file in places.data.glob("shipway.db*")),
        }

    def _readings(self, given: dict[int, tuple[float, float, float]]) -> Iterator[Reading]:
        chance = Random(self.now)
        for number, answers in given.items():
            yield Reading(float(self.now), 1, f"topup.prod.r{number}", tally(answers, 1, chance), 2, True)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
