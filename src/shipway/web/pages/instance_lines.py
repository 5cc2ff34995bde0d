"""The instances of an environment, by the release each belongs to, as the keeper and the machine have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shipway.hosts.keeper.spec import InstanceState
from shipway.signals.instances import Usage
from shipway.state import instances
from shipway.state.database import Connection
from shipway.state.releases import Release
from shipway.web import icons, shapes
from shipway.web.api.environments import running
from shipway.web.pages.release_lines import Line
from shipway.web.site import Site
from shipway.web.words import RESTARTING, lasting, standing

FIRST = 8  # instances of a release that are seen at once; the others are folded away


@dataclass(frozen=True)
class Instance:
    """One copy of a process beside what the keeper says of it; `memory` is in bytes, `cpu` in cores."""

    name: str
    state: str
    icon: str
    port: int | None
    since: float | None
    restarts: int
    memory: int | None
    cpu: float

    @property
    def brief(self) -> str:
        """The state and for how long, where there is little room: of one that restarts the word alone."""
        word = self.state.partition(",")[0]
        return word if self.since is None or word == RESTARTING else f"{word} {lasting(self.since)}"


@dataclass(frozen=True)
class Group:
    """A release that has instances here, what it is to the environment, and they: what is not well comes first."""

    release: Release
    icon: str
    word: str
    instances: Sequence[Instance]

    @property
    def first(self) -> Sequence[Instance]:
        return self.instances[:FIRST]

    @property
    def others(self) -> Sequence[Instance]:
        return self.instances[FIRST:]

    @property
    def well(self) -> int | None:
        """How many of them are up, if that is known."""
        if any(one.icon == icons.PROCESSES["not known"] for one in self.instances):
            return None
        return sum(one.icon == icons.PROCESSES["running"] for one in self.instances)


def groups(site: Site, conn: Connection, application: str, environment: str, lines: Sequence[Line]) -> list[Group]:
    """Of each of these releases that has instances which should run, in this order."""
    states, used = running(site, application, environment), site.story.cast.collector.instances.latest
    found = [Group(line.release, line.icon, line.word, _of(conn, line.release, states, used)) for line in lines]
    return [one for one in found if one.instances]


def _of(
    conn: Connection, release: Release, states: Sequence[InstanceState] | None, used: Mapping[str, Usage]
) -> list[Instance]:
    shown = shapes.instances(instances.of_release(conn, release.id), states)
    shown.sort(key=lambda one: (one["state"] == "running", one["process"], one["position"]))
    return [_instance(one, used.get(one["id"])) for one in shown]


def _instance(shape: shapes.Shape, used: Usage | None) -> Instance:
    return Instance(
        name=f"{shape['process']}.{shape['position']}",
        state="up" if shape["state"] == "running" else standing(shape["state"], shape["again_at"]),
        icon=icons.PROCESSES[shape["state"]],
        port=shape["port"],
        since=shape["since"],
        restarts=shape["restarts"] or 0,
        memory=None if used is None else used.memory,
        cpu=0.0 if used is None else used.cpu,
    )
