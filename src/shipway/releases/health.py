"""Is an instance healthy? Only an answer counts that came while the instance itself was listening."""

from __future__ import annotations

import http.client
import time

from shipway.errors import DeploymentStopped
from shipway.hosts.keeper.client import Keeper
from shipway.state.instances import Instance

PAUSE = 0.05  # seconds between two looks: a start is over in a second or two


def wait(keeper: Keeper, instance: Instance, *, path: str, host: str, timeout: float) -> None:
    """Waits until the instance answers `path` with a status below 500.

    Raises DeploymentStopped after `timeout` seconds, or as soon as the instance has ended twice meanwhile: one
    that ran before, kept warm say, may have ended long ago.
    """
    deadline = time.monotonic() + timeout
    ended_before = _restarts(keeper, instance)
    last = "it does not listen on its PORT"
    while time.monotonic() < deadline:
        _still_there(keeper, instance, restarts_allowed=ended_before + 1)
        if instance.port is not None and keeper.listens(instance.id, instance.port):
            status = _ask(instance.port, path, host)
            if isinstance(status, int) and status < 500 and keeper.listens(instance.id, instance.port):
                return
            last = f"GET {path} answered {status}"
        time.sleep(PAUSE)
    raise DeploymentStopped(f"{instance.process} did not get healthy within {timeout:g} s: {last}.")


def survive(keeper: Keeper, instances: list[Instance], grace: float) -> None:
    """Watches that the instances live for `grace` seconds; raises DeploymentStopped when one ends.

    One that runs already, because a deployment is continued, may have ended before; not while it is watched, and
    it must not wait to be started again.
    """
    deadline = time.monotonic() + grace
    ended_before = {instance.id: _restarts(keeper, instance) for instance in instances}
    while True:
        for instance in instances:
            _still_there(keeper, instance, restarts_allowed=ended_before[instance.id], may_wait=False)
        if time.monotonic() >= deadline:
            return
        time.sleep(PAUSE)


def _restarts(keeper: Keeper, instance: Instance) -> int:
    return next((state.restarts for state in keeper.instances() if state.id == instance.id), 0)


def _still_there(keeper: Keeper, instance: Instance, *, restarts_allowed: int, may_wait: bool = True) -> None:
    gone = ("exited",) if may_wait else ("exited", "backoff")
    for state in keeper.instances(group=None):
        if state.id == instance.id and (state.state in gone or state.restarts > restarts_allowed):
            code = "" if state.exit_code is None else f" with exit status {state.exit_code}"
            raise DeploymentStopped(f"{instance.process} ended{code} right after its start.")


def _ask(port: int, path: str, host: str) -> int | str:
    """The status of the answer, or in words why there was none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host, "User-Agent": "shipway-health"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"nothing ({type(error).__name__})"
    finally:
        connection.close()
