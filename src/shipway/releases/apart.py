"""A release apart from all that serves: on a copy of the data, without requests of anybody, for a limited time.

Commands run as steps do, under a supervisor that ends them at their time also when Shipway is gone. Nothing is
wanted of them on record, so nothing starts them again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shipway.errors import DeploymentStopped, TransientError
from shipway.hosts import ports, steps
from shipway.hosts.excerpt import explaining
from shipway.hosts.outcome import Outcome
from shipway.releases import health, prepare
from shipway.releases.machine import Machine
from shipway.releases.settings import ReleaseSettings
from shipway.releases.targets import process
from shipway.releases.targets.process import Surroundings
from shipway.state import ports as recorded

LIMIT = 900.0
"""Seconds after which a web that runs apart is ended, whatever becomes of Shipway."""

LOG = 8 << 20  # bytes

Stopping = Callable[[], bool]


class Lost(TransientError):
    """The supervisor of what ran apart was killed, or the machine went down: it says nothing about the release."""

    id = "releases.lost_apart"
    default_hint = "It begins anew by itself."


class NotWell(Exception):
    """What runs apart does not do as it should; the words say how."""


def run_command(
    machine: Machine, around: Surroundings, settings: ReleaseSettings, directory: Path, stopping: Stopping
) -> None:
    """Runs a `release:` command, once in `directory`; raises DeploymentStopped when it fails, and Lost."""
    prepare.start_command(machine, around, settings, directory, LOG)
    prepare.judge(
        settings, _not_lost(steps.wait(directory, cancelled=stopping)), excerpt=explaining(directory / "log")
    )


@contextmanager
def running(
    machine: Machine, around: Surroundings, line: str, directory: Path, owner: str
) -> Iterator[tuple[int, Path]]:
    """One web that was started with `line`, on a port of its own, recorded as of `owner`: the port, and its
    directory. Nothing of it is left afterwards.

    What is raised in it as NotWell becomes DeploymentStopped, with what the web itself wrote.
    """
    port = ports.take(machine.database, owner)
    try:
        steps.start(
            directory,
            argv=process.argv_of(machine, line),
            room=around.room,
            tier=machine.tier,
            env={**around.env, "PORT": str(port)},
            timeout=LIMIT,
            secrets=around.secrets,
            log_limit=LOG,
        )
        yield port, directory
    except NotWell as error:
        end(directory)
        raise DeploymentStopped(str(error), excerpt=explaining(directory / "log")) from error
    finally:
        end(directory)
        release_ports(machine, owner)


def be_healthy(
    web: tuple[int, Path], *, path: str, host: str, timeout: float, stopping: Stopping = lambda: False
) -> None:
    """Waits until it answers `path` with a status below 500; raises NotWell after `timeout` seconds, or when it
    has ended, and Lost."""
    port, directory = web
    deadline, last = time.monotonic() + timeout, "it does not listen on its PORT"
    while time.monotonic() < deadline and not stopping():
        ended = steps.outcome(directory)
        if ended is not None and _not_lost(ended):
            how = f"with exit status {ended.code}" if ended.code is not None else f"({ended.how})"
            raise NotWell(f"web ended {how} right after its start.")
        status = health.ask(port, path, host)
        if isinstance(status, int):
            if status < 500 and steps.outcome(directory) is None:
                return
            last = f"GET {path} answered {status}"
        time.sleep(health.PAUSE)
    raise NotWell(f"web did not get healthy within {timeout:g} s: {last}.")


def _not_lost(outcome: Outcome) -> Outcome:
    if outcome.how == "lost":
        raise Lost("Nobody knows how it ended: its supervisor was killed, or the machine went down.")
    return outcome


def end(directory: Path) -> None:
    """Ends what was started in this directory, or in one below it; returns when nothing of it is left."""
    for claim in sorted(directory.glob("**/claim")):
        steps.cancel(claim.parent)
        steps.wait(claim.parent)


def release_ports(machine: Machine, owner: str) -> None:
    """Frees the ports of whoever has a name that begins like this."""
    with machine.database.write() as conn:
        for port in recorded.owned(conn, owner):
            recorded.release(conn, port)
