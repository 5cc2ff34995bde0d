"""How often the right one is suspected: what an SDK tells of each planted bug, crossed with what was done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from incidents import history
from incidents.history import History
from incidents.planted import Bug
from shipway.environments.secrets import Vault
from shipway.signals.errors.intake import Intake
from shipway.signals.errors.recording import Recorder
from shipway.state import error_keys, errors
from shipway.state.error_keys import ErrorKey
from shipway.story.suspicion import Suspecting
from web.scene import Scene
from web.server import story

Give = Callable[[Intake, ErrorKey], None]
"""Hands a report to an intake, as it came by this key."""


@dataclass
class Bar:
    """A shop with an environment for each bug: the commit before it serves there, and then the one with it."""

    scene: Scene
    suspecting: Suspecting
    bugs: Mapping[str, Bug]
    planted: Mapping[str, History]
    found: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, directory: Path, base: Mapping[str, str], bugs: Mapping[str, Bug]) -> Bar:
        scene = Scene.empty(directory)
        scene.application("shop")
        first, planted = history.write(scene.places.repository("shop"), base, bugs)
        scene.deliver(scene.push("shop", "", commit=first), [_environment(bugs, name) for name in bugs])
        return cls(scene, Suspecting(story(scene).cast), bugs, planted)

    def releases(self, directory: Path, beside: Mapping[str, str]) -> dict[str, Path]:
        """Each bug's release as files, with what is installed or built `beside` its own."""
        return {
            name: _laid(directory / str(number), {**beside, **self.planted[name].files, **self.bugs[name].built})
            for number, name in enumerate(self.bugs, 1)
        }

    def suspect(self, name: str, give: Give) -> None:
        """Releases a bug, records what is told of it, and looks who is suspected."""
        environment = _environment(self.bugs, name)
        run = self.scene.push("shop", "", commit=self.planted[name].head)
        self.scene.begin(run)
        self.scene.artifact(run)
        self.scene.deploy(run, environment)
        self.scene.end(run)
        intake = Intake(self.scene.database)
        with self.scene.database.write() as conn:
            key = error_keys.current(conn, "shop", environment)
        give(intake, key)
        vault = Vault(self.scene.places)
        Recorder(self.scene.database, self.scene.places, vault, intake).record(intake.take(timeout=0))
        self.suspecting.look()
        with self.scene.database.read() as conn:
            places = [place for error in errors.recent(conn, "shop") for place in errors.places(conn, error.id)]
        (place,) = (each for each in places if each.environment == environment)
        assert place.suspicion is not None
        self.found[name] = dict(place.suspicion)

    def count(self, which: Mapping[str, Bug]) -> Counter[str]:
        """How many of these bugs led to the right commit, to nobody, and to a wrong one."""
        return Counter(self.answer(name) for name in which)

    def answer(self, name: str) -> str:
        named, culprit = self.found[name]["commit"], self.bugs[name].culprit
        if named is None:
            return "silent"
        return "right" if culprit is not None and named == self.planted[name].commits[culprit] else "wrong"

    def explained(self) -> str:
        """Every bug with its answer, for whoever reads why a bar is missed."""
        return "\n" + "\n".join(
            f"{self.answer(name):7} {name}: {self.found[name]['reason']}" for name in self.found
        )


def reported(event: Mapping[str, Any], commit: str) -> Give:
    """A report of Sentry's protocol, by a release."""

    def give(intake: Intake, key: ErrorKey) -> None:
        assert intake.offer(key, json.dumps({**event, "release": commit}).encode())

    return give


def _environment(bugs: Mapping[str, Bug], name: str) -> str:
    return f"prod-{list(bugs).index(name) + 1}"


def _laid(directory: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return directory
