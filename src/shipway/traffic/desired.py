"""What the router should do: one value, kept in one file, from which all other files can be made again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shipway.traffic import files


@dataclass(frozen=True)
class Cluster:
    """A release's instances: their ports on this machine, and the path that says whether they work."""

    ports: tuple[int, ...]
    health_path: str


@dataclass(frozen=True)
class Environment:
    """Who serves an environment, and the newest deployment that moved its traffic; `sticky`: who came to a
    release stays with it while several share the requests."""

    shares: Mapping[str, int] = field(default_factory=dict)
    epoch: int = 0
    sticky: bool = False


@dataclass(frozen=True)
class Desired:
    """Clusters by name (`topup.prod.r3`) and environments by name (`topup.prod`)."""

    clusters: Mapping[str, Cluster] = field(default_factory=dict)
    environments: Mapping[str, Environment] = field(default_factory=dict)

    def shares(self, name: str) -> Mapping[str, int]:
        return self.environments.get(name, Environment()).shares

    def sticky(self, name: str) -> bool:
        return self.environments.get(name, Environment()).sticky and len(self.shares(name)) > 1

    def epoch(self, name: str) -> int:
        return self.environments.get(name, Environment()).epoch

    def clusters_of(self, name: str) -> Sequence[str]:
        return sorted(cluster for cluster in self.clusters if owner(cluster) == name)

    def serves(self, cluster: str) -> bool:
        return bool(self.shares(owner(cluster)).get(cluster))

    def with_cluster(self, name: str, cluster: Cluster) -> Desired:
        return replace(self.with_environment(owner(name)), clusters={**self.clusters, name: cluster})

    def without(self, gone: Iterable[str]) -> Desired:
        dropped = set(gone)
        return replace(self, clusters={n: c for n, c in self.clusters.items() if n not in dropped})

    def with_environment(self, name: str, **changes: Any) -> Desired:
        environment = replace(self.environments.get(name, Environment()), **changes)
        return replace(self, environments={**self.environments, name: environment})


def owner(cluster: str) -> str:
    """The environment a cluster belongs to: `topup.prod.r3` to `topup.prod`."""
    return cluster.rpartition(".")[0]


def load(path: Path) -> Desired:
    """What was kept last; nothing at all in a new installation."""
    try:
        kept = json.loads(path.read_text())
    except FileNotFoundError:
        return Desired()
    return Desired(
        {name: Cluster(tuple(c["ports"]), c["health_path"]) for name, c in kept["clusters"].items()},
        {name: Environment(**e) for name, e in kept["environments"].items()},
    )


def keep(path: Path, desired: Desired) -> None:
    """Written through to the disk before the router hears of it: it must never serve what is not recorded."""
    value = {
        "clusters": {name: vars(cluster) for name, cluster in desired.clusters.items()},
        "environments": {name: vars(environment) for name, environment in desired.environments.items()},
    }
    files.replace(path, json.dumps(value, indent=1), durable=True, spare=True)
