"""A keeper that keeps nothing ends with the start of a server that fails; one that keeps something goes on."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from shipway import daemon
from shipway.config.places import Places
from shipway.errors import KeeperGone, RouterFailed
from shipway.hosts.keeper.client import InstanceSpec, Keeper
from shipway.traffic.proxy import Proxy


@pytest.mark.parametrize("keeps", [False, True])
def test_a_start_whose_port_for_applications_is_taken(tmp_path: Path, keeps: bool) -> None:
    places = Places.of(tmp_path / "data")
    places.create()
    keeper = Keeper(places)
    try:
        if keeps:
            log = str(places.instance_log("shop", "prod", "one"))
            spec = InstanceSpec("one", ["/bin/sleep", "600"], {"PATH": os.defpath}, None, log, "always")
            keeper.start()
            keeper.ensure(spec, group="shop", epoch=1)
        with socket.create_server(("127.0.0.1", 0)) as other:
            router = daemon._started(keeper, Proxy(places, other.getsockname()[1]))
            with pytest.raises(RouterFailed, match="Another program"):
                router.result()
        if keeps:
            assert [one.id for one in keeper.instances()] == ["one"]
        else:
            with pytest.raises(KeeperGone):
                keeper.hello()
    finally:
        keeper.quit(stop_instances=True)
