"""Is an instance healthy? Only an answer counts that came while the instance itself was listening."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping

from shipway.errors import DeploymentStopped
from shipway.hosts.keeper.client import Keeper
from shipway.state.instances import Instance

Said = Callable[[Instance], str]
"""What an instance wrote that explains its failure."""

PAUSE = 0.05  # seconds between two looks: a start is over in a second or two
PATIENCE = 5.0  # seconds for one answer


def wait(keeper: Keeper, instance: Instance, said: Said, *, path: str, host: str, timeout: float) -> None:
    """Waits until the instance answers `path` with a status below 500.

    Raises DeploymentStopped after `timeout` seconds, or as soon as the instance has ended twice meanwhile: one
    that ran before, kept warm say, may have ended long ago. Its excerpt is what the instance `said`.
    """
    deadline = time.monotonic() + timeout
    ended_before = restarts(keeper).get(instance.id, 0)
    last = "it does not listen on its PORT"
    while time.monotonic() < deadline:
        _still_there(keeper, instance, said, restarts_allowed=ended_before + 1)
        if instance.port is not None and keeper.listens(instance.id, instance.port):
            status = ask(instance.port, path, host)
            if isinstance(status, int) and status < 500 and keeper.listens(instance.id, instance.port):
                return
            last = f"GET {path} answered {status}"
        time.sleep(PAUSE)
    reason = f"{instance.process} did not get healthy within {timeout:g} s: {last}."
    raise DeploymentStopped(reason, excerpt=said(instance))


def restarts(keeper: Keeper) -> dict[str, int]:
    """How often each instance that runs has been started again, by id."""
    return {state.id: state.restarts for state in keeper.instances()}


def survive(
    keeper: Keeper, instances: list[Instance], said: Said, grace: float, ended_before: Mapping[str, int]
) -> None:
    """Watches that the instances live for `grace` seconds; raises DeploymentStopped when one ends, with what it
    `said` as excerpt.

    `ended_before` are the `restarts` from before they were started: an instance that ran already, because a
    deployment is continued, may have ended before it.
    """
    deadline = time.monotonic() + grace
    while True:
        for instance in instances:
            _still_there(keeper, instance, said, restarts_allowed=ended_before.get(instance.id, 0))
        if time.monotonic() >= deadline:
            return
        time.sleep(PAUSE)


def _still_there(keeper: Keeper, instance: Instance, said: Said, *, restarts_allowed: int) -> None:
    for state in keeper.instances(group=None):
        if state.id == instance.id and (state.state == "exited" or state.restarts > restarts_allowed):
            code = "" if state.exit_code is None else f" with exit status {state.exit_code}"
            reason = f"{instance.process} ended{code} right after its start."
            raise DeploymentStopped(reason, excerpt=said(instance))


def ask(port: int, path: str, host: str, agent: str = "shipway-health") -> int | str:
    """The status that an instance answers under the name `host`, or in words why there was none.

    It takes five seconds at most; `agent` is who asks.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": host, "User-Agent": agent, "Connection": "close"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"nothing ({type(error).__name__})"
    finally:
        connection.close()
