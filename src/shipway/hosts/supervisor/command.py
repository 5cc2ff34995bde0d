"""Starts the command of a step, with its limits and its output in a pipe."""

from __future__ import annotations

import fcntl
import os
import resource

from shipway.hosts.supervisor.descendants import die_with
from shipway.hosts.supervisor.signals import end_on_broken_pipes

PIPE_BYTES = 1 << 20


def as_typed(script: str) -> str:
    """The lines of a script as somebody sees them who types it into a shell."""
    return "$ " + script.rstrip().replace("\n", "\n> ") + "\n"


def start(argv: list[str], env: dict[str, str], processes: int) -> tuple[int, int]:
    """The pid of the command, and the end of the pipe that its output arrives at; raises OSError."""
    output, its_output = os.pipe()
    failure, its_failure = os.pipe()
    fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    supervisor = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            die_with(supervisor)
            os.dup2(its_output, 1)
            os.dup2(its_output, 2)
            _become(argv, env, processes)
        except OSError as error:
            os.write(its_failure, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(its_output)
    os.close(its_failure)
    errno = os.read(failure, 16)  # ends at once when the pipe closes by the exec
    os.close(failure)
    if errno:
        raise OSError(int(errno), os.strerror(int(errno)), argv[0])
    return pid, output


def _become(argv: list[str], env: dict[str, str], processes: int) -> None:
    os.setsid()
    end_on_broken_pipes()
    _limit(resource.RLIMIT_NPROC, processes)
    _limit(resource.RLIMIT_CORE, 0)
    _be_first_to_go()
    os.execve(argv[0], argv, env)


def _limit(which: int, most: int) -> None:
    hard = resource.getrlimit(which)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (most, most))


def _be_first_to_go() -> None:
    """When memory runs out the kernel shall take the step, not the server or an instance."""
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
