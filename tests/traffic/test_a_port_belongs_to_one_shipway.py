"""Routers share their port with each other, and the kernel would let others in as well: they are told."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from shipway.errors import RouterFailed
from shipway.traffic.proxy import Proxy


def test_a_port_that_another_program_has_is_refused(second_town) -> None:
    with (
        socket.create_server(("127.0.0.1", second_town.proxy.port)),
        pytest.raises(RouterFailed, match=f"listens on port {second_town.proxy.port}"),
    ):
        second_town.proxy.start(second_town.keeper)
    assert second_town.keeper.instances("router") == []
    second_town.proxy.start(second_town.keeper)
    assert second_town.get("app.localhost").status == 404


def test_a_port_that_another_shipway_has_is_refused(town, second_town) -> None:
    town.release("app", "prod", 1)
    town.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=1)
    with pytest.raises(RouterFailed, match="another Shipway"):
        Proxy(second_town.places, town.proxy.port).start(second_town.keeper)
    assert {town.get("app.localhost").said for _ in range(40)} == {"app.prod.r1"}


def test_of_two_that_begin_together_one_gets_it(second_town, third_town) -> None:
    port = second_town.proxy.port

    def begin(town) -> bool:
        try:
            Proxy(town.places, port).start(town.keeper)
            return True
        except RouterFailed:
            return False

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(begin, (second_town, third_town))) == [False, True]


def test_a_change_of_port_takes_the_routers_along(second_town, free_port) -> None:
    second_town.proxy.start(second_town.keeper)
    left = second_town.proxy.port
    second_town.proxy = Proxy(second_town.places, free_port)
    second_town.proxy.start(second_town.keeper)
    assert second_town.get("app.localhost").status == 404
    with socket.create_server(("127.0.0.1", left)):
        assert len(second_town.router_pids()) == 2
