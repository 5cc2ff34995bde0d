"""Whatever moves behind the router, a client that never tries again sees nothing of it."""

from __future__ import annotations

import random
import socket
import threading
import time

from support.load import Load

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: ws.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def load(town, host: str) -> Load:
    return Load(town.proxy.port, host, slow_for=0.3, names=lambda answer: answer.body.decode())


def serve(town, app: str, number: int, **options) -> list[int]:
    """One deployment: a new release beside the one that serves, then all traffic to it."""
    ports = town.release(app, "prod", number, **options)
    town.proxy.shift(app, "prod", {f"{app}.prod.r{number}": 100}, epoch=number)
    return ports


def test_when_the_old_release_is_stopped_at_once(town, until) -> None:
    old = serve(town, "hasty", 1)
    with load(town, "hasty.localhost") as clients:
        for number in range(2, 10):
            new = serve(town, "hasty", number)
            town.stop(*old)
            town.proxy.drop_cluster(f"hasty.prod.r{number - 1}")
            old = new
        until(lambda: clients.seen["hasty.prod.r9"] and clients.requests > 500)
    assert clients.failures == []


def test_when_the_old_release_is_killed_as_soon_as_it_is_drained(town) -> None:
    old = serve(town, "calm", 1)
    with load(town, "calm.localhost") as clients:
        for number in range(2, 5):
            new = serve(town, "calm", number)
            assert town.proxy.drained(f"calm.prod.r{number - 1}", 10)
            town.kill(*old)
            town.proxy.drop_cluster(f"calm.prod.r{number - 1}")
            old = new
    assert clients.failures == []


def test_when_traffic_goes_back_and_forth_between_warm_releases(town) -> None:
    town.release("warm", "prod", 1)
    serve(town, "warm", 2)
    with load(town, "warm.localhost") as clients:
        for epoch in range(3, 43):
            town.proxy.shift("warm", "prod", {f"warm.prod.r{1 + epoch % 2}": 100}, epoch=epoch)
            time.sleep(0.03)
    assert clients.failures == []
    assert clients.seen.keys() == {"warm.prod.r1", "warm.prod.r2"}


def test_when_instances_come_and_go(town) -> None:
    ports = serve(town, "crowd", 1, instances=3)
    with load(town, "crowd.localhost") as clients:
        for _ in range(15):
            town.proxy.endpoints("crowd.prod.r1", random.sample(ports, 2))
            time.sleep(0.05)
    assert clients.failures == []


def test_when_a_slow_answer_is_under_way_on_an_instance_that_goes(town, until) -> None:
    """It is finished, and counted as one that is under way until then."""
    ports = serve(town, "leave", 1, instances=2)
    said: list[str] = []
    asking = threading.Thread(target=lambda: said.append(town.get("leave.localhost", "/slow/0.8").said))
    asking.start()
    until(lambda: town.in_flight("leave.prod.r1") == 1)
    town.proxy.endpoints("leave.prod.r1", [town.open("leave.prod.r1")])
    assert town.in_flight("leave.prod.r1") == 1
    assert not town.proxy.drained("leave.prod.r1", 0.1)
    for port in ports:
        town.stop(port)
    asking.join()
    assert said == ["leave.prod.r1"]
    assert town.proxy.counters("leave.prod.r1")["upstream_rq_total"] == 1


def test_when_one_instance_of_two_is_dead(town) -> None:
    """Also in the first second, before its health checks have said so."""
    ports = serve(town, "twin", 1, instances=2)
    town.kill(ports[0])
    answers = [town.get("twin.localhost").status for _ in range(200)]
    assert answers == [200] * 200


def test_when_the_only_instance_dies_and_is_started_again(town, until) -> None:
    """Lost is only what it was holding: whoever asks meanwhile waits."""
    (port,) = serve(town, "lonely", 1)
    with load(town, "lonely.localhost") as clients:
        time.sleep(0.3)
        town.kill(port)
        dead = time.time()
        time.sleep(0.5)
        town.open("lonely.prod.r1", port=port, delay=0.5)
        until(lambda: max(sample.at for sample in clients.samples) > dead + 1)
    assert [failure for failure in clients.failures if failure.at > dead] == []


def test_when_a_slow_answer_is_under_way_at_the_shift(town, until) -> None:
    old = serve(town, "slow", 1)
    said: list[str] = []
    asking = threading.Thread(target=lambda: said.append(town.get("slow.localhost", "/slow/0.8").said))
    asking.start()
    until(lambda: town.in_flight("slow.prod.r1") == 1)
    serve(town, "slow", 2)
    assert not town.proxy.drained("slow.prod.r1", 0.1)
    town.stop(*old)
    asking.join()
    assert said == ["slow.prod.r1"]
    assert town.get("slow.localhost").said == "slow.prod.r2"


def test_when_a_websocket_is_open_at_the_shift(town) -> None:
    serve(town, "ws", 1)
    with socket.create_connection(("127.0.0.1", town.proxy.port), timeout=60) as connection:
        stream = connection.makefile("rwb")
        stream.write(UPGRADE)
        stream.flush()
        assert stream.readline() == b"HTTP/1.1 101 Switching Protocols\r\n"
        while stream.readline() != b"\r\n":
            pass
        serve(town, "ws", 2)
        stream.write(b"?")
        stream.flush()
        assert stream.readline() == b"ws.prod.r1\n"
        stream.close()
    assert town.get("ws.localhost").said == "ws.prod.r2"
