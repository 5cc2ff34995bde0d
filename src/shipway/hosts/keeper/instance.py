"""One running copy of a process: how it is started, kept, stopped, and what happens when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

from shipway.hosts.keeper import processes
from shipway.hosts.keeper.log import say
from shipway.hosts.keeper.loop import READ, Loop, Timer
from shipway.hosts.keeper.output import Output
from shipway.hosts.keeper.pulse import LONGEST_PATIENCE, PATIENCE, Pulse
from shipway.hosts.keeper.records import Record, Records
from shipway.hosts.keeper.spec import LONGEST_PAUSE, InstanceState
from shipway.hosts.keeper.start import start

STEADY = 60.0  # a life this long (seconds) makes earlier ends forgotten
SHORTEST_LOOK, LONGEST_LOOK = 0.02, 0.5


class Instance:
    """Its life:

    1. `begin` starts it, or `adopt` takes over what another keeper started;
    2. its first process ends: the kernel says so through a pidfd, whoever is its parent; one that hangs is killed;
    3. what it left behind is ended too, and only then
    4. it is started again (at once, then after 1, 2, 4 .. seconds), or stays ended, or, stopping, is forgotten.
    """

    def __init__(self, record: Record, loop: Loop, records: Records) -> None:
        self.record = record
        self.forgotten = False
        self._loop = loop
        self._records = records
        self._child: subprocess.Popen[bytes] | None = None
        self._pidfd: int | None = None
        self._pulse: Pulse | None = None
        self._output: Output | None = None
        self._patience = PATIENCE
        self._look = SHORTEST_LOOK
        self._next: Timer | None = None
        self._kill: Timer | None = None
        self._told: set[int] = set()
        self._waiting: list[Callable[[], None]] = []

    @property
    def stopping(self) -> bool:
        return self.record.stop_at is not None

    def state(self) -> InstanceState:
        record = self.record
        return InstanceState(
            id=record.spec.id,
            group=record.group,
            pid=record.pid if record.state == "running" else None,
            state=record.state,
            restarts=record.restarts,
            exit_code=record.exit_code,
            since=record.since,
            stopping=self.stopping,
            release=record.spec.release,
            again_at=time.time() + record.again_at - time.monotonic() if record.state == "backoff" else None,
        )

    @property
    def listened(self) -> bool:
        """Whether what it prints comes by way of the keeper."""
        return self._output is not None

    def take_output(self, largest: int) -> int:
        """Writes down what it has printed; how many bytes that were."""
        return 0 if self._output is None else self._output.take(largest=largest)

    def family(self) -> list[processes.Process]:
        """Its living processes, wherever they went."""
        record = self.record
        return processes.family(processes.scan(), root=self._root, started=record.started, mark=record.mark)

    def descendants(self) -> set[int]:
        """The processes it would be asked about: its first one, and who descends from that."""
        return processes.descendants(processes.scan(), root=self._root, started=self.record.started)

    @property
    def _root(self) -> int | None:
        return self.record.pid if self.record.state == "running" else None

    # Starting

    def begin(self) -> None:
        """Starts it. Raises OSError or ValueError when that cannot be done; nothing runs then.

        Its record has been written before and is again after: a keeper killed in between leaves a record
        without a process, and the next one finds the process by its mark.
        """
        record = self.record
        self._child, descriptor = start(record.spec, record.mark, self._output_path())
        self._listen(self._child.pid)
        if self._output is not None:
            self._output.begin()
        record.pid, record.state, record.since = self._child.pid, "running", time.time()
        process = processes.look(record.pid)
        record.started = process.started if process is not None else None
        self._watch(descriptor)
        self._save_if_possible()

    def adopt(self) -> None:
        """Takes over from another keeper: what runs is watched, what ended meanwhile is dealt with."""
        record = self.record
        descriptor = None
        if record.state == "running" and record.pid is not None and record.started is not None:
            descriptor = processes.hold(record.pid, record.started)
        self._listen(None if descriptor is None else record.pid)
        if record.state == "exited" and not self.stopping:
            return
        if descriptor is not None:
            self._watch(descriptor)
        if self.stopping:
            self._carry_on_stopping()
        elif descriptor is None:
            self._settle()

    def _output_path(self) -> str:
        spec = self.record.spec
        return spec.log if spec.masks is None else self._records.output(spec.id)

    def _listen(self, pid: int | None) -> None:
        """`pid` is its first process, if that runs for certain: the number may be somebody else's by now."""
        spec = self.record.spec
        if spec.masks is not None and self._output is None:
            masks = [mask.encode("latin-1") for mask in spec.masks]
            self._output = Output(self._output_path(), spec.log, masks, pid)

    def _watch(self, descriptor: int) -> None:
        self._pidfd = descriptor
        self._loop.watch(descriptor, READ, self._ended)
        doors, pid = self.record.spec.pulse, self.record.pid
        if doors and pid is not None:
            self._pulse = Pulse(pid, doors, self._loop, self._patience, self._hangs)

    # Ending

    def _hangs(self, reason: str, proven: bool) -> None:
        say(f"{self.record.spec.id} hangs: {reason}. It is killed")
        if not proven:
            self._patience = min(2 * self._patience, LONGEST_PATIENCE)
        for process in self.family():
            processes.send(process, signal.SIGKILL)

    def _ended(self, _events: int) -> None:
        self._close()
        self._cancel_next()
        self._look = SHORTEST_LOOK
        self._settle()

    def _settle(self) -> None:
        """Ends what the first process left behind, then goes on. The first process is reaped last: until
        then nobody else can get its number, by which its session is known."""
        rest = self.family()
        if rest:
            self._end(rest)
            self._next = self._loop.after(self._look, self._settle)
            self._look = min(2 * self._look, LONGEST_LOOK)
            return
        if self._output is not None:
            self._output.take(ended=True)
        if self.record.state == "running":
            self._reap()
        if self.stopping:
            self._forget()
        elif self.record.state == "backoff":
            self._wait_for_turn()
        elif self.record.spec.restart == "never":
            self._change("exited")
        else:
            self._start_again()

    def _end(self, rest: list[processes.Process]) -> None:
        """Leftovers of an instance that is stopping may finish what they do until its time is over."""
        patient = self.stopping and time.monotonic() < (self.record.stop_at or 0.0)
        for process in rest:
            if not patient:
                processes.send(process, signal.SIGKILL)
            elif process.pid not in self._told:
                self._told.add(process.pid)
                processes.send(process, self._stop_signal)

    def _reap(self) -> None:
        self.record.exit_code = self._child.poll() if self._child is not None else None
        self._child = None
        how = "ended" if self.record.exit_code is None else f"ended with {self.record.exit_code}"
        say(f"{self.record.spec.id} {how}")

    def _start_again(self) -> None:
        record = self.record
        if record.state == "running" and time.time() - record.since >= STEADY:
            record.failures = 0
        record.again_at = time.monotonic() + pause_after(record.failures, record.spec.longest_pause)
        record.failures += 1
        self._change("backoff")
        self._wait_for_turn()

    def _wait_for_turn(self) -> None:
        self._next = self._loop.after(self.record.again_at - time.monotonic(), self._begin_again)

    def _begin_again(self) -> None:
        if self.record.pid is not None:  # without one the first start was never finished: a keeper died in it
            self.record.restarts += 1
        try:
            self.begin()
        except (OSError, ValueError) as problem:
            say(f"{self.record.spec.id} cannot be started: {problem}")
            self._start_again()

    # Stopping

    def stop(self, grace: float, done: Callable[[], None]) -> None:
        """Sends its application the stop signal, kills everything of it after `grace` seconds, forgets it
        and calls `done`. Asked twice, the shorter grace holds."""
        self._waiting.append(done)
        stop_at = time.monotonic() + grace
        if self.record.stop_at is None or stop_at < self.record.stop_at:
            self.record.stop_at = stop_at
            self._save_if_possible()
            self._carry_on_stopping()

    def _carry_on_stopping(self) -> None:
        self._cancel_next()
        if self._kill is not None:
            self._kill.cancel()
        self._kill = self._loop.after((self.record.stop_at or 0.0) - time.monotonic(), self._kill_all)
        if self._pidfd is None:
            self._settle()
        elif not self.record.asked:
            self._ask()

    def _ask(self) -> None:
        """Tells the application; while the sandbox is still being made there is none, so it looks again."""
        application = processes.application(processes.scan(), self.record.pid or 0)
        if application is None:
            self._next = self._loop.after(SHORTEST_LOOK, self._ask)
            return
        processes.send(application, self._stop_signal)
        self._told.add(application.pid)
        self.record.asked = True
        self._save_if_possible()

    def _kill_all(self) -> None:
        """Again and again until nothing is left: what forks while it is looked at escapes the first time."""
        for process in self.family():
            processes.send(process, signal.SIGKILL)
        self._kill = self._loop.after(0.2, self._kill_all)

    @property
    def _stop_signal(self) -> signal.Signals:
        return signal.Signals[f"SIG{self.record.spec.stop_signal}"]

    def _forget(self) -> None:
        self.forgotten = True
        self._cancel_next()
        if self._kill is not None:
            self._kill.cancel()
        self._records.forget(self.record)
        if self._output is not None:
            self._output.forget()
        say(f"{self.record.spec.id} is stopped")
        for done in self._waiting:
            done()

    # Keeping the record

    def _change(self, state: str) -> None:
        self.record.state = state  # type: ignore[assignment]
        self.record.since = time.time()
        self._save_if_possible()

    def _save_if_possible(self) -> None:
        """Without room for the record the instance goes on; its mark is what the next keeper finds it by."""
        try:
            self._records.save(self.record)
        except OSError as problem:
            say(f"{self.record.spec.id} cannot be recorded: {problem}")

    def _cancel_next(self) -> None:
        if self._next is not None:
            self._next.cancel()

    def _close(self) -> None:
        if self._pidfd is not None:
            self._loop.unwatch(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None
        if self._pulse is not None:
            self._pulse.end()
            self._pulse = None


def pause_after(failures: int, longest: float = LONGEST_PAUSE) -> float:
    """Seconds until the next start, after so many ends in quick succession before this one."""
    return min(2.0 ** min(failures - 1, 10), longest) if failures else 0.0
