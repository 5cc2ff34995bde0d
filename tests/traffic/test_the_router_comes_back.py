"""Envoy, its writer and what they stand on may die at any moment: the same releases serve afterwards."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from shipway.errors import RouterSilent
from shipway.traffic.proxy import ROUTERS, Proxy
from support.load import Load

DEPLOY = """
import os, signal, sys
from pathlib import Path
from shipway.config.places import Places
from shipway.traffic.proxy import Proxy
data, runtime, keys, old, new, port, epoch, renames = sys.argv[1:]
left = int(renames)
def die_at_a_rename(event, arguments):
    global left
    if event == "os.rename":
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die_at_a_rename)
proxy = Proxy(Places(Path(data), Path(runtime), Path(keys)), 1)
proxy.ensure_cluster(new, [int(port)], "/health")
proxy.shift("any", "prod", {new: 100}, epoch=int(epoch))
proxy.drop_cluster(old)
"""


@pytest.fixture
def served(town):
    """The second of two releases of `app` serves."""
    if not town.proxy.serving("app", "prod"):
        town.release("app", "prod", 1)
        town.release("app", "prod", 2)
        town.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=1)
    town.proxy.shift("app", "prod", {"app.prod.r2": 100}, epoch=2)
    return town


def says(town, name: str) -> bool:
    try:
        return town.get("app.localhost").said == name
    except OSError:
        return False


def kill_both(town) -> None:
    for pid in town.router_pids():
        os.kill(pid, signal.SIGKILL)


def test_on_the_same_release_after_both_were_killed(served, until) -> None:
    served.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=2)
    pids = served.router_pids()
    kill_both(served)
    until(lambda: says(served, "app.prod.r1"))
    assert not set(served.router_pids()) & set(pids)


def test_on_the_new_release_when_both_die_during_the_shift(served) -> None:
    kill_both(served)
    served.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=2)
    assert served.get("app.localhost").said == "app.prod.r1"


def test_and_is_left_alone_by_a_server_that_starts_again(served) -> None:
    pids = served.router_pids()
    Proxy(served.places, served.proxy.port).start(served.keeper)
    assert served.router_pids() == pids


def test_and_is_found_by_a_server_with_another_runtime_directory(served, tmp_path) -> None:
    """A login over ssh has an XDG_RUNTIME_DIR, cron has none."""
    pids = served.router_pids()
    elsewhere = Proxy(replace(served.places, runtime=tmp_path), served.proxy.port)
    elsewhere.start(served.keeper)
    elsewhere.shift("app", "prod", {"app.prod.r1": 100}, epoch=2)
    assert served.router_pids() == pids
    assert served.get("app.localhost").said == "app.prod.r1"


def test_when_every_file_but_the_record_is_lost(served) -> None:
    for file in served.places.proxy.glob("*.json"):
        if file.name != "desired.json":
            file.unlink()
    kill_both(served)
    served.proxy.start(served.keeper)
    assert served.get("app.localhost").said == "app.prod.r2"


@pytest.mark.parametrize("half", ["", "{", "[]", '{"version_info": 3}'])
def test_when_a_file_was_left_half_written(served, half: str) -> None:
    (served.places.proxy / "routes.json").write_text(half)
    served.proxy.start(served.keeper)
    served.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=2)
    assert served.get("app.localhost").said == "app.prod.r1"


def test_with_nothing_lost_when_its_writer_is_killed_at_any_file(town) -> None:
    """A deployment killed at its first rename, one killed at its second, and so on; each is then repeated."""
    town.release("any", "prod", 0)
    town.proxy.shift("any", "prod", {"any.prod.r0": 100}, epoch=1)
    places = [str(place) for place in (town.places.data, town.places.runtime, town.places.keys)]
    with Load(town.proxy.port, "any.localhost", slow=0, pause=0.03) as clients:
        for renames in itertools.count():
            old, new = f"any.prod.r{renames}", f"any.prod.r{renames + 1}"
            port = town.open(new)
            command = [sys.executable, "-c", DEPLOY, *places, old, new, str(port), str(renames + 2)]
            killed = subprocess.run([*command, str(renames)], check=False, cwd=town.places.data)
            assert killed.returncode in (0, -signal.SIGKILL)
            assert town.get("any.localhost").said in (old, new)
            town.proxy.start(town.keeper)
            assert town.get("any.localhost").said in (old, new)
            town.proxy.ensure_cluster(new, [port], "/health")
            town.proxy.shift("any", "prod", {new: 100}, epoch=renames + 2)
            town.proxy.drop_cluster(old)
            assert town.get("any.localhost").said == new
            assert town.proxy.clusters("any", "prod") == {new: (port,)}
            if killed.returncode == 0:
                break
    assert renames > 8
    assert clients.failures == []


def test_when_their_sockets_were_taken_away(served) -> None:
    """A logout empties the runtime directory; nobody can speak to an Envoy then, so it is started anew."""
    pids = served.router_pids()
    for name in ROUTERS:
        served.places.router_socket(name).unlink()
    served.proxy.start(served.keeper)
    assert not set(served.router_pids()) & set(pids)
    assert served.proxy.counters("app.prod.r1") != {}


@pytest.fixture
def stopped(served):
    """One of its Envoys is there and does nothing, as on a machine that is short of everything."""
    pid = served.router_pids()[0]
    os.kill(pid, signal.SIGSTOP)
    yield served
    with suppress(ProcessLookupError):  # the keeper has ended it as one that hangs
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def impatient(monkeypatch) -> None:
    monkeypatch.setattr("shipway.traffic.proxy.ANSWERS_WITHIN", 0.2)
    monkeypatch.setattr("shipway.traffic.envoy.driver.CONFIRMED_WITHIN", 0.2)
    monkeypatch.setattr("shipway.traffic.envoy.admin.ANSWER_WITHIN", 0.2)


def test_and_its_silence_is_not_taken_for_an_illness_of_the_release(stopped, impatient) -> None:
    with pytest.raises(RouterSilent):
        stopped.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=3)


def test_and_a_shift_that_it_slept_through_is_confirmed_by_the_next(served, impatient, monkeypatch) -> None:
    pid = served.router_pids()[1]
    answer = served.proxy._must_answer

    def and_sleep(*who: Any, **how: Any) -> None:
        answer(*who, **how)
        os.kill(pid, signal.SIGSTOP)

    monkeypatch.setattr(served.proxy, "_must_answer", and_sleep)
    moving = {"app": "app", "env": "prod", "shares": {"app.prod.r1": 100}, "epoch": 4}
    with pytest.raises(RouterSilent):
        served.proxy.shift(**moving)
    with suppress(ProcessLookupError):  # the keeper was faster and has replaced it
        os.kill(pid, signal.SIGCONT)
    served.proxy.shift(**moving)
    assert served.get("app.localhost").said == "app.prod.r1"
