"""Runs one command once, whatever becomes of the server that asked for it.

1. The order comes on standard input: it holds the secrets, which touch neither an argument nor a disk.
2. The process leaves its starter (a session and a parent of its own) and claims the step's directory.
   Whoever does not get the claim does nothing.
3. The command runs; its output is masked into `log`.
4. It ends, or its time does, or SIGTERM says that nobody wants it: everything it started is killed.
5. `exit.json` appears, whole or not at all. A claim without it, and without its process, is a lost step.
"""

from __future__ import annotations

import marshal
import os
import select
import sys
import time

from shipway.hosts.supervisor import command, descendants
from shipway.hosts.supervisor.claim import claim, mark, start_time
from shipway.hosts.supervisor.log import Log
from shipway.hosts.supervisor.result import record
from shipway.hosts.supervisor.signals import Signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from shipway.hosts.supervisor.order import Order

CHUNK = 1 << 20


def main(directory: str) -> None:
    """Reads the order, and returns (as a process) when the step is claimed, by this or another supervisor."""
    order = marshal.loads(sys.stdin.buffer.read())
    answer, tell = os.pipe()
    if os.fork() > 0:
        os.close(tell)
        os._exit(0 if os.read(answer, 1) else 1)
    os.setsid()
    signals = Signals()
    claimed = claim(directory)
    if claimed:
        log = Log(f"{directory}/log", order["masks"], order["log_limit"])
        _leave(log)
    os.write(tell, b"!")
    if claimed:
        _carry_out(directory, order, log, signals)
    os._exit(0)


def _leave(log: Log) -> None:
    """Lets go of the starter's pipes; if this program itself fails, the log will say how."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for source, stream in ((nothing, 0), (log.file, 1), (log.file, 2)):
        os.dup2(source, stream)


def _carry_out(directory: str, order: Order, log: Log, signals: Signals) -> None:
    started = time.time()
    if order["shown"]:
        log.feed(command.as_typed(order["shown"]).encode(errors="replace"))
    code, how = _Step(order, log, signals).run()
    log.end()
    record(directory, code, how, started, time.time())


class _Step:
    """The command from its start to the end of everything it started."""

    def __init__(self, order: Order, log: Log, signals: Signals) -> None:
        self._order, self._log, self._signals = order, log, signals
        self._ended: dict[int, int] = {}

    def run(self) -> tuple[int | None, str]:
        """Exit code (128 + n when signal n killed it) and how it ended."""
        descendants.adopt_orphans()
        try:
            env = {**self._order["env"], **mark(os.getpid(), start_time(os.getpid()))}
            pid, output = command.start(self._order["argv"], env, self._order["processes"])
        except OSError as error:
            self._log.feed(f"{error.filename}: {error.strerror}\n".encode())
            return None, "could not start"
        how = self._wait(pid, output)
        descendants.kill_all(self._ended)
        self._drain(output)
        if how != "exited":
            return None, how
        code = os.waitstatus_to_exitcode(self._ended[pid])
        return (code, how) if code >= 0 else (128 - code, "killed")

    def _wait(self, pid: int, output: int) -> str:
        """Copies output until the command has ended, its time is over, or nobody wants it any more."""
        deadline = time.monotonic() + self._order["timeout"]
        ready = select.poll()
        ready.register(output, select.POLLIN)
        ready.register(self._signals.arrives, select.POLLIN)
        while True:
            descendants.reap(self._ended)
            if pid in self._ended:
                return "exited"
            if self._signals.cancelled:
                return "cancelled"
            left = deadline - time.monotonic()
            if left <= 0:
                return "timed out"
            for source, _ in ready.poll(left * 1000):
                if source == self._signals.arrives:
                    self._signals.take()
                elif not self._copy(output):
                    ready.unregister(output)

    def _copy(self, output: int) -> bool:
        data = os.read(output, CHUNK)
        self._log.feed(data)
        return bool(data)

    def _drain(self, output: int) -> None:
        """What the dead have left in the pipe; not waiting for one that could not be killed."""
        os.set_blocking(output, False)
        try:
            while self._copy(output):
                pass
        except BlockingIOError:
            return
