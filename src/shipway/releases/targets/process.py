"""A release as processes of this machine: sandboxed, listening on loopback, owned by the keeper."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shipway.artifacts import room as artifact_room
from shipway.environments import configure, data
from shipway.errors import InstanceDiffers
from shipway.hosts import ports
from shipway.hosts.disguises import masks
from shipway.hosts.keeper.client import InstanceSpec
from shipway.hosts.sandbox import Mount, Room, check_environment
from shipway.releases import output, reporting
from shipway.releases.machine import Machine
from shipway.releases.settings import ProcessSettings
from shipway.state import configurations, instances
from shipway.state import ports as state_ports
from shipway.state.database import BRIEFLY
from shipway.state.instances import Instance, Name
from shipway.state.releases import Release

STOP_GRACE = 10.0  # seconds between the polite signal and the last one, once an instance holds no request
_NEEDS_A_SHELL = re.compile(r"[;&|\n<>(){}`]")
_ASSIGNMENTS = re.compile(r"""^((?:\w+=(?:"[^"]*"|'[^']*'|[^\s"'])*\s+)*)""")


@dataclass(frozen=True)
class Surroundings:
    """What a process of a release sees: its room, its variables, and which of their values are secret."""

    room: Room
    env: dict[str, str]
    secrets: list[str]


@dataclass(frozen=True)
class Process:
    """A line of the application in one release: `web`, `worker`."""

    release: Release
    name: str
    settings: ProcessSettings

    @property
    def instances(self) -> list[Name]:
        return [Name(self.release.name, self.name, at) for at in range(1, self.settings.instances + 1)]


def group(release: Release) -> str:
    """The name under which the keeper counts epochs: an environment of an application."""
    return f"{release.application}.{release.environment}"


def surroundings(
    machine: Machine, release: Release, data_paths: Sequence[str], declared: dict[str, str]
) -> Surroundings:
    """The artifact read-only, the environment's data, /tmp of its own, and nothing of anybody else."""
    kept = data.directory(machine.places, release.application, release.environment, data_paths)
    around = surroundings_with(kept, machine, release, data_paths, declared)
    told = reporting.variables(machine, release, around.env)
    return replace(around, env={**told, **around.env, reporting.RESOURCE: told[reporting.RESOURCE]})


def surroundings_with(
    kept: Path, machine: Machine, release: Release, data_paths: Sequence[str], declared: dict[str, str]
) -> Surroundings:
    """The same with the data directory `kept` instead of the environment's, and nowhere to report errors to."""
    tree = artifact_room.tree_of(machine.places, machine.tier, release.digest, release.name)
    base = artifact_room.run_room(machine.places, tree)
    mounts = (*base.mounts, Mount(kept, data.INSIDE, writable=True))
    plain = Room(mounts=mounts, links={}, cwd=base.cwd, network=True)
    kept_inside = machine.tier.inside(plain, data.INSIDE)
    top = machine.tier.inside(plain, artifact_room.TREE)
    room = Room(mounts=mounts, links=data.links(top, data_paths, kept_inside), cwd=base.cwd, network=True)
    with machine.database.read() as conn:
        configuration = configurations.get(conn, release.application, release.environment, release.configuration)
    values, secrets = configure.variables(machine.vault, configuration)
    env = {
        **artifact_room.run_env(machine.tier, room),
        **declared,
        **values,
        "DATA_DIR": kept_inside,
        "SHIPWAY_APPLICATION": release.application,
        "SHIPWAY_ENVIRONMENT": release.environment,
        "SHIPWAY_RELEASE": str(release.number),
        "SHIPWAY_COMMIT": release.commit,
    }
    check_environment(env)
    return Surroundings(room, env, secrets)


def start(machine: Machine, process: Process, around: Surroundings, epoch: int) -> list[Instance]:
    """Starts the instances of one process; those that run already are left as they are.

    Each is recorded as wanted, with its port, before it is started: after a crash it is found again.
    """
    wanted = want(machine, process)
    _run(machine, process, wanted, around, epoch)
    return wanted


def start_unrecorded(machine: Machine, process: Process, around: Surroundings, epoch: int) -> list[Instance]:
    """The same while nothing can be recorded: on ports that are free now. `adopt` records them when it can be."""
    names = [str(name) for name in process.instances]
    with machine.database.read() as conn:
        known = [instances.find(conn, name) for name in names]
        free = ports.free(conn, len(names))
    release = process.release.id
    found = [
        one
        if one is not None and one.wanted
        else Instance(name, release, process.name, at, port, True, time.time())
        for at, (name, one, port) in enumerate(zip(names, known, free, strict=True), 1)
    ]
    _run(machine, process, found, around, epoch)
    return found


def adopt(machine: Machine, release: Release, process: str, at: Sequence[int]) -> None:
    """Records the instances that were started unrecorded, where they listen on these ports.

    They may have requests: to be wanted on other ports would replace them.
    """
    for position, port in enumerate(at, 1):
        name = str(Name(release.name, process, position))
        with machine.database.read() as conn:
            known = instances.find(conn, name)
        if (known is None or not known.wanted) and machine.keeper.listens(name, port):
            with machine.database.write(BRIEFLY) as conn:
                if port not in state_ports.unavailable(conn, rest=0):
                    state_ports.take(conn, port, name)
                    instances.want(
                        conn, id=name, release=release.id, process=process, position=position, port=port
                    )


def _run(machine: Machine, process: Process, wanted: Sequence[Instance], around: Surroundings, epoch: int) -> None:
    for instance in wanted:
        output.mark(log_of(machine, process.release, instance), epoch)
        _ensure(machine, process.release, _specification(machine, process, instance, around), epoch)


def want(machine: Machine, process: Process) -> list[Instance]:
    """Records that the instances of one process should run, each with its port."""
    return [_want(machine, process.release, name) for name in process.instances]


def _ensure(machine: Machine, release: Release, specification: InstanceSpec, epoch: int) -> None:
    """Runs what is specified; an instance that was started by another version of Shipway is replaced."""
    try:
        machine.keeper.ensure(specification, group=group(release), epoch=epoch)
    except InstanceDiffers:
        machine.keeper.stop(specification.id, group=group(release), epoch=epoch, grace=STOP_GRACE)
        machine.keeper.ensure(specification, group=group(release), epoch=epoch)


def log_of(machine: Machine, release: Release, instance: Instance) -> Path:
    """Where it writes; the directory is there."""
    log = machine.places.instance_log(release.application, release.environment, instance.id)
    log.parent.mkdir(parents=True, exist_ok=True)
    return log


def stop(machine: Machine, release: Release, epoch: int, *, only: Sequence[str] | None = None) -> None:
    """Stops the release's instances (of the processes in `only`), each politely first, and frees their ports. Also
    those that were started unrecorded.
    """
    with machine.database.read() as conn:
        recorded = [one.id for one in instances.of_release(conn, release.id)]
    there = [state.id for state in machine.keeper.instances(group(release)) if state.release == release.name]
    meant = [id for id in dict.fromkeys([*recorded, *there]) if only is None or Name.read(id).process in only]
    for id in meant:
        machine.keeper.stop(id, group=group(release), epoch=epoch, grace=STOP_GRACE)
    if ended := [id for id in meant if id in recorded]:
        with machine.database.write(BRIEFLY) as conn:
            for id in ended:
                instances.unwant(conn, id)


def running(machine: Machine, release: Release, process: str) -> bool:
    """Whether every wanted instance of this process is up, and there is at least one."""
    with machine.database.read() as conn:
        wanted = [each for each in instances.of_release(conn, release.id) if each.process == process]
    up = {state.id for state in machine.keeper.instances(group(release)) if state.state == "running"}
    return bool(wanted) and all(instance.id in up for instance in wanted)


def is_up(machine: Machine, release: Release, process: str) -> bool:
    """Whether any instance of this process is up, be it on record or not."""
    every = machine.keeper.instances(group(release))
    return any(
        each.release == release.name and each.state == "running" and Name.read(each.id).process == process
        for each in every
    )


def _want(machine: Machine, release: Release, name: Name) -> Instance:
    id = str(name)
    with machine.database.read() as conn:
        known = instances.find(conn, id)
    if known is not None and known.wanted:
        return known
    port = ports.take(machine.database, id) if name.process == "web" else None
    with machine.database.write(BRIEFLY) as conn:
        return instances.want(
            conn, id=id, release=release.id, process=name.process, position=name.position, port=port
        )


def _specification(machine: Machine, process: Process, instance: Instance, around: Surroundings) -> InstanceSpec:
    env = {**around.env, **reporting.of_instance(around.env, instance.id)}
    if instance.port is not None:
        env["PORT"] = str(instance.port)
    machine.tier.prepare(around.room)
    return InstanceSpec(
        id=instance.id,
        argv=machine.tier.command(around.room, argv_of(machine, process.settings.run)),
        env=env,
        cwd=None,
        log=str(log_of(machine, process.release, instance)),
        restart="always",
        release=process.release.name,
        masks=[mask.decode("latin-1") for mask in masks(around.secrets)],
    )


def argv_of(machine: Machine, line: str) -> list[str]:
    """The command of a process as it is written.

    A line of a Procfile is for the shell; a simple one replaces the shell, so that signals reach it.
    """
    if line.strip() == "static":
        return artifact_room.static_server()
    if _NEEDS_A_SHELL.search(line):
        return ["sh", "-c", line]
    return ["sh", "-c", _ASSIGNMENTS.sub(r"\1exec ", line.strip(), count=1)]
