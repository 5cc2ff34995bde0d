"""Threads that compare what is with what should be, for as long as the server runs."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from shipway.artifacts import prune
from shipway.daemon import memory
from shipway.durable.engine import Engine
from shipway.errors import ShipwayError
from shipway.incidents.answers import Answers
from shipway.incidents.outbox import Outbox
from shipway.incidents.pulse import EVERY, Pulse
from shipway.incidents.tell import Teller
from shipway.signals import instances
from shipway.signals.errors.intake import Intake, Report
from shipway.signals.errors.recording import Recorder
from shipway.state import nearly_full, suspicions
from shipway.state.ballast import Ballast
from shipway.story import conclude, rehearse, tend
from shipway.story.cast import Cast
from shipway.story.measuring import measure
from shipway.story.printed import EVERY as READ_PRINTED
from shipway.story.printed import Printed
from shipway.story.probing import Probing
from shipway.story.retire import Retirement
from shipway.story.scraping import Scraping
from shipway.story.suspicion import Suspecting
from shipway.story.watch import Watch

log = logging.getLogger(__name__)

RUNS_AT_ONCE = max(2, os.cpu_count() or 2)
GULP = 0.2  # seconds between two of them
LAST = 3.0  # seconds for those that wait when the server stops
KEPT_PLANS = 7 * 24 * 3600.0  # seconds after which the engine forgets a plan; the record keeps the run


HUNG = 600.0
"""Seconds without a look after which a watcher hangs; the longest look known here, a deployment, takes less."""


class Watchers:
    """Threads that compare what is with what should be: some on every change, errors as they are reported, the
    rest each second or minute.

    `address` is where the server answers, for the links in messages.
    """

    def __init__(self, cast: Cast, engine: Engine, intake: Intake, address: str) -> None:
        self._cast = cast
        self._engine = engine
        self._intake = intake
        machine = cast.machine
        self._recorder = Recorder(machine.database, machine.places, machine.vault, intake)
        self._stopping = threading.Event()
        self._looked: dict[str, float] = {}
        teller = Teller(cast.database, machine.places, address)
        outbox = Outbox(
            cast.database,
            machine.vault,
            machine.places.name,
            Answers(machine.places.answers),
            deciding=lambda: cast.collector.is_close,
        )
        pulse = Pulse(cast.database, machine.vault, self.hung, machine.places.pinged)
        self._recording = self._thread("record-errors", self._record_errors)
        self._threads = [
            self._thread("begin-runs", self._on_change, self._begin_runs),
            self._thread("keep", self._every, 1.0, self._keep),
            self._thread("tend", self._every, 1.0, self._tend),
            self._thread("retire", self._every, 1.0, Retirement(cast).look),
            self._thread("tidy", self._every, 1.0, partial(rehearse.tidy, cast)),
            self._thread("collect", self._collect),
            self._thread("measure", self._every, instances.EVERY, partial(measure, cast)),
            self._thread("watch", self._watch),
            self._recording,
            self._thread("suspect", self._every, 1.0, Suspecting(cast).look),
            self._thread("read-printed", self._every, READ_PRINTED, Printed(cast).look),
            self._thread("probe", self._every, 1.0, self._probe),
            self._thread("scrape", self._every, 1.0, self._scrape),
            self._thread("compare", self._every, 60.0, self._compare),
            self._thread("tell", self._on_change, teller.look),
            self._thread("send", self._on_change, outbox.look),
            self._thread("forward", self._every, 1.0, cast.forwarder.look),
            self._thread("pulse", self._every, EVERY, pulse.beat),
        ]

    def start(self) -> None:
        self._cast.database.note(suspicions.begin)  # before anybody is told of anything
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Waits for what was reported and is not on record yet; all else goes on at the next start."""
        self._stopping.set()
        self._recording.join(LAST)

    def hung(self) -> list[str]:
        """The watchers that have not looked for so long that they never will."""
        now = time.monotonic()
        return [name for name, at in self._looked.items() if now - at > HUNG]

    def _thread(self, name: str, loop: Callable[..., None], *arguments: object) -> threading.Thread:
        return threading.Thread(target=loop, args=arguments, daemon=True, name=name)

    def _on_change(self, act: Callable[[], None]) -> None:
        seen = -1
        while not self._stopping.is_set():
            seen = self._cast.database.wait(seen, timeout=1.0)
            self._guarded(act)

    def _record_errors(self) -> None:
        """A flood of reports is taken in gulps, so that it is no flood of changes; at the end all that waits."""
        while True:
            self._note()
            ends = self._stopping.is_set()
            reports = self._intake.take(timeout=0.0 if ends else 1.0)
            if reports:
                self._guarded(lambda taken=reports: self._accept(taken))  # type: ignore[misc]
                self._stopping.wait(GULP)
            elif ends:
                return

    def _accept(self, reports: Sequence[Report]) -> None:
        self._cast.forwarder.offer(self._recorder.record(reports))

    def _every(self, seconds: float, act: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            self._guarded(act)
            self._stopping.wait(seconds)

    def _collect(self) -> None:
        """Alone in its thread: what the judge sees must not be old because somebody else is slow."""
        while not self._stopping.is_set():
            self._guarded(self._cast.collector.look)
            self._cast.collector.rest()

    def _watch(self) -> None:
        watch = Watch(self._cast)
        while not self._stopping.is_set():
            self._guarded(watch.look)
            self._stopping.wait(watch.pause)

    def _begin_runs(self) -> None:
        tend.begin_runs(self._cast, self._engine, RUNS_AT_ONCE)

    def _probe(self) -> None:
        """Until the server stops; whoever hangs there keeps nobody else waiting."""
        Probing(self._cast).run(self._stopping, self._note)

    def _scrape(self) -> None:
        """Until the server stops, like the probes."""
        Scraping(self._cast).run(self._stopping, self._note)

    def _keep(self) -> None:
        """Alone in its thread: whatever the others wait for, they wait for the keeper and the router."""
        self._cast.machine.keeper.start()
        self._cast.proxy.start(self._cast.machine.keeper)

    def _tend(self) -> None:
        Ballast(self._cast.machine.places.data).keep()
        self._guarded(lambda: nearly_full.tell(self._cast.database, self._cast.machine.places.data))
        self._guarded(lambda: tend.restore(self._cast))
        self._guarded(lambda: conclude.settle(self._cast))

    def _compare(self) -> None:
        self._guarded(lambda: tend.compare_with_pushes(self._cast))
        self._guarded(lambda: tend.compare_with_engine(self._cast, self._engine))
        self._guarded(lambda: prune.prune(self._cast.database, self._cast.machine.places))
        self._guarded(lambda: self._engine.prune(KEPT_PLANS))
        self._guarded(self._recorder.tidy)
        self._guarded(memory.give_back)

    def _note(self) -> None:
        """That the watcher of this thread looks, and does not hang."""
        self._looked[threading.current_thread().name] = time.monotonic()

    def _guarded(self, act: Callable[[], object]) -> None:
        """A watcher outlives what it meets: it looks again soon, and the server's log has the reason."""
        self._note()
        try:
            act()
        except ShipwayError as error:
            log.warning("%s", error)
        except Exception:
            log.exception("a watcher met a defect")
