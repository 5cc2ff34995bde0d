"""Two Envoys answer at one port: whichever dies, the other one goes on, and nobody is turned away."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path

import pytest

from shipway.traffic.envoy import driver
from shipway.traffic.proxy import ROUTERS, Proxy
from support.load import Load

DYING = 0.5  # seconds; on a busy machine its clients hear of its end late


@pytest.fixture
def served(town, until):
    """The second of two releases of `app` serves, and both routers are there."""
    if not town.proxy.serving("app", "prod"):
        town.release("app", "prod", 1)
        town.release("app", "prod", 2)
        town.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=1)
    town.proxy.shift("app", "prod", {"app.prod.r2": 100}, epoch=2)
    until(lambda: both_accept(town))
    return town


def both_accept(town) -> bool:
    return all(router.accepts for router in town.routers())


def load(town) -> Load:
    return Load(town.proxy.port, "app.localhost", slow_for=0.3, names=lambda answer: answer.body.decode())


@pytest.mark.parametrize("which", [0, 1], ids=ROUTERS)
def test_only_what_a_killed_one_was_holding_is_lost(served, until, which: int) -> None:
    """One request of each client at most: the one under way, or the next one on the connection that it held.
    It goes on holding what comes in until the kernel has taken all of it down."""
    pid = served.router_pids()[which]
    with load(served) as clients:
        until(lambda: len(clients.samples) > 50)
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid not in served.router_pids() and both_accept(served))
        back = time.time()
        until(lambda: max(sample.at for sample in clients.samples) > back + 2 * DYING)
    assert [failure for failure in clients.failures if failure.refused] == []
    assert [failure for failure in clients.failures if failure.at > back + DYING] == []
    assert len(clients.failures) <= clients.keep + clients.think + clients.fresh + clients.slow


def test_one_that_is_gone_stops_no_shift_and_comes_back_on_what_it_missed(served, until, monkeypatch) -> None:
    monkeypatch.setattr(driver, "CONFIRMED_WITHIN", 3.0)
    first, second = ROUTERS
    served.keeper.stop(first, group="router", epoch=0, grace=0)
    served.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=2)
    assert served.in_flight("app.prod.r1") == 0
    served.proxy.start(served.keeper)
    served.keeper.stop(second, group="router", epoch=0, grace=0)
    assert served.get("app.localhost").said == "app.prod.r1"
    served.proxy.start(served.keeper)
    until(lambda: both_accept(served))


def test_one_that_comes_back_never_answers_by_what_was(served) -> None:
    """Each shift happens while one of the two is being started again."""
    for turn in range(6):
        os.kill(served.router_pids()[turn % 2], signal.SIGKILL)
        release = f"app.prod.r{1 + turn % 2}"
        served.proxy.shift("app", "prod", {release: 100}, epoch=2)
        said = set()
        end = time.time() + 1.0
        while time.time() < end:
            said.add(served.get("app.localhost").said)
        assert said == {release}
        served.proxy.start(served.keeper)


def test_what_both_count_is_one_figure(served) -> None:
    before = served.proxy.counters("app.prod.r2")
    accepted = [router.admin.traffic().accepted for router in served.routers()]
    for _ in range(60):
        assert served.get("app.localhost").said == "app.prod.r2"
    after = served.proxy.counters("app.prod.r2")
    assert after["upstream_rq_total"] - before.get("upstream_rq_total", 0) == 60
    assert after["upstream_rq_2xx"] - before.get("upstream_rq_2xx", 0) == 60
    assert after["membership_total"] == 1
    assert after["upstream_rq_active"] == 0
    shared = [
        router.admin.traffic().accepted - was for router, was in zip(served.routers(), accepted, strict=True)
    ]
    assert min(shared) > 10  # 30 each expected; outside of this once in ten million times


class Listener:
    """The keeper, with an ear for what it is asked."""

    def __init__(self, keeper) -> None:
        self._keeper = keeper
        self.heard: list[str] = []

    def __getattr__(self, name: str):
        self.heard.append(name)
        return getattr(self._keeper, name)


def test_room_for_the_next_change_is_laid_in_as_soon_as_there_is_any(served, monkeypatch) -> None:
    """After a spare was used, and by the first server that knows of spares: no file has to change for it."""
    served.proxy.start(served.keeper)
    used = spares(served)
    assert len(used) == 4
    for spare in used:
        spare.unlink()
    another = Proxy(served.places, served.proxy.port)
    with monkeypatch.context() as full:
        full.setattr(os, "posix_fallocate", no_room)
        another.start(served.keeper)
    assert not any(spare.stat().st_size for spare in spares(served))
    another.start(served.keeper)
    assert spares(served) == used
    assert all(spare.stat().st_blocks for spare in used)


def spares(town) -> list[Path]:
    return sorted(town.places.proxy.glob(".*.spare"))


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_looking_after_them_is_one_question_while_all_is_well(served) -> None:
    served.proxy.start(served.keeper)
    served.proxy.start(served.keeper)
    listener = Listener(served.keeper)
    files = {file: file.stat().st_mtime_ns for file in served.places.proxy.iterdir()}
    served.proxy.start(listener)
    assert listener.heard == ["instances"]
    assert files == {file: file.stat().st_mtime_ns for file in served.places.proxy.iterdir()}
