"""Keeper and routers end with the start of a server that fails, unless the keeper keeps an application."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import leftovers
from shipway import daemon
from shipway.config.places import Places
from shipway.errors import KeeperGone, RouterFailed
from shipway.hosts.keeper.client import InstanceSpec, Keeper
from shipway.traffic.proxy import Proxy
from support.ports import free_port

SLEEP = ["/bin/sleep", "600"]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places.of(tmp_path / "data")
    places.create()
    return places


@pytest.fixture
def keeper(places: Places) -> Iterator[Keeper]:
    keeper = Keeper(places)
    try:
        yield keeper
    finally:
        keeper.quit(stop_instances=True)


def keep(places: Places, keeper: Keeper, name: str, group: str) -> None:
    log = str(places.instance_log("shop", "prod", name))
    spec = InstanceSpec(name, SLEEP, {"PATH": os.defpath}, None, log, "always")
    keeper.start()
    keeper.ensure(spec, group=group, epoch=1)


def kept(keeper: Keeper) -> list[str]:
    """None at all also where there is no keeper any more."""
    try:
        keeper.hello()
    except KeeperGone:
        return ["no keeper"]
    return sorted(one.id for one in keeper.instances())


@pytest.mark.parametrize("serves", [False, True])
def test_a_start_whose_port_for_applications_is_taken(places: Places, keeper: Keeper, serves: bool) -> None:
    if serves:
        keep(places, keeper, "shop.prod.r1.web.1", "shop.prod")
    with socket.create_server(("127.0.0.1", 0)) as other:
        proxy = Proxy(places, other.getsockname()[1])
        with pytest.raises(RouterFailed, match="Another program"), daemon._started(keeper, proxy) as router:
            router.result()
    assert kept(keeper) == (["shop.prod.r1.web.1"] if serves else ["no keeper"])


@pytest.mark.parametrize("serves", [False, True])
def test_routers_stay_where_something_serves_behind_them(places: Places, keeper: Keeper, serves: bool) -> None:
    names = ["router-1", "router-2", *(["shop.prod.r1.web.1"] if serves else [])]
    for name in names:
        keep(places, keeper, name, "router" if name.startswith("router") else "shop.prod")
    assert Proxy(places, 1).end_idle(keeper) != serves
    assert kept(keeper) == (sorted(names) if serves else [])


def test_a_start_that_gives_up_with_its_routers_up(places: Places, keeper: Keeper) -> None:
    """Really, by `shipway up`: the record cannot be read, which is said in a sentence."""
    places.database.write_text("not a record\n" * 1000)
    words = ["up", "--data", str(places.data), "--port", str(free_port()), "--proxy-port", str(free_port())]
    command = [sys.executable, "-c", "from shipway.cli import main; main()", *words]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 2, said.stderr
    assert said.stderr.startswith("machine.cannot_read"), said.stderr
    assert "Traceback" not in said.stderr
    assert (places.proxy / "router-1.log").exists(), "it was started"
    assert kept(keeper) == ["no keeper"]
    assert leftovers.left([places.data]) == {}
