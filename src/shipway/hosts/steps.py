"""Runs a command at most once per directory, and finds out later what became of it.

The directory is all that server and supervisor share: the server may die at any moment and pick up the
outcome when it is back.
"""

from __future__ import annotations

import marshal
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from shipway.errors import TransientError
from shipway.hosts.disguises import disguises
from shipway.hosts.outcome import Outcome, outcome, supervisor_of
from shipway.hosts.sandbox import Room, Tier, check_environment
from shipway.hosts.supervisor.claim import claim
from shipway.hosts.supervisor.order import Order
from shipway.hosts.supervisor.result import record

__all__ = ["Outcome", "StepNotStarted", "cancel", "outcome", "start", "wait"]

SUPERVISOR = Path(__file__).parent / "supervisor" / "__main__.py"
LOG_LIMIT = 1 << 30  # bytes
PROCESSES = 4096  # 2,048 were too few to build two wheels at once (mapt PR #856)


class StepNotStarted(TransientError):
    """The supervisor of a step could not be started: no memory, no processes left, or no disk."""

    id = "hosts.step_not_started"


def start(
    directory: Path,
    *,
    argv: Sequence[str],
    room: Room,
    tier: Tier,
    env: Mapping[str, str],
    timeout: float,
    secrets: Sequence[str] = (),
    log_limit: int = LOG_LIMIT,
    shown: str = "",
) -> None:
    """Starts `argv` in `room`, unless it was ever started (or cancelled) in this directory before.

    When this returns the step is claimed for good, and runs whatever becomes of this process. `timeout` in
    seconds, `log_limit` in bytes. The log begins with `shown`, the command as people know it. Of `secrets` nothing
    reaches `<directory>/log`. Raises StepNotStarted, and what the caller has to mend: UnsafeVariable,
    TooShortToMask, BadLink.
    """
    if (directory / "claim").exists():
        return
    check_environment(env)
    masks = disguises(secrets)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    tier.prepare(room)
    order = Order(
        argv=tier.command(replace(room, dies_with_parent=True), argv),
        shown=shown,
        env=dict(env),
        timeout=timeout,
        masks=masks,
        log_limit=log_limit,
        processes=PROCESSES,
    )
    _hand_over(directory, order)


def _hand_over(directory: Path, order: Order) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SUPERVISOR), str(directory)],
        input=marshal.dumps(dict(order)),
        capture_output=True,
        env={name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ},
        cwd="/",
        check=False,
    )
    if done.returncode != 0:
        raise StepNotStarted(f"The step could not be started: {_last_line(done.stderr)}")


def _last_line(output: bytes) -> str:
    return (output.decode(errors="replace").strip().splitlines() or ["no reason was given."])[-1]


def wait(directory: Path, poll: float = 0.05, cancelled: Callable[[], bool] = lambda: False) -> Outcome:
    """The outcome, when there is one. Asks `cancelled` every `poll` seconds, and then cancels the step."""
    asked = False
    while (found := outcome(directory)) is None:
        if not asked and cancelled():
            cancel(directory)
            asked = True
        _pause(directory, poll)
    return found


def cancel(directory: Path) -> None:
    """Makes the step end as cancelled, if it has not ended; one that was not started never will be."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if claim(str(directory)):
        now = time.time()
        return record(str(directory), None, "cancelled", now, now)
    with supervisor_of(directory) as supervisor:
        if supervisor is not None:
            signal.pidfd_send_signal(supervisor, signal.SIGTERM)
    return None


def _pause(directory: Path, seconds: float) -> None:
    """Until `seconds` have passed, or the step's supervisor is gone."""
    with supervisor_of(directory) as supervisor:
        if supervisor is None:
            return time.sleep(seconds)
        gone = select.poll()
        gone.register(supervisor, select.POLLIN)
        gone.poll(seconds * 1000)
    return None
