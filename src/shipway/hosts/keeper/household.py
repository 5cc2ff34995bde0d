"""All instances this keeper owns, and what it can be asked to do with them."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable

from shipway.hosts.keeper import listening, log, processes, segments
from shipway.hosts.keeper.epochs import Epochs
from shipway.hosts.keeper.instance import Instance
from shipway.hosts.keeper.loop import Loop
from shipway.hosts.keeper.output import AT_ONCE
from shipway.hosts.keeper.records import Record, Records
from shipway.hosts.keeper.spec import InstanceSpec, InstanceState, Refused

SHORTEST_LOOK, LONGEST_LOOK = 0.05, 0.4  # seconds between two looks at what instances print


class Household:
    """`lock` names the lock this keeper holds; it is in the mark of every instance, so that processes of an
    installation can be told from those of another one, also of a copy of it."""

    def __init__(self, loop: Loop, records: Records, epochs: Epochs, lock: str) -> None:
        self.epochs = epochs
        self._loop = loop
        self._records = records
        self._lock = lock
        self._instances: dict[str, Instance] = {}
        self._closing = False
        self._look = SHORTEST_LOOK

    def move_in(self) -> None:
        """Takes over what another keeper left, and ends what nobody has a record of any more."""
        for record in self._records.load():
            self._instances[record.spec.id] = Instance(record, self._loop, self._records)
        self._end_strays()
        self._records.end_strays(self._instances)
        for instance in list(self._instances.values()):
            instance.adopt()
        self._take_outputs()

    def ensure(self, spec: InstanceSpec, group: str, epoch: int) -> InstanceState:
        """The instance runs, or is about to be started again; one that already does is left alone."""
        self.epochs.take(group, epoch)
        instance = self._find(spec.id)
        if self._closing:
            raise Refused("stopping", "everything is being stopped")
        if instance is None:
            return self._begin(spec, group)
        if instance.stopping:
            raise Refused("stopping", f"{spec.id} is being stopped")
        if instance.record.group != group:
            raise Refused("differs", f"{spec.id} is one of {instance.record.group}, not of {group}")
        if instance.state().state == "exited":
            return self._begin(spec, group)
        if instance.record.spec != spec:
            raise Refused("differs", f"{spec.id} runs with another specification")
        return instance.state()

    def stop(self, id: str, group: str, epoch: int, grace: float, done: Callable[[], None]) -> None:
        """Calls `done` when nothing of it is left; at once when there is no such instance."""
        self.epochs.take(group, epoch)
        instance = self._find(id)
        if instance is None:
            done()
            return
        if instance.record.group != group:
            raise Refused("differs", f"{id} is one of {instance.record.group}, not of {group}")
        instance.stop(grace, done)

    def stop_all(self, grace: float, done: Callable[[], None]) -> None:
        """Every instance, at the same time; nothing is started any more."""
        self._closing = True
        waiting = set(self._living())

        def stopped(id: str) -> None:
            waiting.discard(id)
            if not waiting:
                done()

        if not waiting:
            done()
        for id, instance in self._living().items():
            instance.stop(grace, lambda id=id: stopped(id))  # type: ignore[misc]

    def states(self, group: str | None) -> list[InstanceState]:
        """What is said of them; what they had printed by then is in their logs."""
        self.write_outputs()
        states = (instance.state() for _, instance in sorted(self._living().items()))
        return [state for state in states if group in (None, state.group)]

    def listens(self, id: str, port: int) -> bool:
        instance = self._find(id)
        return instance is not None and listening.listens(instance.descendants, port)

    def write_outputs(self) -> int:
        """Writes down what instances have printed since the last time; the most bytes of any of them."""
        living = [one for one in self._living().values() if one.listened]
        logs = Counter(os.path.dirname(one.record.spec.log) for one in living)
        rooms = {folder: segments.room(count) for folder, count in logs.items()}
        return max((one.take_output(rooms[os.path.dirname(one.record.spec.log)]) for one in living), default=0)

    def look_after_logs(self) -> None:
        """What grows stays within its limits."""
        written: dict[str, list[str]] = {}
        for instance in self._living().values():
            folder, name = os.path.split(instance.record.spec.log)
            if instance.listened:
                written.setdefault(folder, []).append(name)
            else:
                log.rotate(instance.record.spec.log)
        for folder, names in written.items():
            segments.tidy(folder, names)

    def write_down(self) -> None:
        """Every record again, after somebody emptied the directory they were in."""
        for instance in self._living().values():
            self._records.save(instance.record)

    def _take_outputs(self) -> None:
        """Again soon while instances print, and less and less often while they do not."""
        taken = self.write_outputs()
        self._look = SHORTEST_LOOK if taken else min(2 * self._look, LONGEST_LOOK)
        self._loop.after(0.0 if taken >= AT_ONCE else self._look, self._take_outputs)

    def _begin(self, spec: InstanceSpec, group: str) -> InstanceState:
        record = Record(spec, group, mark=f"{spec.id}@{self._lock}")
        instance = Instance(record, self._loop, self._records)
        try:
            self._records.save(record)
            instance.begin()
        except (OSError, ValueError) as problem:
            self._records.forget(record)
            self._instances.pop(spec.id, None)
            raise Refused("cannot_start", f"{spec.id} cannot be started: {problem}") from None
        log.say(f"{spec.id} is started")
        self._instances[spec.id] = instance
        return instance.state()

    def _find(self, id: str) -> Instance | None:
        return self._living().get(id)

    def _living(self) -> dict[str, Instance]:
        self._instances = {id: one for id, one in self._instances.items() if not one.forgotten}
        return self._instances

    def _end_strays(self) -> None:
        """Processes that carry the mark of this installation and an instance nobody knows: their records
        went away with the directory, so their ports and their data would stay taken for ever."""
        known = {instance.record.mark for instance in self._instances.values()}
        for process in processes.scan().values():
            mark = processes.mark_of(process.pid)
            if mark is not None and mark.endswith(f"@{self._lock}") and mark not in known:
                log.say(f"{mark} is not known: process {process.pid} is ended")
                processes.send(process, signal.SIGKILL)
