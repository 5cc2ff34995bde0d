"""A router that is there and does nothing is ended by the keeper, and one that is merely slow is not."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from shipway.traffic.envoy.router import MAIN, WORKER
from shipway.traffic.proxy import ROUTERS
from support.load import Load
from support.stopping import stopped

DYING = 0.5  # seconds
IN_TIME = 2.0  # seconds; the keeper needs three questions, a second apart


@pytest.fixture
def served(town, until):
    """The first of two releases of `app` serves, and both routers are there."""
    if not town.proxy.serving("app", "prod"):
        town.release("app", "prod", 1)
        town.release("app", "prod", 2)
    town.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=1)
    until(lambda: both_accept(town))
    return town


def both_accept(town) -> bool:
    return all(router.accepts for router in town.routers())


def pid_of(town, name: str) -> int:
    return next(state.pid for state in town.keeper.instances("router") if state.id == name)


def ended(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


def load(town) -> Load:
    return Load(town.proxy.port, "app.localhost", slow_for=0.3, names=lambda answer: answer.body.decode())


@pytest.mark.parametrize("name", ROUTERS)
def test_a_shift_goes_on_and_only_what_it_was_holding_is_lost(served, until, name: str) -> None:
    """One request of each client at most: the one that it held, or took in while it was stopped."""
    pid = pid_of(served, name)
    with load(served) as clients:
        time.sleep(0.5)
        os.kill(pid, signal.SIGSTOP)
        stopped_at = time.time()
        served.proxy.shift("app", "prod", {"app.prod.r2": 100}, epoch=1)
        until(lambda: ended(pid) and both_accept(served))
        back = time.time()
        until(lambda: max(sample.at for sample in clients.samples) > back + 0.5)
    assert [failure for failure in clients.failures if failure.refused] == []
    assert [failure for failure in clients.failures if failure.at > back + DYING] == []
    assert len(clients.failures) <= clients.keep + clients.think + clients.fresh + clients.slow
    assert all(sample.at < back for sample in clients.samples if sample.took > back - stopped_at + DYING)
    assert served.get("app.localhost").said == "app.prod.r2"


def test_when_both_hang_both_are_replaced(served, until) -> None:
    before = served.router_pids()
    for pid in before:
        os.kill(pid, signal.SIGSTOP)
    served.proxy.shift("app", "prod", {"app.prod.r2": 100}, epoch=1)
    until(lambda: not set(before) & set(served.router_pids()) and both_accept(served))
    assert served.get("app.localhost").said == "app.prod.r2"


@pytest.mark.needs("ptrace")
@pytest.mark.parametrize("thread", [MAIN, WORKER])
def test_one_thread_that_hangs_is_enough(served, until, thread: str) -> None:
    """The main thread takes up changes, the worker answers requests; neither can be done without."""
    pid = pid_of(served, ROUTERS[0])
    with stopped(pid, thread):
        until(lambda: f"{ROUTERS[0]} hangs: its thread {thread}" in keeper_log(served))
    served.proxy.shift("app", "prod", {"app.prod.r2": 100}, epoch=1)
    until(lambda: both_accept(served))
    assert pid_of(served, ROUTERS[0]) != pid


def test_one_that_goes_on_in_time_is_left_alone(served, until) -> None:
    """A debugger, a snapshot of the machine: a second is not enough to be ended for."""
    for _ in range(10):
        until(lambda: both_accept(served) and not any(ended(pid) for pid in served.router_pids()))
        before = served.router_pids()
        if paused(before) < IN_TIME:
            break
    else:
        pytest.fail("the machine is too slow to stop a router for a second only")
    until(lambda: both_accept(served))
    served.proxy.shift("app", "prod", {"app.prod.r2": 100}, epoch=1)
    assert served.router_pids() == before


def paused(pids: list[int]) -> float:
    """Stops them for a second; how many it was in truth, which on a busy machine may be more."""
    began = time.monotonic()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(1.0)  # the length of the pause is what is tried
    for pid in pids:
        with suppress(ProcessLookupError):  # it was too long, and the keeper was right
            os.kill(pid, signal.SIGCONT)
    return time.monotonic() - began


def keeper_log(town) -> str:
    return (town.places.keeper / "keeper.log").read_text()
