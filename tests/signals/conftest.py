"""A record with an application in it, and what looks at the reports that come in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shipway.environments import configure
from shipway.environments.secrets import Vault
from shipway.signals.errors.intake import Intake
from shipway.signals.errors.recording import Recorder
from shipway.state import error_keys, errors, facts
from shipway.state.errors import Error
from shipway.state.facts import Fact
from shipway.state.releases import Release
from web import reporting
from web.scene import Scene


@dataclass
class Desk:
    """topup, with an intake of its own that nobody but the test looks at."""

    scene: Scene
    intake: Intake
    recorder: Recorder

    def deliver(self, subject: str = "Change something", *environments: str) -> Release:
        """A new release serves; the one in prod."""
        self.scene.deliver(self.scene.push("topup", subject), environments or ("dev", "test", "prod"))
        return reporting.release(self.scene, environment=(environments or ("prod",))[-1])

    def configure(self, **secrets: str) -> None:
        """Secrets of prod; the next release has them."""
        vault = Vault(self.scene.places)
        configure.change(self.scene.database, vault, "topup", "prod", who="ada", secrets=secrets)

    def report(self, told: Mapping[str, Any], environment: str = "prod", times: int = 1) -> None:
        with self.scene.database.write() as conn:
            known = error_keys.current(conn, "topup", environment)
        for _ in range(times):
            assert self.intake.offer(known, json.dumps(told).encode())
        self.record()

    def record(self) -> None:
        while reports := self.intake.take(timeout=0):
            self.recorder.record(reports)

    def errors(self) -> list[Error]:
        """All there are, the first one first."""
        with self.scene.database.read() as conn:
            return sorted(errors.recent(conn, "topup", limit=10_000), key=lambda error: error.number)

    def told(self) -> list[Fact]:
        """The facts about errors."""
        with self.scene.database.read() as conn:
            return [fact for fact in facts.after(conn, 0, limit=100_000) if fact.kind.startswith("error.")]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    scene = Scene.empty(tmp_path)
    scene.application("topup")
    intake = Intake(scene.database)
    yield Desk(scene, intake, Recorder(scene.database, scene.places, Vault(scene.places), intake))
    scene.database.close()
