"""An instance that is there and does nothing is ended; one that is slow is not, however slow it is at first."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.hosts.keeper import instance, pulse
from shipway.hosts.keeper.instance import Instance
from shipway.hosts.keeper.loop import Loop
from shipway.hosts.keeper.records import Record, Records
from shipway.hosts.keeper.spec import InstanceSpec
from support.keeping import GROUP, House

THREAD = "asked"
ANSWERING = """
import os, pathlib, socket, sys, time
pathlib.Path("/proc/self/comm").write_text("asked")
door = socket.socket(socket.AF_UNIX)
pathlib.Path(sys.argv[1]).unlink(missing_ok=True)
door.bind(sys.argv[1])
door.listen(3)
busy = float(sys.argv[2])
print("up", os.getpid(), flush=True)
while True:
    connection, _ = door.accept()
    end = time.monotonic() + busy
    while time.monotonic() < end:
        pass
    busy = float(sys.argv[3])
    connection.close()
    print("answered", flush=True)
"""


@pytest.fixture
def spec(house: House) -> Callable[..., InstanceSpec]:
    """One that needs `first` seconds of work for its first answer, and `later` for each other."""

    def make(first: float = 0.0, later: float = 0.0) -> InstanceSpec:
        path = str(house.places.runtime / "one.pulse")
        argv = [sys.executable, "-c", ANSWERING, path, str(first), str(later)]
        return replace(house.spec("one"), argv=argv, pulse={THREAD: path})

    return make


def hung(house: House) -> int:
    return house.keeper_log().count("one hangs")


def test_one_that_is_stopped_is_started_again(house: House, spec: Callable[..., InstanceSpec]) -> None:
    house.keeper.ensure(spec(), group=GROUP, epoch=1)
    house.eventually(lambda: "answered" in house.log("one"), "it answers")
    for times in (1, 2):
        os.kill(house.state("one").pid or 0, signal.SIGSTOP)
        house.eventually(lambda times=times: house.state("one").restarts == times, "it is started again")
        assert hung(house) == times
        house.eventually(lambda times=times: house.log("one").count("up") > times, "it is up again")


def test_one_that_was_taken_over_is_watched_too(house: House, spec: Callable[..., InstanceSpec]) -> None:
    house.keeper.ensure(spec(), group=GROUP, epoch=1)
    house.kill_keeper()
    house.keeper.start()
    os.kill(house.state("one").pid or 0, signal.SIGSTOP)
    house.eventually(lambda: house.state("one").restarts == 1, "it is started again")


def test_one_that_is_slow_and_works_is_left_alone(house: House, spec: Callable[..., InstanceSpec]) -> None:
    """Longer than it takes to end one that does nothing, and with more questions than fit into its queue."""
    house.keeper.ensure(spec(first=3.0 * pulse.ASKED), group=GROUP, epoch=1)
    house.eventually(lambda: house.log("one").count("answered") > pulse.ASKED, "it answers")
    assert (hung(house), house.state("one").restarts) == (0, 0)


def test_one_that_does_not_listen_yet_is_left_alone(house: House, spec: Callable[..., InstanceSpec]) -> None:
    quiet = replace(spec(), argv=["sleep", "1000"], pulse={THREAD: "/nowhere", "sleep": "/nowhere"})
    house.keeper.ensure(quiet, group=GROUP, epoch=1)
    other = replace(spec(), id="two")  # into the same log
    house.keeper.ensure(other, group=GROUP, epoch=1)
    house.eventually(lambda: house.log("one").count("answered") > 2 * pulse.ASKED, "as many questions were asked")
    assert (hung(house), house.state("one").restarts) == (0, 0)


def test_who_works_and_never_answers_gets_twice_as_long_each_time(
    house: House,
    spec: Callable[..., InstanceSpec],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """So a machine on which a minute is not enough is not kept from its work by restarts."""
    monkeypatch.setattr(instance, "PATIENCE", 1.0)
    (tmp_path / "memory").mkdir()
    loop = Loop()
    one = Instance(Record(spec(first=1000.0), GROUP, mark="one@here"), loop, Records(tmp_path / "memory" / "all"))
    one.begin()

    def look() -> None:
        if one.record.restarts < 2:
            loop.after(0.05, look)
        else:
            one.stop(0.0, loop.end)

    look()
    loop.run()
    said = capsys.readouterr()
    reasons = [line.partition("for ")[2] for line in (said.out + said.err).splitlines() if "one hangs" in line]
    assert reasons == ["1 s. It is killed", "2 s. It is killed"]


def test_a_pulse_that_makes_no_sense_is_refused(house: House, spec: Callable[..., InstanceSpec]) -> None:
    for wrong in ({"x": "relative"}, {"x": 1}, ["x"], "x", {"x\0": "/x"}):
        with pytest.raises(Exception, match="pulse"):
            house.keeper.ensure(replace(spec(), pulse=wrong), group=GROUP, epoch=1)
