"""How the first process of an instance is started."""

from __future__ import annotations

import os
import subprocess

from shipway.hosts.keeper.log import open_log
from shipway.hosts.keeper.processes import MARK
from shipway.hosts.keeper.spec import InstanceSpec


def start(spec: InstanceSpec, mark: str, output: str) -> tuple[subprocess.Popen[bytes], int]:
    """Starts the first process of an instance, in a session of its own; the process and a pidfd of it.

    What it prints goes into the file `output`. Raises OSError or ValueError.
    """
    log = open_log(output)
    try:
        child = subprocess.Popen(
            spec.argv,
            env={**spec.env, MARK: mark},
            cwd=spec.cwd or "/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o022,
        )
    except subprocess.SubprocessError as problem:
        raise OSError(f"the process could not be set up: {problem}") from problem
    finally:
        os.close(log)
    try:
        return child, os.pidfd_open(child.pid)
    except OSError:  # no descriptor left: a process that cannot be watched must not run
        child.kill()
        child.wait()
        raise
