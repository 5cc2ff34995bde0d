"""Applications go on without the server, without the keeper, and come back after a reboot."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from support.installation import Installation, Repository, ended, eventually
from support.load import Load
from support.shop import PROJECT, shop


@pytest.fixture(scope="module")
def repository(installation: Installation) -> Repository:
    made = installation.repository("shop")
    made.write(shop("1", project=PROJECT.replace("[dev, test, prod]", "[prod]")))
    made.commit("Open the shop")
    made.init()
    made.deliver("Open the shop for real")
    return made


def pids(repository: Repository) -> dict[str, int]:
    return {each["id"]: each["pid"] for each in repository.json("ps", "--env", "prod")}


def named(installation: Installation, word: str) -> list[int]:
    """The processes of this installation whose command line holds `word`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            ours = str(installation.places.data) in command or str(installation.places.runtime) in command
            if word in command and ours and not ended(int(entry.name)):
                found.append(int(entry.name))
    return found


def test_a_server_that_is_stopped_and_started_loses_no_request(
    installation: Installation, repository: Repository
) -> None:
    before = pids(repository)
    with Load(installation.proxy_port, "shop.localhost", slow=0) as load:
        installation.down()
        installation.up()
        installation.kill_server()
        installation.up()
    assert load.failures == []
    assert load.requests > 100
    assert pids(repository) == before


def test_what_was_answered_is_told_and_still_known_by_the_next_server(
    installation: Installation, repository: Repository
) -> None:
    asked = 40
    for _ in range(asked):
        assert installation.says("shop")
    told = eventually(lambda: signals(repository, asked), "the requests are told")
    assert told["heard"]
    assert told["errors"] == 0
    assert told["p50"] is not None
    eventually(lambda: signals(repository, asked)["memory"] > 1_000_000, "the instances are measured")
    shown = repository.shipway("signals", "--env", "prod").out
    assert "p50/p95/p99 ms" in shown
    assert "…" not in shown
    installation.kill_server()
    installation.up()
    assert eventually(lambda: signals(repository, asked), "the requests are still told")["heard"]


def signals(repository: Repository, asked: int) -> dict[str, Any] | None:
    """What serves, once it has answered so many requests in the last minutes."""
    told = repository.json("signals", "--env", "prod", "--over", "600")["releases"]
    return next((one for one in told if one["requests"] >= asked and one["p50"] is not None), None)


def test_a_killed_keeper_comes_back_and_no_instance_notices(
    installation: Installation, repository: Repository
) -> None:
    before = pids(repository)
    (keeper,) = named(installation, "keeper/process.py")
    with Load(installation.proxy_port, "shop.localhost", slow=0) as load:
        os.kill(keeper, signal.SIGKILL)
        eventually(
            lambda: [pid for pid in named(installation, "keeper/process.py") if pid != keeper],
            "there is a new keeper",
        )
        eventually(lambda: pids(repository) == before, "the new keeper knows the instances")
    assert load.failures == []


def test_a_killed_instance_is_started_again(installation: Installation, repository: Repository) -> None:
    before = pids(repository)
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    eventually(
        lambda: all(pid is not None and pid not in before.values() for pid in pids(repository).values()),
        "new instances run",
    )
    eventually(lambda: installation.get("shop")[0] == 200, "the shop is open again")


def test_a_killed_router_turns_nobody_away_and_comes_back(
    installation: Installation, repository: Repository
) -> None:
    """The other one goes on; lost is at most one request of each client, which the dead one was holding."""
    routers = named(installation, "bootstrap")
    assert len(routers) == 2
    with Load(installation.proxy_port, "shop.localhost", slow=0) as load:
        for router in routers:
            failed = len(load.failures)
            os.kill(router, signal.SIGKILL)
            eventually(
                lambda dead=router: len(set(named(installation, "bootstrap")) - {dead}) == 2, "there are two again"
            )
            time.sleep(1.0)
            assert len(load.failures) - failed <= load.keep + load.think + load.fresh
    assert [failure for failure in load.failures if failure.refused] == []
    assert installation.says("shop") == "1"


def test_after_a_reboot_up_brings_back_what_should_serve(
    installation: Installation, repository: Repository
) -> None:
    """A reboot: nothing runs, and nothing of what was in memory is left."""
    installation.kill_server()
    installation.down("--all")
    assert not installation.places.runtime.exists()
    started = installation.shipway("up", "-d")
    assert started.code == 0, started.out
    assert str(installation.port) in started.out, "on the ports it had, though nobody names them"
    eventually(lambda: installation.get("shop")[0] == 200, "the shop is open again")
    assert installation.says("shop") == "1"


def test_down_all_leaves_no_process(installation: Installation, repository: Repository) -> None:
    installation.down("--all")
    assert named(installation, "") == []
